//! One slow or silent client delays the others by at most the timeout, and never stops the server.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use super::{SLACK, TIMEOUT, healthy_within, server, spec};
use crate::harness::TARGETS;
use crate::harness::http;
use crate::harness::server::{Server, Spec};
use crate::harness::tool::Variant;
use crate::run::bodies::with_big_server;

/// A client that has sent this much is accepted first; the next one may wait for the timeout and no longer.
fn check_delay(port: u16, timeout: Duration, sent: &[u8]) {
    let mut slow = http::connect(port);
    slow.write_all(sent).unwrap();
    // Its connection is the first in the queue: the handshake is over.
    let took = healthy_within(port, timeout + SLACK);
    println!("{} bytes sent: others waited {took:?}", sent.len());
    healthy_within(port, SLACK);
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn silent_or_incomplete_or_never_closing() {
    let server = server();
    for sent in [b"".as_slice(), b"G", &REQUEST[..15], &REQUEST[..16], REQUEST] {
        check_delay(server.port, TIMEOUT, sent);
    }
}

#[test]
fn silent_on_every_target() {
    let spec = spec();
    let path = spec.path();
    let own = TARGETS.map(|target| Variant { target, ..Variant::blocking(&path) });
    let emulated = own.map(Variant::emulated).into_iter().filter(|variant| variant.target != "aarch64");
    for variant in own.into_iter().chain(emulated) {
        let server = Server::start(variant);
        check_delay(server.port, TIMEOUT, b"");
        check_delay(server.port, TIMEOUT, REQUEST);
    }
}

#[test]
fn the_default_is_five_seconds() {
    let spec = Spec::new("[[route]]\npath = \"/health\"\ntype = \"text/plain\"\nbody = \"OK\"\n");
    let server = Server::start(Variant::blocking(&spec.path()));
    let _silent = http::connect(server.port);
    assert!(healthy_within(server.port, Duration::from_secs(6)) > Duration::from_millis(500));
}

/// Sends one byte at a time until the server has had enough.
fn drip(mut stream: TcpStream, request: &[u8], pause: Duration) {
    for byte in request.iter().cycle() {
        if stream.write_all(&[*byte]).is_err() {
            return;
        }
        thread::sleep(pause);
    }
}

#[test]
fn one_byte_at_a_time() {
    let server = server();
    let pause = Duration::from_millis(200);
    let long_path = [b"GET /".as_slice(), &[b'a'; 2000], b" HTTP/1.1\r\n\r\n"].concat();
    for request in [REQUEST, &long_path] {
        let stream = http::connect(server.port);
        thread::scope(|scope| {
            scope.spawn(|| drip(stream, request, pause));
            healthy_within(server.port, TIMEOUT + SLACK);
        });
    }
}

/// The beginning comes late, and then byte by byte for as long as the server stays: each phase has its own share.
#[test]
fn every_phase_as_long_as_possible() {
    let path = "/a-path-that-takes-many-receives-because-it-is-long";
    let spec = Spec::new(&format!(
        "[server]\ntimeout = 1\n[[route]]\npath = \"{path}\"\nbody = \"x\"\n\
         [[route]]\npath = \"/health\"\ntype = \"text/plain\"\nbody = \"OK\"\n"
    ));
    let server = Server::start(Variant::blocking(&spec.path()));
    for pause_ms in [5, 10, 20, 50] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let stream = http::connect(server.port);
        thread::scope(|scope| {
            scope.spawn(|| drip(stream, request.as_bytes(), Duration::from_millis(pause_ms)));
            healthy_within(server.port, TIMEOUT + SLACK);
        });
    }
}

#[test]
fn ten_megabytes_never_read() {
    with_big_server("blocking", |server| {
        check_delay(server.port, TIMEOUT, REQUEST);
        check_delay(server.port, TIMEOUT, REQUEST);
    });
}

/// Silent clients fill the queue: each of them takes at most the timeout, and then the server is there.
#[test]
fn several_silent_clients() {
    let server = server();
    let silent: Vec<TcpStream> = (0..3).map(|_| http::connect(server.port)).collect();
    healthy_within(server.port, TIMEOUT * silent.len() as u32 + SLACK);
}
