//! The access log, and what it does if standard output takes no more. Whatever that is, no reply waits for it, and
//! nothing that others share changes.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fcntl_setfl, mknodat};
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::{Client, spec};
use crate::harness::network::in_own_network;
use crate::harness::process::{Process, children};
use crate::harness::server::Executable;
use crate::harness::tool::{Variant, tool};
use crate::harness::{http, wait_until};

/// A port of a network of its own.
const PORT: u16 = 8080;
/// Many workers with batches that fill what they share from several sides at once.
const WORKERS: usize = 8;
const KEYS: &str = "start_line = false\naccess_log = true\nworkers = 8";

/// A 404 with a long line, so many times that a batch's lines are nearly a page.
fn batch() -> Vec<u8> {
    format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(230)).repeat(12).into_bytes()
}

fn start(wrapper: &[&str], file: &Path, stdout: OwnedFd) -> Process {
    let mut command = Variant::native(file).run_under(wrapper, file);
    command.stdin(Stdio::null()).stdout(Stdio::from(stdout)).stderr(Stdio::inherit());
    let process = Process::spawn(&mut command);
    wait_until("it listens", || TcpStream::connect(("127.0.0.1", PORT)).is_ok());
    process
}

/// Clients keep all workers busy while the log is not read. Then `reader` is read slowly, then not at all: every
/// request that comes then has its reply.
fn floods(what: &str, file: &Path, stdout: OwnedFd, reader: OwnedFd) {
    const CLIENTS: usize = 40;
    let mut process = start(&[], file, stdout);
    wait_until("all workers are there", || children(process.pid()).len() == WORKERS - 1);
    let mut reader = File::from(reader);
    fcntl_setfl(&reader, OFlags::NONBLOCK).unwrap();
    let mut read = 0;
    let batch = batch();
    for round in 0..12 {
        let mut clients: Vec<Client> = (0..CLIENTS).map(|_| Client::new(PORT)).collect();
        for client in &mut clients {
            client.send(&batch);
        }
        // A page at a time is where several see room for one.
        for _ in (0..40).filter(|_| round % 3 < 2) {
            read += reader.read(&mut [0; 4096]).unwrap_or_default();
            std::thread::sleep(Duration::from_millis(1));
        }
        for client in &mut clients {
            for _ in 0..12 {
                assert_eq!(client.reply().status(), "404", "{what}, round {round}");
            }
        }
    }
    assert!(read > 4 * 4096, "{what}: {read} bytes of a log");
    assert_eq!(process.end(Signal::TERM).0.code(), Some(0), "{what}");
}

fn executable() -> Executable {
    Executable::build(Variant::native(&spec(KEYS).path()), PORT)
}

/// The two ends of a terminal: what a program writes to, and what shows it.
fn terminal() -> (OwnedFd, OwnedFd) {
    let shown = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&shown).unwrap();
    unlockpt(&shown).unwrap();
    let name = ptsname(&shown, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    (rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap(), shown)
}

#[test]
fn nothing_waits_for_a_reader() {
    in_own_network(|| {
        let built = executable();
        let folder = tempfile::tempdir().unwrap();
        let (reader, writer) = std::io::pipe().unwrap();
        let fifo = folder.path().join("fifo");
        mknodat(rustix::fs::CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let fifo_reader = File::options().read(true).write(true).open(&fifo).unwrap();
        let fifo_writer = File::options().write(true).open(&fifo).unwrap();
        let (one, other) = UnixStream::pair().unwrap();
        let (teletype, shown) = terminal();
        let cases: [(&str, OwnedFd, OwnedFd); 4] = [
            ("a pipe", writer.into(), reader.into()),
            ("a FIFO", fifo_writer.into(), fifo_reader.into()),
            ("a socket", one.into(), other.into()),
            ("a terminal", teletype, shown),
        ];
        for (what, stdout, reader) in cases {
            let flags = fcntl_getfl(&stdout).unwrap();
            floods(what, &built.file(), stdout.try_clone().unwrap(), reader);
            assert_eq!(fcntl_getfl(&stdout).unwrap(), flags, "{what}: others share it");
        }
    });
}

/// The pipe is another user's, so it cannot be opened: what one worker writes is still read, and no line is lost.
#[test]
fn another_users_pipe() {
    in_own_network(|| {
        let built = executable();
        let readable = rustix::fs::Mode::from_bits_retain(0o755);
        rustix::fs::chmod(built.file().parent().unwrap(), readable).unwrap();
        let (mut reader, writer) = std::io::pipe().unwrap();
        let wrapper = ["setpriv", "--reuid=65532", "--regid=65532", "--clear-groups"];
        let mut process = start(&wrapper, &built.file(), writer.into());
        Client::new(PORT).hello();
        assert_eq!(process.end(Signal::TERM).0.code(), Some(0));
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert!(text.contains("\"GET / HTTP/1.1\" 200 5\n"), "{text}");
    });
}

/// A file's end is shared with others, which write before and after.
#[test]
fn a_file_is_written_to_where_others_are() {
    in_own_network(|| {
        let built = executable();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut file = File::create(&path).unwrap();
        file.write_all(b"before\n").unwrap();
        let mut process = start(&[], &built.file(), file.as_fd().try_clone_to_owned().unwrap());
        for _ in 0..3 {
            http::exchange(PORT, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        }
        assert_eq!(process.end(Signal::TERM).0.code(), Some(0));
        assert_eq!(file.stream_position().unwrap(), file.metadata().unwrap().len());
        file.write_all(b"behind\n").unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines.len(), lines[0], lines[4]), (5, "before", "behind"), "{text}");
        assert!(lines[1..4].iter().all(|line| line.ends_with("\"GET / HTTP/1.1\" 200 5")), "{text}");
    });
}

/// As in a container without `/proc`: lines are written all the same.
#[test]
fn without_proc() {
    in_own_network(|| {
        let built = executable();
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut command = tool("unshare");
        command.arg("--root").arg(built.file().parent().unwrap()).arg("/server");
        command.stdin(Stdio::null()).stdout(Stdio::from(OwnedFd::from(writer)));
        let mut process = Process::spawn(&mut command);
        drop(command);
        wait_until("it listens", || TcpStream::connect(("127.0.0.1", PORT)).is_ok());
        Client::new(PORT).hello();
        assert_eq!(process.end(Signal::TERM).0.code(), Some(0));
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert!(text.contains("\"GET / HTTP/1.1\" 200 5\n"), "{text}");
    });
}
