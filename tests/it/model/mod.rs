//! A reference model of docs/http.md: what has come from a client, in; the replies and what becomes of the
//! connection, out. It is written to be read beside that page, sentence by sentence, and nothing in it is fast. It
//! knows neither sockets nor time: no timeouts, no 408, and the value of `Date` is left open.

mod authority;
mod conditions;
mod dates;
mod fields;
mod head;
mod negotiate;
mod range;
mod reply;
pub(crate) mod serve;
pub(crate) mod site;
mod target;
mod tests;

use head::{Stop, read_head};
pub(crate) use reply::{DATE_BYTES, Reply, Stream, date};
use site::Site;

/// What has become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Open, and every request has been answered.
    Between,
    /// Open, and some bytes of a request are there.
    Within,
    /// Closed behind the last reply.
    Closed,
}

/// Everything that these bytes of one connection lead to.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) replies: Vec<Reply>,
    pub(crate) state: State,
}

impl Outcome {
    /// The replies one behind the other, as the client reads them.
    pub(crate) fn stream(&self) -> Stream {
        Stream::of(&self.replies)
    }

    pub(crate) fn statuses(&self) -> Vec<u16> {
        self.replies.iter().map(|reply| reply.status).collect()
    }
}

/// What the server of this site answers to these bytes, the first of a connection.
pub(crate) fn answer(site: &Site, received: &[u8]) -> Outcome {
    let mut replies = Vec::new();
    let mut at = 0;
    loop {
        let (reply, end) = match read_head(&received[at..], site.head_bytes) {
            Ok((head, end)) => (reply::to(site, &head), end),
            Err(Stop::Refused { status, is_head }) => (Reply::refusal(status, is_head), received.len() - at),
            Err(Stop::Wants { is_begun }) => {
                let state = if is_begun { State::Within } else { State::Between };
                return Outcome { replies, state };
            }
        };
        at += end;
        let closes = reply.closes();
        replies.push(reply);
        if closes {
            return Outcome { replies, state: State::Closed };
        }
    }
}
