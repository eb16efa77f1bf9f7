//! The table of requests of docs/site.md, each row with its number, answered from the table of a site.
//!
//! A table says the status, the file, `Location` and the fields. Methods, conditions, ranges and codings are the
//! engine's; such rows test here what the engine starts from.

use std::collections::BTreeSet;

use asmgen::site::{Answer, Hosts, Table, kept_in_304};

use super::fixture::Sites;
use crate::harness::none;

/// How many rows there are.
const ROWS: usize = 99;

/// Row, target, and the reply: a status with the file that is its content, or with where it leads.
pub(super) type Row = (usize, &'static str, &'static str);

#[rustfmt::skip] // One request per line.
pub(super) const PLAIN: &[Row] = &[
    (1, "/", "200 index.html"),
    (2, "/index.html", "200 index.html"),
    (3, "/about", "200 about.html"),
    (4, "/about.html", "200 about.html"),
    (5, "/about/", "308 → /about"),
    (6, "/about/?x=1", "308 → /about?x=1"),
    (7, "/about?x=%20&y", "200 about.html"),
    (8, "/team", "308 → /team/"),
    (9, "/team?t=2", "308 → /team/?t=2"),
    (10, "/team/", "200 team/index.html"),
    (11, "/team/index.html", "200 team/index.html"),
    (12, "/team/index", "308 → /team/"),
    (13, "/both", "200 both.html"),
    (14, "/both/", "200 both/index.html"),
    (15, "/docs", "308 → /docs/"),
    (16, "/docs/a", "200 docs/a.html"),
    (17, "/docs/a/", "308 → /docs/a"),
    (18, "/docs/img", "404 docs/404.html"),
    (18, "/docs/img/", "404 docs/404.html"),
    (19, "/docs/x/y/z", "404 docs/404.html"),
    (20, "/missing", "404 404.html"),
    (21, "/docsx", "404 404.html"),
    (22, "/404.html", "200 404.html"),
    // HEAD is the engine's: the content that is left out is this file.
    (23, "/missing", "404 404.html"),
    // A condition and a range are the engine's; `has_validators` says that they do not count here.
    (24, "/missing", "404 404.html"),
    (25, "/missing", "404 404.html"),
    (26, "/ABOUT", "404 404.html"),
    (27, "/about.html/", "404 404.html"),
    (28, "/about.html/x", "404 404.html"),
    (29, "/style.css", "200 style.css"),
    (30, "/app.js", "302 → /old.js"),
    (31, "/home", "301 → /"),
    (31, "/home/", "301 → /"),
    (32, "/home?u=1", "301 → /?u=1"),
    (33, "/temp?x=1", "302 → /about?x=1"),
    (34, "/see", "303 → /about?from=see#top"),
    (35, "/see?x=1", "303 → /about?from=see#top"),
    (36, "/keep?a=b", "307 → https://example.com/x?a=b"),
    (37, "/blog/2024/05/hello", "308 → /articles/hello?y=2024&m=05"),
    (38, "/blog/2024/05", "404 404.html"),
    (39, "/blog/2024//05/hello", "308 → /articles/hello?y=2024&m=05"),
    (40, "/news", "301 → /docs/"),
    (40, "/news/", "301 → /docs/"),
    (41, "/news/a/b%20c", "301 → /docs/a/b%20c"),
    (42, "/news/%0d%0aX:y", "301 → /docs/%0D%0AX:y"),
    (43, "/ext//evil.com", "302 → https://example.com/evil.com"),
    (44, "/go//evil.com/", "301 → /evil.com/"),
    (45, "/go/%2Fevil.com", "301 → /%2Fevil.com"),
    (46, "/shop/any", "404 404.html"),
    (47, "/gone", "410 about.html"),
    (48, "/legal", "451 about.html"),
    (49, "/rw/a", "200 docs/a.html"),
    (50, "/rw/", "200 docs/index.html"),
    (51, "/rw/nope", "404 404.html"),
    (52, "/caf%C3%A9", "301 → /about"),
    (52, "/caf%c3%a9", "301 → /about"),
    (53, "/a/first", "301 → /about"),
    (54, "/_redirects", "404 404.html"),
    (54, "/_headers", "404 404.html"),
    (55, "/.env", "404 404.html"),
    (55, "/.git/config", "404 404.html"),
    (56, "/.well-known/security.txt", "200 .well-known/security.txt"),
    (57, "/.well-known/apple-app-site-association", "200 .well-known/apple-app-site-association"),
    (58, "/inside.html", "200 inside.html"),
    (59, "/outside", "404 404.html"),
    (60, "/sp%20ace/x%20y.txt", "200 sp ace/x y.txt"),
    (61, "/a%2520b.txt", "200 a%20b.txt"),
    (61, "/a%20b.txt", "404 404.html"),
    (62, "/100%25.html", "200 100%.html"),
    (62, "/100%25", "200 100%.html"),
    (63, "/100%.html", "400"),
    (64, "/%C3%A9.txt", "200 é.txt"),
    (65, "/%E6%97%A5%E6%9C%AC/%E6%9D%B1%E4%BA%AC", "200 日本/東京.html"),
    (66, "/q%3Fm.txt", "200 q?m.txt"),
    (66, "/q?m.txt", "404 404.html"),
    (67, "/h%23h.txt", "200 h#h.txt"),
    (68, "/semi%3Bcolon%2Bplus.txt", "200 semi;colon+plus.txt"),
    (68, "/semi;colon+plus.txt", "200 semi;colon+plus.txt"),
    (69, "/docs//a.html", "200 docs/a.html"),
    (69, "//docs/a.html", "200 docs/a.html"),
    (70, "//evil.com", "404 404.html"),
    (71, "/docs%2Fa.html", "404 404.html"),
    (72, "/docs/../about", "200 about.html"),
    (72, "/%2e%2e/about", "200 about.html"),
    // The 416 of a range is the engine's: it follows from a length of nothing.
    (73, "/empty.txt", "200 empty.txt"),
    (74, "/README", "200 README"),
    (75, "/page", "200 page"),
    (76, "/logo.svg", "200 logo.svg"),
    (77, "/docs/a.html", "200 docs/a.html"),
    (78, "/docs/a", "200 docs/a.html"),
    // The 304 is the engine's; `kept_in_304` says which fields it has.
    (79, "/docs/a.html", "200 docs/a.html"),
    (80, "/docs/none", "404 docs/404.html"),
    (81, "/old", "301 → /about"),
    (82, "/assets/app-DRXdy1V7.js", "200 assets/app-DRXdy1V7.js"),
    (83, "/assets/app-GONE0000.js", "404 404.html"),
    (84, "/graphviz-06934fab36ed45716e2be32cffa6a667e3c81348.svg",
     "200 graphviz-06934fab36ed45716e2be32cffa6a667e3c81348.svg"),
    // The choice of a coding is the engine's, among the variants of the file.
    (85, "/data.json", "200 data.json"),
    (86, "/data.json.gz", "200 data.json.gz"),
    // 405 and 204 are the engine's, before anything is looked up; HEAD leaves out the content.
    (87, "/old", "301 → /about"),
    (88, "/old", "301 → /about"),
];

