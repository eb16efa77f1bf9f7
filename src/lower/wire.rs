//! Replies of the epoll engine as they lie in the executable, field by field in the order of docs/http.md. A reply to
//! HEAD, a 206 and a 304 are made of the same bytes: what they leave out or change is at known places.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::http::reason;
use crate::date::imf_fixdate;
use crate::spec::{Coding, Reply, Variant, keeps_query_alone, location_before_request};

/// What a reply says that closes its connection, directly after the status line.
pub(super) const CLOSE: &str = "Connection: close\r\n";

/// What a reply says to a client of HTTP/1.0 that asked for it, at the same place.
pub(super) const KEEP_ALIVE: &str = "Connection: keep-alive\r\n";

/// What follows every status line, with a date where none has been written yet: there is one for all replies.
pub(super) const DATE: &str = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";

/// Its length; where in it the date begins, and how long that is (RFC 9110 §5.6.7), in bytes.
pub(super) const DATE_LINE_BYTES: usize = DATE.len();
pub(super) const DATE_AT: usize = "Date: ".len();
pub(super) const DATE_BYTES: usize = DATE_LINE_BYTES - DATE_AT - "\r\n".len();

/// What the line with the date of a representation begins with.
pub(super) const LAST_MODIFIED: &str = "Last-Modified: ";
/// And its bytes.
pub(super) const LAST_MODIFIED_BYTES: usize = LAST_MODIFIED.len() + DATE_BYTES + "\r\n".len();

/// Length of an entity tag with its quotes, in bytes.
pub(super) const ETAG_BYTES: usize = 18;

/// From the entity tag's first quote to the end of the head: it is in the last field.
pub(super) const ETAG_TO_END_BYTES: usize = ETAG_BYTES + "\r\n\r\n".len();

/// Bytes of a digest that an entity tag tells: 96 bits are four characters for each three of them, and no padding.
const ETAG_DIGEST_BYTES: usize = 12;

/// Content type of the errors.
const PLAIN_TEXT: &str = "text/plain";

/// A reply, and where its parts begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    /// The status line, and what is between it and the date.
    pub(super) status_line: Vec<u8>,
    /// What is in front of the request's path, on a line of its own before the fields, where a location has that.
    pub(super) before_path: Vec<u8>,
    /// Only the query of the request follows that, not its path.
    pub(super) keeps_query_alone: bool,
    /// The fields but for those, and the empty line.
    pub(super) fields: Vec<u8>,
    pub(super) content: Vec<u8>,
    /// After `Content-Length`: what a 206 says too from here on.
    pub(super) type_offset: usize,
    /// After what describes the content: what a 304 says too from here on.
    pub(super) shared_offset: usize,
    /// The entity tag with its quotes.
    pub(super) etag: Option<[u8; ETAG_BYTES]>,
}

/// The parts of a head after the date, each with its line ends.
#[derive(Default)]
struct Fields {
    connection: String,
    length: String,
    description: String,
    shared: String,
    etag: Option<[u8; ETAG_BYTES]>,
}

impl Fields {
    fn store(self, status: u16, content: &[u8]) -> Stored {
        let mut fields = self.connection + &self.length;
        let type_offset = fields.len();
        fields += &self.description;
        let shared_offset = fields.len();
        fields += &self.shared;
        if let Some(etag) = &self.etag {
            let _ = write!(fields, "ETag: {}\r\n", String::from_utf8_lossy(etag));
        }
        fields += "\r\n";
        Stored {
            status_line: status_line(status).into(),
            before_path: Vec::new(),
            keeps_query_alone: false,
            fields: fields.into(),
            content: content.into(),
            type_offset,
            shared_offset,
            etag: self.etag,
        }
    }
}

/// What every status line begins with.
pub(super) const VERSION: &str = "HTTP/1.1 ";

/// A status line without the version, with its line end.
pub(super) fn status(status: u16) -> String {
    format!("{status} {}\r\n", reason(status))
}

