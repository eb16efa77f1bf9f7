//! Clients that stop reading, or that send no more.

use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use super::client::{Client, Fault, request};
use super::{Built, built, descriptors, honest, is_well, spins};

/// They are closed after their time; no other client waits for them.
#[test]
fn that_stop_reading() {
    const COUNT: usize = 50;
    let mut server = Built::new("write_timeout = 2\nstop_timeout = 5").start();
    let before = descriptors(server.pid());
    let mut clients: Vec<Client> = (0..COUNT).map(|_| Client::new(server.port)).collect();
    for (index, client) in clients.iter_mut().enumerate() {
        client.send(&[request("/big"), request("/")].concat()).unwrap();
        if index % 2 == 0 {
            client.stream.shutdown(Shutdown::Write).unwrap();
        }
    }
    honest(server.port, Duration::from_millis(500));
    assert_eq!(spins(server.pid()), None);
    honest(server.port, Duration::from_millis(500));
    // Clients are still there, and do not read.
    is_well(&mut server, before);
    drop(clients);
}

/// The end of what a client sends is not the end of what it gets.
#[test]
fn that_have_closed_their_side() {
    let mut server = built().start();
    let before = descriptors(server.pid());
    for path in ["/", "/medium", "/long", "/big"] {
        for pause in [0, 30] {
            let mut client = Client::new(server.port);
            client.send(&[request(path), request("/"), request(path)].concat()).unwrap();
            client.stream.shutdown(Shutdown::Write).unwrap();
            thread::sleep(Duration::from_millis(pause));
            for path in [path, "/", path] {
                client.reply(path).unwrap_or_else(|fault| panic!("{path}: {fault:?}"));
            }
            client.ends().unwrap_or_else(|fault| panic!("{path}: {fault:?}"));
        }
    }
    is_well(&mut server, before);
}

/// Half a request and the end of it: closed at once, or told why.
#[test]
fn that_close_within_a_request() {
    let mut server = built().start();
    let before = descriptors(server.pid());
    for sent in [&b""[..], b"\r\n", b"G", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r"] {
        let mut client = Client::new(server.port);
        client.send(sent).unwrap();
        thread::sleep(Duration::from_millis(5));
        client.stream.shutdown(Shutdown::Write).unwrap();
        let end = client.ends();
        assert!(end.is_ok(), "{end:?}");
    }
    is_well(&mut server, before);
}

/// A reply to a client that sends on is not lost by a reset: neither while the server stops nor after an error.
#[test]
fn that_send_on_behind_the_last_reply() {
    let mut server = Built::new("drain = 2\nstop_timeout = 5").start();
    let mut clients: Vec<Client> = (0..3).map(|_| Client::new(server.port)).collect();
    for client in &mut clients {
        client.ask("/").unwrap();
    }
    crate::harness::process::send(server.pid(), rustix::process::Signal::TERM);
    thread::sleep(Duration::from_millis(50));
    for client in &mut clients {
        client.ask("/").unwrap();
        // It did not say that it would close, so it may have sent this before it saw that the server does.
        client.send(&request("/")).unwrap();
        thread::sleep(Duration::from_millis(20));
        let again = client.send(&request("/"));
        assert!(!matches!(again, Err(Fault::Closed(_))), "a reset: {again:?}");
        let end = client.ends();
        assert!(end.is_ok(), "{end:?}");
    }
    drop(clients);
    assert_eq!(server.exit_code(), Some(0));
}
