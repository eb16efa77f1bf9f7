//! The specs that README.md and docs/spec.md give to copy: each is built, run and asked.

use super::Client;
use crate::harness::server::{Server, Spec};
use crate::harness::tool::{Variant, root};

/// The specs between a heading of a page and the next one, in their order.
pub(super) fn recipes(page: &str) -> Vec<String> {
    let page = std::fs::read_to_string(root().join(page)).unwrap();
    let (_, section) = page.split_once("\n## Recipes\n").expect("a section of recipes");
    let section = section.split("\n## ").next().unwrap_or_default();
    let blocks = section.split("```toml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// One recipe: its name, and what is asked of it: method, target, status, a field and its value, and how the content
/// begins.
type Recipe =
    (&'static str, &'static [(&'static str, &'static str, &'static str, (&'static str, &'static str), &'static str)]);

const HTML: (&str, &str) = ("Content-Type", "text/html; charset=utf-8");

#[rustfmt::skip] // One request per line.
const README: [Recipe; 4] = [
    ("default-backend", &[
        ("GET", "/healthz", "200", ("Content-Type", "text/plain; charset=utf-8"), "ok\n"),
        ("GET", "/", "404", HTML, "<!doctype html>\n<title>Not found</title>"),
        ("POST", "/any/path?query", "404", HTML, "<!doctype html>\n<title>Not found</title>"),
    ]),
    ("maintenance", &[
        ("GET", "/", "503", ("Retry-After", "3600"), "<!doctype html>\n<title>Back soon</title>"),
        ("POST", "/form", "503", ("Cache-Control", "no-store"), "<!doctype html>\n<title>Back soon</title>"),
        ("DELETE", "/any", "503", HTML, "<!doctype html>"),
    ]),
    ("moved", &[
        ("GET", "/", "308", ("Location", "https://example.org/"), ""),
        ("POST", "/a/b?c=d", "308", ("Location", "https://example.org/a/b?c=d"), ""),
    ]),
    ("landing", &[
        ("GET", "/", "200", ("Content-Security-Policy", "default-src 'self'"), "<!doctype html>\n<title>Acme</title>"),
        ("GET", "/", "200", ("Cache-Control", "no-cache"), "<!doctype html>"),
        ("GET", "/", "200", HTML, "<!doctype html>"),
        ("GET", "/robots.txt", "200", ("X-Content-Type-Options", "nosniff"), "User-agent: *\n"),
        ("GET", "/none", "404", ("X-Content-Type-Options", "nosniff"), "Not Found"),
    ]),
];

#[rustfmt::skip] // One request per line.
const SPEC: [Recipe; 3] = [
    ("maintenance", &[
        ("PUT", "/any", "503", ("X-Frame-Options", "DENY"), "<!doctype html>\n<title>Back soon</title>"),
    ]),
    ("moved", &[("GET", "/x?y", "308", ("Location", "https://example.org/x?y"), "")]),
    ("app", &[
        ("GET", "/", "308", ("Location", "/app/"), ""),
        ("GET", "/app/any/page", "200", HTML, "<!doctype html>\n<title>App</title>"),
        ("GET", "/app.js", "200", ("Cache-Control", "max-age=3600"), "document.write"),
        ("GET", "/none", "404", ("Content-Type", "text/plain"), "Not Found"),
    ]),
];

/// Asks the recipes of a page.
fn answer(page: &str, expected: &[Recipe]) {
    let specs = recipes(page);
    assert_eq!(specs.len(), expected.len(), "{page}");
    for (spec, (name, requests)) in specs.iter().zip(expected) {
        assert!(spec.starts_with(&format!("name = \"{name}\"\n")), "{page}: not {name}:\n{spec}");
        let server = Server::start(Variant::native(&Spec::new(spec).path()));
        for (method, target, status, (field, value), content) in *requests {
            let request = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            let reply = Client::new(server.port).ask(request.as_bytes());
            let is_right = (reply.status(), reply.field(field)) == (status, Some(*value));
            let begins = reply.body.starts_with(content.as_bytes());
            assert!(is_right && begins, "{page}, {name}: {method} {target}: {}\n{:?}", reply.head, reply.body);
        }
    }
}

#[test]
fn the_recipes_of_the_readme_answer() {
    answer("README.md", &README);
}

#[test]
fn the_recipes_of_the_spec_answer() {
    answer("docs/spec.md", &SPEC);
}
