//! "What is answered", and "How it is answered".

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::conditions::{if_match_holds, if_none_match_names};
use super::dates::{is_unmodified, last_modified};
use super::fields::elements;
use super::head::Head;
use super::negotiate;
use super::range::{Range, range};
use super::site::{Content, Representation, Route, Site};
use super::target::Target;

/// Known methods, none of them allowed here.
const NOT_ALLOWED: [&str; 6] = ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"];
const ALLOW: (&str, &str) = ("Allow", "GET, HEAD, OPTIONS");

/// How long the value of `Date` is, always.
pub(crate) const DATE_BYTES: usize = 29;

/// Fields of a route that are about its content; the others are about the reply.
const DESCRIPTIVE: [&str; 1] = ["Content-Language"];

/// The field that stands before `Date`.
const BEFORE_DATE: &str = "Accept-Ranges";

/// A reply but for its `Date`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(&'static str, String)>,
    /// What is sent of the content.
    pub(crate) content: Arc<[u8]>,
}

impl Reply {
    /// The value of a field of it.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn closes(&self) -> bool {
        self.field("Connection") == Some("close")
    }

    /// To a head with an error in it.
    pub(crate) fn refusal(status: u16, is_head: bool) -> Self {
        Draft { connection: Some("close"), ..Draft::words(status) }.reply(is_head)
    }

    /// Everything up to the value of `Date`.
    fn before_date(&self) -> String {
        let before = self.lines(|name| name == BEFORE_DATE);
        format!("HTTP/1.1 {} {}\r\n{before}Date: ", self.status, reason(self.status))
    }

    /// The rest of the head.
    fn behind_date(&self) -> String {
        format!("\r\n{}\r\n", self.lines(|name| name != BEFORE_DATE))
    }

    /// The lines of some fields.
    fn lines(&self, is_one: impl Fn(&str) -> bool) -> String {
        let line = |(name, value): &(&str, String)| format!("{name}: {value}\r\n");
        self.fields.iter().filter(|(name, _)| is_one(name)).map(line).collect::<String>()
    }
}

/// Reason phrases [RFC 9110 §15] of what these tests' sites answer; 418 has none there.
#[rustfmt::skip] // One status per line.
pub(crate) const REASONS: [(u16, &str); 15] = [
    (200, "OK"),
    (204, "No Content"),
    (206, "Partial Content"),
    (304, "Not Modified"),
    (308, "Permanent Redirect"),
    (400, "Bad Request"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (412, "Precondition Failed"),
    (414, "URI Too Long"),
    (416, "Range Not Satisfiable"),
    (431, "Request Header Fields Too Large"),
    (501, "Not Implemented"),
    (503, "Service Unavailable"),
    (505, "HTTP Version Not Supported"),
];

pub(crate) fn reason(status: u16) -> &'static str {
    REASONS.iter().find(|(known, _)| *known == status).map_or("", |(_, reason)| reason)
}

/// What goes into a reply, in the order of the fields.
#[derive(Default)]
struct Draft {
    status: u16,
    connection: Option<&'static str>,
    content_range: Option<String>,
    content_type: String,
    content_encoding: Option<&'static str>,
    last_modified: Option<String>,
    cache_control: Option<String>,
    location: Option<String>,
    /// What the spec adds.
    own: Vec<(&'static str, &'static str)>,
    vary: bool,
    etag: Option<String>,
    allow: bool,
    content: Arc<[u8]>,
}

impl Draft {
    /// The reason phrase and a line end.
    fn words(status: u16) -> Self {
        let content = reason(status).as_bytes().into();
        let allow = status == 405;
        Self { status, content_type: "text/plain".into(), content, allow, ..Self::default() }
    }

    fn reply(self, is_head: bool) -> Reply {
        let has_content = !matches!(self.status, 204 | 304);
        let mut fields = Vec::new();
        let mut add = |name, value: Option<String>| fields.extend(value.map(|value| (name, value)));
        add(BEFORE_DATE, (self.status == 200).then(|| "bytes".into()));
        add("Location", self.location);
        add("Connection", self.connection.map(str::to_owned));
        add("Content-Range", self.content_range);
        add("Content-Length", has_content.then(|| self.content.len().to_string()));
        add(ALLOW.0, self.allow.then(|| ALLOW.1.into()));
        add("Content-Type", has_content.then_some(self.content_type));
        add("Content-Encoding", self.content_encoding.filter(|_| has_content).map(str::to_owned));
        let of_content = |(name, _): &&(&str, &str)| DESCRIPTIVE.contains(name);
        for (name, value) in self.own.iter().filter(of_content).filter(|_| has_content) {
            add(name, Some((*value).into()));
        }
        add("Last-Modified", self.last_modified.filter(|_| has_content));
        add("Cache-Control", self.cache_control);
        for (name, value) in self.own.iter().filter(|field| !of_content(field)) {
            add(name, Some((*value).into()));
        }
        add("Vary", self.vary.then(|| "Accept-Encoding".into()));
        add("ETag", self.etag);
        let content = if has_content && !is_head { self.content } else { Arc::default() };
        Reply { status: self.status, fields, content }
    }
}

