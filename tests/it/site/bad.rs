//! Wrong folders and their messages: each says the file, the line and what would be right.
//!
//! A file of `tests/bad/site` is the `_redirects` or the `_headers` of an otherwise good folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use asmgen::site::limits::{BLOCKS_MAX, FAULTS_MAX, PATH_BYTES_MAX, RULES_FILE_BYTES_MAX, RULES_MAX};
use asmgen::site::{Disk, Faults, Files, Html, Listing, Memory, Settings, Unread, read};

use crate::harness::tool::root;
use crate::harness::{none, snapshot};

const FOLDER: &str = "tests/bad/site";

/// A good folder with one file more.
fn folder_with(name: &str, content: &[u8]) -> Memory {
    let mut files: BTreeMap<Vec<u8>, Vec<u8>> =
        ["index.html", "about.html", "404.html"].map(|name| (name.into(), b"page".to_vec())).into();
    files.insert(name.into(), content.to_vec());
    Memory { files }
}

fn message(files: &dyn Files, settings: &Settings) -> String {
    read(files, settings).map_or_else(|faults| faults.to_string(), |_| "nothing is wrong".to_owned())
}

/// The wrong files, by the name that they have in a folder.
fn wrong_files() -> Vec<(String, &'static str)> {
    let entries = fs::read_dir(root().join(FOLDER)).unwrap();
    let mut found = Vec::new();
    for name in entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        let kinds = [(".redirects", "_redirects"), (".headers", "_headers")];
        found.extend(kinds.into_iter().filter(|(end, _)| name.ends_with(end)).map(|(_, place)| (name.clone(), place)));
    }
    found.sort();
    found
}

#[test]
fn wrong_rules_have_their_messages() {
    let files = wrong_files();
    assert!(files.len() >= 60, "only {} wrong files", files.len());
    let fault = |(name, place): &(String, &str)| {
        let content = fs::read(root().join(FOLDER).join(name)).unwrap();
        let message = message(&folder_with(place, &content), &Settings::default()) + "\n";
        let first = message.lines().next().unwrap_or_default();
        // A fault of the folder as a whole has no line.
        let has_place = first.starts_with(&format!("{place}:")) && first.contains("; ");
        let wrong = (!has_place).then(|| format!("{name}: no place or no remedy: {message}"));
        wrong.into_iter().chain(snapshot::differs(&format!("{FOLDER}/{name}.stderr"), &message)).collect::<Vec<_>>()
    };
    none(&files.iter().flat_map(fault).collect::<Vec<_>>());
}

#[test]
fn snapshots_have_their_files() {
    let known: Vec<String> = wrong_files().into_iter().map(|(name, _)| name + ".stderr").collect();
    for entry in fs::read_dir(root().join(FOLDER)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.ends_with(".stderr") || known.contains(&name), "{name} has no file");
    }
}

#[test]
fn limits_are_kept() {
    let faults_of =
        |name: &str, text: &str| read(&folder_with(name, text.as_bytes()), &Settings::default()).unwrap_err();
    let first = |name: &str, text: &str| faults_of(name, text).to_string().lines().next().unwrap().to_owned();
    let rules = |count: usize| (0..count).fold(String::new(), |all, number| all + &format!("/{number} /about\n"));
    assert!(read(&folder_with("_redirects", rules(RULES_MAX).as_bytes()), &Settings::default()).is_ok());
    assert_eq!(
        first("_redirects", &rules(RULES_MAX + 1)),
        "_redirects:20001:1: is one rule more than 20000; leave some out, or use `:name` and `*`"
    );
    let long = "#".repeat(RULES_FILE_BYTES_MAX + 1);
    assert_eq!(first("_redirects", &long), "_redirects: is 1048577 bytes long; at most 1048576 bytes are allowed");
    let blocks = "/\n A: b\n".repeat(BLOCKS_MAX + 1);
    assert_eq!(
        first("_headers", &blocks),
        "_headers:2001:1: is one block more than 1000; use `*` for many paths at once"
    );
    assert_eq!(faults_of("_redirects", &"/a\n".repeat(FAULTS_MAX + 1)).iter().count(), FAULTS_MAX);
}

