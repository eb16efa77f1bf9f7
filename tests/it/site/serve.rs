//! A folder, served: what comes over the wire is what the table of the site says.

use std::fs;
use std::path::Path;

use asmgen::site::{Disk, Settings, Table, read};

use super::fixture;
use super::rows::PLAIN;
use crate::harness::server::Server;
use crate::harness::tool::{self, variants};
use crate::harness::{http, none};

/// Rules that say what a route can say; those that match parts of a path are refused.
const REDIRECTS: &str = "\
/home /
/old /about 301   # moved
/temp /about 302
/see /about?from=see#top 303
/keep https://example.com/x 307
/news/* /docs/
/shop/* /404.html 404
/gone /about.html 410
/legal /about.html 451
/style.css /other.css
/app.js /old.js 302!
/team /elsewhere
/caf%C3%A9 /about
/a/* /about
/a/first /home
/docs/old/* /about.html 410
";

/// Paths beside those of the rows.
const TARGETS: [&str; 12] = [
    "/docs/old/x?y",
    "/docs/old",
    "/news/a/b",
    "/news?q",
    "/gone/?x",
    "/a/b/c?d=e",
    "//news//x",
    "/shop/",
    "/docs/img/y.png",
    "/assets/",
    "/x/../team",
    "/*",
];

/// The status line's number and the fields that the table decides, in the order of their names.
type Seen = (String, Vec<(String, String)>, Vec<u8>);

/// Status, fields and content of the reply to a request that ends its connection.
fn ask(server: &Server, target: &str, lines: &str) -> Seen {
    let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n");
    let reply = http::exchange(server.port, request.as_bytes());
    let (head, body) = http::split(&reply);
    let head = String::from_utf8(head.to_vec()).unwrap();
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    (head.get(9..12).unwrap_or_default().to_owned(), fields, body.to_vec())
}

fn field<'s>(seen: &'s Seen, name: &str) -> Option<&'s str> {
    seen.1.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

const DECIDED: [&str; 8] = [
    "access-control-allow-origin",
    "cache-control",
    "content-type",
    "location",
    "x-content-type-options",
    "x-docs",
    "x-frame-options",
    "x-multi",
];

fn expected(folder: &Path, table: &Table, target: &str) -> Seen {
    let answer = table.answer(target.as_bytes());
    let body = match (answer.entry, &answer.location) {
        (Some(entry), None) => {
            let path = String::from_utf8(table.entries[entry].path.clone()).unwrap();
            fs::read(folder.join(path)).unwrap()
        }
        (_, Some(_)) => Vec::new(),
        (None, None) => b"Not Found".to_vec(),
    };
    let mut fields: Vec<(String, String)> = answer.fields.clone();
    fields.extend(answer.location.map(|location| ("Location".to_owned(), String::from_utf8(location).unwrap())));
    (answer.status.to_string(), decided(fields), body)
}

fn decided(fields: Vec<(String, String)>) -> Vec<(String, String)> {
    let lower = fields.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
    let mut decided: Vec<_> = lower.filter(|(name, _)| DECIDED.contains(&name.as_str())).collect();
    decided.sort();
    decided
}

#[test]
fn every_path_is_answered_as_the_table_says() {
    let folder = tempfile::tempdir().unwrap();
    fixture::write(folder.path());
    fs::write(folder.path().join("_redirects"), REDIRECTS).unwrap();
    let table = read(&Disk { folder: folder.path().to_path_buf() }, &Settings::default()).unwrap();
    let targets: Vec<&str> = PLAIN.iter().map(|&(_, target, _)| target).chain(TARGETS).collect();
    for variant in variants(folder.path()).filter(|variant| variant.elf == "strict") {
        let server = Server::start(variant);
        let fault = |target: &str| -> Option<String> {
            let (status, fields, body) = ask(&server, target, "");
            let mut seen = (status, decided(fields), body);
            let mut expected = expected(folder.path(), &table, target);
            if expected.0 == "400" {
                // Composed by the engine, which says so in its own words.
                (seen.1, seen.2, expected.1, expected.2) = Default::default();
            }
            if seen.0.starts_with('3') {
                // The content of a redirect is a courtesy, and no site describes its type.
                seen.2.clear();
                let without = |seen: &mut Seen| seen.1.retain(|(name, _)| name != "content-type");
                without(&mut seen);
                without(&mut expected);
            }
            (seen != expected).then(|| format!("{variant} {target}: {seen:?} in place of {expected:?}"))
        };
        none(&targets.iter().filter_map(|target| fault(target)).collect::<Vec<_>>());
    }
}

/// Compressed contents, conditions and ranges are those of routes.
#[test]
fn text_is_compressed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("index.html"), "<p>Hello, hello, hello, hello, hello, hello!\n".repeat(9)).unwrap();
    fs::write(folder.path().join("x.png"), "hello, hello, hello, hello, hello, hello!\n".repeat(9)).unwrap();
    let variant = variants(folder.path()).find(|variant| variant.elf == "strict").unwrap();
    let server = Server::start(variant);
    for (path, coding) in [("/", Some("br")), ("/index.html", Some("br")), ("/x.png", None)] {
        let reply = ask(&server, path, "Accept-Encoding: gzip, br\r\n");
        assert_eq!((reply.0.as_str(), field(&reply, "Content-Encoding")), ("200", coding), "{path}");
        let condition = format!("If-None-Match: {}\r\n", field(&reply, "ETag").unwrap());
        let again = ask(&server, path, &format!("Accept-Encoding: gzip, br\r\n{condition}"));
        assert_eq!(again.0, "304", "{path}");
    }
}

/// What no route can say is an error that names the line.
#[test]
fn rules_that_match_parts_of_a_path_are_refused() {
    for (rule, what) in [
        ("/blog/:year /articles/:year", "line 1, `/blog/:year /articles/:year 301`: servers of folders do not match"),
        ("/news/* /docs/:splat", "line 1, `/news/* /docs/:splat 301`: servers of folders do not match"),
        ("/see /about#top", "/see leads to /about#top, with the query before the fragment"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("about.html"), "about").unwrap();
        fs::write(folder.path().join("_redirects"), rule).unwrap();
        let output = tool::asmgen().arg(folder.path()).args(["--target", "x86_64"]).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(&format!("{}/_redirects: {what}", folder.path().display())), "{message}");
        assert!(output.stdout.is_empty());
    }
}
