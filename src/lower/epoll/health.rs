//! `healthcheck`, the command: asks the server of the same image over loopback. An image from scratch has nothing else
//! that could.

use std::net::IpAddr;

use asmgen_arch::op::{Arg, Cond};
use asmgen_arch::syscall::Call;

use super::build::at;
use super::{Engine, abi};

/// From a status line's start, the first digit of its status.
const STATUS_AT: u32 = 9;
/// So much of the reply is waited for.
const SEEN_BYTES: i64 = 12;

impl Engine<'_> {
    pub(super) fn healthcheck(&mut self) {
        let (n, fd, t) = (self.s.n, self.s.fd, self.s.t);
        self.place("healthcheck");
        let address = self.server.listen.address;
        self.set(t, Arg::Data(self.address), "");
        match address {
            IpAddr::V4(v4) if v4.is_unspecified() => {
                self.put_four(at(t, 4), i64::from(u32::from_le_bytes([127, 0, 0, 1])), "127.0.0.1");
            }
            IpAddr::V6(v6) if v6.is_unspecified() => self.put_byte(at(t, 23), 1i64, "::1"),
            _ => {}
        }
        let (family, len) = if address.is_ipv4() { (abi::AF_INET, 16) } else { (abi::AF_INET6, 28) };
        let args = [Arg::Const(family), Arg::Const(abi::SOCK_STREAM), Arg::Const(0)];
        self.call(Call::Socket, &args, Some(fd), "a socket");
        let args = [Arg::Slot(fd), Arg::Data(self.address), Arg::Const(len)];
        self.call(Call::Connect, &args, Some(n), "to the server");
        self.unless_zero(n, "exit_1", "nobody there");
        let request = format!("GET {} HTTP/1.0\r\nHost: localhost\r\n\r\n", self.server.epoll.healthcheck);
        let len = Arg::Const(request.len() as i64);
        let request = self.text(&request);
        let args = [Arg::Slot(fd), Arg::Data(request), len, Arg::Const(abi::MSG_NOSIGNAL), Arg::Const(0), Arg::Any];
        self.call(Call::Sendto, &args, None, "ask");
        let buffer = Arg::State(self.state.buffers);
        let wait = Arg::Const(abi::MSG_WAITALL);
        let args = [Arg::Slot(fd), buffer, Arg::Const(SEEN_BYTES), wait, Arg::Const(0), Arg::Const(0)];
        self.call(Call::Recvfrom, &args, Some(n), "the status line's beginning");
        self.branch(n, Cond::Ne, SEEN_BYTES, "exit_1", "no reply");
        self.set(t, buffer, "");
        self.byte(n, at(t, STATUS_AT), "");
        self.branch(n, Cond::Eq, b'2', "exit", "it is well");
        self.branch(n, Cond::Eq, b'3', "exit", "it is well");
        self.jump("exit_1", "it is not");
    }
}
