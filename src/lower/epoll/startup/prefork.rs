//! Several workers: processes that share nothing but the port. The kernel spreads connections over their listening
//! sockets (`SO_REUSEPORT`, socket(7)).
//!
//! The first worker is the parent of the others. It signals them to end, waits for them, and ends all with exit 1 if
//! one of them ends unasked (`event_loop/supervise`). They tell it through a pipe that they listen; only then it writes
//! the start line.

use asmgen_arch::op::{Cond, Operand, Slot};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{frame, sum};
use crate::lower::epoll::asm::labels::At;
use crate::lower::epoll::startup::syscall_table::{Given, Row};
use crate::lower::epoll::state::memory_map::MOST_WORKERS;
use crate::lower::epoll::state::vars::var;
use crate::spec::Workers;

/// Bytes of the affinity mask that is asked for: 1,024 cores. The call fails on a kernel built for more
/// (sched_getaffinity(2)).
const CORES_BYTES: u32 = 128;

impl Engine<'_> {
    /// Is there more than one worker?
    pub(crate) fn has_workers(&self) -> bool {
        self.server.epoll.workers != Workers::Count(1)
    }

    /// What the first worker does before it starts the others: they inherit the blocked signals and the pipe.
    pub(crate) fn before_workers(&mut self) {
        let ends = Given::Frame(var::READY.at);
        let rows = [Self::block_signals(), Row::new(Call::Pipe2, &[ends])];
        self.run("calls before there are workers", &rows);
    }

    /// Waits until all workers listen.
    ///
    /// ```text
    /// another worker                     writes a byte to the pipe, and serves without a start line
    /// the first, bytes are missing       waits for the pipe
    /// the first, the pipe has ended      exit 1: a worker has ended, and has said why
    /// the first, a byte from each        goes on to the start line
    /// ```
    pub(crate) fn workers_are_ready(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (missing, t, read) = (self.s.u, self.s.t, self.s.n);
        let (number, heard, said) = (Given::Number, Given::Variable(var::READY), Given::Variable(var::READY_SAID));
        let close = |end| Row::new(Call::Close, &[end]);
        let say = Row::new(Call::Write, &[said, Given::Frame(0), number(1)]);
        self.four(t, frame(var::WORKERS), "-1 in all but the first");
        self.branch(t, Cond::Ge, 0i64, At::IsFirst, "the first waits for the others");
        self.run("calls of a worker that is ready", &[say, close(heard), close(said)]);
        self.jump(At::Started, "only the first writes a start line");
        self.place(At::IsFirst);
        // With its own writing end closed, the first reads the pipe's end as soon as a worker that is not ready exits.
        self.run("calls before the first waits", &[close(said)]);
        self.four(missing, frame(var::WORKERS), "so many are not ready");
        self.place(At::WaitForReady);
        self.if_zero(missing, At::AllReady, "all of them listen");
        self.four(t, frame(var::READY), "the pipe's reading end");
        let args = [Operand::Slot(t), Operand::Frame(var::LONG_SCRATCH.at), Operand::Const(MOST_WORKERS.into())];
        self.call(Call::Read, &args, Some(read), "a byte of each that is ready");
        self.branch(read, Cond::Lt, 0i64, At::Failed, "the pipe is broken");
        self.if_zero(read, At::Exit1, "the pipe has ended: so has one of them");
        self.take(missing, read, "each writes one byte");
        self.jump(At::WaitForReady, "others may be missing");
        self.place(At::AllReady);
        self.run("calls when all are ready", &[close(heard)]);
    }

    /// Starts all workers but the first.
    pub(crate) fn fork(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (number, process, left, table) = (self.s.t, self.s.n, self.s.u, self.s.d);
        match self.server.epoll.workers {
            Workers::Count(count) => self.set(left, count - 1, "this process is the first worker"),
            Workers::Cores => self.count_cores(),
        }
        self.place(At::Fork);
        self.if_zero(left, At::Forked, "all are started");
        let zero = Operand::Const(0);
        self.call(Call::Clone, &[Operand::Const(abi::SIGCHLD), zero, zero, zero, zero], Some(process), "a worker");
        self.branch(process, Cond::Lt, 0i64, At::Failed, "a limit of processes, or of memory");
        self.if_zero(process, At::Child, "clone(2) returns 0 in the new process");
        self.four(number, frame(var::WORKERS), "workers so far");
        self.add(number, 1i64, "they are numbered from 1");
        self.put_four(frame(var::WORKERS), number, "one more");
        self.shl(number, 2, "process numbers have 4 bytes");
        self.set(table, Operand::State(self.state.workers), "their table");
        self.put_four(sum(table, number, 0), process, "to signal it and to wait for it");
        self.take(left, 1i64, "one less to start");
        self.jump(At::Fork, "the next one");
        self.place(At::Child);
        self.dies_with_first(process);
        self.place(At::Forked);
    }

    /// In a new worker: it ends with the first, even if the first is killed.
    fn dies_with_first(&mut self, parent: Slot) {
        let (zero, first) = (Operand::Const(0), self.s.t);
        self.put_four(frame(var::WORKERS), -1i64, "this is not the first");
        let args = [Operand::Const(abi::PR_SET_PDEATHSIG), Operand::Const(abi::SIGUSR1), zero, zero, zero];
        self.call(Call::Prctl, &args, Some(parent), "the signal by which the first stops it");
        self.branch(parent, Cond::Lt, 0i64, At::Failed, "it could outlive the first");
        self.call(Call::Getppid, &[], Some(parent), "the first may have ended before the call");
        self.branch(parent, Cond::Lt, 0i64, At::Failed, "a sandbox may refuse the call");
        self.four(first, frame(var::PASSED_TO), "the first's process number");
        self.branch(parent, Cond::Ne, first, At::Exit1, "it has, and no signal will come");
    }

    /// Counts the cores that this process may use, less one, in `u`.
    ///
    /// ```text
    /// the mask has a core to MOST_WORKERS      a worker for each
    /// it has more                               MOST_WORKERS workers
    /// the call fails                            one worker
    /// ```
    fn count_cores(&mut self) {
        let (cores, bytes, count, others, mask) = (self.s.t, self.s.n, self.s.u, self.s.d, self.s.wide);
        let args = [Operand::Const(0), Operand::Const(CORES_BYTES.into()), Operand::Frame(var::LONG_SCRATCH.at)];
        self.call(Call::SchedGetaffinity, &args, Some(bytes), "the affinity mask, a bit for each core");
        self.set(count, -1i64, "this process takes one of them");
        self.place(At::Cores);
        self.branch(bytes, Cond::Le, 0i64, At::CoresCounted, "the whole mask, or the call has failed");
        self.take(bytes, 4i64, "from the mask's end");
        self.set_address(mask, var::LONG_SCRATCH, "where the kernel has written it");
        self.four(cores, sum(mask, bytes, 0), "32 cores");
        self.place(At::Core);
        self.if_zero(cores, At::Cores, "no bit of them is left");
        self.set(others, cores, "n and n - 1 differ");
        self.take(others, 1i64, "from the lowest bit down");
        self.and(cores, others, "without the lowest bit");
        self.add(count, 1i64, "it was a core");
        self.jump(At::Core, "the next bit");
        self.place(At::CoresCounted);
        self.branch(count, Cond::Lt, 0i64, At::CoresUnknown, "the call has failed");
        self.branch(count, Cond::Below, MOST_WORKERS, At::CoresFew, "the table has room for them");
        self.set(count, MOST_WORKERS - 1, "as many as the table has room for");
        self.jump(At::CoresFew, "start them");
        self.place(At::CoresUnknown);
        self.set(count, 0i64, "one worker is right on any machine");
        self.place(At::CoresFew);
    }
}
