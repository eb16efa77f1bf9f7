//! A connection on which replies come one after the other, as bytes.

use std::io::ErrorKind;
use std::net::TcpStream;

use super::http;

/// What may be wrong with a reply.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The connection ended before the reply began: the client may ask again.
    Closed(String),
    /// The connection ended within a reply that was right so far.
    Cut(#[expect(dead_code, reason = "the text is for people")] String),
    /// Other bytes, or none for too long.
    Wrong(String),
}

/// What [`Fault::Closed`] says where the stream ended, and was not reset.
pub(crate) const END: &str = "end of the stream";

/// What an empty line ends.
const HEAD_END: &[u8] = b"\r\n\r\n";

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    /// What has come and has not been looked at.
    ahead: Vec<u8>,
}

impl Client {
    pub(crate) fn on(stream: TcpStream) -> Self {
        Self { stream, ahead: Vec::new() }
    }

    /// What has come and was not taken.
    pub(crate) fn ahead(&self) -> &[u8] {
        &self.ahead
    }

    /// Takes the first bytes of what has come.
    pub(crate) fn take(&mut self, bytes: usize) -> Vec<u8> {
        self.ahead.drain(..bytes).collect()
    }

    /// Waits for a head; how many bytes it has, with its empty line.
    pub(crate) fn head_bytes(&mut self) -> Result<usize, Fault> {
        loop {
            if let Some(at) = self.ahead.windows(HEAD_END.len()).position(|window| window == HEAD_END) {
                return Ok(at + HEAD_END.len());
            }
            self.more()?;
        }
    }

    /// Receives something.
    pub(crate) fn more(&mut self) -> Result<(), Fault> {
        let mut buffer = vec![0; 64 * 1024];
        match http::receive(&mut self.stream, &mut buffer) {
            Ok(count @ 1..) => {
                self.ahead.extend(&buffer[..count]);
                Ok(())
            }
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {
                Err(Fault::Wrong(format!("nothing comes; so far {:?}", http::shown(&self.ahead))))
            }
            Ok(_) if self.ahead.is_empty() => Err(Fault::Closed(END.to_owned())),
            ended if self.ahead.is_empty() => Err(Fault::Closed(format!("{ended:?}"))),
            ended => Err(Fault::Cut(format!("{ended:?} behind {} bytes", self.ahead.len()))),
        }
    }
}