#[test]
fn wrong_folders_have_their_messages() {
    let plain = Settings::default;
    let page = |names: &[&str]| Memory { files: names.iter().map(|&name| (name.into(), b"page".to_vec())).collect() };
    let long = "x".repeat(PATH_BYTES_MAX);
    let spa = || Settings { spa: true, ..plain() };
    let based = |base: &str| Settings { base: base.into(), ..plain() };
    let glob = Settings { immutable: vec!["a[".into()], html: Html::Exact, ..plain() };
    let mut for_all = folder_with("_redirects", b"/old /about\n/* /about 302\n");
    for_all.files.insert(b"app.js".to_vec(), Vec::new());
    for (files, settings, expected) in [
        (page(&[]), plain(), ".: has no file that would be served; name the folder that the site was built into"),
        (page(&[".env"]), plain(), ".: has no file that would be served; name the folder that the site was built into"),
        (page(&[&long]), plain(), "x: has a path of 4000 bytes, more than 3999; choose shorter names"),
        (
            page(&["a.html"]),
            spa(),
            ".: has no index.html, which `spa` replies with; remove `spa`, or name the folder \
                                    with the application",
        ),
        (
            for_all,
            spa(),
            "_redirects:2:4: is a rule for every path, so `spa` would never reply; remove the rule or \
                          `spa`\n2 | /* /about 302\n  |    ^^^^^^",
        ),
        (page(&["a"]), based("d"), ".: the base \"d\" is not a path; write one from its slash on, such as \"/docs\""),
        (
            page(&["a"]),
            glob,
            ".: the pattern \"a[\" of `immutable` is wrong: unclosed character class; missing ']'; \
                              write one as in \"fonts/**\" or \"*.woff2\"",
        ),
    ] {
        assert_eq!(message(&files, &settings).replace(&long, "x"), expected);
    }
}

/// A folder with files that are not as they were listed.
struct Strange(Unread);

impl Files for Strange {
    fn name(&self) -> &Path {
        Path::new("public")
    }

    fn list(&self) -> Listing {
        Listing { files: [(b"a\xff\nb".to_vec(), 1)].into(), ..Listing::default() }
    }

    fn read(&self, _: &[u8], _: &mut dyn FnMut(&[u8])) -> Result<(), Unread> {
        Err(self.0.clone())
    }
}

#[test]
fn files_that_cannot_be_read_are_named_without_loss() {
    let message = |why| message(&Strange(why), &Settings::default());
    assert_eq!(
        message(Unread::Changed),
        "public/a\\xFF\\nb: changed while it was read; wait until the folder is complete, and try again"
    );
    assert_eq!(
        message(Unread::Refused("it may not be read".into())),
        "public/a\\xFF\\nb: cannot be read: it may not be read; let it be read, or move it out of the folder"
    );
}

#[test]
fn a_folder_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let read = |path: &Path| read(&Disk { folder: path.to_path_buf() }, &Settings::default());
    let faults: Faults = read(&folder.path().join("nothing")).unwrap_err();
    let message = faults.to_string();
    assert!(message.ends_with("/nothing: cannot be read: no such file; let it be read, or move it out of the folder"));
    assert!(read(folder.path()).unwrap_err().to_string().contains("has no file that would be served"));
}

/// Reading takes time in proportion to the rules, though all begin with a name.
#[test]
fn many_rules_with_names_are_read_at_once() {
    let rules = (0..RULES_MAX).fold(String::new(), |all, number| all + &format!("/:a/{number}/* /about\n"));
    let table = read(&folder_with("_redirects", rules.as_bytes()), &Settings::default()).unwrap();
    let last = format!("/x/{}/y", RULES_MAX - 1);
    assert_eq!(table.rules.find(last.as_bytes()).unwrap().index, RULES_MAX - 1);
}
