//! Stops, signals and failing system calls: the server ends when it is asked to, and otherwise goes on.

use std::io::Write;
use std::time::Duration;

use rustix::process::Signal;

use super::{SLACK, TIMEOUT, health, healthy_within, server, server_under, spec};
use crate::harness::process::stop_and_continue;
use crate::harness::server::{AT_ONCE, Server};
use crate::harness::tool::Variant;
use crate::harness::{TARGETS, http, none};

#[test]
fn stopped_while_it_waits_for_a_connection() {
    let spec = spec();
    for target in TARGETS {
        let server = Server::start(Variant { target, ..Variant::blocking(&spec.path()) });
        for _ in 0..3 {
            stop_and_continue(server.pid());
            healthy_within(server.port, SLACK);
        }
    }
}

/// The request under way may be lost (signal(7): a receive with a timeout ends with EINTR), the server may not.
#[test]
fn stopped_during_a_request() {
    let server = server();
    let request = http::request("GET", "/health");
    for sent in [0, 1, 15, 16, request.len()] {
        let mut stream = http::connect(server.port);
        stream.write_all(&request[..sent]).unwrap();
        // Long enough to be in the receive.
        std::thread::sleep(Duration::from_millis(20));
        stop_and_continue(server.pid());
        let rest = stream.write_all(&request[sent..]).and_then(|()| http::read_all(&mut stream));
        let reply = rest.unwrap_or_default();
        let whole = health().fault("the request under way", &reply);
        assert!(reply.is_empty() || whole.is_none(), "{whole:?}");
        healthy_within(server.port, TIMEOUT + SLACK);
    }
}

/// While a client is silent, and while one has its reply and stays.
#[test]
fn ends_at_once_whatever_it_does() {
    let spec = spec();
    for target in TARGETS {
        for sent in [b"".as_slice(), b"GET / HTTP/1.1\r\n\r\n"] {
            for signal in [Signal::TERM, Signal::INT] {
                let mut server = Server::start(Variant { target, ..Variant::blocking(&spec.path()) });
                let mut stream = http::connect(server.port);
                stream.write_all(sent).unwrap();
                std::thread::sleep(Duration::from_millis(20));
                assert_eq!(server.end(signal), None, "{target}, {} bytes sent, limit {AT_ONCE:?}", sent.len());
            }
        }
    }
}

/// System calls that fail as often as this, with this error.
const FAILURES: [(&str, &str, &str); 12] = [
    ("accept", "EINTR", "1..3"),
    ("accept", "ECONNABORTED", "1..3"),
    ("accept", "EMFILE", "1..3"),
    ("accept", "ENFILE", "1"),
    ("accept", "ENOMEM", "1"),
    ("accept", "EPROTO", "1"),
    ("recvfrom", "EINTR", "1..2"),
    ("recvfrom", "ECONNRESET", "1..2"),
    ("sendto", "EPIPE", "1..2"),
    ("sendto", "EINTR", "1"),
    ("shutdown", "ENOTCONN", "1..2"),
    ("setsockopt", "EINVAL", "2..3"),
];

/// The server goes on: a client or two may be turned away, then all are answered. No rest is longer than a second.
#[test]
fn system_calls_that_fail() {
    let check = |(call, error, when): (&str, &str, &str)| {
        let inject = format!("inject={call}:error={error}:when={when}");
        let mut server = server_under(&["strace", "-D", "-qqq", "-o", "/dev/null", "-e", &inject]);
        for _ in 0..3 {
            let mut stream = http::connect(server.port);
            // Turned away is no fault here, as long as it does not take for ever.
            let _ = stream.write_all(&http::request("GET", "/health")).and_then(|()| http::read_all(&mut stream));
        }
        let fault = health().fault(&inject, &http::get(server.port, "/health"));
        fault.or_else(|| (!server.is_running()).then(|| format!("{inject}: the server has ended")))
    };
    // They mostly rest: all at the same time.
    let faults = std::thread::scope(|scope| {
        let running = FAILURES.map(|failure| scope.spawn(move || check(failure)));
        running.map(|check| check.join().unwrap_or_else(|_| Some("the check itself failed".into())))
    });
    none(&faults.into_iter().flatten().collect::<Vec<_>>());
}
