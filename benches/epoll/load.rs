//! The load generator: one thread, one epoll, a number of connections.
//!
//! It is our own because `wrk` neither opens a connection for each request nor checks what comes back. Here every reply
//! has to begin with the status 200 and to be as long as the first one, which has the right length.
//!
//! It speaks with the benchmark over its standard streams. It says `ready` once everything is connected, waits for a
//! line, writes the outcome as JSON, and exits at the end of its input. So the server's CPU time is read while nothing
//! is asked.

use std::io::{Write as _, stdin, stdout};
use std::net::{Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use serde::{Deserialize, Serialize};

use crate::{ask, content};

/// Most events of one wait.
const EVENTS: usize = 256;
/// More than a batch of replies or a socket's buffer usually holds.
const BUFFER_BYTES: usize = 1 << 20;
/// Longest wait in which no server sends anything.
const SILENCE: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };
const STATUS: &[u8] = b"HTTP/1.1 200 ";

/// What to ask.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) port: u16,
    pub(crate) path: String,
    pub(crate) body_bytes: usize,
    pub(crate) connections: usize,
    /// Requests that are sent at once, before the replies to all of them are awaited.
    pub(crate) depth: usize,
    /// A connection for each request?
    pub(crate) close: bool,
    pub(crate) asked_ms: u64,
    /// Is the latency of each batch recorded? That costs the generator a look at the clock per batch.
    pub(crate) timed: bool,
}

/// What came back.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) requests: u64,
    pub(crate) ns: u64,
    /// Of a timed load.
    pub(crate) latency: Option<Latency>,
}

/// Time from the sending of a batch to the last byte of its replies, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Latency {
    /// The percentiles of these times in nanoseconds, by nearest rank; `None` without any.
    fn of(mut times_ns: Vec<u64>) -> Option<Self> {
        times_ns.sort_unstable();
        let percentile = |percent: usize| {
            let rank = (times_ns.len() * percent).div_ceil(100);
            times_ns.get(rank.checked_sub(1)?).map(|ns| *ns as f64 / 1e6)
        };
        Some(Self { p50_ms: percentile(50)?, p99_ms: percentile(99)? })
    }
}

struct Client {
    stream: TcpStream,
    /// Bytes of the replies to the present batch.
    received: usize,
    /// When the present batch was sent.
    sent: Instant,
}

struct Generator<'a> {
    load: &'a Load,
    epoll: OwnedFd,
    clients: Vec<Client>,
    /// What a client sends at once.
    batch: Vec<u8>,
    reply_bytes: usize,
    buffer: Vec<u8>,
    requests: u64,
    /// Of a timed load: how long each batch took.
    times_ns: Vec<u64>,
}

/// Runs the conversation described above.
pub(crate) fn generate(load: &Load) -> anyhow::Result<()> {
    let mut generator = Generator::new(load)?;
    println!("ready");
    let mut line = String::new();
    if stdin().read_line(&mut line)? == 0 {
        return Ok(());
    }
    let outcome = generator.run()?;
    println!("{}", serde_json::to_string(&outcome)?);
    stdout().flush()?;
    stdin().read_line(&mut line)?;
    Ok(())
}

impl<'a> Generator<'a> {
    /// Connects and asks once on each connection, unless each request has its own.
    fn new(load: &'a Load) -> anyhow::Result<Self> {
        let reply = ask::once(load.port, &load.path, load.close)?;
        ensure!(reply.body.len() == load.body_bytes, "a body of {} bytes", reply.body.len());
        let request = content::request(&load.path, load.close);
        let mut generator = Self {
            load,
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            clients: Vec::with_capacity(load.connections),
            batch: request.repeat(load.depth),
            reply_bytes: reply.len(),
            buffer: vec![0; BUFFER_BYTES],
            requests: 0,
            times_ns: Vec::new(),
        };
        let kept = if load.close { 0 } else { load.connections };
        for place in 0..kept {
            let mut client = generator.connect(place)?;
            let reply = ask::on(&mut client.stream, &request)?;
            ensure!(reply.len() == generator.reply_bytes, "a reply of {} bytes", reply.len());
            generator.clients.push(client);
        }
        Ok(generator)
    }

