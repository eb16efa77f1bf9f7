//! What servers have to answer in the virtual machines: the answers of the site's plain build on this machine, with
//! placeholders about the executable filled in by hand. (That those are the right replies is what `run` tests.)

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use asmgen::spec::Engine;
use rustix::process::Signal;

use super::tasks::Program;
use crate::harness::http::read_all;
use crate::harness::network::in_own_network;
use crate::harness::process::Process;
use crate::harness::tool::{Variant, root};
use crate::harness::{PATIENCE, wait_until};

/// What every server is asked; each connection ends with its reply.
pub(super) const REQUESTS: [&str; 5] = [
    "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "HEAD /?query HTTP/1.1\r\nHost: localhost\r\nUser-Agent: it/1\r\nConnection: close\r\n\r\n",
    "GET /missing HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
];

/// What a server did.
#[derive(Clone)]
pub(super) struct Answers {
    /// One reply for each of [`REQUESTS`].
    pub(super) replies: Vec<Vec<u8>>,
    /// How it ended on SIGTERM, as tests/kernels/init.c says it: by exit code 0, or by the signal if it has no handler.
    pub(super) end: String,
    /// Everything it wrote to standard output.
    pub(super) output: Vec<u8>,
}

/// The answers of sites, each asked once.
#[derive(Default)]
pub(super) struct Known(HashMap<Vec<String>, Answers>);

impl Known {
    /// What this build of an example has to answer.
    pub(super) fn answers(&mut self, program: &Program) -> Answers {
        let engine = program.engine.map(Engine::name);
        let site = site(program);
        let texts = site.iter().map(|(_, text)| text.clone());
        let key = [program.example, engine.unwrap_or_default()].map(str::to_owned).into_iter().chain(texts).collect();
        self.0.entry(key).or_insert_with(|| ask_here(program, engine, &site)).clone()
    }
}

/// The files of an example, its spec first, with the facts that are true of this very executable.
fn site(program: &Program) -> Vec<(String, String)> {
    let size = program.image.bytes.len();
    let tenths = (size * 10 + 512) / 1024;
    let kib = format!("{}.{}", tenths / 10, tenths % 10);
    let facts = [
        ("{{binary_size}}", size.to_string()),
        ("{{image_size}}", size.to_string()),
        ("{{binary_kib}}", kib.clone()),
        ("{{image_kib}}", kib),
        ("{{target}}", program.image.target.name.to_owned()),
    ];
    let filled = |name: &str| {
        let text = std::fs::read_to_string(root().join("examples").join(name)).unwrap();
        let text = facts.iter().fold(text, |text, (placeholder, value)| text.replace(placeholder, value));
        (name.to_owned(), text)
    };
    let spec = filled(&format!("{}.toml", program.example));
    let is_named = |name: &String| spec.1.contains(&format!("\"{name}\""));
    let folder = std::fs::read_dir(root().join("examples")).unwrap();
    let mut names: Vec<String> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let files: Vec<_> = names.into_iter().filter(is_named).map(|name| filled(&name)).collect();
    [spec].into_iter().chain(files).collect()
}

/// Builds the site for this machine in the default layout, and asks it.
fn ask_here(program: &Program, engine: Option<&str>, site: &[(String, String)]) -> Answers {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in site {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let (spec, file) = (folder.path().join(&site[0].0), folder.path().join("server"));
    Variant { engine, ..Variant::native(&spec) }.build(None, &file);
    let answers = in_own_network(|| answers_of(&mut Command::new(&file), program.port()));
    assert!(engine.is_none() || answers.end == "exit 0", "{}: {}", program.name(), answers.end);
    answers
}

/// Starts a server, asks it, ends it.
pub(super) fn answers_of(command: &mut Command, port: u16) -> Answers {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut process = Process::spawn(command);
    let replies = REQUESTS.map(|request| exchange(&mut process, port, request)).to_vec();
    let (status, _) = process.end(Signal::TERM);
    let signal = || status.signal().expect("no exit code, so a signal");
    let end = status.code().map_or_else(|| format!("signal {}", signal()), |code| format!("exit {code}"));
    let mut output = Vec::new();
    process.child().stdout.as_mut().expect("it is a pipe").read_to_end(&mut output).unwrap();
    Answers { replies, end, output }
}

/// Sends a request to a server that may still be starting, over IPv4 or else IPv6.
fn exchange(process: &mut Process, port: u16, request: &str) -> Vec<u8> {
    let addresses: [SocketAddr; 2] = [(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()];
    let mut stream = None;
    wait_until("the server listens", || {
        assert!(process.is_running(), "the server has ended");
        stream = addresses.iter().find_map(|address| TcpStream::connect(address).ok());
        stream.is_some()
    });
    let mut stream = stream.expect("it is connected");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    read_all(&mut stream).unwrap_or_else(|error| panic!("{request:?}: {error}"))
}

/// A reply with stars for its date, which is as long as any (RFC 9110 §5.6.7, IMF-fixdate).
pub(super) fn without_date(reply: &[u8]) -> Vec<u8> {
    const FIELD: &[u8] = b"\r\nDate: ";
    const VALUE_BYTES: usize = "Sun, 06 Nov 1994 08:49:37 GMT".len();
    let mut reply = reply.to_vec();
    let Some(at) = reply.windows(FIELD.len()).position(|window| window == FIELD) else { return reply };
    let value = at + FIELD.len()..at + FIELD.len() + VALUE_BYTES;
    if reply.get(value.end..).is_some_and(|rest| rest.starts_with(b"\r\n")) {
        reply[value].fill(b'*');
    }
    reply
}
