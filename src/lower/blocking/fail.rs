//! The message of a server that cannot listen, and the exits.

use asmgen_arch::op::{Base, BinOp, Cond, Kind, Mem, Op, Operand, Part, Width};
use asmgen_arch::syscall::Call;

use super::{Engine, abi};

/// Where the error number's digits end, in bytes from the frame's start. A line feed follows them.
const DIGITS_END: u32 = 11;

impl Engine<'_> {
    /// Writes `listen: errno N` and exits 1. The exit with 0, which the handler of signals is, shares its last
    /// instruction.
    pub(super) fn fail(&mut self) {
        let program = &mut self.program;
        let text = b"listen: errno ";
        let len = Operand::Const(text.len() as i64);
        let text = program.datum("message", vec![Part::Bytes(text.into())], 0);
        let kept = program.slot("negative error number, kept", Kind::Int);
        let number = program.slot("error number", Kind::Int);
        let digits = program.slot("first digit", Kind::Pointer);
        let digit = program.slot("digit", Kind::Int);
        let digits_len = program.slot("length of the digits", Kind::Pointer);
        let status = program.slot("exit status", Kind::Int);
        let another = program.label("another digit");
        program.place(self.failed);
        program.push(Op::Set { to: kept, value: Operand::Slot(self.errno) }, "the call overwrites its register");
        let args = [Operand::Const(abi::STDERR), Operand::Data(text), len];
        program.call(Call::Write, &args, None, "a message for people");
        program.push(Op::Set { to: number, value: Operand::Slot(kept) }, "the negative number of the error");
        program.push(Op::Negate { to: number }, "the kernel returns errors as negative numbers");
        program.push(Op::Set { to: digits, value: Operand::Frame(DIGITS_END) }, "digits are written from the last");
        let at = |offset| Mem { base: Base::Slot(digits), offset };
        program.push(Op::StoreBytes { to: at(0), bytes: b"\n".into() }, "end of the line");
        program.place(another);
        program.push(Op::Divide { value: number, by: 10, rest: digit }, "the last digit, and what is before it");
        program
            .push(Op::Binary { operator: BinOp::Add, to: digit, value: Operand::Const(i64::from(b'0')) }, "as a digit");
        program.push(
            Op::Binary { operator: BinOp::Sub, to: digits, value: Operand::Const(1) },
            "before the digits that are written",
        );
        program.push(Op::Store { width: Width::Byte, to: at(0), value: Operand::Slot(digit) }, "a digit of the number");
        let on = Op::Branch { left: number, cond: Cond::Ne, right: Operand::Const(0), to: another };
        program.push(on, "are there more digits?");
        program.push(Op::Set { to: digits_len, value: Operand::Frame(DIGITS_END + 1) }, "end of the line");
        program.push(
            Op::Binary { operator: BinOp::Sub, to: digits_len, value: Operand::Slot(digits) },
            "count of digits, with the line feed",
        );
        let args = [Operand::Const(abi::STDERR), Operand::Slot(digits), Operand::Slot(digits_len)];
        program.call(Call::Write, &args, None, "the number");
        program.push(Op::Set { to: status, value: Operand::Const(1) }, "failed");
        program.push(Op::Jump(self.exit), "exit 1");
        program.place(self.exit_0);
        program.push(Op::Set { to: status, value: Operand::Const(0) }, "a signal has asked it to end");
        program.place(self.exit);
        program.call(Call::Exit, &[Operand::Slot(status)], None, "0 after a signal, 1 after a failure");
    }
}
