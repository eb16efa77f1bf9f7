//! The graceful stop, in three steps: SIGTERM or SIGINT, the end of the drain time, the end.
//!
//! ```text
//! STOPPING    connections           replies      ends
//! 0           accepted              keep-alive   by a signal
//! 1           accepted              close        after the drain time
//! 2           listener closed       close        with the last connection, at the deadline, or by a second signal
//! ```

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::frame;
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::vars::var;

impl Engine<'_> {
    /// After a signal, with its number in `t`: the first begins the stop, the second ends the server at once.
    pub(crate) fn signal(&mut self) {
        let (state, end) = (self.s.t, self.s.u);
        self.ignore_foreign_signal();
        self.four(state, frame(var::STOPPING), "0 before the first signal");
        self.unless_zero(state, self.at_once(), "a second signal means now");
        if self.has_workers() {
            self.place(At::Asked);
        }
        self.signal_workers(abi::SIGUSR1, "all workers drain at the same time");
        self.put_four(frame(var::STOPPING), 1i64, "from here on replies say `Connection: close`");
        self.four(end, frame(var::NOW), "both times count from now");
        let settings = &self.server.epoll;
        let (drain, stop) = (settings.drain_s, settings.stop_timeout_s);
        // The next tick may come at once, so a second more where there are any.
        if drain > 0 {
            self.add(end, drain + 1, "a tick may come at once: one second more");
        }
        self.put_four(frame(var::DRAINED), end, "until then connections are accepted");
        let why =
            if drain == 0 { "a tick may come at once: one second more" } else { "the second more is in it already" };
        self.add(end, stop + u32::from(drain == 0), why);
        self.put_four(frame(var::END), end, "requests under way may take until then");
        self.jump(At::Next, "other events may wait");
    }

    /// The exit of a server that was told to end.
    pub(crate) fn exit(&mut self) {
        let status = self.s.t;
        self.place(At::Exit);
        self.wait_for_workers();
        let status = if self.has_workers() {
            self.four(status, frame(var::STATUS), "1 if a worker has failed");
            Operand::Slot(status)
        } else {
            Operand::Const(0)
        };
        self.call(Call::Exit, &[status], None, "the kernel closes what is open");
    }

    /// Where the server ends at once, whatever is under way.
    fn at_once(&self) -> At {
        if self.has_workers() { At::EndNow } else { At::Exit }
    }

    /// At a tick: is it time to end, or to expire connections?
    ///
    /// ```text
    /// serving                           expire connections
    /// stopping, deadline reached        end at once
    /// stopping, listener closed         the next event: the loop expires connections in every pause
    /// stopping, drain time              expire connections
    /// ```
    pub(crate) fn end_at_deadline(&mut self) {
        let (state, now, end) = (self.s.t, self.s.u, self.s.d);
        self.four(state, frame(var::STOPPING), "0, 1 or 2");
        self.if_zero(state, At::SweepNow, "serving");
        self.four(now, frame(var::NOW), "the time");
        self.four(end, frame(var::END), "the deadline");
        self.branch(now, Cond::AboveOrEqual, end, self.at_once(), "clients had their time");
        self.branch(state, Cond::Above, 1i64, At::Next, "connections expire in every pause of 20 ms");
        self.place(At::SweepNow);
    }

    /// Before a wait, once asked to stop; and after a wait without events.
    ///
    /// ```text
    /// drain time is left                        wait until an event
    /// it is over, and the listener may have     wait for nothing: connections in the queue are still accepted
    /// it is over, and none can be accepted      close the listener
    /// nothing has happened, state 1             the queue is empty: close the listener
    /// nothing has happened, state 2             expire connections
    /// ```
    pub(crate) fn stopping(&mut self) {
        let (t, drained, timeout) = (self.s.t, self.s.u, self.s.n);
        self.place(At::Stopping);
        self.four(t, frame(var::NOW), "the time");
        self.four(drained, frame(var::DRAINED), "when the listener closes");
        self.branch(t, Cond::Below, drained, At::WaitForEvents, "drain time is left");
        self.set(timeout, 0i64, "is any connection in the queue?");
        self.four(t, frame(var::PAUSED), "is the listener out of the epoll set?");
        self.if_zero(t, At::WaitForEvents, "it is in: accept what its queue has");
        self.close_listener();
        self.place(At::NoEvent);
        let result = self.s.n;
        self.branch(result, Cond::Eq, -abi::EINTR, At::EventLoop, "stopped and continued (signal(7))");
        self.unless_zero(result, At::Failed, "the epoll set is broken");
        self.four(t, frame(var::STOPPING), "1 or 2: only a stop has a timeout");
        self.branch(t, Cond::Eq, 1i64, At::QueueEmpty, "drain time is over, and so is the queue");
        // A connection has nothing to wait for once its client has acknowledged everything.
        self.gosub(Routine::ExpireConnections);
        self.jump(At::EventLoop, "until none is left");
    }

    /// Closes the listener. What has come on other connections is answered before those are closed.
    fn close_listener(&mut self) {
        let t = self.s.t;
        self.place(At::QueueEmpty);
        self.put_four(frame(var::STOPPING), 2i64, "the listener is closed");
        self.set(
            self.s.op,
            abi::EPOLL_CTL_DEL,
            "another process may hold the socket: closing would not remove it (epoll(7))",
        );
        self.gosub(Routine::WatchListener);
        self.four(t, frame(var::LISTENER), "the listening socket");
        self.call(Call::Close, &[Operand::Slot(t)], None, "clients that come now are refused");
        self.four(t, frame(var::CONNECTIONS), "open connections");
        self.if_zero(t, At::Exit, "no request is under way");
        self.jump(At::EventLoop, "they have time until the deadline");
    }
}