pub(super) fn status_line(status: u16) -> String {
    VERSION.to_owned() + &self::status(status)
}

/// How a representation begins: what all of them say comes before the date, where it is there once for all.
pub(super) fn ok_line() -> String {
    status_line(200) + "Accept-Ranges: bytes\r\n"
}

/// A reply with status 200, whole or in one of its variants.
pub(super) fn representation(reply: &Reply, variant: Option<&Variant>) -> Stored {
    let content = variant.map_or(&*reply.body, |variant| &variant.body);
    let coding = variant.map(|variant| variant.coding);
    let encoding = coding.map(|coding| format!("Content-Encoding: {}\r\n", coding.name())).unwrap_or_default();
    let vary = if reply.variants.is_empty() { "" } else { "Vary: Accept-Encoding\r\n" };
    let fields = Fields {
        length: length(content),
        description: content_type(&reply.content_type) + &encoding + &own(reply, true) + &last_modified(reply),
        shared: format!("{}{}{vary}", cache(reply), own(reply, false)),
        etag: Some(etag(content, coding)),
        ..Fields::default()
    };
    Stored { status_line: ok_line().into(), ..fields.store(reply.status, content) }
}

/// A reply with another status: neither ranges nor conditions concern it.
pub(super) fn plain(reply: &Reply) -> Stored {
    let fields = Fields {
        length: length(&reply.body),
        description: content_type(&reply.content_type) + &own(reply, true),
        shared: cache(reply) + &location(reply) + &own(reply, false),
        ..Fields::default()
    };
    let before_path = reply.location.as_deref().and_then(location_before_request);
    let before_path = before_path.map(|before| format!("Location: {before}")).unwrap_or_default().into();
    let keeps_query_alone = reply.location.as_deref().is_some_and(keeps_query_alone);
    Stored { before_path, keeps_query_alone, ..fields.store(reply.status, &reply.body) }
}

/// Where the reason begins in a status line without the version.
pub(super) const REASON_AT: usize = "400 ".len();
/// Bytes of such a line beside the reason.
pub(super) const AROUND_REASON: usize = REASON_AT + "\r\n".len();

/// Formats of composed fields. In a 206 numbers stand for first, last, length of the representation, and count; in a
/// refusal 1 stands for the length of its content.
pub(super) const CONTENT_RANGE: &str = "Content-Range: bytes \x01-\x02/\x03\r\nContent-Length: \x04\r\n";
pub(super) const LENGTH: &str = "Content-Length: \x01\r\n";
pub(super) const LENGTH_AND_ALLOW: &str = "Content-Length: \x01\r\nAllow: GET, HEAD, OPTIONS\r\n";
pub(super) const UNSATISFIED_RANGE: &str = "Content-Range: bytes */\x03\r\nContent-Length: \x01\r\n";

/// What comes after the date of a 408, the reply to an incomplete request at its timeout: [`CLOSE`], and the rest of
/// it.
pub(super) struct Late {
    pub(super) bytes: Vec<u8>,
    /// The fields from here on are those that all refusals have in common: so many bytes, with the empty line. The
    /// content of a refusal is the reason in its status line.
    pub(super) refusal_at: usize,
    pub(super) refusal_bytes: usize,
}

impl Late {
    pub(super) fn new() -> Self {
        let content = reason(408).as_bytes();
        let fields = Fields {
            connection: CLOSE.into(),
            length: length(content),
            description: content_type(PLAIN_TEXT),
            ..Fields::default()
        };
        let Stored { fields, type_offset: refusal_at, .. } = fields.store(408, content);
        let refusal_bytes = fields.len() - refusal_at;
        Self { bytes: [&fields, content].concat(), refusal_at, refusal_bytes }
    }
}

fn length(content: &[u8]) -> String {
    format!("Content-Length: {}\r\n", content.len())
}

