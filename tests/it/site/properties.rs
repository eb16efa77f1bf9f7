//! Random folders and requests: the table replies as the model does. Random rules: parsers never panic, and what is
//! printed is read back.

use std::collections::BTreeSet;

use asmgen::site::{Answer, Html, Lookup, Memory, Settings, Table, read};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed};

use super::model::{Files, Model, Reply};

/// Folders with the slash at their end.
const FOLDERS: [&str; 12] =
    ["", "", "", "a/", "b/", "a/b/", "about/", "index/", ".well-known/", "assets/", "_astro/", "node_modules/"];

/// Names of files, as bytes.
const NAMES: [&[u8]; 24] = [
    b"index.html",
    b"index.html",
    b"about.html",
    b"about",
    b"a.html",
    b"b",
    b"404.html",
    b"404.html",
    b"index",
    b"x.js",
    b"y.css",
    b"c d.txt",
    "é.txt".as_bytes(),
    b"100%.txt",
    b"q?.html",
    b".env",
    b"a.html.html",
    b"\xff",
    b"*",
    b":x",
    b"new\nline.txt",
    b"back\\slash.html",
    b"app-DRXdy1V7.js",
    b"_headers",
];

const FROM_SEGMENTS: [&str; 11] = ["a", "b", "about", "index", ":x", ":y", "%C3%A9", "é", "%2F", "x.js", "404"];
const TO: [&str; 17] = [
    "/",
    "/about",
    "/about.html",
    "/404",
    "/a/",
    "/b",
    "/a/:x",
    "/:splat",
    "/b/:splat?q=1",
    "/:x/#f",
    "/:y/:x?u",
    "/:splat/a",
    "https://e.example/:splat",
    "https://e.example?u=:x",
    "http://e.example:81",
    "/é/?",
    "/a//b",
];
const STATUS: [&str; 12] = ["", "", "301", "302!", "308", "303", "200", "200!", "404", "410", "451", "!"];

const BLOCKS: [&str; 10] = [
    "/*\n  X-A: 1\n",
    "/a/*\n  X-A: 2\n  X-B: 1\n",
    "/*.html\n  ! X-A\n  Cache-Control: max-age=60\n",
    "/about\n  Cache-Control: no-store\n",
    "/a*\n  Content-Type: text/x\n  Content-Type: text/y\n",
    "/\n  X-Root: yes\n",
    "/assets/*\n  Cache-Control: public, max-age=6\n",
    "/%C3%A9*\n  X-E: 1\n",
    "/*b\n  ! X-Content-Type-Options\n  x-a: 3\n",
    "/*a%2Fb\n  X-S: 1\n",
];

const SEGMENTS: [&str; 26] = [
    "a",
    "b",
    "about",
    "index",
    "index.html",
    "about.html",
    "404.html",
    "a.html",
    "x.js",
    "y.css",
    "%61",
    "..",
    ".",
    "",
    "%2e%2E",
    "%2F",
    "a%2Fb",
    "%C3%A9",
    "%C3%A9.txt",
    "%FF",
    "c%20d.txt",
    "100%25.txt",
    "q%3F.html",
    "zz.unknown",
    "%zz",
    "%00",
];
const QUERIES: [&str; 5] = ["", "", "?", "?x=1&y=%20", "?a?b"];

fn file() -> impl Strategy<Value = Vec<u8>> {
    (select(&FOLDERS[..]), select(&NAMES[..])).prop_map(|(folder, name)| [folder.as_bytes(), name].concat())
}

fn rule() -> impl Strategy<Value = String> {
    let from = (prop::collection::vec(select(&FROM_SEGMENTS[..]), 0..4), select(&["", "/*", "/"][..]));
    (from, select(&TO[..]), select(&STATUS[..])).prop_map(|((segments, end), to, status)| {
        let from: String = segments.iter().flat_map(|&segment| ["/", segment]).collect();
        let from = if from.is_empty() && end.is_empty() { "/".to_owned() } else { from + end };
        format!("{from} {to} {status}\n")
    })
}

