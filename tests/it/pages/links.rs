//! Links lead to files and headings that are there.

use std::fs;

use super::{pages, text_of};
use crate::harness::none;
use crate::harness::tool::root;

/// What leads to a heading of a page: its words in lower case, without punctuation, with hyphens between them.
fn anchors(page: &str) -> Vec<String> {
    let headings = page
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | ' ');
    headings.map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

/// The fault of a link from a page to a file, a heading, or a heading of a file.
fn fault_of_link(page: &str, target: &str) -> Option<String> {
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let from = root().join(page);
    let file = if file.is_empty() { from } else { from.parent().expect("it lies in a folder").join(file) };
    if !file.exists() {
        return Some(format!("{page}: {target} is not there"));
    }
    let anchor = anchor?;
    let is_there = anchors(&fs::read_to_string(file).unwrap()).iter().any(|known| known == anchor);
    (!is_there).then(|| format!("{page}: {target}: there is no such heading"))
}

/// Local files that a page links to are there, and so are their headings.
#[test]
fn links_lead_somewhere() {
    let mut faults = Vec::new();
    for page in pages() {
        let text = text_of(&page);
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let local = targets.filter(|target| !target.contains("://"));
        faults.extend(local.filter_map(|target| fault_of_link(&page, target)));
    }
    none(&faults);
}

#[test]
fn broken_links_are_found() {
    assert_eq!(fault_of_link("docs/golf.md", "../src/lib.rs"), None);
    assert_eq!(fault_of_link("docs/golf.md", "#images"), None);
    assert_eq!(fault_of_link("README.md", "docs/layouts.md#what-scanners-say"), None);
    assert!(fault_of_link("docs/golf.md", "docs/layouts.md").is_some());
    assert!(fault_of_link("README.md", "docs/layouts.md#nothing").is_some());
}
