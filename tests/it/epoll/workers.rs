//! Several processes that serve one port, and end together.

use std::time::Duration;

use rustix::process::Signal;
use rustix::thread::sched_getaffinity;

use super::{Client, SLACK, server};
use crate::harness::process::{children, send, state};
use crate::harness::server::Server;
use crate::harness::wait_until;

/// Servers of this many workers, and how many children the first has.
fn serve(keys: &str, others: usize) -> (Server, Vec<u32>) {
    let server = server(keys);
    // The first says that it listens when it does; the others follow.
    wait_until("all workers are there", || children(server.pid()).len() == others);
    std::thread::sleep(Duration::from_millis(100));
    for _ in 0..50 {
        Client::new(server.port).hello();
    }
    let children = children(server.pid());
    assert_eq!(children.len(), others);
    (server, children)
}

fn is_gone(pid: u32) -> bool {
    ["", "Z", "X"].contains(&state(pid).as_str())
}

#[test]
fn all_end_when_the_first_is_told_to() {
    for signal in [Signal::TERM, Signal::INT] {
        let (mut server, others) = serve("workers = 3", 2);
        assert_eq!(server.end(signal), None);
        assert!(others.into_iter().all(is_gone));
    }
}

#[test]
fn one_for_each_core() {
    let cores = sched_getaffinity(None).unwrap().count() as usize;
    let (mut server, _) = serve("workers = \"cores\"", cores - 1);
    assert_eq!(server.end(Signal::TERM), None);
}

/// Cores that the program may not use are not counted.
#[test]
fn one_for_each_core_that_may_be_used() {
    let server = super::server_under(&["taskset", "1"], "workers = \"cores\"");
    Client::new(server.port).hello();
    assert!(children(server.pid()).is_empty());
}

#[test]
fn all_end_with_a_failure_when_one_ends_unasked() {
    let (mut server, others) = serve("workers = 3", 2);
    send(others[0], Signal::KILL);
    assert_eq!(server.exit_code(), Some(1));
    wait_until("the other one ends", || is_gone(others[1]));
}

/// No process keeps the port when the first is killed.
#[test]
fn the_others_do_not_outlive_the_first() {
    let (mut server, others) = serve("workers = 3", 2);
    assert!(server.end(Signal::KILL).is_some());
    wait_until("the others end", || others.iter().all(|pid| is_gone(*pid)));
}

/// Each worker finishes its requests under way. That holds also if the signal comes to all, as from a terminal or from
/// systemd, and once more from the first.
#[test]
fn every_worker_finishes_what_it_has() {
    for (to_all, signal) in [(false, Signal::TERM), (true, Signal::INT), (true, Signal::TERM)] {
        let (mut server, others) = serve("workers = 2\ndrain = 1", 1);
        let mut clients: Vec<Client> = (0..20).map(|_| Client::new(server.port)).collect();
        for client in &mut clients {
            client.send(super::PART);
        }
        std::thread::sleep(SLACK / 4);
        for pid in others.into_iter().filter(|_| to_all).chain([server.pid()]) {
            send(pid, signal);
        }
        std::thread::sleep(SLACK / 4);
        for client in &mut clients {
            client.send(b"alhost\r\n\r\n");
            assert_eq!(client.reply().field("Connection"), Some("close"), "{signal:?}, to all: {to_all}");
            client.ends();
        }
        assert_eq!(server.exit_code(), Some(0), "{signal:?}, to all: {to_all}");
    }
}

/// A second signal to the first ends all at once.
#[test]
fn a_second_signal_ends_all_at_once() {
    let (mut server, others) = serve("workers = 2\ndrain = 5", 1);
    let mut clients: Vec<Client> = (0..20).map(|_| Client::new(server.port)).collect();
    for client in &mut clients {
        client.send(super::PART);
    }
    std::thread::sleep(SLACK / 4);
    send(server.pid(), Signal::TERM);
    std::thread::sleep(SLACK / 4);
    assert_eq!(server.end(Signal::TERM), None);
    assert!(others.into_iter().all(is_gone));
}

/// A signal that comes to all, as from systemd, ends all, though every one of them has one that waits already.
#[test]
fn all_end_when_all_are_told_to() {
    for _ in 0..5 {
        let (mut server, others) = serve("workers = 8", 7);
        for pid in others.iter().copied().chain([server.pid()]) {
            send(pid, Signal::STOP);
        }
        for pid in [server.pid()].into_iter().chain(others.iter().copied()) {
            send(pid, Signal::TERM);
        }
        for pid in [server.pid()].into_iter().chain(others.iter().copied()) {
            send(pid, Signal::CONT);
        }
        assert_eq!(server.exit_code(), Some(0));
        assert!(others.into_iter().all(is_gone));
    }
}

/// While the first waits for the others, a second signal is heard.
#[test]
fn a_second_signal_is_heard_while_another_is_busy() {
    let (mut server, others) = serve("workers = 2\nstop_timeout = 20", 1);
    // Half a request at the other one alone.
    let idle = super::descriptors(server.pid());
    let is_at_the_other = |client: &mut Client| {
        client.send(super::PART);
        std::thread::sleep(Duration::from_millis(100));
        super::descriptors(server.pid()) == idle
    };
    let mut clients = (0..50).map(|_| Client::new(server.port));
    let _client = clients.find_map(|mut client| is_at_the_other(&mut client).then_some(client)).expect("one of fifty");
    send(server.pid(), Signal::TERM);
    std::thread::sleep(SLACK);
    assert!(server.is_running());
    assert_eq!(server.end(Signal::TERM), None);
    assert!(others.into_iter().all(is_gone));
}

/// Other children, and workers that only stop and continue, end nothing.
#[test]
fn children_that_are_no_workers_are_nothing() {
    let script = "sleep 1 & exec \"$0\" \"$@\"";
    let mut server = super::server_under(&["bash", "-c", script], "workers = 2");
    wait_until("the worker is there", || children(server.pid()).len() == 2);
    let others = children(server.pid());
    std::thread::sleep(Duration::from_millis(300));
    for pid in &others {
        send(*pid, Signal::STOP);
        send(*pid, Signal::CONT);
    }
    std::thread::sleep(Duration::from_secs(3));
    assert!(server.is_running());
    for _ in 0..20 {
        Client::new(server.port).hello();
    }
    assert_eq!(server.end(Signal::TERM), None);
}
