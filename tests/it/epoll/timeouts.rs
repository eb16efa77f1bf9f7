//! What takes too long ends.

use std::io::Read;
use std::time::{Duration, Instant, SystemTime};

use super::{Client, PART, PHASES, REQUEST, ROUTES, at_every_phase, server, took};
use crate::harness::server::{Server, Spec};
use crate::harness::tool::Variant;
use crate::harness::{http, wait_until};
use crate::model::date;

#[test]
fn half_a_head_is_408() {
    let server = server("header_timeout = 1");
    // The first request, and a later one, behind another in the same packet.
    at_every_phase(|| half_a_head(server.port, b""));
    at_every_phase(|| half_a_head(server.port, REQUEST));
}

fn half_a_head(port: u16, before: &[u8]) {
    let mut client = Client::new(port);
    let start = Instant::now();
    client.send(&[before, PART].concat());
    if !before.is_empty() {
        assert_eq!(client.reply().status(), "200");
    }
    let late = client.reply();
    assert_eq!((late.status(), late.field("Connection")), ("408", Some("close")));
    assert_eq!(late.body, b"Request Timeout");
    // It is sent outside of batches, in three pieces: the date is that of all replies.
    let now = SystemTime::now();
    let dates = [0, 1, 2].map(|ago| date(now - Duration::from_secs(ago)));
    assert!(dates.iter().any(|date| late.field("Date") == Some(date)), "{:?}, not {dates:?}", late.field("Date"));
    client.ends();
    took(start, 1);
}

/// A byte now and then buys no time.
#[test]
fn a_head_that_drips_is_408() {
    let server = server("header_timeout = 1");
    at_every_phase(|| drip(server.port));
}

fn drip(port: u16) {
    let mut client = Client::new(port);
    let start = Instant::now();
    client.stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    for byte in PART.iter().chain(&[b'x'; 200]) {
        client.send(&[*byte]);
        match client.stream.read(&mut [0; 1]) {
            Ok(read) => {
                assert_eq!(read, 1);
                return took(start, 1);
            }
            Err(_) => assert!(start.elapsed() < Duration::from_secs(5)),
        }
    }
    panic!("the whole head was waited for");
}

/// The time of a request that comes with the end of another begins with it, also behind a content that is sent from the
/// file.
#[test]
fn a_request_behind_another_has_its_own_time() {
    let long = format!("[[route]]\npath = \"/long\"\nbody = \"{}\"\n", "x".repeat(70_000));
    let spec = Spec::new(&format!("[server]\nheader_timeout = 2\n{ROUTES}{long}"));
    let server = Server::start(Variant::native(&spec.path()));
    for path in ["/", "/long"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let (begin, end) = request.as_bytes().split_at(10);
        at_every_phase(|| {
            let mut client = Client::new(server.port);
            client.send(begin);
            std::thread::sleep(Duration::from_millis(1500));
            let start = Instant::now();
            client.send(&[end, PART].concat());
            assert_eq!(client.reply().status(), "200", "{path}");
            assert_eq!(client.reply().status(), "408", "{path}");
            took(start, 2);
        });
    }
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let server = server("idle_timeout = 1");
    for asked in [false, true] {
        at_every_phase(|| {
            let mut client = Client::new(server.port);
            if asked {
                client.hello();
            }
            let start = Instant::now();
            client.ends();
            took(start, 1);
        });
    }
}

/// Each request begins the time anew.
#[test]
fn a_busy_connection_stays() {
    let server = server("idle_timeout = 1");
    let mut client = Client::new(server.port);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(4) {
        client.hello();
        std::thread::sleep(Duration::from_millis(700));
    }
}

/// A client that takes something is not given up, though the kernel has megabytes for it.
#[test]
fn a_client_that_takes_little_stays() {
    let server = super::stop::big_server("write_timeout = 3");
    let mut client = Client::new(server.port);
    client.send(b"GET /big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let start = Instant::now();
    let (mut taken, mut piece) = (0, vec![0; 10_000]);
    while start.elapsed() < Duration::from_secs(12) {
        taken += http::receive(&mut client.stream, &mut piece).unwrap();
        std::thread::sleep(Duration::from_millis(90));
    }
    let rest = http::read_all(&mut client.stream.try_clone().unwrap());
    drop(client);
    let all = taken + rest.map_or(0, |rest| rest.len());
    assert!(all > crate::run::bodies::BIG_BYTES, "{all} bytes came");
}

/// Clients that send this and do nothing more are given up after so many seconds, each at its time.
fn given_up_at_every_phase(server: &Server, request: &[u8], seconds: u64) -> Vec<Client> {
    let before = super::descriptors(server.pid());
    let mut clients: Vec<(Instant, Client)> = Vec::new();
    for phase in PHASES {
        let began = clients.first().map_or(Duration::ZERO, |(start, _)| start.elapsed());
        std::thread::sleep(phase.saturating_sub(began));
        let start = Instant::now();
        let mut client = Client::new(server.port);
        client.send(request);
        clients.push((start, client));
    }
    wait_until("they are accepted", || super::descriptors(server.pid()) == before + clients.len());
    for (index, (start, _)) in clients.iter().enumerate() {
        let left = before + clients.len() - index;
        wait_until("one is given up", || super::descriptors(server.pid()) < left);
        took(*start, seconds);
    }
    clients.into_iter().map(|(_, client)| client).collect()
}

#[test]
fn a_client_that_takes_nothing_is_given_up() {
    crate::run::bodies::with_big_server("epoll", |server| {
        let mut clients = given_up_at_every_phase(server, REQUEST, 1);
        // What the kernel had taken may still come.
        for client in &mut clients {
            let rest = http::read_all(&mut client.stream).map_or(0, |rest| rest.len());
            assert!(rest < crate::run::bodies::BIG_BYTES, "all of it came");
        }
    });
}

/// As long as it takes something within each second, it may take as long as it wants.
#[test]
fn a_slow_client_is_not() {
    crate::run::bodies::with_big_server("epoll", |server| {
        let mut client = Client::new(server.port);
        client.send(REQUEST);
        let mut taken = 0;
        let mut piece = vec![0; 1_000_000];
        while taken < crate::run::bodies::BIG_BYTES {
            let mut rest = piece.len();
            while rest > 0 {
                let read = http::receive(&mut client.stream, &mut piece[..rest]).unwrap();
                assert!(read > 0, "ended behind {taken} bytes");
                taken += read;
                rest = if taken >= crate::run::bodies::BIG_BYTES { 0 } else { rest - read };
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    });
}

/// Behind a reply that closes, a client that stays is not waited for.
#[test]
fn nobody_lingers_for_long() {
    let server = server("");
    let post = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n";
    for mut client in given_up_at_every_phase(&server, post, 2) {
        assert_eq!(client.reply().status(), "405");
    }
}
