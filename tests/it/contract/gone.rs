//! The client is gone before or during the reply; the server goes on.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::{SLACK, TIMEOUT, healthy_within, server, spec};
use crate::harness::TARGETS;
use crate::harness::http;
use crate::harness::process::cpu_time;
use crate::harness::server::{Server, Spec};
use crate::harness::tool::Variant;
use crate::run::bodies::with_big_server;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Closes with a reset: what is under way is lost, and the server is told so.
fn reset(stream: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    drop(stream);
}

type Leave = fn(TcpStream);

/// Ways to leave: what is sent before, and how.
const WAYS: [(&[u8], Leave); 8] = [
    (b"", reset),
    (b"", drop),
    (b"GET", reset),
    (b"GET", drop),
    (REQUEST, reset),
    (REQUEST, drop),
    (REQUEST, |stream| stream.shutdown(Shutdown::Write).unwrap()),
    (REQUEST, |stream| stream.shutdown(Shutdown::Both).unwrap()),
];

fn leave_in_every_way(port: u16) {
    for (sent, leave) in WAYS {
        for _ in 0..10 {
            let mut stream = http::connect(port);
            stream.write_all(sent).unwrap();
            leave(stream);
        }
        healthy_within(port, TIMEOUT + SLACK);
    }
}

#[test]
fn before_the_reply() {
    let mut server = server();
    leave_in_every_way(server.port);
    assert!(server.is_running());
}

#[test]
fn before_the_reply_on_every_target() {
    let spec = spec();
    for target in TARGETS {
        let server = Server::start(Variant { target, ..Variant::blocking(&spec.path()) });
        leave_in_every_way(server.port);
    }
}

/// A reset while bytes are still to be sent: SIGPIPE would end the server.
#[test]
fn during_the_reply() {
    with_big_server("blocking", |server| {
        for leave in [reset, drop] {
            for read_bytes in [0, 1, 4096, 100_000] {
                let mut stream = http::connect(server.port);
                stream.write_all(REQUEST).unwrap();
                stream.read_exact(&mut vec![0; read_bytes]).unwrap();
                leave(stream);
            }
            healthy_within(server.port, TIMEOUT + SLACK);
        }
        leave_in_every_way(server.port);
        assert!(server.is_running());
    });
}

/// The reply goes out in many sends on the other machines as well.
#[test]
fn during_the_reply_on_every_target() {
    let spec = Spec::new(
        "[server]\ntimeout = 1\n[[route]]\npath = \"/\"\nfile = \"body\"\n\
         [[route]]\npath = \"/health\"\ntype = \"text/plain\"\nbody = \"OK\"\n",
    );
    std::fs::write(spec.path().with_file_name("body"), vec![b'b'; 1_000_000]).unwrap();
    for target in TARGETS {
        let server = Server::start(Variant { target, ..Variant::blocking(&spec.path()) });
        for _ in 0..5 {
            let mut stream = http::connect(server.port);
            stream.write_all(REQUEST).unwrap();
            stream.read_exact(&mut [0; 1000]).unwrap();
            reset(stream);
        }
        healthy_within(server.port, TIMEOUT + SLACK);
    }
}

#[test]
fn a_port_scanner() {
    let server = server();
    for index in 0..1000 {
        let stream = http::connect(server.port);
        if index % 2 == 0 {
            drop(stream);
        } else {
            reset(stream);
        }
    }
    healthy_within(server.port, TIMEOUT + SLACK);
    assert!(cpu_time(server.pid()) < Duration::from_millis(500), "{:?}", cpu_time(server.pid()));
}
