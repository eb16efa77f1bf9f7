//! The paths of a site that need no rule: each with the file that it leads to, and whether it is the file's short path.
//!
//! A path is derived from a file's path in one of eight ways ([`Derivation`]), so three bits can stand for it. Their
//! order is the precedence: of two files that have a path, the first keeps it.

use std::collections::BTreeMap;

use super::settings::Html;

const INDEX: &[u8] = b"index.html";
const HTML: &[u8] = b".html";

/// How a path is derived from the path of the file that it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Derivation {
    /// The path of the file: the file.
    Exact,
    /// Without `index.html`, `/team/`: the file.
    LessIndex,
    /// Without `.html`, `/about`: the file.
    LessHtml,
    /// `/team/index` leads to `/team/`.
    Index,
    /// `/team/index/` leads to `/team/`.
    IndexWithSlash,
    /// `/team` leads to `/team/`.
    FolderWithoutSlash,
    /// `/about/` leads to `/about`.
    PageWithSlash,
    /// The path of the file leads to its short path: `/about.html` to `/about`.
    ExactToShort,
}

/// All that do not depend on other paths, by precedence.
const IN_ORDER: [Derivation; 7] = [
    Derivation::Exact,
    Derivation::LessIndex,
    Derivation::LessHtml,
    Derivation::Index,
    Derivation::IndexWithSlash,
    Derivation::FolderWithoutSlash,
    Derivation::PageWithSlash,
];

impl Derivation {
    /// Is the reply a redirect to the file's short path? Else it is the file.
    pub fn is_redirect(self) -> bool {
        !matches!(self, Self::Exact | Self::LessIndex | Self::LessHtml)
    }

    /// The path that is derived so from a file's path, if that has the form for it.
    pub fn path(self, file: &[u8]) -> Option<Vec<u8>> {
        let folder = || file.strip_suffix(INDEX).filter(|folder| folder.is_empty() || folder.ends_with(b"/"));
        let page = || file.strip_suffix(HTML).filter(|_| folder().is_none());
        let (before, after): (&[u8], &[u8]) = match self {
            Self::Exact | Self::ExactToShort => (file, b""),
            Self::LessIndex => (folder()?, b""),
            Self::LessHtml => (page()?, b""),
            Self::Index => (folder()?, b"index"),
            Self::IndexWithSlash => (folder()?, b"index/"),
            // The root has no path without its slash.
            Self::FolderWithoutSlash => (folder()?.strip_suffix(b"/")?, b""),
            Self::PageWithSlash => (page()?, b"/"),
        };
        Some([b"/", before, after].concat())
    }

    /// Is it made where pages have these paths?
    fn is_of(self, html: Html) -> bool {
        html.has_short_paths() || matches!(self, Self::Exact | Self::LessIndex | Self::FolderWithoutSlash)
    }
}

/// The shortest path of a page, to which the others lead; nothing for other files.
pub(super) fn short_path(file: &[u8]) -> Option<Vec<u8>> {
    Derivation::LessIndex.path(file).or_else(|| Derivation::LessHtml.path(file))
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The number of the file.
    pub entry: usize,
    /// How the path is derived from the file's.
    pub derivation: Derivation,
}

/// All paths of files, for pages with paths of this kind. A path leads on only if the short path is its own file's. A
/// page also keeps its full path if a rule with `!` has taken the short one.
pub(super) fn lookups(files: &[&[u8]], html: Html, is_taken: impl Fn(&[u8]) -> bool) -> BTreeMap<Vec<u8>, Lookup> {
    let mut paths: BTreeMap<Vec<u8>, Lookup> = BTreeMap::new();
    for derivation in IN_ORDER.into_iter().filter(|derivation| derivation.is_of(html)) {
        for (entry, file) in files.iter().enumerate() {
            let Some(path) = derivation.path(file) else { continue };
            if !derivation.is_redirect() || is_reached(&paths, file, entry) {
                paths.entry(path).or_insert(Lookup { entry, derivation });
            }
        }
    }
    if html == Html::Redirect {
        for (entry, file) in files.iter().enumerate() {
            let is_free = || short_path(file).is_some_and(|short| !is_taken(&short));
            if is_reached(&paths, file, entry) && is_free() {
                let exact = Derivation::Exact.path(file).expect("every file has its own path");
                paths.insert(exact, Lookup { entry, derivation: Derivation::ExactToShort });
            }
        }
    }
    paths
}

/// Does the short path of a file lead to it?
fn is_reached(paths: &BTreeMap<Vec<u8>, Lookup>, file: &[u8], entry: usize) -> bool {
    let found = short_path(file).and_then(|short| paths.get(&short));
    found.is_some_and(|found| found.entry == entry && !found.derivation.is_redirect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_derived() {
        let of = |file: &[u8]| {
            let path = |derivation: Derivation| derivation.path(file);
            IN_ORDER.into_iter().filter_map(path).map(|path| String::from_utf8(path).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(of(b"index.html"), ["/index.html", "/", "/index", "/index/"]);
        assert_eq!(of(b"a/index.html"), ["/a/index.html", "/a/", "/a/index", "/a/index/", "/a"]);
        assert_eq!(of(b"a.html"), ["/a.html", "/a", "/a/"]);
        assert_eq!(of(b"a/xindex.html"), ["/a/xindex.html", "/a/xindex", "/a/xindex/"]);
        assert_eq!(of(b"a.js"), ["/a.js"]);
    }

    #[test]
    fn twins_do_not_lead_to_each_other() {
        let files: [&[u8]; 2] = [b"a", b"a.html"];
        let paths = lookups(&files, Html::Redirect, |_| false);
        let of = |path: &[u8]| paths.get(path).map(|lookup| (lookup.entry, lookup.derivation));
        assert_eq!(of(b"/a"), Some((0, Derivation::Exact)));
        assert_eq!(of(b"/a.html"), Some((1, Derivation::Exact)));
        assert_eq!(of(b"/a/"), None);
    }
}
