//! No descriptor is left.

use std::thread;
use std::time::{Duration, Instant};

use super::client::{Client, Fault, request};
use super::{built, descriptors, is_well, spins};
use crate::harness::{http, none};

const MOST: usize = 20;
const FEW: [&str; 2] = ["prlimit", "--nofile=20:20"];
const CLIENTS: usize = 40;

/// Asks until it is answered: an idle connection may be closed in favour of others, but never within a reply.
fn served(port: u16, index: usize) -> Result<(), String> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(8) {
        let mut client = Client::new(port);
        match client.ask(if index.is_multiple_of(4) { "/long" } else { "/" }) {
            Ok(()) => return Ok(()),
            Err(Fault::Closed(_)) => thread::sleep(Duration::from_millis(10)),
            Err(fault) => return Err(format!("client {index}: {fault:?}")),
        }
    }
    Err(format!("client {index} was never served"))
}

#[test]
fn twice_as_many_clients_as_descriptors() {
    let mut server = built().start_under(&FEW);
    let port = server.port;
    let before = descriptors(server.pid());
    let faults = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|index| scope.spawn(move || served(port, index))).collect();
        clients.into_iter().filter_map(|client| client.join().unwrap().err()).collect::<Vec<_>>()
    });
    none(&faults);
    is_well(&mut server, before);
}

/// No connection is idle and could go: new ones wait, without work for the server, and are served as soon as one
/// closes.
#[test]
fn nobody_can_go() {
    let mut server = built().start_under(&FEW);
    let before = descriptors(server.pid());
    let mut downloads: Vec<Client> = Vec::new();
    while downloads.len() < CLIENTS {
        let mut client = Client::new(server.port);
        client.send(&request("/big")).unwrap();
        // A connection that has not asked yet is idle, and could go.
        if downloads.len() < MOST - before {
            assert_eq!(http::resumed(|| client.stream.peek(&mut [0])).unwrap(), 1, "the reply begins");
        }
        downloads.push(client);
    }
    thread::sleep(Duration::from_millis(500));
    assert_eq!(spins(server.pid()), None);
    let late = Instant::now();
    // All of them in turn, and none is cut.
    for (index, client) in downloads.iter_mut().enumerate() {
        client.reply("/big").unwrap_or_else(|fault| panic!("download {index}: {fault:?}"));
        client.stream.shutdown(std::net::Shutdown::Both).unwrap();
    }
    println!("{CLIENTS} downloads: {:?}", late.elapsed());
    drop(downloads);
    is_well(&mut server, before);
}
