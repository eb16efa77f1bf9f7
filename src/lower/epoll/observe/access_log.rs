//! The access log, in the Common Log Format: lines gather while a batch is answered and leave in one call, if standard
//! output takes them at once; what it does not take is left out, for no reply may wait for a log.
//!
//! That call cannot block, and changes nothing that others share (`O_NONBLOCK` is the description's). What holds, tried
//! on Linux 6.18 and read in 5.10:
//!
//! ```text
//!                                  socket  pipe  FIFO  terminal  file
//! send with MSG_DONTWAIT           yes     -     -     -         -     used for sockets
//! /proc/self/fd/1, opened anew     -       yes   yes   yes       (1)   used for all but files, where it can be opened
//! pwritev2 with RWF_NOWAIT         6.4     6.4   -     -         -     not used
//! splice with SPLICE_F_NONBLOCK    -       (2)   (2)   -         yes   not used
//! ppoll, then write                (3)     (3)   (3)   (4)       yes   used for files, and where nothing can be opened
//! ```
//!
//! 1: the place in the file is not shared any more, and lines of others are written over. 2: each call takes a whole
//! page of the pipe. 3: two that write may both see the same room. 4: a terminal may have room for a part.
//! Nothing can be opened without `/proc`, or where the pipe or the terminal is another user's.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, before, frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::memory_map::{LOG_REQUEST_BYTES, PEER_SHIFT};
use crate::lower::epoll::state::response_table::DATE_AT;
use crate::lower::epoll::state::vars::var;

/// From the date's start to its day, and the bytes from there to the end of its time.
const DAY_AT: u32 = 5;

const DAY_TO_TIME_BYTES: u32 = 20;

/// Bytes of an IPv6 address.
const ADDRESS_BYTES: u32 = 16;

