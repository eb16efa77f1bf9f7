//! Workers while they serve: the first tells the others of signals, and ends everything if one of them ends unasked.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::vars::var;

impl Engine<'_> {
    /// Behind the signal `t`: the others heed the first alone. One from a terminal or from systemd comes to everybody, and a
    /// second one that came while it waits would be lost: so the first has a signal of its own.
    pub(crate) fn heed(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (t, u) = (self.s.t, self.s.u);
        self.four(u, frame(var::WORKERS), NO_WHY);
        self.branch(u, Cond::Ge, 0i64, At::Heeded, "the first");
        self.branch(t, Cond::Ne, abi::SIGUSR1, At::Next, "not from the first");
        self.place(At::Heeded);
    }

    /// Sends a signal to all others.
    pub(crate) fn pass_on(&mut self, signal: i64) {
        if self.has_workers() {
            self.set(self.s.c, signal, NO_WHY);
            self.gosub(Routine::SignalWorkers);
        }
    }

    /// The number of worker `u`, which is not the first, in `t`.
    fn number_of_worker(&mut self) {
        let (t, u) = (self.s.t, self.s.u);
        self.set(self.s.d, Operand::State(self.state.workers), NO_WHY);
        self.set(t, u, NO_WHY);
        self.shl(t, 2, NO_WHY);
        self.four(t, sum(self.s.d, t, 0), "its process");
    }

    fn wait_for_worker(&mut self, options: Operand) {
        let zero = Operand::Const(0);
        self.number_of_worker();
        self.call(Call::Wait4, &[Operand::Slot(self.s.t), zero, options, zero], Some(self.s.n), "has it ended?");
    }

    /// At a tick: if one has ended unasked, all end.
    pub(crate) fn look_for_workers(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (t, u, n) = (self.s.t, self.s.u, self.s.n);
        self.four(t, frame(var::STOPPING), NO_WHY);
        self.unless_zero(t, At::Looked, "they end as they were told");
        // Orphans that process 1 inherits; and if one of the others ends just now, there is no such child below.
        self.place(At::Orphans);
        let args = [Operand::Const(-1), Operand::Const(0), Operand::Const(abi::WNOHANG), Operand::Const(0)];
        self.call(Call::Wait4, &args, Some(n), "who has ended?");
        self.branch(n, Cond::Gt, 0i64, At::Orphans, "there may be another");
        self.four(u, frame(var::WORKERS), NO_WHY);
        self.place(At::Look);
        self.branch(u, Cond::Le, 0i64, At::Looked, "that was all");
        self.wait_for_worker(Operand::Const(abi::WNOHANG));
        self.unless_zero(n, At::WorkerEnded, NO_WHY);
        self.take(u, 1i64, NO_WHY);
        self.jump(At::Look, NO_WHY);
        self.place(At::Looked);
    }

    /// The end of the first: when the others have ended. Until then it goes on, for there may be another signal.
    pub(crate) fn wait_for_workers(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (t, u, n, options) = (self.s.t, self.s.u, self.s.n, self.s.op);
        self.set(options, abi::WNOHANG, NO_WHY);
        self.jump(At::Reap, NO_WHY);
        self.place(At::EndNow);
        self.pass_on(abi::SIGKILL);
        self.set(options, 0i64, NO_WHY);
        self.place(At::Reap);
        self.four(u, frame(var::WORKERS), NO_WHY);
        self.branch(u, Cond::Le, 0i64, At::AllEnded, NO_WHY);
        self.wait_for_worker(Operand::Slot(options));
        self.if_zero(n, At::NotEnded, NO_WHY);
        self.add_four(var::WORKERS, -1, "one less");
        self.jump(At::Reap, NO_WHY);
        self.place(At::NotEnded);
        self.put_four(frame(var::STOPPING), 2i64, NO_WHY);
        self.jump(At::WaitWhileStopping, NO_WHY);
        // One has ended unasked, and been reaped: the last one has its place.
        self.place(At::WorkerEnded);
        self.put_four(frame(var::STATUS), 1i64, "all end, and that is a failure");
        self.four(self.s.c, frame(var::WORKERS), NO_WHY);
        self.shl(self.s.c, 2, NO_WHY);
        self.shl(u, 2, NO_WHY);
        self.four(t, sum(self.s.d, self.s.c, 0), NO_WHY);
        self.put_four(sum(self.s.d, u, 0), t, NO_WHY);
        self.add_four(var::WORKERS, -1, "one less");
        self.jump(At::Asked, NO_WHY);
        // Sends signal `c` to the others.
        self.sub(Routine::SignalWorkers);
        self.four(u, frame(var::WORKERS), NO_WHY);
        self.place(At::PassNext);
        self.branch(u, Cond::Le, 0i64, At::Passed, NO_WHY);
        self.number_of_worker();
        self.call(Call::Kill, &[Operand::Slot(t), Operand::Slot(self.s.c)], None, "pass it on");
        self.take(u, 1i64, NO_WHY);
        self.jump(At::PassNext, NO_WHY);
        self.place(At::Passed);
        self.ret(Routine::SignalWorkers);
        self.place(At::AllEnded);
    }
}
