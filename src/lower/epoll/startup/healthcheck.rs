//! `healthcheck`, the command: asks the server of the same image over loopback. An image from scratch has nothing else
//! that could.

use asmgen_arch::op::Cond;
use asmgen_arch::syscall::Call;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, frame};
use crate::lower::epoll::asm::labels::At;
use crate::lower::epoll::startup::call_data::Near;
use crate::lower::epoll::startup::syscall_table::{Given, Row};
use crate::lower::epoll::state::vars::var;
use crate::lower::{abi, socket};

/// From a status line's start, the first digit of its status.
const STATUS_AT: u32 = 9;

/// So much of the reply is waited for.
const SEEN_BYTES: i64 = 12;

impl Engine<'_> {
    pub(crate) fn health_request(&self) -> String {
        format!("GET {} HTTP/1.0\r\n\r\n", self.server.epoll.healthcheck)
    }

    pub(crate) fn healthcheck(&mut self) {
        let n = self.s.n;
        self.place(At::Healthcheck);
        let listen = self.server.listen;
        if listen.address.is_unspecified() {
            // Where the network has no IPv6, there is no ::1; and 127.0.0.1 is there whoever listens everywhere.
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
        // Where nobody is there, there is nothing to receive.
        let rows = [
            Row::new(Call::Socket, &[number(family), number(abi::SOCK_STREAM)]).to(var::LISTENER),
            wait(abi::SO_SNDTIMEO),
            wait(abi::SO_RCVTIMEO),
            Row::new(Call::Connect, &[fd, address, number(len)]),
            Row::new(Call::Sendto, &[fd, request, len_sent, number(abi::MSG_NOSIGNAL | abi::MSG_DONTWAIT)]),
            Row::new(Call::Read, &[fd, reply, number(SEEN_BYTES)]).to(var::NOWHERE),
        ];
        self.run("calls of the healthcheck", &rows.map(Row::may_fail));
        self.four(n, frame(var::NOWHERE), "bytes of the status line's beginning");
        self.branch(n, Cond::Ne, SEEN_BYTES, At::Exit1, "no reply");
        self.byte(n, frame(var::LONG_SCRATCH.at + STATUS_AT), NO_WHY);
        self.branch(n, Cond::Eq, b'2', At::Exit, "it is well");
        self.branch(n, Cond::Eq, b'3', At::Exit, "it is well");
        self.jump(At::Exit1, "it is not");
    }
}
