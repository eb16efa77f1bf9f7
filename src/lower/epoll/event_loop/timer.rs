//! The clock: once a second timeouts are looked at, and the date is written anew.

use asmgen_arch::op::Cond;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::vars::var;

impl Engine<'_> {
    pub(crate) fn clock(&mut self) {
        self.tick();
        self.late();
        self.write_date();
        self.two_digits();
    }

    /// Behind `t` seconds. If they are more than one, it was stopped, or frozen: what has come meanwhile has not been looked
    /// at yet, so they do not count.
    fn tick(&mut self) {
        let t = self.s.t;
        self.place(At::Tick);
        self.branch(t, Cond::Ne, 1i64, At::NotCounted, NO_WHY);
        self.add_four(var::NOW, 1, "so late it is");
        self.place(At::NotCounted);
        self.gosub(Routine::Date);
        self.four(t, frame(var::PAUSED), NO_WHY);
        self.if_zero(t, At::Unpaused, NO_WHY);
        self.put_four(frame(var::EVENT), abi::EPOLLIN, "connections are taken again");
        self.set(self.s.op, abi::EPOLL_CTL_ADD, NO_WHY);
        self.gosub(Routine::WatchListener);
        self.branch(self.s.n, Cond::Lt, 0i64, At::Unpaused, "not yet");
        self.put_four(frame(var::PAUSED), 0i64, NO_WHY);
        self.place(At::Unpaused);
        self.look_for_workers();
        self.stop_on_time();
        self.gosub(Routine::ExpireConnections);
        self.jump(At::Next, NO_WHY);
    }
}