fn content_type(value: &str) -> String {
    format!("Content-Type: {value}\r\n")
}

fn cache(reply: &Reply) -> String {
    reply.cache.as_ref().map(|value| format!("Cache-Control: {value}\r\n")).unwrap_or_default()
}

/// The last line before those of a 304: that SHOULD NOT have it beside an `ETag` (RFC 9110 §15.4.5).
fn last_modified(reply: &Reply) -> String {
    let line = |epoch_s| format!("{LAST_MODIFIED}{}\r\n", imf_fixdate(epoch_s));
    reply.modified.map(line).unwrap_or_default()
}

fn location(reply: &Reply) -> String {
    let whole = reply.location.as_ref().filter(|value| location_before_request(value).is_none());
    whole.map(|value| format!("Location: {value}\r\n")).unwrap_or_default()
}

/// Those of the fields that the spec adds that describe the content, which a 304 leaves out, or the others.
fn own(reply: &Reply, is_descriptive: bool) -> String {
    let is_one = |(name, _): &&(String, String)| crate::spec::is_descriptive(name) == is_descriptive;
    let lines = reply.fields.iter().filter(is_one).map(|(name, value)| format!("{name}: {value}\r\n"));
    lines.collect::<Vec<_>>().concat()
}

/// The entity tag of a content in a coding: 96 bits of the SHA-256 of both in base64url (RFC 4648 §5), in quotes.
fn etag(content: &[u8], coding: Option<Coding>) -> [u8; ETAG_BYTES] {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digest = Sha256::new().chain_update(content).chain_update(coding.map_or("", Coding::name)).finalize();
    let mut etag = [b'"'; ETAG_BYTES];
    for (three, four) in digest[..ETAG_DIGEST_BYTES].chunks(3).zip(etag[1..].chunks_mut(4)) {
        let bits = three.iter().fold(0, |bits: u32, &byte| bits << 8 | u32::from(byte));
        for (place, digit) in four.iter_mut().enumerate() {
            *digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
        }
    }
    etag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(stored: &Stored) -> String {
        String::from_utf8([&stored.status_line[..], DATE.as_bytes(), &stored.fields, &stored.content].concat()).unwrap()
    }

    fn page() -> Reply {
        Reply { cache: Some("no-cache".into()), ..Reply::new(200, "text/html", "<p>Hello, world!") }
    }

    /// The places that the engine computes.
    fn check_places(stored: &Stored) {
        let fields = std::str::from_utf8(&stored.fields).unwrap();
        assert!(stored.status_line.ends_with(b"\r\n") && fields.ends_with("\r\n"));
        if let Some(etag) = stored.etag {
            assert_eq!(stored.fields[stored.fields.len() - ETAG_TO_END_BYTES..][..ETAG_BYTES], etag);
        }
        assert_eq!(stored.etag.is_some(), fields.contains("\r\nETag: "));
    }

    #[test]
    fn a_representation_is_as_the_contract_has_it() {
        let stored = representation(&page(), None);
        check_places(&stored);
        assert_eq!(
            text(&stored),
            "HTTP/1.1 200 OK\r\n\
             Accept-Ranges: bytes\r\n\
             Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
             Content-Length: 16\r\n\
             Content-Type: text/html\r\n\
             Cache-Control: no-cache\r\n\
             ETag: \"uy0URHYAlgV_pFfz\"\r\n\
             \r\n\
             <p>Hello, world!"
        );
        assert!(stored.fields[stored.type_offset..].starts_with(b"Content-Type: "));
        assert!(stored.fields[stored.shared_offset..].starts_with(b"Cache-Control: "));
        assert_eq!(stored.content, b"<p>Hello, world!");
    }

    #[test]
    fn own_fields_are_with_what_they_are_about() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = vec![field("X-A", "1"), field("content-language", "en"), field("X-B", "2")];
        let reply = Reply { fields, ..page() };
        let stored = representation(&reply, None);
        check_places(&stored);
        let from = |at: usize| std::str::from_utf8(&stored.fields[at..]).unwrap();
        assert!(from(stored.shared_offset).starts_with("Cache-Control: no-cache\r\nX-A: 1\r\nX-B: 2\r\nETag: "));
        assert!(
            from(stored.type_offset).starts_with("Content-Type: text/html\r\ncontent-language: en\r\nCache-Control: ")
        );
        assert!(text(&plain(&Reply { status: 404, ..reply })).contains("\r\nX-A: 1\r\nX-B: 2\r\n\r\n"));
    }

    #[test]
    fn variants_are_named_and_have_tags_of_their_own() {
        let variant = |coding| Variant { coding, body: b"packed".to_vec() };
        let reply = Reply { variants: Coding::ALL.map(variant).to_vec(), cache: None, ..page() };
        let all = reply.variants.iter().map(Some).chain([None]).map(|variant| representation(&reply, variant));
        let all: Vec<Stored> = all.collect();
        for (at, stored) in all.iter().enumerate() {
            check_places(stored);
            assert!(stored.fields[stored.shared_offset..].starts_with(b"Vary: Accept-Encoding\r\nETag: "));
            assert!(all[..at].iter().all(|other| other.etag != stored.etag));
        }
        assert!(text(&all[1]).contains("\r\nContent-Type: text/html\r\nContent-Encoding: zstd\r\nVary: "));
        assert!(all[1].status_line == ok_line().as_bytes() && all[1].fields.starts_with(b"Content-Length: 6\r\n"));
        assert!(!text(&all[3]).contains("Content-Encoding"));
    }

    #[test]
    fn the_date_of_a_representation_stands_before_what_a_304_has() {
        let stored = representation(&Reply { modified: Some(784_111_777), ..page() }, None);
        check_places(&stored);
        let fields = std::str::from_utf8(&stored.fields).unwrap();
        let line = "\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
        assert!(fields[..stored.shared_offset].ends_with(line));
        assert_eq!(line.len(), "\r\n".len() + LAST_MODIFIED_BYTES);
        assert!(fields[stored.shared_offset..].starts_with("Cache-Control: "));
    }

    #[test]
    fn a_plain_reply_has_no_validator() {
        let stored = plain(&Reply { status: 404, ..page() });
        check_places(&stored);
        assert_eq!(
            text(&stored),
            "HTTP/1.1 404 Not Found\r\n\
             Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
             Content-Length: 16\r\n\
             Content-Type: text/html\r\n\
             Cache-Control: no-cache\r\n\
             \r\n\
             <p>Hello, world!"
        );
    }

    #[test]
    fn refusals_have_a_reason_and_the_rest_in_common() {
        let Late { bytes, refusal_at, refusal_bytes } = Late::new();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, "Connection: close\r\nContent-Length: 15\r\nContent-Type: text/plain\r\n\r\nRequest Timeout");
        assert!(text.starts_with(CLOSE));
        assert_eq!(text[refusal_at..][..refusal_bytes], *"Content-Type: text/plain\r\n\r\n");
        assert_eq!(status(405)[REASON_AT..], *"Method Not Allowed\r\n");
        assert!(LENGTH_AND_ALLOW[LENGTH.len()..].starts_with("Allow: "), "a 204 says so alone");
        assert!(UNSATISFIED_RANGE.ends_with(LENGTH), "others say that alone");
    }

    #[test]
    fn the_date_stands_behind_the_status_line() {
        assert_eq!(&DATE[DATE_AT..][..DATE_BYTES], "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(DATE.len(), DATE_LINE_BYTES);
    }

    #[test]
    fn the_tag_of_nothing() {
        // The SHA-256 of no bytes begins with e3b0c44298fc1c149afbf4c8.
        assert_eq!(&etag(b"", None), b"\"47DEQpj8HBSa-_TI\"");
    }
}
