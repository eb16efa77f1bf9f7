//! Long paths, paths with common beginnings, many routes: whole, byte by byte, and split at every position.

use std::time::{Duration, Instant};

use crate::harness::http::{self, Expected};
use crate::harness::server::{Server, Spec};
use crate::harness::tool::{Variant, server_variants};
use crate::harness::{ENGINES, TARGETS, none};

/// The path of 60 bytes.
const SIXTY: &str = "/static/assets/2026/11/21/images/backgrounds/mountains-sixty";
/// The path of 100 bytes; it begins like the other.
const HUNDRED: &str =
    "/static/assets/2026/11/21/images/backgrounds/mountains-sixty/of/which/this/one/is/the/longest-of.all";
/// As long as the first and different only at its end.
const SIBLING: &str = "/static/assets/2026/11/21/images/backgrounds/mountains-sixtz";

/// A wait for bytes that no client will send would take longer than this.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The routes, and the body of each.
const ROUTES: [(&str, &str); 10] = [
    ("/", "root"),
    ("/a", "a"),
    ("/ab", "ab"),
    ("/abcdefghij", "eleven bytes"),
    ("/abcdefghijk", "twelve bytes"),
    ("/static/", "folder"),
    (SIXTY, "sixty"),
    (HUNDRED, "hundred"),
    (SIBLING, "sibling"),
    ("/empty", ""),
];

fn spec() -> Spec {
    let routes =
        ROUTES.map(|(path, body)| format!("[[route]]\npath = \"{path}\"\ntype = \"text/plain\"\nbody = \"{body}\"\n"));
    Spec::new(&routes.concat())
}

fn expected(path: &str) -> Expected {
    let route = ROUTES.iter().find(|(known, _)| *known == path);
    route.map_or_else(Expected::not_found, |(_, body)| Expected::ok("text/plain", *body))
}

/// Every route, every beginning of the longest path, and paths that go on behind a route.
fn paths() -> Vec<String> {
    let routes = ROUTES.iter().map(|(path, _)| (*path).to_owned());
    let longer = ROUTES.iter().flat_map(|(path, _)| ["x", "/", "%20"].map(|more| format!("{path}{more}")));
    let beginnings = (1..HUNDRED.len()).map(|end| HUNDRED[..end].to_owned());
    routes.chain(longer).chain(beginnings).collect()
}

#[test]
fn lengths_are_what_they_are_called() {
    assert_eq!([SIXTY.len(), SIBLING.len(), HUNDRED.len()], [60, 60, 100]);
}

/// The shortest request with a path is answered without a wait for more.
#[test]
fn every_path_whole() {
    let spec = spec();
    let mut faults = Vec::new();
    for variant in server_variants(&spec.path()) {
        let server = Server::start(variant);
        for path in paths() {
            let expected = expected(&path);
            let shortest = format!("GET {path} HTTP/1.0\r\n\r\n");
            let start = Instant::now();
            let asked = [
                ("shortest GET", http::exchange(server.port, shortest.as_bytes()), false),
                ("GET", http::get(server.port, &path), false),
                ("HEAD", http::head(server.port, &format!("{path}?q")), true),
            ];
            let waited = start.elapsed() > TIMEOUT / 5;
            faults.extend(waited.then(|| format!("{variant} {path}: answered only after {:?}", start.elapsed())));
            let fault = |(what, reply, head_only): &(&str, Vec<u8>, bool)| {
                expected.fault_of(&format!("{variant} {what} {path}"), reply, *head_only)
            };
            faults.extend(asked.iter().filter_map(fault));
        }
    }
    none(&faults);
}

/// The paths that are worth cutting into pieces.
const SPLIT: [&str; 5] = ["/", "/abcdefghijk", SIXTY, HUNDRED, "/static/assets/2026/11/21/images/missing"];

#[test]
fn split_at_every_position() {
    check_pieces(|request| (1..request.len()).map(|at| vec![&request[..at], &request[at..]]).collect());
}

#[test]
fn byte_by_byte() {
    check_pieces(|request| vec![request.chunks(1).collect()]);
}

/// Sends requests in pieces that arrive one after the other.
fn check_pieces(cut: impl Fn(&[u8]) -> Vec<Vec<&[u8]>>) {
    let spec = spec();
    let mut faults = Vec::new();
    for (engine, target) in ENGINES.into_iter().flat_map(|engine| TARGETS.map(|target| (engine, target))) {
        let server = Server::start(Variant { target, ..Variant::native(&spec.path()) }.on(engine));
        for path in SPLIT {
            let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            for pieces in cut(request.as_bytes()) {
                let first = pieces[0].len();
                let mut stream = http::connect(server.port);
                let reply = http::in_pieces(&mut stream, pieces, Duration::from_micros(500));
                let what = format!("{engine} {target} {path}, {first} bytes first");
                faults.extend(match reply {
                    Ok(reply) => expected(path).fault(&what, &reply),
                    Err(error) => Some(format!("{what}: {error}")),
                });
            }
        }
    }
    none(&faults);
}

/// To the blocking engine, only GET and HEAD are answered by routes, and only HEAD by a head alone, whatever else
/// begins like it.
#[test]
fn other_methods_get_the_whole_reply_of_not_found() {
    let spec = spec();
    let mut faults = Vec::new();
    for target in TARGETS {
        let server = Server::start(Variant { target, ..Variant::blocking(&spec.path()) });
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "HELLO", "H", "get", "head", "GETS", "HEA"] {
            let request = format!("{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n");
            let reply = http::exchange(server.port, request.as_bytes());
            faults.extend(Expected::not_found().fault_of(&format!("{method} on {target}"), &reply, false));
        }
    }
    none(&faults);
}
