//! A turn of the loop: wait for events, and for each do what its connection is there for.

use asmgen_arch::op::{Arg, Cond};
use asmgen_arch::syscall::Call;

use super::build::{at, frame};
use super::layout::{EVENTS, HEADER, IDLE, PEER_SHIFT, entry, var};
use super::metrics::counter;
use super::{Engine, abi};

/// What the epoll set says of descriptors that are no connections; no connection has a descriptor below.
pub(super) const LISTENER: u32 = 0;
pub(super) const TIMER: u32 = 1;
pub(super) const SIGNALS: u32 = 2;
pub(super) const FIRST_CONNECTION: u32 = 3;

/// How often connections are looked at that wait for their end while the server stops, in milliseconds.
const STOPPING_MS: i64 = 20;
/// Bytes of a `struct signalfd_siginfo`; the timer gives 8.
const SIGNAL_BYTES: i64 = 128;

impl Engine<'_> {
    pub(super) fn turn(&mut self) {
        let (ev, left, fd) = (self.s.ev, self.s.left, self.s.fd);
        self.place("turn");
        self.set(self.s.n, -1i64, "for as long as it takes");
        self.four(self.s.t, frame(var::STOPPING), "");
        self.if_zero(self.s.t, "wait_for_events", "");
        self.branch(self.s.t, Cond::Eq, 1i64, "stopping", "asked to stop, and still taking connections");
        if self.has_workers() {
            self.four(self.s.t, frame(var::CONNECTIONS), "");
            self.if_zero(self.s.t, "exit", "none is left");
            self.place("wait_while_stopping");
        }
        self.set(self.s.n, STOPPING_MS, "then those that linger are looked at");
        self.place("wait_for_events");
        self.four(self.s.t, frame(var::EPOLL), "");
        let events = Arg::State(self.state.events);
        let most = Arg::Const(EVENTS.into());
        let args = [Arg::Slot(self.s.t), events, most, Arg::Slot(self.s.n), Arg::Const(0), Arg::Any];
        self.call(Call::EpollWait, &args, Some(self.s.n), "wait");
        self.branch(self.s.n, Cond::Le, 0i64, "no_event", "time is up; or stopped and continued");
        self.set(left, self.s.n, "");
        self.set(ev, events, "the first event");
        self.jump("event", "");
        self.place("next");
        self.four(self.s.t, frame(var::HELD), "");
        self.branch(self.s.t, Cond::Ge, 0i64, "heavy", "the kernel holds much, or nobody has looked yet");
        self.place("light");
        self.four(self.s.t, frame(var::FREE_BUFFER), "");
        self.set(self.s.u, Arg::State(self.state.buffers_end), "");
        self.branch(self.s.t, Cond::Eq, self.s.u, "all_buffers", "");
        self.place("buffers_left");
        self.take(left, 1i64, "one event less");
        self.if_zero(left, "turn", "all done");
        self.add(ev, self.event_bytes, "the next event");
        self.place("event");
        self.four(fd, at(ev, self.event_bytes - 8), "whose event it is");
        self.branch(fd, Cond::Below, FIRST_CONNECTION, "special", "no connection");
        self.gosub("find");
        let w = self.s.w;
        self.if_zero(w, "next", "closed meanwhile");
        self.if_any(w, entry::OUT, "write", "it is written to");
        self.if_none(w, entry::LINGER, "read", "it is read from");
        self.discard();
        self.stopping();
        self.accept();
        self.lighten();
    }

    /// Reads what a client sends behind its last reply, so that no reset overtakes the reply.
    fn discard(&mut self) {
        let (fd, n) = (self.s.fd, self.s.n);
        let flags = Arg::Const(abi::MSG_TRUNC);
        let args = [Arg::Slot(fd), Arg::Const(0), Arg::Const(1 << 20), flags, Arg::Const(0), Arg::Const(0)];
        self.call(Call::Recvfrom, &args, Some(n), "discard what comes behind the last reply");
        self.branch(n, Cond::Gt, 0i64, "next", "there may be more");
        self.branch(n, Cond::Eq, -abi::EAGAIN, "next", "there may be more");
        self.jump("close", "the client has closed, or is gone");
    }

    fn accept(&mut self) {
        let (fd, t) = (self.s.fd, self.s.t);
        self.place("special");
        self.if_zero(fd, "accept", "somebody comes");
        self.four(t, frame(var::TIMER), "a second has passed");
        self.branch(fd, Cond::Eq, TIMER, "clock", "");
        self.four(t, frame(var::SIGNALS), "or a signal has come");
        self.place("clock");
        let args = [Arg::Slot(t), Arg::Frame(var::LONG_SCRATCH), Arg::Const(SIGNAL_BYTES)];
        self.call(Call::Read, &args, Some(self.s.n), "how many seconds, or which signal");
        self.branch(self.s.n, Cond::Lt, 0i64, "not_taken", "none");
        self.four(t, frame(var::LONG_SCRATCH), "");
        self.branch(fd, Cond::Eq, TIMER, "tick", "");
        self.signal();
        self.place("accept");
        self.four(t, frame(var::CONNECTIONS), "");
        self.branch(t, Cond::AboveOrEqual, self.server.epoll.connections, "crowded", "as many as there may be");
        self.four(t, frame(var::LISTENER), "");
        let flags = Arg::Const(abi::SOCK_NONBLOCK | abi::SOCK_CLOEXEC);
        let (peer, len) = if self.server.epoll.access_log {
            self.put_four(frame(var::SCRATCH), 1i64 << PEER_SHIFT, "room for its address");
            (Arg::State(self.state.peer), Arg::Frame(var::SCRATCH))
        } else {
            (Arg::Const(0), Arg::Const(0))
        };
        let n = self.s.n;
        self.call(Call::Accept4, &[Arg::Slot(t), peer, len, flags], Some(n), "a connection");
        self.branch(n, Cond::Lt, 0i64, "not_taken", "");
        self.branch(n, Cond::AboveOrEqual, self.state.entries, "too_high", "inherited descriptors are in the way");
        self.set(fd, n, "");
        self.add_four(var::CONNECTIONS, 1, "one more");
        self.count(counter::ACCEPTED);
        self.keep_peer();
        self.gosub("find");
        self.jump("read", "the request is often there already");

        // If no buffer is free, the request that has been incomplete for longest is given up.
        self.place("all_buffers");
        self.set(self.s.list, HEADER, "");
        self.gosub("oldest");
        self.if_zero(fd, "buffers_left", "none is");
        self.count(counter::GIVEN_UP);
        self.gosub("late");
        self.jump("buffers_left", "");

        self.place("too_high");
        self.call(Call::Close, &[Arg::Slot(n)], None, "no room in the table");
        self.jump("crowded", "");
        self.place("not_taken");
        self.branch(n, Cond::Eq, -abi::EAGAIN, "next", "nobody waits");
        self.branch(n, Cond::Eq, -abi::ECONNABORTED, "next", "gone already");
        self.branch(n, Cond::Eq, -abi::EINTR, "next", "stopped and continued");
        self.unless_zero(fd, "failed", "without the clock, or deaf to signals, nothing can go on");
        let why = "no descriptor or memory is left";
        self.branch(n, Cond::Eq, -abi::ENOBUFS, "crowded", why);
        self.branch(n, Cond::Eq, -abi::ENOMEM, "crowded", why);
        self.add(n, abi::EMFILE, "");
        self.branch(n, Cond::BelowOrEqual, abi::EMFILE - abi::ENFILE, "crowded", why);
        self.jump("pause", "the network's own trouble: nobody gains if another connection goes");
        self.place("crowded");
        self.set(self.s.list, IDLE, "");
        self.gosub("oldest");
        self.if_zero(fd, "pause", "none is");
        self.count(counter::CROWDED);
        self.gosub("drop");
        self.jump("accept", "again");
        self.place("pause");
        self.put_four(frame(var::PAUSED), 1i64, "until the next tick");
        // Out of the set: of one that is broken there is always an event.
        self.set(self.s.op, abi::EPOLL_CTL_DEL, "");
        self.gosub("watch_listener");
        self.jump("next", "");
        self.sub("watch_listener");
        self.set(fd, LISTENER, "");
        self.four(t, frame(var::LISTENER), "");
        self.gosub("control");
        self.ret("watch_listener");
    }
}
