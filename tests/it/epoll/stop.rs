//! The end of a server: what is under way is finished, a second signal or the deadline ends it.

use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{Client, PART, PHASES, REQUEST, ROUTES, SLACK, TICK, TICKS, descriptors, server, took};
use crate::harness::process::send;
use crate::harness::server::{Server, Spec};
use crate::harness::tool::{Variant, variants};
use crate::harness::wait_until;
use crate::run::bodies::{BIG_BYTES, big_body};

/// A server of 10 MB at `/big`, and of the short routes.
pub(super) fn big_server(keys: &str) -> Server {
    let spec = Spec::new(&format!("[server]\n{keys}\n[[route]]\npath = \"/big\"\nfile = \"big.bin\"\n{ROUTES}"));
    std::fs::write(spec.path().with_file_name("big.bin"), big_body()).unwrap();
    Server::start(Variant::native(&spec.path()))
}

const BIG: &[u8] = b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// It ends by itself because nothing is under way any more, not because its time is up.
fn ends_by_itself(server: &mut Server) {
    let start = Instant::now();
    assert_eq!(server.exit_code(), Some(0));
    assert!(start.elapsed() < TICKS, "{:?}", start.elapsed());
}

/// Connects and starts a download, but takes little of it.
fn begin(server: &Server) -> Client {
    let mut client = Client::new(server.port);
    client.send(BIG);
    client.more().unwrap();
    client
}

fn is_refused(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err()
}

#[test]
fn idle_connections_do_not_delay_it() {
    let spec = super::spec("");
    for variant in variants(&spec.path()) {
        for signal in [Signal::TERM, Signal::INT] {
            let mut server = Server::start(variant);
            let mut clients: Vec<Client> = (0..5).map(|_| Client::new(server.port)).collect();
            super::hello_to(clients.iter_mut().skip(1));
            assert_eq!(server.end(signal), None, "{variant}");
            clients.iter_mut().for_each(Client::ends);
        }
    }
}

/// Requests that have come when the signal is heard are answered, however many they are: a turn takes 64 events.
#[test]
fn what_has_come_is_answered() {
    const CLIENTS: usize = 200;
    let mut server = server("");
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| Client::new(server.port)).collect();
    super::hello_to(clients.iter_mut());
    send(server.pid(), Signal::STOP);
    send(server.pid(), Signal::TERM);
    for client in &mut clients {
        client.send(REQUEST);
    }
    send(server.pid(), Signal::CONT);
    for client in &mut clients {
        assert_eq!(client.reply().body, b"Hello");
    }
    drop(clients);
    ends_by_itself(&mut server);
}

/// While it still takes connections, those that linger have no more time than ever.
#[test]
fn who_lingers_is_closed_while_it_drains() {
    let mut server = server("drain = 10\nstop_timeout = 1");
    let before = descriptors(server.pid());
    let mut clients: Vec<Client> = (0..5).map(|_| Client::new(server.port)).collect();
    super::hello_to(clients.iter_mut());
    send(server.pid(), Signal::TERM);
    std::thread::sleep(SLACK / 4);
    for client in &mut clients {
        assert_eq!(client.ask(REQUEST).field("Connection"), Some("close"));
    }
    let start = Instant::now();
    wait_until("all are closed", || descriptors(server.pid()) == before);
    assert!(start.elapsed() < Duration::from_secs(2) + TICK + SLACK, "{:?}", start.elapsed());
    assert!(server.is_running());
    assert_eq!(server.end(Signal::TERM), None);
}

#[test]
fn a_download_is_finished() {
    let mut server = big_server("");
    let mut client = begin(&server);
    let mut idle = Client::new(server.port);
    idle.hello();
    send(server.pid(), Signal::TERM);
    idle.ends();
    wait_until("nobody is let in", || is_refused(server.port));
    assert!(server.is_running());
    let reply = client.reply();
    assert!(reply.body == big_body(), "{} bytes", reply.body.len());
    let start = Instant::now();
    client.ends();
    assert!(start.elapsed() < TICKS, "closed only after {:?}", start.elapsed());
    ends_by_itself(&mut server);
}

#[test]
fn half_a_request_is_waited_for() {
    let mut server = server("");
    let mut client = Client::new(server.port);
    client.send(PART);
    std::thread::sleep(SLACK / 8);
    send(server.pid(), Signal::TERM);
    std::thread::sleep(SLACK / 8);
    client.send(b"alhost\r\n\r\n");
    let reply = client.reply();
    assert_eq!((reply.status(), reply.field("Connection")), ("200", Some("close")));
    client.ends();
    assert_eq!(server.exit_code(), Some(0));
}

