//! The access log, line by line: each is matched from its first byte to its last.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, SystemTime};

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use rustix::process::Signal;

use super::passed::activated;
use super::spec;
use crate::harness::network::in_own_network;
use crate::harness::server::{Executable, Server};
use crate::harness::tool::{Variant, succeed, tool, variants};
use crate::harness::{http, none};
use crate::model::date;

/// A log that is all there is on standard output behind the start line.
const KEYS: &str = "access_log = true";
const PORT: u16 = 8080;

/// What is sent, and what the line says behind the date.
const EXCHANGES: [(&str, &str); 10] = [
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\"GET / HTTP/1.1\" 200 5"),
    ("HEAD /?a=%20 HTTP/1.1\r\nHost: a\r\n\r\n", "\"HEAD /?a=%20 HTTP/1.1\" 200 0"),
    ("GET / HTTP/1.0\r\n\r\n", "\"GET / HTTP/1.0\" 200 5"),
    ("GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2\r\n\r\n", "\"GET / HTTP/1.1\" 206 2"),
    ("GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n", "\"GET / HTTP/1.1\" 304 0"),
    ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "\"OPTIONS * HTTP/1.1\" 204 0"),
    ("GET /none HTTP/1.1\r\nHost: a\r\n\r\n", "\"GET /none HTTP/1.1\" 404 9"),
    ("POST / HTTP/1.1\r\nHost: a\r\n\r\n", "\"POST / HTTP/1.1\" 405 18"),
    ("GET / HTTP/1.1\r\n\r\n", "\"GET / HTTP/1.1\" 400 11"),
    ("wrong\r\n\r\n", "\"-\" 400 11"),
];

/// A date as the log has it, of a date as replies have it: `Sat, 21 Nov 2026 13:18:17 GMT`.
fn logged(date: &str) -> String {
    let parts: Vec<&str> = date.split(' ').collect();
    format!("{}/{}/{}:{} +0000", parts[1], parts[2], parts[3], parts[4])
}

/// The fault, if a line is not this peer's, or not of now, or does not end so.
fn fault(line: &str, peer: IpAddr, end: &str) -> Option<String> {
    // The date is written once a second, and the test may wait for the processor.
    let dates = (0..30).map(|ago| logged(&date(SystemTime::now() - Duration::from_secs(ago))));
    let is_right = dates.map(|date| format!("{peer} - - [{date}] {end}")).any(|right| right == line);
    (!is_right).then(|| format!("{line:?} in place of {peer} - - [now] {end}"))
}

/// Sends this, and ends; tells nothing until the server has ended as well, and so has written its line.
fn exchange(mut stream: TcpStream, request: &str) {
    stream.write_all(request.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    http::read_all(&mut stream).unwrap();
}

/// The faults of the log of a server, which is ended.
fn faults(server: &mut Server, expected: &[(IpAddr, &str)]) -> Vec<String> {
    let mut faults: Vec<String> = server.end(Signal::TERM).into_iter().collect();
    let log = server.rest_of_stdout();
    let lines: Vec<&str> = log.lines().collect();
    if lines.len() != expected.len() || !log.ends_with('\n') {
        faults.push(format!("{} lines in place of {}: {log}", lines.len(), expected.len()));
    }
    faults.extend(lines.iter().zip(expected).filter_map(|(line, &(peer, end))| fault(line, peer, end)));
    faults
}

#[test]
fn every_kind_of_reply() {
    let spec = spec(KEYS);
    let mut all = Vec::new();
    for variant in variants(&spec.path()) {
        let mut server = Server::start(variant);
        for (request, _) in EXCHANGES {
            exchange(http::connect(server.port), request);
        }
        let expected = EXCHANGES.map(|(_, end)| (IpAddr::V4(Ipv4Addr::LOCALHOST), end));
        all.extend(faults(&mut server, &expected).into_iter().map(|fault| format!("{variant}: {fault}")));
    }
    none(&all);
}

/// Peers as RFC 5952 writes them; those of IPv4 as such.
const PEERS: [&str; 13] = [
    "127.0.0.1",
    "127.100.20.255",
    "::1",
    "fd00::",
    "fd00:0:0:1::",
    "fd00::1",
    "fd00::1:0:0:1",
    "fd00:0:0:1::1",
    "fd00:1:0:1:1:1:1:1",
    "fd00:0:1::abcd:1",
    "fd00:db8:85a3:10:800:abc:90ef:e",
    "1::8:800:200c:417a",
    "fd00:1:2:3:4:5::",
];

/// A connection from this address.
fn connect_from(peer: IpAddr) -> TcpStream {
    let (family, server) = match peer {
        IpAddr::V4(_) => (AddressFamily::INET, IpAddr::V4(Ipv4Addr::LOCALHOST)),
        IpAddr::V6(_) => (AddressFamily::INET6, IpAddr::V6(Ipv6Addr::LOCALHOST)),
    };
    let stream = socket(family, SocketType::STREAM, None).unwrap();
    bind(&stream, &SocketAddr::new(peer, 0)).unwrap_or_else(|error| panic!("{peer}: {error}"));
    connect(&stream, &SocketAddr::new(server, PORT)).unwrap();
    stream.into()
}

/// The faults of a server's log of what these peers ask.
fn faults_of_peers(server: &mut Server, peers: &[IpAddr]) -> Vec<String> {
    let (request, end) = EXCHANGES[0];
    for &peer in peers {
        exchange(connect_from(peer), request);
    }
    let expected: Vec<(IpAddr, &str)> = peers.iter().map(|&peer| (peer, end)).collect();
    faults(server, &expected)
}

/// Gives the loopback device these addresses.
fn add_addresses(peers: &[IpAddr]) {
    for peer in peers.iter().filter(|peer| peer.is_ipv6() && !peer.is_loopback()) {
        succeed(tool("ip").args(["address", "add", &format!("{peer}/128"), "dev", "lo", "nodad"]));
    }
}

#[test]
fn every_kind_of_peer() {
    let spec = spec(KEYS);
    let peers = PEERS.map(|peer| peer.parse::<IpAddr>().unwrap());
    let mut all = Vec::new();
    for variant in variants(&spec.path()).filter(|variant| variant.elf == "strict") {
        let file = spec.path().with_file_name("server");
        variant.build(Some("[::]:8080"), &file);
        let found = in_own_network(|| {
            add_addresses(&peers);
            faults_of_peers(&mut Server::run(variant, &file, PORT), &peers)
        });
        all.extend(found.into_iter().map(|fault| format!("{variant}: {fault}")));
    }
    none(&all);
}

/// The family is the passed socket's, whatever the server would have listened to.
#[test]
fn peers_of_a_passed_socket() {
    let spec = spec(KEYS);
    let peers = PEERS.map(|peer| peer.parse::<IpAddr>().unwrap());
    let path = spec.path();
    let variant = Variant::native(&path);
    for (own, passed) in [("127.0.0.1:1", "[::]:8080"), ("[::1]:1", "0.0.0.0:8080")] {
        let built = Executable::build(variant, PORT);
        variant.build(Some(own), &built.file());
        in_own_network(|| {
            add_addresses(&peers);
            let listener = TcpListener::bind(passed).unwrap();
            let mut server = activated(variant, &built.file(), listener, "$$");
            let peers = if passed.starts_with('[') { &peers[..] } else { &peers[..2] };
            none(&faults_of_peers(&mut server, peers));
        });
    }
}
