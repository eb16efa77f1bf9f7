//! What can be measured of the prose in pages and comments: long sentences, words about people, the length of
//! ARCHITECTURE.md. Files that pages name must exist.
//!
//! Whether a text is clear is for readers to judge. The counts here only keep it from becoming worse.

use std::collections::HashSet;

use super::{Source, sources};
use crate::harness::none;
use crate::harness::tool::root;
use crate::pages;

/// A sentence with more words is long.
const WORDS_MAX: usize = 25;
/// ARCHITECTURE.md is read as a whole, so it has an end.
const ARCHITECTURE_LINES_MAX: usize = 250;

/// Folders of Rust files, and how many long sentences their comments may have. These numbers only go down.
const LONG_IN_COMMENTS: [(&str, usize); 4] = [("arch", 0), ("src", 5), ("tests", 5), ("benches", 2)];
/// Comments that do not count here yet: another change is at work on this folder.
const NOT_YET: &str = "arch/mach/";

/// Words about people. A thing is "a server that stops", not "who stops"; only "who" can be right in a sentence.
const ABOUT_PEOPLE: [&str; 3] = ["who", "whose", "nobody"];

/// Every page that people read.
fn pages() -> Vec<Source> {
    pages::pages().into_iter().map(|path| Source { text: pages::text_of(&path), path }).collect()
}

/// A line that begins a point of a list, without its mark.
fn point(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let numbered = line.split_once(". ").filter(|(number, _)| number.parse::<u8>().is_ok());
    line.strip_prefix("- ").or_else(|| numbered.map(|(_, rest)| rest))
}

/// Paragraphs and points of a page, each on one line: without headings, tables, code blocks and comments.
fn paragraphs(page: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let (mut is_code, mut is_comment) = (false, false);
    for line in page.lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        is_comment |= line.starts_with("<!--");
        let last = all.last_mut().expect("it begins with one");
        let is_indented = line.starts_with("    ") && last.is_empty() && point(line).is_none();
        let is_in_block = is_code || is_fence || is_comment || is_indented;
        let is_other = is_in_block || line.is_empty() || line.starts_with(['#', '|', '!']);
        is_comment &= !line.contains("-->");
        match point(line) {
            _ if is_other => all.push(String::new()),
            Some(rest) => all.push(rest.to_owned()),
            None => {
                last.push(' ');
                last.push_str(line.trim());
            }
        }
    }
    all
}

/// Code between backticks becomes one word, and a link its text.
fn plain(paragraph: &str) -> String {
    let mut text = String::new();
    for (index, part) in paragraph.split('`').enumerate() {
        text.push_str(if index % 2 == 0 { part } else { "code" });
    }
    while let Some((before, rest)) = text.split_once("](") {
        let behind = rest.split_once(')').map_or("", |(_, behind)| behind);
        text = format!("{before}{behind}");
    }
    text.replace(['*', '[', ']'], "")
}

fn sentences(page: &str) -> Vec<String> {
    let mut all = Vec::new();
    for paragraph in paragraphs(page) {
        let mut sentence = Vec::new();
        for word in plain(&paragraph).split_whitespace() {
            sentence.push(word.to_owned());
            if word.trim_end_matches([')', '"']).ends_with(['.', '?', '!']) {
                all.push(std::mem::take(&mut sentence).join(" "));
            }
        }
        all.push(sentence.join(" "));
    }
    all
}

fn words(sentence: &str) -> usize {
    sentence.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count()
}

#[test]
fn sentences_are_short() {
    let mut faults = Vec::new();
    for page in pages() {
        let long = sentences(&page.text).into_iter().filter(|one| words(one) > WORDS_MAX);
        faults.extend(long.map(|one| format!("{}: {} words: {one}", page.path, words(&one))));
    }
    none(&faults);
}

/// The comments of Rust files in a folder, as pages.
fn comments(folder: &str) -> Vec<Source> {
    let text = |line: &str| {
        let line = line.trim_start();
        let marks = ["//! ", "/// ", "// "];
        let text = marks.iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or_default();
        text.to_owned() + "\n"
    };
    let files = sources(folder, &["rs"]).into_iter().filter(|file| !file.path.starts_with(NOT_YET));
    files.map(|file| Source { text: file.text.lines().map(text).collect(), path: file.path }).collect()
}

#[test]
fn sentences_in_comments_are_short() {
    let mut faults = Vec::new();
    for (folder, allowed) in LONG_IN_COMMENTS {
        let in_file = |file: &Source| {
            let long = sentences(&file.text).into_iter().filter(|one| words(one) > WORDS_MAX);
            long.map(|one| format!("  {}: {one}", file.path)).collect::<Vec<_>>()
        };
        let long: Vec<String> = comments(folder).iter().flat_map(in_file).collect();
        if long.len() > allowed {
            faults.push(format!("{folder}: {} long sentences, {allowed} allowed:\n{}", long.len(), long.join("\n")));
        }
    }
    none(&faults);
}

