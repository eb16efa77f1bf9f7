//! Many requests at once to clients that read when they like: every reply is whole and in its place, equal to what the
//! request gets alone. The kernel keeps little for a connection here, so that replies are cut anywhere.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use super::Client;
use crate::harness::http;
use crate::harness::network::in_own_network;
use crate::harness::random::Random;
use crate::harness::server::{Executable, Server, Spec};
use crate::harness::tool::Variant;
use crate::run::bodies::big_body;

/// Bytes of the bodies: around the border from which on they are sent from the file, and short ones.
const BODIES: [usize; 9] = [0, 1, 100, 2_807, 4_096, 20_000, 65_535, 65_536, 70_000];
/// Bytes that the kernel keeps for a connection: least, usual, most.
const KEPT_BYTES: [&str; 3] = ["4096 4096 4096", "4096 16384 16384", "4096 65536 262144"];

/// Readers at the same time.
const READERS: usize = 16;

/// Bodies of all lengths, half of them with variants.
fn spec() -> Spec {
    let mut text = String::new();
    for (index, bytes) in BODIES.into_iter().enumerate() {
        let compress = index % 2 == 1;
        let _ = writeln!(
            text,
            "[[route]]\npath = \"/{bytes}\"\nfile = \"{bytes}.txt\"\ncompress = {compress}\ncache = \"max-age={index}\""
        );
    }
    let spec = Spec::new(&text);
    for (index, bytes) in BODIES.into_iter().enumerate() {
        let body = &big_body()[index * 1000..][..bytes];
        // Some of it can be compressed.
        let body: Vec<u8> = body.iter().map(|byte| if index % 2 == 1 { b'a' + byte % 4 } else { *byte }).collect();
        std::fs::write(spec.path().with_file_name(format!("{bytes}.txt")), body).unwrap();
    }
    spec
}

/// What leaves the connection open: a method and fields, besides the path.
const OPEN: [(&str, &str); 17] = [
    ("GET", ""),
    ("GET", ""),
    ("HEAD", ""),
    ("GET", "Range: bytes=0-0\r\n"),
    ("GET", "Range: bytes=5-60000\r\n"),
    ("GET", "Range: bytes=-700\r\n"),
    ("GET", "Range: bytes=90000-\r\n"),
    ("GET", "Range: bytes=10-\r\nIf-Range: \"x\"\r\n"),
    ("GET", "Accept-Encoding: gzip\r\n"),
    ("GET", "Accept-Encoding: br, zstd;q=0.5\r\nRange: bytes=1-9000\r\n"),
    ("GET", "Accept-Encoding: identity;q=0, *\r\n"),
    ("GET", "If-None-Match: *\r\n"),
    ("GET", "If-Match: \"x\"\r\n"),
    ("HEAD", "If-Match: \"x\"\r\n"),
    ("OPTIONS", ""),
    ("DELETE", ""),
    ("BREW", ""),
];

/// What closes it.
const LAST: [&str; 4] = [
    "GET /70000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "GET /100 HTTP/1.0\r\n\r\n",
    "GET /100 HTTP/1.1\r\n\r\n",
    "POST /100 HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
];

/// A request, and what it gets alone.
struct Asked {
    request: Vec<u8>,
    reply: Vec<u8>,
    /// Where in it the date begins.
    date: usize,
}

const DATE: &[u8] = b"\r\nDate: ";
const DATE_BYTES: usize = 29;

impl Asked {
    fn alone(port: u16, request: Vec<u8>) -> Self {
        let mut client = Client::new(port);
        client.send(&request);
        client.stream.shutdown(Shutdown::Write).unwrap();
        let mut reply = Vec::new();
        client.stream.read_to_end(&mut reply).unwrap();
        let date = reply.windows(DATE.len()).position(|window| window == DATE).expect("a date") + DATE.len();
        Self { request, reply, date }
    }

