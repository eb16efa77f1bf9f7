//! Connections: what each does until when, and those whose time is up. They stand in a table, and who looks for one goes
//! through all of it: once a second, and where a limit is reached.

use asmgen_arch::op::{Arg, Cond};
use asmgen_arch::syscall::Call;

use super::build::{at, frame};
use super::layout::{HEADER, IDLE, WRITE, entry, var};
use super::metrics::counter;
use super::near::Near;
use super::turn::FIRST_CONNECTION;
use super::{Engine, abi};

/// How long a client may send on behind the last reply, in seconds.
const LINGER_SECONDS: u32 = 2;
/// What is held for a connection that has to go, roughly, in bytes: what is held is weighed again soon enough.
const SHED_BYTES: i64 = 64 * 1024;
/// Where the kernel tells what it holds for a connection, and where of that what the client has not acknowledged is. Of a
/// signal, which is read to the same place, it is a 0 (`ssi_fd`); of the timer nothing is there.
const MEMINFO: u32 = var::LONG_SCRATCH;
const NOT_ACKNOWLEDGED: u32 = MEMINFO + abi::MEMINFO_SENT;
/// From what who waits does to what who is idle does.
const WRITE_TO_IDLE_BITS: u8 = 2;

impl Engine<'_> {
    /// What a connection does from now on, and for how many seconds; a tick may come at once, so one more.
    pub(super) fn begin_to(&mut self, kind: u32, why: &str) {
        let settings = &self.server.epoll;
        let seconds = match kind {
            IDLE => settings.idle_timeout_s,
            HEADER => settings.header_timeout_s,
            WRITE => settings.write_timeout_s,
            _ => LINGER_SECONDS,
        };
        self.set(self.s.list, ((seconds + 1) << entry::DEADLINE_SHIFT) | kind, why);
    }

    pub(super) fn connections(&mut self) {
        self.settled();
        self.touch();
        self.drop_sub();
        self.sweep();
        self.oldest();
        self.find();
    }

    /// The event is dealt with; the connection goes on as `list` says, or goes.
    fn settled(&mut self) {
        self.place("settled");
        self.gosub("touch");
        self.branch(self.s.n, Cond::Ge, 0i64, "next", "");
        self.place("close");
        self.gosub("drop");
        self.jump("next", "");
    }

    /// Writes a connection's word, and tells the epoll set what is wanted if that is something else; `n` is negative if
    /// there is no room in it.
    fn touch(&mut self) {
        let (list, conn, w, n) = (self.s.list, self.s.conn, self.s.w, self.s.n);
        self.sub("touch");
        self.four(n, frame(var::NOW), "");
        self.shl(n, entry::DEADLINE_SHIFT, "");
        self.add(n, list, "deadline, and what it does");
        self.four(w, at(conn, entry::WORD), "");
        self.put_four(at(conn, entry::WORD), n, "");
        self.set(n, 0i64, "");
        self.and(w, entry::IN | entry::OUT, "what is waited for");
        self.and(list, entry::IN | entry::OUT, "");
        self.branch(w, Cond::Eq, list, "touched", "the same as now");
        self.set(self.s.op, abi::EPOLL_CTL_ADD, "");
        self.if_zero(w, "new", "it is new");
        self.set(self.s.op, abi::EPOLL_CTL_MOD, "");
        self.place("new");
        self.put_four(frame(var::EVENT), list, "");
        self.set(self.s.t, self.s.fd, "");
        self.gosub("control");
        self.ret("touch");
        self.place("touched");
        self.ret("touch");
        // Tells the epoll set what is wanted of a descriptor: `op`, descriptor `t`, name `fd`; the events are there.
        self.sub("control");
        let event = var::EVENT;
        self.put_four(frame(event + self.event_bytes - 8), self.s.fd, "whose");
        self.four(self.s.u, frame(var::EPOLL), "");
        let args = [Arg::Slot(self.s.u), Arg::Slot(self.s.op), Arg::Slot(self.s.t), Arg::Frame(event)];
        self.call(Call::EpollCtl, &args, Some(n), "what is waited for");
        self.ret("control");
    }

    /// Closes a connection and forgets it.
    fn drop_sub(&mut self) {
        let (conn, fd) = (self.s.conn, self.s.fd);
        self.sub("drop");
        self.gosub("free");
        self.put_four(at(conn, entry::WORD), 0i64, "no longer there");
        self.call(Call::Close, &[Arg::Slot(fd)], None, "close");
        self.add_four(var::CONNECTIONS, -1, "one less");
        if !self.has_workers() {
            self.unless_zero(self.s.t, "dropped", "others are left");
            self.four(self.s.t, frame(var::STOPPING), "");
            self.branch(self.s.t, Cond::Above, 1i64, "exit", "that was the last");
            self.place("dropped");
        }
        self.ret("drop");
    }

    /// What the kernel holds is weighed, for some of it may be with the clients by now. While it is too much, the client
    /// that has taken nothing for longest goes, and what waits for it; where none waits, one that is idle for longest,
    /// for it may not have acknowledged what was sent.
    pub(super) fn lighten(&mut self) {
        const _: () = assert!(WRITE >> WRITE_TO_IDLE_BITS == IDLE && IDLE >> WRITE_TO_IDLE_BITS == 0);
        let (fd, t, list) = (self.s.fd, self.s.t, self.s.list);
        self.place("heavy");
        self.gosub("sweep");
        self.place("weighed");
        self.four(t, frame(var::HELD), "");
        let enough = -i64::from(self.server.epoll.held_bytes() / 4);
        self.branch(t, Cond::Lt, enough, "light", "so that nobody looks again at the next event");
        self.set(list, WRITE, "");
        self.place("heavy_kind");
        self.gosub("oldest");
        self.unless_zero(fd, "shed", "");
        self.shr(list, WRITE_TO_IDLE_BITS, "nobody waits");
        self.unless_zero(list, "heavy_kind", "");
        self.jump("light", "");
        self.place("shed");
        self.add_four(var::HELD, -SHED_BYTES, "about as much as that one holds");
        self.count(counter::HEAVY);
        self.gosub("abort");
        self.jump("weighed", "");
        // Closes a connection; what the kernel holds for it is gone, and the client sees a reset.
        self.sub("abort");
        let yes = self.near(Near::EverySecond);
        let (level, option) = (Arg::Const(abi::SOL_SOCKET), Arg::Const(abi::SO_LINGER));
        let args = [Arg::Slot(fd), level, option, Arg::Data(yes), Arg::Const(abi::LINGER_BYTES)];
        self.call(Call::Setsockopt, &args, None, "no data outlive it");
        self.gosub("drop");
        self.ret("abort");
    }

    /// Adds what the kernel holds for a connection. Where it tells less (qemu-user tells 4 bytes) or nothing (gVisor), that
    /// is nothing: another connection's number must not be taken for this one's.
    fn weigh_connection(&mut self) {
        let (t, u, held) = (self.s.t, self.s.u, frame(var::HELD));
        self.put_four(frame(NOT_ACKNOWLEDGED), 0i64, "");
        // How much may be told has to be more than that: an address, until the kernel has said how much it has told.
        let len = Arg::Frame(var::BEGAN);
        let (level, option) = (Arg::Const(abi::SOL_SOCKET), Arg::Const(abi::SO_MEMINFO));
        let args = [Arg::Slot(self.s.fd), level, option, Arg::Frame(MEMINFO), len];
        self.call(Call::Getsockopt, &args, None, "what the kernel holds for it");
        self.four(t, frame(NOT_ACKNOWLEDGED), "");
        self.four(u, held, "");
        self.add(u, t, "");
        self.put_four(held, u, "");
    }

    /// Goes through all connections: ends those whose time is up, and, while the server stops, those that have all.
    fn sweep(&mut self) {
        let (t, w) = (self.s.t, self.s.w);
        self.sub("sweep");
        self.put_four(frame(var::HELD), -i64::from(self.server.epoll.held_bytes()), "");
        self.set(self.s.fd, FIRST_CONNECTION - 1, "");
        self.place("sweep_next");
        self.gosub("find_next");
        self.branch(self.s.fd, Cond::Eq, self.state.entries, "swept", "all are looked at");
        self.if_zero(w, "sweep_next", "no connection");
        self.weigh_connection();
        self.four(t, frame(var::STOPPING), "");
        self.branch(t, Cond::BelowOrEqual, 1i64, "sweep_deadline", "");
        self.if_any(w, entry::HEADER | entry::OUT, "sweep_deadline", "under way");
        self.four(t, frame(NOT_ACKNOWLEDGED), "what the client has not acknowledged");
        self.if_zero(t, "sweep_drop", "it has everything");
        self.if_any(w, entry::LINGER, "sweep_next", "it has time until the end");
        self.gosub("linger");
        self.jump("sweep_next", "");
        self.place("sweep_deadline");
        self.four(t, frame(var::NOW), "");
        self.shl(t, entry::DEADLINE_SHIFT, "");
        self.set(self.s.v, w, "");
        self.take(self.s.v, t, "the time it has");
        self.branch(self.s.v, Cond::Ge, 1i64 << entry::DEADLINE_SHIFT, "sweep_next", "some is left");
        self.if_any(w, entry::HEADER, "too_slow", "half a request");
        self.if_any(w, entry::OUT, "sweep_abort", "it takes nothing");
        self.place("sweep_drop");
        self.gosub("drop");
        self.jump("sweep_next", "");
        self.place("sweep_abort");
        self.gosub("abort");
        self.jump("sweep_next", "");
        self.place("too_slow");
        self.count(counter::LATE);
        self.gosub("late");
        self.jump("sweep_next", "");
        self.place("swept");
        self.ret("sweep");
    }

    /// The connection that has been doing what `list` says for longest; `fd` is 0 if there is none.
    fn oldest(&mut self) {
        let (fd, w, t, u, v) = (self.s.fd, self.s.w, self.s.t, self.s.u, self.s.v);
        self.sub("oldest");
        self.set(fd, FIRST_CONNECTION - 1, "");
        self.set(u, -1i64, "");
        self.set(v, 0i64, "none");
        self.place("older");
        self.gosub("find_next");
        self.branch(fd, Cond::Eq, self.state.entries, "oldest_found", "all are looked at");
        self.set(t, w, "");
        self.and(t, entry::KIND, "");
        self.branch(t, Cond::Ne, self.s.list, "older", "it does something else");
        self.four(t, frame(var::NOW), "");
        self.shl(t, entry::DEADLINE_SHIFT, "");
        self.take(w, t, "the time it has");
        self.branch(w, Cond::AboveOrEqual, u, "older", "more than another");
        self.set(u, w, "");
        self.set(v, fd, "");
        self.jump("older", "");
        self.place("oldest_found");
        self.set(fd, v, "");
        self.gosub("find");
        self.ret("oldest");
    }

    /// A connection's entry and its word; or those of the next one.
    fn find(&mut self) {
        let (fd, conn) = (self.s.fd, self.s.conn);
        self.sub("find_next");
        self.add(fd, 1i64, "");
        self.gosub("find");
        self.ret("find_next");
        self.sub("find");
        self.set(conn, fd, "");
        self.shl(conn, entry::SHIFT, "");
        self.add(conn, self.s.table, "its entry");
        self.four(self.s.w, at(conn, entry::WORD), "its word");
        self.ret("find");
    }
}