#[test]
fn things_are_not_people() {
    let mut faults = Vec::new();
    let comments = LONG_IN_COMMENTS.iter().flat_map(|(folder, _)| comments(folder));
    for page in pages().into_iter().chain(comments) {
        for (number, line) in page.lines() {
            let mut words = line.split(|letter: char| !letter.is_alphanumeric()).map(str::to_lowercase);
            let may_be_people = |word: &String| word == "who" && !line.starts_with('#');
            if words.any(|word| ABOUT_PEOPLE.contains(&word.as_str()) && !may_be_people(&word)) {
                faults.push(format!("{}:{number}: {line}", page.path));
            }
        }
    }
    none(&faults);
}

#[test]
fn the_architecture_is_read_in_one_go() {
    let text = pages::text_of("ARCHITECTURE.md");
    assert!(text.lines().count() <= ARCHITECTURE_LINES_MAX, "{} lines", text.lines().count());
}

/// Pages with decisions.
const WITH_DECISIONS: [&str; 3] = ["ARCHITECTURE.md", "docs/engine.md", "docs/search.md"];
/// Lines of a decision without its title.
const DECISION_LINES_MAX: usize = 8;

/// A decision says why it was necessary and what it is, in a few lines.
#[test]
fn decisions_are_short() {
    let mut faults = Vec::new();
    for page in pages().iter().filter(|page| WITH_DECISIONS.contains(&page.path.as_str())) {
        let sections = page.text.split("\n## ").filter(|section| section.starts_with("Decisions"));
        let decisions = sections.flat_map(|section| section.split("\n\n").skip(1)).map(str::trim);
        for decision in decisions.filter(|decision| !decision.is_empty()) {
            let (title, body) = decision.split_once("\n- ").unwrap_or((decision, ""));
            let lines = body.lines().count();
            let is_whole = title.starts_with("**") && body.starts_with("Context: ") && body.contains("Decision: ");
            if !is_whole || lines > DECISION_LINES_MAX {
                faults.push(format!("{}: {lines} lines, or no context or decision: {title}", page.path));
            }
        }
    }
    none(&faults);
}

/// Folders of the repository that pages name with what is in them.
const FOLDERS: [&str; 8] = ["src", "arch", "tests", "docs", "examples", "benches", "k8s", ".ci"];

/// Words of a page that are names of the repository's files: with a folder, or the bare name of a Rust file.
fn files_named(page: &str) -> Vec<&str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-./*".contains(letter);
    let words = page.split(|letter: char| !is_part(letter)).map(|word| word.trim_end_matches(['.', '/']));
    let is_ours = |word: &&str| match word.split_once('/') {
        Some((folder, _)) => FOLDERS.contains(&folder),
        None => word.strip_suffix(".rs").is_some_and(|name| !name.is_empty()),
    };
    words.filter(is_ours).collect()
}

/// CHANGELOG.md names files as they were.
#[test]
fn files_that_pages_name_exist() {
    let all = sources("", &["rs", "c"]);
    let names: HashSet<&str> = all.iter().filter_map(|file| file.path.rsplit('/').next()).collect();
    let mut faults = Vec::new();
    for page in pages().iter().filter(|page| page.path != "CHANGELOG.md") {
        for file in files_named(&page.text) {
            let exists = if file.contains('/') { root().join(file).exists() } else { names.contains(file) };
            if !exists && !file.contains('*') {
                faults.push(format!("{}: there is no {file}", page.path));
            }
        }
    }
    none(&faults);
}

#[test]
fn the_measures_measure() {
    let page = "# A heading\n\nOne two `three four`.\nFive [six](seven) eight? Nine\n\n\
                - Ten (eleven.)\n  Twelve\n1. One\n\n\
                | a | b |\n```sh\ncode\n```\n<!-- a\nb -->\n";
    let found: Vec<String> = sentences(page).into_iter().filter(|one| !one.is_empty()).collect();
    assert_eq!(found, ["One two code.", "Five six eight?", "Nine", "Ten (eleven.)", "Twelve", "One"]);
    assert_eq!(words("One – two, three."), 3);
    let page = "See `src/lib.rs` and (arch/golf), main.rs, x.toml, linux/amd64, out/x; .rs is an end.";
    assert_eq!(files_named(page), ["src/lib.rs", "arch/golf", "main.rs"]);
}
