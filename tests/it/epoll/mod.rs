//! The epoll engine, running: what docs/http.md does not say of single requests. Connections, processes, limits, ends.

mod batches;
mod bodies;
mod connections;
mod dates;
mod environment;
mod headers;
mod healthcheck;
mod limits;
mod lines;
mod log;
mod many_routes;
mod memory;
mod metrics;
mod passed;
mod recipes;
mod redirects;
mod sandbox;
mod starting;
mod stop;
mod timeouts;
mod workers;

use std::io::Write;
use std::net::TcpStream;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::client::{self, Fault};
use crate::harness::http;
use crate::harness::process::descriptors;
use crate::harness::server::{Server, Spec};
use crate::harness::tool::Variant;

/// Scheduling on a busy machine.
const SLACK: Duration = Duration::from_millis(800);
/// Timers of the engine go in whole seconds, and a second that has begun counts as none.
const TICK: Duration = Duration::from_secs(1);
/// Behind so much time, another second counts.
const TICKS: Duration = Duration::from_secs(2);
/// When within a second something begins. A server's clock begins with it: at once, the wait is the longest that there
/// is.
const PHASES: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(250), Duration::from_millis(500), Duration::from_millis(750)];

/// What began then has ended after so many seconds: not before them, and not behind the tick that comes next.
fn took(start: Instant, seconds: u64) {
    let (took, seconds) = (start.elapsed(), Duration::from_secs(seconds));
    assert!(took >= seconds.saturating_sub(SLACK / 8), "only {took:?} of {seconds:?}");
    assert!(took <= seconds + TICK + SLACK, "{took:?} in place of {seconds:?}");
}

/// Does it once for each phase, at the same time.
fn at_every_phase(work: impl Fn() + Sync) {
    let work = &work;
    thread::scope(|scope| {
        for phase in PHASES {
            scope.spawn(move || {
                thread::sleep(phase);
                work();
            });
        }
    });
}

/// Two short routes.
const ROUTES: &str = "[[route]]\npath = \"/\"\ntype = \"text/plain\"\nbody = \"Hello\"\n\
                      [[route]]\npath = \"/health\"\ntype = \"text/plain\"\nbody = \"OK\"\n";
/// A request for [`ROUTES`] after which the connection stays.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// A request of which the end is missing.
const PART: &[u8] = b"GET / HTTP/1.1\r\nHost: loc";

/// The spec of a server with these keys and [`ROUTES`].
fn spec(keys: &str) -> Spec {
    Spec::new(&format!("[server]\n{keys}\n{ROUTES}"))
}

/// It, running on this machine.
fn server(keys: &str) -> Server {
    server_under(&[], keys)
}

fn server_under(wrapper: &[&str], keys: &str) -> Server {
    Server::start_under(wrapper, Variant::native(&spec(keys).path()))
}

/// System calls of a server, one a line, as strace writes them.
struct Trace {
    folder: tempfile::TempDir,
}

impl Trace {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("trace")
    }

    /// A server of this spec under strace, which writes the calls of this set, and has more arguments.
    fn start(&self, calls: &str, more: &[&str], spec: &Spec) -> Server {
        let (file, calls) = (self.file().display().to_string(), format!("trace={calls}"));
        let strace = ["strace", "-D", "-qqq", "-e", &calls, "-e", "signal=none", "-o", &file];
        Server::start_under(&[&strace, more].concat(), Variant::native(&spec.path()))
    }

    /// The calls of this name so far.
    fn calls(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.file()).unwrap();
        text.lines().filter(|line| line.starts_with(&format!("{name}("))).map(str::to_owned).collect()
    }
}

/// A connection that reads replies one by one.
struct Client(client::Client);

impl Deref for Client {
    type Target = client::Client;

    fn deref(&self) -> &client::Client {
        &self.0
    }
}

impl DerefMut for Client {
    fn deref_mut(&mut self) -> &mut client::Client {
        &mut self.0
    }
}

/// A reply without its frame.
struct Reply {
    /// Status line and fields, without the empty line.
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn status(&self) -> &str {
        self.head.get(9..12).unwrap_or_default()
    }

    /// The value of a field.
    fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Client {
    fn new(port: u16) -> Self {
        Self::on(http::connect(port))
    }

    fn on(stream: TcpStream) -> Self {
        Self(client::Client::on(stream))
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// The next reply; it is to a HEAD if so said. Nothing at the end of the stream.
    fn reply_to(&mut self, is_head: bool) -> Option<Reply> {
        let bytes = match self.head_bytes() {
            Ok(bytes) => bytes,
            Err(Fault::Closed(why)) if why == client::END => return None,
            Err(fault) => panic!("{fault:?}"),
        };
        let head = String::from_utf8(self.take(bytes)).unwrap();
        let mut reply = Reply { head: head.trim_end().to_owned(), body: Vec::new() };
        let length = reply.field("Content-Length").filter(|_| !is_head).map_or(0, |length| length.parse().unwrap());
        while self.ahead().len() < length {
            self.more().unwrap_or_else(|fault| panic!("{fault:?} of {length} bytes behind {}", reply.head));
        }
        reply.body = self.take(length);
        Some(reply)
    }

    fn reply(&mut self) -> Reply {
        self.reply_to(false).expect("a reply")
    }

    /// Sends a request and returns its reply.
    fn ask(&mut self, request: &[u8]) -> Reply {
        self.send(request);
        self.reply()
    }

    /// Asks for `/`, which is answered.
    fn hello(&mut self) -> Reply {
        let reply = self.ask(REQUEST);
        assert_eq!((reply.status(), reply.body.as_slice()), ("200", b"Hello".as_slice()), "{}", reply.head);
        reply
    }

    /// The server ends the stream without a further byte, and without a reset.
    fn ends(&mut self) {
        let mut byte = [0];
        let read = http::receive(&mut self.stream, &mut byte).unwrap_or_else(|error| panic!("receive: {error}"));
        assert_eq!((read, self.ahead()), (0, [].as_slice()), "more comes");
    }
}

/// All of them ask for `/`.
fn hello_to<'c>(clients: impl IntoIterator<Item = &'c mut Client>) {
    for client in clients {
        client.hello();
    }
}
