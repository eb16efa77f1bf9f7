//! A client that sees every byte, and replies as they have to be.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::PATIENCE;

/// A connection to this machine that sends small pieces at once.
pub(crate) fn connect(port: u16) -> TcpStream {
    connect_to((Ipv4Addr::LOCALHOST, port).into())
}

pub(crate) fn connect_to(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Tries again where a machine has stood still for a moment: a wait with a timeout ends so then (signal(7)).
pub(crate) fn resumed<T>(mut wait: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match wait() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Receives what is there, as soon as anything is; nothing at the end of the stream.
pub(crate) fn receive(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    resumed(|| stream.read(buffer))
}

/// Everything up to the end of the stream; a reset is an error.
pub(crate) fn read_all(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).map(|_| reply)
}

/// Sends these pieces with pauses between them; returns the reply, or what happened instead.
pub(crate) fn in_pieces<'p>(
    stream: &mut TcpStream,
    pieces: impl IntoIterator<Item = &'p [u8]>,
    pause: Duration,
) -> Result<Vec<u8>, String> {
    for (index, piece) in pieces.into_iter().enumerate() {
        if index > 0 && !pause.is_zero() {
            std::thread::sleep(pause);
        }
        stream.write_all(piece).map_err(|error| format!("piece {index}: {error}"))?;
    }
    stream.shutdown(Shutdown::Write).map_err(|error| format!("shutdown: {error}"))?;
    read_all(stream).map_err(|error| format!("reply: {error}"))
}

/// Sends a request whole and returns the whole reply; the stream is left open until the server has ended it.
pub(crate) fn exchange(port: u16, request: &[u8]) -> Vec<u8> {
    let mut stream = connect(port);
    stream.write_all(request).unwrap();
    read_all(&mut stream).unwrap_or_else(|error| panic!("{}: {error}", shown(request)))
}

/// A request after which the connection ends.
pub(crate) fn request(method: &str, target: &str) -> Vec<u8> {
    format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: it/1\r\nConnection: close\r\n\r\n")
        .into_bytes()
}

pub(crate) fn get(port: u16, target: &str) -> Vec<u8> {
    exchange(port, &request("GET", target))
}

pub(crate) fn head(port: u16, target: &str) -> Vec<u8> {
    exchange(port, &request("HEAD", target))
}

/// Fields of the epoll engine that [`Expected`] leaves open. Where there is no representation, only the first is there.
const BESIDES: [&str; 3] = ["Date: ", "Accept-Ranges: bytes", "ETag: \""];

/// A reply as it has to be, byte for byte.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) status: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Expected {
    pub(crate) fn ok(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status: "200 OK", content_type, body: body.into() }
    }

    /// What a path without a route gets if the spec does not say otherwise.
    pub(crate) fn not_found() -> Self {
        Self { status: "404 Not Found", content_type: "text/plain", body: b"Not Found".into() }
    }

    /// The fault, if a reply to GET is another one.
    pub(crate) fn fault(&self, what: &str, reply: &[u8]) -> Option<String> {
        self.fault_of(what, reply, false)
    }

    /// The fault, if a reply is another one; that to HEAD has no body. The order of the fields is free (RFC 9110 §5.3).
    /// Those that only the epoll engine has are there all together or not at all.
    pub(crate) fn fault_of(&self, what: &str, reply: &[u8], head_only: bool) -> Option<String> {
        let (head, body) = split(reply);
        let mut lines: Vec<String> = String::from_utf8_lossy(head).split("\r\n").map(str::to_owned).collect();
        lines[1..].sort();
        let is_besides = |line: &&String| BESIDES.iter().any(|field| line.starts_with(field));
        let besides = lines.iter().filter(is_besides).count();
        let complete = if self.status == "200 OK" { BESIDES.len() } else { 1 };
        if besides != 0 && besides != complete {
            return Some(format!("{what}: {besides} of {complete} fields besides in {lines:?}"));
        }
        lines.retain(|line| !is_besides(&line));
        let expected = [
            format!("HTTP/1.1 {}", self.status),
            "Connection: close".to_owned(),
            format!("Content-Length: {}", self.body.len()),
            format!("Content-Type: {}", self.content_type),
        ];
        if lines != expected {
            return Some(format!("{what}: head {lines:?} in place of {expected:?}"));
        }
        differs(&format!("{what}: body"), body, if head_only { b"" } else { &self.body })
    }
}

/// Head and body of a reply; without an empty line, all of it is head.
pub(crate) fn split(reply: &[u8]) -> (&[u8], &[u8]) {
    const END: &[u8] = b"\r\n\r\n";
    let end = reply.windows(END.len()).position(|window| window == END);
    end.map_or((reply, b""), |end| (&reply[..end], &reply[end + END.len()..]))
}

/// The fault, if a reply is not what it has to be.
pub(crate) fn differs(what: &str, reply: &[u8], expected: &[u8]) -> Option<String> {
    (reply != expected).then(|| {
        let at = reply.iter().zip(expected).take_while(|(one, other)| one == other).count();
        format!(
            "{what}: from byte {at} on, {:?} ({} bytes) in place of {:?} ({} bytes)",
            shown(&reply[at..]),
            reply.len(),
            shown(&expected[at..]),
            expected.len()
        )
    })
}

/// Bytes for people: the first few of them.
pub(crate) fn shown(bytes: &[u8]) -> String {
    const SHOWN_BYTES: usize = 120;
    String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_BYTES)]).into_owned()
}
