//! The tick: once a second the server writes the date, checks its workers and its deadline, and expires connections.

use asmgen_arch::op::Cond;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::frame;
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::vars::var;

impl Engine<'_> {
    /// Emits the tick and the routines that only time needs.
    pub(crate) fn clock(&mut self) {
        self.tick();
        self.send_408();
        self.write_date();
        self.two_digits();
    }

    /// A tick, after `t` seconds.
    ///
    /// ```text
    /// one second         it counts
    /// several            they do not count: the process was stopped or frozen, and what clients have sent since then
    ///                    has not been read yet
    /// accepting paused   the listener goes back into the epoll set
    /// ```
    fn tick(&mut self) {
        let (seconds, paused, error) = (self.s.t, self.s.t, self.s.n);
        self.place(At::Tick);
        self.branch(seconds, Cond::Ne, 1i64, At::NotCounted, "it was stopped: no client's fault");
        self.add_four(var::NOW, 1, "deadlines are compared with it");
        self.place(At::NotCounted);
        self.gosub(Routine::Date);
        self.four(paused, frame(var::PAUSED), "set when no connection could be accepted");
        self.if_zero(paused, At::Unpaused, "the listener is in the epoll set");
        self.put_four(frame(var::EVENT), abi::EPOLLIN, "epoll_event.events");
        self.set(self.s.op, abi::EPOLL_CTL_ADD, "a connection may have ended since");
        self.gosub(Routine::WatchListener);
        self.branch(error, Cond::Lt, 0i64, At::Unpaused, "no memory for it: again at the next tick");
        self.put_four(frame(var::PAUSED), 0i64, "accepting again");
        self.place(At::Unpaused);
        self.reap_dead_workers();
        self.end_at_deadline();
        self.gosub(Routine::ExpireConnections);
        self.jump(At::Next, "the next event");
    }
}
