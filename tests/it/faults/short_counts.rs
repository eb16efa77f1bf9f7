//! Sends that take only a part, at any byte: in a network with the smallest possible send buffers.

use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::client::{Client, Fault};
use super::{body_of, built, descriptors, is_well};
use crate::harness::network::in_own_network;
use crate::harness::process::send;
use crate::harness::random::Random;

/// What is asked for: a path, and of its content these bytes if not all of it.
#[derive(Clone, Copy)]
struct Asked {
    path: &'static str,
    range: Option<(usize, usize)>,
}

impl Asked {
    fn random(random: &mut Random) -> Self {
        let path = ["/", "/", "/", "/", "/", "/", "/", "/medium", "/nowhere", "/long"][random.below(10)];
        let first = random.below(13);
        let has_range = path != "/nowhere" && random.below(4) > 0;
        Self { path, range: has_range.then(|| (first, first + random.below(13 - first))) }
    }

    fn request(self) -> Vec<u8> {
        let range = self.range.map_or(String::new(), |(first, last)| format!("Range: bytes={first}-{last}\r\n"));
        format!("GET {} HTTP/1.1\r\nHost: localhost\r\n{range}\r\n", self.path).into_bytes()
    }

    fn check(self, client: &mut Client) -> Result<(), Fault> {
        let body = body_of(self.path);
        match self.range {
            Some((first, last)) => {
                let head = client.whole(206, &body[first..=last])?;
                let range = format!("\r\nContent-Range: bytes {first}-{last}/{}\r\n", body.len());
                if head.contains(&range) { Ok(()) } else { Err(Fault::Wrong(format!("no {range:?} in {head:?}"))) }
            }
            None if self.path == "/nowhere" => client.whole(404, body).map(drop),
            None => client.whole(200, body).map(drop),
        }
    }
}

/// A client that has room for little.
pub(super) fn narrow(port: u16) -> Client {
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    set_socket_recv_buffer_size(&socket, 2048).unwrap();
    let address = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, port));
    rustix::net::connect(&socket, &address).unwrap();
    Client::of(TcpStream::from(socket))
}

/// Sends these requests in pieces of random lengths while it reads the replies, slowly at first.
fn pipeline(port: u16, seed: u64, count: usize) -> Result<(), String> {
    let mut random = Random::new(seed);
    // Requests of one length are where they were when a buffer moves by some of them.
    let same = Asked { path: "/", range: Some((0, (seed % 13) as usize)) };
    let asked: Vec<Asked> =
        (0..count).map(|_| if seed.is_multiple_of(2) { same } else { Asked::random(&mut random) }).collect();
    let requests: Vec<u8> = asked.iter().flat_map(|asked| asked.request()).collect();
    let mut client = narrow(port);
    let mut sender = Client::of(client.stream.try_clone().unwrap());
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut rest = &requests[..];
            while !rest.is_empty() {
                let (piece, more) = rest.split_at((1 + random.below(3000)).min(rest.len()));
                // The reader says what is wrong.
                if sender.send(piece).is_err() {
                    return;
                }
                rest = more;
            }
        });
        thread::sleep(Duration::from_millis(20));
        for (index, asked) in asked.iter().enumerate() {
            if let Err(fault) = asked.check(&mut client) {
                // The sender may wait for room.
                drop(client.stream.shutdown(std::net::Shutdown::Both));
                return Err(format!("seed {seed}, reply {index} of {count}: {fault:?}"));
            }
        }
        client.finish().map_err(|fault| format!("seed {seed}, at the end: {fault:?}"))
    })
}

/// Send buffers of this network take as little as they can.
pub(super) fn small_buffers() {
    // `/proc/sys/net` is that of the thread's network.
    std::fs::write("/proc/sys/net/ipv4/tcp_wmem", "4096 4096 4096").unwrap();
}