fn path() -> impl Strategy<Value = String> {
    let path = prop::collection::vec(select(&SEGMENTS[..]), 0..5);
    (path, any::<bool>(), select(&QUERIES[..])).prop_map(|(segments, has_slash, query)| {
        let path: String = segments.iter().flat_map(|&segment| ["/", segment]).collect();
        format!("{path}{}{query}", if has_slash || path.is_empty() { "/" } else { "" })
    })
}

/// Requests for a file, in every form of its path.
fn forms(file: &[u8]) -> Vec<String> {
    let whole: String = file
        .iter()
        .map(|&byte| match byte {
            b'/' => "/".to_owned(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02x}"),
        })
        .collect();
    let short = whole.strip_suffix("%2ehtml").unwrap_or(&whole);
    let folder = whole.strip_suffix("index%2ehtml").unwrap_or(short);
    let bare = folder.strip_suffix('/').unwrap_or(folder);
    let all = [&whole, short, folder, bare].into_iter().flat_map(|path| [format!("/{path}"), format!("/{path}/?q")]);
    all.collect()
}

/// A folder, settings, and requests.
#[derive(Clone, Debug)]
struct Case {
    files: Files,
    settings: Settings,
    targets: Vec<String>,
}

fn case() -> impl Strategy<Value = Case> {
    let files = prop::collection::btree_set(file(), 1..12);
    let rules = prop::collection::vec(rule(), 0..6);
    let blocks = prop::collection::vec(select(&BLOCKS[..]), 0..5);
    let html = select(&[Html::Both, Html::Redirect, Html::Exact][..]);
    let base = select(&["", "", "/b", "/x%20y/z"][..]);
    (files, rules, blocks, html, any::<bool>(), base, prop::collection::vec(path(), 24)).prop_map(
        |(names, rules, blocks, html, spa, base, targets)| {
            made(&names, &rules, &blocks.concat(), (html, spa, base), &targets)
        },
    )
}

fn made(
    names: &BTreeSet<Vec<u8>>,
    rules: &[String],
    blocks: &str,
    (html, spa, base): (Html, bool, &str),
    targets: &[String],
) -> Case {
    let mut files: Files = names.iter().map(|path| (path.clone(), b"text".to_vec())).collect();
    files.insert(b"always.txt".to_vec(), b"text".to_vec());
    files.insert(b"_headers".to_vec(), blocks.as_bytes().to_vec());
    let spa = spa && files.contains_key(&b"index.html"[..]);
    let settings = Settings { html, spa, base: base.to_owned(), immutable: Vec::new() };
    // Each rule that is right together with those before it.
    for rule in rules {
        let before = files.get(&b"_redirects"[..]).cloned().unwrap_or_default();
        let mut with = files.clone();
        with.insert(b"_redirects".to_vec(), [before, rule.as_bytes().to_vec()].concat());
        if read(&Memory { files: with.clone() }, &settings).is_ok() {
            files = with;
        }
    }
    let forms = names.iter().flat_map(|name| forms(name));
    let targets = forms.chain(targets.iter().cloned());
    let targets = targets.flat_map(|target| [format!("{base}{target}"), target]).collect();
    Case { files, settings, targets }
}

fn reply_of(table: &Table, answer: Answer) -> Reply {
    let fields = answer.fields.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
    let file = answer.entry.map(|entry| table.entries[entry].path.clone());
    Reply { status: answer.status, file, location: answer.location, fields }
}

