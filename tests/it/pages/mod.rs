//! What pages tell people to type and where they lead: commands, flags and goals that exist, links that are not broken,
//! examples that work.

mod commands;
mod links;
mod typing;

use std::fs;
use std::path::Path;

use crate::harness::tool::{asmgen, root, succeed};

/// Pages beside those in `docs`.
const PAGES: [&str; 5] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];

/// Every page that people read.
pub(crate) fn pages() -> Vec<String> {
    let docs =
        fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let docs = docs.filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "md"));
    let mut pages: Vec<String> =
        PAGES.map(str::to_owned).into_iter().chain(docs.map(|name| format!("docs/{name}"))).collect();
    pages.sort();
    pages
}

pub(crate) fn text_of(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

pub(crate) fn output_of(args: &[&str]) -> String {
    String::from_utf8(succeed(asmgen().args(args)).stdout).unwrap()
}
