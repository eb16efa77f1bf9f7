//! A server that cannot listen says why and exits.

use asmgen_arch::op::{Base, BinOp, Cond, Kind, Mem, Op, Operand, Part, Width};
use asmgen_arch::syscall::Call;

use super::{Engine, abi};

/// Where the error number's digits end, in bytes from the frame's start; the line feed is there.
const DIGITS_END: u32 = 11;

impl Engine<'_> {
    /// Message with the error's number and exit 1; after it the exit that signals share.
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
        program.push(Op::Set { to: kept, value: Operand::Slot(self.errno) }, "which error");
        let args = [Operand::Const(abi::STDERR), Operand::Data(text), len];
        program.call(Call::Write, &args, None, "what went wrong");
        program.push(Op::Set { to: number, value: Operand::Slot(kept) }, "which error");
        program.push(Op::Negate { to: number }, "its number");
        program.push(Op::Set { to: digits, value: Operand::Frame(DIGITS_END) }, "its digits, from the last");
        let at = |offset| Mem { base: Base::Slot(digits), offset };
        program.push(Op::StoreBytes { to: at(0), bytes: b"\n".into() }, "end of the line");
        program.place(another);
        program.push(Op::Divide { value: number, by: 10, rest: digit }, "next digit");
        program.push(
            Op::Binary { operator: BinOp::Add, to: digit, value: Operand::Const(i64::from(b'0')) },
            "as a character",
        );
        program.push(Op::Binary { operator: BinOp::Sub, to: digits, value: Operand::Const(1) }, "before the last one");
        program.push(Op::Store { width: Width::Byte, to: at(0), value: Operand::Slot(digit) }, "write it");
        let on = Op::Branch { left: number, cond: Cond::Ne, right: Operand::Const(0), to: another };
        program.push(on, "another digit?");
        program.push(Op::Set { to: digits_len, value: Operand::Frame(DIGITS_END + 1) }, "end of the line");
        program.push(Op::Binary { operator: BinOp::Sub, to: digits_len, value: Operand::Slot(digits) }, "its length");
        let args = [Operand::Const(abi::STDERR), Operand::Slot(digits), Operand::Slot(digits_len)];
        program.call(Call::Write, &args, None, "the number");
        program.push(Op::Set { to: status, value: Operand::Const(1) }, "failed");
        program.push(Op::Jump(self.exit), "exit 1");
        program.place(self.exit_0);
        program.push(Op::Set { to: status, value: Operand::Const(0) }, "asked to end");
        program.place(self.exit);
        program.call(Call::Exit, &[Operand::Slot(status)], None, "exit");
    }
}
