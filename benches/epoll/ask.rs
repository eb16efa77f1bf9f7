//! One request and its whole reply.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use crate::content;

/// Longest wait for a piece of a reply.
const PIECE: Duration = Duration::from_secs(5);
const HEAD_END: &[u8] = b"\r\n\r\n";

/// A reply with the status 200.
pub(crate) struct Reply {
    /// Up to and including the empty line.
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }
}

pub(crate) fn connect(port: u16) -> std::io::Result<TcpStream> {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))
}

/// A free port.
pub(crate) fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Asks on a connection of its own.
pub(crate) fn once(port: u16, path: &str, close: bool) -> anyhow::Result<Reply> {
    on(&mut connect(port)?, &content::request(path, close))
}

/// Asks on this connection.
pub(crate) fn on(stream: &mut TcpStream, request: &[u8]) -> anyhow::Result<Reply> {
    stream.set_read_timeout(Some(PIECE))?;
    stream.write_all(request)?;
    let mut bytes = Vec::new();
    let head_bytes = loop {
        if let Some(at) = bytes.windows(HEAD_END.len()).position(|window| window == HEAD_END) {
            break at + HEAD_END.len();
        }
        receive(stream, &mut bytes)?;
    };
    let body = bytes.split_off(head_bytes);
    finish(stream, bytes, body)
}

fn finish(stream: &mut TcpStream, head: Vec<u8>, mut body: Vec<u8>) -> anyhow::Result<Reply> {
    let text = String::from_utf8_lossy(&head).into_owned();
    ensure!(text.starts_with("HTTP/1.1 200 "), "no success: {text}");
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    let length = length.context("no Content-Length")??;
    while body.len() < length {
        receive(stream, &mut body)?;
    }
    ensure!(body.len() == length, "{} bytes after a body of {length}", body.len() - length);
    Ok(Reply { head, body })
}

fn receive(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> anyhow::Result<()> {
    let mut piece = [0; 1 << 14];
    match stream.read(&mut piece)? {
        0 => bail!("the server closed after {} bytes", bytes.len()),
        count => bytes.extend_from_slice(&piece[..count]),
    }
    Ok(())
}
