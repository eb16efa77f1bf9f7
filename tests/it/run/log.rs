//! The access log under qemu-user, which writes back what system calls are given.

use rustix::process::Signal;

use crate::harness::server::{Server, Spec};
use crate::harness::tool::Variant;
use crate::harness::{TARGETS, http};

const REPLIES: usize = 3;

#[test]
fn every_reply_has_its_line_under_qemu_user() {
    let spec = Spec::new("[server]\naccess_log = true\n[[route]]\npath = \"/\"\nbody = \"Hello\"\n");
    let path = spec.path();
    for target in TARGETS {
        let mut server = Server::start(Variant { target, ..Variant::native(&path) }.emulated());
        for _ in 0..REPLIES {
            assert!(http::get(server.port, "/").ends_with(b"Hello"), "{target}");
        }
        assert_eq!(server.end(Signal::TERM), None, "{target}");
        let log = server.rest_of_stdout();
        let is_right = |line: &&str| line.starts_with("127.0.0.1 - - [") && line.ends_with("\"GET / HTTP/1.1\" 200 5");
        assert_eq!(log.lines().filter(is_right).count(), REPLIES, "{target}: {log}");
    }
}
