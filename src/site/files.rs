//! Where the files of a site come from: a list of paths, and a way to read each. What is not served by its name is
//! decided here, whatever the source.

use std::collections::{BTreeMap, BTreeSet};

use super::note::Note;

/// Rules for paths without a file.
pub(super) const REDIRECTS: &str = "_redirects";
/// Header fields by path.
pub(super) const HEADERS: &str = "_headers";

/// The one name with a dot that is served, at the top of the folder (RFC 8615).
const WELL_KNOWN: &[u8] = b".well-known";

/// Names that are not served, and why.
const LEFT_OUT: [(&str, &str); 4] = [
    (REDIRECTS, "only the one at the top of the folder has an effect"),
    (HEADERS, "only the one at the top of the folder has an effect"),
    ("asmgen.toml", "it describes the server"),
    ("node_modules", "packages of the build are not part of a site"),
];

/// A way to the files of a site.
pub trait Files: Sync {
    /// What messages call the folder.
    fn name(&self) -> &std::path::Path;

    /// Every file that is served, and the rules at the top; in any order.
    fn list(&self) -> Listing;

    /// Passes on the content of a file, piece by piece.
    fn read(&self, path: &[u8], sink: &mut dyn FnMut(&[u8])) -> Result<(), Unread>;

    /// The whole of a small file.
    fn content(&self, path: &[u8]) -> Result<Vec<u8>, Unread> {
        let mut content = Vec::new();
        self.read(path, &mut |piece| content.extend_from_slice(piece))?;
        Ok(content)
    }
}

/// What a source has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Paths of regular files, and their length in bytes. Names are separated by slashes, without one at the start.
    pub files: BTreeMap<Vec<u8>, u64>,
    /// What is left out.
    pub notes: BTreeSet<Note>,
    /// Files and folders that cannot be read, with the reason and the remedy.
    pub faults: Vec<(Vec<u8>, Unread)>,
}

/// Why a file's content cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The system says this.
    Refused(String),
    /// Its length or its time changed meanwhile.
    Changed,
}

/// Why a file or a folder is not served, by the last name of its path.
pub(super) fn left_out(path: &[u8]) -> Option<&'static str> {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    let is_top = name.len() == path.len();
    if is_top && (name == WELL_KNOWN || is_rules(path)) {
        return None;
    }
    if name.starts_with(b".") {
        return Some("its name begins with a dot");
    }
    LEFT_OUT.iter().find(|(known, _)| name == known.as_bytes()).map(|&(_, why)| why)
}

/// Is it `_redirects` or `_headers` at the top of the folder, which are read and not served?
pub(super) fn is_rules(path: &[u8]) -> bool {
    [REDIRECTS, HEADERS].iter().any(|name| path == name.as_bytes())
}

/// Files in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Contents by path.
    pub files: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Files for Memory {
    fn name(&self) -> &std::path::Path {
        std::path::Path::new("")
    }

    fn list(&self) -> Listing {
        let mut listing = Listing::default();
        for (path, content) in &self.files {
            let ends = path.iter().enumerate().filter(|&(_, &byte)| byte == b'/').map(|(at, _)| at);
            let fault = ends.chain([path.len()]).find_map(|end| Some((end, left_out(&path[..end])?)));
            match fault {
                Some((end, why)) => drop(listing.notes.insert(Note::left_out(&path[..end], why))),
                None => drop(listing.files.insert(path.clone(), content.len() as u64)),
            }
        }
        listing
    }

    fn read(&self, path: &[u8], sink: &mut dyn FnMut(&[u8])) -> Result<(), Unread> {
        let content = self.files.get(path).ok_or_else(|| Unread::Refused("no such file".to_owned()))?;
        sink(content);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_not_served() {
        for (path, is_served) in [
            ("index.html", true),
            (".well-known", true),
            (".well-known/x", true),
            ("_redirects", true),
            ("a/.well-known", false),
            (".well-known/.x", false),
            (".env", false),
            ("a/_headers", false),
            ("asmgen.toml", false),
            ("a/node_modules", false),
            ("node_modules.html", true),
        ] {
            assert_eq!(left_out(path.as_bytes()).is_none(), is_served, "{path}");
        }
    }

    #[test]
    fn a_folder_is_left_out_once() {
        let files = [".git/config", ".git/HEAD", "a/.x/y/z", "index.html"];
        let memory = Memory { files: files.map(|path| (path.into(), Vec::new())).into() };
        let listing = memory.list();
        assert_eq!(listing.files.keys().collect::<Vec<_>>(), [b"index.html"]);
        let notes: Vec<String> = listing.notes.iter().map(ToString::to_string).collect();
        let why = "left out: its name begins with a dot";
        assert_eq!(notes, [format!(".git: {why}"), format!("a/.x: {why}")]);
    }
}
