//! Replies of the epoll engine as they lie in the executable, field by field in the order of docs/http.md: what a reply
//! to HEAD, a 206 and a 304 leave out or change stands at known places, so that they are made of the same bytes.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::http::reason;
use crate::spec::{Coding, Reply, Variant};

/// What a reply says that closes its connection, directly behind the status line.
pub(super) const CLOSE: &str = "Connection: close\r\n";

/// What a reply says to a client of HTTP/1.0 that asked for it, at the same place.
pub(super) const KEEP_ALIVE: &str = "Connection: keep-alive\r\n";

/// Stands where the date will.
const DATE: &str = "Thu, 01 Jan 1970 00:00:00 GMT";

/// Length of a date (RFC 9110 §5.6.7), in bytes.
pub(super) const DATE_BYTES: usize = 29;

/// From the date to the end of the head: it is the last field.
pub(super) const DATE_TO_END_BYTES: usize = DATE_BYTES + "\r\n\r\n".len();

/// Length of an entity tag with its quotes, in bytes.
pub(super) const ETAG_BYTES: usize = 18;

/// From the entity tag's first quote to the end of the head: it stands in the line before the date.
pub(super) const ETAG_TO_END_BYTES: usize = ETAG_BYTES + "\r\nDate: ".len() + DATE_TO_END_BYTES;

/// Bytes of a digest that an entity tag tells: 96 bits are four characters for each three of them, and no padding.
const ETAG_DIGEST_BYTES: usize = 12;

/// Content type of the errors.
const PLAIN_TEXT: &str = "text/plain";

/// A reply in full, and where its parts begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    /// Head and content.
    pub(super) bytes: Vec<u8>,
    /// Length of the status line with its line end: where a `Connection` or `Content-Range` goes in.
    pub(super) line_bytes: usize,
    /// Behind `Content-Length`, and the same as `line_bytes` where there is none: what a 206 says too from here on.
    pub(super) type_offset: usize,
    /// Behind what describes the content: what a 304 says too from here on.
    pub(super) shared_offset: usize,
    /// Length of the head with its empty line.
    pub(super) head_bytes: usize,
    /// The entity tag with its quotes.
    pub(super) etag: Option<[u8; ETAG_BYTES]>,
}

impl Stored {
    /// Where the date's characters are.
    #[cfg(test)]
    pub(super) fn date_offset(&self) -> usize {
        self.head_bytes - DATE_TO_END_BYTES
    }

    /// The content.
    #[cfg(test)]
    pub(super) fn content(&self) -> &[u8] {
        &self.bytes[self.head_bytes..]
    }
}

/// The parts of a head between the status line and the date, each with its line ends.
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
        let mut head = status_line(status);
        let line_bytes = head.len();
        head += &self.connection;
        head += &self.length;
        let type_offset = head.len();
        head += &self.description;
        let shared_offset = head.len();
        head += &self.shared;
        if let Some(etag) = &self.etag {
            let _ = write!(head, "ETag: {}\r\n", String::from_utf8_lossy(etag));
        }
        let _ = write!(head, "Date: {DATE}\r\n\r\n");
        let head_bytes = head.len();
        let bytes = [head.as_bytes(), content].concat();
        Stored { bytes, line_bytes, type_offset, shared_offset, head_bytes, etag: self.etag }
    }
}

/// A status line with its line end.
pub(super) fn status_line(status: u16) -> String {
    format!("HTTP/1.1 {status} {}\r\n", reason(status))
}

/// A reply with status 200, whole or in one of its variants.
pub(super) fn representation(reply: &Reply, variant: Option<&Variant>) -> Stored {
    let content = variant.map_or(&reply.body, |variant| &variant.body);
    let coding = variant.map(|variant| variant.coding);
    let encoding = coding.map(|coding| format!("Content-Encoding: {}\r\n", coding.name())).unwrap_or_default();
    let vary = if reply.variants.is_empty() { "" } else { "Vary: Accept-Encoding\r\n" };
    let fields = Fields {
        length: length(content),
        description: format!("Accept-Ranges: bytes\r\n{}{encoding}", content_type(&reply.content_type)),
        shared: format!("{}{vary}", cache(reply)),
        etag: Some(etag(content, coding)),
        ..Fields::default()
    };
    fields.store(reply.status, content)
}

/// A reply with another status: neither ranges nor conditions concern it.
pub(super) fn plain(reply: &Reply) -> Stored {
    let fields = Fields {
        length: length(&reply.body),
        description: content_type(&reply.content_type),
        shared: cache(reply),
        ..Fields::default()
    };
    fields.store(reply.status, &reply.body)
}

/// Where the reason begins in a status line.
pub(super) const REASON_AT: usize = "HTTP/1.1 400 ".len();

/// Formats of the composed fields of refusals: 1 stands for the length of the content, 3 for that of the representation.
pub(super) const LENGTH: &str = "Content-Length: \x01\r\n";
pub(super) const LENGTH_AND_ALLOW: &str = "Content-Length: \x01\r\nAllow: GET, HEAD, OPTIONS\r\n";
pub(super) const UNSATISFIED_RANGE: &str = "Content-Range: bytes */\x03\r\nContent-Length: \x01\r\n";

/// Length of the first of the fields that all refusals have in common: what one without content leaves out.
pub(super) const REFUSAL_TYPE_BYTES: usize = "Content-Type: text/plain\r\n".len();

