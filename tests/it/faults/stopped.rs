//! A server that is stopped and continued, and a full queue of connections.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::client::{Client, Fault, request};
use super::{Built, built, descriptors, is_well};
use crate::harness::none;
use crate::harness::process::{send, state, stop_and_continue};
use crate::harness::wait_until;

fn stop(pid: u32) {
    send(pid, Signal::STOP);
    wait_until("the server stops", || state(pid) == "T");
}

/// Connections that found no place in the queue come again, for TCP's sake: after 1 s, 3 s, 7 s.
#[test]
fn a_full_queue() {
    const CLIENTS: usize = 12;
    let mut server = Built::new("backlog = 1").start();
    let (pid, port) = (server.pid(), server.port);
    let before = descriptors(pid);
    stop(pid);
    let faults = thread::scope(|scope| {
        let ask = move || Client::new(port).ask("/").err().map(|fault| format!("{fault:?}"));
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(ask)).collect();
        thread::sleep(Duration::from_millis(300));
        send(pid, Signal::CONT);
        clients.into_iter().filter_map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    none(&faults);
    is_well(&mut server, before);
}

#[test]
fn in_every_state() {
    let mut server = built().start();
    let pid = server.pid();
    let before = descriptors(pid);
    for round in 0..5 {
        stop_and_continue(pid);
        let mut client = Client::new(server.port);
        stop_and_continue(pid);
        client.ask("/").unwrap();
        stop_and_continue(pid);
        // Half a request.
        let whole = request("/");
        client.send(&whole[..20]).unwrap();
        stop_and_continue(pid);
        client.send(&whole[20..]).unwrap();
        client.reply("/").unwrap_or_else(|fault| panic!("round {round}, half a request: {fault:?}"));
        // Half a reply.
        client.send(&request("/big")).unwrap();
        thread::sleep(Duration::from_millis(10));
        stop_and_continue(pid);
        client.reply("/big").unwrap_or_else(|fault| panic!("round {round}, half a reply: {fault:?}"));
        // Behind the last reply.
        client.send(b"wrong\r\n\r\n").unwrap();
        client.whole(400, b"Bad Request").unwrap();
        stop_and_continue(pid);
        client.finish().unwrap();
    }
    is_well(&mut server, before);
}

/// Everything comes while it is stopped.
#[test]
fn asked_while_stopped() {
    let mut server = built().start();
    let pid = server.pid();
    let before = descriptors(pid);
    stop(pid);
    let mut clients: Vec<Client> = (0..200).map(|_| Client::new(server.port)).collect();
    for client in &mut clients {
        client.send(&[request("/"), request("/medium")].concat()).unwrap();
    }
    send(pid, Signal::CONT);
    for client in &mut clients {
        client.reply("/").unwrap();
        client.reply("/medium").unwrap();
    }
    drop(clients);
    is_well(&mut server, before);
}

/// It was stopped for longer than every timeout, and what has come meanwhile is answered: no request was too late.
#[test]
fn for_longer_than_every_timeout() {
    // With the tick, 3 seconds: a slow machine has a second to spare.
    let limits = "header_timeout = 2\nidle_timeout = 2\nwrite_timeout = 2\nstop_timeout = 2";
    let mut server = Built::new(limits).start();
    let pid = server.pid();
    let whole = request("/medium");
    // At several phases of the second, and until shortly before the idle ones are closed.
    let mut clients = Vec::new();
    for _ in 0..8 {
        let [mut idle, mut half, mut cut] = [(); 3].map(|()| Client::new(server.port));
        idle.ask("/").unwrap();
        half.send(&whole[..20]).unwrap();
        cut.send(&request("/big")).unwrap();
        clients.push((idle, half, cut));
        thread::sleep(Duration::from_millis(100));
    }
    stop(pid);
    for (idle, half, _) in &mut clients {
        idle.send(&whole).unwrap();
        half.send(&whole[20..]).unwrap();
    }
    thread::sleep(Duration::from_millis(3500));
    send(pid, Signal::CONT);
    for (number, (idle, half, cut)) in clients.iter_mut().enumerate() {
        idle.reply("/medium").unwrap_or_else(|fault| panic!("idle, {number}: {fault:?}"));
        half.reply("/medium").unwrap_or_else(|fault| panic!("half a request, {number}: {fault:?}"));
        cut.reply("/big").unwrap_or_else(|fault| panic!("half a reply, {number}: {fault:?}"));
    }
    // Nor does the time count that it has for its end.
    let mut last = Client::new(server.port);
    last.send(&request("/big")).unwrap();
    thread::sleep(Duration::from_millis(10));
    send(pid, Signal::TERM);
    thread::sleep(Duration::from_millis(100));
    stop(pid);
    thread::sleep(Duration::from_millis(3500));
    send(pid, Signal::CONT);
    last.reply("/big").unwrap_or_else(|fault| panic!("while it ends: {fault:?}"));
    assert_eq!(server.exit_code(), Some(0));
}

/// Clients that have asked before the signal came are answered, in whatever queue of the kernel they are.
#[test]
fn asked_before_it_is_told_to_end() {
    const CLIENTS: usize = 100;
    let mut server = built().start();
    let pid = server.pid();
    let mut known: Vec<Client> = (0..CLIENTS).map(|_| Client::new(server.port)).collect();
    for client in &mut known {
        client.ask("/").unwrap();
    }
    stop(pid);
    let mut fresh: Vec<Client> = (0..CLIENTS).map(|_| Client::new(server.port)).collect();
    for client in known.iter_mut().chain(&mut fresh) {
        client.send(&request("/")).unwrap();
    }
    send(pid, Signal::TERM);
    send(pid, Signal::CONT);
    let lost =
        |clients: &mut Vec<Client>| clients.iter_mut().filter_map(|it| it.reply("/").err()).collect::<Vec<Fault>>();
    let (lost_known, lost_fresh) = (lost(&mut known), lost(&mut fresh));
    drop((known, fresh));
    assert_eq!(server.exit_code(), Some(0));
    let counts = (lost_known.len(), lost_fresh.len());
    let first = lost_known.into_iter().chain(lost_fresh).next();
    assert_eq!(counts, (0, 0), "of {CLIENTS} open connections and {CLIENTS} waiting ones; {first:?}");
}
