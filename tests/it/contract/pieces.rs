//! The whole request is drained before the close: a client that sends it in pieces still gets the whole reply.

use std::time::Duration;

use super::{health, hello, long_request, server, spec};
use crate::harness::http::{self, Expected};
use crate::harness::server::Server;
use crate::harness::tool::Variant;
use crate::harness::{TARGETS, none};

/// Sends each request and tells which replies were not whole.
fn faults<'r>(
    port: u16,
    requests: impl IntoIterator<Item = (Vec<&'r [u8]>, Duration)>,
    expected: &Expected,
) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, (pieces, pause)) in requests.into_iter().enumerate() {
        faults.extend(match http::in_pieces(&mut http::connect(port), pieces, pause) {
            Ok(reply) => expected.fault(&format!("request {index}"), &reply),
            Err(error) => Some(format!("request {index}: {error}")),
        });
    }
    faults
}

/// Where three pieces are cut: in the request line, in the headers, in the last line feed, …
fn cuts(request: &[u8], index: usize) -> Vec<&[u8]> {
    let first = [1, 5, 14, 16, 17, 40, 1000, 1400][index % 8];
    let second = [first + 1, 1500, 2900, request.len() - 1][index / 8 % 4];
    vec![&request[..first], &request[first..second], &request[second..]]
}

#[test]
fn three_kilobytes_in_three_pieces_300_of_300() {
    let server = server();
    let request = long_request("/health");
    assert!(request.len() > 3000);
    let requests = (0..300).map(|index| (cuts(&request, index), Duration::from_millis(5 + index as u64 % 16)));
    none(&faults(server.port, requests, &health()));
}

#[test]
fn three_kilobytes_in_three_pieces_on_every_target() {
    let spec = spec();
    for target in TARGETS {
        let server = Server::start(Variant { target, ..Variant::blocking(&spec.path()) });
        let request = long_request("/");
        let requests = (0..32).map(|index| (cuts(&request, index), Duration::from_millis(5)));
        none(&faults(server.port, requests, &hello()));
    }
}

#[test]
fn three_kilobytes_in_tiny_pieces() {
    let server = server();
    let request = long_request("/");
    let requests = (0..40).map(|index| (request.chunks(1 + index % 7).collect(), Duration::ZERO));
    none(&faults(server.port, requests, &hello()));
}

#[test]
fn pipelined_garbage() {
    let server = server();
    let garbage: Vec<u8> = (0..64_u32 * 1024).map(|index| (index * 167 % 251) as u8).collect();
    let second = http::request("GET", "/health");
    let behind: [&[u8]; 4] = [b"x", b"\r\n\r\n\0\0", &second, &garbage];
    let requests = behind.map(|more| [&http::request("GET", "/"), more].concat());
    let pieces = (0..40).map(|index| (vec![requests[index % requests.len()].as_slice()], Duration::ZERO));
    none(&faults(server.port, pieces, &hello()));
}

#[test]
fn a_post_with_a_body() {
    let server = server();
    let body = vec![b'b'; 100 * 1024];
    let head = format!("POST /form HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
    let request = [head.as_bytes(), &body].concat();
    let whole = (0..20).map(|_| (vec![request.as_slice()], Duration::ZERO));
    none(&faults(server.port, whole, &Expected::not_found()));
    let in_pieces = (0..20).map(|_| (request.chunks(10_000).collect(), Duration::from_millis(1)));
    none(&faults(server.port, in_pieces, &Expected::not_found()));
}
