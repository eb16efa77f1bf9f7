//! Figures for Prometheus: every counter is moved and read, and Prometheus' own tools read them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use super::{Client, SLACK, TICKS};

use crate::harness::http;
use crate::harness::server::{Server, Spec};
use crate::harness::tool::{Variant, tool};
use crate::harness::venv::Venv;
use crate::harness::wait_until;

const VENV: Venv = Venv {
    folder: "venv-metrics",
    requirements: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/metrics/requirements.txt"),
};
/// Families and samples, as JSON, of the figures at standard input.
const PARSE: &str = "import json, sys
from prometheus_client.parser import text_string_to_metric_families as families
samples = lambda family: [[s.name, s.labels, s.value] for s in family.samples]
print(json.dumps([[f.name, f.type, samples(f)] for f in families(sys.stdin.read())]))";
/// A sample as [`PARSE`] says it: name, labels, value.
type Sample = (String, BTreeMap<String, String>, f64);
/// Bytes of `/large`: a hundred of them and a little are more than nine digits can say.
const LARGE_BYTES: u64 = 10_000_000;

/// A server with replies of every class.
fn serve(keys: &str) -> Server {
    let spec = Spec::new(&format!(
        "[server]\nmetrics = \"/metrics\"\n{keys}\n{}\
         [[route]]\npath = \"/away\"\nstatus = 302\nlocation = \"/\"\n\
         [[route]]\npath = \"/broken\"\nstatus = 503\ntype = \"text/plain\"\nbody = \"Broken\"\n\
         [[route]]\npath = \"/large\"\nfile = \"large.bin\"\n",
        super::ROUTES
    ));
    fs::write(spec.path().with_file_name("large.bin"), vec![b'.'; LARGE_BYTES as usize]).unwrap();
    Server::start(Variant::native(&spec.path()))
}

