//! No descriptor is left.

use std::thread;
use std::time::{Duration, Instant};

use super::client::{Client, Fault, request};
use super::{built, descriptors, is_well, spins};
use crate::harness::none;
use crate::harness::process::cpu_time;

const FEW: [&str; 2] = ["prlimit", "--nofile=20:20"];
const CLIENTS: usize = 40;

/// Asks until it is answered: who waits idle may be closed in favour of others, but never within a reply.
fn served(port: u16, index: usize) -> Result<(), String> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(8) {
        let mut client = Client::new(port);
        match client.ask(if index % 4 == 0 { "/long" } else { "/" }) {
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

/// Nobody is idle who could go: new ones wait, without work for the server, and are served as soon as one leaves.
#[test]
fn nobody_can_go() {
    let mut server = built().start_under(&FEW);
    let before = descriptors(server.pid());
    let mut downloads: Vec<Client> = (0..CLIENTS).map(|_| Client::new(server.port)).collect();
    for client in &mut downloads {
        client.send(&request("/big")).unwrap();
    }
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(spins(server.pid()), None);
    let late = Instant::now();
    let cpu = cpu_time(server.pid());
    // All of them in turn, and none is cut.
    for (index, client) in downloads.iter_mut().enumerate() {
        client.reply("/big").unwrap_or_else(|fault| panic!("download {index}: {fault:?}"));
        client.stream.shutdown(std::net::Shutdown::Both).unwrap();
    }
    println!("{CLIENTS} downloads: {:?}, {:?} on the processor", late.elapsed(), cpu_time(server.pid()) - cpu);
    drop(downloads);
    is_well(&mut server, before);
}
