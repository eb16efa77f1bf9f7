//! Jump threading: jumps to the next operation go, and a branch over a jump becomes the opposite branch to where that
//! leads. Lowering writes such jumps for the sake of its own order.

use crate::op::{Label, Op, Program, Step};

/// The program without them.
pub(crate) fn thread_jumps(program: &Program) -> Program {
    let mut tidied = program.clone();
    for at in (0..tidied.steps.len()).rev() {
        if is_needless(&tidied.steps, at) {
            tidied.steps.remove(at);
        }
    }
    for at in (0..tidied.steps.len()).rev() {
        if let Some(op) = over_a_jump(&tidied.steps, at) {
            let jump = tidied.steps.remove(at + 1);
            let why = std::mem::take(&mut tidied.steps[at].why);
            tidied.steps[at] = Step { op, why: if why.is_empty() { jump.why } else { why } };
        }
    }
    tidied
}

/// Does this label stand between here and the next operation?
fn is_next(steps: &[Step], label: Label) -> bool {
    let labels = steps.iter().map_while(|step| if let Op::Label(label) = step.op { Some(label) } else { None });
    labels.into_iter().any(|next| next == label)
}

/// A jump to what follows anyway, or behind something that control does not leave by its end.
fn is_needless(steps: &[Step], at: usize) -> bool {
    let Op::Jump(to) = steps[at].op else { return false };
    is_next(&steps[at + 1..], to) || at.checked_sub(1).is_some_and(|before| steps[before].op.ends())
}

/// For a branch over nothing but a jump: the opposite branch, to where the jump leads.
fn over_a_jump(steps: &[Step], at: usize) -> Option<Op> {
    let Op::Jump(to) = steps.get(at + 1)?.op else { return None };
    let skips = steps[at].op.target().is_some_and(|label| is_next(&steps[at + 2..], label));
    match steps[at].op.clone() {
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
    use crate::op::{Arg, Cond, Kind};
    use crate::syscall::Call;

    #[test]
    fn jumps_over_jumps_and_to_the_next_step_go() {
        let mut program = Program::default();
        let number = program.slot("number", Kind::Int);
        let [far, near, next] = ["far", "near", "next"].map(|name| program.label(name));
        program.place(far);
        program.call(Call::Getpid, &[], Some(number), "get");
        program.push(Op::Branch { left: number, cond: Cond::Lt, right: Arg::Const(7), to: near }, "small");
        program.push(Op::Jump(far), "large");
        program.push(Op::Jump(next), "nobody comes here");
        program.place(next);
        program.place(near);
        program.push(Op::Jump(far), "again");
        let tidied = thread_jumps(&program);
        let ops: Vec<&Op> = tidied.steps.iter().map(|step| &step.op).collect();
        let inverted = Op::Branch { left: number, cond: Cond::Ge, right: Arg::Const(7), to: far };
        assert_eq!(ops.len(), 6, "{ops:?}");
        assert_eq!(ops[2..], [&inverted, &Op::Label(next), &Op::Label(near), &Op::Jump(far)]);
    }
}
