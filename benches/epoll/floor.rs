//! The floor: what a server on epoll cannot do without. It waits, receives and sends a reply that is ready, and never
//! looks at a request. What a real server costs beyond this is its own doing.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd as _, OwnedFd};

use anyhow::{Context as _, ensure};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketFlags};

use crate::{content, settings};

/// Most events of one wait.
const EVENTS: usize = 256;
/// As the others have it.
const BACKLOG: i32 = 4096;
/// The fields that a server of files sends; the date does not change, because no client reads it.
const HEAD: &str = "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\nContent-Type: text/html\r\n\
                    ETag: \"0123456789abcdef\"\r\nAccept-Ranges: bytes\r\nContent-Length: ";

/// One client.
struct Connection {
    socket: OwnedFd,
    /// Bytes of an incomplete request.
    begun: usize,
}

/// What answers: everything is made before the first client comes.
struct Floor {
    /// As many replies as one reception can ask for.
    replies: Vec<u8>,
    reply_bytes: usize,
    request_bytes: usize,
    /// Is each connection closed after its reply?
    closes: bool,
    received: Vec<u8>,
}

impl Floor {
    fn new(closes: bool) -> Self {
        let mut reply = format!("{HEAD}{}\r\n\r\n", content::PAGE_BYTES).into_bytes();
        reply.extend(content::page());
        let request_bytes = content::request(content::PAGE, closes).len();
        Self {
            replies: reply.repeat(settings::DEPTH),
            reply_bytes: reply.len(),
            request_bytes,
            closes,
            // No more replies than there are can be due: with what was begun it is less than one request more.
            received: vec![0; request_bytes * settings::DEPTH - request_bytes + 1],
        }
    }

    /// Answers what has come. Is the connection still needed?
    fn answer(&mut self, connection: &mut Connection) -> anyhow::Result<bool> {
        let count = match rustix::net::recv(&connection.socket, &mut *self.received, RecvFlags::empty()) {
            Ok((0, _)) | Err(Errno::CONNRESET) => return Ok(false),
            Ok((count, _)) => count,
            Err(error) => return Err(error.into()),
        };
        let pending = connection.begun + count;
        connection.begun = pending % self.request_bytes;
        let due = &self.replies[..pending / self.request_bytes * self.reply_bytes];
        if due.is_empty() {
            return Ok(true);
        }
        // The sockets block when they send, so what is due goes out in one call.
        match rustix::net::send(&connection.socket, due, SendFlags::NOSIGNAL) {
            Ok(sent) => ensure!(sent == due.len(), "sent {sent} of {}", due.len()),
            Err(Errno::PIPE | Errno::CONNRESET) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        Ok(!self.closes)
    }
}

/// Serves the page until it is killed.
pub(crate) fn serve(port: u16, closes: bool) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    rustix::net::listen(&listener, BACKLOG)?;
    let listening = listener.as_raw_fd() as usize;
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(listening as u64), EventFlags::IN)?;
    let mut connections: Vec<Option<Connection>> = (0..settings::DESCRIPTORS).map(|_| None).collect();
    let mut floor = Floor::new(closes);
    let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; EVENTS];
    loop {
        let ready = epoll::wait(&epoll, &mut events, None)?;
        for event in &events[..ready] {
            let number = event.data.u64() as usize;
            if number == listening {
                let connection = accept(&listener, &epoll)?;
                let place = connection.socket.as_raw_fd() as usize;
                *connections.get_mut(place).context("too many connections")? = Some(connection);
            } else if let Some(connection) = &mut connections[number]
                && !floor.answer(connection)?
            {
                connections[number] = None;
            }
        }
    }
}

fn accept(listener: &TcpListener, epoll: &OwnedFd) -> anyhow::Result<Connection> {
    let socket = rustix::net::accept_with(listener, SocketFlags::CLOEXEC)?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    epoll::add(epoll, &stream, EventData::new_u64(stream.as_raw_fd() as u64), EventFlags::IN)?;
    Ok(Connection { socket: stream.into(), begun: 0 })
}