/// The reply to a head without errors in it.
pub(crate) fn to(site: &Site, head: &Head) -> Reply {
    let is_head = head.method == "HEAD";
    let method = head.method.as_str();
    let shows = method == "GET" || is_head;
    let draft = match &head.target {
        _ if !shows && method != "OPTIONS" && !NOT_ALLOWED.contains(&method) => Draft::words(501),
        Target::Path(path) => {
            let route = site.find(path);
            match method {
                _ if shows || route.status != 200 => content(site, route, head),
                "OPTIONS" => options(),
                _ => Draft::words(405),
            }
        }
        Target::Server => options(),
        Target::Tunnel => Draft::words(405),
    };
    Draft { connection: connection(head), ..draft }.reply(is_head)
}

fn options() -> Draft {
    Draft { status: 204, allow: true, ..Draft::default() }
}

/// `close`, if it is closed; `keep-alive`, if a client of 1.0 asked for that.
fn connection(head: &Head) -> Option<&'static str> {
    let says = |option: &str| {
        let mut said = head.values("Connection").flat_map(elements);
        said.any(|element| element.eq_ignore_ascii_case(option.as_bytes()))
    };
    let wants_more = if head.is_1_0 { says("keep-alive") } else { true };
    if says("close") || !wants_more || head.framing.has_body() {
        return Some("close");
    }
    head.is_1_0.then_some("keep-alive")
}

/// What a route has: with status 200 for GET and HEAD, else for every method.
fn content(site: &Site, route: &Route, head: &Head) -> Draft {
    let of = &route.representation;
    let whole = Draft {
        status: route.status,
        content_type: of.content_type.clone(),
        cache_control: of.cache_control.clone(),
        own: [site.fields, route.fields].concat(),
        location: route.location.map(|location| format!("{location}{}", head.path)),
        content: Arc::clone(&of.identity.bytes),
        ..Draft::default()
    };
    if route.status == 200 { representation(of, head, whole) } else { whole }
}

/// Negotiation, preconditions, ranges, in this order [RFC 9110 §13.2.2].
fn representation(of: &Representation, head: &Head, identity: Draft) -> Draft {
    let coding = negotiate::choose(of, head.values("Accept-Encoding"));
    let Content { bytes, etag } = of.of(coding);
    if head.has("If-Match") && !head.values("If-Match").any(|line| if_match_holds(line, etag)) {
        return Draft::words(412);
    }
    if !head.has("If-Match") && is_unmodified(head, "If-Unmodified-Since", of) == Some(false) {
        return Draft::words(412);
    }
    let whole = Draft {
        last_modified: last_modified(of),
        content_encoding: coding.map(super::site::Coding::name),
        vary: !of.variants.is_empty(),
        etag: Some(etag.clone()),
        content: Arc::clone(bytes),
        ..identity
    };
    if head.values("If-None-Match").any(|line| if_none_match_names(line, etag)) {
        return Draft { status: 304, ..whole };
    }
    if !head.has("If-None-Match") && is_unmodified(head, "If-Modified-Since", of) == Some(true) {
        return Draft { status: 304, ..whole };
    }
    let validators = [Some(etag.clone()), last_modified(of)];
    let is_validator = |field: &[u8]| validators.iter().flatten().any(|one| one.as_bytes() == field);
    let is_same = !head.has("If-Range") || head.only("If-Range").is_some_and(is_validator);
    let field = head.only("Range").filter(|_| head.method == "GET" && is_same);
    let wanted = field.map_or(Range::Ignored, |field| range(field, bytes.len()));
    let length = bytes.len();
    match wanted {
        Range::Ignored => whole,
        Range::NotSatisfiable => Draft { content_range: Some(format!("bytes */{length}")), ..Draft::words(416) },
        Range::Part(first, last) => Draft {
            status: 206,
            content_range: Some(format!("bytes {first}-{last}/{length}")),
            content: bytes[first..=last].into(),
            ..whole
        },
    }
}

/// Replies as they are sent, with holes where the dates are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stream {
    pub(crate) bytes: Vec<u8>,
    /// Where the values of `Date` begin.
    pub(crate) dates: Vec<usize>,
}

impl Stream {
    pub(crate) fn of(replies: &[Reply]) -> Self {
        let mut stream = Self::default();
        for reply in replies {
            stream.bytes.extend(reply.before_date().as_bytes());
            stream.dates.push(stream.bytes.len());
            stream.bytes.extend([b'?'; DATE_BYTES]);
            stream.bytes.extend(reply.behind_date().as_bytes());
            stream.bytes.extend_from_slice(&reply.content);
        }
        stream
    }

    /// The bytes with this date in every hole.
    pub(crate) fn dated(mut self, date: &str) -> Vec<u8> {
        for at in self.dates {
            self.bytes[at..at + DATE_BYTES].copy_from_slice(date.as_bytes());
        }
        self.bytes
    }
}

/// An IMF-fixdate [RFC 9110 §5.6.7].
pub(crate) fn date(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(days % 7) as usize];
    let (year, month, day) = civil(days);
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month];
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Year, month from 0, day from 1, by counting.
fn civil(mut days: u64) -> (u64, usize, u64) {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let mut lengths =
        [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].into_iter().enumerate();
    let month = lengths.find(|(_, length)| {
        let is_it = days < *length;
        days -= if is_it { 0 } else { *length };
        is_it
    });
    (year, month.expect("a year has these days").0, days + 1)
}
