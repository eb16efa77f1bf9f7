//! Input: into the shared buffer, or behind the part of a request that a buffer of the connection's own holds; and what
//! becomes of a connection when its input has been answered.

use asmgen_arch::op::{Arg, Cond};
use asmgen_arch::syscall::Call;

use super::build::{at, frame};
use super::layout::{HEADER, IDLE, LINGER, WRITE, buffer, entry, flag, var};
use super::{Engine, abi};

impl Engine<'_> {
    pub(super) fn read(&mut self) {
        let (fd, buf, p, end, n, t) = (self.s.fd, self.s.buf, self.s.p, self.s.end, self.s.n, self.s.t);
        self.place("read");
        self.gosub("input");
        self.set(t, p, "");
        self.add(t, self.server.epoll.head_bytes, "end of the buffer");
        self.take(t, end, "room in it");
        let args = [Arg::Slot(fd), Arg::Slot(end), Arg::Slot(t), Arg::Const(0), Arg::Const(0), Arg::Const(0)];
        self.call(Call::Recvfrom, &args, Some(n), "receive");
        self.branch(n, Cond::Le, 0i64, "not_received", "");
        self.add(end, n, "");
        self.set(p, buf, "");
        self.add(p, buffer::INPUT, "");
        self.place("parse");
        self.put_four(frame(var::SKIP), 0i64, "");
        self.place("parse_rest");
        self.put_byte(at(end, 0), 0i64, "no byte of a request: every scan ends here");
        self.put_four(frame(var::BEGAN), p, "");
        self.put_four(frame(var::REST_LEN), 0i64, "");
        self.set(self.s.iov, Arg::State(self.state.vectors), "an empty batch");
        self.jump("request", "");

        self.place("not_received");
        self.branch(n, Cond::Eq, -abi::EAGAIN, "nothing_yet", "nothing there");
        self.branch(n, Cond::Eq, -abi::EINTR, "nothing_yet", "stopped and continued");
        self.jump("close", "closed by the client, or broken");
        self.place("nothing_yet");
        self.four(t, frame(var::FRESH), "");
        self.if_zero(t, "next", "it is being waited for");
        self.set(self.s.want, abi::EPOLLIN, "");
        self.jump("watch", "");

        // The input that a connection has: from `p` to `end`.
        self.sub("input");
        self.two(t, at(self.s.conn, entry::WORD), "");
        self.shr(t, entry::BUFFER_SHIFT, "its buffer; 0 is the one for all");
        self.gosub("address");
        self.set(p, buf, "");
        self.add(p, buffer::INPUT, "");
        self.four(end, at(buf, buffer::LEN), "bytes in it");
        self.add(end, p, "");
        self.ret("input");
        self.settle();
        self.keep();
        self.buffers();
        self.linger();
    }

    /// The batch is with the kernel. What is left of the input waits for the rest of its request.
    fn settle(&mut self) {
        let (p, end, t, w) = (self.s.p, self.s.end, self.s.t, self.s.w);
        self.place("settle");
        self.if_any(self.s.flags, flag::CLOSE, "closing", "that was the last reply");
        self.two(w, at(self.s.conn, entry::WORD), "");
        self.set(self.s.word_before, w, "");
        self.branch(p, Cond::Ne, end, "part", "part of a request");
        self.four(t, frame(var::STOPPING), "");
        self.branch(t, Cond::Above, 1i64, "close_slowly", "no more requests are taken");
        self.gosub("free");
        self.touch(IDLE);
        self.place("wait");
        self.four(t, frame(var::FRESH), "");
        self.unless_zero(t, "wait_in", "not in the epoll set yet");
        self.if_none(self.s.word_before, WRITE, "next", "it is waited for already");
        self.place("wait_in");
        self.set(self.s.want, abi::EPOLLIN, "");
        self.jump("watch", "");
        self.place("part");
        self.gosub("keep");
        self.if_any(self.s.flags, flag::CLOSE, "no_buffer", "none was to be had");
        self.four(t, frame(var::BEGAN), "");
        self.branch(t, Cond::Ne, p, "begun", "a request has begun");
        self.two(t, at(self.s.conn, entry::WORD), "");
        self.and(t, entry::LIST, "");
        self.branch(t, Cond::Eq, HEADER, "wait", "its time runs already");
        self.place("begun");
        self.touch(HEADER);
        self.jump("wait", "");
        self.place("no_buffer");
        self.gosub("late");
        self.jump("next", "");
    }

    /// Keeps the input from `p` to `end` at the beginning of a buffer of the connection's own.
    fn keep(&mut self) {
        let (p, end, buf, t, u, conn) = (self.s.p, self.s.end, self.s.buf, self.s.t, self.s.u, self.s.conn);
        self.sub("keep");
        self.two(t, at(conn, entry::WORD), "");
        self.shr(t, entry::BUFFER_SHIFT, "");
        self.unless_zero(t, "has_buffer", "");
        self.four(t, frame(var::FREE_BUFFER), "a buffer that is free again");
        self.unless_zero(t, "reuse", "");
        self.four(t, frame(var::BUFFERS), "");
        self.branch(
            t,
            Cond::BelowOrEqual,
            self.server.epoll.partial_requests,
            "fresh_buffer",
            "one that was never used",
        );
        self.jump("keep_nothing", "all are in use for replies that wait");
        self.place("fresh_buffer");
        self.add(t, 1i64, "");
        self.put_four(frame(var::BUFFERS), t, "");
        self.gosub("address");
        self.jump("own", "");
        self.place("reuse");
        self.gosub("address");
        self.four(u, at(buf, buffer::NEXT), "the next free one");
        self.put_four(frame(var::FREE_BUFFER), u, "");
        self.place("own");
        self.two(u, at(conn, entry::WORD), "");
        self.set(self.s.v, t, "");
        self.shl(self.s.v, entry::BUFFER_SHIFT, "");
        self.or(u, self.s.v, "");
        self.put_two(at(conn, entry::WORD), u, "it is the connection's");
        self.place("has_buffer");
        self.set(u, end, "");
        self.take(u, p, "bytes to keep");
        self.put_four(at(buf, buffer::LEN), u, "");
        self.set(self.s.v, buf, "");
        self.add(self.s.v, buffer::INPUT, "");
        self.branch(p, Cond::Eq, self.s.v, "in_place", "they are there");
        self.set(self.s.q, p, "");
        self.copy(self.s.v, self.s.q, u, "to the buffer's beginning");
        self.place("in_place");
        self.ret("keep");
        self.place("keep_nothing");
        self.set(p, end, "the input is given up, and the connection with it");
        self.or(self.s.flags, flag::CLOSE | flag::LINGER, "");
        self.ret("keep");
        self.sub("address");
        self.set(buf, t, "");
        self.mul(buf, self.state.stride, "");
        self.set(u, Arg::State(self.state.buffers), "");
        self.add(buf, u, "");
        self.ret("address");
    }

    fn buffers(&mut self) {
        let (t, u, v, conn) = (self.s.t, self.s.u, self.s.v, self.s.conn);
        // Gives the connection's buffer back.
        self.sub("free");
        self.two(t, at(conn, entry::WORD), "");
        self.set(u, t, "");
        self.shr(u, entry::BUFFER_SHIFT, "");
        self.if_zero(u, "freed", "it has none");
        self.and(t, (1i64 << entry::BUFFER_SHIFT) - 1, "");
        self.put_two(at(conn, entry::WORD), t, "it has none now");
        self.set(v, u, "");
        self.mul(v, self.state.stride, "");
        self.set(t, Arg::State(self.state.buffers), "");
        self.add(v, t, "");
        self.put_four(at(v, buffer::LEN), 0i64, "");
        self.four(t, frame(var::FREE_BUFFER), "");
        self.put_four(at(v, buffer::NEXT), t, "the free one before it");
        self.put_four(frame(var::FREE_BUFFER), u, "");
        self.place("freed");
        self.ret("free");
    }

    /// Ends our direction and reads on for a while.
    fn linger(&mut self) {
        let (fd, t, w) = (self.s.fd, self.s.t, self.s.w);
        self.place("closing");
        self.if_any(self.s.flags, flag::LINGER | flag::BODY, "close_slowly", "the client may be sending");
        self.four(self.s.t, frame(var::STOPPING), "");
        self.unless_zero(self.s.t, "close_slowly", "what the kernel has not sent ends with the process");
        self.branch(self.s.p, Cond::Eq, self.s.end, "close", "nothing has come behind it");
        self.place("close_slowly");
        self.gosub("linger");
        self.jump("next", "");
        self.sub("linger");
        self.gosub("free");
        self.call(Call::Shutdown, &[Arg::Slot(fd), Arg::Const(abi::SHUT_WR)], None, "nothing more will be sent");
        self.two(w, at(self.s.conn, entry::WORD), "");
        self.set(self.s.word_before, w, "");
        self.touch(LINGER);
        self.four(t, frame(var::FRESH), "");
        self.unless_zero(t, "linger_in", "");
        self.if_none(self.s.word_before, WRITE, "lingers", "");
        self.place("linger_in");
        self.set(self.s.want, abi::EPOLLIN, "");
        self.gosub("watch_it");
        self.place("lingers");
        self.ret("linger");
    }
}
