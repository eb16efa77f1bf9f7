//! The end: on SIGTERM or SIGINT connections are still taken for a while, then no more; what is under way is finished, and
//! a second signal or the deadline ends it.

use asmgen_arch::op::{Arg, Cond};
use asmgen_arch::syscall::Call;

use super::build::frame;
use super::layout::var;
use super::{Engine, abi};

impl Engine<'_> {
    /// The signal whose number is in `t`.
    pub(super) fn signal(&mut self) {
        let (t, u) = (self.s.t, self.s.u);
        self.pass_on();
        self.four(t, frame(var::STOPPING), "");
        self.unless_zero(t, "exit", "the second one");
        self.put_four(frame(var::STOPPING), 1i64, "replies close from here on");
        self.four(u, frame(var::NOW), "");
        let settings = &self.server.epoll;
        let (drain, stop) = (settings.drain_s, settings.stop_timeout_s);
        // A tick may come at once, so one second more where there are any.
        if drain > 0 {
            self.add(u, drain + 1, "");
        }
        self.put_four(frame(var::DRAINED), u, "until then connections are taken");
        self.add(u, stop, "");
        self.put_four(frame(var::END), u, "then everything ends");
        self.jump("next", "");
    }

    pub(super) fn stop(&mut self) {
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

    /// At a tick: is it time to end?
    pub(super) fn stop_on_time(&mut self) {
        let (t, u) = (self.s.t, self.s.u);
        self.four(t, frame(var::STOPPING), "");
        self.if_zero(t, "next", "it goes on");
        self.four(u, frame(var::NOW), "");
        self.four(t, frame(var::END), "");
        self.branch(u, Cond::AboveOrEqual, t, "exit", "time is up");
    }

    /// Before a turn, once asked to stop. When the time for it has come, those that wait already are still taken, and
    /// then the listener is closed.
    pub(super) fn stopping(&mut self) {
        let (t, u) = (self.s.t, self.s.u);
        self.place("stopping");
        self.four(t, frame(var::NOW), "");
        self.four(u, frame(var::DRAINED), "");
        self.branch(t, Cond::Below, u, "wait_for_events", "not yet");
        self.four(t, frame(var::PAUSED), "");
        self.unless_zero(t, "all_taken", "no more are there, or can be taken");
        self.set(self.s.left, 1i64, "take one, and come back");
        self.jump("accept", "");
        self.place("all_taken");
        self.put_four(frame(var::STOPPING), 2i64, "");
        self.set(self.s.op, abi::EPOLL_CTL_DEL, "others may hold the socket, too: closing does not remove it");
        self.gosub("watch_listener");
        self.four(t, frame(var::LISTENER), "");
        self.call(Call::Close, &[Arg::Slot(t)], None, "no more connections");
        self.gosub("sweep");
        self.four(t, frame(var::CONNECTIONS), "");
        self.if_zero(t, "exit", "nothing is under way");
        self.jump("turn", "");
        // While it stops, nobody that waits means that all are taken; a tick takes that back.
        self.place("nobody");
        self.four(t, frame(var::STOPPING), "");
        self.if_zero(t, "next", "");
        self.put_four(frame(var::PAUSED), 1i64, "");
        self.jump("next", "");
        // Those that linger: where the client has acknowledged everything, that is enough.
        self.place("no_event");
        self.four(t, frame(var::STOPPING), "");
        self.branch(t, Cond::Ne, 2i64, "turn", "");
        self.gosub("sweep");
        self.jump("turn", "");
    }
}