/// The fields that all refusals have in common, with the end of the head. The content is the reason with a line end:
/// that of the status line.
pub(super) fn refusal_fields() -> Vec<u8> {
    format!("Content-Type: text/plain\r\nDate: {DATE}\r\n\r\n").into_bytes()
}

/// Where a head ends.
pub(super) fn head_bytes(reply: &[u8]) -> usize {
    let end = reply.windows(4).position(|four| four == b"\r\n\r\n");
    end.expect("every head ends in an empty line") + 4
}

/// The reply to half a request whose time is up.
pub(super) fn late() -> Stored {
    let content = format!("{}\r\n", reason(408));
    let fields = Fields {
        connection: CLOSE.into(),
        length: length(content.as_bytes()),
        description: content_type(PLAIN_TEXT),
        ..Fields::default()
    };
    fields.store(408, content.as_bytes())
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

    fn text(stored: &Stored) -> &str {
        std::str::from_utf8(&stored.bytes).unwrap()
    }

    fn page() -> Reply {
        Reply { cache: Some("no-cache".into()), ..Reply::new(200, "text/html", "<p>Hello, world!") }
    }

    /// The places that the engine computes from `head_bytes` alone.
    fn check_places(stored: &Stored) {
        assert_eq!(&text(stored)[stored.date_offset()..][..DATE_BYTES], DATE);
        assert!(text(stored)[..stored.date_offset()].ends_with("\r\nDate: "));
        assert!(text(stored)[..stored.line_bytes].ends_with("\r\n"));
        assert_eq!(text(stored).find("\r\n\r\n").unwrap() + 4, stored.head_bytes);
        if let Some(etag) = stored.etag {
            assert_eq!(stored.bytes[stored.head_bytes - ETAG_TO_END_BYTES..][..ETAG_BYTES], etag);
        }
        assert_eq!(stored.etag.is_some(), text(stored).contains("\r\nETag: "));
    }

    #[test]
    fn a_representation_is_as_the_contract_has_it() {
        let stored = representation(&page(), None);
        check_places(&stored);
        assert_eq!(
            text(&stored),
            "HTTP/1.1 200 OK\r\n\
             Content-Length: 16\r\n\
             Accept-Ranges: bytes\r\n\
             Content-Type: text/html\r\n\
             Cache-Control: no-cache\r\n\
             ETag: \"uy0URHYAlgV_pFfz\"\r\n\
             Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
             \r\n\
             <p>Hello, world!"
        );
        assert!(text(&stored)[stored.type_offset..].starts_with("Accept-Ranges: "));
        assert!(text(&stored)[stored.shared_offset..].starts_with("Cache-Control: "));
        assert_eq!(stored.content(), b"<p>Hello, world!");
    }

    #[test]
    fn variants_are_named_and_have_tags_of_their_own() {
        let variant = |coding| Variant { coding, body: b"packed".to_vec() };
        let reply = Reply { variants: Coding::ALL.map(variant).to_vec(), cache: None, ..page() };
        let all = reply.variants.iter().map(Some).chain([None]).map(|variant| representation(&reply, variant));
        let all: Vec<Stored> = all.collect();
        for (at, stored) in all.iter().enumerate() {
            check_places(stored);
            assert!(text(stored)[stored.shared_offset..].starts_with("Vary: Accept-Encoding\r\nETag: "));
            assert!(all[..at].iter().all(|other| other.etag != stored.etag));
        }
        assert!(text(&all[1]).contains("\r\nContent-Type: text/html\r\nContent-Encoding: zstd\r\nVary: "));
        assert!(text(&all[1]).starts_with("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n"));
        assert!(!text(&all[3]).contains("Content-Encoding"));
    }

    #[test]
    fn a_plain_reply_has_no_validator() {
        let stored = plain(&Reply { status: 404, ..page() });
        check_places(&stored);
        assert_eq!(
            text(&stored),
            "HTTP/1.1 404 Not Found\r\n\
             Content-Length: 16\r\n\
             Content-Type: text/html\r\n\
             Cache-Control: no-cache\r\n\
             Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
             \r\n\
             <p>Hello, world!"
        );
    }

    #[test]
    fn refusals_have_a_reason_and_the_rest_in_common() {
        let fields = String::from_utf8(refusal_fields()).unwrap();
        assert_eq!(head_bytes(fields.as_bytes()), fields.len());
        assert!(fields[REFUSAL_TYPE_BYTES..].starts_with("Date: "));
        assert_eq!(fields.len() - DATE_TO_END_BYTES + DATE_BYTES, fields.len() - "\r\n\r\n".len());
        assert_eq!(status_line(405)[REASON_AT..], *"Method Not Allowed\r\n");
        assert!(LENGTH_AND_ALLOW[LENGTH.len()..].starts_with("Allow: "), "a 204 says so alone");
    }

    #[test]
    fn who_is_late_is_told_in_one_piece() {
        let stored = late();
        check_places(&stored);
        assert_eq!(
            text(&stored),
            "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 17\r\nContent-Type: text/plain\r\n\
             Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\nRequest Timeout\r\n"
        );
    }

    #[test]
    fn the_tag_of_nothing() {
        // The SHA-256 of no bytes begins with e3b0c44298fc1c149afbf4c8.
        assert_eq!(&etag(b"", None), b"\"47DEQpj8HBSa-_TI\"");
    }
}
