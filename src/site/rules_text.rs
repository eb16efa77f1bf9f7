//! The text of `_redirects` and `_headers` as lines, and what both have in common: paths from a slash on, faults with
//! their place.

use std::ops::Range;
use std::path::Path;

use super::limits::{FAULTS_MAX, PATH_BYTES_MAX, RULES_FILE_BYTES_MAX};
use super::names::{ENCODED_SLASH, Undecodable, decoded};
use crate::spec::{SpecError, SpecText, Wrong};

/// The byte order mark of UTF-8.
const BOM: &str = "\u{feff}";

/// A file of rules, and what is wrong in it.
pub(super) struct RulesText<'a> {
    source: SpecText<'a>,
    faults: Vec<SpecError>,
}

impl<'a> RulesText<'a> {
    /// The text, unless the bytes are no text.
    pub(super) fn of(file: &'a Path, bytes: &'a [u8]) -> Result<Self, SpecError> {
        if bytes.len() > RULES_FILE_BYTES_MAX {
            let fix = format!("at most {RULES_FILE_BYTES_MAX} bytes are allowed");
            return Err(SpecError::of_file(file, format!("is {} bytes long", bytes.len()), fix));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let at = error.valid_up_to();
            // Up to the fault, the text and its byte offsets are the same.
            let text = String::from_utf8_lossy(bytes);
            let wrong = Wrong::new("is not UTF-8", "save the file as UTF-8");
            SpecText { file, text: &text }.error(&(at..at), "", wrong)
        })?;
        let mut this = Self { source: SpecText { file, text }, faults: Vec::new() };
        let is_strange = |&at: &usize| match text.as_bytes()[at] {
            0 => true,
            b'\r' => text.as_bytes().get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        match (0..text.len()).find(is_strange) {
            Some(at) if text.as_bytes()[at] == 0 => this.fault(&(at..at + 1), "has a NUL", "remove it"),
            Some(at) => this.fault(
                &(at..at + 1),
                "has a carriage return alone",
                "end lines with a line feed, or with both: save the file with other line ends",
            ),
            None => {}
        }
        this.faults.pop().map_or(Ok(this), Err)
    }

    /// Each line without its end, with its number from 1 and where it starts.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'a>> + use<'a> {
        let text = self.source.text;
        let start = if text.starts_with(BOM) { BOM.len() } else { 0 };
        let mut at = start;
        text[start..].split('\n').enumerate().map(move |(index, raw)| {
            let line = Line { number: index + 1, at, text: raw.strip_suffix('\r').unwrap_or(raw) };
            at += raw.len() + 1;
            line
        })
    }

    /// Takes down a fault.
    pub(super) fn fault(&mut self, at: &Range<usize>, what: impl Into<String>, fix: impl Into<String>) {
        self.wrong(at, Wrong::new(what, fix));
    }

    /// Takes down a fault.
    pub(super) fn wrong(&mut self, at: &Range<usize>, wrong: Wrong) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(self.source.error(at, "", wrong));
        }
    }

    /// Is there no room for further faults?
    pub(super) fn is_hopeless(&self) -> bool {
        self.faults.len() == FAULTS_MAX
    }

    pub(super) fn into_faults(self) -> Vec<SpecError> {
        self.faults
    }
}

/// A line of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// From 1.
    pub(super) number: usize,
    /// Where it starts in the text, in bytes.
    pub(super) at: usize,
    /// Without its end.
    pub(super) text: &'a str,
}

impl<'a> Line<'a> {
    /// Words between spaces and tabs, with their places in the text.
    pub(super) fn words(self) -> Vec<(Range<usize>, &'a str)> {
        let mut words = Vec::new();
        let mut rest = self.text;
        loop {
            rest = rest.trim_start_matches([' ', '\t']);
            if rest.is_empty() {
                return words;
            }
            let start = self.at + self.text.len() - rest.len();
            let end = rest.find([' ', '\t']).unwrap_or(rest.len());
            words.push((start..start + end, &rest[..end]));
            rest = &rest[end..];
        }
    }

    /// Where a part of it is in the text.
    pub(super) fn place(self, part: &str) -> Range<usize> {
        let offset = part.as_ptr() as usize - self.text.as_ptr() as usize;
        self.at + offset..self.at + offset + part.len()
    }
}

/// Can a path be the beginning of a rule?
pub(super) fn check_path(path: &str) -> Result<(), Wrong> {
    if path.contains("://") || path.starts_with("//") {
        let what = "names a host, and every rule is for the site's own host";
        return Err(Wrong::new(what, "write the path alone, from its slash on"));
    }
    if !path.starts_with('/') {
        return Err(Wrong::new(format!("{path:?} does not start with a slash"), format!("write \"/{path}\"")));
    }
    if path.len() > PATH_BYTES_MAX {
        let fix = format!("at most {PATH_BYTES_MAX} bytes are allowed");
        return Err(Wrong::new(format!("is {} bytes long", path.len()), fix));
    }
    match path.chars().find(|&c| c == '?' || c == '#' || c.is_control()) {
        Some('?') => Err(Wrong::new("has a query", "leave it out: rules do not depend on it, or write %3F")),
        Some('#') => Err(Wrong::new("has a fragment, which clients do not send", "leave it out, or write %23")),
        Some(bad) => Err(Wrong::new(format!("has the character {bad:?}"), "write it percent-encoded")),
        None => Ok(()),
    }
}

/// A segment of a rule's path, decoded.
pub(super) fn decoded_segment(segment: &str) -> Result<Vec<u8>, Wrong> {
    match decoded(segment.as_bytes()) {
        Ok(bytes) if matches!(bytes.as_slice(), b"." | b"..") => Err(Wrong::new(
            "has a `.` or `..` segment, which no request has once it is resolved",
            "write the path that is left",
        )),
        Ok(bytes) => Ok(bytes),
        Err(Undecodable::Percent) => {
            Err(Wrong::new("has a `%` without two hexadecimal digits after it", "write a percent sign as %25"))
        }
        Err(Undecodable::Nul) => Err(Wrong::new("has `%00`, which is refused in requests", "leave it out")),
    }
}

/// Adds bytes of a decoded path as a rule has them: in UTF-8 as they are, but what has a meaning there.
pub(super) fn write_decoded(path: &[u8], has_meaning: &[char], out: &mut String) {
    for chunk in path.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == char::from(ENCODED_SLASH) {
                out.push_str("%2F");
            } else if c.is_control() || c.is_whitespace() || "%?#".contains(c) || has_meaning.contains(&c) {
                let mut bytes = [0; 4];
                out.extend(c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")));
            } else {
                out.push(c);
            }
        }
        out.extend(chunk.invalid().iter().map(|byte| format!("%{byte:02X}")));
    }
}
