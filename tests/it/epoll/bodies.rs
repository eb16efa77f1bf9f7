//! Long bodies: sent from the file where it can be opened, else from memory.

use std::time::Duration;

use rustix::process::Signal;

use super::{Client, REQUEST, ROUTES, Trace};
use crate::harness::http;
use crate::harness::network::in_own_network;
use crate::harness::server::{Executable, Server, Spec};
use crate::harness::tool::Variant;
use crate::run::bodies::big_body;

const SENDS: &str = "openat,sendto,sendmsg,write,sendfile";

/// A spec with a body of 1 MB at `/long`, and one that is just too short to be sent from the file at `/short`.
fn long_spec() -> Spec {
    let routes =
        "[[route]]\npath = \"/long\"\nfile = \"long.bin\"\n[[route]]\npath = \"/short\"\nfile = \"short.bin\"\n";
    let spec = Spec::new(&format!("{routes}{ROUTES}"));
    std::fs::write(spec.path().with_file_name("long.bin"), &big_body()[..1_000_000]).unwrap();
    std::fs::write(spec.path().with_file_name("short.bin"), &big_body()[..65_535]).unwrap();
    spec
}

/// Asks for everything twice, which has to be right.
fn ask_for_all(port: u16) {
    let mut client = Client::new(port);
    for _ in 0..2 {
        for (path, bytes) in [("/long", 1_000_000), ("/short", 65_535)] {
            let reply = client.ask(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
            assert!(reply.body == big_body()[..bytes], "{path}: {}", reply.head);
        }
        let range = client.ask(b"GET /long HTTP/1.1\r\nHost: localhost\r\nRange: bytes=123456-923455\r\n\r\n");
        assert!(range.body == big_body()[123_456..923_456], "{}", range.head);
        assert_eq!(range.status(), "206");
        client.hello();
    }
}

#[test]
fn long_bodies_are_sent_from_the_file() {
    let trace = Trace::new();
    let mut server = trace.start(SENDS, &[], &long_spec());
    ask_for_all(server.port);
    assert_eq!(server.end(Signal::TERM), None);
    assert!(trace.calls("openat")[0].contains("/proc/self/exe"));
    assert!(trace.calls("sendfile").len() >= 4);
    // What is left of a long body, once it is short, may go from memory; a whole one never does.
    let copied =
        ["write", "sendto", "sendmsg"].iter().flat_map(|name| trace.calls(name)).map(|call| result(&call)).max();
    assert!(copied < Some(66_000), "{:?}", trace.calls("write"));
}

/// What a call returned.
fn result(call: &str) -> i64 {
    let text = call.rsplit_once(" = ").map_or("", |(_, result)| result);
    text.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[test]
fn without_the_file_they_are_sent_from_memory() {
    let trace = Trace::new();
    let inject = ["-e", "inject=openat:error=ENOENT"];
    let mut server = trace.start(SENDS, &inject, &long_spec());
    ask_for_all(server.port);
    assert_eq!(server.end(Signal::TERM), None);
    assert_eq!(trace.calls("sendfile").len(), 0);
    assert!(trace.calls("write").len() > 1, "not the start line alone");
}

/// A file system that does not know `sendfile` is no hindrance.
#[test]
fn without_sendfile_they_are_sent_from_memory() {
    for error in ["EINVAL", "ENOSYS", "EIO"] {
        let trace = Trace::new();
        let inject = format!("inject=sendfile:error={error}");
        // A call that strace stops has no number, and the sandbox kills a process for that.
        let spec = long_spec();
        let text = std::fs::read_to_string(spec.path()).unwrap();
        std::fs::write(spec.path(), format!("[server]\nsandbox = false\n{text}")).unwrap();
        let mut server = trace.start(SENDS, &["-e", &inject], &spec);
        ask_for_all(server.port);
        assert_eq!(server.end(Signal::TERM), None);
    }
}

/// Where there is no /proc at all.
#[test]
fn in_a_root_without_proc() {
    let spec = long_spec();
    let path = spec.path();
    let variant = Variant::native(&path);
    let built = Executable::build(variant, 8080);
    in_own_network(|| {
        let root = built.file().parent().unwrap().display().to_string();
        let server = Server::run_under(&["unshare", "--root", &root], std::path::Path::new("/server"), built.port);
        ask_for_all(server.port);
    });
}

/// Every byte comes, however slowly it is taken; others are served meanwhile.
#[test]
fn ten_megabytes_for_slow_readers() {
    let spec = Spec::new("[[route]]\npath = \"/\"\nfile = \"big.bin\"\n[[route]]\npath = \"/health\"\nbody = \"OK\"\n");
    std::fs::write(spec.path().with_file_name("big.bin"), big_body()).unwrap();
    let path = spec.path();
    let built = Executable::build(Variant::native(&path), 8080);
    in_own_network(|| {
        let server = Server::run(Variant::native(&path), &built.file(), built.port);
        let read = |pause: Duration, piece_bytes: usize| {
            let mut client = Client::new(server.port);
            rustix::net::sockopt::set_socket_recv_buffer_size(&client.stream, 16 * 1024).unwrap();
            client.send(REQUEST);
            let mut piece = vec![0; piece_bytes];
            let mut taken = Vec::new();
            while http::split(&taken).1.len() < big_body().len() {
                let read = http::receive(&mut client.stream, &mut piece).unwrap();
                assert!(read > 0, "ended behind {} bytes", taken.len());
                taken.extend_from_slice(&piece[..read]);
                std::thread::sleep(pause);
            }
            http::split(&taken).1 == big_body()
        };
        let slow = [(1, 16 * 1024), (5, 100_000), (20, 400_000)];
        std::thread::scope(|scope| {
            let readers = slow.map(|(pause, piece)| scope.spawn(move || read(Duration::from_millis(pause), piece)));
            for _ in 0..50 {
                let reply = Client::new(server.port).ask(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
                assert_eq!(reply.body, b"OK");
                std::thread::sleep(Duration::from_millis(10));
            }
            for reader in readers {
                assert!(reader.join().unwrap(), "other bytes");
            }
        });
    });
}