    /// The kernel finishes a connection over loopback before the call returns, so waiting for it costs nothing.
    fn connect(&self, place: usize) -> anyhow::Result<Client> {
        let stream = ask::connect(self.load.port)?;
        epoll::add(&self.epoll, &stream, EventData::new_u64(place as u64), EventFlags::IN)?;
        Ok(Client { stream, received: 0, sent: Instant::now() })
    }

    fn run(&mut self) -> anyhow::Result<Outcome> {
        let start = Instant::now();
        let end = start + Duration::from_millis(self.load.asked_ms);
        for place in 0..self.load.connections {
            if self.load.close {
                let client = self.connect(place)?;
                self.clients.push(client);
            }
            self.send(place)?;
        }
        let mut active = self.load.connections;
        let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; EVENTS];
        while active > 0 {
            let ready = epoll::wait(&self.epoll, &mut events, Some(&SILENCE))?;
            ensure!(ready > 0, "the server is silent; {} replies came before", self.requests);
            let goes_on = Instant::now() < end;
            for event in &events[..ready] {
                let place = event.data.u64() as usize;
                if self.receive(place)? {
                    if self.load.timed {
                        self.times_ns.push(self.clients[place].sent.elapsed().as_nanos() as u64);
                    }
                    self.requests += self.load.depth as u64;
                    if goes_on {
                        self.next(place)?;
                    } else {
                        self.finish(place)?;
                        active -= 1;
                    }
                }
            }
        }
        let ns = start.elapsed().as_nanos() as u64;
        Ok(Outcome { requests: self.requests, ns, latency: Latency::of(std::mem::take(&mut self.times_ns)) })
    }

    fn send(&mut self, place: usize) -> anyhow::Result<()> {
        if self.load.timed {
            self.clients[place].sent = Instant::now();
        }
        let sent = rustix::net::send(&self.clients[place].stream, &self.batch, SendFlags::NOSIGNAL)?;
        ensure!(sent == self.batch.len(), "sent {sent} of {}", self.batch.len());
        Ok(())
    }

    fn next(&mut self, place: usize) -> anyhow::Result<()> {
        if self.load.close {
            self.clients[place] = self.connect(place)?;
        }
        self.clients[place].received = 0;
        self.send(place)
    }

    /// The end of a connection would be told again and again, and a server may wait for ours.
    fn finish(&self, place: usize) -> anyhow::Result<()> {
        let stream = &self.clients[place].stream;
        epoll::delete(&self.epoll, stream)?;
        if self.load.close {
            stream.shutdown(Shutdown::Both)?;
        }
        Ok(())
    }

    /// Takes what has come. Is the batch complete, and the connection closed if it should be?
    fn receive(&mut self, place: usize) -> anyhow::Result<bool> {
        let whole = self.reply_bytes * self.load.depth;
        loop {
            let received = self.clients[place].received;
            let socket = &self.clients[place].stream;
            let count = match rustix::net::recv(socket, &mut *self.buffer, RecvFlags::DONTWAIT) {
                Ok((count, _)) => count,
                Err(Errno::AGAIN) => return Ok(false),
                Err(error) => return Err(error.into()),
            };
            if count == 0 {
                ensure!(self.load.close && received == whole, "closed after {received} of {whole} bytes");
                return Ok(true);
            }
            self.check(received, count)?;
            self.clients[place].received += count;
            // A server that closes has mostly done so already.
            if !self.load.close {
                return Ok(received + count == whole);
            }
        }
    }

    /// Does each reply that begins in these bytes have the right status, and is none too long?
    fn check(&self, received: usize, count: usize) -> anyhow::Result<()> {
        let (end, whole) = (received + count, self.reply_bytes * self.load.depth);
        if end > whole {
            bail!("{end} bytes, more than the {whole} that were asked for");
        }
        let mut start = received.next_multiple_of(self.reply_bytes);
        while start < end {
            let begun = &self.buffer[start - received..count];
            let seen = begun.len().min(STATUS.len());
            ensure!(begun[..seen] == STATUS[..seen], "not a reply: {:?}", String::from_utf8_lossy(&begun[..seen]));
            start += self.reply_bytes;
        }
        Ok(())
    }
}
