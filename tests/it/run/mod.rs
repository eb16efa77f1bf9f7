//! Every example for every target in every layout: built by the command line, verified, executed by this machine and by
//! qemu-user, and asked. Replies are compared with what they have to be, byte for byte, and so with each other.

pub(crate) mod bodies;
mod inherited;
mod listening;
mod log;
mod paths;
mod pause;

use std::cell::RefCell;
use std::path::Path;

use rustix::process::Signal;

use crate::harness::http::{self, Expected};
use crate::harness::server::{Executable, Server};
use crate::harness::tool::{Variant, asmgen, emulated_variants, example, root, succeed, variants};
use crate::harness::{ENGINES, none, tool};

/// What a path gets.
type Reply<'e> = (&'e str, Expected);

/// Runs a check for every target and layout of an example.
fn check_all(name: &str, check: impl Fn(Variant) -> Vec<String>) {
    let spec = example(name);
    check_each(variants(&spec).chain(emulated_variants(&spec)), check);
}

fn check_each<'v>(variants: impl Iterator<Item = Variant<'v>>, check: impl Fn(Variant) -> Vec<String>) {
    let faults = variants.flat_map(|variant| {
        let found = check(variant);
        found.into_iter().map(move |fault| format!("{variant}: {fault}"))
    });
    none(&faults.collect::<Vec<_>>());
}

/// `asmgen verify` takes a file as one of this layout.
fn verify(file: &Path, elf: &str) {
    succeed(asmgen().arg("verify").arg(file).args(["--elf", elf]));
}

#[test]
fn hello() {
    check_all("hello", |variant| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hello");
        variant.build(None, &file);
        verify(&file, variant.elf);
        let output = succeed(&mut variant.run(&file));
        http::differs("stdout", &output.stdout, b"Hello, world!\n").into_iter().collect()
    });
}

/// A text longer than a pipe takes at once is written whole.
#[test]
fn hello_with_a_long_text() {
    let text = "0123456789abcdef".repeat(16 * 1024);
    let spec = crate::harness::server::Spec::new(&format!("program = \"hello\"\ntext = \"{text}\""));
    for variant in variants(&spec.path()) {
        let file = spec.path().with_file_name("hello");
        variant.build(None, &file);
        let output = succeed(&mut variant.run(&file));
        assert!(output.stdout == text.as_bytes(), "{variant}: {} bytes written", output.stdout.len());
    }
}

#[test]
fn greeting() {
    let reply = || Expected::ok("text/plain", "Hello, world!\n");
    check_server("greeting", |_| vec![("/", reply()), ("/any/path", reply()), ("/health", reply())]);
}

#[test]
fn routes() {
    let spec: toml::Table = std::fs::read_to_string(example("routes")).unwrap().parse().unwrap();
    let health = spec["route"][1]["body"].as_str().expect("the second route is /health").to_owned();
    let json: serde_json::Value = serde_json::from_str(&health).unwrap();
    assert_eq!(json["status"], "ok", "{health}");
    check_server("routes", |_| {
        vec![
            ("/", Expected::ok("text/plain", "Hello\n")),
            ("/health", Expected::ok("application/json", health.clone())),
            ("/healt", Expected::not_found()),
            ("/healthy", Expected::not_found()),
            ("/health/", Expected::not_found()),
            ("/HEALTH", Expected::not_found()),
            ("//", Expected::not_found()),
        ]
    });
}

#[test]
fn page() {
    check_server("page", |built| {
        vec![
            ("/", Expected::ok("text/html; charset=utf-8", built.page())),
            ("/health", Expected::ok("text/plain", "OK")),
            ("/missing", Expected::not_found()),
        ]
    });
}

#[test]
fn file() {
    let notes = std::fs::read(root().join("examples/notes.txt")).unwrap();
    let reply = || Expected::ok("text/plain; charset=utf-8", notes.clone());
    check_server("file", |_| vec![("/", reply()), ("/notes.txt", reply()), ("/notes.tx", Expected::not_found())]);
}

/// A build and the file that came out.
struct Built<'b> {
    variant: Variant<'b>,
    file: &'b Path,
}

impl Built<'_> {
    /// The page of `examples/page.toml` with what is true of this very file.
    fn page(&self) -> String {
        let size = std::fs::metadata(self.file).unwrap().len();
        let tenths = (size * 10 + 512) / 1024;
        let kib = format!("{}.{}", tenths / 10, tenths % 10);
        let spec: toml::Table = std::fs::read_to_string(self.variant.spec).unwrap().parse().unwrap();
        let about = |key: &str| spec[key].as_str().unwrap().to_owned();
        let facts = [
            ("binary_size", size.to_string()),
            ("image_size", size.to_string()),
            ("binary_kib", kib.clone()),
            ("image_kib", kib),
            ("title", about("title")),
            ("description", about("description")),
            ("repository", about("repository")),
            ("target", self.variant.target.to_owned()),
            ("generator_version", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        let page = std::fs::read_to_string(tool::root().join("examples/page.html")).unwrap();
        let filled = facts.iter().fold(page, |page, (name, value)| page.replace(&format!("{{{{{name}}}}}"), value));
        assert!(!filled.contains("{{"), "a placeholder is unknown to this test:\n{filled}");
        filled
    }
}

/// Replies as they came, to compare those of one build with those of another.
type Transcript = Vec<(String, Vec<u8>)>;

/// Checks a server with every engine in every variant, and that all variants of an engine send the same bytes.
fn check_server<'e>(name: &str, replies: impl Fn(&Built) -> Vec<Reply<'e>>) {
    for engine in ENGINES {
        check_engine(name, engine, &replies);
    }
}

