//! What a site's author chooses beside the files.

use super::names::decoded;
use crate::spec::Wrong;

/// Which paths a file with the name `*.html` has (`html`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Html {
    /// `/about` and `/about.html` are both replied to with the page.
    #[default]
    Both,
    /// `/about.html` leads to `/about`, and `/team/index.html` to `/team/`.
    Redirect,
    /// Only `/about.html` is the page. A folder still is its `index.html`.
    Exact,
}

impl Html {
    /// Every choice, the default first.
    pub const ALL: [Self; 3] = [Self::Both, Self::Redirect, Self::Exact];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Redirect => "redirect",
            Self::Exact => "exact",
        }
    }

    /// What it means, for `--help`.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Both => "a page with and without `.html`",
            Self::Redirect => "a page without `.html`, to which the other path leads",
            Self::Exact => "a page with `.html` alone",
        }
    }

    /// Has a page a path without `.html`?
    pub(super) fn has_short_paths(self) -> bool {
        self != Self::Exact
    }
}

/// What is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Which paths a page has.
    pub html: Html,
    /// Is `index.html` the reply to paths that lead nowhere, but those of assets?
    pub spa: bool,
    /// The path that the folder is at, such as `/docs`; empty for the root.
    pub base: String,
    /// Patterns of paths that never change, such as `fonts/**`.
    pub immutable: Vec<String>,
}

impl Settings {
    /// [`Settings::base`], decoded: without a slash at its end.
    pub(super) fn base(&self) -> Result<Vec<u8>, Wrong> {
        if self.base.is_empty() {
            return Ok(Vec::new());
        }
        let written = self.base.strip_suffix('/').unwrap_or(&self.base);
        let wrong = || {
            let what = format!("the base {:?} is not a path", self.base);
            Wrong::new(what, "write one from its slash on, such as \"/docs\"")
        };
        let segments: Vec<&str> = written.split('/').collect();
        let decode = |segment: &&str| decoded(segment.as_bytes()).map_err(|_| wrong());
        let decoded = segments.iter().skip(1).map(decode).collect::<Result<Vec<_>, _>>()?;
        let is_wrong = |segment: &Vec<u8>| matches!(segment.as_slice(), b"" | b"." | b"..");
        if !segments[0].is_empty() || self.base.contains(['?', '#']) || decoded.iter().any(is_wrong) {
            return Err(wrong());
        }
        let path = decoded.iter().flat_map(|segment| [b"/", segment.as_slice()].concat()).collect();
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases() {
        let base = |text: &str| Settings { base: text.into(), ..Settings::default() }.base();
        for (text, path) in [("", ""), ("/", ""), ("/d", "/d"), ("/d/", "/d"), ("/a/b%20c", "/a/b c")] {
            assert_eq!(base(text).unwrap(), path.as_bytes(), "{text}");
        }
        for bad in ["d", "//d", "/a/../b", "/a?b", "/%", "/a//b"] {
            assert!(base(bad).is_err(), "{bad}");
        }
    }
}
