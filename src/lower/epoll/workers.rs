//! Several workers: processes that share nothing but the port. The kernel spreads connections over their listening
//! sockets (`SO_REUSEPORT`). The first worker is the parent: it passes signals on, waits for the others at the end, and
//! ends everything with exit 1 if one of them ends unasked.

use asmgen_arch::op::{Arg, Cond};
use asmgen_arch::syscall::Call;

use super::build::{frame, sum};
use super::layout::{MOST_WORKERS, var};
use super::{Engine, abi};
use crate::spec::Workers;

/// Where a `struct signalfd_siginfo` has the process that sent it.
const SIGNAL_FROM: u32 = 12;
/// Bytes of the set of cores that is asked for: 1,024 cores.
const CORES_BYTES: u32 = 128;

impl Engine<'_> {
    /// Is there more than one worker?
    pub(super) fn has_workers(&self) -> bool {
        self.server.epoll.workers != Workers::Count(1)
    }

    /// Starts all workers but the first.
    pub(super) fn fork(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (t, n, u) = (self.s.t, self.s.n, self.s.u);
        match self.server.epoll.workers {
            Workers::Count(count) => self.set(u, count - 1, "workers besides this one"),
            Workers::Cores => self.count_cores(),
        }
        self.place("fork");
        self.if_zero(u, "forked", "that is all");
        let zero = Arg::Const(0);
        self.call(Call::Clone, &[Arg::Const(abi::SIGCHLD), zero, zero, zero, zero], Some(n), "a worker");
        self.branch(n, Cond::Lt, 0i64, "failed", "no more processes");
        self.if_zero(n, "child", "");
        self.four(t, frame(var::WORKERS), "");
        self.add(t, 1i64, "");
        self.put_four(frame(var::WORKERS), t, "");
        self.shl(t, 2, "");
        self.set(self.s.d, Arg::State(self.state.workers), "");
        self.put_four(sum(self.s.d, t, 0), n, "its number");
        self.take(u, 1i64, "");
        self.jump("fork", "");
        self.place("child");
        self.set(n, 0i64, "");
        self.four(t, frame(var::PASSED_TO), "");
        self.take(n, t, "");
        self.put_four(frame(var::WORKERS), n, "this is one of them, and whose");
        let args = [Arg::Const(abi::PR_SET_PDEATHSIG), Arg::Const(abi::SIGTERM), zero, zero, zero];
        self.call(Call::Prctl, &args, None, "it does not outlive the first");
        self.place("forked");
    }

    /// Cores this process may use, less one, in `u`.
    fn count_cores(&mut self) {
        let (t, n, u) = (self.s.t, self.s.n, self.s.u);
        let args = [Arg::Const(0), Arg::Const(CORES_BYTES.into()), Arg::Frame(var::LONG_SCRATCH)];
        self.call(Call::SchedGetaffinity, &args, Some(n), "cores, as bits");
        self.set(u, -1i64, "");
        self.place("cores");
        self.branch(n, Cond::Le, 0i64, "cores_counted", "");
        self.take(n, 4i64, "");
        self.set(self.s.wide, Arg::Frame(var::LONG_SCRATCH), "");
        self.four(t, sum(self.s.wide, n, 0), "32 of them");
        self.place("core");
        self.if_zero(t, "cores", "");
        self.set(self.s.d, t, "");
        self.take(self.s.d, 1i64, "");
        self.and(t, self.s.d, "without the lowest bit");
        self.add(u, 1i64, "");
        self.jump("core", "");
        self.place("cores_counted");
        self.branch(u, Cond::Lt, 0i64, "cores_unknown", "");
        self.branch(u, Cond::Below, MOST_WORKERS, "cores_few", "");
        self.set(u, MOST_WORKERS - 1, "as many as there may be");
        self.jump("cores_few", "");
        self.place("cores_unknown");
        self.set(u, 0i64, "none besides this one");
        self.place("cores_few");
    }

    /// Behind a signal, which lies in the scratch place: passes it on to the others.
    pub(super) fn pass_on(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (t, u) = (self.s.t, self.s.u);
        // A signal to all of them, as of ^C, comes to each, and from the first once more: it counts once.
        self.four(u, frame(var::WORKERS), "");
        self.branch(u, Cond::Ge, 0i64, "heeded", "the first heeds everybody");
        self.four(self.s.d, frame(var::LONG_SCRATCH + SIGNAL_FROM), "");
        self.add(self.s.d, u, "");
        self.unless_zero(self.s.d, "next", "the others heed the first alone");
        self.place("heeded");
        self.branch(t, Cond::Ne, abi::SIGCHLD, "asked", "");
        self.four(t, frame(var::STOPPING), "");
        self.unless_zero(t, "next", "one has ended, as it was told");
        self.put_four(frame(var::STATUS), 1i64, "one has ended unasked: all end");
        self.place("asked");
        self.four(u, frame(var::WORKERS), "");
        self.place("pass");
        self.branch(u, Cond::Le, 0i64, "passed", "");
        self.set(self.s.d, Arg::State(self.state.workers), "");
        self.set(t, u, "");
        self.shl(t, 2, "");
        self.four(t, sum(self.s.d, t, 0), "");
        self.call(Call::Kill, &[Arg::Slot(t), Arg::Const(abi::SIGTERM)], None, "pass it on");
        self.take(u, 1i64, "");
        self.jump("pass", "");
        self.place("passed");
    }

    /// The first waits for the others.
    pub(super) fn wait_for_workers(&mut self) {
        if !self.has_workers() {
            return;
        }
        let n = self.s.n;
        self.place("wait_for_all");
        let args = [Arg::Const(-1), Arg::Const(0), Arg::Const(0), Arg::Const(0)];
        self.call(Call::Wait4, &args, Some(n), "wait for a worker");
        self.branch(n, Cond::Gt, 0i64, "wait_for_all", "the next one");
        self.branch(n, Cond::Eq, -abi::EINTR, "wait_for_all", "stopped and continued");
    }
}