fn check_engine<'e>(name: &str, engine: &str, replies: impl Fn(&Built) -> Vec<Reply<'e>>) {
    let first = RefCell::new(Transcript::new());
    let spec = example(name);
    let all = variants(&spec).chain(emulated_variants(&spec));
    check_each(all.map(|variant| variant.on(engine)), |variant| {
        let (transcript, mut faults) = check_variant(name, variant, &replies);
        let mut first = first.borrow_mut();
        if first.is_empty() {
            first.clone_from(&transcript);
        }
        for ((what, reply), (_, before)) in transcript.iter().zip(first.iter()) {
            faults.extend(http::differs(&format!("{what} of the first variant and this one"), reply, before));
        }
        faults
    });
}

/// Starts one variant, asks for every path, ends it.
fn check_variant<'e>(
    name: &str,
    variant: Variant,
    replies: impl Fn(&Built) -> Vec<Reply<'e>>,
) -> (Transcript, Vec<String>) {
    let mut server = Server::start(variant);
    let file = server.file();
    verify(&file, variant.elf);
    let (mut transcript, mut faults) = (Vec::new(), Vec::new());
    let start_line = format!("{name} listening on port {}\n", server.port);
    faults.extend(http::differs("start line", server.start_line.as_bytes(), start_line.as_bytes()));
    for (path, expected) in replies(&Built { variant, file: &file }) {
        faults.extend(check_path(server.port, path, &expected, &mut transcript));
    }
    faults.extend(server.end(Signal::TERM));
    faults.extend(http::differs("more output", server.rest_of_stdout().as_bytes(), b""));
    faults.extend(http::differs("stderr", server.stderr().as_bytes(), b""));
    faults.extend(Server::start(variant).end(Signal::INT));
    if name == "page" {
        // It tells its own size and target: what was checked against the file cannot be the same in another.
        for (_, reply) in &mut transcript {
            *reply = without_own_facts(reply);
        }
    }
    (transcript, faults)
}

/// The head of a reply with a number sign for each digit and without its entity tag: its fields and their order.
fn without_own_facts(reply: &[u8]) -> Vec<u8> {
    let (head, _) = http::split(reply);
    let head = without(b"ETag: \"", head);
    head.iter().map(|byte| if byte.is_ascii_digit() { b'#' } else { *byte }).collect()
}

/// A reply without the value of a field that begins so, if it has that.
fn without(field: &[u8], reply: &[u8]) -> Vec<u8> {
    let Some(at) = reply.windows(field.len()).position(|window| window == field) else { return reply.to_vec() };
    let value = at + field.len();
    let end = reply[value..].iter().position(|byte| *byte == b'\r').map_or(reply.len(), |len| value + len);
    [&reply[..value], &reply[end..]].concat()
}

/// GET, HEAD, with a query, and in the shortest form there is.
fn check_path(port: u16, path: &str, expected: &Expected, transcript: &mut Transcript) -> Vec<String> {
    let with_query = format!("{path}?query=/health");
    let shortest = format!("GET {path} HTTP/1.0\r\n\r\n");
    let asked = [
        ("GET", http::get(port, path)),
        ("GET with a query", http::get(port, &with_query)),
        ("shortest GET", http::exchange(port, shortest.as_bytes())),
        ("HEAD", http::head(port, path)),
        ("HEAD with a query", http::head(port, &with_query)),
    ];
    let mut faults = Vec::new();
    for (what, reply) in asked {
        let head_only = what.starts_with("HEAD");
        faults.extend(expected.fault_of(&format!("{what} {path}"), &reply, head_only));
        transcript.push((format!("{what} {path}"), without(b"Date: ", &reply)));
    }
    let [get, .., head, _] = &transcript[transcript.len() - 5..] else { unreachable!("five were asked") };
    let (of_get, of_head) = (http::split(&get.1).0, http::split(&head.1).0);
    faults.extend(http::differs(&format!("head of HEAD {path} and of GET"), of_head, of_get));
    faults
}

/// The program of a build that is started in another way than by itself.
fn native_executable(name: &str, engine: &str, port: u16) -> Executable {
    Executable::build(Variant::native(&example(name)).on(engine), port)
}
