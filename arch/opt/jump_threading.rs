//! Jump threading: a jump to the next operation goes away. A branch over a jump becomes the opposite branch to the
//! jump's label. Lowering writes such jumps because it writes routines one by one.

use crate::ir::op::{Inst, Label, Op, Program};

/// The program without them.
pub(crate) fn thread_jumps(program: &Program) -> Program {
    let mut tidied = program.clone();
    for at in (0..tidied.insts.len()).rev() {
        if is_needless(&tidied.insts, at) {
            tidied.insts.remove(at);
        }
    }
    for at in (0..tidied.insts.len()).rev() {
        if let Some(op) = over_a_jump(&tidied.insts, at) {
            let jump = tidied.insts.remove(at + 1);
            let why = std::mem::take(&mut tidied.insts[at].why);
            tidied.insts[at] = Inst { op, why: if why.is_empty() { jump.why } else { why }, variable: None };
        }
    }
    tidied
}

/// Does this label stand between here and the next operation?
fn is_next(insts: &[Inst], label: Label) -> bool {
    let labels = insts.iter().map_while(|inst| if let Op::Label(label) = inst.op { Some(label) } else { None });
    labels.into_iter().any(|next| next == label)
}

/// A jump to what follows anyway, or after something that control does not leave by its end.
fn is_needless(insts: &[Inst], at: usize) -> bool {
    let Op::Jump(to) = insts[at].op else { return false };
    is_next(&insts[at + 1..], to) || at.checked_sub(1).is_some_and(|before| insts[before].op.is_terminator())
}

/// For a branch over nothing but a jump: the opposite branch, to where the jump leads.
fn over_a_jump(insts: &[Inst], at: usize) -> Option<Op> {
    let Op::Jump(to) = insts.get(at + 1)?.op else { return None };
    let skips = insts[at].op.target().is_some_and(|label| is_next(&insts[at + 2..], label));
    match insts[at].op.clone() {
        _ if !skips => None,
        Op::Branch { left, cond, right, .. } => Some(Op::Branch { left, cond: cond.opposite(), right, to }),
        Op::BranchBits { value, bits, any, .. } => Some(Op::BranchBits { value, bits, any: !any, to }),
        Op::BranchBytes { at, bytes, equal, .. } => Some(Op::BranchBytes { at, bytes, equal: !equal, to }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::op::{Cond, Kind, Operand};
    use crate::ir::syscall::Call;

    #[test]
    fn jumps_over_jumps_and_to_the_next_step_go() {
        let mut program = Program::default();
        let number = program.slot("number", Kind::Int);
        let [far, near, next] = ["far", "near", "next"].map(|name| program.label(name));
        program.place(far);
        program.call(Call::Getpid, &[], Some(number), "get");
        program.push(Op::Branch { left: number, cond: Cond::Lt, right: Operand::Const(7), to: near }, "small");
        program.push(Op::Jump(far), "large");
        program.push(Op::Jump(next), "nobody comes here");
        program.place(next);
        program.place(near);
        program.push(Op::Jump(far), "again");
        let tidied = thread_jumps(&program);
        let ops: Vec<&Op> = tidied.insts.iter().map(|inst| &inst.op).collect();
        let inverted = Op::Branch { left: number, cond: Cond::Ge, right: Operand::Const(7), to: far };
        assert_eq!(ops.len(), 6, "{ops:?}");
        assert_eq!(ops[2..], [&inverted, &Op::Label(next), &Op::Label(near), &Op::Jump(far)]);
    }
}