/// The same cases on every run; `SITE_CASES` says how many.
fn config(cases: u32) -> Config {
    let cases = std::env::var("SITE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases);
    Config { cases, rng_seed: RngSeed::Fixed(0x517e), failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn the_table_replies_as_the_model_does(case in case()) {
        let table = read(&Memory { files: case.files.clone() }, &case.settings).unwrap();
        let Settings { html, spa, ref base, .. } = case.settings;
        let model = Model { files: &case.files, html, spa, base };
        for target in &case.targets {
            let reply = reply_of(&table, table.answer(target.as_bytes()));
            prop_assert_eq!(reply, model.reply(target), "{}", target);
        }
    }

    /// A path needs no bytes of its own in a table: its file's path and three bits give it.
    #[test]
    fn paths_are_derived_from_their_files(case in case()) {
        let table = read(&Memory { files: case.files }, &case.settings).unwrap();
        for (path, key) in &table.keys {
            let Lookup { entry, derivation } = key.lookup;
            let derived = derivation.path(&table.entries[entry].path);
            prop_assert_eq!(derived.as_ref(), Some(path));
            prop_assert_eq!(key.profile.is_none(), derivation.is_redirect());
        }
    }

    /// No reply leads off the host unless a rule names one, and none has a byte that ends a line.
    #[test]
    fn locations_stay_on_the_host(case in case()) {
        let table = read(&Memory { files: case.files.clone() }, &case.settings).unwrap();
        for target in &case.targets {
            let Some(location) = table.answer(target.as_bytes()).location else { continue };
            let is_named = location.starts_with(b"https://e.example") || location.starts_with(b"http://e.example");
            let is_path = location.starts_with(b"/") && !location.starts_with(b"//") && !location.starts_with(b"/\\");
            prop_assert!(is_named || is_path, "{}: {:?}", target, String::from_utf8_lossy(&location));
            prop_assert!(location.iter().all(u8::is_ascii_graphic), "{}", target);
        }
    }

    /// The same files give the same table.
    #[test]
    fn tables_are_reproducible(case in case()) {
        let memory = Memory { files: case.files };
        prop_assert_eq!(read(&memory, &case.settings), read(&memory, &case.settings));
    }
}

/// Text that looks like rules, and text that looks like nothing.
fn rules_text() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => rule(),
        2 => select(&BLOCKS[..]).prop_map(str::to_owned),
        1 => "[ -~]{0,24}\n",
        1 => "\\PC{0,12}\r\n",
        1 => select(&["/a*b /c\n", "/a /b 301! # c\n", "\u{feff}", "/a\t/:a 302\n", "  a:b\n", "/é/日 /日\n"][..])
            .prop_map(str::to_owned),
    ];
    let text = prop::collection::vec(line, 0..6).prop_map(|lines| lines.concat().into_bytes());
    prop_oneof![9 => text, 1 => prop::collection::vec(any::<u8>(), 0..64)]
}

fn table_of(redirects: &[u8], headers: &[u8]) -> Option<Table> {
    let names = ["index.html", "about.html", "404.html", "a/index.html", "b.html"];
    let mut files: Files = names.map(|name| (name.into(), b"text".to_vec())).into();
    files.insert(b"_redirects".to_vec(), redirects.to_vec());
    files.insert(b"_headers".to_vec(), headers.to_vec());
    read(&Memory { files }, &Settings::default()).ok()
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn rules_are_read_back(text in rules_text()) {
        let Some(table) = table_of(&text, b"") else { return Ok(()) };
        for set in [&table.forced, &table.rules] {
            let printed: String = set.rules.iter().flat_map(|rule| [rule.to_string(), "\n".to_owned()]).collect();
            let again = table_of(printed.as_bytes(), b"");
            let again = again.unwrap_or_else(|| panic!("{printed:?} is not read back"));
            let sets = [again.forced, again.rules];
            prop_assert!(sets.iter().any(|again| again.rules == set.rules), "{}", printed);
        }
    }

    #[test]
    fn blocks_are_read_back(text in rules_text()) {
        let Some(table) = table_of(b"", &text) else { return Ok(()) };
        let printed: String = table.blocks.iter().map(ToString::to_string).collect();
        let again = table_of(b"", printed.as_bytes());
        prop_assert_eq!(again.map(|table| table.blocks), Some(table.blocks), "{}", printed);
    }

    #[test]
    fn targets_never_panic(target in prop::collection::vec(any::<u8>(), 0..40)) {
        let table = table_of(b"/a/* /:splat\n/* /404 404\n", b"/*\n  A: b\n").unwrap();
        table.answer(&target);
        table.answer(&[b"/", target.as_slice()].concat());
    }
}