/// The figures as they come, without their head.
fn text(client: &mut Client) -> String {
    String::from_utf8(client.ask(&get("/metrics")).body).unwrap()
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

/// The figures by their names, without the prefix.
fn figures(client: &mut Client) -> BTreeMap<String, u64> {
    let text = text(client);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let figure = |line: &str| {
        let (name, value) = line.strip_prefix("asmgen_http_")?.split_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    lines.map(|line| figure(line).unwrap_or_else(|| panic!("{line:?} in {text}"))).collect()
}

/// What has changed, and by how much; a gauge may have become less.
fn changes(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> Vec<(String, i64)> {
    assert!(before.keys().eq(after.keys()), "{before:?} {after:?}");
    let change = |name: &String| after[name].cast_signed() - before[name].cast_signed();
    before.keys().map(|name| (name.clone(), change(name))).filter(|(_, change)| *change != 0).collect()
}

/// What one request changes besides what asking for the figures does.
fn changes_of(client: &mut Client, request: &[u8]) -> Vec<(String, i64)> {
    let own = text(client).len() as i64;
    let before = figures(client);
    client.ask(request);
    let after = figures(client);
    let mut changes: BTreeMap<String, i64> = changes(&before, &after).into_iter().collect();
    *changes.entry("content_bytes_total".to_owned()).or_default() -= own;
    *changes.entry("replies_total{code=\"2xx\"}".to_owned()).or_default() -= 1;
    changes.into_iter().filter(|(_, change)| *change != 0).collect()
}

#[test]
fn replies_count_by_their_class() {
    let server = serve("");
    let client = &mut Client::new(server.port);
    let class = |class: &str, bytes: i64| {
        let mut changes = vec![(format!("replies_total{{code=\"{class}xx\"}}"), 1)];
        changes.extend((bytes > 0).then(|| ("content_bytes_total".to_owned(), bytes)));
        changes.sort();
        changes
    };
    assert_eq!(changes_of(client, &get("/")), class("2", 5));
    assert_eq!(changes_of(client, b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"), class("2", 0));
    assert_eq!(changes_of(client, &get("/away")), class("3", 2));
    let known = b"GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: *\r\n\r\n";
    assert_eq!(changes_of(client, known), class("3", 0));
    assert_eq!(changes_of(client, &get("/nowhere")), class("4", 9));
    assert_eq!(changes_of(client, &get("/broken")), class("5", 6));
}

#[test]
fn connections_count() {
    let server = serve("");
    let client = &mut Client::new(server.port);
    let before = figures(client);
    assert_eq!((before["connections_total"], before["open_connections"]), (1, 1));
    let mut others: Vec<Client> = (0..7).map(|_| Client::new(server.port)).collect();
    super::hello_to(&mut others);
    let during = figures(client);
    assert_eq!((during["connections_total"], during["open_connections"]), (8, 8));
    drop(others);
    wait_until("they are gone", || figures(client)["open_connections"] == 1);
    assert_eq!(figures(client)["connections_total"], 8);
}

/// More than nine digits are counted in two numbers, and written as one.
#[test]
fn a_billion_bytes_and_more() {
    const TIMES: u64 = 101;
    let server = serve("");
    let client = &mut Client::new(server.port);
    let own = text(client).len() as u64;
    let mut stream = http::connect(server.port);
    stream.write_all(&get("/large").repeat(TIMES as usize)).unwrap();
    let (mut piece, mut received) = (vec![0; 1 << 20], 0);
    // The head of each is less than a kilobyte.
    while received < TIMES * LARGE_BYTES {
        let read = http::receive(&mut stream, &mut piece).unwrap();
        assert!(read > 0, "{received} bytes");
        received += read as u64;
    }
    assert_eq!(figures(client)["content_bytes_total"], own + TIMES * LARGE_BYTES);
}

#[test]
fn limits_count() {
    let server = serve("connections = 16\npartial_requests = 2\nheader_timeout = 2");
    let client = &mut Client::new(server.port);
    let before = figures(client);
    // Half-received: two are held, the others are given up for them.
    let mut halves: Vec<Client> = (0..5).map(|_| Client::new(server.port)).collect();
    for half in &mut halves {
        half.send(super::PART);
        std::thread::sleep(SLACK / 16);
    }
    let name = |limit: &str| format!("limits_total{{limit=\"{limit}\"}}");
    assert_eq!(figures(client)[&name("partial_requests")] - before[&name("partial_requests")], 3);
    // The two that are held have had their time.
    std::thread::sleep(std::time::Duration::from_secs(2) + TICKS);
    assert_eq!(figures(client)[&name("header_timeout")] - before[&name("header_timeout")], 2);
    drop(halves);
    wait_until("they are gone", || figures(client)["open_connections"] == 1);
    // Idle ones make room: by the second, so the newest come later.
    let mut idle: Vec<Client> = (0..15).map(|_| Client::new(server.port)).collect();
    super::hello_to(&mut idle);
    std::thread::sleep(TICKS);
    let mut newest: Vec<Client> = (0..3).map(|_| Client::new(server.port)).collect();
    super::hello_to(&mut newest);
    let after = figures(&mut newest[0]);
    assert_eq!(after[&name("connections")] - before[&name("connections")], 3);
    assert_eq!(after[&name("memory")], 0);
}

fn fed(mut command: Command, text: &str) -> Vec<u8> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().expect("it is a pipe").write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    assert!(output.status.success() && output.stderr.is_empty(), "{command:?}: {said}\n{text}");
    output.stdout
}

/// promtool finds nothing to complain of, and the parser of Prometheus' client reads what was written: each family
/// once, with its type.
#[test]
fn prometheus_reads_them() {
    let server = serve("");
    let client = &mut Client::new(server.port);
    client.ask(&get("/broken"));
    let reply = client.ask(&get("/metrics"));
    assert_eq!(reply.field("Content-Type"), Some("text/plain; version=0.0.4"));
    let text = String::from_utf8(reply.body).unwrap();
    let mut promtool = tool("promtool");
    promtool.args(["check", "metrics"]);
    assert_eq!(String::from_utf8(fed(promtool, &text)).unwrap(), "");
    let mut python = VENV.program("python");
    python.args(["-c", PARSE]);
    let parsed: Vec<(String, String, Vec<Sample>)> = serde_json::from_slice(&fed(python, &text)).unwrap();
    let families: Vec<(&str, &str, usize)> =
        parsed.iter().map(|(name, kind, samples)| (name.as_str(), kind.as_str(), samples.len())).collect();
    let expected = [
        ("asmgen_http_replies", "counter", 4),
        ("asmgen_http_content_bytes", "counter", 1),
        ("asmgen_http_connections", "counter", 1),
        ("asmgen_http_open_connections", "gauge", 1),
        ("asmgen_http_limits", "counter", 4),
    ];
    assert_eq!(families, expected);
    let samples = parsed.iter().flat_map(|(_, _, samples)| samples);
    let broken = samples.clone().find(|(_, labels, _)| labels.get("code").is_some_and(|code| code == "5xx"));
    assert_eq!(broken.map(|(_, _, value)| *value), Some(1.0));
}
