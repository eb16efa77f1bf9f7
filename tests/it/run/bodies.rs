//! Bodies at both ends: none at all, and 10 MB.

use std::io::Write;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::harness::http::{self, Expected};
use crate::harness::network::in_own_network;
use crate::harness::random::Random;
use crate::harness::server::{Executable, Server, Spec};
use crate::harness::tool::{Variant, server_variants};
use crate::harness::{ENGINES, TARGETS, none};

pub(crate) const BIG_BYTES: usize = 10_000_000;

/// Bytes in which a piece that is missing, doubled or swapped shows.
pub(crate) fn big_body() -> &'static [u8] {
    static BODY: OnceLock<Vec<u8>> = OnceLock::new();
    BODY.get_or_init(|| Random::new(1).bytes(BIG_BYTES))
}

/// A server of 10 MB that gives its clients a second, for port 8080.
fn big_executable(engine: &str) -> &'static Executable {
    static BUILT: [OnceLock<Executable>; ENGINES.len()] = [const { OnceLock::new() }; ENGINES.len()];
    let place = ENGINES.iter().position(|known| *known == engine).expect("it is one of them");
    BUILT[place].get_or_init(|| {
        let spec = big_spec(engine);
        Executable::build(Variant::native(&spec.path()), 8080)
    })
}

fn big_spec(engine: &str) -> Spec {
    let timeout = if engine == "epoll" { "write_timeout" } else { "timeout" };
    let server = format!("[server]\nengine = \"{engine}\"\n{timeout} = 1\n");
    let spec = Spec::new(
        &(server
            + "[[route]]\npath = \"/\"\nfile = \"big.bin\"\n\
         [[route]]\npath = \"/health\"\ntype = \"text/plain\"\nbody = \"OK\"\n"),
    );
    std::fs::write(spec.path().with_file_name("big.bin"), big_body()).unwrap();
    spec
}

fn big_reply() -> Expected {
    Expected::ok("application/octet-stream", big_body())
}

/// Runs the server of 10 MB in a network of its own.
pub(crate) fn with_big_server<T: Send>(engine: &str, work: impl FnOnce(&mut Server) -> T + Send) -> T {
    let built = big_executable(engine);
    in_own_network(|| {
        let spec = Spec::new("");
        work(&mut Server::run(Variant::native(&spec.path()), &built.file(), built.port))
    })
}

#[test]
fn empty() {
    let spec = Spec::new("[[route]]\npath = \"/\"\ntype = \"text/plain\"\nbody = \"\"\n");
    let expected = Expected::ok("text/plain", "");
    let mut faults = Vec::new();
    for variant in server_variants(&spec.path()) {
        let server = Server::start(variant);
        faults.extend(expected.fault(&variant.to_string(), &http::get(server.port, "/")));
        faults.extend(expected.fault_of(&variant.to_string(), &http::head(server.port, "/"), true));
    }
    none(&faults);
}

#[test]
fn ten_megabytes_whole() {
    for engine in ENGINES {
        let faults = with_big_server(engine, |server| {
            let expected = big_reply();
            [
                expected.fault("GET", &http::get(server.port, "/")),
                expected.fault_of("HEAD", &http::head(server.port, "/"), true),
                expected.fault("GET again", &http::get(server.port, "/?again")),
                Expected::ok("text/plain", "OK").fault("another route", &http::get(server.port, "/health")),
            ]
        });
        none(&faults.into_iter().flatten().map(|fault| format!("{engine}: {fault}")).collect::<Vec<_>>());
    }
}

/// A reply longer than what a socket takes at once, on the other machines.
#[test]
fn a_megabyte_on_every_target() {
    let body = &big_body()[..1_000_000];
    let spec = Spec::new("[[route]]\npath = \"/\"\nfile = \"body.bin\"\n");
    std::fs::write(spec.path().with_file_name("body.bin"), body).unwrap();
    let expected = Expected::ok("application/octet-stream", body);
    let mut faults = Vec::new();
    for (engine, target) in ENGINES.into_iter().flat_map(|engine| TARGETS.map(|target| (engine, target))) {
        let path = spec.path();
        let variant = Variant { target, ..Variant::native(&path) }.on(engine);
        let server = Server::start(variant);
        faults.extend(expected.fault(&variant.to_string(), &http::get(server.port, "/")));
    }
    none(&faults);
}

/// A client that takes longer than the timeout in all, but keeps reading, gets everything.
#[test]
fn ten_megabytes_for_a_slow_reader() {
    const PIECE_BYTES: usize = 128 * 1024;
    const PAUSE: Duration = Duration::from_millis(30);
    let read = |engine| {
        with_big_server(engine, |server| {
            let mut stream = http::connect(server.port);
            // A small window: the server has to wait for the reader.
            rustix::net::sockopt::set_socket_recv_buffer_size(&stream, PIECE_BYTES).unwrap();
            stream.write_all(&http::request("GET", "/")).unwrap();
            let start = Instant::now();
            let mut reply = Vec::new();
            let mut piece = vec![0; PIECE_BYTES];
            loop {
                let read = http::receive(&mut stream, &mut piece).unwrap();
                if read == 0 {
                    break;
                }
                reply.extend_from_slice(&piece[..read]);
                std::thread::sleep(PAUSE);
            }
            assert!(start.elapsed() > Duration::from_secs(1), "the reader was not slow");
            assert_eq!(big_reply().fault("slow reader", &reply), None, "{engine}");
        });
    };
    ENGINES.into_iter().for_each(read);
}
