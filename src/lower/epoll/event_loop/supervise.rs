//! Workers while they serve: the first signals the others, and ends all of them if one ends unasked.
//!
//! The first worker has the processes of the others in a table, from 1 on; [`var::WORKERS`] is how many there are. In
//! the others it is -1.

use asmgen_arch::op::{Cond, Operand};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::vars::var;

impl Engine<'_> {
    /// After signal `t`: does it count for this worker?
    ///
    /// ```text
    /// the first worker                          it counts
    /// another, SIGUSR1                          it counts: the first has sent it
    /// another, any other signal                 ignored: the first has got it, too, and sends SIGUSR1
    /// ```
    ///
    /// A terminal and systemd signal every process. A second signal that comes while the first is pending would be lost
    /// (signal(7)), so the first worker uses one of its own.
    pub(crate) fn ignore_foreign_signal(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (signal, workers) = (self.s.t, self.s.u);
        self.four(workers, frame(var::WORKERS), "-1 in all but the first");
        self.branch(workers, Cond::Ge, 0i64, At::SignalCounts, "the first heeds every signal");
        self.branch(signal, Cond::Ne, abi::SIGUSR1, At::Next, "the first gets it, too, and tells this one");
        self.place(At::SignalCounts);
    }

    /// Signals all other workers.
    pub(crate) fn signal_workers(&mut self, signal: i64, why: &str) {
        if self.has_workers() {
            self.set(self.s.c, signal, why);
            self.gosub(Routine::SignalWorkers);
        }
    }

    /// Loads the process of worker `u` into `t`.
    fn process_of_worker(&mut self) {
        let (process, worker, table) = (self.s.t, self.s.u, self.s.d);
        self.set(table, Operand::State(self.state.workers), "processes of the workers");
        self.set(process, worker, "workers are numbered from 1");
        self.shl(process, 2, "a process number has 4 bytes");
        self.four(process, sum(table, process, 0), "its process");
    }

    /// Has worker `u` ended? `n` is 0 if it has not.
    fn reap_worker(&mut self, options: Operand) {
        let zero = Operand::Const(0);
        self.process_of_worker();
        self.call(
            Call::Wait4,
            &[Operand::Slot(self.s.t), zero, options, zero],
            Some(self.s.n),
            "reap it, if it has ended",
        );
    }

    /// At a tick of the first worker: reaps what has ended.
    ///
    /// ```text
    /// stopping                  nothing: `wait_for_workers` reaps them
    /// orphans have ended        reaped: process 1 inherits them
    /// a worker has ended        all end, with exit 1
    /// ```
    pub(crate) fn reap_dead_workers(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (state, worker, ended) = (self.s.t, self.s.u, self.s.n);
        self.four(state, frame(var::STOPPING), "0 while serving");
        self.unless_zero(state, At::WorkersChecked, "workers end because they were told to");
        // This may also reap a worker. Then the call for that worker below returns an error, which counts as its end.
        self.place(At::Orphans);
        let args = [Operand::Const(-1), Operand::Const(0), Operand::Const(abi::WNOHANG), Operand::Const(0)];
        self.call(Call::Wait4, &args, Some(ended), "reap a child, whichever has ended");
        self.branch(ended, Cond::Gt, 0i64, At::Orphans, "another may have ended");
        self.four(worker, frame(var::WORKERS), "the last worker; less than 1 in the others");
        self.place(At::CheckWorker);
        self.branch(worker, Cond::Le, 0i64, At::WorkersChecked, "every worker runs");
        self.reap_worker(Operand::Const(abi::WNOHANG));
        self.unless_zero(ended, At::WorkerEnded, "it has ended unasked");
        self.take(worker, 1i64, "the worker before it");
        self.jump(At::CheckWorker, "until the first");
        self.place(At::WorkersChecked);
    }

    /// Before the first worker exits.
    ///
    /// ```text
    /// it has answered its own clients    reap workers that have ended; if one runs, go back to the event loop
    /// the deadline, a second signal      kill the workers, and wait for them
    /// ```
    ///
    /// In the event loop it still reads signals: a second one ends everything at once.
    pub(crate) fn wait_for_workers(&mut self) {
        if !self.has_workers() {
            return;
        }
        let (worker, ended, options) = (self.s.u, self.s.n, self.s.op);
        self.set(options, abi::WNOHANG, "a second signal must still get through");
        self.jump(At::Reap, "reap what has ended");
        self.place(At::EndNow);
        self.signal_workers(abi::SIGKILL, "their time is over, too");
        self.set(options, 0i64, "a killed worker ends soon");
        self.place(At::Reap);
        self.four(worker, frame(var::WORKERS), "the last worker; less than 1 in the others");
        self.branch(worker, Cond::Le, 0i64, At::AllEnded, "none is left");
        self.reap_worker(Operand::Slot(options));
        self.if_zero(ended, At::NotEnded, "it still answers its clients");
        self.add_four(var::WORKERS, -1, "one less");
        self.jump(At::Reap, "the worker before it");
        self.place(At::NotEnded);
        self.put_four(frame(var::STOPPING), 2i64, "nothing to accept any more");
        self.jump(At::WaitWhileStopping, "for a signal, or for 20 ms");
        self.worker_ended();
        self.sub(Routine::SignalWorkers);
        let process = self.s.t;
        self.four(worker, frame(var::WORKERS), "the last worker; less than 1 in the others");
        self.place(At::SignalNext);
        self.branch(worker, Cond::Le, 0i64, At::AllSignalled, "every worker is signalled");
        self.process_of_worker();
        self.call(Call::Kill, &[Operand::Slot(process), Operand::Slot(self.s.c)], None, "it may have ended already");
        self.take(worker, 1i64, "the worker before it");
        self.jump(At::SignalNext, "until the first");
        self.place(At::AllSignalled);
        self.ret(Routine::SignalWorkers);
        self.place(At::AllEnded);
    }

    /// Worker `u` has ended unasked and been reaped: the last worker takes its number, and all are told to stop.
    fn worker_ended(&mut self) {
        let (process, ended, last, table) = (self.s.t, self.s.u, self.s.c, self.s.d);
        self.place(At::WorkerEnded);
        self.put_four(frame(var::STATUS), 1i64, "an exit status of 1: a supervisor restarts the server");
        self.four(last, frame(var::WORKERS), "the last worker");
        self.shl(last, 2, "a process number has 4 bytes");
        self.shl(ended, 2, "a process number has 4 bytes");
        self.four(process, sum(table, last, 0), "process of the last worker");
        self.put_four(sum(table, ended, 0), process, "numbers have no gap");
        self.add_four(var::WORKERS, -1, "one less");
        self.jump(At::Asked, "as if a signal had come");
    }
}
