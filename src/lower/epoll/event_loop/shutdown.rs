//! The end: on SIGTERM or SIGINT connections are still taken for a while, then no more; what is under way is finished, and
//! a second signal or the deadline ends it.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::vars::var;

impl Engine<'_> {
    /// The signal whose number is in `t`.
    pub(crate) fn signal(&mut self) {
        let (t, u) = (self.s.t, self.s.u);
        self.heed();
        self.four(t, frame(var::STOPPING), NO_WHY);
        self.unless_zero(t, self.at_once(), "the second one");
        if self.has_workers() {
            self.place(At::Asked);
        }
        self.pass_on(abi::SIGUSR1);
        self.put_four(frame(var::STOPPING), 1i64, "replies close from here on");
        self.four(u, frame(var::NOW), NO_WHY);
        let settings = &self.server.epoll;
        let (drain, stop) = (settings.drain_s, settings.stop_timeout_s);
        // A tick may come at once, so one second more where there are any.
        if drain > 0 {
            self.add(u, drain + 1, NO_WHY);
        }
        self.put_four(frame(var::DRAINED), u, "until then connections are taken");
        self.add(u, stop + u32::from(drain == 0), NO_WHY);
        self.put_four(frame(var::END), u, "then everything ends");
        self.jump(At::Next, NO_WHY);
    }

    pub(crate) fn stop(&mut self) {
        let t = self.s.t;
        self.place(At::Exit);
        self.wait_for_workers();
        let status = if self.has_workers() {
            self.four(t, frame(var::STATUS), NO_WHY);
            Operand::Slot(t)
        } else {
            Operand::Const(0)
        };
        self.call(Call::Exit, &[status], None, "done");
    }

    /// Where everything ends, whatever is under way.
    fn at_once(&self) -> At {
        if self.has_workers() { At::EndNow } else { At::Exit }
    }

    /// At a tick: is it time to end? While it stops and takes no more connections, a sweep waits until nothing comes.
    pub(crate) fn stop_on_time(&mut self) {
        let (t, u, d) = (self.s.t, self.s.u, self.s.d);
        self.four(t, frame(var::STOPPING), NO_WHY);
        self.if_zero(t, At::SweepNow, "it goes on");
        self.four(u, frame(var::NOW), NO_WHY);
        self.four(d, frame(var::END), NO_WHY);
        self.branch(u, Cond::AboveOrEqual, d, self.at_once(), "time is up");
        self.branch(t, Cond::Above, 1i64, At::Next, NO_WHY);
        self.place(At::SweepNow);
    }

    /// Before a turn, once asked to stop. When the time for it has come, those that wait already are still taken, and
    /// then the listener is closed.
    pub(crate) fn stopping(&mut self) {
        let (t, u) = (self.s.t, self.s.u);
        self.place(At::Stopping);
        self.four(t, frame(var::NOW), NO_WHY);
        self.four(u, frame(var::DRAINED), NO_WHY);
        self.branch(t, Cond::Below, u, At::WaitForEvents, "not yet");
        self.set(self.s.n, 0i64, "is there anything?");
        self.four(t, frame(var::PAUSED), NO_WHY);
        self.if_zero(t, At::WaitForEvents, NO_WHY);
        // Nobody waits, or nobody can be taken. What has come on other connections is answered before they are swept.
        self.place(At::NobodyWaits);
        self.put_four(frame(var::STOPPING), 2i64, NO_WHY);
        self.set(self.s.op, abi::EPOLL_CTL_DEL, "others may hold the socket, too: closing does not remove it");
        self.gosub(Routine::WatchListener);
        self.four(t, frame(var::LISTENER), NO_WHY);
        self.call(Call::Close, &[Operand::Slot(t)], None, "no more connections");
        self.four(t, frame(var::CONNECTIONS), NO_WHY);
        self.if_zero(t, At::Exit, "nothing is under way");
        self.jump(At::EventLoop, NO_WHY);
        self.place(At::NoEvent);
        self.branch(self.s.n, Cond::Eq, -abi::EINTR, At::EventLoop, "stopped and continued");
        self.unless_zero(self.s.n, At::Failed, NO_WHY);
        self.four(t, frame(var::STOPPING), NO_WHY);
        self.branch(t, Cond::Eq, 1i64, At::NobodyWaits, NO_WHY);
        // Those that linger: where the client has acknowledged everything, that is enough.
        self.gosub(Routine::ExpireConnections);
        self.jump(At::EventLoop, NO_WHY);
    }
}
