//! `hello`: writes a text to standard output and exits 0.

use asmgen_arch::op::{BinOp, Cond, Kind, Op, Operand, Part, Program};
use asmgen_arch::syscall::Call;

use super::abi;

/// A pipe takes this many bytes in one piece or not at all (PIPE_BUF, include/uapi/linux/limits.h).
const WRITTEN_WHOLE_BYTES: usize = 4096;

/// The program that writes this text.
pub(super) fn lower(text: &[u8]) -> Program {
    let mut program = Program::default();
    let data = program.datum("text", vec![Part::Bytes(text.to_vec())], 0);
    let len = Operand::Const(text.len() as i64);
    if text.len() <= WRITTEN_WHOLE_BYTES {
        program.call(Call::Write, &[Operand::Const(abi::STDOUT), Operand::Data(data), len], None, "write the text");
        program.call(Call::Exit, &[Operand::Const(0)], None, "done: exit 0");
    } else {
        write_in_pieces(&mut program, Operand::Data(data), len);
    }
    program
}

/// Writes a text that `write` may take in several pieces. If one cannot be written, the exit status is 1.
fn write_in_pieces(program: &mut Program, text: Operand, len: Operand) {
    let rest = program.slot("rest of the text", Kind::Pointer);
    let rest_len = program.slot("length of the rest", Kind::Int);
    let written = program.slot("written", Kind::Int);
    let (more, failed) = (program.label("more"), program.label("failed"));
    program.push(Op::Set { to: rest, value: text }, "all of the text is to be written");
    program.push(Op::Set { to: rest_len, value: len }, "its length");
    program.place(more);
    let args = [Operand::Const(abi::STDOUT), Operand::Slot(rest), Operand::Slot(rest_len)];
    program.call(Call::Write, &args, Some(written), "write what is left");
    program.push(
        Op::Branch { left: written, cond: Cond::Le, right: Operand::Const(0), to: failed },
        "an error: nothing more can be written",
    );
    program
        .push(Op::Binary { operator: BinOp::Add, to: rest, value: Operand::Slot(written) }, "after what was written");
    program.push(Op::Binary { operator: BinOp::Sub, to: rest_len, value: Operand::Slot(written) }, "less is left");
    program.push(
        Op::Branch { left: rest_len, cond: Cond::Ne, right: Operand::Const(0), to: more },
        "a pipe or a terminal takes a part at a time",
    );
    program.call(Call::Exit, &[Operand::Const(0)], None, "done: exit 0");
    program.place(failed);
    program.call(Call::Exit, &[Operand::Const(1)], None, "not all was written: exit 1");
}
