//! Output: replies become vectors of one batch, and the batch one call.
//!
//! ```text
//! several vectors   writev; sendmsg where content from the file may follow
//! a single vector   write; sendto where content from the file may follow
//! ```
//!
//! What the client does not take is kept as an address and a length. A reply that is cut before its last vector is made
//! again instead. Its request is kept, and how many bytes of the reply are left out then.

use asmgen_arch::op::{Cond, Operand, Slot};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, before, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::conn_entry::{WRITE, entry, flag};
use crate::lower::epoll::state::memory_map::{
    LOG_FULL_BYTES, LONG_BYTES, VECTORS, VECTORS_PER_REPLY, VECTORS_WITH_PATH,
};
use crate::lower::epoll::state::vars::var;

/// Beside the bytes of a reply that are with the client already: the reply has said that it closes.
const SAID: i64 = i32::MIN as i64;

/// The kernel's memory for a packet beside its content, in bytes, rounded up.
const SEND_BYTES: u32 = 2048;

/// Numbers that the parts of sending share.
#[derive(Clone, Copy)]
struct Sending {
    /// The vector at hand: the first that is sent, then the first that is not sent in full.
    vector: Slot,
    /// Vectors to send; then bytes of a vector; then bytes that are kept.
    len: Slot,
    /// Flags of the call; then what is kept: its address, 0 for a request.
    rest: Slot,
    /// What the call returned; then how much of the vector at hand it took.
    sent: Slot,
}

