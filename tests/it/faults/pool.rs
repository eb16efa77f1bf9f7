//! Room for parts of requests runs out.

use std::thread;
use std::time::Duration;

use super::client::{Client, Fault, request};
use super::short_counts::{narrow, small_buffers};
use super::{Built, descriptors, is_well};
use crate::harness::network::in_own_network;

const ROOM: usize = 4;

fn server() -> crate::harness::server::Server {
    Built::new(&format!("partial_requests = {ROOM}\nwrite_timeout = 30\nstop_timeout = 5")).start()
}

/// Takes all room: each sends another request after one, and does not read that one's reply.
fn hold(port: u16) -> Vec<Client> {
    let holders = (0..ROOM).map(|_| {
        let mut client = Client::new(port);
        client.send(&[request("/big"), request("/")].concat()).unwrap();
        client
    });
    let holders = holders.collect();
    thread::sleep(Duration::from_millis(100));
    holders
}

/// Other clients that send a request in two parts get a reply, or 408.
#[test]
fn clients_that_do_not_read_hold_it() {
    let mut server = server();
    let before = descriptors(server.pid());
    let mut holders = hold(server.port);
    let mut other = Client::new(server.port);
    let whole = request("/");
    other.send(&whole[..9]).unwrap();
    thread::sleep(Duration::from_millis(50));
    other.send(&whole[9..]).unwrap();
    let reply = other.reply("/");
    let told = |fault: &Fault| matches!(fault, Fault::Wrong(head) if ["408", "503"].iter().any(|it| head.contains(it)));
    assert!(reply.as_ref().err().is_none_or(told), "{reply:?}");
    for holder in &mut holders {
        holder.reply("/big").unwrap();
        holder.reply("/").unwrap();
    }
    drop((holders, other));
    is_well(&mut server, before);
}

/// A reply is cut while there is no room for its request: what comes is right as far as it comes.
#[test]
fn a_reply_is_cut_while_they_do() {
    const COUNT: usize = 1000;
    in_own_network(|| {
        small_buffers();
        let mut server = server();
        let before = descriptors(server.pid());
        let holders = hold(server.port);
        let range = b"GET / HTTP/1.1\r\nHost: localhost\r\nRange: bytes=1-2\r\n\r\n";
        for _ in 0..4 {
            let mut client = narrow(server.port);
            let mut sender = Client::of(client.stream.try_clone().unwrap());
            thread::scope(|scope| {
                scope.spawn(move || drop(sender.send(&range.repeat(COUNT))));
                thread::sleep(Duration::from_millis(100));
                // What others send meanwhile is not mixed with it.
                super::honest(server.port, Duration::from_secs(2));
                let mut whole = 0;
                let end = loop {
                    match client.whole(206, b"el") {
                        Ok(_) => whole += 1,
                        Err(fault) => break fault,
                    }
                };
                drop(client.stream.shutdown(std::net::Shutdown::Both));
                let told = matches!(&end, Fault::Wrong(head) if head.contains("408 Request Timeout"));
                assert!(told || matches!(end, Fault::Closed(_) | Fault::Cut(_)), "behind {whole} replies: {end:?}");
            });
            assert!(server.is_running(), "it has ended: exit code {:?}", server.exit_code());
        }
        drop(holders);
        is_well(&mut server, before);
    });
}
