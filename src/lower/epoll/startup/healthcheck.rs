//! The command `healthcheck`: sends a request to the server of the same image over loopback. An image from scratch has
//! no other program that could, and a `HEALTHCHECK` needs one.

use asmgen_arch::op::Cond;
use asmgen_arch::syscall::Call;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::frame;
use crate::lower::epoll::asm::labels::At;
use crate::lower::epoll::startup::call_data::Near;
use crate::lower::epoll::startup::syscall_table::{Given, Row};
use crate::lower::epoll::state::vars::var;
use crate::lower::{abi, socket};

/// Offset of the status's first digit in a status line: `HTTP/1.1 ` comes before it.
const STATUS_AT: u32 = 9;

/// Bytes of the reply that are waited for: the status line up to its status.
const SEEN_BYTES: i64 = 12;

impl Engine<'_> {
    /// The request that asks how the server is.
    pub(crate) fn health_request(&self) -> String {
        format!("GET {} HTTP/1.0\r\n\r\n", self.server.epoll.healthcheck)
    }

    /// Exits with 0 if the server is well.
    ///
    /// ```text
    /// the reply begins with a status of 2xx or 3xx    exit 0
    /// another status                                  exit 1
    /// no 12 bytes of a reply in time                  exit 1
    /// ```
    pub(crate) fn healthcheck(&mut self) {
        let (received, digit) = (self.s.n, self.local("first digit of the status"));
        self.place(At::Healthcheck);
        let listen = self.server.listen;
        if listen.address.is_unspecified() {
            // Without IPv6 there is no ::1. A server of both families can always be reached at 127.0.0.1.
            let loopback = i64::from(u32::from_le_bytes([127, 0, 0, 1]));
            self.put_four(frame(self.address_at() + 4), loopback, "127.0.0.1");
        }
        let (family, len) = if listen.address.is_unspecified() { (abi::AF_INET, 16) } else { socket::family(listen) };
        let len_sent = Given::Number(self.health_request().len() as i64);
        let request = Given::Near(Near::Request);
        let (fd, number) = (Given::Variable(var::LISTENER), Given::Number);
        let reply = Given::Frame(var::LONG_SCRATCH.at);
        let address = Given::Frame(self.address_at());
        let patience = Given::Near(Near::Patience);
        // A timeval is two words.
        let wait = |option| {
            let [level, option, bytes] = [abi::SOL_SOCKET, option, i64::from(2 * self.word)].map(number);
            Row::new(Call::Setsockopt, &[fd, level, option, patience, bytes])
        };
        // A call may fail without a consequence of its own: then nothing is received.
        let rows = [
            Row::new(Call::Socket, &[number(family), number(abi::SOCK_STREAM)]).to(var::LISTENER),
            wait(abi::SO_SNDTIMEO),
            wait(abi::SO_RCVTIMEO),
            Row::new(Call::Connect, &[fd, address, number(len)]),
            Row::new(Call::Sendto, &[fd, request, len_sent, number(abi::MSG_NOSIGNAL | abi::MSG_DONTWAIT)]),
            Row::new(Call::Read, &[fd, reply, number(SEEN_BYTES)]).to(var::NOWHERE),
        ];
        self.run("calls of the healthcheck", &rows.map(Row::may_fail));
        self.four(received, frame(var::NOWHERE), "bytes of the status line");
        self.branch(received, Cond::Ne, SEEN_BYTES, At::Exit1, "no reply, or only a part of one");
        self.byte(digit, frame(var::LONG_SCRATCH.byte(STATUS_AT)), "after `HTTP/1.1 `");
        self.branch(digit, Cond::Eq, b'2', At::Exit, "successful (RFC 9110 §15.3)");
        self.branch(digit, Cond::Eq, b'3', At::Exit, "redirected: the server answers (RFC 9110 §15.4)");
        self.jump(At::Exit1, "the server is not well");
    }
}