impl Engine<'_> {
    /// Offset of `iov_len` in a `struct iovec`, and its bytes.
    fn vector_layout(&self) -> (u32, u32) {
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

    /// Replies from vector `q` on will be made again: they are neither counted nor logged yet.
    fn roll_back_accounting(&mut self) {
        self.undo_log_line(self.mark() + 4);
        self.undo_count();
    }

    /// From replies to the client.
    pub(crate) fn transmit(&mut self) {
        let [len, rest, sent] = ["length to send", "what is kept", "sent"].map(|name| self.local(name));
        let sending = Sending { vector: self.s.v, len, rest, sent };
        self.append_vector();
        self.next_or_flush();
        self.flush(sending);
        self.skip_vectors(sending);
        self.split_batch(sending);
        self.park_unsent(sending);
        self.on_writable(sending);
        self.write_log();
    }

    /// `Vector`: adds `len` bytes at `ptr` to the batch. What follows the last vector of the same reply in memory joins
    /// it, so that a batch has fewer vectors.
    fn append_vector(&mut self) {
        let (next_vector, ptr, len) = (self.s.next_vector, self.s.ptr, self.s.len);
        let [known, last_len] = ["end of the last", "length of the last"].map(|name| self.local(name));
        let (len_at, bytes) = self.vector_layout();
        self.sub(Routine::Vector);
        self.if_zero(len, At::VectorAdded, "nothing");
        self.four(known, frame(var::FIRST), "the reply's first vector");
        self.branch(known, Cond::Eq, next_vector, At::NewVector, "this is it: it joins no other reply's");
        self.four(last_len, before(next_vector, (bytes - len_at) as i32), "length of the one before");
        self.four(known, before(next_vector, bytes as i32), "its address");
        self.add(known, last_len, "its end");
        self.branch(known, Cond::Ne, ptr, At::NewVector, "elsewhere in memory");
        self.add(last_len, len, "both together");
        self.put_four(before(next_vector, (bytes - len_at) as i32), last_len, "so much longer");
        self.jump(At::VectorAdded, "it has joined");
        self.place(At::NewVector);
        self.put_four(at(next_vector, 0), ptr, "iov_base");
        self.put_four(at(next_vector, len_at), len, "iov_len");
        self.put_four(at(next_vector, self.mark()), self.s.request_start, "the request that it answers");
        if self.metrics.is_some() {
            self.put_four(at(next_vector, self.counted() + 4), 0i64, "not a reply's first");
        }
        self.add(next_vector, bytes, "the next vector");
        self.place(At::VectorAdded);
        self.ret(Routine::Vector);
    }

    /// A reply is complete:
    ///
    /// | first that holds | what happens |
    /// |---|---|
    /// | the log may have no room for another line | the batch is sent |
    /// | the connection closes | the batch is sent |
    /// | long content follows | the batch is sent |
    /// | the vectors have room for another reply | the next request is answered |
    /// | else | the batch is sent |
    fn next_or_flush(&mut self) {
        let known = self.local("state");
        let (_, bytes) = self.vector_layout();
        self.place(At::ReplyComplete);
        self.four(self.s.cursor, frame(var::CURSOR), "the next request");
        if self.server.epoll.access_log {
            self.four(known, frame(var::LOG_LEN), "bytes of the log");
            self.branch(known, Cond::AboveOrEqual, LOG_FULL_BYTES, At::Flush, "the log is full");
        }
        self.if_any(self.s.flags, flag::CLOSE, At::Flush, "that was the last one");
        if self.has_long {
            self.four(known, frame(var::REST_LEN), "does content follow?");
            self.unless_zero(known, At::Flush, "a long one");
        }
        let most = if self.has_paths() { VECTORS_WITH_PATH } else { VECTORS_PER_REPLY };
        self.set(
            known,
            Operand::State(self.state.vectors + (VECTORS - most) * bytes),
            "the last with room for a reply",
        );
        self.branch(self.s.next_vector, Cond::Below, known, At::Request, "the next request");
    }

    /// Sends the batch:
    ///
    /// | sent | what happens |
    /// |---|---|
    /// | an error | the client is gone: the connection is closed |
    /// | nothing yet, or a part | the rest waits for the client |
    /// | all, and long content follows | the content is sent |
    /// | all, and the connection closes | the batch is done |
    /// | all | the rest of the input is answered |
    fn flush(&mut self, sending: Sending) {
        let (next_vector, Sending { vector, len, sent, .. }) = (self.s.next_vector, sending);
        let (_, bytes) = self.vector_layout();
        self.place(At::Flush);
        self.set(vector, Operand::State(self.state.vectors), "the batch's first vector");
        self.branch(vector, Cond::Eq, next_vector, At::AfterBatch, "nothing to send");
        self.put_four(frame(var::CURSOR), self.s.cursor, "the input goes on here");
        self.four(len, frame(var::SKIP), "bytes that are with the client");
        self.unless_zero(len, At::Skip, "a part of it is with the client already");
        self.place(At::Skipped);
        self.set(len, next_vector, "from the first to the last:");
        self.take(len, vector, "bytes of the vectors");
        self.shr(len, if bytes == 16 { 4 } else { 3 }, "vectors");
        // A broken connection sends no signal: it is blocked.
        self.send_vectors(sending);
        self.branch(sent, Cond::Ge, 0i64, At::BatchTaken, "the kernel has taken some");
        self.branch(sent, Cond::Lt, -abi::EAGAIN, if self.logs() { At::Gone } else { At::Close }, "the client is gone");
        self.set(sent, 0i64, "nothing was taken");
        self.place(At::BatchTaken);
        self.batch_sent(sending);
        let known = len;
        self.place(At::AfterSend);
        self.flush_log();
        self.four(self.s.cursor, frame(var::CURSOR), "the next request");
        self.put_four(frame(var::SKIP), 0i64, "no reply is cut");
        if self.has_long {
            self.four(known, frame(var::REST_LEN), "does content follow?");
            self.unless_zero(known, At::SendContent, "the content of a long one");
        }
        self.if_any(self.s.flags, flag::CLOSE, At::AfterBatch, "no more requests");
        self.jump(At::Batch, "the rest of the input");
    }

    /// The kernel has taken `sent` bytes of the batch. Finds the first vector that it did not take in full.
    fn batch_sent(&mut self, sending: Sending) {
        let Sending { vector, len, sent, .. } = sending;
        let (len_at, bytes) = self.vector_layout();
        let held = self.local("held");
        self.count_held(held, sent);
        self.four(held, frame(var::HELD), "held so far");
        self.add(held, SEND_BYTES, "the kernel's memory for a packet");
        self.put_four(frame(var::HELD), held, "and a packet");
        self.place(At::FindFirstUnsentVector);
        self.four(len, at(vector, len_at), "the vector's bytes");
        self.branch(sent, Cond::Below, len, At::SplitBatch, "not all of it was taken");
        self.take(sent, len, "bytes taken of those after it");
        self.add(vector, bytes, "the next vector");
        self.branch(vector, Cond::Ne, self.s.next_vector, At::FindFirstUnsentVector, "up to the last");
    }

    /// Counts bytes that the kernel holds until the client has them.
    fn count_held(&mut self, held: Slot, sent: Slot) {
        self.four(held, frame(var::HELD), "what the kernel holds for all connections");
        self.add(held, sent, "and what it has taken now");
        self.put_four(frame(var::HELD), held, "held, as far as is known");
    }

    /// Leaves out of the batch what is with the client already: `len` bytes, from `vector` on.
    fn skip_vectors(&mut self, sending: Sending) {
        let (Sending { vector, len: skip, .. }, vector_len) = (sending, self.local("bytes of the vector"));
        let (len_at, bytes) = self.vector_layout();
        self.place(At::Skip);
        self.clear_said(skip);
        self.place(At::SkipVector);
        self.four(vector_len, at(vector, len_at), "the vector's bytes");
        self.branch(skip, Cond::Below, vector_len, At::SkipPart, "a part of it is with the client");
        self.take(skip, vector_len, "of those after it");
        self.put_four(at(vector, len_at), 0i64, "all of it");
        self.add(vector, bytes, "the next vector");
        self.branch(skip, Cond::Ne, 0i64, At::SkipVector, "more is with the client");
        self.jump(At::Skipped, "send the others");
        self.place(At::SkipPart);
        let address = vector_len;
        self.take(vector_len, skip, "without what is with the client");
        self.put_four(at(vector, len_at), vector_len, "so many bytes are left");
        self.four(address, at(vector, 0), "its address");
        self.add(address, skip, "where they begin");
        self.put_four(at(vector, 0), address, "send them from there");
        self.jump(At::Skipped, "and the others");
    }

    /// Sends the `len` vectors at `vector`, and tells the kernel whether content from the file follows. Most batches
    /// are a single vector, for which `sendto` and `write` cost the kernel less.
    fn send_vectors(&mut self, sending: Sending) {
        let (fd, Sending { vector, len: count, rest: flags, sent }) = (self.s.fd, sending);
        if self.has_long {
            self.set(flags, 0i64, "no flags");
            self.four(sent, frame(var::REST_LEN), "does content follow?");
            self.if_zero(sent, At::NothingFollows, "nothing follows");
            self.set(flags, abi::MSG_MORE, "the content follows");
            self.place(At::NothingFollows);
        }
        self.branch(count, Cond::Ne, 1i64, At::SeveralVectors, "more than one");
        let (len_at, _) = self.vector_layout();
        let (ptr, len) = (self.s.ptr, self.s.len);
        self.four(ptr, at(vector, 0), "its address");
        self.four(len, at(vector, len_at), "its length");
        let zero = Operand::Const(0);
        let args = [Operand::Slot(fd), Operand::Slot(ptr), Operand::Slot(len), Operand::Slot(flags), zero, zero];
        let (call, args) = if self.has_long { (Call::Sendto, &args[..]) } else { (Call::Write, &args[..3]) };
        self.call(call, args, Some(sent), "send the only one");
        self.jump(At::BatchSent, "how much was taken?");
        self.place(At::SeveralVectors);
        if self.has_long {
            self.send_message(sending);
        } else {
            let args = [Operand::Slot(fd), Operand::Slot(vector), Operand::Slot(count)];
            self.call(Call::Writev, &args, Some(sent), "send the batch");
        }
        self.place(At::BatchSent);
    }

    /// Sends the `len` vectors at `vector` with the flags in `rest`.
    fn send_message(&mut self, sending: Sending) {
        let message = self.s.value;
        self.set(message, Operand::State(self.state.message), "struct msghdr");
        self.put_four(at(message, 2 * self.word), sending.vector, "msg_iov");
        self.put_four(at(message, 3 * self.word), sending.len, "msg_iovlen");
        let args = [Operand::Slot(self.s.fd), Operand::Slot(message), Operand::Slot(sending.rest)];
        self.call(Call::Sendmsg, &args, Some(sending.sent), "send the batch");
    }

    /// Clears the bit [`SAID`]: the number of bytes that are with the client remains.
    fn clear_said(&mut self, skip: Slot) {
        self.shl(skip, 1, "without the uppermost bit,");
        self.shr(skip, 1, "which says that the reply closes");
    }

    /// The kernel took `sent` bytes of `vector`, and nothing after it. What is kept until the client can take more:
    ///
    /// | cut in | kept | the next requests |
    /// |---|---|---|
    /// | a reply's last vector | the address and the length of the rest | are answered later |
    /// | another one, or long content follows | the request: it is answered again, without what was sent | follow it |
    fn split_batch(&mut self, sending: Sending) {
        let (next_vector, Sending { vector, len, rest, sent }) = (self.s.next_vector, sending);
        let (_, bytes) = self.vector_layout();
        let mark = self.mark();
        let after = self.s.value;
        let [request, other] = ["request", "request of another vector"].map(|name| self.local(name));
        self.place(At::SplitBatch);
        self.take(len, sent, "bytes not taken");
        self.four(rest, at(vector, 0), "the vector's address,");
        self.add(rest, sent, "where they are");
        self.set(after, vector, "the vector that is cut,");
        self.add(after, bytes, "the next vector");
        self.four(request, at(vector, mark), "its request");
        let last = if self.has_long { At::SplitLastVector } else { At::RollBack };
        self.branch(after, Cond::Eq, next_vector, last, "there is none");
        self.four(other, at(after, mark), "the next vector's request");
        self.branch(other, Cond::Eq, request, At::AnswerAgain, "more of the same reply");
        // The reply's last vector: the next requests are answered when the client has it.
        self.put_four(frame(var::CURSOR), other, "the next request");
        self.and(self.s.flags, !i64::from(flag::CLOSING), "its replies tell what becomes of the connection");
        self.jump(At::RollBack, "keep the rest of the vector");
        if self.has_long {
            let content = other;
            self.place(At::SplitLastVector);
            self.four(content, frame(var::REST_LEN), "does content follow?");
            self.if_zero(content, At::RollBack, "it is the reply's last vector");
        }
        self.split_reply(sending, request, other);
        self.place(At::RollBack);
        self.roll_back_accounting();
    }

    /// More of the reply follows the cut: its request is answered again, and what is with the client is left out.
    /// Counts those bytes back to the reply's first vector, and to those that this batch left out itself.
    fn split_reply(&mut self, sending: Sending, request: Slot, other: Slot) {
        let (flags, Sending { vector, len: skip, rest, sent }) = (self.s.flags, sending);
        let (len_at, bytes) = self.vector_layout();
        let first = self.s.value;
        self.place(At::AnswerAgain);
        self.put_four(frame(var::CURSOR), request, "the request");
        self.set(rest, 0i64, "it is answered again");
        self.set(skip, sent, "what is taken of this vector");
        self.branch(request, Cond::Ne, self.s.request_start, At::SplitReply, "not of the last reply");
        self.if_none(flags, flag::CLOSE, At::SplitReply, "the reply says nothing of closing");
        self.or(skip, SAID, "what it says of closing is with the client, or will be");
        self.place(At::SplitReply);
        self.and(flags, !i64::from(flag::CLOSING), "the answer tells it again");
        self.place(At::CountSentBefore);
        self.set(first, vector, "the reply's first vector, as far as is known");
        self.set(other, Operand::State(self.state.vectors), "the batch's first vector");
        self.branch(vector, Cond::Eq, other, At::FirstOfBatch, "the batch's first reply");
        self.take(vector, bytes, "the vector before");
        self.four(other, at(vector, self.mark()), "its request");
        self.branch(other, Cond::Ne, request, At::RollBack, "of another reply");
        let before = other;
        self.four(before, at(vector, len_at), "its bytes");
        self.add(skip, before, "are with the client, too");
        self.jump(At::CountSentBefore, "and the one before it");
        self.place(At::FirstOfBatch);
        self.four(before, frame(var::SKIP), "left out of this batch already");
        self.clear_said(before);
        self.add(skip, before, "are with the client, too");
    }

    /// Keeps `len` bytes at `rest`, and the input from the cursor on, until the client takes more:
    ///
    /// | input left | buffer | connection |
    /// |---|---|---|
    /// | none | is free | closes if its reply says so |
    /// | some, but the connection closes | is free | closes slowly, for more may come |
    /// | some | the connection's own | goes on with it |
    /// | some, but no buffer is free | none | closes after the rest; at once if its request was kept |
    fn park_unsent(&mut self, sending: Sending) {
        let (cursor, conn, flags, Sending { len, rest, .. }) = (self.s.cursor, self.s.conn, self.s.flags, sending);
        self.place(At::ParkUnsent);
        self.put_four(at(conn, entry::REST), rest, "what is kept; 0: the request is answered again");
        self.put_four(at(conn, entry::REST_LEN), len, "its length; or what is left out of the answer");
        self.flush_log();
        self.four(cursor, frame(var::CURSOR), "the next request");
        self.load_input_end();
        self.branch(cursor, Cond::Eq, self.s.end, At::ParkWithoutInput, "no input is left");
        self.if_any(flags, flag::CLOSE, At::ParkClosing, "no more requests are answered");
        self.gosub(Routine::KeepInput);
        self.jump(At::Parked, "wait for the client");
        self.place(At::ParkClosing);
        self.or(flags, flag::SLOW, "more may come");
        self.place(At::ParkWithoutInput);
        self.gosub(Routine::FreeBuffer);
        self.place(At::Parked);
        let (kept, buffer) = (len, rest);
        self.four(kept, at(conn, entry::REST), "what is kept of the reply,");
        self.four(buffer, at(conn, entry::BUFFER), "or of the input:");
        self.or(kept, buffer, "is it one of them?");
        self.if_zero(kept, At::Close, "no buffer for its request: it cannot go on");
        self.arm_timeout(WRITE, "it waits for its client");
        self.and(flags, flag::CLOSING, "how it is closed then");
        self.or(self.s.conn_state, flags, "is kept in its word");
        self.jump(At::ConnectionDone, "until the client takes more");
    }

    /// The client can take more:
    ///
    /// | kept | what happens |
    /// |---|---|
    /// | a request | it is answered again, without what is with the client |
    /// | long content | it is sent from the file |
    /// | other content | it is sent from memory |
    fn on_writable(&mut self, sending: Sending) {
        let (fd, conn, flags, Sending { len, rest, sent, .. }) = (self.s.fd, self.s.conn, self.s.flags, sending);
        self.place(At::OnWritable);
        self.gosub(Routine::Input);
        self.put_four(frame(var::CURSOR), self.s.cursor, "the input goes on here");
        self.set(flags, self.s.conn_word, "of its word:");
        self.and(flags, flag::CLOSING, "how it is closed");
        self.four(len, at(conn, entry::REST_LEN), "bytes that are kept, or left out");
        self.four(rest, at(conn, entry::REST), "where they are");
        self.unless_zero(rest, if self.has_long { At::SendRest } else { At::SendCopy }, "send them");
        self.put_four(frame(var::SKIP), len, "so much is with the client");
        self.jump(At::ParseRest, "answer the request again");
        if self.has_long {
            self.send_from_file(sending);
        }
        self.place(At::SendCopy);
        // The socket does not wait. A broken connection sends no signal: it is blocked.
        let args = [Operand::Slot(fd), Operand::Slot(rest), Operand::Slot(len)];
        self.call(Call::Write, &args, Some(sent), "send from memory");
        self.branch(sent, Cond::Lt, -abi::EAGAIN, At::Close, "the client is gone");
        self.branch(sent, Cond::Lt, 0i64, At::ParkUnsent, "nothing was taken");
        self.after_rest(sending);
    }

    /// The kernel has taken `sent` of the `len` bytes at `rest`:
    ///
    /// | left | what happens |
    /// |---|---|
    /// | some | they wait for the client |
    /// | none, and the connection closes | the batch is done |
    /// | none | the input that has come meanwhile is answered |
    fn after_rest(&mut self, sending: Sending) {
        let Sending { len, rest, sent, .. } = sending;
        let held = self.local("held");
        self.place(At::RestTaken);
        self.count_held(held, sent);
        self.four(self.s.cursor, frame(var::CURSOR), "the next request");
        self.add(rest, sent, "what is left:");
        self.take(len, sent, "its length");
        self.unless_zero(len, At::ParkUnsent, "not all of it was taken");
        self.if_any(self.s.flags, flag::CLOSE, At::AfterBatch, "no more requests");
        if self.has_long {
            // In the event that the reply began in, what follows its request did not begin where the input did.
            self.put_four(frame(var::SKIP), 0i64, "no reply is cut");
            self.jump(At::ParseAfterReply, "what has come after the request");
        } else {
            self.jump(At::Parse, "what has come after the request");
        }
    }

    /// The content of a long reply, after its head, or what is left of it: `len` bytes at `rest`.
    ///
    /// | bytes left, file | sent |
    /// |---|---|
    /// | less than [`LONG_BYTES`] | from memory: a copy costs less |
    /// | more, but the file cannot be read | from memory |
    /// | more | from the file, without a copy; from memory if that fails |
    fn send_from_file(&mut self, sending: Sending) {
        let (fd, Sending { vector: place, len, rest, sent }) = (self.s.fd, sending);
        let (file, image, offset) = (sent, self.local("image"), self.s.value);
        self.place(At::SendContent);
        self.four(len, frame(var::REST_LEN), "bytes of the content");
        self.four(rest, frame(var::REST), "where it is");
        self.place(At::SendRest);
        self.branch(len, Cond::Below, LONG_BYTES, At::SendCopy, "a copy costs less");
        self.four(file, frame(var::FILE), "the program's own file");
        self.branch(file, Cond::Lt, 0i64, At::SendCopy, "the file cannot be read");
        self.set(place, rest, "its address,");
        self.set(image, Operand::Image, "less that of the image:");
        self.take(place, image, "where it is in the file");
        self.set(offset, Operand::State(self.state.offset), "the offset's place");
        self.put_four(at(offset, 0), place, "8 bytes, the upper ones are 0");
        let args = [Operand::Slot(fd), Operand::Slot(file), Operand::Slot(offset), Operand::Slot(len)];
        self.call(Call::Sendfile, &args, Some(sent), "send from the file");
        self.branch(sent, Cond::Gt, 0i64, At::RestTaken, "some was taken");
        self.branch(sent, Cond::Eq, -abi::EAGAIN, At::ParkUnsent, "nothing was taken");
    }
}
