//! Nothing is lost: clients of all kinds, while the server is stopped and continued again and again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::client::{Client, Fault, request};
use super::{built, descriptors, is_well};
use crate::harness::none;
use crate::harness::process::stop_and_continue;
use crate::harness::random::Random;

const CLIENTS: u64 = 8;
const REQUESTS: usize = 500;

fn pause(random: &mut Random) {
    if random.below(20) == 0 {
        thread::sleep(Duration::from_millis(random.below(8) as u64));
    }
}

fn path(random: &mut Random) -> &'static str {
    ["/", "/", "/", "/", "/", "/", "/medium", "/medium", "/long"][random.below(9)]
}

fn closing(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").into_bytes()
}

/// Sends requests together, cut anywhere, and takes each reply; the last may close. How many were answered.
fn batch(client: &mut Client, random: &mut Random, count: usize, last_closes: bool) -> Result<(), Fault> {
    let paths: Vec<&str> = (0..count).map(|_| path(random)).collect();
    let mut bytes: Vec<u8> = paths[..count - 1].iter().flat_map(|path| request(path)).collect();
    bytes.extend(if last_closes { closing(paths[count - 1]) } else { request(paths[count - 1]) });
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let (piece, more) = rest.split_at((1 + random.below(bytes.len())).min(rest.len()));
        client.send(piece)?;
        pause(random);
        rest = more;
    }
    paths.iter().try_for_each(|path| client.reply(path))?;
    if last_closes { client.ends() } else { Ok(()) }
}

fn client(port: u16, seed: u64) -> Result<(), String> {
    let mut random = Random::new(seed);
    let mut done = 0;
    while done < REQUESTS {
        let mut client = Client::new(port);
        pause(&mut random);
        loop {
            let count = (1 + random.below(6)).min(REQUESTS - done);
            let last_closes = random.below(5) == 0 || done + count == REQUESTS;
            let fault = |fault| format!("client {seed}, behind {done} replies: {fault:?}");
            batch(&mut client, &mut random, count, last_closes).map_err(fault)?;
            done += count;
            if last_closes {
                break;
            }
        }
    }
    Ok(())
}

#[test]
fn every_request_has_its_reply() {
    let mut server = built().start();
    let (pid, port) = (server.pid(), server.port);
    let before = descriptors(pid);
    let over = AtomicBool::new(false);
    let faults = thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                stop_and_continue(pid);
                thread::sleep(Duration::from_millis(5));
            }
        });
        let clients: Vec<_> = (1..=CLIENTS).map(|seed| scope.spawn(move || client(port, seed))).collect();
        let faults: Vec<String> = clients.into_iter().filter_map(|client| client.join().unwrap().err()).collect();
        over.store(true, Ordering::Relaxed);
        faults
    });
    none(&faults);
    is_well(&mut server, before);
}
