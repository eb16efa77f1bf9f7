//! Replies of the blocking engine as they go over the wire (RFC 9112 §4, §5); reason phrases for both engines.

use crate::spec::Reply;

/// A reply's bytes: head, then content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wire {
    /// Head and content.
    pub(super) bytes: Vec<u8>,
    /// Length of the head with its empty line, in bytes.
    pub(super) head_len: usize,
}

/// Reason phrases (RFC 9110 §15).
#[rustfmt::skip] // One status per line.
const REASONS: &[(u16, &str)] = &[
    (200, "OK"),                    (201, "Created"),               (202, "Accepted"),
    (203, "Non-Authoritative Information"),                         (204, "No Content"),
    (206, "Partial Content"),       (304, "Not Modified"),
    (300, "Multiple Choices"),      (301, "Moved Permanently"),     (302, "Found"),
    (303, "See Other"),             (307, "Temporary Redirect"),    (308, "Permanent Redirect"),
    (400, "Bad Request"),           (401, "Unauthorized"),          (402, "Payment Required"),
    (403, "Forbidden"),             (404, "Not Found"),             (405, "Method Not Allowed"),
    (406, "Not Acceptable"),        (408, "Request Timeout"),       (409, "Conflict"),
    (410, "Gone"),                  (411, "Length Required"),       (412, "Precondition Failed"),
    (413, "Content Too Large"),     (414, "URI Too Long"),          (415, "Unsupported Media Type"),
    (416, "Range Not Satisfiable"), (417, "Expectation Failed"),    (421, "Misdirected Request"),
    (422, "Unprocessable Content"), (426, "Upgrade Required"),      (429, "Too Many Requests"),
    (431, "Request Header Fields Too Large"),                       (451, "Unavailable For Legal Reasons"),
    (500, "Internal Server Error"), (501, "Not Implemented"),       (502, "Bad Gateway"),
    (503, "Service Unavailable"),   (504, "Gateway Timeout"),       (505, "HTTP Version Not Supported"),
];

/// The reason phrase of a status; empty for one without a name, as RFC 9112 §4 allows.
pub(super) fn reason(status: u16) -> &'static str {
    REASONS.iter().find(|(known, _)| *known == status).map_or("", |(_, reason)| reason)
}

/// Between the status line and the content type.
pub(super) const MIDDLE: &str = "\r\nConnection: close\r\nContent-Type: ";
/// Between the content type and the content's length.
pub(super) const LENGTH: &str = "\r\nContent-Length: ";

/// The head of a reply on a connection that is closed after it.
fn closing_head(reply: &Reply) -> String {
    let Reply { status, body, .. } = reply;
    let (reason, described) = (reason(*status), described(reply));
    format!("HTTP/1.1 {status} {reason}{MIDDLE}{described}{LENGTH}{}\r\n\r\n", body.len())
}

/// Between [`MIDDLE`] and [`LENGTH`]: the content type, and the fields that the spec adds.
pub(super) fn described(reply: &Reply) -> String {
    let field = |(name, value): &(String, String)| format!("\r\n{name}: {value}");
    reply.content_type.clone() + &reply.fields.iter().map(field).collect::<String>()
}

/// The length of a reply with its head, in bytes.
pub(super) fn closing_len(reply: &Reply) -> usize {
    closing_head(reply).len() + reply.body.len()
}

/// The reply on a connection that is closed after it.
pub(super) fn closing(reply: &Reply) -> Wire {
    let head = closing_head(reply);
    Wire { head_len: head.len(), bytes: [head.as_bytes(), &reply.body].concat() }
}
