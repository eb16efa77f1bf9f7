//! REDbot asks the server in all ways it knows — conditional, for ranges, negotiated — and httplint reads each kind of
//! reply. Both give their opinion. No test tells them what is right.

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::server;
use crate::harness::http::exchange;
use crate::harness::none;
use crate::harness::tool::succeed;
use crate::harness::venv::Venv;

/// Where both are installed.
const VENV: Venv = Venv {
    folder: "venv-linters",
    requirements: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/requirements.txt"),
};

/// What REDbot looks at.
const PATHS: [&str; 7] = ["/", "/index.html", "/empty", "/text", "/big", "/teapot", "/nothing"];

/// Notes that are neither praise nor plain facts, and stay: the path, their text, the reason.
#[rustfmt::skip] // One note per line.
const STANDING_REDBOT: [(&str, &str, &str); 6] = [
    ("/index.html", HEURISTIC,  "its spec says nothing about caches"),
    ("/empty",      HEURISTIC,  "its spec says nothing about caches"),
    ("/big",        HEURISTIC,  "its spec says nothing about caches"),
    ("/",           WHOLE,      "the range that REDbot asks for is all of so short a content"),
    ("/index.html", WHOLE,      "the range that REDbot asks for is all of so short a content"),
    ("/teapot",     TEAPOT,     "its spec says so"),
];
#[rustfmt::skip] // One note per line.
const STANDING_HTTPLINT: [(&str, &str, &str); 2] = [
    ("/empty",      HEURISTIC,  "its spec says nothing about caches"),
    ("/%",          NONSENSE,   "so it is"),
];
const HEURISTIC: &str = "This response allows caches to assign their own freshness lifetimes to it.";
const WHOLE: &str = "The partial response has a Content-Length equal to the full response.";
const TEAPOT: &str = "The server returned 418 (I'm a Teapot), an easter egg defined in RFC 2324.";
const NONSENSE: &str = "The server didn't understand the request.";
/// Levels of those that need no reason.
const FINE: [&str; 2] = ["GOOD", "INFO"];

/// A program that starts within this is only slow.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// One of each kind of reply, for httplint.
#[rustfmt::skip] // One request per line.
const REQUESTS: [(&str, &str); 14] = [
    ("GET / HTTP/1.1",          ""),
    ("GET / HTTP/1.0",          ""),
    ("GET /empty HTTP/1.1",     ""),
    ("GET /text HTTP/1.1",      "Accept-Encoding: br\r\n"),
    ("GET /text HTTP/1.1",      "Accept-Encoding: gzip\r\n"),
    ("GET / HTTP/1.1",          "Range: bytes=1-5\r\n"),
    ("GET / HTTP/1.1",          "Range: bytes=99-\r\n"),
    ("GET / HTTP/1.1",          "If-None-Match: *\r\n"),
    ("GET / HTTP/1.1",          "If-Match: \"x\"\r\n"),
    ("OPTIONS / HTTP/1.1",      ""),
    ("PUT / HTTP/1.1",          ""),
    ("FOO / HTTP/1.1",          ""),
    ("GET /nothing HTTP/1.1",   ""),
    ("GET /% HTTP/1.1",         ""),
];

/// A note: its level, its text.
type Note = (String, String);

/// Every note in REDbot's report, wherever it stands.
fn notes(report: &Value, found: &mut Vec<Note>) {
    match report {
        Value::Object(object) => {
            if object.contains_key("note_id") {
                let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                found.push((text("level"), text("summary")));
            }
            object.values().for_each(|value| notes(value, found));
        }
        Value::Array(array) => array.iter().for_each(|value| notes(value, found)),
        _ => {}
    }
}

/// What is said about replies to these paths: the faults, and the reasons that nothing needs.
fn judged(said: &[(&str, Vec<Note>)], standing: &[(&str, &str, &str)]) -> Vec<String> {
    let mut faults = Vec::new();
    for (path, notes) in said {
        if notes.is_empty() {
            faults.push(format!("{path}: nothing at all is said"));
        }
        let stands = |text: &str| standing.iter().any(|(at, known, _)| (at, *known) == (path, text));
        let bad = notes.iter().filter(|(level, text)| !FINE.contains(&level.as_str()) && !stands(text));
        faults.extend(bad.map(|(level, text)| format!("{path}: {level}: {text}")));
    }
    let comes =
        |path: &str, text: &str| said.iter().any(|(at, notes)| *at == path && notes.iter().any(|n| n.1 == text));
    let stale = standing.iter().filter(|(path, text, _)| !comes(path, text));
    faults.extend(stale.map(|(path, text, _)| format!("{path}: does not come any more: {text}")));
    faults
}

#[test]
fn redbot_finds_nothing() {
    let (server, _) = server("x86_64");
    let ask = |path| {
        let address = format!("http://127.0.0.1:{}{path}", server.port);
        let output = succeed(VENV.program("redbot").args(["-o", "har", &address]));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut found = Vec::new();
        notes(&report, &mut found);
        (path, found)
    };
    none(&judged(&PATHS.map(ask), &STANDING_REDBOT));
}

/// Waits until a process reads its standard input. What it imports before takes seconds on a busy machine.
fn wait_until_it_reads(pid: u32) {
    // The number and the first argument of the call that it is in: read, 0 (proc_pid_syscall(5)).
    let reads = || fs::read_to_string(format!("/proc/{pid}/syscall")).is_ok_and(|call| call.starts_with("0 0x0 "));
    let begun = Instant::now();
    while !reads() && begun.elapsed() < START_PATIENCE {
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn httplint_finds_nothing() {
    let (server, _) = server("x86_64");
    let ask = |(line, fields): (&'static str, &str)| {
        let path = line.split(' ').nth(1).expect("it has a target");
        let request = format!("{line}\r\nHost: h\r\nConnection: close\r\n{fields}\r\n");
        // It is ready before there is a `Date` for it to compare with the clock.
        let mut lint = VENV.program("httplint").arg("-n").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        wait_until_it_reads(lint.id());
        let reply = exchange(server.port, request.as_bytes());
        lint.stdin.take().expect("it is a pipe").write_all(&reply).unwrap();
        let output = lint.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let note = |line: &str| {
            let (level, text) = line.strip_prefix("* [")?.split_once("] ")?;
            Some((level.to_owned(), text.to_owned()))
        };
        (path, said.lines().filter_map(note).collect())
    };
    none(&judged(&REQUESTS.map(ask), &STANDING_HTTPLINT));
}
