//! What is wrong with a spec, where, and what would be right.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A fault and its remedy, without a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {fix}")]
pub struct Wrong {
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub fix: String,
}

impl Wrong {
    /// A fault and its remedy.
    pub fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), fix: fix.into() }
    }
}

/// A spec that cannot be used. Its first line reads `FILE:LINE:COLUMN: KEY: what is wrong; what would be right`,
/// and where there is a place in a spec, the line of the spec follows with the place underlined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SpecError {
    file: PathBuf,
    place: Option<Box<Place>>,
    /// Path of the key as in the schema, or empty.
    key: String,
    wrong: Wrong,
}

/// A place in a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// Line, from 1.
    line: usize,
    /// Column in characters, from 1.
    column: usize,
    /// The part of the line that is shown.
    excerpt: String,
    /// Columns of a terminal before the marked characters in `excerpt`.
    indent: usize,
    /// Columns marked.
    width: usize,
}

impl SpecError {
    /// A fault of a whole file.
    pub(crate) fn of_file(file: &Path, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), place: None, key: String::new(), wrong: Wrong::new(what, fix) }
    }

    /// Line and column in the spec, both from 1 and the column in characters, if the fault has a place there.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.place.as_ref().map(|place| (place.line, place.column))
    }

    /// Path of the key at fault, as in the schema, or empty.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(place) = &self.place {
            write!(f, ":{}:{}", place.line, place.column)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", shortened(&self.key))?;
        }
        write!(f, ": {}", shortened(&self.wrong.to_string()))?;
        match &self.place {
            Some(place) if !place.excerpt.is_empty() => write!(f, "{place}"),
            _ => Ok(()),
        }
    }
}

/// A newline, the line with its number, and the mark below it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        write!(f, "\n{number} | {}\n", self.excerpt)?;
        write!(f, "{:1$} | ", "", number.len())?;
        write!(f, "{:1$}{2}", "", self.indent, "^".repeat(self.width))
    }
}

/// The text of a spec and the name of its file: what turns a byte range into a place.
#[derive(Clone, Debug)]
pub(crate) struct SpecText<'a> {
    pub(crate) file: &'a Path,
    pub(crate) text: &'a str,
}

impl SpecText<'_> {
    /// A fault at a byte range of the text.
    pub(crate) fn error(&self, at: &Range<usize>, key: impl Into<String>, wrong: Wrong) -> SpecError {
        let place = Some(Box::new(self.place(at)));
        SpecError { file: self.file.to_path_buf(), place, key: key.into(), wrong }
    }

    /// The line of a byte range, from 1.
    pub(crate) fn line(&self, at: &Range<usize>) -> usize {
        self.place(at).line
    }

    fn place(&self, at: &Range<usize>) -> Place {
        let start = char_boundary(self.text, at.start);
        let end = char_boundary(self.text, at.end).max(start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text[line_start..].lines().next().unwrap_or("");
        let before = self.text[line_start..start].chars().count();
        let marked = self.text[start..end].lines().next().map_or(0, |part| part.chars().count());
        let shown = excerpt(line, before);
        let columns = |from: usize, count: usize| {
            shown.text.chars().skip(from).take(count).map(|c| c.width().unwrap_or(0)).sum::<usize>()
        };
        Place {
            line: self.text[..start].matches('\n').count() + 1,
            column: before + 1,
            indent: columns(0, shown.indent) + shown.indent.saturating_sub(shown.text.chars().count()),
            width: columns(shown.indent, marked).max(1),
            excerpt: shown.text,
        }
    }
}

/// The part of a line that is shown, and how many characters of it are before the marked ones.
struct Excerpt {
    text: String,
    indent: usize,
}

/// A window of a line around the character number `mark`, with every control character as one space.
fn excerpt(line: &str, mark: usize) -> Excerpt {
    const WIDTH: usize = 100;
    const LEAD: usize = 40;
    let skipped = if line.chars().count() > WIDTH { mark.saturating_sub(LEAD) } else { 0 };
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = line.chars().skip(skipped).take(WIDTH).map(visible).collect();
    Excerpt { text: text.trim_end().to_owned(), indent: mark - skipped }
}

/// The text, in which each word that is longer than any line is cut: it may be a key of a megabyte.
fn shortened(text: &str) -> String {
    const WORD_COLUMNS: usize = 100;
    let word = |word: &str| match word.char_indices().nth(WORD_COLUMNS) {
        Some((end, _)) if word.width() > WORD_COLUMNS => format!("{}…", &word[..end]),
        _ => word.to_owned(),
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// The last character boundary at or before an offset, which makes what a parser says safe to slice with.
fn char_boundary(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str, at: Range<usize>) -> String {
        SpecText { file: Path::new("s.toml"), text }.error(&at, "key", Wrong::new("bad", "good")).to_string()
    }

    #[test]
    fn place_is_underlined() {
        assert_eq!(message("a = 1\nkey = 22\n", 12..14), "s.toml:2:7: key: bad; good\n2 | key = 22\n  |       ^^");
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(message("ä\t= 1", 3..4), "s.toml:1:3: key: bad; good\n1 | ä = 1\n  |   ^");
    }

    #[test]
    fn end_of_text_has_a_place() {
        assert_eq!(message("a = 1\n", 6..6), "s.toml:2:1: key: bad; good");
        assert_eq!(message("", 0..9), "s.toml:1:1: key: bad; good");
        assert_eq!(message("a =\n", 3..3), "s.toml:1:4: key: bad; good\n1 | a =\n  |    ^");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let message = message(&text, 500..501);
        let lines: Vec<&str> = message.lines().collect();
        assert_eq!(lines[1].len(), "1 | ".len() + 100);
        assert_eq!(lines[1].find('X'), lines[2].find('^'));
    }

    /// A terminal gives a letter of Chinese, Japanese or Korean two columns, and a combining mark none.
    #[test]
    fn the_mark_stands_below_what_it_marks() {
        let marked = |text: &str, part: &str| {
            let start = text.find(part).unwrap();
            let message = message(text, start..start + part.len());
            let mark = message.lines().last().unwrap().to_owned();
            (mark.find('^').unwrap() - "1 | ".len(), mark.matches('^').count())
        };
        assert_eq!(marked("日本 = 1", "1"), (7, 1));
        assert_eq!(marked("a = \"日本\"", "日本"), (5, 4));
        assert_eq!(marked("e\u{301} = 22", "22"), (4, 2));
    }

    #[test]
    fn a_word_of_a_megabyte_is_cut() {
        let long = "k".repeat(1 << 20);
        let text = format!("{long} = 1");
        let wrong = Wrong::new(format!("`{long}` is not a key here"), "remove it");
        let error = SpecText { file: Path::new("s.toml"), text: &text }.error(&(0..long.len()), long.as_str(), wrong);
        let message = error.to_string();
        assert!(message.len() < 1000, "{} bytes", message.len());
        assert!(message.contains("… is not a key here; remove it"), "{message}");
    }

    #[test]
    fn faults_of_a_file_have_no_place() {
        let error = SpecError::of_file(Path::new("x"), "no such file", "name a file");
        assert_eq!(error.to_string(), "x: no such file; name a file");
        assert_eq!((error.position(), error.key()), (None, ""));
    }
}
