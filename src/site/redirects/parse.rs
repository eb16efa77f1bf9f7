//! Lines of `_redirects` as rules.

use std::ops::Range;

use super::super::files::REDIRECTS;
use super::super::limits::{CAPTURES_MAX, REDIRECTS_BYTES_OF_IPFS, RULES_MAX, TO_BYTES_MAX};
use super::super::note::Note;
use super::super::rules_text::{Line, RulesText, check_path, decoded_segment};
use super::{Pattern, Piece, Rule, SPLAT, STATUS_DEFAULT, STATUS_WITH_FILE, STATUS_WITH_LOCATION, Segment, To};
use crate::spec::{Wrong, check_location};

/// A rule, and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    pub(crate) rule: Rule,
    /// From 1.
    pub(crate) line: usize,
    /// Of `to` in the text, in bytes.
    pub(crate) to_at: Range<usize>,
}

/// A part of a line, and what is wrong with it.
type Fault = (Range<usize>, Wrong);

/// The rules in order. Faults are taken down in the text.
pub(crate) fn parse(text: &mut RulesText<'_>, bytes: usize, notes: &mut Vec<Note>) -> Vec<Parsed> {
    let mut rules: Vec<Parsed> = Vec::new();
    for line in text.lines() {
        match parse_line(line) {
            Ok(Some(_)) if rules.len() == RULES_MAX => {
                let fix = "leave some out, or use `:name` and `*`";
                text.fault(&line.place(line.text), format!("is one rule more than {RULES_MAX}"), fix);
                break;
            }
            Ok(parsed) => rules.extend(parsed),
            Err((at, wrong)) => text.wrong(&at, wrong),
        }
        if text.is_hopeless() {
            break;
        }
    }
    if bytes > REDIRECTS_BYTES_OF_IPFS {
        let what = format!("is longer than {REDIRECTS_BYTES_OF_IPFS} bytes, which gateways of IPFS refuse");
        notes.push(Note::of_file(REDIRECTS.as_bytes(), what));
    }
    rules
}

fn parse_line(line: Line<'_>) -> Result<Option<Parsed>, Fault> {
    let mut words = line.words();
    if words.first().is_none_or(|(_, word)| word.starts_with('#')) {
        return Ok(None);
    }
    if let Some(comment) = words.iter().skip(2).position(|(_, word)| word.starts_with('#')) {
        words.truncate(comment + 2);
    }
    let [(from_at, from), (to_at, to), rest @ ..] = words.as_slice() else {
        let fix = "write the path, where it leads, and a status if it is not 301";
        return Err((words[0].0.clone(), Wrong::new("has one word", fix)));
    };
    let at = |at: &Range<usize>| {
        let at = at.clone();
        move |wrong| (at, wrong)
    };
    let from = pattern(from).map_err(at(from_at))?;
    if !to.starts_with('/') && to.contains('=') && !to.contains("://") {
        return Err((to_at.clone(), condition()));
    }
    let (status, is_forced) = match rest {
        [] if to.ends_with('!') => {
            let what = "ends with `!`, which belongs to a status";
            let fix = format!("write \"{} {STATUS_DEFAULT}!\", or %21 for the character", to.trim_end_matches('!'));
            return Err((to_at.clone(), Wrong::new(what, fix)));
        }
        [] => (STATUS_DEFAULT, false),
        [(place, word), more @ ..] => {
            let found = status(word).map_err(at(place))?;
            if let Some((place, word)) = more.first() {
                return Err((place.clone(), superfluous(word)));
            }
            found
        }
    };
    let to = destination(to, &from, status).map_err(at(to_at))?;
    Ok(Some(Parsed { rule: Rule { from, to, status, is_forced }, line: line.number, to_at: to_at.clone() }))
}

/// A word after the status.
fn superfluous(word: &str) -> Wrong {
    if word.contains('=') {
        return condition();
    }
    Wrong::new(format!("{word:?} is one word too many"), "begin a comment with `#`")
}

fn condition() -> Wrong {
    Wrong::new("is a condition on the query, the country or the like, which rules here do not have", "remove it")
}

/// A name as `:name` has it.
fn name_of(text: &str) -> &str {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    if text.starts_with(is_first) { &text[..end] } else { "" }
}

fn pattern(text: &str) -> Result<Pattern, Wrong> {
    check_path(text)?;
    let mut pattern = Pattern { segments: Vec::new(), has_splat: false };
    let segments: Vec<&str> = text.split('/').filter(|segment| !segment.is_empty()).collect();
    for (index, &segment) in segments.iter().enumerate() {
        let is_last = index + 1 == segments.len();
        if segment == "*" && is_last {
            pattern.has_splat = true;
        } else if segment.contains('*') {
            let what = "has a `*` that is not all of its last segment";
            return Err(Wrong::new(what, "write /…/* for all that begins with /…/, or %2A for the character itself"));
        } else if let Some(name) = segment.strip_prefix(':') {
            check_name(name, &pattern)?;
            pattern.segments.push(Segment::Named(name.to_owned()));
        } else {
            pattern.segments.push(Segment::Literal(decoded_segment(segment)?));
        }
    }
    Ok(pattern)
}

