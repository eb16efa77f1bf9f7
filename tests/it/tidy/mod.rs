//! Architecture and tidiness: which files may mention what and depend on what, and how files look.

mod circles;
mod layers;
mod layout;
mod prose;
mod reasons;
mod vocabulary;

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::tool::root;

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 3] = ["target", ".git", "out"];

/// A file of the package, as text.
struct Source {
    /// Its path from the package's folder on.
    path: String,
    text: String,
}

impl Source {
    /// Its lines with their numbers.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// Something that is allowed although a rule forbids it, and why.
struct Exemption {
    /// The file, or how its path begins.
    path: &'static str,
    /// What is allowed there; empty is everything.
    what: &'static str,
    /// Why.
    #[expect(dead_code, reason = "it is there for people")]
    reason: &'static str,
}

const fn allow(path: &'static str, what: &'static str, reason: &'static str) -> Exemption {
    Exemption { path, what, reason }
}

impl Exemption {
    fn covers(&self, path: &str, what: &str) -> bool {
        path.starts_with(self.path) && (self.what.is_empty() || self.what == what)
    }
}

/// Files under this folder with one of these extensions, in order.
fn sources(folder: &str, extensions: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.retain(|path| path.extension().is_some_and(|end| extensions.iter().any(|known| end == *known)));
    found.sort();
    let read = |path: PathBuf| Source {
        path: path.strip_prefix(root()).expect("it is in the package").display().to_string(),
        text: String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned(),
    };
    found.into_iter().map(read).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
        if path.is_dir() && !SKIPPED.contains(&name.as_str()) {
            collect(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

/// The faults that no exemption covers, and the exemptions that cover nothing.
fn judge(faults: Vec<(String, String, String)>, exemptions: &[Exemption]) -> Vec<String> {
    let is_allowed = |path: &str, what: &str| exemptions.iter().any(|one| one.covers(path, what));
    let unused = |one: &&Exemption| !faults.iter().any(|(path, what, _)| one.covers(path, what));
    let stale: Vec<String> = exemptions
        .iter()
        .filter(unused)
        .map(|one| format!("the exemption of `{}` in {} covers nothing any more", one.what, one.path))
        .collect();
    let bad = faults.into_iter().filter(|(path, what, _)| !is_allowed(path, what));
    bad.map(|(path, what, detail)| format!("{path}: {what}{detail}")).chain(stale).collect()
}