/// The second request came before the signal, its reply leaves behind it: the client gets both, whole.
#[test]
fn replies_that_wait_are_whole() {
    for requests in [&[BIG, REQUEST][..], &[BIG, BIG], &[REQUEST, BIG, REQUEST, REQUEST]] {
        let mut server = big_server("");
        let mut client = Client::new(server.port);
        client.send(&requests.concat());
        client.more().unwrap();
        std::thread::sleep(SLACK / 8);
        send(server.pid(), Signal::TERM);
        std::thread::sleep(SLACK / 8);
        let mut replies = 0;
        while let Some(reply) = client.reply_to(false) {
            let expected = if requests[replies] == BIG { big_body() } else { b"Hello" };
            assert!(reply.body == expected, "{} bytes behind {}", reply.body.len(), reply.head);
            replies += 1;
            if reply.field("Connection") == Some("close") {
                break;
            }
        }
        assert!(replies > 0);
        let start = Instant::now();
        client.ends();
        assert!(start.elapsed() < TICKS, "{} requests: closed only after {:?}", requests.len(), start.elapsed());
        drop(client);
        ends_by_itself(&mut server);
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = big_server("");
        let _client = begin(&server);
        send(server.pid(), Signal::TERM);
        std::thread::sleep(SLACK / 4);
        assert!(server.is_running());
        assert_eq!(server.end(signal), None);
    }
}

#[test]
fn the_deadline_ends_it() {
    ends_at_every_phase("stop_timeout = 1", true);
}

/// Servers with these keys, which give them a second, end after it; with a download, only because of it.
fn ends_at_every_phase(keys: &str, has_download: bool) {
    std::thread::scope(|scope| {
        for phase in PHASES {
            scope.spawn(move || {
                let mut server = big_server(keys);
                let client = has_download.then(|| begin(&server));
                std::thread::sleep(phase);
                let start = Instant::now();
                send(server.pid(), Signal::TERM);
                assert_eq!(server.exit_code(), Some(0));
                took(start, 1);
                drop(client);
            });
        }
    });
}

/// While it drains, connections are taken and replies say that they are the last; then they are refused.
#[test]
fn drain() {
    let mut server = big_server("drain = 2");
    let mut download = begin(&server);
    let [mut idle, mut silent] = [Client::new(server.port), Client::new(server.port)];
    idle.hello();
    let start = Instant::now();
    send(server.pid(), Signal::TERM);
    std::thread::sleep(SLACK / 8);
    let mut asked = 0;
    while start.elapsed() < Duration::from_millis(1700) {
        let mut client = Client::new(server.port);
        assert_eq!(client.hello().field("Connection"), Some("close"));
        client.ends();
        asked += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(asked > 10);
    assert_eq!(idle.hello().field("Connection"), Some("close"));
    idle.ends();
    wait_until("nobody is let in", || is_refused(server.port));
    took(start, 2);
    silent.ends();
    assert_eq!(download.reply().body.len(), BIG_BYTES);
    ends_by_itself(&mut server);
}

/// Nothing is under way, but the time to drain is not over: a load balancer may still send a client.
#[test]
fn drain_without_connections() {
    ends_at_every_phase("drain = 1", false);
}

/// Not every kernel tells what the client has acknowledged: gVisor does not. Then it is taken for everything.
#[test]
fn nothing_is_waited_for_where_the_kernel_does_not_tell() {
    let wrapper = ["strace", "-D", "-qqq", "-o", "/dev/null", "-e", "inject=getsockopt:error=ENOPROTOOPT"];
    let mut server = super::server_under(&wrapper, "sandbox = false");
    let [mut idle, mut lingers] = [Client::new(server.port), Client::new(server.port)];
    idle.hello();
    lingers.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(lingers.reply().status(), "405");
    assert_eq!(server.end(Signal::TERM), None);
    idle.ends();
}

/// Connections that linger end as well.
#[test]
fn a_client_that_lingers_does_not_delay_it_for_long() {
    let mut server = server("");
    let before = descriptors(server.pid());
    let mut client = Client::new(server.port);
    client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(client.reply().status(), "405");
    assert_eq!(descriptors(server.pid()), before + 1);
    let start = Instant::now();
    send(server.pid(), Signal::TERM);
    assert_eq!(server.exit_code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
