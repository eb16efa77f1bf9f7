//! Input: into the shared buffer, or after the part of a request that the connection's own buffer holds. And the end of
//! a batch: what a connection does when its input has been answered.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::conn_entry::{HEADER, IDLE, buffer, entry, flag};
use crate::lower::epoll::state::vars::var;

impl Engine<'_> {
    /// From input to the end of its batch.
    pub(crate) fn receive(&mut self) {
        self.receive_input();
        self.begin_batch();
        self.nothing_received();
        self.find_input();
        self.after_batch();
        self.keep_input();
        self.free_buffer();
        self.shut_and_drain();
    }

    /// Receives after the input that the connection has. The bytes of a connection that lingers are discarded.
    fn receive_input(&mut self) {
        let (fd, cursor, end, received) = (self.s.fd, self.s.cursor, self.s.end, self.s.result);
        let [room, word] = ["room", "word"].map(|name| self.local(name));
        self.place(At::Receive);
        self.gosub(Routine::Input);
        self.set(room, cursor, "where the input begins");
        self.add(room, self.server.epoll.head_bytes, "end of the buffer");
        self.load_input_end();
        self.take(room, end, "room in it");
        self.load_input_end();
        let zero = Operand::Const(0);
        let args = [Operand::Slot(fd), Operand::Slot(end), Operand::Slot(room), zero, zero, zero];
        self.call(Call::Recvfrom, &args, Some(received), "receive");
        self.branch(received, Cond::Le, 0i64, At::NotReceived, "nothing, or an error");
        // What a client sends after its last reply is read, so that no reset overtakes the reply.
        self.four(word, at(self.s.conn, entry::WORD), "what it waits for");
        self.if_any(word, entry::LINGER, At::Next, "discarded");
        self.load_input_end();
        self.add(end, received, "after what has come");
        self.put_four(frame(var::INPUT_END), end, "the input ends there");
    }

    /// Where a batch begins. Its label says what is known of the first reply:
    ///
    /// | label | bytes of it with the client | input |
    /// |---|---|---|
    /// | `parse` | none | begins at the cursor |
    /// | `parse_rest` | as many as `SKIP` says | begins at the cursor |
    /// | `parse_after_reply` | none | began in an event before |
    /// | `batch` | none | the same as that of the batch before |
    fn begin_batch(&mut self) {
        let (cursor, end, composed) = (self.s.cursor, self.s.end, self.local("composed fields"));
        self.place(At::Parse);
        self.put_four(frame(var::SKIP), 0i64, "no reply is cut");
        self.place(At::ParseRest);
        self.put_four(frame(var::BEGAN), cursor, "where this input begins");
        if self.has_long {
            self.place(At::ParseAfterReply);
        }
        self.load_input_end();
        self.put_byte(at(end, 0), 0i64, "no byte of a request: every scan ends here");
        if self.has_long {
            self.put_four(frame(var::REST_LEN), 0i64, "no long content is left");
        }
        self.place(At::Batch);
        self.set(composed, Operand::State(self.state.composed), "where composed fields go");
        self.put_four(frame(var::COMPOSED), composed, "nothing is composed");
        self.set(self.s.next_vector, Operand::State(self.state.vectors), "an empty batch");
        self.jump(At::Request, "its first request");
    }

    /// No byte was received:
    ///
    /// | result | connection | what happens |
    /// |---|---|---|
    /// | 0, or an error | any | it is closed |
    /// | nothing yet | new | it is idle |
    /// | nothing yet | any other | it waits on |
    fn nothing_received(&mut self) {
        let word = self.local("word");
        self.place(At::NotReceived);
        self.branch(self.s.result, Cond::Below, -abi::EAGAIN, At::Close, "closed by the client, or broken");
        self.four(word, at(self.s.conn, entry::WORD), "what it waits for");
        self.unless_zero(word, At::Next, "it waits on");
        self.jump(At::Idle, "it is new: it waits for a request");
    }

    /// `Input`: the input that a connection has goes from `cursor` to `end`.
    fn find_input(&mut self) {
        let (cursor, end) = (self.s.cursor, self.s.end);
        self.sub(Routine::Input);
        self.four(cursor, at(self.s.conn, entry::BUFFER), "its own buffer");
        self.unless_zero(cursor, At::OwnInput, "it has one");
        self.set(cursor, Operand::State(self.state.buffers), "the shared one");
        self.place(At::OwnInput);
        self.four(end, at(cursor, buffer::LEN), "bytes in it");
        self.add(cursor, buffer::INPUT, "where they begin");
        self.add(end, cursor, "where they end");
        self.put_four(frame(var::INPUT_END), end, "the input ends there");
        self.ret(Routine::Input);
    }

    /// The end of a batch: the kernel has taken its replies.
    ///
    /// | input left | and | what happens |
    /// |---|---|---|
    /// | any | the last reply said that it closes | the connection closes |
    /// | none | the server is stopping | the connection closes, and reads on for a while |
    /// | none | else | it is idle, and its buffer is free |
    /// | part of a request | no buffer is free | 408 |
    /// | part of a request | the request is new | the header timeout starts |
    /// | part of a request | its timeout runs | it runs on |
    fn after_batch(&mut self) {
        let (cursor, end, flags) = (self.s.cursor, self.s.end, self.s.flags);
        let [stopping, began, word] = ["stopping", "begin of the input", "word"].map(|name| self.local(name));
        self.place(At::AfterBatch);
        self.if_any(flags, flag::CLOSE, At::Closing, "that was the last reply");
        self.load_input_end();
        self.branch(cursor, Cond::Ne, end, At::PartialRequest, "part of a request");
        self.four(stopping, frame(var::STOPPING), "does the server stop?");
        self.branch(stopping, Cond::Above, 1i64, At::CloseSlowly, "no more requests are taken");
        self.gosub(Routine::FreeBuffer);
        self.place(At::Idle);
        self.arm_timeout(IDLE, "it waits for a request");
        self.jump(At::ConnectionDone, "until then");
        self.place(At::PartialRequest);
        self.gosub(Routine::KeepInput);
        self.if_any(flags, flag::CLOSE, At::NoBufferFree, "no buffer is free");
        self.four(began, frame(var::BEGAN), "where this event's input began");
        self.branch(began, Cond::Ne, cursor, At::ArmHeaderTimeout, "a request has begun");
        self.four(word, at(self.s.conn, entry::WORD), "what it waits for");
        self.if_any(word, entry::HEADER, At::Next, "its timeout runs on");
        self.place(At::ArmHeaderTimeout);
        self.arm_timeout(HEADER, "it waits for the rest of a head");
        self.jump(At::ConnectionDone, "until then");
        self.place(At::NoBufferFree);
        self.gosub(Routine::Send408);
        self.jump(At::Next, "the next event");
    }

    /// `end` is where the input ends, for the next operation.
    pub(crate) fn load_input_end(&mut self) {
        self.four(self.s.end, frame(var::INPUT_END), "the input's end");
    }

    /// Keeps the input from the cursor on at the beginning of the connection's own buffer. If no buffer is free, the
    /// input is given up, and `flags` say that the connection closes.
    fn keep_input(&mut self) {
        let (cursor, conn) = (self.s.cursor, self.s.conn);
        let [own, none_free, next, bytes, from] =
            ["own buffer", "none free", "next free", "bytes kept", "kept from"].map(|name| self.local(name));
        self.sub(Routine::KeepInput);
        self.four(own, at(conn, entry::BUFFER), "its own buffer");
        self.unless_zero(own, At::HasBuffer, "it has one");
        self.four(own, frame(var::FREE_BUFFER), "a free one");
        self.set(none_free, Operand::State(self.state.buffers_end), "what is there if none is free");
        self.branch(own, Cond::Eq, none_free, At::InputGivenUp, "all are in use for replies that wait");
        self.put_four(at(conn, entry::BUFFER), own, "it is the connection's");
        self.four(next, at(own, buffer::NEXT), "the next free one");
        self.unless_zero(next, At::NextBuffer, "there is one that was used before");
        self.set(next, own, "else it is after this one in memory:");
        self.add(next, self.state.stride, "the next that was never used");
        self.place(At::NextBuffer);
        self.put_four(frame(var::FREE_BUFFER), next, "it is the first free one now");
        self.place(At::HasBuffer);
        self.four(bytes, frame(var::INPUT_END), "from the cursor to the end of the input:");
        self.take(bytes, cursor, "bytes to keep");
        self.put_four(at(own, buffer::LEN), bytes, "so many are in the buffer");
        self.add(own, buffer::INPUT, "where they begin");
        self.branch(cursor, Cond::Eq, own, At::InPlace, "they are there");
        self.set(from, cursor, "the cursor stays");
        self.copy(own, from, bytes, "to the buffer's beginning");
        self.place(At::InPlace);
        self.ret(Routine::KeepInput);
        self.place(At::InputGivenUp);
        self.four(cursor, frame(var::INPUT_END), "the input is given up, and the connection with it");
        self.or(self.s.flags, flag::CLOSING, "it closes, and slowly");
        self.ret(Routine::KeepInput);
    }

    /// Gives the connection's buffer back.
    fn free_buffer(&mut self) {
        let conn = self.s.conn;
        let [first, own] = ["first free", "own buffer"].map(|name| self.local(name));
        self.sub(Routine::FreeBuffer);
        self.four(own, at(conn, entry::BUFFER), "its own buffer");
        self.if_zero(own, At::Freed, "it has none");
        self.four(first, frame(var::FREE_BUFFER), "free ones are a list");
        self.put_four(at(own, buffer::NEXT), first, "the free one before it");
        self.put_four(frame(var::FREE_BUFFER), own, "the list begins with it");
        self.put_four(at(conn, entry::BUFFER), 0i64, "the connection has none");
        self.place(At::Freed);
        self.ret(Routine::FreeBuffer);
    }
}
