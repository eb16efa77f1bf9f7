//! Inputs: requests of the suite and requests made up of parts, changed in the ways that parsers trip over.

use crate::conformance::table;
use crate::harness::random::Random;
use crate::model::site::{Route, Site};

/// Longer inputs only take time.
const PAYLOAD_MAX: usize = 24_000;

const METHODS: &[&str] =
    &["GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE", "CONNECT", "GETT", "get", "G", "", "HEAD "];
#[rustfmt::skip] // By kind.
const TARGETS: &[&str] = &[
    "/", "/index.html", "/empty", "/teapot", "/text", "/a/b", "/a/", "/with%20space", "/caf%C3%A9", "/nothing",
    "/a/./b", "/a/../a/b", "/%61/%62", "/a%2fb", "/..", "/.", "//", "/?q", "/a/b?%zz", "/%", "/%4", "/%00", "/%2e%2e/",
    "*", "http://h/", "HTTP://h:80/a/b", "http://h", "http://", "https://[::1]/text?", "http://h?/", "h", "http:/h",
    "", "/a b", "/\"", "/\\", "/%25",
    "h:443", "[::1]:443", "h:", ":1", "http://[1:2:3:4:5:6:7:8]:8/", "http://[v1.a:b]/", "http://%41/", "http://%4/",
    "http://[::1.2.3.256]/", "http://[1:2:3:4:5:6:7::]?q",
];
const VERSIONS: &[&str] = &["1.1", "1.1", "1.1", "1.1", "1.0", "1.2", "2.0", "0.9", "1.", "1", "11", "1.1 ", "x"];
#[rustfmt::skip] // By field.
const FIELDS: &[&str] = &[
    "Host: h", "Host: h:80", "Host:", "Host: [::1]:8", "Host: a b", "host: x", "Host: @", "Host: %4f%aF:1", "Host: %",
    "Host: [1:2:3:4:5:6:7:8]", "Host: [a::0:1.2.3.4]", "Host: [1::2:3:4:5:6:7]:80", "Host: [v1f.~:a]",
    "Host: [::ffff:255.0.10.99]",
    "Connection: close", "Connection: keep-alive", "connection: x, Close", "Connection: closed", "CONNECTION:,close ,",
    "Content-Length: 0", "Content-Length: 5", "Content-Length: 99999999999999999999", "Content-Length: -1",
    "content-length: 00",
    "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "transfer-encoding: CHUNKED",
    "Transfer-Encoding: gzip", "Transfer-Encoding: a;b=c , chunked", "Transfer-Encoding: ,",
    "transfer-encoding: chunked,x",
    "If-None-Match: *", "If-None-Match: \"x\"", "If-None-Match: @ETAG@", "If-None-Match: W/@ETAG@, \"a\"",
    "If-None-Match: *, @ETAG@", "If-Match: \"x\", @ETAG@",
    "If-Match: *", "If-Match: \"x\"", "If-Match: @ETAG@", "If-Match: W/@ETAG@", "If-Range: @ETAG@", "If-Range: \"x\"",
    "If-Range:", "If-Range: Sat, 31 Jan 2026 12:00:00 GMT", "If-Range: Sat, 31 Jan 2026 12:00:01 GMT",
    "If-Modified-Since: Sat, 31 Jan 2026 12:00:00 GMT", "If-Modified-Since: Sat, 31 Jan 2026 11:59:59 GMT",
    "If-Modified-Since: Sun, 01 Feb 2026 00:00:00 GMT", "If-Modified-Since: Saturday, 31-Jan-26 12:00:00 GMT",
    "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT", "If-Modified-Since: Sat Jan 31 12:00:00 2026",
    "If-Modified-Since: Sun Feb  1 00:00:00 2026", "If-Modified-Since: Sunday, 06-Nov-99 08:49:37 GMT",
    "If-Unmodified-Since: Sat, 31 Jan 2026 12:00:00 GMT", "If-Unmodified-Since: Fri, 30 Jan 2026 12:00:00 GMT",
    "If-Unmodified-Since: Friday, 30-Jan-26 12:00:00 GMT", "If-Unmodified-Since: Sat Jan  3 12:00:00 2026",
    "If-Modified-Since:", "If-Unmodified-Since: x",
    "Range: bytes=0-", "Range: bytes=0-0", "Range: bytes=-1", "Range: bytes=1-9999999999", "Range: bytes=5-4",
    "Range: bytes=-0",
    "Range: bytes=60-", "Range: bytes=0-1,2-3", "Range: BYTES=1-2", "Range: bytes=-", "Range: lines=1-2",
    "Range: bytes=2-x", "Range: bytes=99999-,1-2", "Range: bytes= 3-4, 0-", "Range: bytes=,,-3,\t0-0 ,", "Range: 4-5",
    "Range: bytes=99999999-, -0", "Range: bytes=1-2,x", "Range: bytes=,", "range: Bytes=0-0,1-1,2-2",
    "Accept-Encoding: br", "Accept-Encoding: gzip;q=0.5, zstd;q=0.51", "Accept-Encoding: *",
    "Accept-Encoding: identity;q=0, *;q=0.1",
    "Accept-Encoding: x-gzip;q=1.000,br;q=0", "Accept-Encoding: ,, zstd ; q=0.001 ,", "Accept-Encoding: br;q=1.1, GZIP",
    "Accept-Encoding: br;", "Accept-Encoding: gzip;q=0", "Accept-Encoding: br;q=0", "Accept-Encoding:",
    "Expect: 100-continue", "Cookie: a=b; c=d", "X:", "X: \u{e9}", "X-Y: z\t z", " folded", "Bad Name: x", ": x",
    "Upgrade: h2c",
];
/// Bytes that mean something, and their neighbours.
#[rustfmt::skip] // By kind.
const BYTES: &[u8] = &[
    b'\r', b'\n', b' ', b'\t', b':', b',', b';', b'=', b'/', b'?', b'%', b'.', b'*', b'"', b'-', b'[', b']', b'@', b'#',
    b'0', b'1', b'9', b'A', b'f', b'z', b'q', b'W', 0, 1, 0x0b, 0x1f, 0x7f, 0x80, 0xff,
];
const PIECES: &[&str] = &[
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\r",
    "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "HTTP/1.1",
    "/../",
    "%2e",
    "%00",
    "day, ",
    "Mar",
    ":60",
    " GMT",
    "bytes=",
    "\r\nRange: bytes=1-",
    "\r\nIf-None-Match: \"y\"",
    ", ",
    "-",
    "q=0.",
    ";q=",
    "Host: h\r\n",
    "\r\nConnection: close",
    "gzip",
    "chunked",
    "CONNECT",
    "Transfer-Encoding: chunked\r\n",
    "[::",
    "::",
    ":0",
    "]",
    "1.2.3.4",
    "[v1.",
    "0\r\n\r\n",
    "  ",
];

