//! Output: replies become vectors of one batch, and the batch one call: `writev`, `sendmsg` if content from the file
//! may follow, `write` or `sendto` for a single vector. What the client does not take is kept as an address and a
//! length. If a reply was cut before its last vector, the request itself is kept, and how much of its reply to leave
//! out.

use asmgen_arch::op::{Cond, Operand, Slot};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, before, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::conn_entry::{WRITE, entry, flag};
use crate::lower::epoll::state::memory_map::{
    LOG_FULL_BYTES, LONG_BYTES, VECTORS, VECTORS_PER_REPLY, VECTORS_WITH_PATH,
};
use crate::lower::epoll::state::vars::var;

/// Beside the bytes of a reply that are with the client already: it has said that it closes.
const SAID: i64 = i32::MIN as i64;

/// The kernel's memory for a packet beside its content, in bytes, rounded up.
const SEND_BYTES: u32 = 2048;

impl Engine<'_> {
    /// Offset of `iov_len` in a `struct iovec`, and its bytes.
    fn vector(&self) -> (u32, u32) {
        (self.word, 2 * self.word)
    }

    /// From a vector to its request's mark.
    fn mark(&self) -> u32 {
        self.state.marks - self.state.vectors
    }

    /// From a vector to what was counted for its reply: bytes of content, and, at the reply's first, the first digit of
    /// its status.
    pub(crate) fn counted(&self) -> u32 {
        self.state.counted - self.state.vectors
    }

    /// Replies from vector `q` on are made again: they are neither counted nor logged yet.
    fn forget_replies(&mut self) {
        self.undo_log_line(self.mark() + 4);
        self.undo_count();
    }

    pub(crate) fn send(&mut self) {
        self.append_vector();
        self.flush();
        self.cut();
        self.rest();
        self.written();
        self.write_log();
    }

    /// Adds `len` bytes at `ptr` to the batch; what follows the last vector of the same reply in memory joins it.
    fn append_vector(&mut self) {
        let (iov, ptr, len, t) = (self.s.next_vector, self.s.ptr, self.s.len, self.s.t);
        let (len_at, bytes) = self.vector();
        self.sub(Routine::Vector);
        self.if_zero(len, At::Added, "nothing");
        self.four(t, frame(var::FIRST), NO_WHY);
        self.branch(t, Cond::Eq, iov, At::NewVector, "the reply's first");
        self.four(self.s.u, before(iov, (bytes - len_at) as i32), "length of the one before");
        self.four(t, before(iov, bytes as i32), NO_WHY);
        self.add(t, self.s.u, "its end");
        self.branch(t, Cond::Ne, ptr, At::NewVector, "elsewhere in memory");
        self.add(self.s.u, len, NO_WHY);
        self.put_four(before(iov, (bytes - len_at) as i32), self.s.u, "so much longer");
        self.jump(At::Added, NO_WHY);
        self.place(At::NewVector);
        self.put_four(at(iov, 0), ptr, NO_WHY);
        self.put_four(at(iov, len_at), len, NO_WHY);
        self.put_four(at(iov, self.mark()), self.s.request_start, "whose it is");
        if self.metrics.is_some() {
            self.put_four(at(iov, self.counted() + 4), 0i64, "not a reply's first");
        }
        self.add(iov, bytes, NO_WHY);
        self.place(At::Added);
        self.ret(Routine::Vector);
    }

    /// Sends the batch. Then the rest of a long reply, or the next requests, or what is left of the input.
    fn flush(&mut self) {
        let (iov, n, t) = (self.s.next_vector, self.s.n, self.s.t);
        let (_, bytes) = self.vector();
        // Is there room for one reply more?
        self.place(At::Answered);
        self.four(self.s.cursor, frame(var::CURSOR), NO_WHY);
        if self.server.epoll.access_log {
            self.four(t, frame(var::LOG_LEN), NO_WHY);
            self.branch(t, Cond::AboveOrEqual, LOG_FULL_BYTES, At::Flush, "the log is full");
        }
        self.if_any(self.s.flags, flag::CLOSE, At::Flush, "that was the last one");
        if self.has_long {
            self.four(t, frame(var::REST_LEN), NO_WHY);
            self.unless_zero(t, At::Flush, "a long one");
        }
        let most = if self.has_paths() { VECTORS_WITH_PATH } else { VECTORS_PER_REPLY };
        self.set(t, Operand::State(self.state.vectors + (VECTORS - most) * bytes), NO_WHY);
        self.branch(iov, Cond::Below, t, At::Request, "the next request");
        self.place(At::Flush);
        self.set(self.s.v, Operand::State(self.state.vectors), NO_WHY);
        self.branch(self.s.v, Cond::Eq, iov, At::AfterBatch, "nothing to send");
        self.put_four(frame(var::CURSOR), self.s.cursor, "the input goes on here");
        self.four(t, frame(var::SKIP), NO_WHY);
        self.unless_zero(t, At::Skip, "a part of it is with the client already");
        self.place(At::Skipped);
        self.set(t, iov, NO_WHY);
        self.take(t, self.s.v, NO_WHY);
        self.shr(t, if bytes == 16 { 4 } else { 3 }, "vectors");
        // A broken connection sends no signal: it is blocked.
        self.send_vectors();
        self.branch(n, Cond::Ge, 0i64, At::BatchTaken, NO_WHY);
        self.branch(n, Cond::Lt, -abi::EAGAIN, if self.logs() { At::Gone } else { At::Close }, "the client is gone");
        self.set(n, 0i64, "nothing was taken");
        self.place(At::BatchTaken);
        self.hold();
        let held = self.s.c;
        self.four(held, frame(var::HELD), NO_WHY);
        self.add(held, SEND_BYTES, NO_WHY);
        self.put_four(frame(var::HELD), held, "and a packet");
        self.walk();
        self.place(At::AfterSend);
        self.flush_log();
        self.four(self.s.cursor, frame(var::CURSOR), NO_WHY);
        self.put_four(frame(var::SKIP), 0i64, NO_WHY);
        if self.has_long {
            self.four(t, frame(var::REST_LEN), NO_WHY);
            self.unless_zero(t, At::Rest, "the content of a long one");
        }
        self.if_any(self.s.flags, flag::CLOSE, At::AfterBatch, NO_WHY);
        self.jump(At::Batch, "the rest of the input");
        // Leaves out what is with the client already.
        self.place(At::Skip);
        let (len_at, _) = self.vector();
        self.bytes_of_skip(t);
        self.place(At::SkipVector);
        self.four(self.s.u, at(self.s.v, len_at), NO_WHY);
        self.branch(t, Cond::Below, self.s.u, At::SkipPart, NO_WHY);
        self.take(t, self.s.u, NO_WHY);
        self.put_four(at(self.s.v, len_at), 0i64, "all of it");
        self.add(self.s.v, bytes, NO_WHY);
        self.branch(t, Cond::Ne, 0i64, At::SkipVector, NO_WHY);
        self.jump(At::Skipped, NO_WHY);
        self.place(At::SkipPart);
        self.take(self.s.u, t, NO_WHY);
        self.put_four(at(self.s.v, len_at), self.s.u, NO_WHY);
        self.four(self.s.u, at(self.s.v, 0), NO_WHY);
        self.add(self.s.u, t, NO_WHY);
        self.put_four(at(self.s.v, 0), self.s.u, NO_WHY);
        self.jump(At::Skipped, NO_WHY);
    }

    /// Sends the `t` vectors at `v`, and tells whether content from the file follows. Most batches are a single one, for
    /// which `sendto` and `write` cost the kernel less.
    fn send_vectors(&mut self) {
        let (t, v, u, n, fd) = (self.s.t, self.s.v, self.s.u, self.s.n, self.s.fd);
        if self.has_long {
            self.set(u, 0i64, NO_WHY);
            self.four(n, frame(var::REST_LEN), NO_WHY);
            self.if_zero(n, At::Whole, NO_WHY);
            self.set(u, abi::MSG_MORE, "the content follows");
            self.place(At::Whole);
        }
        self.branch(t, Cond::Ne, 1i64, At::SeveralVectors, NO_WHY);
        let (len_at, _) = self.vector();
        let (ptr, len) = (self.s.ptr, self.s.len);
        self.four(ptr, at(v, 0), NO_WHY);
        self.four(len, at(v, len_at), NO_WHY);
        let args = [
            Operand::Slot(fd),
            Operand::Slot(ptr),
            Operand::Slot(len),
            Operand::Slot(u),
            Operand::Const(0),
            Operand::Const(0),
        ];
        let (call, args) = if self.has_long { (Call::Sendto, &args[..]) } else { (Call::Write, &args[..3]) };
        self.call(call, args, Some(n), "send the only one");
        self.jump(At::BatchSent, NO_WHY);
        self.place(At::SeveralVectors);
        if self.has_long {
            self.send_message();
        } else {
            let args = [Operand::Slot(fd), Operand::Slot(v), Operand::Slot(t)];
            self.call(Call::Writev, &args, Some(n), "send the batch");
        }
        self.place(At::BatchSent);
    }

    /// Sends the `t` vectors at `v` with the flags `u`.
    fn send_message(&mut self) {
        let (t, u, message) = (self.s.t, self.s.u, self.s.q);
        self.set(message, Operand::State(self.state.message), "struct msghdr");
        self.put_four(at(message, 2 * self.word), self.s.v, "msg_iov");
        self.put_four(at(message, 3 * self.word), t, "msg_iovlen");
        let args = [Operand::Slot(self.s.fd), Operand::Slot(message), Operand::Slot(u)];
        self.call(Call::Sendmsg, &args, Some(self.s.n), "send the batch");
    }

    /// The kernel has taken `n` bytes.
    fn hold(&mut self) {
        let held = self.s.c;
        self.four(held, frame(var::HELD), NO_WHY);
        self.add(held, self.s.n, NO_WHY);
        self.put_four(frame(var::HELD), held, "held, as far as is known");
    }

    /// Of what is with the client already, the number of bytes.
    fn bytes_of_skip(&mut self, skip: Slot) {
        self.shl(skip, 1, NO_WHY);
        self.shr(skip, 1, NO_WHY);
    }

    /// Finds the first vector that was not taken whole.
    fn walk(&mut self) {
        let (n, v, t) = (self.s.n, self.s.v, self.s.t);
        let (len_at, bytes) = self.vector();
        self.place(At::FindFirstUnsentVector);
        self.four(t, at(v, len_at), NO_WHY);
        self.branch(n, Cond::Below, t, At::SplitBatch, "cut here");
        self.take(n, t, NO_WHY);
        self.add(v, bytes, NO_WHY);
        self.branch(v, Cond::Ne, self.s.next_vector, At::FindFirstUnsentVector, NO_WHY);
    }

    /// Vector `v` was taken but for its last `t - n` bytes.
    fn cut(&mut self) {
        let (n, v, t, u) = (self.s.n, self.s.v, self.s.t, self.s.u);
        let (_, bytes) = self.vector();
        let mark = self.mark();
        self.place(At::SplitBatch);
        self.take(t, n, "bytes not taken");
        self.four(u, at(v, 0), NO_WHY);
        self.add(u, n, "where they are");
        self.set(self.s.q, v, NO_WHY);
        self.add(self.s.q, bytes, "the next vector");
        self.four(self.s.d, at(v, mark), "its request");
        let last = if self.has_long { At::CutLast } else { At::CutHere };
        self.branch(self.s.q, Cond::Eq, self.s.next_vector, last, "there is none");
        self.four(self.s.c, at(self.s.q, mark), NO_WHY);
        self.branch(self.s.c, Cond::Eq, self.s.d, At::CutWithin, "more of the same reply");
        // The reply's last vector: the requests behind it are answered when it is with the client.
        self.put_four(frame(var::CURSOR), self.s.c, "the next request");
        self.and(self.s.flags, !i64::from(flag::CLOSING), "its replies tell what becomes of the connection");
        self.jump(At::CutHere, NO_WHY);
        if self.has_long {
            self.place(At::CutLast);
            self.four(self.s.c, frame(var::REST_LEN), NO_WHY);
            self.if_zero(self.s.c, At::CutHere, NO_WHY);
        }
        // More of the reply follows: it is made again, and what is with the client is left out.
        self.place(At::CutWithin);
        self.put_four(frame(var::CURSOR), self.s.d, "the request");
        self.set(u, 0i64, NO_WHY);
        self.set(t, n, NO_WHY);
        self.branch(self.s.d, Cond::Ne, self.s.request_start, At::GoesOn, "not of the last reply");
        self.if_none(self.s.flags, flag::CLOSE, At::GoesOn, NO_WHY);
        self.or(t, SAID, "what it says of closing is with the client, or will be");
        self.place(At::GoesOn);
        self.and(self.s.flags, !i64::from(flag::CLOSING), NO_WHY);
        self.place(At::CutBefore);
        self.set(self.s.q, v, "the reply's first vector, as far as is known");
        self.set(self.s.c, Operand::State(self.state.vectors), NO_WHY);
        self.branch(v, Cond::Eq, self.s.c, At::CutFirst, "the batch's first reply");
        self.take(v, bytes, "the vector before");
        self.four(self.s.c, at(v, mark), NO_WHY);
        self.branch(self.s.c, Cond::Ne, self.s.d, At::CutHere, "of another reply");
        let (len_at, _) = self.vector();
        self.four(self.s.c, at(v, len_at), NO_WHY);
        self.add(t, self.s.c, NO_WHY);
        self.jump(At::CutBefore, NO_WHY);
        self.place(At::CutFirst);
        self.four(self.s.c, frame(var::SKIP), "left out of this batch already");
        self.bytes_of_skip(self.s.c);
        self.add(t, self.s.c, NO_WHY);
        self.place(At::CutHere);
        self.forget_replies();
    }

    /// Keeps `t` bytes at `u`, and the input behind `p`, until the client takes more.
    fn rest(&mut self) {
        let (t, u, conn) = (self.s.t, self.s.u, self.s.conn);
        self.place(At::ParkUnsent);
        self.put_four(at(conn, entry::REST), u, NO_WHY);
        self.put_four(at(conn, entry::REST_LEN), t, NO_WHY);
        self.flush_log();
        self.four(self.s.cursor, frame(var::CURSOR), NO_WHY);
        self.load_input_end();
        self.branch(self.s.cursor, Cond::Eq, self.s.end, At::KeepNone, NO_WHY);
        self.if_any(self.s.flags, flag::CLOSE, At::KeepClosing, "nothing is looked at any more");
        self.gosub(Routine::KeepInput);
        self.jump(At::Kept, NO_WHY);
        self.place(At::KeepClosing);
        self.or(self.s.flags, flag::SLOW, "more may come");
        self.place(At::KeepNone);
        self.gosub(Routine::FreeBuffer);
        self.place(At::Kept);
        self.four(t, at(conn, entry::REST), NO_WHY);
        self.four(u, at(conn, entry::BUFFER), NO_WHY);
        self.or(t, u, NO_WHY);
        self.if_zero(t, At::Close, "no room for its request: it cannot go on");
        self.begin_to(WRITE, NO_WHY);
        self.and(self.s.flags, flag::CLOSING, NO_WHY);
        self.or(self.s.list, self.s.flags, "how it is closed then");
        self.jump(At::ConnectionDone, NO_WHY);
    }

    /// The client can take more.
    fn written(&mut self) {
        let (t, u, n, fd, conn) = (self.s.t, self.s.u, self.s.n, self.s.fd, self.s.conn);
        self.place(At::OnWritable);
        self.gosub(Routine::Input);
        self.put_four(frame(var::CURSOR), self.s.cursor, "the input goes on here");
        self.set(self.s.flags, self.s.conn_word, NO_WHY);
        self.and(self.s.flags, flag::CLOSING, "how it is closed");
        self.four(t, at(conn, entry::REST_LEN), NO_WHY);
        self.four(u, at(conn, entry::REST), NO_WHY);
        self.unless_zero(u, if self.has_long { At::SendRest } else { At::SendCopy }, NO_WHY);
        self.put_four(frame(var::SKIP), t, "so much is with the client");
        self.jump(At::ParseRest, "answer the request again");
        if self.has_long {
            self.send_from_file();
        }
        self.place(At::SendCopy);
        // Neither waits the socket, nor does a broken connection send a signal, which is blocked.
        self.call(Call::Write, &[Operand::Slot(fd), Operand::Slot(u), Operand::Slot(t)], Some(n), "send from memory");
        self.branch(n, Cond::Lt, -abi::EAGAIN, At::Close, "the client is gone");
        self.branch(n, Cond::Lt, 0i64, At::ParkUnsent, NO_WHY);
        self.place(At::RestTaken);
        self.hold();
        self.four(self.s.cursor, frame(var::CURSOR), NO_WHY);
        self.add(u, n, NO_WHY);
        self.take(t, n, NO_WHY);
        self.unless_zero(t, At::ParkUnsent, "not all of it");
        self.if_any(self.s.flags, flag::CLOSE, At::AfterBatch, NO_WHY);
        if self.has_long {
            // In the event that the reply began in, what is behind its request has not begun where the input did.
            self.put_four(frame(var::SKIP), 0i64, NO_WHY);
            self.jump(At::ParseBehind, "what has come behind the request");
        } else {
            self.jump(At::Parse, "what has come behind the request");
        }
    }

    /// The content of a long reply, behind its head, or what is left of it: `t` bytes at `u`.
    fn send_from_file(&mut self) {
        let (t, u, n, fd) = (self.s.t, self.s.u, self.s.n, self.s.fd);
        self.place(At::Rest);
        self.four(t, frame(var::REST_LEN), NO_WHY);
        self.four(u, frame(var::REST), NO_WHY);
        self.place(At::SendRest);
        self.branch(t, Cond::Below, LONG_BYTES, At::SendCopy, "a copy costs less");
        self.four(n, frame(var::FILE), NO_WHY);
        self.branch(n, Cond::Lt, 0i64, At::SendCopy, "the file cannot be read");
        self.set(self.s.v, u, NO_WHY);
        self.set(self.s.d, Operand::Image, NO_WHY);
        self.take(self.s.v, self.s.d, "where it is in the file");
        self.set(self.s.q, Operand::State(self.state.offset), NO_WHY);
        self.put_four(at(self.s.q, 0), self.s.v, NO_WHY);
        let args = [Operand::Slot(fd), Operand::Slot(n), Operand::Slot(self.s.q), Operand::Slot(t)];
        self.call(Call::Sendfile, &args, Some(n), "send from the file");
        self.branch(n, Cond::Gt, 0i64, At::RestTaken, NO_WHY);
        self.branch(n, Cond::Eq, -abi::EAGAIN, At::ParkUnsent, NO_WHY);
    }
}
