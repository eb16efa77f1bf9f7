//! `pause`: waits for SIGTERM or SIGINT, then exits 0; the kernel reaps orphans meanwhile.
//!
//! The kernel drops signals of process 1 that have the default action, unless they are blocked (kernel/signal.c,
//! `sig_task_ignored`). The program therefore blocks both and waits for them. The wait returns EINTR after SIGSTOP and
//! SIGCONT, and after a freeze and a thaw (signal(7)), so it is in a loop.

use asmgen_arch::op::{Cond, Kind, Op, Operand, Part, Program};
use asmgen_arch::syscall::Call;

use super::abi;

/// The program.
pub(super) fn lower() -> Program {
    let mut program = Program::default();
    let signal = program.slot("signal", Kind::Int);
    let wait = program.label("wait");
    // The handler alone: flags, restorer and mask are copied and of no effect where the signal is ignored
    // (kernel/signal.c do_sigaction, do_notify_parent).
    let ignore = program.datum("struct sigaction: ignore", vec![Part::Word(abi::SIG_IGN)], 3 * 8);
    let set = abi::signal_bit(abi::SIGTERM) | abi::signal_bit(abi::SIGINT);
    let ends = program.datum("signal set: SIGTERM, SIGINT", vec![Part::Bytes(set.to_le_bytes().into())], 0);
    let set_bytes = Operand::Const(abi::SIGSET_BYTES);

    let args = [Operand::Const(abi::SIGCHLD), Operand::Data(ignore), Operand::Const(0), set_bytes];
    program.call(Call::RtSigaction, &args, None, "ignore SIGCHLD: the kernel reaps orphans");
    let args = [Operand::Const(abi::SIG_BLOCK), Operand::Data(ends), Operand::Const(0), set_bytes];
    program.call(Call::RtSigprocmask, &args, None, "process 1 gets SIGTERM and SIGINT only if they are blocked");
    program.place(wait);
    let args = [Operand::Data(ends), Operand::Const(0), Operand::Const(0), set_bytes];
    program.call(Call::RtSigtimedwait, &args, Some(signal), "either ends it");
    let again = Op::Branch { left: signal, cond: Cond::Lt, right: Operand::Const(0), to: wait };
    program.push(again, "EINTR after a stop or a freeze: wait again (signal(7))");
    program.call(Call::Exit, &[Operand::Const(0)], None, "asked to end");
    // These arguments are valid (kernel/signal.c).
    program.cannot_fail = vec![Call::RtSigaction, Call::RtSigprocmask];
    program
}
