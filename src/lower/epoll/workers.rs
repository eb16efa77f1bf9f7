//! Several workers: processes that share nothing but the port. The kernel spreads connections over their listening
//! sockets (`SO_REUSEPORT`). The first worker is the parent: it tells the others to end, waits for them at the end, and
//! ends everything with exit 1 if one of them ends unasked.

use asmgen_arch::op::{Arg, Cond};
use asmgen_arch::syscall::Call;

use super::build::{frame, sum};
use super::layout::{MOST_WORKERS, var};
use super::script::{Given, Row};
use super::{Engine, abi};
use crate::spec::Workers;

/// Bytes of the set of cores that is asked for: 1,024 cores.
const CORES_BYTES: u32 = 128;

impl Engine<'_> {
    /// Is there more than one worker?
    pub(super) fn has_workers(&self) -> bool {
        self.server.epoll.workers != Workers::Count(1)
    }

    /// What the first does before there are others.
    pub(super) fn before_workers(&mut self) {
        let ends = Given::State(self.state.frame + var::READY);
        let rows = [Self::block_signals(), Row::new(Call::Pipe2, &[ends])];
        self.run("calls before there are workers", &rows);
    }

    /// Behind the start of each: the first goes on when all others are there; the others skip what it says.
    pub(super) fn workers_are_ready(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (u, t, n) = (self.s.u, self.s.t, self.s.n);
        let (number, heard, said) = (Given::Number, Given::Variable(var::READY), Given::Variable(var::READY_SAID));
        let close = |end| Row::new(Call::Close, &[end]);
        let say = Row::new(Call::Write, &[said, Given::State(self.state.frame), number(1)]);
        self.four(t, frame(var::WORKERS), "");
        self.branch(t, Cond::Ge, 0i64, "is_first", "");
        self.run("calls of a worker that is ready", &[say, close(heard), close(said)]);
        self.jump("started", "the first says it");
        self.place("is_first");
        // Where a worker has failed, its end of the pipe is closed, and it has said why.
        self.run("calls before the first waits", &[close(said)]);
        self.four(u, frame(var::WORKERS), "so many are not ready");
        self.place("wait_for_ready");
        self.if_zero(u, "all_ready", "");
        self.four(t, frame(var::READY), "");
        let args = [Arg::Slot(t), Arg::Frame(var::LONG_SCRATCH), Arg::Const(MOST_WORKERS.into())];
        self.call(Call::Read, &args, Some(n), "a byte of each");
        self.branch(n, Cond::Lt, 0i64, "failed", "");
        self.if_zero(n, "exit_1", "one of them has ended");
        self.take(u, n, "");
        self.jump("wait_for_ready", "");
        self.place("all_ready");
        self.run("calls when all are ready", &[close(heard)]);
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
        self.put_four(frame(var::WORKERS), -1i64, "this is one of them");
        let args = [Arg::Const(abi::PR_SET_PDEATHSIG), Arg::Const(abi::SIGUSR1), zero, zero, zero];
        self.call(Call::Prctl, &args, Some(n), "it does not outlive the first");
        self.branch(n, Cond::Lt, 0i64, "failed", "");
        self.call(Call::Getppid, &[], Some(n), "");
        self.branch(n, Cond::Lt, 0i64, "failed", "");
        self.four(t, frame(var::PASSED_TO), "");
        self.branch(n, Cond::Ne, t, "exit_1", "which has ended before that");
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

    /// Behind the signal `t`: the others heed the first alone. One from a terminal or from systemd comes to everybody, and a
    /// second one that came while it waits would be lost: so the first has a signal of its own.
    pub(super) fn heed(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (t, u) = (self.s.t, self.s.u);
        self.four(u, frame(var::WORKERS), "");
        self.branch(u, Cond::Ge, 0i64, "heeded", "the first");
        self.branch(t, Cond::Ne, abi::SIGUSR1, "next", "not from the first");
        self.place("heeded");
    }

    /// Sends a signal to all others.
    pub(super) fn pass_on(&mut self, signal: i64) {
        if self.has_workers() {
            self.set(self.s.c, signal, "");
            self.gosub("pass");
        }
    }

    /// The number of worker `u`, which is not the first, in `t`.
    fn number_of_worker(&mut self) {
        let (t, u) = (self.s.t, self.s.u);
        self.set(self.s.d, Arg::State(self.state.workers), "");
        self.set(t, u, "");
        self.shl(t, 2, "");
        self.four(t, sum(self.s.d, t, 0), "its process");
    }

    fn wait_for_worker(&mut self, options: Arg) {
        let zero = Arg::Const(0);
        self.number_of_worker();
        self.call(Call::Wait4, &[Arg::Slot(self.s.t), zero, options, zero], Some(self.s.n), "has it ended?");
    }

    /// At a tick: if one has ended unasked, all end.
    pub(super) fn look_for_workers(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (t, u, n) = (self.s.t, self.s.u, self.s.n);
        self.four(t, frame(var::STOPPING), "");
        self.unless_zero(t, "looked", "they end as they were told");
        // Orphans that process 1 inherits; and if one of the others ends just now, there is no such child below.
        self.place("orphans");
        let args = [Arg::Const(-1), Arg::Const(0), Arg::Const(abi::WNOHANG), Arg::Const(0)];
        self.call(Call::Wait4, &args, Some(n), "who has ended?");
        self.branch(n, Cond::Gt, 0i64, "orphans", "there may be another");
        self.four(u, frame(var::WORKERS), "");
        self.place("look");
        self.branch(u, Cond::Le, 0i64, "looked", "that was all");
        self.wait_for_worker(Arg::Const(abi::WNOHANG));
        self.unless_zero(n, "worker_ended", "");
        self.take(u, 1i64, "");
        self.jump("look", "");
        self.place("looked");
    }

    /// The end of the first: when the others have ended. Until then it goes on, for there may be another signal.
    pub(super) fn wait_for_workers(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (t, u, n, options) = (self.s.t, self.s.u, self.s.n, self.s.op);
        self.set(options, abi::WNOHANG, "");
        self.jump("reap", "");
        self.place("end_now");
        self.pass_on(abi::SIGKILL);
        self.set(options, 0i64, "");
        self.place("reap");
        self.four(u, frame(var::WORKERS), "");
        self.branch(u, Cond::Le, 0i64, "all_ended", "");
        self.wait_for_worker(Arg::Slot(options));
        self.if_zero(n, "not_ended", "");
        self.add_four(var::WORKERS, -1, "one less");
        self.jump("reap", "");
        self.place("not_ended");
        self.put_four(frame(var::STOPPING), 2i64, "");
        self.jump("wait_while_stopping", "");
        // One has ended unasked, and been reaped: the last one has its place.
        self.place("worker_ended");
        self.put_four(frame(var::STATUS), 1i64, "all end, and that is a failure");
        self.four(self.s.c, frame(var::WORKERS), "");
        self.shl(self.s.c, 2, "");
        self.shl(u, 2, "");
        self.four(t, sum(self.s.d, self.s.c, 0), "");
        self.put_four(sum(self.s.d, u, 0), t, "");
        self.add_four(var::WORKERS, -1, "one less");
        self.jump("asked", "");
        // Sends signal `c` to the others.
        self.sub("pass");
        self.four(u, frame(var::WORKERS), "");
        self.place("pass_next");
        self.branch(u, Cond::Le, 0i64, "passed", "");
        self.number_of_worker();
        self.call(Call::Kill, &[Arg::Slot(t), Arg::Slot(self.s.c)], None, "pass it on");
        self.take(u, 1i64, "");
        self.jump("pass_next", "");
        self.place("passed");
        self.ret("pass");
        self.place("all_ended");
    }
}