    /// The first byte that is another one, the date's aside.
    fn differs(&self, reply: &[u8]) -> Option<usize> {
        let is_date = |at: usize| (self.date..self.date + DATE_BYTES).contains(&at);
        (0..self.reply.len()).find(|&at| reply.get(at) != Some(&self.reply[at]) && !(is_date(at) && at < reply.len()))
    }
}

/// All that is asked: what leaves the connection open, what closes it.
fn questions(port: u16) -> [Vec<Asked>; 2] {
    let mut open = Vec::new();
    for bytes in BODIES.iter().map(ToString::to_string).chain(["none".into()]) {
        for (index, (method, fields)) in OPEN.into_iter().enumerate() {
            let text = format!("{method} /{bytes} HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
            open.push(Asked::alone(port, text.into_bytes()));
            if index == 0 {
                let old = format!("{method} /{bytes} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
                open.push(Asked::alone(port, old.into_bytes()));
            }
        }
    }
    [open, LAST.map(|text| Asked::alone(port, text.as_bytes().to_vec())).into()]
}

/// A reader: the first pause, and how it goes on.
#[derive(Clone, Copy, Debug)]
struct Manner {
    first: Duration,
    /// Most bytes of one receive, and how many receives there are between two pauses.
    bytes: usize,
    receives: usize,
    /// Bytes of one send, and whether each waits a little.
    sent: usize,
    kept: i32,
}

/// Sends all of these at once, reads in this manner, and tells what is wrong with the replies.
fn fault_of(port: u16, asked: &[&Asked], manner: Manner, what: &str) -> Option<String> {
    let mut stream = http::connect(port);
    rustix::net::sockopt::set_socket_recv_buffer_size(&stream, manner.kept as usize).unwrap();
    let requests: Vec<u8> = asked.iter().flat_map(|asked| asked.request.iter().copied()).collect();
    let mut sender = stream.try_clone().unwrap();
    let received = std::thread::scope(|scope| {
        scope.spawn(move || {
            for piece in requests.chunks(manner.sent) {
                // Behind the last reply the server may be gone.
                if sender.write_all(piece).is_err() {
                    return;
                }
            }
            let _ = sender.shutdown(Shutdown::Write);
        });
        std::thread::sleep(manner.first);
        let (mut received, mut piece) = (Vec::new(), vec![0; manner.bytes]);
        for count in 1.. {
            match http::receive(&mut stream, &mut piece) {
                Ok(0) => return Ok(received),
                Ok(read) => received.extend_from_slice(&piece[..read]),
                Err(error) => return Err((received, error)),
            }
            if count % manner.receives == 0 {
                std::thread::sleep(Duration::from_micros(500));
            }
        }
        unreachable!("it reads to the end")
    });
    let (received, end) = match received {
        Ok(received) => (received, "end of the stream".to_owned()),
        Err((received, error)) => (received, error.to_string()),
    };
    let mut at = 0;
    for (index, asked) in asked.iter().enumerate() {
        let reply = &received[at.min(received.len())..];
        if let Some(byte) = asked.differs(reply) {
            let shown = http::shown(&reply[byte.saturating_sub(20).min(reply.len())..]);
            let request = http::shown(&asked.request);
            return Some(format!(
                "{what} {manner:?}: reply {index} to {request:?} differs in byte {byte} of {} (byte {} of {} received, \
                 then {end}), from 20 bytes before: {shown:?}",
                asked.reply.len(),
                at + byte,
                received.len()
            ));
        }
        at += asked.reply.len();
    }
    (received.len() != at).then(|| format!("{what} {manner:?}: {} bytes too many", received.len() - at))
}

/// Runs this for every machine, where the kernel keeps little, and fails with what it finds.
fn check(target: &str, work: impl Fn(u16, &[Vec<Asked>; 2]) -> Vec<String> + Sync) {
    let spec = spec();
    let path = spec.path();
    let variant = Variant { target, ..Variant::native(&path) };
    let built = Executable::build(variant, 8080);
    // Emulators take their time.
    let all = if target == "x86_64" { &KEPT_BYTES[..] } else { &KEPT_BYTES[..1] };
    for kept in all {
        let faults = in_own_network(|| {
            let mut server = Server::run(variant, &built.file(), built.port);
            let questions = questions(server.port);
            // Sockets of connections have what held when the listener began to listen.
            std::fs::write("/proc/sys/net/ipv4/tcp_wmem", kept).unwrap();
            drop(server.end(rustix::process::Signal::TERM));
            let server = Server::run(variant, &built.file(), built.port);
            work(server.port, &questions)
        });
        assert!(faults.is_empty(), "{target}, {kept}: {} faults, the first is\n{}", faults.len(), faults[0]);
    }
}

fn random_batches(target: &str, rounds: u32) {
    check(target, |port, [open, last]| {
        let round = &|seed: u32| {
            let mut random = Random::new(seed.into());
            let count = 1 + random.below(if seed.is_multiple_of(4) { 60 } else { 8 });
            let mut asked: Vec<&Asked> = (0..count).map(|_| &open[random.below(open.len())]).collect();
            if random.below(2) == 0 {
                asked.push(&last[random.below(last.len())]);
            }
            let manner = Manner {
                first: Duration::from_millis(random.below(20) as u64),
                bytes: [1_000, 7_000, 65_536][random.below(3)],
                receives: 1 + random.below(20),
                sent: [50, 300, 4_000, 1 << 20][random.below(4)],
                kept: [2_304, 16_384, 131_072][random.below(3)],
            };
            fault_of(port, &asked, manner, &format!("seed {seed}"))
        };
        let seeds = &|first: u32| (first..=rounds).step_by(READERS).filter_map(round).collect::<Vec<_>>();
        // Readers mostly rest, so several take turns with the seeds.
        std::thread::scope(|scope| {
            let readers: Vec<_> = (1..=READERS as u32).map(|first| scope.spawn(move || seeds(first))).collect();
            readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect()
        })
    });
}

#[test]
fn random_batches_x86_64() {
    random_batches("x86_64", 64);
}

#[test]
fn random_batches_aarch64() {
    random_batches("aarch64", 20);
}

#[test]
fn random_batches_i386() {
    random_batches("i386", 40);
}

/// A thousand requests to a reader that stops for a second, and then reads everything.
#[test]
fn a_thousand_requests_to_a_reader_that_stops() {
    check("x86_64", |port, [open, _]| {
        let mut random = Random::new(7);
        let short: Vec<&Asked> = open.iter().filter(|asked| asked.reply.len() < 5_000).collect();
        let batches = [
            (0..1000).map(|_| short[random.below(short.len())]).collect::<Vec<_>>(),
            (0..1000).map(|_| &open[random.below(open.len())]).collect(),
        ];
        let manner =
            Manner { first: Duration::from_secs(1), bytes: 65_536, receives: usize::MAX, sent: 1 << 20, kept: 16_384 };
        batches.iter().filter_map(|batch| fault_of(port, batch, manner, "a thousand")).collect()
    });
}

/// Several at once: what is kept for one is not another's.
#[test]
fn many_readers_at_once() {
    check("x86_64", |port, [open, last]| {
        let run = |seed: u32| {
            let mut random = Random::new(seed.into());
            let mut asked: Vec<&Asked> = (0..15).map(|_| &open[random.below(open.len())]).collect();
            asked.push(&last[random.below(last.len())]);
            let manner = Manner {
                first: Duration::from_millis(random.below(300) as u64),
                bytes: 4_000,
                receives: 1 + random.below(10),
                sent: 700,
                kept: 4_096,
            };
            fault_of(port, &asked, manner, &format!("reader {seed}"))
        };
        std::thread::scope(|scope| {
            let readers: Vec<_> = (1..=24).map(|seed| scope.spawn(move || run(seed))).collect();
            readers.into_iter().filter_map(|reader| reader.join().unwrap()).collect()
        })
    });
}
