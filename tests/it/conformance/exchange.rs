//! One connection, cut into pieces at will, compared byte for byte with what the model says.
//!
//! Nothing here depends on how long a server takes. If the model says that a piece is answered, the next one is sent
//! after that answer. If it says that a connection stays open, more is sent that shows it and is answered with
//! `Connection: close`. Every exchange so ends with the server's end of the stream.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, SystemTime};

use rustix::net::RecvFlags;

use super::notation;
use crate::harness::http;
use crate::model::site::Site;
use crate::model::{DATE_BYTES, Outcome, State, Stream, answer, date};

/// A request of its own, to see that a connection is still good.
const SENTINEL: &[u8] = b"GET /sentinel HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n";
/// What may be missing of a request are some of the last bytes of this one.
const COMPLETE: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
/// Wrong in the head of every request.
const WRONG: &[u8] = b"\x01";
/// `Date` may be so far from the client's clock.
const CLOCK_SECONDS: u64 = 2;
/// A reply that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(5);
/// Mostly long enough for a server to see the end of a piece. A piece that is seen later is not lost, only less of a
/// test.
const PAUSE: Duration = Duration::from_millis(1);

/// A server, what it should be, and how long it may take for a reply.
#[derive(Clone, Copy)]
pub(crate) struct Peer<'s> {
    pub(crate) port: u16,
    pub(crate) site: &'s Site,
    pub(crate) patience: Duration,
}

impl<'s> Peer<'s> {
    pub(crate) fn new(port: u16, site: &'s Site) -> Self {
        Self { port, site, patience: PATIENCE }
    }
}

/// What to send, and all that comes of it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) payload: Vec<u8>,
    /// More that shows what has become of the connection; the server closes it then.
    pub(crate) ending: Vec<u8>,
}

impl Plan {
    pub(crate) fn new(site: &Site, payload: Vec<u8>) -> Self {
        let mut ending = Vec::new();
        if answer(site, &payload).state == State::Within {
            ending = completion(site, &payload);
        }
        let so_far = [payload.as_slice(), &ending].concat();
        if answer(site, &so_far).state == State::Between {
            ending.extend(SENTINEL);
        }
        Self { payload, ending }
    }
}

/// The fewest bytes that make a request of what is there; if none do, one that it cannot hold.
fn completion(site: &Site, payload: &[u8]) -> Vec<u8> {
    let completes = |end: &&[u8]| {
        let Outcome { replies, state } = answer(site, &[payload, *end].concat());
        state != State::Within && replies.last().is_some_and(|reply| reply.status != 400)
    };
    let ends = (0..COMPLETE.len()).rev().map(|at| &COMPLETE[at..]);
    ends.into_iter().find(completes).unwrap_or(WRONG).to_vec()
}

/// Sends the payload cut at these positions, and its ending. The fault, if the replies are not the model's, or if the
/// answer to a piece comes before it or not at once.
pub(crate) fn fault(peer: Peer<'_>, plan: &Plan, cuts: &[usize]) -> Option<String> {
    let began = SystemTime::now();
    let mut client = match connect(peer) {
        Ok(client) => client,
        Err(error) => return Some(format!("no connection: {error}\n  {}", shown(plan, cuts, 0))),
    };
    let mut got = Vec::new();
    let ends = cuts.iter().copied().chain([plan.payload.len(), plan.payload.len() + plan.ending.len()]);
    let whole = [plan.payload.as_slice(), &plan.ending].concat();
    let mut sent = 0;
    for end in ends {
        if end > sent {
            // A server that has closed may have stopped reading; what it said is looked at in any case.
            let is_sent = client.write_all(&whole[sent..end]);
            sent = end;
            let outcome = answer(peer.site, &whole[..sent]);
            let expected = outcome.stream();
            let comes = is_sent
                .and_then(|()| read_until(&mut client, &mut got, expected.bytes.len(), outcome.state == State::Closed));
            let differs = difference(&expected, &got, began).or_else(|| comes.err().map(|error| error.to_string()));
            if let Some(what) = differs {
                return Some(format!("{what}\n  {}", shown(plan, cuts, sent)));
            }
            if outcome.state == State::Closed {
                return None;
            }
        }
    }
    Some(format!("the model leaves the connection open\n  {}", shown(plan, cuts, sent)))
}

/// A connection that sends small pieces at once.
fn connect(peer: Peer<'_>) -> std::io::Result<TcpStream> {
    let client = TcpStream::connect((Ipv4Addr::LOCALHOST, peer.port))?;
    client.set_nodelay(true)?;
    client.set_read_timeout(Some(peer.patience))?;
    client.set_write_timeout(Some(peer.patience))?;
    Ok(client)
}

/// Waits until so much is there, or for the end of the stream; takes what comes beyond it as well.
fn read_until(client: &mut TcpStream, got: &mut Vec<u8>, length: usize, to_end: bool) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    if to_end {
        return client.read_to_end(got).map(drop);
    }
    if got.len() >= length {
        std::thread::sleep(PAUSE);
    }
    while got.len() < length {
        match http::receive(client, &mut buffer)? {
            0 => return Err(std::io::Error::other("the connection is closed, and should be open")),
            some => got.extend(&buffer[..some]),
        }
    }
    match rustix::net::recv(&*client, buffer.as_mut_slice(), RecvFlags::DONTWAIT) {
        Ok((0, _)) => Err(std::io::Error::other("the connection is closed, and should be open")),
        Ok((some, _)) => {
            got.extend(&buffer[..some]);
            Ok(())
        }
        Err(rustix::io::Errno::AGAIN) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// How the bytes differ from those expected, if they do.
fn difference(expected: &Stream, got: &[u8], began: SystemTime) -> Option<String> {
    let mut wanted = expected.clone();
    let dates = dates_since(began);
    for at in &expected.dates {
        let place = *at..*at + DATE_BYTES;
        let is_date = got.get(place.clone()).is_some_and(|date| dates.iter().any(|known| known.as_bytes() == date));
        let date = if is_date { &got[place.clone()] } else { dates[CLOCK_SECONDS as usize].as_bytes() };
        wanted.bytes[place].copy_from_slice(date);
    }
    if got == wanted.bytes {
        return None;
    }
    let at = got.iter().zip(&wanted.bytes).take_while(|(one, other)| one == other).count();
    let around = |bytes: &[u8]| {
        const SHOWN: usize = 600;
        let reply = bytes[..at].windows(9).rposition(|window| window.starts_with(b"HTTP/1.1 ")).unwrap_or(0);
        let shown = notation::text(&bytes[reply..bytes.len().min(reply + SHOWN)]).replace("\\r\\n", "\\r\\n\n      ");
        format!("({} bytes)\n      {shown}", bytes.len())
    };
    Some(format!("byte {at} differs\n    got {}\n    expected {}", around(got), around(&wanted.bytes)))
}

/// Every date that is near enough to the time from then until now.
fn dates_since(began: SystemTime) -> Vec<String> {
    let end = SystemTime::now() + Duration::from_secs(CLOCK_SECONDS);
    let mut time = began - Duration::from_secs(CLOCK_SECONDS);
    let mut dates = Vec::new();
    while time <= end + Duration::from_secs(1) {
        dates.push(date(time.min(end)));
        time += Duration::from_secs(1);
    }
    dates
}

fn shown(plan: &Plan, cuts: &[usize], sent: usize) -> String {
    let (payload, ending) = (notation::text(&plan.payload), notation::text(&plan.ending));
    format!("payload {payload}\n  then {ending}\n  cut at {cuts:?}, {sent} bytes sent")
}
