//! The end: on SIGTERM or SIGINT connections are still taken for a while, then no more; what is under way is finished, and
//! a second signal or the deadline ends it.

use asmgen_arch::op::{Arg, Cond};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::frame;
use crate::lower::epoll::state::vars::var;

impl Engine<'_> {
    /// The signal whose number is in `t`.
    pub(crate) fn signal(&mut self) {
        let (t, u) = (self.s.t, self.s.u);
        self.heed();
        self.four(t, frame(var::STOPPING), "");
        self.unless_zero(t, self.at_once(), "the second one");
        if self.has_workers() {
            self.place("asked");
        }
        self.pass_on(abi::SIGUSR1);
        self.put_four(frame(var::STOPPING), 1i64, "replies close from here on");
        self.four(u, frame(var::NOW), "");
        let settings = &self.server.epoll;
        let (drain, stop) = (settings.drain_s, settings.stop_timeout_s);
        // A tick may come at once, so one second more where there are any.
        if drain > 0 {
            self.add(u, drain + 1, "");
        }
        self.put_four(frame(var::DRAINED), u, "until then connections are taken");
        self.add(u, stop + u32::from(drain == 0), "");
        self.put_four(frame(var::END), u, "then everything ends");
        self.jump("next", "");
    }

    pub(crate) fn stop(&mut self) {
        let t = self.s.t;
        self.place("exit");
        self.wait_for_workers();
        let status = if self.has_workers() {
            self.four(t, frame(var::STATUS), "");
            Arg::Slot(t)
        } else {
            Arg::Const(0)
        };
        self.call(Call::Exit, &[status], None, "done");
    }

    /// Where everything ends, whatever is under way.
    fn at_once(&self) -> &'static str {
        if self.has_workers() { "end_now" } else { "exit" }
    }

    /// At a tick: is it time to end? While it stops and takes no more connections, a sweep waits until nothing comes.
    pub(crate) fn stop_on_time(&mut self) {
        let (t, u, d) = (self.s.t, self.s.u, self.s.d);
        self.four(t, frame(var::STOPPING), "");
        self.if_zero(t, "sweep_now", "it goes on");
        self.four(u, frame(var::NOW), "");
        self.four(d, frame(var::END), "");
        self.branch(u, Cond::AboveOrEqual, d, self.at_once(), "time is up");
        self.branch(t, Cond::Above, 1i64, "next", "");
        self.place("sweep_now");
    }

    /// Before a turn, once asked to stop. When the time for it has come, those that wait already are still taken, and
    /// then the listener is closed.
    pub(crate) fn stopping(&mut self) {
        let (t, u) = (self.s.t, self.s.u);
        self.place("stopping");
        self.four(t, frame(var::NOW), "");
        self.four(u, frame(var::DRAINED), "");
        self.branch(t, Cond::Below, u, "wait_for_events", "not yet");
        self.set(self.s.n, 0i64, "is there anything?");
        self.four(t, frame(var::PAUSED), "");
        self.if_zero(t, "wait_for_events", "");
        // Nobody waits, or nobody can be taken. What has come on other connections is answered before they are swept.
        self.place("nobody_waits");
        self.put_four(frame(var::STOPPING), 2i64, "");
        self.set(self.s.op, abi::EPOLL_CTL_DEL, "others may hold the socket, too: closing does not remove it");
        self.gosub("watch_listener");
        self.four(t, frame(var::LISTENER), "");
        self.call(Call::Close, &[Arg::Slot(t)], None, "no more connections");
        self.four(t, frame(var::CONNECTIONS), "");
        self.if_zero(t, "exit", "nothing is under way");
        self.jump("turn", "");
        self.place("no_event");
        self.branch(self.s.n, Cond::Eq, -abi::EINTR, "turn", "stopped and continued");
        self.unless_zero(self.s.n, "failed", "");
        self.four(t, frame(var::STOPPING), "");
        self.branch(t, Cond::Eq, 1i64, "nobody_waits", "");
        // Those that linger: where the client has acknowledged everything, that is enough.
        self.gosub("sweep");
        self.jump("turn", "");
    }
}
