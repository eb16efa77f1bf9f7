//! Events of the listener, the timer and the signals; and what makes room at a limit.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::frame;
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::event_loop::poll::{LISTENER, TIMER};
use crate::lower::epoll::state::conn_entry::{HEADER, IDLE};
use crate::lower::epoll::state::memory_map::PEER_SHIFT;
use crate::lower::epoll::state::vars::{counter, var};

/// Bytes of a `struct signalfd_siginfo`. Of a timer, `read` returns only 8 (timerfd_create(2)).
const SIGNAL_BYTES: i64 = 128;

impl Engine<'_> {
    /// An event of a descriptor that is no connection.
    ///
    /// ```text
    /// listener    accept a connection, and read from it
    /// timer       tick
    /// signals     stop
    /// ```
    pub(crate) fn control_event(&mut self) {
        let (fd, t, received) = (self.s.fd, self.s.t, self.s.n);
        self.place(At::ControlEvent);
        self.if_zero(fd, At::Accept, "the listener");
        self.four(t, frame(var::TIMER), "the timer's descriptor");
        self.branch(fd, Cond::Eq, TIMER, At::Clock, "it is the timer");
        self.four(t, frame(var::SIGNALS), "it is a signal");
        self.place(At::Clock);
        let args = [Operand::Slot(t), Operand::Frame(var::LONG_SCRATCH.at), Operand::Const(SIGNAL_BYTES)];
        self.call(Call::Read, &args, Some(received), "count of seconds, or number of the signal");
        self.branch(received, Cond::Lt, 0i64, At::NotTaken, "EINTR, or the event is out of date");
        self.four(t, frame(var::LONG_SCRATCH), "the seconds, or ssi_signo");
        self.branch(fd, Cond::Eq, TIMER, At::Tick, "seconds");
        self.signal();
        self.accept();
        self.all_buffers();
        self.not_taken();
        self.evict_idle();
    }

    /// Accepts a connection.
    ///
    /// ```text
    /// as many connections as allowed      EvictIdle, then again
    /// accept fails                        NotTaken
    /// the descriptor has no entry         close it, EvictIdle, then again
    /// else                                read: the request is often there already
    /// ```
    fn accept(&mut self) {
        let (fd, accepted) = (self.s.fd, self.s.n);
        let [connections, listener] = ["connections", "listener"].map(|name| self.local(name));
        self.place(At::Accept);
        self.four(connections, frame(var::CONNECTIONS), "open connections");
        let most = self.server.epoll.connections;
        self.branch(connections, Cond::AboveOrEqual, most, At::EvictIdle, "the limit of the spec");
        self.four(listener, frame(var::LISTENER), "the listening socket");
        let flags = Operand::Const(abi::SOCK_NONBLOCK | abi::SOCK_CLOEXEC);
        let (peer, len) = if self.server.epoll.access_log {
            self.put_four(frame(var::SCRATCH), 1i64 << PEER_SHIFT, "room for the client's address, which is logged");
            (Operand::State(self.state.peer), Operand::Frame(var::SCRATCH.at))
        } else {
            (Operand::Const(0), Operand::Const(0))
        };
        self.call(Call::Accept4, &[Operand::Slot(listener), peer, len, flags], Some(accepted), "accept a connection");
        self.branch(accepted, Cond::Lt, 0i64, At::NotTaken, "it is gone, or a resource is missing");
        self.branch(accepted, Cond::AboveOrEqual, self.state.entries, At::TooHigh, "the table has no entry for it");
        self.set(fd, accepted, "the descriptor of the connection");
        self.add_four(var::CONNECTIONS, 1, "one more");
        self.count(counter::ACCEPTED);
        self.keep_peer();
        self.gosub(Routine::Find);
        self.jump(At::Receive, "the request is often there already");
    }

    /// No buffer is free: the server gives up the request that has been incomplete for longest, if there is one.
    fn all_buffers(&mut self) {
        self.place(At::AllBuffers);
        self.set(self.s.list, HEADER, "connections with a part of a request");
        self.gosub(Routine::FindLeastRecent);
        self.if_zero(self.s.fd, At::BuffersLeft, "the buffers hold requests of replies that wait");
        self.count(counter::GIVEN_UP);
        self.gosub(Routine::Send408);
        self.jump(At::BuffersLeft, "its buffer is free");
    }

    /// A call on the listener, the timer or the signals has failed.
    ///
    /// ```text
    /// EAGAIN, ECONNABORTED, EINTR         the next event
    /// any other, timer or signals         exit 1: the server would never time out, or never stop
    /// ENOBUFS, ENOMEM, EMFILE, ENFILE     EvictIdle, then again
    /// any other, listener                 pause: closing a connection would not help
    /// ```
    fn not_taken(&mut self) {
        let error = self.s.n;
        self.place(At::TooHigh);
        self.call(Call::Close, &[Operand::Slot(error)], None, "inherited descriptors are in the way");
        self.jump(At::EvictIdle, "a lower descriptor becomes free");
        self.place(At::NotTaken);
        self.branch(error, Cond::Eq, -abi::EAGAIN, At::Next, "the queue is empty: another process was faster");
        self.branch(error, Cond::Eq, -abi::ECONNABORTED, At::Next, "the client is gone (accept(2))");
        self.branch(error, Cond::Eq, -abi::EINTR, At::Next, "stopped and continued (signal(7))");
        self.unless_zero(self.s.fd, At::Failed, "without timer or signals it would never time out, or never stop");
        let why = "no descriptor or memory is left";
        self.branch(error, Cond::Eq, -abi::ENOBUFS, At::EvictIdle, why);
        self.branch(error, Cond::Eq, -abi::ENOMEM, At::EvictIdle, why);
        self.add(error, abi::EMFILE, "EMFILE becomes 0, ENFILE 1");
        self.branch(error, Cond::BelowOrEqual, abi::EMFILE - abi::ENFILE, At::EvictIdle, why);
        self.jump(At::Pause, "an error of the network: closing a connection would not help");
    }

    /// Closes the connection that has been idle for longest, and accepts again; without an idle one, stops accepting
    /// until the next tick.
    fn evict_idle(&mut self) {
        let fd = self.s.fd;
        self.place(At::EvictIdle);
        self.set(self.s.list, IDLE, "connections between requests");
        self.gosub(Routine::FindLeastRecent);
        self.if_zero(fd, At::Pause, "all are busy");
        self.count(counter::CROWDED);
        self.gosub(Routine::CloseConnection);
        self.jump(At::Accept, "now there is room");
        self.place(At::Pause);
        self.put_four(frame(var::PAUSED), 1i64, "until the next tick");
        self.set(self.s.op, abi::EPOLL_CTL_DEL, "its events would keep the loop busy");
        self.gosub(Routine::WatchListener);
        self.jump(At::Next, "other connections are served meanwhile");
        self.sub(Routine::WatchListener);
        self.set(fd, LISTENER, "its events have this number");
        self.four(self.s.t, frame(var::LISTENER), "the listening socket");
        self.gosub(Routine::EpollControl);
        self.ret(Routine::WatchListener);
    }
}
