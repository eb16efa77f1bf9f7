//! What stands beside replies that the client takes in parts: lines of the log, figures, what they say of closing.

use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::client::{Client, request, reset};
use super::short_counts::{narrow, small_buffers};
use super::{Built, descriptors, is_well, strace};
use crate::harness::network::in_own_network;
use crate::harness::process::send;
use crate::harness::{http, wait_until};

/// Bytes of the log that gather, at most: a pipe takes so many at once.
const LOG_BYTES: usize = 4096;

/// Lengths of what was written to standard output, but for the start line.
fn writes(trace: &Path) -> Vec<usize> {
    let text = std::fs::read_to_string(trace).unwrap();
    // The last line may still be being written.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let of_stdout = whole.lines().filter(|line| line.starts_with("write("));
    let length = |line: &str| line.rsplit(" = ").next().and_then(|length| length.parse().ok());
    of_stdout.skip(1).map(|line| length(line).unwrap_or_else(|| panic!("{line}"))).collect()
}

/// Lines leave with their own batch, however that ends: they would fill the log, and what lies behind it.
#[test]
fn no_line_waits_for_another_batch() {
    const CLIENTS: usize = 12;
    let built = Built::new("access_log = true");
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    // Two of them are more than the log has room for.
    let asked = request(&format!("/medium?{}", "x".repeat(1900)));
    in_own_network(|| {
        small_buffers();
        let file = trace.display().to_string();
        let mut server =
            built.start_under(&["strace", "-D", "-qqq", "-e", "trace=write", "-e", "signal=none", "-o", &file]);
        let before = descriptors(server.pid());
        // The client does not read: every reply is cut.
        let mut clients: Vec<Client> = (0..CLIENTS).map(|_| narrow(server.port)).collect();
        for client in &mut clients {
            client.send(&asked).unwrap();
        }
        wait_until("all of them are logged", || writes(&trace).len() == CLIENTS);
        // All clients have gone before the reply: no reply can be sent.
        send(server.pid(), Signal::STOP);
        for _ in 0..CLIENTS {
            let mut client = Client::new(server.port);
            client.send(&asked).unwrap();
            reset(client.stream);
        }
        send(server.pid(), Signal::CONT);
        for client in &mut clients {
            client.reply("/medium").unwrap();
        }
        drop(clients);
        is_well(&mut server, before);
        let writes = writes(&trace);
        assert!(writes.iter().all(|&bytes| bytes <= LOG_BYTES), "{writes:?}");
        assert_eq!(server.end(Signal::TERM), None);
        let stdout = server.rest_of_stdout();
        let (whole, others): (Vec<&str>, Vec<&str>) = stdout
            .lines()
            .filter(|line| line.contains("xxx"))
            .partition(|line| line.ends_with("x HTTP/1.1\" 200 50000"));
        assert_eq!(others, [""; 0]);
        assert!((CLIENTS..=2 * CLIENTS).contains(&whole.len()), "{} lines", whole.len());
    });
}

/// Everything that comes, to the end of the stream.
fn rest(client: &mut Client) -> String {
    String::from_utf8_lossy(&http::read_all(&mut client.stream).unwrap()).into_owned()
}

/// Two sends in a row end within the status line: the reply is counted once, under its own status.
#[test]
fn a_reply_that_is_cut_twice_counts_once() {
    let built = Built::new("sandbox = false\nmetrics = \"/metrics\"");
    for bytes in [1, 7, 10, 20, 40] {
        let mut server = built.start_under(&strace(&[format!("inject=sendmsg:retval={bytes}:when=1..2")]));
        let mut client = Client::new(server.port);
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        let received = rest(&mut client);
        assert!(received.ends_with("\r\n\r\nHello, world!"), "{bytes}: {received:?}");
        let figures = http::exchange(server.port, b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let figures = String::from_utf8_lossy(&figures).into_owned();
        let figure = |name: &str| figures.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
        let replies =
            ["2", "3", "4", "5"].map(|class| figure(&format!("asmgen_http_replies_total{{code=\"{class}xx\"}}")));
        assert_eq!(replies, [Some(1), Some(0), Some(0), Some(0)], "{bytes}: {figures}");
        assert_eq!(figure("asmgen_http_content_bytes_total"), Some(13), "{bytes}: {figures}");
        assert_eq!(figure("asmgen_http_connections_total"), Some(2), "{bytes}: {figures}");
        assert_eq!(server.end(Signal::TERM), None);
    }
}

/// The client has a part of a batch's first reply when the server is told to stop. That reply goes on as it began, and
/// the next one says that it is the last.
#[test]
fn the_next_reply_says_that_the_server_stops() {
    const CUT_BYTES: usize = 20;
    let built = Built::new("sandbox = false\ndrain = 3");
    let mut server = built.start_under(&strace(&[format!("inject=sendmsg:retval={CUT_BYTES}:when=1")]));
    let mut client = Client::new(server.port);
    thread::sleep(Duration::from_millis(100));
    send(server.pid(), Signal::STOP);
    thread::sleep(Duration::from_millis(50));
    client.send(&request("/").repeat(3)).unwrap();
    thread::sleep(Duration::from_millis(50));
    send(server.pid(), Signal::TERM);
    send(server.pid(), Signal::CONT);
    let received = rest(&mut client);
    let replies: Vec<&str> = received.split("Hello, world!").collect();
    assert_eq!((replies.len(), replies[2]), (3, ""), "{received:?}");
    let closes = |reply: &str| reply.contains("\r\nConnection: close\r\n");
    assert!(!closes(replies[0]) && closes(replies[1]), "{received:?}");
    assert_eq!(server.exit_code(), Some(0));
}
