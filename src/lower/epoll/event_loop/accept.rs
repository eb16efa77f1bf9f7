//! Events of descriptors that are no connections: a client, the timer, a signal; and what makes room for a connection.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::event_loop::poll::{LISTENER, TIMER};
use crate::lower::epoll::state::conn_entry::{HEADER, IDLE};
use crate::lower::epoll::state::memory_map::PEER_SHIFT;
use crate::lower::epoll::state::vars::{counter, var};

/// Bytes of a `struct signalfd_siginfo`; the timer gives 8.
const SIGNAL_BYTES: i64 = 128;

impl Engine<'_> {
    pub(crate) fn accept(&mut self) {
        let (fd, t) = (self.s.fd, self.s.t);
        self.place(At::ControlEvent);
        self.if_zero(fd, At::Accept, "somebody comes");
        self.four(t, frame(var::TIMER), "a second has passed");
        self.branch(fd, Cond::Eq, TIMER, At::Clock, NO_WHY);
        self.four(t, frame(var::SIGNALS), "or a signal has come");
        self.place(At::Clock);
        let args = [Operand::Slot(t), Operand::Frame(var::LONG_SCRATCH.at), Operand::Const(SIGNAL_BYTES)];
        self.call(Call::Read, &args, Some(self.s.n), "how many seconds, or which signal");
        self.branch(self.s.n, Cond::Lt, 0i64, At::NotTaken, "none");
        self.four(t, frame(var::LONG_SCRATCH), NO_WHY);
        self.branch(fd, Cond::Eq, TIMER, At::Tick, NO_WHY);
        self.signal();
        self.place(At::Accept);
        self.four(t, frame(var::CONNECTIONS), NO_WHY);
        self.branch(t, Cond::AboveOrEqual, self.server.epoll.connections, At::EvictIdle, "as many as there may be");
        self.four(t, frame(var::LISTENER), NO_WHY);
        let flags = Operand::Const(abi::SOCK_NONBLOCK | abi::SOCK_CLOEXEC);
        let (peer, len) = if self.server.epoll.access_log {
            self.put_four(frame(var::SCRATCH), 1i64 << PEER_SHIFT, "room for its address");
            (Operand::State(self.state.peer), Operand::Frame(var::SCRATCH.at))
        } else {
            (Operand::Const(0), Operand::Const(0))
        };
        let n = self.s.n;
        self.call(Call::Accept4, &[Operand::Slot(t), peer, len, flags], Some(n), "a connection");
        self.branch(n, Cond::Lt, 0i64, At::NotTaken, NO_WHY);
        self.branch(n, Cond::AboveOrEqual, self.state.entries, At::TooHigh, "inherited descriptors are in the way");
        self.set(fd, n, NO_WHY);
        self.add_four(var::CONNECTIONS, 1, "one more");
        self.count(counter::ACCEPTED);
        self.keep_peer();
        self.gosub(Routine::Find);
        self.jump(At::Read, "the request is often there already");

        // If no buffer is free, the request that has been incomplete for longest is given up.
        self.place(At::AllBuffers);
        self.set(self.s.list, HEADER, NO_WHY);
        self.gosub(Routine::FindLeastRecent);
        self.if_zero(fd, At::BuffersLeft, "none is");
        self.count(counter::GIVEN_UP);
        self.gosub(Routine::Send408);
        self.jump(At::BuffersLeft, NO_WHY);

        self.place(At::TooHigh);
        self.call(Call::Close, &[Operand::Slot(n)], None, "no room in the table");
        self.jump(At::EvictIdle, NO_WHY);
        self.place(At::NotTaken);
        self.branch(n, Cond::Eq, -abi::EAGAIN, At::Next, "nobody waits");
        self.branch(n, Cond::Eq, -abi::ECONNABORTED, At::Next, "gone already");
        self.branch(n, Cond::Eq, -abi::EINTR, At::Next, "stopped and continued");
        self.unless_zero(fd, At::Failed, "without the clock, or deaf to signals, nothing can go on");
        let why = "no descriptor or memory is left";
        self.branch(n, Cond::Eq, -abi::ENOBUFS, At::EvictIdle, why);
        self.branch(n, Cond::Eq, -abi::ENOMEM, At::EvictIdle, why);
        self.add(n, abi::EMFILE, NO_WHY);
        self.branch(n, Cond::BelowOrEqual, abi::EMFILE - abi::ENFILE, At::EvictIdle, why);
        self.jump(At::Pause, "the network's own trouble: nobody gains if another connection goes");
        self.place(At::EvictIdle);
        self.set(self.s.list, IDLE, NO_WHY);
        self.gosub(Routine::FindLeastRecent);
        self.if_zero(fd, At::Pause, "none is");
        self.count(counter::CROWDED);
        self.gosub(Routine::CloseConnection);
        self.jump(At::Accept, "again");
        self.place(At::Pause);
        self.put_four(frame(var::PAUSED), 1i64, "until the next tick");
        // Out of the set: of one that is broken there is always an event.
        self.set(self.s.op, abi::EPOLL_CTL_DEL, NO_WHY);
        self.gosub(Routine::WatchListener);
        self.jump(At::Next, NO_WHY);
        self.sub(Routine::WatchListener);
        self.set(fd, LISTENER, NO_WHY);
        self.four(t, frame(var::LISTENER), NO_WHY);
        self.gosub(Routine::EpollControl);
        self.ret(Routine::WatchListener);
    }
}
