//! Input: into the shared buffer, or behind the part of a request that a buffer of the connection's own holds; and what
//! becomes of a connection when its input has been answered.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::conn_entry::{HEADER, IDLE, buffer, entry, flag};
use crate::lower::epoll::state::vars::var;

impl Engine<'_> {
    pub(crate) fn read(&mut self) {
        let (fd, p, end, n, t) = (self.s.fd, self.s.cursor, self.s.end, self.s.n, self.s.t);
        self.place(At::Read);
        self.gosub(Routine::Input);
        self.set(t, p, NO_WHY);
        self.add(t, self.server.epoll.head_bytes, "end of the buffer");
        self.load_input_end();
        self.take(t, end, "room in it");
        self.load_input_end();
        let args = [
            Operand::Slot(fd),
            Operand::Slot(end),
            Operand::Slot(t),
            Operand::Const(0),
            Operand::Const(0),
            Operand::Const(0),
        ];
        self.call(Call::Recvfrom, &args, Some(n), "receive");
        self.branch(n, Cond::Le, 0i64, At::NotReceived, NO_WHY);
        // What a client sends after its last reply is read, so that no reset overtakes the reply.
        self.four(t, at(self.s.conn, entry::WORD), NO_WHY);
        self.if_any(t, entry::LINGER, At::Next, "discarded");
        self.load_input_end();
        self.add(end, n, NO_WHY);
        self.put_four(frame(var::INPUT_END), end, NO_WHY);
        self.place(At::Parse);
        self.put_four(frame(var::SKIP), 0i64, NO_WHY);
        self.place(At::ParseRest);
        self.put_four(frame(var::BEGAN), p, NO_WHY);
        if self.has_long {
            self.place(At::ParseBehind);
        }
        self.load_input_end();
        self.put_byte(at(end, 0), 0i64, "no byte of a request: every scan ends here");
        if self.has_long {
            self.put_four(frame(var::REST_LEN), 0i64, NO_WHY);
        }
        self.place(At::Batch);
        self.set(t, Operand::State(self.state.composed), NO_WHY);
        self.put_four(frame(var::COMPOSED), t, "nothing is composed");
        self.set(self.s.next_vector, Operand::State(self.state.vectors), "an empty batch");
        self.jump(At::Request, NO_WHY);

        self.place(At::NotReceived);
        self.branch(n, Cond::Below, -abi::EAGAIN, At::Close, "closed by the client, or broken");
        self.four(t, at(self.s.conn, entry::WORD), NO_WHY);
        self.unless_zero(t, At::Next, "it is being waited for");
        self.jump(At::Idle, NO_WHY);

        // The input that a connection has: from `p` to its end.
        self.sub(Routine::Input);
        self.four(p, at(self.s.conn, entry::BUFFER), "its own");
        self.unless_zero(p, At::OwnInput, NO_WHY);
        self.set(p, Operand::State(self.state.buffers), "everybody's");
        self.place(At::OwnInput);
        self.four(end, at(p, buffer::LEN), "bytes in it");
        self.add(p, buffer::INPUT, NO_WHY);
        self.add(end, p, NO_WHY);
        self.put_four(frame(var::INPUT_END), end, NO_WHY);
        self.ret(Routine::Input);
        self.settle();
        self.keep();
        self.free();
        self.linger();
    }

    /// The batch is with the kernel. What is left of the input waits for the rest of its request.
    fn settle(&mut self) {
        let (p, end, t) = (self.s.cursor, self.s.end, self.s.t);
        self.place(At::AfterBatch);
        self.if_any(self.s.flags, flag::CLOSE, At::Closing, "that was the last reply");
        self.load_input_end();
        self.branch(p, Cond::Ne, end, At::Part, "part of a request");
        self.four(t, frame(var::STOPPING), NO_WHY);
        self.branch(t, Cond::Above, 1i64, At::CloseSlowly, "no more requests are taken");
        self.gosub(Routine::FreeBuffer);
        self.place(At::Idle);
        self.begin_to(IDLE, NO_WHY);
        self.jump(At::ConnectionDone, NO_WHY);
        self.place(At::Part);
        self.gosub(Routine::KeepInput);
        self.if_any(self.s.flags, flag::CLOSE, At::NoBuffer, "none was to be had");
        self.four(t, frame(var::BEGAN), NO_WHY);
        self.branch(t, Cond::Ne, p, At::Begun, "a request has begun");
        self.four(t, at(self.s.conn, entry::WORD), NO_WHY);
        self.if_any(t, entry::HEADER, At::Next, "its time runs already");
        self.place(At::Begun);
        self.begin_to(HEADER, NO_WHY);
        self.jump(At::ConnectionDone, NO_WHY);
        self.place(At::NoBuffer);
        self.gosub(Routine::Send408);
        self.jump(At::Next, NO_WHY);
    }

    /// `end` is where the input at hand ends, for the next operation.
    pub(crate) fn load_input_end(&mut self) {
        self.four(self.s.end, frame(var::INPUT_END), NO_WHY);
    }

    /// Keeps the input from `p` to its end at the beginning of a buffer of the connection's own.
    fn keep(&mut self) {
        let (p, conn) = (self.s.cursor, self.s.conn);
        let [own, none_free, next, bytes, from] =
            ["own buffer", "none free", "next free", "bytes kept", "kept from"].map(|name| self.local(name));
        self.sub(Routine::KeepInput);
        self.four(own, at(conn, entry::BUFFER), "its own buffer");
        self.unless_zero(own, At::HasBuffer, "it has one");
        self.four(own, frame(var::FREE_BUFFER), "a free one");
        self.set(none_free, Operand::State(self.state.buffers_end), "what stands there if none is free");
        self.branch(own, Cond::Eq, none_free, At::KeepNothing, "all are in use for replies that wait");
        self.put_four(at(conn, entry::BUFFER), own, "it is the connection's");
        self.four(next, at(own, buffer::NEXT), "the next free one");
        self.unless_zero(next, At::NextBuffer, "there is one that was used before");
        self.set(next, own, "else it is after this one in memory:");
        self.add(next, self.state.stride, "the next that was never used");
        self.place(At::NextBuffer);
        self.put_four(frame(var::FREE_BUFFER), next, "it is the first free one now");
        self.place(At::HasBuffer);
        self.four(bytes, frame(var::INPUT_END), "from the cursor to the end of the input:");
        self.take(bytes, p, "bytes to keep");
        self.put_four(at(own, buffer::LEN), bytes, "so many are in the buffer");
        self.add(own, buffer::INPUT, "where they begin");
        self.branch(p, Cond::Eq, own, At::InPlace, "they are there");
        self.set(from, p, "the cursor stays");
        self.copy(own, from, bytes, "to the buffer's beginning");
        self.place(At::InPlace);
        self.ret(Routine::KeepInput);
        self.place(At::KeepNothing);
        self.four(p, frame(var::INPUT_END), "the input is given up, and the connection with it");
        self.or(self.s.flags, flag::CLOSING, "it closes, and slowly");
        self.ret(Routine::KeepInput);
    }

    /// Gives the connection's buffer back.
    fn free(&mut self) {
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