/// What inputs are made of, besides the parts above.
pub(super) struct Material {
    /// Whole payloads.
    seeds: Vec<Vec<u8>>,
    /// Stand where a field has `@ETAG@`.
    etags: Vec<String>,
    /// The longest head.
    head_bytes: usize,
}

impl Material {
    pub(super) fn new(site: &Site) -> Self {
        let seeds = table::cases(site).into_iter().map(|case| case.payload).collect();
        let of_route = |route: &Route| {
            let of = &route.representation;
            let codings = [None].into_iter().chain(of.variants.iter().map(|(coding, _)| Some(*coding)));
            codings.map(|coding| of.of(coding).etag.clone()).collect::<Vec<_>>()
        };
        let etags = site.routes.iter().flat_map(of_route).collect();
        Self { seeds, etags, head_bytes: site.head_bytes }
    }

    fn seed(&self, random: &mut Random) -> &[u8] {
        &self.seeds[random.below(self.seeds.len())]
    }

    fn field(&self, random: &mut Random) -> String {
        let etag = &self.etags[random.below(self.etags.len())];
        random.one_of(FIELDS).replace("@ETAG@", etag)
    }
}

/// An input.
pub(super) fn payload(random: &mut Random, material: &Material) -> Vec<u8> {
    let mut payload = Vec::new();
    let requests = if random.below(4) == 0 { 1 + random.below(20) } else { 1 };
    for _ in 0..requests {
        let mut one = match random.below(8) {
            0..3 => material.seed(random).to_owned(),
            3 => near_limit(random, material.head_bytes),
            _ => request(random, material),
        };
        // In a pipeline most requests are good, or there would be none.
        let changes = if random.below(requests + 1) == 0 { 1 + random.below(4) } else { 0 };
        for _ in 0..changes {
            change(random, &mut one, material);
        }
        payload.extend(one);
    }
    payload.truncate(PAYLOAD_MAX);
    payload
}

/// Names of fields that are about one thing.
const CHOICES: &[&str] = &["if-none", "if-match", "if-range", "range", "accept-encoding", "if-mod", "if-unmod"];

