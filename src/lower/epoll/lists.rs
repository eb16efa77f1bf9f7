//! Connections in their lists, oldest first: idle, with part of a request, with a reply that the client has not taken, and
//! closed by us but not yet by the client. Each list has one timeout, so the first is always the next to expire.

use asmgen_arch::op::{Alu, Arg, Cond};
use asmgen_arch::syscall::Call;

use super::build::{at, frame};
use super::layout::{HEADER, IDLE, WRITE, entry, var};
use super::{Engine, abi};

/// How long a client may send on behind the last reply, in seconds.
const LINGER_SECONDS: u32 = 2;

impl Engine<'_> {
    /// Seconds that a connection may stay in a list; a tick may come at once, so one more.
    fn timeout(&self, list: u32) -> u32 {
        let settings = &self.server.epoll;
        let seconds = match list {
            IDLE => settings.idle_timeout_s,
            HEADER => settings.header_timeout_s,
            WRITE => settings.write_timeout_s,
            _ => LINGER_SECONDS,
        };
        seconds + 1
    }

    /// The connection moves to the end of a list.
    pub(super) fn touch(&mut self, list: u32) {
        self.set(self.s.list, (self.timeout(list) << 2) | list, "list and timeout");
        self.gosub("touch");
    }

    pub(super) fn lists(&mut self) {
        self.touch_sub();
        self.unlink_sub();
        self.append_sub();
        self.drop_sub();
        self.control_sub();
    }

    fn touch_sub(&mut self) {
        let (list, conn, t, u, w) = (self.s.list, self.s.conn, self.s.t, self.s.u, self.s.w);
        self.sub("touch");
        self.set(u, list, "");
        self.shr(u, 2, "timeout");
        self.four(t, frame(var::NOW), "");
        self.add(u, t, "its time");
        self.and(list, entry::LIST, "its list");
        self.two(w, at(conn, entry::WORD), "");
        self.set(t, w, "");
        self.alu(Alu::Xor, t, list, "");
        self.if_any(t, entry::LIST, "move", "another list");
        self.two(t, at(conn, entry::DEADLINE), "");
        self.alu(Alu::Xor, t, u, "");
        self.if_none(t, 0xffff, "touched", "moved in this second already");
        self.place("move");
        self.and(w, i64::from(!entry::LIST), "");
        self.or(w, list, "");
        self.put_two(at(conn, entry::WORD), w, "its list");
        self.put_two(at(conn, entry::DEADLINE), u, "its time");
        self.gosub("unlink");
        self.gosub("append");
        self.place("touched");
        self.ret("touch");
    }

    fn unlink_sub(&mut self) {
        let (conn, t, u, v) = (self.s.conn, self.s.t, self.s.u, self.s.v);
        self.sub("unlink");
        self.two(t, at(conn, entry::PREVIOUS), "");
        self.two(u, at(conn, entry::NEXT), "");
        self.set(v, t, "");
        self.shl(v, entry::SHIFT, "");
        self.add(v, self.s.table, "the one before");
        self.put_two(at(v, entry::NEXT), u, "");
        self.shl(u, entry::SHIFT, "");
        self.add(u, self.s.table, "the one behind");
        self.put_two(at(u, entry::PREVIOUS), t, "");
        self.ret("unlink");
    }

    fn append_sub(&mut self) {
        let (list, conn, t, u) = (self.s.list, self.s.conn, self.s.t, self.s.u);
        self.sub("append");
        self.put_two(at(conn, entry::NEXT), list, "behind it is the list's end");
        self.set(u, list, "");
        self.shl(u, entry::SHIFT, "");
        self.add(u, self.s.table, "the list's end");
        self.two(t, at(u, entry::PREVIOUS), "the last one");
        self.put_two(at(u, entry::PREVIOUS), self.s.fd, "");
        self.put_two(at(conn, entry::PREVIOUS), t, "before it the last one");
        self.shl(t, entry::SHIFT, "");
        self.add(t, self.s.table, "");
        self.put_two(at(t, entry::NEXT), self.s.fd, "");
        self.ret("append");
    }

    /// Closes a connection and forgets it.
    fn drop_sub(&mut self) {
        let (conn, fd) = (self.s.conn, self.s.fd);
        self.place("close");
        self.gosub("drop");
        self.jump("next", "");
        self.sub("drop");
        self.gosub("unlink");
        self.gosub("free");
        self.put_two(at(conn, entry::WORD), 0i64, "no longer open");
        self.call(Call::Close, &[Arg::Slot(fd)], None, "close");
        self.add_four(var::CONNECTIONS, -1, "one less");
        self.unless_zero(self.s.t, "dropped", "others are left");
        self.four(self.s.t, frame(var::STOPPING), "");
        self.branch(self.s.t, Cond::Above, 1i64, "exit", "that was the last");
        self.place("dropped");
        self.ret("drop");
    }

    /// Tells the epoll set what is wanted of a descriptor: `op`, descriptor `t`, events `want`, name `fd`.
    fn control_sub(&mut self) {
        self.sub("control");
        let event = var::EVENT;
        self.put_four(frame(event), self.s.want, "events");
        self.put_four(frame(event + self.event_bytes - 8), self.s.fd, "whose");
        self.four(self.s.u, frame(var::EPOLL), "");
        let args = [Arg::Slot(self.s.u), Arg::Slot(self.s.op), Arg::Slot(self.s.t), Arg::Frame(event)];
        self.call(Call::EpollCtl, &args, Some(self.s.n), "what is waited for");
        self.ret("control");
        // The same for the connection at hand, which may be new; then the next event.
        self.place("watch");
        self.gosub("watch_it");
        self.branch(self.s.n, Cond::Ge, 0i64, "next", "");
        self.jump("close", "there is no room for it in the epoll set");
        self.sub("watch_it");
        self.set(self.s.op, abi::EPOLL_CTL_MOD, "");
        self.four(self.s.t, frame(var::FRESH), "");
        self.if_zero(self.s.t, "known", "");
        self.set(self.s.op, abi::EPOLL_CTL_ADD, "it is new");
        self.place("known");
        self.set(self.s.t, self.s.fd, "");
        self.gosub("control");
        self.ret("watch_it");
    }
}
