//! Images of the epoll engine under Docker: with every right taken away and next to no memory, stopped at work, and
//! asked for their health.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::docker::{Container, Loaded, load};
use super::images::{Image, image_of};
use super::tool::{run, run_anyway, tool, wait_for};
use crate::harness::http;
use crate::harness::server::Spec;
use crate::run::bodies::big_body;

/// Seconds that `docker stop` waits before it kills.
const STOP_SECONDS: &str = "10";
/// A slow client reads so many bytes at once.
const PIECE_BYTES: usize = 250_000;
/// The least memory that Docker gives, and as good as no processes.
const LEAST: [&str; 6] = ["--user", "65532:65532", "--memory", "6m", "--pids-limit", "4"];

/// `/` and `/big` of 10 MB, with every default.
fn big() -> (Image, Loaded) {
    let spec = Spec::new(
        "[server]\nengine = \"epoll\"\n[[route]]\npath = \"/\"\nbody = \"Hello\"\n\
         [[route]]\npath = \"/big\"\nfile = \"big.bin\"\n",
    );
    std::fs::write(spec.path().with_file_name("big.bin"), big_body()).expect("a file");
    let image = image_of("epoll", &spec.path(), "linux/amd64");
    let loaded = load(&image);
    (image, loaded)
}

/// A connection to the container itself: a published port is a proxy's, which would take a whole download at once.
/// This end takes little at once.
fn connect(container: &Container) -> TcpStream {
    let address = format!("{}:8080", container.inspect("{{.NetworkSettings.IPAddress}}"));
    let address: std::net::SocketAddr = address.parse().expect("an address");
    let narrow = || {
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None).ok()?;
        set_socket_recv_buffer_size(&socket, 64 * 1024).ok()?;
        rustix::net::connect(&socket, &address).ok()?;
        Some(TcpStream::from(socket))
    };
    // It may need a moment to start.
    let stream = wait_for("a connection to the container", narrow);
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time");
    stream
}

fn ask(stream: &mut TcpStream, path: &str, fields: &str) {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n").expect("it is sent");
}

/// Reads a reply's head, and its content with a pause now and then so that it takes about so long.
fn read_reply(stream: &mut TcpStream, about: Duration) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("more of the head");
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("text");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("a length");
    let mut content = vec![0; length.parse().expect("a number")];
    let pieces = content.chunks_mut(PIECE_BYTES);
    let pause = about / pieces.len() as u32;
    for (index, piece) in pieces.enumerate() {
        let read = stream.read_exact(piece);
        assert!(read.is_ok(), "behind {} bytes of the content: {read:?}", index * PIECE_BYTES);
        thread::sleep(pause);
    }
    content
}

/// `docker stop` while a download is under way: the time that it took, and the exit code.
fn stopped_during_a_download(container: &Container, fields: &str) -> (Duration, String) {
    let mut stream = connect(container);
    ask(&mut stream, "/big", fields);
    http::resumed(|| stream.peek(&mut [0])).expect("the reply begins");
    let took = thread::scope(|scope| {
        let stop = scope.spawn(|| {
            let start = Instant::now();
            run(tool("docker").args(["stop", "-t", STOP_SECONDS, &container.0]));
            start.elapsed()
        });
        assert!(read_reply(&mut stream, Duration::from_secs(1)) == big_body(), "another content");
        // The connection stays open on this side until the server has ended.
        stop.join().expect("it stops")
    });
    (took, container.inspect("{{.State.ExitCode}}"))
}

#[test]
fn docker_runs_it_with_nothing_to_spare() {
    let (image, _loaded) = big();
    let container = Container::start(&image.reference, &LEAST);
    let mut stream = connect(&container);
    for _ in 0..3 {
        ask(&mut stream, "/", "");
        assert_eq!(read_reply(&mut stream, Duration::ZERO), b"Hello");
        ask(&mut stream, "/big", "");
        assert!(read_reply(&mut stream, Duration::ZERO) == big_body(), "another content");
    }
    drop(stream);
    // The filter of system calls is Docker's own, and the program's behind it.
    let status = std::fs::read_to_string(format!("/proc/{}/status", container.inspect("{{.State.Pid}}")));
    let status = status.expect("the process is there");
    let fact =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    assert_eq!([fact("Seccomp:"), fact("Seccomp_filters:"), fact("CapEff:")], ["2", "2", "0000000000000000"]);
    run(tool("docker").args(["stop", "-t", STOP_SECONDS, &container.0]));
    assert_eq!(container.inspect("{{.State.ExitCode}}"), "0");
}

#[test]
fn docker_stop_lets_a_download_finish() {
    let (image, _loaded) = big();
    // A client that says that this is all, and one that might ask for more and keeps the connection.
    for fields in ["Connection: close\r\n", ""] {
        let container = Container::start(&image.reference, &LEAST);
        let (took, exit_code) = stopped_during_a_download(&container, fields);
        println!("with {fields:?}: {took:?}, exit code {exit_code}");
        assert_eq!(exit_code, "0", "with {fields:?}: after {took:?}");
        assert!(took < Duration::from_secs(6), "with {fields:?}: {took:?} for a download of a second");
    }
}

#[test]
fn docker_finds_it_healthy() {
    let (image, _loaded) = big();
    let container = Container::start(&image.reference, &["--health-interval", "1s"]);
    wait_for("the container is healthy", || (container.inspect("{{.State.Health.Status}}") == "healthy").then_some(()));
    run_anyway(tool("docker").args(["stop", "-t", STOP_SECONDS, &container.0]));
    assert_eq!(container.inspect("{{.State.ExitCode}}"), "0");
}
