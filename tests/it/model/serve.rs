//! The model behind a socket. The suite and the fuzzer are tried on it: it has to pass as it is, and to be caught with
//! every [`Twist`].

use std::io::Write;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use super::site::Site;
use super::{Outcome, Reply, State, answer, date};
use crate::harness::{PATIENCE, http};

/// Something that a server could do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Twist {
    /// The clock is a minute slow.
    OldDate,
    /// Two fields change places.
    FieldOrder,
    /// A field name in lower case.
    FieldCase,
    /// One byte less of a head is taken.
    ShortHead,
    /// Every connection is closed behind its first replies.
    ClosesEarly,
    /// No connection is closed.
    NeverCloses,
    /// A read that does not begin with a request is forgotten.
    ForgetsPieces,
    /// An incomplete request is refused.
    Impatient,
    /// The first request of several alone is answered.
    NoPipelining,
    /// A reply waits for bytes behind its request.
    Late,
    /// Content for HEAD.
    HeadContent,
    /// One ETag for all variants.
    OneEtag,
    /// One byte of the content is another one.
    OneByte,
}

impl Twist {
    #[rustfmt::skip] // One per line.
    pub(crate) const ALL: [Self; 13] = [
        Self::OldDate,
        Self::FieldOrder,
        Self::FieldCase,
        Self::ShortHead,
        Self::ClosesEarly,
        Self::NeverCloses,
        Self::ForgetsPieces,
        Self::Impatient,
        Self::NoPipelining,
        Self::Late,
        Self::HeadContent,
        Self::OneEtag,
        Self::OneByte,
    ];
}

/// A server that answers as the model does, but for its twist.
pub(crate) struct ModelServer {
    pub(crate) port: u16,
    is_over: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl ModelServer {
    pub(crate) fn start(site: &Arc<Site>, twist: Option<Twist>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_over = Arc::new(AtomicBool::new(false));
        let (site, over) = (Arc::clone(site), Arc::clone(&is_over));
        let accept = move || {
            let mut threads: Vec<JoinHandle<()>> = Vec::new();
            for client in listener.incoming() {
                // Joined, never dropped: glibc's pthread_detach reads a thread's memory after the thread may have
                // freed it (glibc bug 19951), and this process would fall.
                let (ended, running): (Vec<_>, Vec<_>) = threads.into_iter().partition(JoinHandle::is_finished);
                threads = running;
                for thread in ended {
                    drop(thread.join());
                }
                if over.load(Ordering::Relaxed) {
                    return std::mem::forget(threads);
                }
                let site = Arc::clone(&site);
                let client = client.unwrap();
                // A client that has gone away is no concern of the server.
                threads.push(std::thread::spawn(move || drop(serve(&site, twist, client))));
            }
        };
        Self { port, is_over, acceptor: Some(std::thread::spawn(accept)) }
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

fn serve(site: &Site, twist: Option<Twist>, mut client: TcpStream) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    client.set_read_timeout(Some(PATIENCE))?;
    let (mut received, mut sent) = (Vec::new(), 0);
    loop {
        let mut piece = vec![0; 1 << 16];
        let length = http::receive(&mut client, &mut piece)?;
        if length == 0 {
            return Ok(());
        }
        if twist == Some(Twist::ForgetsPieces) && !piece.starts_with(b"GET ") {
            received.clear();
            sent = 0;
        }
        received.extend(&piece[..length]);
        let outcome = twisted(site, twist, &received);
        let time = match twist {
            Some(Twist::OldDate) => SystemTime::now() - Duration::from_secs(60),
            _ => SystemTime::now(),
        };
        let bytes = outcome.stream().dated(&date(time));
        client.write_all(bytes.get(sent..).unwrap_or_default())?;
        sent = bytes.len();
        if outcome.state == State::Closed {
            client.shutdown(Shutdown::Write)?;
            while http::receive(&mut client, &mut piece)? > 0 {}
            return Ok(());
        }
    }
}

fn twisted(site: &Site, twist: Option<Twist>, received: &[u8]) -> Outcome {
    let shortened = Site { head_bytes: site.head_bytes - usize::from(twist == Some(Twist::ShortHead)), ..site.clone() };
    let mut outcome = answer(&shortened, received);
    match twist {
        Some(Twist::NoPipelining) => outcome.replies.truncate(1),
        Some(Twist::ClosesEarly) if !outcome.replies.is_empty() => outcome.state = State::Closed,
        Some(Twist::NeverCloses) => outcome.state = State::Between,
        Some(Twist::Late) if outcome.state == State::Between => drop(outcome.replies.pop()),
        Some(Twist::Impatient) if outcome.state == State::Within && received.len() > 20 => {
            outcome.replies.push(Reply::refusal(400, false));
            outcome.state = State::Closed;
        }
        _ => {}
    }
    for reply in &mut outcome.replies {
        twist_reply(site, twist, reply);
    }
    outcome
}

fn twist_reply(site: &Site, twist: Option<Twist>, reply: &mut Reply) {
    match twist {
        Some(Twist::FieldOrder) if reply.status == 206 => reply.fields.swap(0, 1),
        Some(Twist::FieldCase) => {
            reply.fields.iter_mut().filter(|(name, _)| *name == "ETag").for_each(|(name, _)| *name = "Etag");
        }
        Some(Twist::HeadContent) if reply.status == 200 && reply.content.is_empty() => {
            reply.content.clone_from(&site.routes[0].representation.identity.bytes);
        }
        Some(Twist::OneEtag) if reply.field("Content-Encoding").is_some() => {
            let identity = site.route("/text").representation.identity.etag.clone();
            reply
                .fields
                .iter_mut()
                .filter(|(name, _)| *name == "ETag")
                .for_each(|(_, value)| value.clone_from(&identity));
        }
        Some(Twist::OneByte) => {
            let middle = reply.content.len() / 2;
            let mut content = reply.content.to_vec();
            content.iter_mut().skip(middle).take(1).for_each(|byte| *byte ^= 1);
            reply.content = content.into();
        }
        _ => {}
    }
}
