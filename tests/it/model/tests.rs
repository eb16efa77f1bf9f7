//! The model by itself.

#![cfg(test)]

use std::time::{Duration, UNIX_EPOCH};

use super::site::{Content, Site};
use super::{State, answer, date};
use crate::conformance::{site_with_variants, table};
use crate::harness::none;

/// Beyond it, only some prefixes of a payload are looked at.
const EVERY_PREFIX_BYTES: usize = 300;

/// What has come earlier is answered earlier, and later bytes change nothing of it.
#[test]
fn a_prefix_leads_to_a_prefix_of_the_replies() {
    let site = site_with_variants();
    let mut faults = Vec::new();
    for case in table::cases(&site) {
        let whole = answer(&site, &case.payload);
        let step = 1 + case.payload.len() / EVERY_PREFIX_BYTES;
        for end in (0..case.payload.len()).step_by(step) {
            let part = answer(&site, &case.payload[..end]);
            let is_prefix = whole.replies.starts_with(&part.replies);
            let is_final = part.state != State::Closed || part.replies.len() == whole.replies.len();
            if !is_prefix || !is_final {
                faults.push(format!("{} up to {end}: {:?}, then {:?}", case.name, part.statuses(), whole.statuses()));
            }
        }
    }
    none(&faults);
}

/// The reply of docs/http.md, whole.
#[test]
fn a_reply_is_as_it_is_written() {
    let outcome = answer(&Site::common(), b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let expected = "HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
                    Connection: keep-alive\r\nContent-Length: 53\r\nContent-Type: text/html; charset=utf-8\r\n\
                    Content-Language: en\r\nCache-Control: no-cache\r\n\
                    X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nETag: ETAG\r\n\r\n\
                    <!doctype html>\n<title>Conformance</title>\n<p>Hello!\n";
    let etag = Site::common().route("/").representation.identity.etag.clone();
    let is = String::from_utf8(outcome.stream().dated(&date(UNIX_EPOCH))).unwrap();
    assert_eq!(is, expected.replace("ETAG", &etag));
    assert_eq!(outcome.state, State::Between);
}

/// The first 96 bits of the SHA-256 of nothing, e3b0c44298fc1c149afbf4c8.
#[test]
fn an_etag_is_96_bits() {
    assert_eq!(Content::new(Vec::new(), None).etag, "\"47DEQpj8HBSa-_TI\"");
}

#[test]
fn dates() {
    for (seconds, text) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (1_795_267_097, "Sat, 21 Nov 2026 13:18:17 GMT"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    ] {
        assert_eq!(date(UNIX_EPOCH + Duration::from_secs(seconds)), text);
    }
}
