//! Values on top of the stack as slots of their own, for a machine with enough registers.

use crate::op::{Arg, Op, Program, Slot};

/// The same program without [`Op::Push`] and [`Op::Pop`].
pub(crate) fn to_slots(program: &Program) -> Program {
    let mut slots = program.clone();
    let mut stack: Vec<Slot> = Vec::new();
    for (at, step) in program.steps.iter().enumerate() {
        match step.op {
            Op::Push { value } => {
                let kept = slots.slot("value on the stack", program.kind(value));
                stack.push(kept);
                slots.steps[at].op = Op::Set { to: kept, value: Arg::Slot(value) };
            }
            Op::Pop { to } => {
                let kept = stack.pop().expect("what is taken off has been put there");
                slots.steps[at].op = Op::Set { to, value: Arg::Slot(kept) };
            }
            _ => {
                assert!(stack.is_empty() || !moves_on(&step.op), "nothing is on the stack where anything is jumped to");
            }
        }
    }
    slots
}

/// Does it lead elsewhere, or do others come here?
fn moves_on(op: &Op) -> bool {
    op.target().is_some() || matches!(op, Op::Label(_) | Op::Sub(_) | Op::Gosub(_) | Op::Return { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::Kind;

    #[test]
    fn the_last_that_was_put_there_is_the_first_off() {
        let mut program = Program::default();
        let [one, other] = ["one", "other"].map(|name| program.slot(name, Kind::Int));
        for op in [Op::Push { value: one }, Op::Push { value: other }, Op::Pop { to: one }, Op::Pop { to: other }] {
            program.push(op, "there and back");
        }
        let ops: Vec<Op> = to_slots(&program).steps.into_iter().map(|step| step.op).collect();
        let set = |to, from| Op::Set { to, value: Arg::Slot(from) };
        let [first, second] = [Slot(2), Slot(3)];
        assert_eq!(ops, [set(first, one), set(second, other), set(one, second), set(other, first)]);
    }
}
