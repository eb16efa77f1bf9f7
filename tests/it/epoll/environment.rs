//! What a server is started with: `PORT`, and a listening socket that is passed to it.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::{Client, spec};
use crate::harness::none;
use crate::harness::process::Process;
use crate::harness::server::{Executable, Server, Spec, free_port};
use crate::harness::tool::{Variant, tool, variants};

/// A server of this file with these variables, or its last words.
fn start(variant: Variant, file: &Path, variables: &[(&str, &str)], port: u16) -> Result<Server, String> {
    let mut command = variant.run(file);
    command.envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Server::ready(Process::spawn(&mut command), port)
}

#[test]
fn port_overrides_the_port() {
    let spec = spec("");
    for variant in variants(&spec.path()) {
        let built = Executable::build(variant, 1);
        let port = free_port();
        let server = start(variant, &built.file(), &[("SUPPORT", "x"), ("PORT", &port.to_string())], port).unwrap();
        Client::new(server.port).hello();
    }
}

#[test]
fn a_port_that_is_none_is_refused() {
    let spec = spec("");
    let mut faults = Vec::new();
    for variant in variants(&spec.path()) {
        let built = Executable::build(variant, free_port());
        for port in ["", "0", "65536", "99999999999999999999", "-1", "+80", " 80", "80 ", "80x", "http", "4294967376"] {
            let output = variant.run(&built.file()).env("PORT", port).output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            let is_right = output.status.code() == Some(1)
                && output.stdout.is_empty()
                && stderr == "PORT is no port: allowed are 1 to 65535\n";
            faults.extend((!is_right).then(|| format!("{variant}: PORT={port:?}: {output:?}")));
        }
    }
    none(&faults);
}

#[test]
fn port_is_ignored_where_the_spec_says_so() {
    let spec = spec("port_env = false");
    let path = spec.path();
    let variant = Variant::native(&path);
    let built = Executable::build(variant, free_port());
    let server = start(variant, &built.file(), &[("PORT", "http")], built.port).unwrap();
    Client::new(server.port).hello();
}

/// Starts a file with this socket as descriptor 3, as systemd does.
fn activated(variant: Variant, file: &Path, listener: TcpListener, pid: &str) -> Server {
    let port = listener.local_addr().unwrap().port();
    let script = format!("exec 3<&0 </dev/null; LISTEN_PID={pid} LISTEN_FDS=1 exec \"$@\"");
    let run: Command = variant.run(file);
    let mut command = tool("bash");
    command.args(["-c", &script, "bash"]).arg(run.get_program()).args(run.get_args());
    command.stdin(OwnedFd::from(listener)).stdout(Stdio::piped()).stderr(Stdio::piped());
    Server::ready(Process::spawn(&mut command), port).unwrap()
}

#[test]
fn a_socket_that_is_passed() {
    let spec = spec("");
    for variant in variants(&spec.path()) {
        // Its own port is taken, so it must not want it.
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let built = Executable::build(variant, taken.local_addr().unwrap().port());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut server = activated(variant, &built.file(), listener, "$$");
        let mut client = Client::new(server.port);
        client.hello();
        client.hello();
        assert_eq!(server.end(Signal::TERM), None, "{variant}");
    }
}

/// `LISTEN_PID` names another process: the socket is not meant for this one.
#[test]
fn a_socket_for_somebody_else() {
    let spec = spec("");
    let path = spec.path();
    let variant = Variant::native(&path);
    let built = Executable::build(variant, free_port());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = activated(variant, &built.file(), listener, "1");
    Client::new(built.port).hello();
    assert_ne!(server.port, built.port);
}

/// Whoever passes the socket keeps it: new connections wait there while the server ends, and cost it nothing.
#[test]
fn a_passed_socket_that_others_keep() {
    let spec = Spec::new("[[route]]\npath = \"/\"\nfile = \"big.bin\"\n");
    std::fs::write(spec.path().with_file_name("big.bin"), crate::run::bodies::big_body()).unwrap();
    let path = spec.path();
    let variant = Variant::native(&path);
    let built = Executable::build(variant, free_port());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let kept = listener.try_clone().unwrap();
    let mut server = activated(variant, &built.file(), listener, "$$");
    let mut slow = Client::new(server.port);
    slow.send(super::REQUEST);
    assert!(slow.more());
    crate::harness::process::send(server.pid(), Signal::TERM);
    std::thread::sleep(super::SLACK);
    let _waits = Client::new(server.port);
    let before = crate::harness::process::cpu_time(server.pid());
    std::thread::sleep(super::SLACK);
    let spent = crate::harness::process::cpu_time(server.pid()).saturating_sub(before);
    assert!(spent < super::SLACK / 8, "{spent:?} of processor time in {:?}", super::SLACK);
    assert_eq!(slow.reply().body.len(), crate::run::bodies::BIG_BYTES);
    assert_eq!(server.exit_code(), Some(0));
    drop(kept);
}

/// Every worker serves where there is a socket for one alone.
#[test]
fn workers_share_a_passed_socket() {
    let spec = spec("workers = 2");
    let path = spec.path();
    let variant = Variant::native(&path);
    let built = Executable::build(variant, free_port());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = activated(variant, &built.file(), listener, "$$");
    for _ in 0..20 {
        Client::new(server.port).hello();
    }
    std::thread::sleep(super::SLACK);
    Client::new(server.port).hello();
    assert_eq!(server.end(Signal::TERM), None);
}
