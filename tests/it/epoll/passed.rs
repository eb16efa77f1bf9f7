//! A listening socket that is passed to the server, as systemd and podman do (`sd_listen_fds(3)`).

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};
use rustix::process::Signal;

use super::{Client, spec};
use crate::harness::none;
use crate::harness::process::{Process, cpu_time};
use crate::harness::server::{Executable, Server, Spec, free_port};
use crate::harness::tool::{Variant, tool, variants};

/// The command that starts a file with this as descriptor 3; `LISTEN_FDS` and more are set by `script`.
fn passing(variant: Variant, file: &Path, what: OwnedFd, script: &str) -> Command {
    let script = format!("exec 3<&0 </dev/null; {script} exec \"$@\"");
    let run: Command = variant.run(file);
    let mut command = tool("bash");
    command.args(["-c", &script, "bash"]).arg(run.get_program()).args(run.get_args());
    command.stdin(what).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts a file with this socket as descriptor 3.
pub(super) fn activated(variant: Variant, file: &Path, listener: impl Into<OwnedFd>, pid: &str) -> Server {
    let listener = listener.into();
    let port = SocketAddr::try_from(getsockname(&listener).unwrap()).unwrap().port();
    let command = &mut passing(variant, file, listener, &format!("LISTEN_PID={pid} LISTEN_FDS=1"));
    Server::ready(Process::spawn(command), port).unwrap()
}

/// A server of this machine that is passed a socket, its executable, and the socket that the parent keeps.
fn with_passed_socket(spec: &Spec, pid: &str) -> (Server, Executable, TcpListener) {
    let path = spec.path();
    let variant = Variant::native(&path);
    let built = Executable::build(variant, free_port());
    let kept = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = activated(variant, &built.file(), kept.try_clone().unwrap(), pid);
    (server, built, kept)
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
    let (server, built, _) = with_passed_socket(&spec, "1");
    Client::new(built.port).hello();
    assert_ne!(server.port, built.port);
}

/// The parent keeps the socket: new connections wait there while the server stops, and cost it nothing.
#[test]
fn a_passed_socket_that_others_keep() {
    let spec = Spec::new("[[route]]\npath = \"/\"\nfile = \"big.bin\"\n");
    std::fs::write(spec.path().with_file_name("big.bin"), crate::run::bodies::big_body()).unwrap();
    let (mut server, _built, kept) = with_passed_socket(&spec, "$$");
    let mut slow = Client::new(server.port);
    slow.send(super::REQUEST);
    slow.more().unwrap();
    crate::harness::process::send(server.pid(), Signal::TERM);
    std::thread::sleep(super::SLACK);
    let _waits = Client::new(server.port);
    let before = cpu_time(server.pid());
    std::thread::sleep(super::SLACK);
    let spent = cpu_time(server.pid()).saturating_sub(before);
    assert!(spent < super::SLACK / 8, "{spent:?} of processor time in {:?}", super::SLACK);
    assert_eq!(slow.reply().body.len(), crate::run::bodies::BIG_BYTES);
    assert_eq!(server.exit_code(), Some(0));
    drop(kept);
}

/// Every worker serves where there is a socket for one alone.
#[test]
fn workers_share_a_passed_socket() {
    let spec = spec("workers = 2");
    let (mut server, _built, _) = with_passed_socket(&spec, "$$");
    for _ in 0..20 {
        Client::new(server.port).hello();
    }
    std::thread::sleep(super::SLACK);
    Client::new(server.port).hello();
    assert_eq!(server.end(Signal::TERM), None);
}

/// What is bound only listens from then on.
#[test]
fn a_socket_that_is_bound_alone() {
    let spec = spec("");
    for variant in variants(&spec.path()) {
        let built = Executable::build(variant, free_port());
        let bound = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&bound, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
        let server = activated(variant, &built.file(), bound, "$$");
        Client::new(server.port).hello();
    }
}

/// A server that cannot be reached says so and exits.
#[test]
fn what_does_not_listen_is_refused() {
    let spec = spec("");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connected = || TcpStream::connect(listener.local_addr().unwrap()).unwrap().into();
    let file = || File::open("/dev/null").unwrap().into();
    let refused: [(&str, &dyn Fn() -> OwnedFd, &str, &str); 5] = [
        ("nothing", &file, "exec 3<&-; LISTEN_FDS=1", ": EBADF (9)\n"),
        ("a file", &file, "LISTEN_FDS=1", ": ERRNO (88)\n"),
        ("UDP", &|| UdpSocket::bind("127.0.0.1:0").unwrap().into(), "LISTEN_FDS=1", ": ERRNO (95)\n"),
        ("a connection", &connected, "LISTEN_FDS=1", ": EINVAL (22)\n"),
        ("two", &|| listener.try_clone().unwrap().into(), "exec 4<&3; LISTEN_FDS=2", "LISTEN_FDS must be 1\n"),
    ];
    let mut faults = Vec::new();
    for variant in variants(&spec.path()) {
        let built = Executable::build(variant, free_port());
        for (name, what, script, said) in refused {
            let command = &mut passing(variant, &built.file(), what(), &format!("{script} LISTEN_PID=$$"));
            let mut process = Process::spawn(command);
            let (status, _) = process.wait();
            let [stdout, stderr] = process.output();
            let is_right = status.code() == Some(1) && stdout.is_empty() && stderr.ends_with(said);
            faults.extend((!is_right).then(|| format!("{variant}: {name}: {status}, {stdout:?}, {stderr:?}")));
        }
    }
    none(&faults);
}

/// Another holder may shut it down: then it always has an event, and never a connection.
#[test]
fn a_passed_socket_that_others_end() {
    let spec = spec("");
    let (mut server, _built, kept) = with_passed_socket(&spec, "$$");
    let mut client = Client::new(server.port);
    client.hello();
    rustix::net::shutdown(&kept, rustix::net::Shutdown::Both).unwrap();
    let before = cpu_time(server.pid());
    std::thread::sleep(Duration::from_millis(1500));
    let spent = cpu_time(server.pid()).saturating_sub(before);
    assert!(spent < Duration::from_millis(50), "{spent:?} of processor time");
    client.hello();
    assert_eq!(server.end(Signal::TERM), None);
}