#[test]
fn pipelines() {
    const SEEDS: u64 = 24;
    in_own_network(|| {
        small_buffers();
        let mut server = built().start();
        let before = descriptors(server.pid());
        for chunk in (1..=SEEDS).collect::<Vec<_>>().chunks(8) {
            let port = server.port;
            let faults: Vec<String> =
                on_own_threads(chunk, |seed| pipeline(port, seed, if seed % 2 == 0 { 1500 } else { 200 }));
            assert!(server.is_running(), "it has ended: exit code {:?}; {faults:?}", server.exit_code());
            crate::harness::none(&faults);
        }
        is_well(&mut server, before);
    });
}

/// The faults of this work for each of the seeds, at once, in the network of this thread.
fn on_own_threads(seeds: &[u64], work: impl Fn(u64) -> Result<(), String> + Sync) -> Vec<String> {
    let work = &work;
    thread::scope(|scope| {
        let all: Vec<_> = seeds.iter().map(|&seed| scope.spawn(move || work(seed))).collect();
        all.into_iter().filter_map(|one| one.join().unwrap().err()).collect()
    })
}

/// A reply that is cut within its head goes on as it began, although the server is told to stop in between.
#[test]
fn a_reply_goes_on_as_it_began() {
    const CLIENTS: usize = 100;
    const COUNT: usize = 60;
    in_own_network(|| {
        small_buffers();
        let mut server = super::Built::new("drain = 2\nstop_timeout = 5").start();
        // Replies of several lengths, so that the cut comes to be everywhere in one of them.
        let asked = |index: usize| Asked { path: "/", range: Some((0, index % 10)) };
        let first = |index: usize| Asked { path: "/medium", range: Some((0, 13 * index)) };
        let mut clients: Vec<Client> = (0..CLIENTS).map(|_| narrow(server.port)).collect();
        for (index, client) in clients.iter_mut().enumerate() {
            client.send(&[first(index).request(), asked(index).request().repeat(COUNT)].concat()).unwrap();
        }
        thread::sleep(Duration::from_millis(100));
        send(server.pid(), rustix::process::Signal::TERM);
        thread::sleep(Duration::from_millis(50));
        let faults = clients.iter_mut().enumerate().filter_map(|(index, client)| {
            let whole =
                first(index).check(client).and_then(|()| (0..COUNT).try_for_each(|_| asked(index).check(client)));
            match whole {
                // Behind the reply that says so.
                Ok(()) | Err(Fault::Closed(_)) => None,
                Err(fault) => Some(format!("client {index}: {fault:?}")),
            }
        });
        crate::harness::none(&faults.collect::<Vec<_>>());
        drop(clients);
        assert_eq!(server.exit_code(), Some(0));
    });
}

/// A reply is counted and logged once, however often it is begun again.
#[test]
fn every_reply_counts_once() {
    const COUNT: usize = 300;
    in_own_network(|| {
        small_buffers();
        let mut server = super::Built::new("access_log = true\nmetrics = \"/metrics\"").start();
        let asked = Asked { path: "/", range: Some((0, 7)) };
        let mut client = narrow(server.port);
        client.send(&asked.request().repeat(COUNT)).unwrap();
        for index in 0..COUNT {
            asked.check(&mut client).unwrap_or_else(|fault| panic!("reply {index}: {fault:?}"));
        }
        client.finish().unwrap();
        let figures = crate::harness::http::exchange(
            server.port,
            b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        );
        let figures = String::from_utf8_lossy(&figures).into_owned();
        assert_eq!(server.end(rustix::process::Signal::TERM), None);
        let logged = server.rest_of_stdout().lines().filter(|line| line.contains("\" 206 ")).count();
        let counted = figures.lines().find_map(|line| line.strip_prefix("asmgen_http_replies_total{code=\"2xx\"} "));
        let counted: Option<usize> = counted.and_then(|number| number.parse().ok());
        assert_eq!((counted, logged), (Some(COUNT), COUNT), "counted and logged");
    });
}
