//! The blocking engine's contract, line by line, over real sockets.

mod gone;
mod limits;
mod pieces;
mod signals;
mod slow;

use std::time::{Duration, Instant};

use crate::harness::http::{self, Expected};
use crate::harness::server::{Server, Spec};
use crate::harness::tool::Variant;

/// Scheduling on a busy machine, besides what a server may wait.
const SLACK: Duration = Duration::from_millis(600);
/// The timeout in [`spec`].
const TIMEOUT: Duration = Duration::from_secs(1);

/// Two routes, and a second for each client.
fn spec() -> Spec {
    Spec::new(
        "[server]\ntimeout = 1\n\
         [[route]]\npath = \"/\"\ntype = \"text/plain\"\nbody = \"Hello\"\n\
         [[route]]\npath = \"/health\"\ntype = \"text/plain\"\nbody = \"OK\"\n",
    )
}

/// A server of [`spec`] on this machine.
fn server() -> Server {
    server_under(&[])
}

fn server_under(wrapper: &[&str]) -> Server {
    Server::start_under(wrapper, Variant::blocking(&spec().path()))
}

fn hello() -> Expected {
    Expected::ok("text/plain", "Hello")
}

fn health() -> Expected {
    Expected::ok("text/plain", "OK")
}

/// Asks for `/health`, which has to be answered within this time; tells how long it took.
fn healthy_within(port: u16, limit: Duration) -> Duration {
    let start = Instant::now();
    assert_eq!(health().fault("GET /health", &http::get(port, "/health")), None);
    let took = start.elapsed();
    assert!(took <= limit, "answered after {took:?}, more than {limit:?}");
    took
}

/// A request with headers of 3 KB.
fn long_request(path: &str) -> Vec<u8> {
    let cookie = "c=0123456789abcdef; ".repeat(150);
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nAccept: */*\r\n\r\n").into_bytes()
}
