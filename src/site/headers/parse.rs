//! Lines of `_headers` as blocks.

use super::super::files::HEADERS;
use super::super::limits::{BLOCKS_MAX, HEADERS_LINE_BYTES_MAX};
use super::super::note::Note;
use super::super::rules_text::{Line, RulesText, check_path, decoded_segment};
use super::{Block, Change, Paths};
use crate::spec::Wrong;

/// Why a field cannot be set.
const BY_SERVER: &str = "is written by the server itself";
const OF_CONNECTION: &str = "is about the connection, which only the server controls";
const OF_BYTES: &str = "is about the bytes that are sent, which differ by range and coding";

/// Names that no block may have, in lower case, and why.
#[rustfmt::skip] // By reason.
const FORBIDDEN: [(&str, &str); 25] = [
    ("accept-ranges", BY_SERVER), ("age", BY_SERVER), ("allow", BY_SERVER), ("content-encoding", BY_SERVER),
    ("content-length", BY_SERVER), ("content-range", BY_SERVER), ("date", BY_SERVER), ("etag", BY_SERVER),
    ("server", BY_SERVER), ("vary", BY_SERVER),

    ("alt-svc", OF_CONNECTION), ("connection", OF_CONNECTION), ("keep-alive", OF_CONNECTION),
    ("proxy-connection", OF_CONNECTION), ("te", OF_CONNECTION), ("trailer", OF_CONNECTION),
    ("transfer-encoding", OF_CONNECTION), ("upgrade", OF_CONNECTION),

    ("content-digest", OF_BYTES), ("content-md5", OF_BYTES), ("digest", OF_BYTES), ("repr-digest", OF_BYTES),

    ("location", "is what rules in _redirects are for"),
    ("set-cookie", "would give every visitor the same cookie, also from shared caches"),
    ("basic-auth", "asks for a password, which the server does not"),
];

/// A block, and the line that it begins in, from 1.
#[derive(Clone, Debug)]
pub(crate) struct ParsedBlock {
    pub(crate) block: Block,
    pub(crate) line: usize,
}

/// The blocks in order. Faults are taken down in the text.
pub(crate) fn parse(text: &mut RulesText<'_>, notes: &mut Vec<Note>) -> Vec<ParsedBlock> {
    let mut blocks: Vec<ParsedBlock> = Vec::new();
    // After a path at fault, its fields have no block, which is no fault of theirs.
    let mut has_path = false;
    for line in text.lines() {
        let content = line.text.trim_matches([' ', '\t']);
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let place = line.place(content);
        let is_indented = line.text.starts_with([' ', '\t']);
        let added = if line.text.len() > HEADERS_LINE_BYTES_MAX {
            let what = format!("is {} bytes long", line.text.len());
            Err(Wrong::new(what, format!("a line has at most {HEADERS_LINE_BYTES_MAX} bytes")))
        } else if is_indented {
            match blocks.last_mut() {
                _ if !has_path => {
                    let what = "is a field before any path";
                    Err(Wrong::new(what, "write the path above it, without spaces before it: /*"))
                }
                Some(last) => change(content).map(|change| last.block.changes.push(change)),
                None => Ok(()),
            }
        } else if blocks.len() == BLOCKS_MAX {
            Err(Wrong::new(format!("is one block more than {BLOCKS_MAX}"), "use `*` for many paths at once"))
        } else {
            has_path = true;
            path_line(line, content).map(|block| blocks.push(block))
        };
        if let Err(wrong) = added {
            text.wrong(&place, wrong);
        }
        if text.is_hopeless() {
            break;
        }
    }
    let empty = blocks.iter().filter(|parsed| parsed.block.changes.is_empty());
    notes.extend(empty.map(|parsed| Note::of_line(HEADERS.as_bytes(), parsed.line, "has no fields")));
    blocks
}

fn path_line(line: Line<'_>, content: &str) -> Result<ParsedBlock, Wrong> {
    if !content.starts_with('/') && !content.contains("://") && content.contains(':') {
        return Err(Wrong::new("is a field that is not indented", "put two spaces before it"));
    }
    check_path(content)?;
    if content.contains([' ', '\t']) {
        return Err(Wrong::new("has a space in its path", "write %20 for a space, and fields in lines of their own"));
    }
    let (before, after) = content.split_once('*').map_or((content, None), |(before, after)| (before, Some(after)));
    if after.is_some_and(|after| after.contains('*')) {
        return Err(Wrong::new("has two `*`", "write one, which stands for any bytes, also slashes"));
    }
    let paths = Paths { before: decoded_path(before)?, after: after.map(decoded_path).transpose()? };
    Ok(ParsedBlock { block: Block { paths, changes: Vec::new() }, line: line.number })
}

/// A part of a path, decoded.
fn decoded_path(text: &str) -> Result<Vec<u8>, Wrong> {
    if text.contains("//") {
        return Err(Wrong::new("has two slashes in a row, which count as one in requests", "write one"));
    }
    let mut out = Vec::new();
    for (index, segment) in text.split('/').enumerate() {
        if index > 0 {
            out.push(b'/');
        }
        if index > 0 && segment.starts_with(':') {
            let what = format!("has the name `{segment}`, which paths here do not have");
            return Err(Wrong::new(what, "write one `*`, or %3A for the colon itself"));
        }
        out.extend(decoded_segment(segment)?);
    }
    Ok(out)
}

/// A line with a field.
fn change(content: &str) -> Result<Change, Wrong> {
    if let Some(name) = content.strip_prefix('!') {
        let name = name.trim_matches([' ', '\t']);
        check_name(name)?;
        return Ok(Change::Remove { name: name.to_owned() });
    }
    let Some((name, value)) = content.split_once(':') else {
        return Err(Wrong::new("has no colon", "write \"Name: value\", or \"! Name\" to remove a field"));
    };
    check_name(name)?;
    let value = value.trim_matches([' ', '\t']);
    if value.is_empty() {
        return Err(Wrong::new(format!("{name} has no value"), format!("write one, or \"! {name}\" to remove it")));
    }
    match value.chars().find(|c| !matches!(c, ' '..='~')) {
        Some(bad) => Err(Wrong::new(format!("has the character {bad:?}"), "a field takes visible ASCII and spaces")),
        None => Ok(Change::Set { name: name.to_owned(), value: value.to_owned() }),
    }
}

/// Is it a name (RFC 9110 §5.1), and one that a site may give?
fn check_name(name: &str) -> Result<(), Wrong> {
    if name.is_empty() {
        return Err(Wrong::new("a field without a name", "write one, such as \"X-Frame-Options: DENY\""));
    }
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if let Some(bad) = name.chars().find(|&c| !is_token(c)) {
        let fix = "names of fields are letters, digits and !#$%&'*+-.^_`|~";
        return Err(Wrong::new(format!("the name {name:?} has the character {bad:?}"), fix));
    }
    match FORBIDDEN.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)) {
        Some((_, why)) => Err(Wrong::new(format!("{name} {why}"), "remove it")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_names_are_in_lower_case_and_once() {
        for (index, (name, _)) in FORBIDDEN.iter().enumerate() {
            assert_eq!(*name, name.to_lowercase());
            assert!(FORBIDDEN[..index].iter().all(|(other, _)| other != name), "{name} twice");
            assert!(check_name(name).is_err() && check_name(&name.to_uppercase()).is_err());
        }
        assert_eq!(check_name("Content-Type"), Ok(()));
    }
}
