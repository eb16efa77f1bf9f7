//! The access log, in the Common Log Format. Lines gather while a batch is answered and leave in one call, if standard
//! output takes them at once. Lines that it does not take are dropped, for no reply may wait for a log.
//!
//! The call must neither block nor change what other processes share: `O_NONBLOCK` is a property of the open file
//! description (open(2)). What holds, tried on Linux 6.18 and read in 5.10:
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
//! 1. The position in the file would not be shared, and other writers would overwrite lines.
//! 2. Each call takes a whole page of the pipe.
//! 3. Two writers may both see the same room.
//! 4. A terminal may have room for a part.
//!
//! Nothing can be opened without `/proc`, or if the pipe or the terminal belongs to another user.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, before, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::memory_map::{LOG_REQUEST_BYTES, PEER_SHIFT};
use crate::lower::epoll::state::response_table::DATE_AT;
use crate::lower::epoll::state::vars::var;

/// Offset of the day in a date.
const DAY_AT: u32 = 5;
/// Bytes from there to the end of the time: `01 Jan 1970 00:00:00`.
const DAY_TO_TIME_BYTES: u32 = 20;

impl Engine<'_> {
    /// Does the spec ask for an access log?
    pub(crate) fn logs(&self) -> bool {
        self.server.epoll.access_log
    }

    /// Keeps the address of a new connection's client: each descriptor has a place for one.
    pub(crate) fn keep_peer(&mut self) {
        if !self.logs() {
            return;
        }
        let (to, from, len) = (self.s.t, self.s.u, self.s.v);
        self.set(to, self.s.fd, "addresses are indexed by descriptor");
        self.shl(to, PEER_SHIFT, "each has 32 bytes");
        self.set(from, Operand::State(self.state.peers), "addresses of all clients");
        self.add(to, from, "where this one is kept");
        self.set(from, Operand::State(self.state.peer), "where `accept4` has put it");
        self.set(len, 1i64 << PEER_SHIFT, "whatever its family is");
        self.copy(to, from, len, "requests on this connection are logged with it");
    }

    /// Adds a line for the reply with `content_len` bytes of content. [`var::FIRST`] is its first vector.
    ///
    /// ```text
    /// address - - [01/Jan/1970:00:00:00 +0000] "request line" status length
    /// ```
    pub(crate) fn log_reply(&mut self) {
        if !self.logs() {
            return;
        }
        let (out, t, u, from) = (self.s.output, self.s.t, self.s.u, self.s.q);
        self.set(out, Operand::State(self.state.log), "where lines gather");
        self.four(t, frame(var::LOG_LEN), "bytes of the lines so far");
        self.four(u, frame(var::FIRST), "the reply's first vector");
        let mark = self.state.marks - self.state.vectors + 4;
        self.put_four(at(u, mark), t, "the log shrinks to this if the client does not take the reply");
        self.add(out, t, "after the last line");
        self.set(u, self.s.fd, "addresses are indexed by descriptor");
        self.shl(u, PEER_SHIFT, "each has 32 bytes");
        self.set(t, Operand::State(self.state.peers), "addresses of all clients");
        self.add(u, t, "the client's address");
        self.log_peer();
        self.format(b" - - [\0", "log: before the date");
        self.log_date();
        self.format(b" +0000] \"\0", "log: behind the date");
        self.log_request_line();
        self.put_four(frame(var::NUMBERS), self.s.content_len, "for the line's last number");
        self.format(b"\" \0", "log: before the status");
        self.four(u, frame(var::FIRST), "the reply's first vector");
        self.status_of(u, from, t, At::LoggedStatus);
        self.set(t, 4i64, "three digits and a space");
        self.copy(out, from, t, "the status");
        self.format(b"\x01\n\0", "log: the length");
        let log = self.s.c;
        self.set(log, Operand::State(self.state.log), "where lines gather");
        self.take(out, log, "bytes of all lines");
        self.put_four(frame(var::LOG_LEN), out, "the line is complete");
    }

    /// Day and time, from the line with the date: `01 Jan 1970 00:00:00` becomes `01/Jan/1970:00:00:00`.
    fn log_date(&mut self) {
        let (out, from, len) = (self.s.output, self.s.q, self.s.t);
        self.date_line(from, DATE_AT + DAY_AT);
        self.set(len, DAY_TO_TIME_BYTES, "from the day to the end of the time");
        self.copy(out, from, len, "day and time");
        for (back, byte, why) in [
            (18, b'/', "between day and month"),
            (14, b'/', "between month and year"),
            (9, b':', "between year and time"),
        ] {
            self.put_byte(before(out, back), byte, why);
        }
    }

    /// Shortens the log to what it was before the reply of vector `q`, the first that is made again. Its mark is at
    /// this offset.
    pub(crate) fn undo_log_line(&mut self, mark: u32) {
        if !self.logs() {
            return;
        }
        let (len, vector) = (self.s.c, self.s.q);
        self.branch(vector, Cond::Eq, self.s.next_vector, At::Unlogged, "every reply has been sent");
        self.four(len, at(vector, mark), "the log before that reply");
        self.put_four(frame(var::LOG_LEN), len, "the line is written when the reply is made again");
        self.place(At::Unlogged);
    }

    /// Appends what a format says.
    pub(super) fn format(&mut self, format: &[u8], name: &str) {
        let format = self.bytes(name, format);
        self.set(self.s.q, Operand::Data(format), "a part of the line");
        self.gosub(Routine::Format);
    }

    /// Appends the request line without its line end.
    ///
    /// ```text
    /// the request has ended within its request line   `-`
    /// it is longer than LOG_REQUEST_BYTES             its first bytes
    /// else                                            all of it
    /// ```
    fn log_request_line(&mut self) {
        let (out, left, byte, from) = (self.s.output, self.s.t, self.s.c, self.s.q);
        self.set(from, self.s.request_start, "the request's first byte");
        self.set(left, LOG_REQUEST_BYTES, "one request must not fill the log");
        let in_fields = self.beginning(431);
        self.set(byte, in_fields, "what is wrong if the fields do not end");
        let error = self.s.error_if_truncated;
        self.four(error, frame(var::PHASE), "what is wrong if the part that was parsed last does not end");
        self.branch(error, Cond::Eq, byte, At::LogByte, "it was the fields: the request line is complete");
        self.put_byte(at(out, 0), b'-', "no request line");
        self.add(out, 1i64, "after it");
        self.jump(At::LogLineEnd, "nothing to copy");
        self.place(At::LogByte);
        self.next(byte, from, "a byte of the request line");
        self.branch(byte, Cond::Eq, b'\r', At::LogLineEnd, "its end");
        self.put_byte(at(out, 0), byte, "no byte needs an escape: controls and quotes are 400");
        self.add(out, 1i64, "after it");
        self.take(left, 1i64, "room for one byte less");
        self.unless_zero(left, At::LogByte, "there is room");
        self.place(At::LogLineEnd);
    }

    /// Flushes the log after a batch, so that there is room for the lines of the next.
    pub(crate) fn flush_log(&mut self) {
        if self.logs() {
            self.gosub(Routine::WriteLog);
        }
    }

    /// Emits the routine that writes the lines that have gathered, and the place for clients that are gone.
    pub(crate) fn write_log(&mut self) {
        if !self.logs() {
            return;
        }
        let (text, len) = (self.s.ptr, self.s.len);
        self.place(At::Gone);
        self.gosub(Routine::WriteLog);
        self.jump(At::Close, "the client is gone, the lines are not");
        self.sub(Routine::WriteLog);
        self.four(len, frame(var::LOG_LEN), "bytes of the lines");
        self.if_zero(len, At::LogWritten, "no line");
        self.set(text, Operand::State(self.state.log), "where lines gather");
        self.gosub(Routine::SayOut);
        self.put_four(frame(var::LOG_LEN), 0i64, "lines that were not taken are dropped");
        self.place(At::LogWritten);
        self.ret(Routine::WriteLog);
        self.write_output();
    }

    /// Opens the description that lines are written to.
    ///
    /// ```text
    /// standard output                  lines go to
    /// a file                           standard output: its position is shared with other writers
    /// another that can be opened       a description of the server's own, which does not block
    /// a socket, or another user's      standard output
    /// ```
    pub(crate) fn open_output(&mut self) {
        if !self.logs() {
            return;
        }
        let fd = self.s.n;
        let args = [Operand::Const(abi::STDOUT), Operand::Const(0), Operand::Const(abi::SEEK_CUR)];
        self.call(Call::Lseek, &args, Some(fd), "only a file has a position: ESPIPE for others (lseek(2))");
        self.branch(fd, Cond::Ge, 0i64, At::OutputShared, "a file: other writers share its position");
        let path = self.bytes("standard output's path", b"/proc/self/fd/1\0");
        let flags = abi::O_WRONLY | abi::NONBLOCK | abi::O_NOCTTY | abi::CLOEXEC;
        let args = [Operand::Const(abi::AT_FDCWD), Operand::Data(path), Operand::Const(flags), Operand::Any];
        self.call(Call::Openat, &args, Some(fd), "O_NONBLOCK would change a description that others share");
        self.branch(fd, Cond::Ge, 0i64, At::OutputOwn, "a pipe, a FIFO or a terminal");
        self.place(At::OutputShared);
        self.set(fd, abi::STDOUT, "a file, a socket, or another user's");
        self.place(At::OutputOwn);
        self.put_four(frame(var::OUTPUT), fd, "for every write of the log");
    }

    /// Writes `len` bytes at `ptr` to standard output, if that takes them at once.
    ///
    /// ```text
    /// a socket                       send, told not to wait
    /// a description of our own       write: it does not block
    /// any other, poll says no        nothing
    /// any other, poll says yes       write: a file never blocks, a pipe has room for a page
    /// ```
    fn write_output(&mut self) {
        let (text, len, fd, result) = (self.s.ptr, self.s.len, self.s.t, self.s.n);
        self.sub(Routine::SayOut);
        let (socket, flags) = (Operand::Const(abi::STDOUT), Operand::Const(abi::MSG_DONTWAIT));
        let args = [socket, Operand::Slot(text), Operand::Slot(len), flags, Operand::Const(0), Operand::Any];
        self.call(Call::Sendto, &args, Some(result), "a socket can be told not to wait");
        self.branch(result, Cond::Ne, -abi::ENOTSOCK, At::SaidOut, "it is a socket");
        self.four(fd, frame(var::OUTPUT), "a description of our own, or standard output");
        self.branch(fd, Cond::Ne, abi::STDOUT, At::WriteOut, "our own does not block");
        self.put_four(frame(var::SCRATCH), fd, "pollfd.fd");
        self.put_four(frame(var::SCRATCH.byte(4)), abi::POLLOUT, "pollfd.events");
        let args =
            [Operand::Frame(var::SCRATCH.at), Operand::Const(1), self.no_time(), Operand::Const(0), Operand::Any];
        self.call(Call::Poll, &args, Some(result), "can a page be written without waiting?");
        self.branch(result, Cond::Le, 0i64, At::SaidOut, "no");
        self.four(result, frame(var::SCRATCH.byte(4)), "pollfd.revents, in the upper half");
        self.if_none(result, (abi::POLLOUT as u32) << 16, At::SaidOut, "its reader is gone");
        self.place(At::WriteOut);
        let args = [Operand::Slot(fd), Operand::Slot(text), Operand::Slot(len)];
        self.call(Call::Write, &args, None, "what it does not take is dropped");
        self.place(At::SaidOut);
        self.ret(Routine::SayOut);
    }
}
