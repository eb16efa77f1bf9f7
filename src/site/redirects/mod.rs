//! `_redirects`: rules for paths without a file, or, with `!`, for paths whatever is there.
//!
//! `FROM TO [STATUS][!]`, one rule a line. `parse` reads them, [`RuleSet`] finds the first that matches a path. The
//! printed form of a rule is read as the same rule.

mod parse;
mod set;

use std::fmt;

use super::names::encode;
use super::rules_text::write_decoded;

pub(super) use parse::{Parsed, parse};
pub use set::{Match, RuleSet};

/// Name of what `*` stands for.
const SPLAT: &str = "splat";

/// Statuses that lead a client elsewhere.
pub(super) const STATUS_WITH_LOCATION: [u16; 5] = [301, 302, 303, 307, 308];
/// Statuses that are replied with a file.
pub(super) const STATUS_WITH_FILE: [u16; 4] = [200, 404, 410, 451];
/// Where a rule gives none.
const STATUS_DEFAULT: u16 = 301;

/// What a rule applies to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Its segments without a last `*`.
    pub segments: Vec<Segment>,
    /// Does it end with `*`, which stands for any number of segments?
    pub has_splat: bool,
}

/// A segment of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// These bytes, decoded.
    Literal(Vec<u8>),
    /// `:name`, any segment.
    Named(String),
}

/// Where a rule leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct To {
    /// Its pieces, in order.
    pub pieces: Vec<Piece>,
    /// Is it a URL with scheme and host? Else it is a path from its slash on.
    pub is_url: bool,
}

/// A piece of where a rule leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Characters of a URL, as a `Location` has them.
    Text(String),
    /// What a name of the pattern, or `*`, stands for.
    Capture(String),
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it applies to.
    pub from: Pattern,
    /// Where it leads.
    pub to: To,
    /// The reply's status.
    pub status: u16,
    /// Does it apply whatever files there are?
    pub is_forced: bool,
}

impl Pattern {
    /// Names of what it captures, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let named = self.segments.iter().filter_map(|segment| match segment {
            Segment::Named(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        });
        named.chain(self.has_splat.then_some(SPLAT))
    }

    /// Is it one path?
    pub(super) fn is_literal(&self) -> bool {
        self.names().next().is_none()
    }

    /// Paths that it applies to, where each name stands for something that no file is called: one, or with `*` some.
    pub(super) fn samples(&self) -> Vec<Vec<u8>> {
        const ANY: &[u8] = b"/0-any-other-name";
        let segment = |segment: &Segment| match segment {
            Segment::Literal(bytes) => [b"/", bytes.as_slice()].concat(),
            Segment::Named(_) => ANY.to_vec(),
        };
        let path: Vec<u8> = self.segments.iter().flat_map(segment).collect();
        let depths = if self.has_splat { 0..=3 } else { 0..=0 };
        let sample = |depth| [path.as_slice(), &ANY.repeat(depth)].concat();
        depths.map(sample).map(|path| if path.is_empty() { b"/".to_vec() } else { path }).collect()
    }
}

impl To {
    /// Is it the same whatever the request?
    pub(crate) fn is_constant(&self) -> bool {
        self.pieces.iter().all(|piece| matches!(piece, Piece::Text(_)))
    }

    /// With what the names stand for, percent-encoded. A path has one slash at its start, whatever they stand for.
    pub(super) fn with(&self, captures: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend(text.as_bytes()),
                Piece::Capture(name) => {
                    let capture = captures.iter().find(|(known, _)| known == name);
                    encode(capture.map_or(&[], |(_, bytes)| bytes), &mut out);
                }
            }
        }
        if !self.is_url {
            let slashes = out.iter().take_while(|&&byte| byte == b'/').count();
            out.drain(..slashes.saturating_sub(1));
        }
        out
    }
}

impl Rule {
    /// Does it lead a client elsewhere? Else its reply is a file.
    pub(super) fn is_redirect(&self) -> bool {
        STATUS_WITH_LOCATION.contains(&self.status)
    }

    /// The value of `Location`: the rule's own query wins, else the request's is kept, before a fragment.
    pub(super) fn location(&self, captures: &[(&str, &[u8])], base: &[u8], query: &[u8]) -> Vec<u8> {
        let mut to = self.to.with(captures);
        let fragment = to.iter().position(|&byte| byte == b'#').unwrap_or(to.len());
        if !to[..fragment].contains(&b'?') {
            to.splice(fragment..fragment, query_as_sent(query));
        }
        if self.to.is_url { to } else { [super::names::encoded(base), to].concat() }
    }
}

/// A query of a request as a `Location` has it: as it is, but for bytes that no field may have.
pub(super) fn query_as_sent(query: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(query.len());
    for &byte in query {
        match byte {
            b'!'..=b'~' if byte != b'#' => out.push(byte),
            _ => out.extend(format!("%{byte:02X}").bytes()),
        }
    }
    out
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        for segment in &self.segments {
            out.push('/');
            match segment {
                Segment::Named(name) => out.extend([":", name]),
                Segment::Literal(bytes) => match bytes.strip_prefix(b":") {
                    Some(behind) => {
                        out.push_str("%3A");
                        write_decoded(behind, &['*'], &mut out);
                    }
                    None => write_decoded(bytes, &['*'], &mut out),
                },
            }
        }
        f.write_str(&out)?;
        f.write_str(if self.has_splat {
            "/*"
        } else if out.is_empty() {
            "/"
        } else {
            ""
        })
    }
}

impl fmt::Display for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Capture(name) => write!(f, ":{name}"),
        })
    }
}

/// As a line of `_redirects`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}{}", self.from, self.to, self.status, if self.is_forced { "!" } else { "" })
    }
}
