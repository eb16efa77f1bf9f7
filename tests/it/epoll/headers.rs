//! What a spec says of replies beyond status and content: fields of one's own, and which methods are answered.

use super::Client;
use super::recipes::recipes;
use crate::harness::server::{Server, Spec};
use crate::harness::tool::{Variant, variants};

/// Every method that is known, but for those that are asked for content.
const OTHERS: [&str; 5] = ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

const SPEC: &str = "[server]\nheaders = { X-One = \"1\", X-Two = \"2\", X-Three = \"3\" }\n\
                    [[route]]\npath = \"/\"\nbody = \"Hello\"\nheaders = { x-two = \"second\", X-Three = false }\n\
                    [[route]]\npath = \"/limited\"\nstatus = 429\nretry_after = 30\nbody = \"\"\n\
                    [[route]]\npath = \"/closed\"\nstatus = 401\nbody = \"\"\n\
                    headers = { WWW-Authenticate = \"Basic realm=\\\"x\\\"\" }\n";

fn request(method: &str, path: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into()
}

fn replies(variant: Variant) {
    let server = Server::start(variant);
    // The blocking engine closes behind every reply.
    let ask = |path: &str| Client::new(server.port).ask(&request("GET", path));
    let home = ask("/");
    let fields = ["X-One", "X-Two", "x-two", "X-Three"].map(|name| home.field(name));
    assert_eq!(fields, [Some("1"), None, Some("second"), None], "{variant}: {}", home.head);
    assert_eq!((home.status(), home.body.as_slice()), ("200", &b"Hello"[..]));
    let nothing = ask("/nothing");
    let fields = ["X-One", "X-Two", "X-Three"].map(|name| nothing.field(name));
    assert_eq!((nothing.status(), fields), ("404", [Some("1"), Some("2"), Some("3")]), "{variant}: {}", nothing.head);
    let limited = ask("/limited");
    assert_eq!((limited.status(), limited.field("Retry-After")), ("429", Some("30")), "{variant}");
    assert_eq!(ask("/closed").field("WWW-Authenticate"), Some("Basic realm=\"x\""), "{variant}");
}

#[test]
fn fields_of_ones_own_are_sent_by_both_engines() {
    let spec = Spec::new(SPEC);
    for variant in variants(&spec.path()).filter(|variant| variant.elf == "strict") {
        replies(variant);
        replies(Variant { engine: Some("blocking"), ..variant });
    }
}

/// The first recipe of docs/spec.md.
#[test]
fn a_maintenance_page_answers_every_method() {
    let server = Server::start(Variant::native(&Spec::new(&recipes("docs/spec.md")[0]).path()));
    let mut client = Client::new(server.port);
    for method in ["GET"].into_iter().chain(OTHERS) {
        for path in ["/", "/any/path?with=query"] {
            let reply = client.ask(&request(method, path));
            assert_eq!(reply.status(), "503", "{method} {path}: {}", reply.head);
            assert_eq!(reply.field("Retry-After"), Some("3600"));
            assert_eq!(reply.field("X-Frame-Options"), Some("DENY"));
            assert!(reply.field("Allow").is_none() && reply.body.starts_with(b"<!doctype html>"));
        }
    }
    let posted = Client::new(server.port).ask(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\na=bc");
    assert_eq!((posted.status(), posted.field("Connection")), ("503", Some("close")));
}

/// Redirects keep what is asked; the figures are read alone.
#[test]
fn redirects_answer_every_method_and_figures_do_not() {
    let spec = "[server]\nmetrics = \"/metrics\"\n[[route]]\npath = \"/old\"\nlocation = \"/new\"\n\
                [[route]]\npath = \"/new\"\nbody = \"new\"\n";
    for variant in variants(&Spec::new(spec).path()).filter(|variant| variant.elf == "strict") {
        let server = Server::start(variant);
        let mut client = Client::new(server.port);
        for method in OTHERS {
            let old = client.ask(&request(method, "/old"));
            assert_eq!((old.status(), old.field("Location")), ("308", Some("/new")), "{variant}: {method}");
            for path in ["/new", "/metrics"] {
                let reply = client.ask(&request(method, path));
                let expected = if method == "OPTIONS" { "204" } else { "405" };
                assert_eq!(reply.status(), expected, "{variant}: {method} {path}");
                assert_eq!(reply.field("Allow"), Some("GET, HEAD, OPTIONS"));
            }
        }
        let figures = client.ask(&request("GET", "/metrics"));
        let figures = String::from_utf8(figures.body).unwrap();
        for (class, count) in [("2xx", 2), ("3xx", 5), ("4xx", 8)] {
            let line = format!("http_replies_total{{code=\"{class}\"}} {count:010}\n");
            assert!(figures.contains(&line), "{variant}: no {line:?} in\n{figures}");
        }
    }
}

/// Prefixes on every target, one request behind another; the model tells the rest.
#[test]
fn the_longest_prefix_answers() {
    let spec = "[[route]]\npath = \"/a/*\"\nbody = \"a\"\n[[route]]\npath = \"/a/b/*\"\nbody = \"b\"\n\
                [[route]]\npath = \"/a/b/c\"\nbody = \"c\"\n[[route]]\npath = \"*\"\nbody = \"else\"\n";
    for variant in variants(&Spec::new(spec).path()).filter(|variant| variant.elf == "strict") {
        let server = Server::start(variant);
        let mut client = Client::new(server.port);
        for (path, body) in [
            ("/a", "else"),
            ("/a/", "a"),
            ("/a/x/y", "a"),
            ("/a/b", "a"),
            ("/a/b/", "b"),
            ("/a/b/c", "c"),
            ("/a/b/c/d", "b"),
            ("/a/*/b", "a"),
            ("/*a/", "else"),
        ] {
            let reply = client.ask(&request("GET", path));
            assert_eq!(String::from_utf8(reply.body).unwrap(), body, "{variant}: {path}");
        }
    }
}
