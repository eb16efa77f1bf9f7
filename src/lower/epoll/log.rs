//! The access log, in the Common Log Format: lines gather while a batch is answered and leave in one `write`, if standard
//! output takes them at once; what it does not take is left out, for no reply may wait for a log.

use std::net::IpAddr;

use asmgen_arch::op::{Arg, Cond};
use asmgen_arch::syscall::Call;

use super::build::{at, frame};
use super::layout::{DATE_AT, LOG_REQUEST_BYTES, PEER_SHIFT, var};
use super::{Engine, abi};

/// From the date's start to its day, and the bytes from there to the end of its time.
const DAY_AT: u32 = 5;
const DAY_TO_TIME_BYTES: u32 = 20;

impl Engine<'_> {
    pub(super) fn logs(&self) -> bool {
        self.server.epoll.access_log
    }

    /// A connection's address, from where `accept4` has put it.
    pub(super) fn keep_peer(&mut self) {
        if !self.logs() {
            return;
        }
        let (t, u, v) = (self.s.t, self.s.u, self.s.v);
        self.set(t, self.s.fd, "");
        self.shl(t, PEER_SHIFT, "");
        self.set(u, Arg::State(self.state.peers), "");
        self.add(t, u, "where its address is kept");
        self.set(u, Arg::State(self.state.peer), "");
        self.set(v, 1i64 << PEER_SHIFT, "");
        self.copy(t, u, v, "the client's address");
    }

    /// Adds a line for the reply whose first vector is known, with `blen` bytes of content.
    pub(super) fn log_reply(&mut self) {
        if !self.logs() {
            return;
        }
        let (x, t, u, c, q) = (self.s.o, self.s.t, self.s.u, self.s.c, self.s.q);
        self.set(x, Arg::State(self.state.log), "");
        self.four(t, frame(var::LOG_LEN), "");
        self.four(u, frame(var::FIRST), "");
        self.put_four(at(u, self.state.marks - self.state.vectors + 4), t, "the log before this line");
        self.add(x, t, "behind the last line");
        self.set(u, self.s.fd, "");
        self.shl(u, PEER_SHIFT, "");
        self.set(t, Arg::State(self.state.peers), "");
        self.add(u, t, "the client's address");
        self.peer();
        // ` - - [`, then the day and the time of the date, then the zone.
        self.format(b" - - [\0", "log: before the date");
        self.date_line(q, DATE_AT + DAY_AT);
        self.set(t, DAY_TO_TIME_BYTES, "");
        self.copy(x, q, t, "day and time");
        for (back, byte) in [(18, b'/'), (14, b'/'), (9, b':')] {
            self.put_byte(super::build::before(x, back), byte, "");
        }
        self.format(b" +0000] \"\0", "log: behind the date");
        self.request_line();
        // Status and length.
        self.put_four(frame(var::NUMBERS), self.s.blen, "");
        self.format(b"\" \0", "log: before the status");
        self.four(u, frame(var::FIRST), "");
        self.status_of(u, q, t, "logged_status");
        self.set(t, 4i64, "");
        self.copy(x, q, t, "the status and a space");
        self.format(b"\x01\n\0", "log: the length");
        self.set(c, Arg::State(self.state.log), "");
        self.take(x, c, "");
        self.put_four(frame(var::LOG_LEN), x, "");
    }

    /// The lines of the replies from vector `q` on, whose marks have the log's length at this offset, are forgotten.
    pub(super) fn unlog(&mut self, mark: u32) {
        if !self.logs() {
            return;
        }
        let (t, q) = (self.s.c, self.s.q);
        self.branch(q, Cond::Eq, self.s.iov, "unlogged", "there is none");
        self.four(t, at(q, mark), "");
        self.put_four(frame(var::LOG_LEN), t, "the lines of those that are made again");
        self.place("unlogged");
    }

    fn format(&mut self, format: &[u8], name: &str) {
        let format = self.bytes(name, format);
        self.set(self.s.q, Arg::Data(format), "");
        self.gosub("format");
    }

    /// The request line without its line end, `-` if there is none.
    fn request_line(&mut self) {
        let (x, t, c, q) = (self.s.o, self.s.t, self.s.c, self.s.q);
        self.set(q, self.s.req, "");
        self.set(t, LOG_REQUEST_BYTES, "at most");
        let in_fields = self.beginning(431);
        self.set(c, in_fields, "");
        self.four(self.s.phase, frame(var::PHASE), "");
        self.branch(self.s.phase, Cond::Eq, c, "log_byte", "");
        self.put_byte(at(x, 0), b'-', "no request line");
        self.add(x, 1i64, "");
        self.jump("log_line_end", "");
        self.place("log_byte");
        self.next(c, q, "");
        self.branch(c, Cond::Eq, b'\r', "log_line_end", "");
        self.put_byte(at(x, 0), c, "");
        self.add(x, 1i64, "");
        self.take(t, 1i64, "");
        self.unless_zero(t, "log_byte", "");
        self.place("log_line_end");
    }

    /// The client's address, from the `struct sockaddr` at `u`.
    fn peer(&mut self) {
        let (t, u, v) = (self.s.t, self.s.u, self.s.v);
        let is_v4 = matches!(self.server.listen.address, IpAddr::V4(_));
        self.add(u, if is_v4 { 4i64 } else { 8i64 }, "");
        if !is_v4 {
            // Of an IPv4 client: ::ffff:a.b.c.d.
            for (offset, value) in [(0, 0i64), (4, 0), (8, i64::from(0xffff_0000_u32 as i32))] {
                self.four(t, at(u, offset), "");
                self.branch(t, Cond::Ne, value, "log_v6", "");
            }
            self.add(u, 12i64, "an IPv4 client");
        }
        for part in 0..4 {
            self.byte(t, at(u, part), "");
            self.put_four(frame(var::NUMBERS + 4 * part), t, "");
        }
        self.format(b"\x01.\x02.\x03.\x04\0", "log: an address");
        if is_v4 {
            return;
        }
        self.jump("logged_peer", "");
        self.place("log_v6");
        self.set(v, 16i64, "bytes");
        self.place("log_v6_byte");
        self.byte(t, at(u, 0), "");
        self.shr(t, 4, "");
        self.gosub("log_hex");
        self.byte(t, at(u, 0), "");
        self.and(t, 15i64, "");
        self.gosub("log_hex");
        self.add(u, 1i64, "");
        self.take(v, 1i64, "");
        self.if_zero(v, "logged_peer", "");
        self.if_any(v, 1, "log_v6_byte", "");
        self.put_byte(at(self.s.o, 0), b':', "");
        self.add(self.s.o, 1i64, "");
        self.jump("log_v6_byte", "");
        self.place("logged_peer");
    }

    /// Wherever a batch ends: no line waits for another batch, so there is room for those of the next one.
    pub(super) fn say_log(&mut self) {
        if self.logs() {
            self.gosub("write_log");
        }
    }

    /// Writes what has gathered, if it is taken at once.
    pub(super) fn write_log(&mut self) {
        if !self.logs() {
            return;
        }
        let (t, n) = (self.s.t, self.s.n);
        self.place("gone");
        self.gosub("write_log");
        self.jump("close", "");
        self.sub("write_log");
        self.four(t, frame(var::LOG_LEN), "");
        self.if_zero(t, "log_written", "nothing");
        // struct pollfd: descriptor, POLLOUT.
        self.put_four(frame(var::SCRATCH), abi::STDOUT, "");
        self.put_four(frame(var::SCRATCH + 4), abi::POLLOUT, "");
        let zero =
            Arg::Data(self.program.datum("struct timespec: no time", vec![asmgen_arch::op::Part::Word(0); 2], 0));
        let args = [Arg::Frame(var::SCRATCH), Arg::Const(1), zero, Arg::Const(0), Arg::Any];
        self.call(Call::Ppoll, &args, Some(n), "does it take a page?");
        self.branch(n, Cond::Le, 0i64, "log_left_out", "no");
        self.four(n, frame(var::SCRATCH + 4), "");
        self.if_none(n, (abi::POLLOUT as u32) << 16, "log_left_out", "nobody reads it");
        self.four(t, frame(var::LOG_LEN), "");
        let args = [Arg::Const(abi::STDOUT), Arg::State(self.state.log), Arg::Slot(t)];
        self.call(Call::Write, &args, None, "the lines");
        self.place("log_left_out");
        self.put_four(frame(var::LOG_LEN), 0i64, "");
        self.place("log_written");
        self.ret("write_log");
    }

    /// A hexadecimal digit of a client's address.
    pub(super) fn log_hex(&mut self) {
        let t = self.s.t;
        if self.logs() && self.server.listen.address.is_ipv6() {
            self.sub("log_hex");
            self.add(t, i64::from(b'0'), "");
            self.branch(t, Cond::BelowOrEqual, i64::from(b'9'), "log_digit", "");
            self.add(t, i64::from(b'a' - b'9' - 1), "");
            self.place("log_digit");
            self.put_byte(at(self.s.o, 0), t, "");
            self.add(self.s.o, 1i64, "");
            self.ret("log_hex");
        }
    }
}
