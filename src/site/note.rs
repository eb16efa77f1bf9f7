//! What a site's author should know, though nothing is wrong: files that are left out, rules without an effect.

use std::fmt;

use super::names::shown;

/// A remark about a file of a site, or about a line in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Path of the file in the folder.
    pub path: Vec<u8>,
    /// Line in that file, from 1.
    pub line: Option<usize>,
    /// Is the file, or all of the folder, not served?
    pub is_left_out: bool,
    /// What there is to say, in one sentence without its end.
    pub text: String,
}

impl Note {
    /// A file or a folder that is not served, and why.
    pub(super) fn left_out(path: &[u8], why: impl Into<String>) -> Self {
        Self { path: path.to_vec(), line: None, is_left_out: true, text: why.into() }
    }

    /// A remark about a file that is served.
    pub(super) fn of_file(path: &[u8], text: impl Into<String>) -> Self {
        Self { path: path.to_vec(), line: None, is_left_out: false, text: text.into() }
    }

    /// A remark about a line.
    pub(super) fn of_line(path: &[u8], line: usize, text: impl Into<String>) -> Self {
        Self { path: path.to_vec(), line: Some(line), is_left_out: false, text: text.into() }
    }
}

/// `_redirects:7: …`; `a/.env: left out: …`.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.path))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}{}", if self.is_left_out { "left out: " } else { "" }, self.text)
    }
}
