//! The epoll engine when things go wrong: failing system calls, no descriptors left, clients that vanish or stop, a
//! server that is stopped and continued. In every case no reply is lost or wrong, no descriptor stays open, no time is
//! burnt, and all others are served.

mod client;
mod clock;
mod cuts;
mod descriptors;
mod injected;
mod loss;
mod pool;
mod readers;
mod resets;
mod short_counts;
mod slowhttptest;
mod start;
mod stopped;

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use self::client::Client;
use crate::harness::process::{Process, cpu_time, descriptors};
use crate::harness::server::{Server, Spec, free_port, is_taken};
use crate::harness::tool::{Variant, tool};
use crate::harness::wait_until;
use crate::run::bodies::big_body;

/// Bytes of `/long`, which leaves by `sendfile`, and of `/medium`, which does not.
const LONG_BYTES: usize = 300_000;
const MEDIUM_BYTES: usize = 50_000;
/// Time on the processor that a server without work may need in a second.
const IDLE_CPU: Duration = Duration::from_millis(50);

/// `/` of a few bytes, `/medium`, `/long`, and `/big` of 10 MB.
fn spec(settings: &str) -> Spec {
    let spec = Spec::new(&format!(
        "[server]\nengine = \"epoll\"\nlisten = \"127.0.0.1:8080\"\n{settings}\n\
         [[route]]\npath = \"/\"\ntype = \"text/plain\"\nbody = \"Hello, world!\"\n\
         [[route]]\npath = \"/medium\"\nfile = \"medium.bin\"\n\
         [[route]]\npath = \"/long\"\nfile = \"long.bin\"\n\
         [[route]]\npath = \"/big\"\nfile = \"big.bin\"\n"
    ));
    for (name, bytes) in [("medium.bin", MEDIUM_BYTES), ("long.bin", LONG_BYTES), ("big.bin", big_body().len())] {
        std::fs::write(spec.path().with_file_name(name), &big_body()[..bytes]).unwrap();
    }
    spec
}

/// What a path has to be answered with.
fn body_of(path: &str) -> &'static [u8] {
    match path {
        "/" => b"Hello, world!",
        "/medium" => &big_body()[..MEDIUM_BYTES],
        "/long" => &big_body()[..LONG_BYTES],
        "/big" => big_body(),
        _ => b"Not Found",
    }
}

/// A finished server that takes its port from `PORT`.
struct Built {
    spec: Spec,
    file: PathBuf,
}

impl Built {
    fn new(settings: &str) -> Self {
        let spec = spec(settings);
        let file = spec.path().with_file_name("server");
        Variant::native(&spec.path()).build(None, &file);
        Self { spec, file }
    }

    /// Starts it on a free port, under a tool with these arguments that becomes the server.
    fn start_under(&self, wrapper: &[&str]) -> Server {
        let path = self.spec.path();
        // Another test may get the same port between the choice and the start.
        loop {
            let port = free_port();
            let mut command = Variant::native(&path).run_under(wrapper, &self.file);
            command.env("PORT", port.to_string());
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            match Server::ready(Process::spawn(&mut command), port) {
                Ok(server) => return server,
                Err(message) if is_taken(&message) => {}
                Err(message) => panic!("{wrapper:?}: {message}"),
            }
        }
    }

    fn start(&self) -> Server {
        self.start_under(&[])
    }
}

/// A server with every default but what a test would wait for too long.
fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| Built::new("stop_timeout = 5"))
}

/// Waits until the server has as many descriptors open as before, and no more. Lingering takes up to 3 s.
fn settles(server: &Server, before: usize) {
    wait_until(&format!("{before} descriptors are open, as before"), || descriptors(server.pid()) == before);
}

/// The fault, if a server without work is busy.
fn spins(pid: u32) -> Option<String> {
    let before = cpu_time(pid);
    thread::sleep(Duration::from_secs(1));
    let used = cpu_time(pid).saturating_sub(before);
    (used >= IDLE_CPU).then(|| format!("{used:?} on the processor within a second without work"))
}

/// Fails if it is not there any more, or keeps descriptors, or is busy without work.
fn is_well(server: &mut Server, descriptors_before: usize) {
    assert!(server.is_running(), "it has ended: exit code {:?}", server.exit_code());
    settles(server, descriptors_before);
    assert_eq!(spins(server.pid()), None);
    honest(server.port, Duration::from_secs(2));
}

/// An honest client is answered within this time; tells how long it took.
fn honest(port: u16, limit: Duration) -> Duration {
    let start = Instant::now();
    let mut client = Client::new(port);
    client.ask("/").unwrap_or_else(|fault| panic!("an honest client: {fault:?}"));
    let took = start.elapsed();
    assert!(took <= limit, "an honest client waited {took:?}, more than {limit:?}");
    took
}

/// `strace` that makes system calls fail, and becomes the server.
fn strace(faults: &[String]) -> Vec<&str> {
    // It is there, or the test says what to install.
    drop(tool("strace"));
    let base = ["strace", "-D", "-qqq", "-f", "-o", "/dev/null"];
    base.into_iter().chain(faults.iter().flat_map(|fault| ["-e", fault.as_str()])).collect()
}