const SPA: &[Row] = &[
    (89, "/users/42", "200 index.html"),
    (89, "/api/x?y", "200 index.html"),
    (90, "/users/jane.doe", "200 index.html"),
    // No field of the request counts.
    (91, "/x.js", "404 404.html"),
];

const REDIRECT: &[Row] = &[
    (92, "/about.html?x=1", "308 → /about?x=1"),
    (93, "/team/index.html", "308 → /team/"),
    (94, "/both.html", "308 → /both"),
    (94, "/both/index.html", "308 → /both/"),
    (95, "/team.html", "404 404.html"),
];

const BASE: &[Row] = &[
    (96, "/d", "308 → /d/"),
    (96, "/d/", "200 index.html"),
    (96, "/", "404"),
    (96, "/dx", "404"),
    (97, "/d/team?x", "308 → /d/team/?x"),
];

/// Row, target, a field's name, and its value or that there is none.
type FieldRow = (usize, &'static str, &'static str, Option<&'static str>);

const YEAR: &str = "public, max-age=31536000, immutable";

#[rustfmt::skip] // One field per line.
const FIELDS: &[FieldRow] = &[
    (1, "/", "Content-Type", Some("text/html; charset=utf-8")),
    (1, "/", "Cache-Control", Some("no-cache")),
    (1, "/", "X-Content-Type-Options", Some("nosniff")),
    (1, "/", "X-Frame-Options", Some("DENY")),
    (5, "/about/", "Cache-Control", Some("no-cache")),
    (20, "/missing", "Cache-Control", Some("no-cache")),
    (42, "/news/%0d%0aX:y", "X", None),
    (46, "/shop/any", "X-Frame-Options", Some("DENY")),
    (56, "/.well-known/security.txt", "Content-Type", Some("text/plain; charset=utf-8")),
    (57, "/.well-known/apple-app-site-association", "Content-Type", Some("application/json")),
    (74, "/README", "Content-Type", Some("text/plain; charset=utf-8")),
    (75, "/page", "Content-Type", Some("text/html; charset=utf-8")),
    (76, "/logo.svg", "Content-Type", Some("image/svg+xml")),
    (76, "/logo.svg", "Access-Control-Allow-Origin", Some("*")),
    (77, "/docs/a.html", "X-Docs", Some("1")),
    (77, "/docs/a.html", "X-Multi", Some("a, b, c")),
    (77, "/docs/a.html", "X-Frame-Options", None),
    (77, "/docs/a.html", "Cache-Control", Some("max-age=60")),
    (78, "/docs/a", "X-Multi", Some("a, b")),
    (78, "/docs/a", "X-Frame-Options", Some("DENY")),
    (78, "/docs/a", "Cache-Control", Some("no-cache")),
    (80, "/docs/none", "X-Frame-Options", Some("DENY")),
    (80, "/docs/none", "X-Docs", Some("1")),
    (81, "/old", "X-Frame-Options", None),
    (82, "/assets/app-DRXdy1V7.js", "Cache-Control", Some(YEAR)),
    (83, "/assets/app-GONE0000.js", "Cache-Control", Some("no-cache")),
    (84, "/graphviz-06934fab36ed45716e2be32cffa6a667e3c81348.svg", "Cache-Control", Some("no-cache")),
    (86, "/data.json.gz", "Content-Type", Some("application/gzip")),
    (86, "/data.json.gz", "Content-Encoding", None),
];

/// A reply as a row has it.
fn written(table: &Table, answer: &Answer) -> String {
    let file = answer.entry.map(|entry| format!(" {}", String::from_utf8_lossy(&table.entries[entry].path)));
    let location = answer.location.as_ref().map(|location| format!(" → {}", String::from_utf8_lossy(location)));
    format!("{}{}{}", answer.status, file.unwrap_or_default(), location.unwrap_or_default())
}

fn check(table: &Table, rows: &[Row]) -> Vec<String> {
    let fault = |&(row, target, expected): &Row| {
        let found = written(table, &table.answer(target.as_bytes()));
        (found != expected).then(|| format!("row {row}: {target}: {found}, not {expected}"))
    };
    rows.iter().filter_map(fault).collect()
}

#[test]
fn rows_have_their_replies() {
    let sites = Sites::new();
    let tables = [(&sites.plain, PLAIN), (&sites.spa, SPA), (&sites.redirect, REDIRECT), (&sites.base, BASE)];
    none(&tables.iter().flat_map(|(table, rows)| check(table, rows)).collect::<Vec<_>>());
    let numbers: BTreeSet<usize> = tables.iter().flat_map(|(_, rows)| rows.iter().map(|row| row.0)).collect();
    // 98 and 99 are about hosts, below.
    assert_eq!(numbers, (1..=ROWS - 2).collect());
}

#[test]
fn rows_have_their_fields() {
    let table = Sites::new().plain;
    let fault = |&(row, target, name, expected): &FieldRow| {
        let answer = table.answer(target.as_bytes());
        let found = answer.field(name);
        (found != expected).then(|| format!("row {row}: {target}: {name}: {found:?}, not {expected:?}"))
    };
    none(&FIELDS.iter().filter_map(fault).collect::<Vec<_>>());
}

/// The rows that speak of an `ETag`: it is of the content, and only a 200 with a file has one.
#[test]
fn rows_about_validators() {
    let table = Sites::new().plain;
    let content = |target: &str| {
        let answer = table.answer(target.as_bytes());
        let entry = answer.entry.filter(|_| answer.has_validators());
        entry.map(|entry| table.contents[table.entries[entry].content].sha256)
    };
    for (row, target, same) in [
        (2, "/index.html", "/"),
        (4, "/about.html", "/about"),
        (11, "/team/index.html", "/team/"),
        (49, "/rw/a", "/docs/a.html"),
        (58, "/inside.html", "/about"),
    ] {
        assert!(content(target).is_some() && content(target) == content(same), "row {row}");
    }
    for (row, target) in [(20, "/missing"), (24, "/missing"), (25, "/missing"), (47, "/gone"), (63, "/100%.html")] {
        assert_eq!(content(target), None, "row {row}");
    }
    let kept = table.answer(b"/docs/a.html").fields.into_iter().filter(|(name, _)| kept_in_304(name));
    assert_eq!(kept.collect::<Vec<_>>(), [("Cache-Control".to_owned(), "max-age=60".to_owned())], "row 79");
    let data = table.answer(b"/data.json").entry.unwrap();
    assert_eq!(table.entries[data].variants, [], "row 85");
    let empty = table.answer(b"/empty.txt").entry.unwrap();
    assert_eq!(table.contents[table.entries[empty].content].bytes, 0, "row 73");
}

#[test]
fn rows_about_hosts() {
    let Sites { plain, spa, .. } = Sites::new();
    let hosts = Hosts { default: plain, by_name: [(b"a.example".to_vec(), spa)].into() };
    let is_of_a = |host: &str, target: &str| hosts.answer(Some(host.as_bytes()), target.as_bytes()).status == 200;
    // Only the site of a.example has the shell.
    for (row, host, target, expected) in [
        (98, "A.EXAMPLE:8080", "/users/42", true),
        (98, "a.example.", "/users/42", true),
        (99, "other.example", "/users/42", false),
        (99, "b", "http://a.example/users/42", true),
        (99, "a.example", "http://b/users/42", false),
    ] {
        assert_eq!(is_of_a(host, target), expected, "row {row}: {host} {target}");
    }
    assert_eq!(hosts.answer(None, b"/users/42").status, 404);
}

/// What is left out of the folder, and what has no effect.
#[test]
fn notes_of_the_folder() {
    let notes: Vec<String> = Sites::new().plain.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            ".env: left out: its name begins with a dot",
            ".git: left out: its name begins with a dot",
            "100%.html: has the link \"100%.html\" with a bare `%`, which is 400; write %25",
            "_redirects:14: has no effect at /style.css, which is a file; write 301! to force it",
            "_redirects:16: has no effect at /team, which is a file; write 301! to force it",
            "_redirects:19: has no effect: the rule in line 18 matches first",
            "data.json.gz: does not decompress to data.json, so it is only a file",
            "node_modules: left out: packages of the build are not part of a site",
            "outside: left out: it is a link that leaves the folder",
        ]
    );
}