/// A request of parts.
fn request(random: &mut Random, material: &Material) -> Vec<u8> {
    let is_plain = random.below(2) == 0;
    let method = if is_plain { random.one_of(&METHODS[..3]) } else { random.one_of(METHODS) };
    let target = if is_plain { random.one_of(&TARGETS[..10]) } else { random.one_of(TARGETS) };
    let version = if is_plain { "1.1" } else { random.one_of(VERSIONS) };
    let mut lines = vec![format!("{method} {target} HTTP/{version}")];
    if is_plain || random.below(3) > 0 {
        lines.push("Host: h".to_owned());
    }
    lines.extend((0..random.below(5)).map(|_| material.field(random)));
    if random.below(4) == 0 {
        // Several lines of one field, others between them.
        let name = random.one_of(CHOICES);
        let is_it = |line: &String| line.to_ascii_lowercase().starts_with(name);
        let others = lines.len();
        lines.extend((0..60).map(|_| material.field(random)).filter(is_it).take(3));
        for at in others..lines.len() {
            lines.swap(at, 1 + random.below(at));
        }
    }
    lines.extend([String::new(), String::new()]);
    lines.join("\r\n").into_bytes()
}

/// A head of about the limit's length, by a long method, target, name, value, or many lines.
fn near_limit(random: &mut Random, limit: usize) -> Vec<u8> {
    let length = limit - 4 + random.below(9);
    let (before, filling, behind) = match random.below(6) {
        0 => ("", "A", " / HTTP/1.1\r\nHost: h\r\n\r\n"),
        1 => ("HEAD /", "a", " HTTP/1.1\r\nHost: h\r\n\r\n"),
        2 => ("GET /?", "%", " HTTP/1.1\r\nHost: h\r\n\r\n"),
        3 => ("GET / HTTP/1.1\r\nHost: h\r\n", "x", ": y\r\n\r\n"),
        4 => ("GET / HTTP/1.1\r\nHost: h\r\nX: ", "y", "\r\n\r\n"),
        _ => ("GET / HTTP/1.1\r\nHost: h\r\n", "a: b\r\n", "\r\n"),
    };
    let room = length - before.len() - behind.len();
    let mut head = before.as_bytes().to_vec();
    head.extend(filling.repeat(room / filling.len()).bytes());
    head.extend(behind.bytes());
    if random.below(2) == 0 {
        // The end is missing.
        head.truncate(head.len() - random.below(behind.len() + 1));
    }
    head
}

/// Changes an input somewhere.
fn change(random: &mut Random, payload: &mut Vec<u8>, material: &Material) {
    if payload.is_empty() {
        payload.push(random.one_of(BYTES));
        return;
    }
    let at = random.below(payload.len());
    let some = (1 + random.below(8)).min(payload.len() - at);
    match random.below(10) {
        0 => payload[at] ^= 1 << random.below(8),
        1 => payload[at] = random.one_of(BYTES),
        2 => payload.insert(at, random.one_of(BYTES)),
        3 => drop(payload.drain(at..at + some)),
        4 => {
            let again = payload[at..at + some].repeat(1 + random.below(3));
            payload.splice(at..at, again);
        }
        5 => drop(payload.splice(at..at, random.one_of(PIECES).bytes())),
        6 => payload.truncate(at),
        7 => line(random, payload),
        8 => {
            let field = format!("{}\r\n", material.field(random));
            let place = line_begins(payload).into_iter().nth(1).unwrap_or(at);
            payload.splice(place..place, field.bytes());
        }
        _ => {
            let other = material.seed(random);
            let from = random.below(other.len().max(1)).min(other.len());
            payload.truncate(at);
            payload.extend(&other[from..]);
        }
    }
}

/// Doubles, removes or moves a line.
fn line(random: &mut Random, payload: &mut Vec<u8>) {
    let begins = line_begins(payload);
    let [from, to] = [random.below(begins.len()), random.below(begins.len())];
    let end = begins.get(from + 1).copied().unwrap_or(payload.len());
    let line = payload[begins[from]..end].to_vec();
    let place = begins[to];
    if random.below(2) == 0 {
        payload.splice(place..place, line);
    } else {
        payload.drain(begins[from]..end);
        let place = place.min(payload.len());
        if random.below(2) == 0 {
            payload.splice(place..place, line);
        }
    }
}

fn line_begins(payload: &[u8]) -> Vec<usize> {
    let behind = payload.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(behind).collect()
}
