//! A client that knows what it has to get, byte by byte.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::body_of;
pub(super) use crate::harness::client::{Client, Fault};
use crate::harness::http;

/// A request of this path.
pub(super) fn request(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

impl Client {
    pub(super) fn new(port: u16) -> Self {
        Self::of(http::connect(port))
    }

    pub(super) fn of(stream: TcpStream) -> Self {
        // A server that is silent for longer has forgotten the client.
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        Self::on(stream)
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.stream.write_all(bytes).map_err(|error| Fault::Closed(format!("sending: {error}")))
    }

    /// Asks, and gets the reply, whole and right.
    pub(super) fn ask(&mut self, path: &str) -> Result<(), Fault> {
        self.send(&request(path))?;
        self.reply(path)
    }

    /// The next reply has to be that of this path; tells its head.
    pub(super) fn reply(&mut self, path: &str) -> Result<(), Fault> {
        self.whole(200, body_of(path)).map(drop)
    }

    /// The next reply has to have this status and this content; its head.
    pub(super) fn whole(&mut self, status: u16, body: &[u8]) -> Result<String, Fault> {
        let head_end = self.head_bytes()?;
        let head = String::from_utf8_lossy(&self.ahead()[..head_end]).into_owned();
        let right = head.starts_with(&format!("HTTP/1.1 {status} "));
        let length = format!("\r\nContent-Length: {}\r\n", body.len());
        if !right || !head.contains(&length) {
            return Err(Fault::Wrong(format!("head {head:?} in place of {status} with {} bytes", body.len())));
        }
        let mut at = 0;
        loop {
            let there = (self.ahead().len() - head_end).min(body.len());
            let fault = http::differs(&head, &self.ahead()[head_end + at..head_end + there], &body[at..there]);
            fault.map_or(Ok(()), |fault| Err(Fault::Wrong(fault)))?;
            at = there;
            if at == body.len() {
                break;
            }
            self.more()?;
        }
        self.take(head_end + body.len());
        Ok(head)
    }

    /// Nothing more comes, and the server closes.
    pub(super) fn ends(&mut self) -> Result<(), Fault> {
        if !self.ahead().is_empty() {
            return Err(Fault::Wrong(format!("behind the last reply: {:?}", http::shown(self.ahead()))));
        }
        match self.more() {
            Err(Fault::Closed(_)) => Ok(()),
            Ok(()) => Err(Fault::Wrong(format!("behind the last reply: {:?}", http::shown(self.ahead())))),
            Err(fault) => Err(fault),
        }
    }

    /// Sends no more; the server has to close then.
    pub(super) fn finish(mut self) -> Result<(), Fault> {
        self.stream.shutdown(Shutdown::Write).map_err(|error| Fault::Closed(format!("shutdown: {error}")))?;
        self.ends()
    }
}

/// Closes with a reset.
pub(super) fn reset(stream: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    drop(stream);
}
