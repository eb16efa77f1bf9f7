//! Clients that vanish by a reset, in every state of a connection.

use std::io::Read;

use super::client::{Client, request, reset};
use super::{built, descriptors, is_well};

/// What the client has done when it vanishes.
type Before = fn(&mut Client);

fn send(client: &mut Client, bytes: &[u8]) {
    // The server may have closed already.
    drop(client.send(bytes));
}

fn read(client: &mut Client, bytes: usize) {
    drop(client.stream.read_exact(&mut vec![0; bytes]));
}

#[rustfmt::skip] // A table.
const STATES: [(&str, Before); 13] = [
    ("connected",                |_| {}),
    ("an empty line",            |client| send(client, b"\r\n")),
    ("within the method",        |client| send(client, b"GE")),
    ("within the fields",        |client| send(client, b"GET / HTTP/1.1\r\nHost: a\r\n")),
    ("asked",                    |client| send(client, &request("/"))),
    ("asked for several",        |client| send(client, &request("/").repeat(50))),
    ("asked for something long", |client| send(client, &request("/long"))),
    ("within a large reply",     |client| { send(client, &request("/big")); read(client, 100_000); }),
    ("within one, and more",     |client| {
        send(client, &[request("/big"), request("/")].concat());
        read(client, 10);
    }),
    ("answered",                 |client| client.ask("/").unwrap()),
    ("refused",                  |client| { send(client, b"wrong\r\n\r\n"); read(client, 10); }),
    ("refused, and sends on",    |client| {
        send(client, b"wrong\r\n\r\n");
        read(client, 10);
        send(client, &[0; 5000]);
    }),
    ("refused, half closed",     |client| {
        send(client, b"wrong\r\n\r\n");
        drop(client.stream.shutdown(std::net::Shutdown::Write));
    }),
];

#[test]
fn in_every_state() {
    const ROUNDS: usize = 1000 / STATES.len() + 1;
    let mut server = built().start();
    let before = descriptors(server.pid());
    for round in 0..ROUNDS {
        for (name, prepare) in STATES {
            let mut client = Client::new(server.port);
            prepare(&mut client);
            reset(client.stream);
            assert!(server.is_running(), "{name}, round {round}: it has ended: exit code {:?}", server.exit_code());
        }
    }
    is_well(&mut server, before);
}

/// Many at once, so that events of one turn concern connections that are gone, and descriptors that are used anew.
#[test]
fn all_at_once() {
    const ROUNDS: usize = 20;
    let mut server = built().start();
    let before = descriptors(server.pid());
    for round in 0..ROUNDS {
        let mut clients: Vec<Client> = (0..5 * STATES.len()).map(|_| Client::new(server.port)).collect();
        crate::harness::process::send(server.pid(), rustix::process::Signal::STOP);
        for (index, client) in clients.iter_mut().enumerate() {
            // Those that wait for a reply would wait for the server.
            let (_, prepare) = STATES[[0, 1, 2, 3, 4, 5, 6][(index + round) % 7]];
            prepare(client);
        }
        let stay = clients.split_off(clients.len() / 2);
        for client in clients {
            reset(client.stream);
        }
        crate::harness::process::send(server.pid(), rustix::process::Signal::CONT);
        super::honest(server.port, std::time::Duration::from_secs(2));
        drop(stay);
    }
    is_well(&mut server, before);
}
