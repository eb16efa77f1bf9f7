//! Values on the stack become slots of their own, for a machine with enough registers.

use crate::ir::op::{Op, Operand, Program, Slot};

/// The same program without [`Op::Push`] and [`Op::Pop`].
pub(crate) fn to_slots(program: &Program) -> Program {
    let mut slots = program.clone();
    let mut stack: Vec<Slot> = Vec::new();
    for (at, inst) in program.insts.iter().enumerate() {
        match inst.op {
            Op::Push { value } => {
                let saved = slots.slot("value on the stack", program.kind(value));
                stack.push(saved);
                slots.insts[at].op = Op::Set { to: saved, value: Operand::Slot(value) };
            }
            Op::Pop { to } => {
                let saved = stack.pop().expect("what is taken off has been put there");
                slots.insts[at].op = Op::Set { to, value: Operand::Slot(saved) };
            }
            _ => {
                assert!(stack.is_empty() || !moves_on(&inst.op), "nothing is on the stack where anything is jumped to");
            }
        }
    }
    slots
}

/// Does control leave here, or come here from elsewhere?
fn moves_on(op: &Op) -> bool {
    op.target().is_some() || matches!(op, Op::Label(_) | Op::Routine(_) | Op::CallRoutine(_) | Op::ReturnFrom { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::op::Kind;

    #[test]
    fn the_last_that_was_put_there_is_the_first_off() {
        let mut program = Program::default();
        let [one, other] = ["one", "other"].map(|name| program.slot(name, Kind::Int));
        for op in [Op::Push { value: one }, Op::Push { value: other }, Op::Pop { to: one }, Op::Pop { to: other }] {
            program.push(op, "there and back");
        }
        let ops: Vec<Op> = to_slots(&program).insts.into_iter().map(|inst| inst.op).collect();
        let set = |to, from| Op::Set { to, value: Operand::Slot(from) };
        let [first, second] = [Slot(2), Slot(3)];
        assert_eq!(ops, [set(first, one), set(second, other), set(one, second), set(other, first)]);
    }
}
