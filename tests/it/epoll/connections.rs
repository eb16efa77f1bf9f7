//! Connections that stay, and requests that come together.

use std::time::Duration;

use rustix::process::Signal;

use super::{Client, REQUEST, Trace, descriptors, server, spec};
use crate::harness::server::Server;
use crate::harness::tool::variants;

#[test]
fn a_connection_serves_many_requests() {
    let spec = spec("");
    for variant in variants(&spec.path()) {
        let server = Server::start(variant);
        let mut client = Client::new(server.port);
        for _ in 0..100 {
            assert_eq!(client.hello().field("Connection"), None, "{variant}");
        }
        let last = client.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert_eq!(last.field("Connection"), Some("close"), "{variant}");
        client.ends();
    }
}

#[test]
fn http_1_0_stays_where_it_asks_to() {
    let server = server("");
    let mut client = Client::new(server.port);
    for _ in 0..3 {
        let reply = client.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assert_eq!(reply.field("Connection"), Some("keep-alive"));
    }
    let reply = client.ask(b"GET / HTTP/1.0\r\n\r\n");
    assert_eq!((reply.field("Connection"), reply.body.as_slice()), (Some("close"), b"Hello".as_slice()));
    client.ends();
}

/// The server takes what a client sends after its reply. The reply is whole, its end is not a reset, and none comes for
/// what is sent. A server that closes at once would have none of it.
#[test]
fn what_comes_behind_the_last_reply_is_taken() {
    const PIECES: usize = 20;
    const PIECE: [u8; 5000] = [b'x'; 5000];
    let server = server("");
    for (head, status) in [
        ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n", "405"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n", "200"),
        ("PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", "405"),
        ("PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nwrong\r\n\r\n", "400"),
        ("GET / HTTP/2.0\r\n\r\n", "505"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\nGET /", "200"),
    ] {
        let mut client = Client::new(server.port);
        client.send(head.as_bytes());
        for _ in 0..PIECES {
            std::thread::sleep(Duration::from_millis(5));
            client.send(&PIECE);
        }
        assert_eq!(client.reply().status(), status, "{head}");
        client.ends();
    }
}

/// Sixteen requests in one packet are one receive and one send.
#[test]
fn a_batch_is_one_send() {
    let trace = Trace::new();
    let mut server = trace.start("sendmsg,writev,write,sendfile,recvfrom", &[], &spec(""));
    let mut client = Client::new(server.port);
    client.send(&REQUEST.repeat(16));
    for _ in 0..16 {
        assert_eq!(client.reply().body, b"Hello");
    }
    assert_eq!(server.end(Signal::TERM), None);
    let count = |name: &str| trace.calls(name).len();
    // What is written is the start line.
    assert_eq!([count("writev"), count("sendmsg"), count("write"), count("sendfile")], [1, 0, 1, 0]);
    assert!(count("recvfrom") <= 2, "{:?}", trace.calls("recvfrom"));
}

/// Requests cut anywhere, also between CR and LF, and with the next one behind them.
#[test]
fn two_requests_cut_at_every_position() {
    let server = server("");
    let two = [REQUEST, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"].concat();
    let mut client = Client::new(server.port);
    for at in 0..=two.len() {
        client.send(&two[..at]);
        std::thread::sleep(std::time::Duration::from_micros(300));
        client.send(&two[at..]);
        assert_eq!(client.reply().body, b"Hello", "cut at {at}");
        assert_eq!(client.reply().body, b"OK", "cut at {at}");
    }
}

/// What a line says of the connection holds for the reply, not before its head has ended.
#[test]
fn a_closing_request_cut_at_every_position() {
    let server = server("");
    for request in [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: */*\r\n\r\n".as_slice(),
        b"GET / HTTP/1.0\r\nAccept: */*\r\n\r\n",
    ] {
        for at in 1..request.len() {
            let mut client = Client::new(server.port);
            client.send(&[REQUEST, &request[..at]].concat());
            assert_eq!(client.reply().body, b"Hello", "cut at {at}");
            client.send(&request[at..]);
            let reply = client.reply_to(false).unwrap_or_else(|| panic!("cut at {at}: closed without a reply"));
            assert_eq!((reply.body.as_slice(), reply.field("Connection")), (b"Hello".as_slice(), Some("close")));
            client.ends();
        }
    }
}

/// The reply is whole although the client sends on: no reset overtakes it.
#[test]
fn what_comes_behind_the_last_reply_is_discarded() {
    let server = server("");
    let last = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n";
    for _ in 0..50 {
        let mut client = Client::new(server.port);
        client.send(&[last.as_slice(), &vec![b'x'; 1_000_000]].concat());
        assert_eq!(client.reply().status(), "405");
        client.ends();
    }
}

/// A client that says it sends no more is answered all the same.
#[test]
fn half_closed() {
    let server = server("");
    let before = descriptors(server.pid());
    let mut client = Client::new(server.port);
    client.send(&REQUEST.repeat(3));
    client.stream.shutdown(std::net::Shutdown::Write).unwrap();
    for _ in 0..3 {
        assert_eq!(client.reply().body, b"Hello");
    }
    client.ends();
    assert_eq!(descriptors(server.pid()), before);
}
