//! How a server starts: whatever its standard output is, however many descriptors it inherits, and with which words.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::Signal;

use super::{Client, spec};
use crate::harness::process::{Process, cpu_time};
use crate::harness::server::{AT_ONCE, Executable, Spec, free_port};
use crate::harness::tool::{Variant, tool, variants};
use crate::harness::{none, wait_until};

/// Writes until nothing more is taken.
fn fill(end: &OwnedFd) {
    let flags = fcntl_getfl(end).unwrap();
    fcntl_setfl(end, flags | OFlags::NONBLOCK).unwrap();
    let mut file = File::from(end.try_clone().unwrap());
    while file.write(&[b'x'; 100]).is_ok() {}
    while file.write(b"x").is_ok() {}
    fcntl_setfl(end, flags).unwrap();
}

/// The fault, if a server with this standard output does not serve, or does not end when it is told to.
fn with_stdout(variant: Variant, built: &Executable, name: &str, stdout: OwnedFd) -> Option<String> {
    let mut command = variant.run(&built.file());
    let mut process = Process::spawn(command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null()));
    wait_until(&format!("{variant}: {name}: it listens"), || {
        std::net::TcpStream::connect(("127.0.0.1", built.port)).is_ok()
    });
    Client::new(built.port).hello();
    let before = cpu_time(process.pid());
    let (status, took) = process.end(Signal::TERM);
    let is_right = status.code() == Some(0) && took < AT_ONCE;
    (!is_right).then(|| format!("{variant}: {name}: {status} after {took:?}, {before:?} of processor time"))
}

/// Its output need not be read.
#[test]
fn a_standard_output_that_takes_nothing() {
    let mut faults = Vec::new();
    let mut check = |variant: Variant| {
        let built = Executable::build(variant, free_port());
        let (_reader, pipe) = std::io::pipe().unwrap();
        let pipe = pipe.into();
        fill(&pipe);
        faults.extend(with_stdout(variant, &built, "a full pipe", pipe));
        let (_reader, socket) = UnixStream::pair().unwrap();
        let socket = socket.into();
        fill(&socket);
        faults.extend(with_stdout(variant, &built, "a full socket", socket));
        let (reader, pipe) = std::io::pipe().unwrap();
        drop(reader);
        faults.extend(with_stdout(variant, &built, "a pipe that nobody reads", pipe.into()));
        let full = File::options().write(true).open("/dev/full").unwrap();
        faults.extend(with_stdout(variant, &built, "/dev/full", full.into()));
    };
    variants(&spec("").path()).for_each(&mut check);
    for keys in ["access_log = true", "workers = 2"] {
        check(Variant::native(&spec(keys).path()));
    }
    none(&faults);
}

/// `^S` on a terminal stops what is written to it.
#[test]
fn a_terminal_that_is_stopped() {
    let spec = spec("");
    let path = spec.path();
    let built = Executable::build(Variant::native(&path), free_port());
    let script = "import os, pty, subprocess, sys, termios\n\
                  master, slave = pty.openpty()\n\
                  termios.tcflow(slave, termios.TCOOFF)\n\
                  sys.exit(subprocess.call([sys.argv[1]], stdout=slave))\n";
    let mut command = tool("python3");
    let mut process = Process::spawn(command.args(["-c", script]).arg(built.file()).stdin(Stdio::null()));
    wait_until("it listens", || std::net::TcpStream::connect(("127.0.0.1", built.port)).is_ok());
    Client::new(built.port).hello();
    let server = crate::harness::process::children(process.pid())[0];
    crate::harness::process::send(server, Signal::TERM);
    assert_eq!(process.wait().0.code(), Some(0));
}

/// A file that may not grow is no reason to end.
#[test]
fn a_file_that_may_not_grow() {
    let spec = spec("access_log = true");
    let path = spec.path();
    let variant = Variant::native(&path);
    let built = Executable::build(variant, free_port());
    let folder = tempfile::tempdir().unwrap();
    let file = File::create(folder.path().join("log")).unwrap();
    let command = &mut variant.run_under(&["prlimit", "--fsize=8:8"], &built.file());
    let mut process = Process::spawn(command.stdin(Stdio::null()).stdout(file).stderr(Stdio::null()));
    wait_until("it listens", || std::net::TcpStream::connect(("127.0.0.1", built.port)).is_ok());
    for _ in 0..3 {
        Client::new(built.port).hello();
    }
    assert_eq!(process.end(Signal::TERM).0.code(), Some(0));
}

/// The command that starts a file with so many descriptors more.
fn inheriting(variant: Variant, file: &std::path::Path, count: u32) -> Command {
    let script = format!("for ((i = 3; i < {}; i++)); do eval \"exec $i</dev/null\"; done; exec \"$@\"", 3 + count);
    let run = variant.run(file);
    let mut command = tool("bash");
    command.args(["-c", &script, "bash"]).arg(run.get_program()).args(run.get_args());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Where inherited descriptors leave no place for a connection, it says so. With 16 connections the table has 80
/// places: three are for standard input and so on, four for the server's own.
#[test]
fn inherited_descriptors() {
    let spec = spec("connections = 16");
    let path = spec.path();
    let variant = Variant::native(&path);
    let built = Executable::build(variant, free_port());
    for count in [72, 73, 80, 200] {
        let mut process = Process::spawn(&mut inheriting(variant, &built.file(), count));
        let status = process.wait().0;
        let [stdout, stderr] = process.output();
        assert_eq!((stdout.as_str(), stderr.as_str()), ("", "cannot serve: EMFILE (24)\n"), "{count}");
        assert_eq!(status.code(), Some(1));
    }
    for count in [0, 40, 71] {
        let command = &mut inheriting(variant, &built.file(), count);
        let mut server = crate::harness::server::Server::ready(Process::spawn(command), built.port).unwrap();
        for _ in 0..3 {
            Client::new(built.port).hello();
        }
        assert_eq!(server.end(Signal::TERM), None, "{count}");
    }
}

/// A word that it does not know is a mistake, and no reason to serve.
#[test]
fn unknown_words() {
    let mut faults = Vec::new();
    for (keys, version, usage) in [
        ("", "", "usage: words [healthcheck]\n"),
        ("workers = 2", "", "usage: words [healthcheck]\n"),
        ("", "1.2.3", "usage: words [healthcheck | --version]\n"),
        ("workers = 2", "1.2.3", "usage: words [healthcheck | --version]\n"),
    ] {
        let version_key = if version.is_empty() { String::new() } else { format!("version = \"{version}\"\n") };
        let spec = Spec::new(&format!("name = \"words\"\n{version_key}[server]\n{keys}\n{}", super::ROUTES));
        let path = spec.path();
        let all: Vec<Variant> = variants(&path).collect();
        // One of two ways on every machine.
        let some = if version.is_empty() == keys.is_empty() { &all[..] } else { &all[..1] };
        for &variant in some {
            let built = Executable::build(variant, free_port());
            let wrong = ["--help", "-h", "sh", "healthchek", "healthcheck ", "health", "", "--version"];
            for word in wrong {
                let output = variant.run(&built.file()).arg(word).output().unwrap();
                let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
                let right = match word {
                    "--version" if !version.is_empty() => (format!("words {version}\n"), "", 0),
                    _ => (String::new(), usage, 2),
                };
                let is_right = (&*stdout, &*stderr, output.status.code()) == (&*right.0, right.1, Some(right.2));
                faults.extend((!is_right).then(|| format!("{variant}: {keys:?}, {word:?}: {output:?}")));
            }
        }
    }
    none(&faults);
}
