//! Several workers: processes that share nothing but the port. The kernel spreads connections over their listening
//! sockets (`SO_REUSEPORT`). The first worker is the parent: it tells the others to end, waits for them at the end, and
//! ends everything with exit 1 if one of them ends unasked.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, frame, sum};
use crate::lower::epoll::asm::labels::At;
use crate::lower::epoll::startup::syscall_table::{Given, Row};
use crate::lower::epoll::state::memory_map::MOST_WORKERS;
use crate::lower::epoll::state::vars::var;
use crate::spec::Workers;

/// Bytes of the set of cores that is asked for: 1,024 cores.
const CORES_BYTES: u32 = 128;

impl Engine<'_> {
    /// Is there more than one worker?
    pub(crate) fn has_workers(&self) -> bool {
        self.server.epoll.workers != Workers::Count(1)
    }

    /// What the first does before there are others.
    pub(crate) fn before_workers(&mut self) {
        let ends = Given::Frame(var::READY.at);
        let rows = [Self::block_signals(), Row::new(Call::Pipe2, &[ends])];
        self.run("calls before there are workers", &rows);
    }

    /// Behind the start of each: the first goes on when all others are there; the others skip what it says.
    pub(crate) fn workers_are_ready(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (u, t, n) = (self.s.u, self.s.t, self.s.n);
        let (number, heard, said) = (Given::Number, Given::Variable(var::READY), Given::Variable(var::READY_SAID));
        let close = |end| Row::new(Call::Close, &[end]);
        let say = Row::new(Call::Write, &[said, Given::Frame(0), number(1)]);
        self.four(t, frame(var::WORKERS), NO_WHY);
        self.branch(t, Cond::Ge, 0i64, At::IsFirst, NO_WHY);
        self.run("calls of a worker that is ready", &[say, close(heard), close(said)]);
        self.jump(At::Started, "the first says it");
        self.place(At::IsFirst);
        // Where a worker has failed, its end of the pipe is closed, and it has said why.
        self.run("calls before the first waits", &[close(said)]);
        self.four(u, frame(var::WORKERS), "so many are not ready");
        self.place(At::WaitForReady);
        self.if_zero(u, At::AllReady, NO_WHY);
        self.four(t, frame(var::READY), NO_WHY);
        let args = [Operand::Slot(t), Operand::Frame(var::LONG_SCRATCH.at), Operand::Const(MOST_WORKERS.into())];
        self.call(Call::Read, &args, Some(n), "a byte of each");
        self.branch(n, Cond::Lt, 0i64, At::Failed, NO_WHY);
        self.if_zero(n, At::Exit1, "one of them has ended");
        self.take(u, n, NO_WHY);
        self.jump(At::WaitForReady, NO_WHY);
        self.place(At::AllReady);
        self.run("calls when all are ready", &[close(heard)]);
    }

    /// Starts all workers but the first.
    pub(crate) fn fork(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (t, n, u) = (self.s.t, self.s.n, self.s.u);
        match self.server.epoll.workers {
            Workers::Count(count) => self.set(u, count - 1, "workers besides this one"),
            Workers::Cores => self.count_cores(),
        }
        self.place(At::Fork);
        self.if_zero(u, At::Forked, "that is all");
        let zero = Operand::Const(0);
        self.call(Call::Clone, &[Operand::Const(abi::SIGCHLD), zero, zero, zero, zero], Some(n), "a worker");
        self.branch(n, Cond::Lt, 0i64, At::Failed, "no more processes");
        self.if_zero(n, At::Child, NO_WHY);
        self.four(t, frame(var::WORKERS), NO_WHY);
        self.add(t, 1i64, NO_WHY);
        self.put_four(frame(var::WORKERS), t, NO_WHY);
        self.shl(t, 2, NO_WHY);
        self.set(self.s.d, Operand::State(self.state.workers), NO_WHY);
        self.put_four(sum(self.s.d, t, 0), n, "its number");
        self.take(u, 1i64, NO_WHY);
        self.jump(At::Fork, NO_WHY);
        self.place(At::Child);
        self.put_four(frame(var::WORKERS), -1i64, "this is one of them");
        let args = [Operand::Const(abi::PR_SET_PDEATHSIG), Operand::Const(abi::SIGUSR1), zero, zero, zero];
        self.call(Call::Prctl, &args, Some(n), "it does not outlive the first");
        self.branch(n, Cond::Lt, 0i64, At::Failed, NO_WHY);
        self.call(Call::Getppid, &[], Some(n), NO_WHY);
        self.branch(n, Cond::Lt, 0i64, At::Failed, NO_WHY);
        self.four(t, frame(var::PASSED_TO), NO_WHY);
        self.branch(n, Cond::Ne, t, At::Exit1, "which has ended before that");
        self.place(At::Forked);
    }

    /// Cores this process may use, less one, in `u`.
    fn count_cores(&mut self) {
        let (t, n, u) = (self.s.t, self.s.n, self.s.u);
        let args = [Operand::Const(0), Operand::Const(CORES_BYTES.into()), Operand::Frame(var::LONG_SCRATCH.at)];
        self.call(Call::SchedGetaffinity, &args, Some(n), "cores, as bits");
        self.set(u, -1i64, NO_WHY);
        self.place(At::Cores);
        self.branch(n, Cond::Le, 0i64, At::CoresCounted, NO_WHY);
        self.take(n, 4i64, NO_WHY);
        self.set(self.s.wide, Operand::Frame(var::LONG_SCRATCH.at), NO_WHY);
        self.four(t, sum(self.s.wide, n, 0), "32 of them");
        self.place(At::Core);
        self.if_zero(t, At::Cores, NO_WHY);
        self.set(self.s.d, t, NO_WHY);
        self.take(self.s.d, 1i64, NO_WHY);
        self.and(t, self.s.d, "without the lowest bit");
        self.add(u, 1i64, NO_WHY);
        self.jump(At::Core, NO_WHY);
        self.place(At::CoresCounted);
        self.branch(u, Cond::Lt, 0i64, At::CoresUnknown, NO_WHY);
        self.branch(u, Cond::Below, MOST_WORKERS, At::CoresFew, NO_WHY);
        self.set(u, MOST_WORKERS - 1, "as many as there may be");
        self.jump(At::CoresFew, NO_WHY);
        self.place(At::CoresUnknown);
        self.set(u, 0i64, "none besides this one");
        self.place(At::CoresFew);
    }
}
