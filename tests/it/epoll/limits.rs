//! Limits that are reached: the oldest goes, the others are served, and memory stays where it was.

use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Client, PART, SLACK, descriptors, server, spec};
use crate::harness::http;
use crate::harness::network::in_own_network;
use crate::harness::process::{cpu_time, status};
use crate::harness::server::{Executable, Server};
use crate::harness::tool::Variant;
use crate::harness::wait_until;

/// By the second: connections that were busy in the same second count as equal.
#[test]
fn the_connection_that_is_idle_for_longest_makes_room() {
    let server = server("connections = 16");
    let mut clients: Vec<Client> = (0..16).map(|_| Client::new(server.port)).collect();
    super::hello_to(&mut clients);
    std::thread::sleep(super::TICKS);
    super::hello_to(&mut clients[..8]);
    let mut newest: Vec<Client> = (0..8).map(|_| Client::new(server.port)).collect();
    super::hello_to(&mut newest);
    clients[8..].iter_mut().for_each(Client::ends);
    super::hello_to(clients[..8].iter_mut().chain(&mut newest));
}

/// No connection is idle: new ones wait until another closes, and no reply is lost.
#[test]
fn no_room_for_a_moment() {
    let server = server("connections = 16\nheader_timeout = 2");
    let mut clients: Vec<Client> = (0..16).map(|_| Client::new(server.port)).collect();
    for client in &mut clients {
        client.send(PART);
    }
    std::thread::sleep(SLACK / 4);
    let mut waiting = Client::new(server.port);
    waiting.send(super::REQUEST);
    let before = cpu_time(server.pid());
    std::thread::sleep(SLACK);
    assert!(cpu_time(server.pid()).saturating_sub(before) < SLACK / 8, "it spins");
    clients[3].send(b"alhost\r\nConnection: close\r\n\r\n");
    assert_eq!(clients[3].reply().status(), "200");
    clients[3].ends();
    drop(clients.remove(3));
    assert_eq!(waiting.reply().status(), "200");
}

/// By the second, too.
#[test]
fn the_oldest_half_request_makes_room() {
    let server = server("partial_requests = 4");
    let mut clients: Vec<Client> = (0..8).map(|_| Client::new(server.port)).collect();
    // Two of the first four are in the table behind those that come later.
    for together in [[6, 0, 7, 1], [2, 3, 4, 5]] {
        for index in together {
            clients[index].send(PART);
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(super::TICKS);
    }
    for index in [0, 1, 6, 7] {
        let client = &mut clients[index];
        let late = client.reply();
        assert_eq!((late.status(), late.field("Connection")), ("408", Some("close")));
        client.ends();
    }
    for client in &mut clients[2..6] {
        assert_eq!(client.ask(b"alhost\r\n\r\n").body, b"Hello");
        client.hello();
    }
}

/// Buffers come back: with one, any number of requests in two pieces can follow each other.
#[test]
fn buffers_are_used_again() {
    let server = server("partial_requests = 1");
    let mut clients: Vec<Client> = (0..5).map(|_| Client::new(server.port)).collect();
    for round in 0..200 {
        let client = &mut clients[round % 5];
        client.send(PART);
        std::thread::sleep(Duration::from_micros(200));
        assert_eq!(client.ask(b"alhost\r\n\r\n").body, b"Hello", "round {round}");
    }
}

#[test]
fn no_descriptor_left() {
    // Its own seven, one for a connection.
    let server = super::server_under(&["prlimit", "--nofile=8:8"], "");
    let mut first = Client::new(server.port);
    first.hello();
    let mut second = Client::new(server.port);
    second.hello();
    first.ends();
    second.send(PART);
    std::thread::sleep(SLACK / 8);
    let mut third = Client::new(server.port);
    third.send(super::REQUEST);
    let before = cpu_time(server.pid());
    std::thread::sleep(SLACK);
    assert!(cpu_time(server.pid()).saturating_sub(before) < SLACK / 8, "it spins");
    drop(second);
    assert_eq!(third.reply().body, b"Hello");
}

/// 16 bytes for each of 10,000 idle connections, and others are served as before.
#[test]
fn ten_thousand_idle_connections() {
    const IDLE: usize = 10_000;
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let spec = spec("");
    let path = spec.path();
    let variant = Variant::native(&path);
    let built = Executable::build(variant, 8080);
    in_own_network(|| {
        let mut server = Server::run(variant, &built.file(), built.port);
        for _ in 0..100 {
            Client::new(server.port).hello();
        }
        let before_kb = status(server.pid(), "RssAnon");
        let idle: Vec<Client> = (0..IDLE)
            .map(|index| {
                let mut client = Client::new(server.port);
                // Half of them have asked already.
                if index % 2 == 0 {
                    client.hello();
                }
                client
            })
            .collect();
        wait_until("all are accepted", || descriptors(server.pid()) >= IDLE);
        let grown = status(server.pid(), "RssAnon") - before_kb;
        println!("RssAnon {before_kb} kB, {grown} kB more for {IDLE} connections");
        assert!(grown * 1024 <= 16 * IDLE as u64 + 4096, "{grown} kB more than {before_kb} kB");
        let start = Instant::now();
        for _ in 0..500 {
            Client::new(server.port).hello();
        }
        assert!(start.elapsed() < Duration::from_secs(2), "500 requests in {:?}", start.elapsed());
        crate::harness::process::send(server.pid(), rustix::process::Signal::TERM);
        let start = Instant::now();
        assert_eq!(server.exit_code(), Some(0));
        println!("{IDLE} connections closed in {:?}", start.elapsed());
        drop(idle);
    });
}

/// Nothing is left of connections that were reset in any state.
#[test]
fn no_descriptor_is_lost() {
    let server = server("");
    let before = descriptors(server.pid());
    for round in 0..400 {
        let mut client = Client::new(server.port);
        match round % 4 {
            0 => {}
            1 => client.send(PART),
            2 => client.send(&super::REQUEST.repeat(20)),
            _ => drop(client.hello()),
        }
        if round % 3 == 0 {
            rustix::net::sockopt::set_socket_linger(&client.stream, Some(Duration::ZERO)).unwrap();
        }
    }
    wait_until("all are closed", || descriptors(server.pid()) == before);
    let _ = http::get(server.port, "/");
}