impl Engine<'_> {
    pub(crate) fn logs(&self) -> bool {
        self.server.epoll.access_log
    }

    /// A connection's address, from where `accept4` has put it.
    pub(crate) fn keep_peer(&mut self) {
        if !self.logs() {
            return;
        }
        let (t, u, v) = (self.s.t, self.s.u, self.s.v);
        self.set(t, self.s.fd, NO_WHY);
        self.shl(t, PEER_SHIFT, NO_WHY);
        self.set(u, Operand::State(self.state.peers), NO_WHY);
        self.add(t, u, "where its address is kept");
        self.set(u, Operand::State(self.state.peer), NO_WHY);
        self.set(v, 1i64 << PEER_SHIFT, NO_WHY);
        self.copy(t, u, v, "the client's address");
    }

    /// Adds a line for the reply whose first vector is known, with `blen` bytes of content.
    pub(crate) fn log_reply(&mut self) {
        if !self.logs() {
            return;
        }
        let (x, t, u, c, q) = (self.s.output, self.s.t, self.s.u, self.s.c, self.s.q);
        self.set(x, Operand::State(self.state.log), NO_WHY);
        self.four(t, frame(var::LOG_LEN), NO_WHY);
        self.four(u, frame(var::FIRST), NO_WHY);
        self.put_four(at(u, self.state.marks - self.state.vectors + 4), t, "the log before this line");
        self.add(x, t, "behind the last line");
        self.set(u, self.s.fd, NO_WHY);
        self.shl(u, PEER_SHIFT, NO_WHY);
        self.set(t, Operand::State(self.state.peers), NO_WHY);
        self.add(u, t, "the client's address");
        self.peer();
        // ` - - [`, then the day and the time of the date, then the zone.
        self.format(b" - - [\0", "log: before the date");
        self.date_line(q, DATE_AT + DAY_AT);
        self.set(t, DAY_TO_TIME_BYTES, NO_WHY);
        self.copy(x, q, t, "day and time");
        for (back, byte) in [(18, b'/'), (14, b'/'), (9, b':')] {
            self.put_byte(before(x, back), byte, NO_WHY);
        }
        self.format(b" +0000] \"\0", "log: behind the date");
        self.request_line();
        // Status and length.
        self.put_four(frame(var::NUMBERS), self.s.content_len, NO_WHY);
        self.format(b"\" \0", "log: before the status");
        self.four(u, frame(var::FIRST), NO_WHY);
        self.status_of(u, q, t, At::LoggedStatus);
        self.set(t, 4i64, NO_WHY);
        self.copy(x, q, t, "the status and a space");
        self.format(b"\x01\n\0", "log: the length");
        self.set(c, Operand::State(self.state.log), NO_WHY);
        self.take(x, c, NO_WHY);
        self.put_four(frame(var::LOG_LEN), x, NO_WHY);
    }

    /// The lines of the replies from vector `q` on, whose marks have the log's length at this offset, are forgotten.
    pub(crate) fn unlog(&mut self, mark: u32) {
        if !self.logs() {
            return;
        }
        let (t, q) = (self.s.c, self.s.q);
        self.branch(q, Cond::Eq, self.s.next_vector, At::Unlogged, "there is none");
        self.four(t, at(q, mark), NO_WHY);
        self.put_four(frame(var::LOG_LEN), t, "the lines of those that are made again");
        self.place(At::Unlogged);
    }

    fn format(&mut self, format: &[u8], name: &str) {
        let format = self.bytes(name, format);
        self.set(self.s.q, Operand::Data(format), NO_WHY);
        self.gosub(Routine::Format);
    }

    /// The request line without its line end, `-` if there is none.
    fn request_line(&mut self) {
        let (x, t, c, q) = (self.s.output, self.s.t, self.s.c, self.s.q);
        self.set(q, self.s.request_start, NO_WHY);
        self.set(t, LOG_REQUEST_BYTES, "at most");
        let in_fields = self.beginning(431);
        self.set(c, in_fields, NO_WHY);
        self.four(self.s.error_if_truncated, frame(var::PHASE), NO_WHY);
        self.branch(self.s.error_if_truncated, Cond::Eq, c, At::LogByte, NO_WHY);
        self.put_byte(at(x, 0), b'-', "no request line");
        self.add(x, 1i64, NO_WHY);
        self.jump(At::LogLineEnd, NO_WHY);
        self.place(At::LogByte);
        self.next(c, q, NO_WHY);
        self.branch(c, Cond::Eq, b'\r', At::LogLineEnd, NO_WHY);
        self.put_byte(at(x, 0), c, NO_WHY);
        self.add(x, 1i64, NO_WHY);
        self.take(t, 1i64, NO_WHY);
        self.unless_zero(t, At::LogByte, NO_WHY);
        self.place(At::LogLineEnd);
    }

    /// The client's address, from the `struct sockaddr` at `u`: its family is the socket's, which may have been passed.
    fn peer(&mut self) {
        let (t, u) = (self.s.t, self.s.u);
        self.byte(t, at(u, 0), "its family");
        self.branch(t, Cond::Ne, abi::AF_INET6, At::LogV4, NO_WHY);
        self.add(u, 8i64, "sin6_addr");
        // Of an IPv4 client: ::ffff:a.b.c.d.
        for (offset, value) in [(0, 0i64), (4, 0), (8, i64::from(0xffff_0000_u32 as i32))] {
            self.four(t, at(u, offset), NO_WHY);
            self.branch(t, Cond::Ne, value, At::LogV6, NO_WHY);
        }
        self.add(u, 8i64, "an IPv4 client");
        self.place(At::LogV4);
        self.add(u, 4i64, NO_WHY);
        for part in 0..4 {
            self.byte(t, at(u, part), NO_WHY);
            self.put_four(frame(var::NUMBERS.at + 4 * part), t, NO_WHY);
        }
        self.format(b"\x01.\x02.\x03.\x04\0", "log: an address");
        self.jump(At::LoggedPeer, NO_WHY);
        self.place(At::LogV6);
        self.longest_zeros();
        self.peer_v6();
        self.place(At::LoggedPeer);
    }

    /// The longest run of groups of the address at `u` that are 0, and the first of equals, but no single one (RFC 5952
    /// §4.2): where it begins in `q` (16: there is none), its length in `d`, both in bytes.
    fn longest_zeros(&mut self) {
        let (t, u, c, d, n, q) = (self.s.t, self.s.u, self.s.c, self.s.d, self.s.n, self.s.q);
        self.set(n, 0i64, NO_WHY);
        self.set(c, 0i64, NO_WHY);
        self.set(d, 2i64, NO_WHY);
        self.set(q, ADDRESS_BYTES, NO_WHY);
        self.place(At::LogZeros);
        self.two(t, sum(u, n, 0), "a group");
        self.add(n, 2i64, NO_WHY);
        self.add(c, 2i64, NO_WHY);
        self.if_zero(t, At::LogZero, NO_WHY);
        self.set(c, 0i64, NO_WHY);
        self.place(At::LogZero);
        self.branch(c, Cond::BelowOrEqual, d, At::LogNotLonger, NO_WHY);
        self.set(d, c, "the longest so far");
        self.set(q, n, NO_WHY);
        self.take(q, c, "where it begins");
        self.place(At::LogNotLonger);
        self.branch(n, Cond::Ne, ADDRESS_BYTES, At::LogZeros, NO_WHY);
    }

    /// Its groups, a colon before each but the first, without zeros in front (RFC 5952 §4.1, §4.3).
    fn peer_v6(&mut self) {
        let (t, u, v, c, d) = (self.s.t, self.s.u, self.s.v, self.s.c, self.s.d);
        let (n, q, x, digit) = (self.s.n, self.s.q, self.s.output, self.s.op);
        self.set(n, 0i64, NO_WHY);
        self.place(At::LogGroup);
        self.branch(n, Cond::Ne, q, At::LogNoZeros, NO_WHY);
        self.add(n, d, "behind the zeros");
        self.gosub(Routine::LogColon);
        self.branch(n, Cond::Eq, ADDRESS_BYTES, At::LogLastZeros, NO_WHY);
        self.place(At::LogNoZeros);
        self.if_zero(n, At::LogDigits, "the first");
        self.gosub(Routine::LogColon);
        self.place(At::LogDigits);
        self.byte(t, sum(u, n, 0), NO_WHY);
        self.shl(t, 8, NO_WHY);
        self.byte(c, sum(u, n, 1), NO_WHY);
        self.or(t, c, NO_WHY);
        self.set(c, 4i64, "digits");
        self.set(v, 0i64, "those before, together");
        self.place(At::LogDigit);
        self.set(digit, t, NO_WHY);
        self.shr(digit, 12, NO_WHY);
        self.shl(t, 4, NO_WHY);
        self.and(t, 0xffffi64, NO_WHY);
        self.or(v, digit, NO_WHY);
        self.take(c, 1i64, NO_WHY);
        self.if_zero(c, At::LogThisDigit, NO_WHY);
        self.if_zero(v, At::LogDigit, "a zero in front");
        self.place(At::LogThisDigit);
        self.add(digit, i64::from(b'0'), NO_WHY);
        self.branch(digit, Cond::BelowOrEqual, i64::from(b'9'), At::LogDecimal, NO_WHY);
        self.add(digit, i64::from(b'a' - b'9' - 1), NO_WHY);
        self.place(At::LogDecimal);
        self.put_byte(at(x, 0), digit, NO_WHY);
        self.add(x, 1i64, NO_WHY);
        self.unless_zero(c, At::LogDigit, NO_WHY);
        self.add(n, 2i64, NO_WHY);
        self.branch(n, Cond::Ne, ADDRESS_BYTES, At::LogGroup, NO_WHY);
        self.jump(At::LoggedPeer, NO_WHY);
        self.place(At::LogLastZeros);
        self.gosub(Routine::LogColon);
    }

    /// Wherever a batch ends: no line waits for another batch, so there is room for those of the next one.
    pub(crate) fn say_log(&mut self) {
        if self.logs() {
            self.gosub(Routine::WriteLog);
        }
    }

    /// Writes what has gathered, if it is taken at once.
    pub(crate) fn write_log(&mut self) {
        if !self.logs() {
            return;
        }
        self.place(At::Gone);
        self.gosub(Routine::WriteLog);
        self.jump(At::Close, NO_WHY);
        self.sub(Routine::WriteLog);
        self.four(self.s.len, frame(var::LOG_LEN), NO_WHY);
        self.if_zero(self.s.len, At::LogWritten, "nothing");
        self.set(self.s.ptr, Operand::State(self.state.log), "the lines");
        self.gosub(Routine::SayOut);
        self.put_four(frame(var::LOG_LEN), 0i64, NO_WHY);
        self.place(At::LogWritten);
        self.ret(Routine::WriteLog);
        self.say();
    }

    /// Opens what `say_out` writes to. A description of our own does not wait, and leaves that of others as it is; but its
    /// place in a file would be its own, too, and who writes behind us would write over our lines.
    pub(crate) fn open_output(&mut self) {
        if !self.logs() {
            return;
        }
        let n = self.s.n;
        let args = [Operand::Const(abi::STDOUT), Operand::Const(0), Operand::Const(abi::SEEK_CUR)];
        self.call(Call::Lseek, &args, Some(n), "is it a file?");
        self.branch(n, Cond::Ge, 0i64, At::OutputShared, NO_WHY);
        let path = self.bytes("standard output's path", b"/proc/self/fd/1\0");
        let flags = abi::O_WRONLY | abi::NONBLOCK | abi::O_NOCTTY | abi::CLOEXEC;
        let args = [Operand::Const(abi::AT_FDCWD), Operand::Data(path), Operand::Const(flags), Operand::Any];
        self.call(Call::Openat, &args, Some(n), "a pipe, or a terminal");
        self.branch(n, Cond::Ge, 0i64, At::OutputOwn, NO_WHY);
        self.place(At::OutputShared);
        self.set(n, abi::STDOUT, "a file, a socket, or somebody else's");
        self.place(At::OutputOwn);
        self.put_four(frame(var::OUTPUT), n, NO_WHY);
    }

    /// Writes `len` bytes at `ptr` to standard output, if it takes them at once. A socket is told for each call not to
    /// wait; a pipe and a terminal have a description that does not; and of what cannot be opened (a file, which never
    /// waits; another user's pipe) it is asked first.
    fn say(&mut self) {
        let (ptr, len, t, n) = (self.s.ptr, self.s.len, self.s.t, self.s.n);
        self.sub(Routine::SayOut);
        let (fd, flags) = (Operand::Const(abi::STDOUT), Operand::Const(abi::MSG_DONTWAIT));
        let args = [fd, Operand::Slot(ptr), Operand::Slot(len), flags, Operand::Const(0), Operand::Any];
        self.call(Call::Sendto, &args, Some(n), "if it is a socket");
        self.branch(n, Cond::Ne, -abi::ENOTSOCK, At::SaidOut, "it is one");
        self.four(t, frame(var::OUTPUT), NO_WHY);
        self.branch(t, Cond::Ne, abi::STDOUT, At::WriteOut, "one that does not wait");
        // struct pollfd: descriptor, POLLOUT.
        self.put_four(frame(var::SCRATCH), t, NO_WHY);
        self.put_four(frame(var::SCRATCH.at + 4), abi::POLLOUT, NO_WHY);
        let args =
            [Operand::Frame(var::SCRATCH.at), Operand::Const(1), self.no_time(), Operand::Const(0), Operand::Any];
        self.call(Call::Poll, &args, Some(n), "does it take a page?");
        self.branch(n, Cond::Le, 0i64, At::SaidOut, "no");
        self.four(n, frame(var::SCRATCH.at + 4), NO_WHY);
        self.if_none(n, (abi::POLLOUT as u32) << 16, At::SaidOut, "nobody reads it");
        self.place(At::WriteOut);
        let args = [Operand::Slot(t), Operand::Slot(ptr), Operand::Slot(len)];
        self.call(Call::Write, &args, None, NO_WHY);
        self.place(At::SaidOut);
        self.ret(Routine::SayOut);
    }

    /// A colon of a client's address.
    pub(crate) fn log_colon(&mut self) {
        if self.logs() {
            self.sub(Routine::LogColon);
            self.put_byte(at(self.s.output, 0), b':', NO_WHY);
            self.add(self.s.output, 1i64, NO_WHY);
            self.ret(Routine::LogColon);
        }
    }
}