fn check_name(name: &str, pattern: &Pattern) -> Result<(), Wrong> {
    if name.is_empty() || name_of(name) != name {
        let what = format!("`:{name}` is not a name");
        return Err(Wrong::new(what, "write letters, digits and `_`, or %3A for the colon itself"));
    }
    if name == SPLAT {
        return Err(Wrong::new("`:splat` is what `*` stands for", "choose another name, or write * at the end"));
    }
    if pattern.names().any(|known| known == name) {
        return Err(Wrong::new(format!("has `:{name}` twice"), "choose another name for the second one"));
    }
    Ok(())
}

/// Status and force: `301`, `301!`, `!`.
fn status(word: &str) -> Result<(u16, bool), Wrong> {
    if word.contains('=') {
        return Err(condition());
    }
    let (digits, is_forced) = word.strip_suffix('!').map_or((word, false), |digits| (digits, true));
    if digits.is_empty() {
        return Ok((STATUS_DEFAULT, is_forced));
    }
    let known: Vec<u16> = [&STATUS_WITH_FILE[..1], &STATUS_WITH_LOCATION, &STATUS_WITH_FILE[1..]].concat();
    let found = digits.parse().ok().filter(|status| known.contains(status) && digits.len() == 3);
    found.map(|status| (status, is_forced)).ok_or_else(|| {
        let known: Vec<String> = known.iter().map(u16::to_string).collect();
        Wrong::new(format!("{word:?} is not a status of a rule"), format!("write one of {}", known.join(", ")))
    })
}

fn destination(text: &str, from: &Pattern, status: u16) -> Result<To, Wrong> {
    if text.len() > TO_BYTES_MAX {
        return Err(Wrong::new(format!("is {} bytes long", text.len()), format!("at most {TO_BYTES_MAX} are allowed")));
    }
    if text.starts_with("//") {
        let what = "begins with two slashes, so it names a host without a scheme";
        return Err(Wrong::new(what, format!("write \"https:{text}\", or one slash for a path")));
    }
    let lower = text.to_ascii_lowercase();
    let scheme = ["http://", "https://"].into_iter().find(|scheme| lower.starts_with(scheme));
    if scheme.is_none() && !text.starts_with('/') {
        let what = "is neither a path from its slash nor an address with http:// or https://";
        let fix = if text.contains(':') {
            "lead to a page that has this address as a link".to_owned()
        } else {
            format!("write \"/{text}\", or \"https://{text}\"")
        };
        return Err(Wrong::new(what, fix));
    }
    let to = To { pieces: pieces(text, scheme.map_or(0, str::len), from)?, is_url: scheme.is_some() };
    let captures = to.pieces.iter().filter(|piece| matches!(piece, Piece::Capture(_))).count();
    if captures > CAPTURES_MAX {
        return Err(Wrong::new(format!("has {captures} names"), format!("at most {CAPTURES_MAX} are allowed")));
    }
    // What stands for a name is encoded, so it is like any letter.
    let names: Vec<(&str, &[u8])> = from.names().map(|name| (name, &b"x"[..])).collect();
    check_location(&String::from_utf8_lossy(&to.with(&names)))?;
    if to.is_url && STATUS_WITH_FILE.contains(&status) {
        let what = format!("a reply with status {status} is a file of the site, which an address is not");
        return Err(Wrong::new(what, "write the path of a file, or a status such as 302"));
    }
    Ok(to)
}

/// The pieces of `to`; names count from this offset on.
fn pieces(text: &str, start: usize, from: &Pattern) -> Result<Vec<Piece>, Wrong> {
    let host_end = if start == 0 { 0 } else { text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at) };
    let (mut pieces, mut literal, mut at) = (Vec::new(), String::new(), 0);
    while let Some(c) = text[at..].chars().next() {
        let name = if c == ':' && at >= start { name_of(&text[at + 1..]) } else { "" };
        if name.is_empty() {
            push_encoded(c, &mut literal);
            at += c.len_utf8();
            continue;
        }
        if at < host_end {
            let what = format!("has `:{name}` in its host, so that a request could choose the host");
            return Err(Wrong::new(what, "write the host itself"));
        }
        if !from.names().any(|known| known == name) {
            return Err(unknown(name));
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Capture(name.to_owned()));
        at += 1 + name.len();
    }
    if !literal.is_empty() {
        pieces.push(Piece::Text(literal));
    }
    Ok(pieces)
}

fn unknown(name: &str) -> Wrong {
    if name == SPLAT {
        let what = "has `:splat`, but the path of the rule has no `*` at its end";
        return Wrong::new(what, "end the path with /*");
    }
    let what = format!("has `:{name}`, which the path of the rule has not");
    Wrong::new(what, format!("write /:{name} there, or %3A here for the colon itself"))
}

/// Letters of other scripts are sent as their bytes in UTF-8 (RFC 3987 §3.1).
fn push_encoded(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c);
    } else {
        let mut bytes = [0; 4];
        out.extend(c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")));
    }
}
