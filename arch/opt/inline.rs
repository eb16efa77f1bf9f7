//! Inlining: a routine with one call moves to the place of the call. The call and the return go away. A routine that
//! called only this one need not save its return address any more.

use crate::bitset::Set;
use crate::ir::op::{Inst, Label, Op, Program};

/// The program with each of them where it is called.
pub(crate) fn inline(program: &Program) -> Program {
    let mut inlined = program.clone();
    while let Some(once) = find(&inlined) {
        once.put_in(&mut inlined);
    }
    inlined
}

/// A routine with one call.
struct Once {
    routine: Label,
    /// The operation that calls it.
    call: usize,
    /// The operation it begins with, and the one after its last.
    begin: usize,
    end: usize,
}

fn find(program: &Program) -> Option<Once> {
    let mut places = vec![None; program.labels.len()];
    let mut calls = vec![Vec::new(); program.labels.len()];
    for (at, inst) in program.insts.iter().enumerate() {
        match inst.op {
            Op::Label(label) | Op::Routine(label) => places[usize::from(label.0)] = Some(at),
            Op::CallRoutine(to) => calls[usize::from(to.0)].push(at),
            _ => {}
        }
    }
    program.insts.iter().enumerate().find_map(|(begin, inst)| {
        let Op::Routine(routine) = inst.op else { return None };
        let &[call] = &calls[usize::from(routine.0)][..] else { return None };
        let end = end(program, begin, &places)?;
        (!(begin..end).contains(&call)).then_some(Once { routine, call, begin, end })
    })
}

/// Where a routine ends, if its operations stand in one piece that control enters at the beginning and leaves by
/// returns.
fn end(program: &Program, begin: usize, places: &[Option<usize>]) -> Option<usize> {
    let insts = &program.insts;
    let mut body = Set::with_room(insts.len());
    let mut pending = vec![begin];
    let mut last = begin;
    while let Some(at) = pending.pop() {
        if at >= insts.len() || body.contains(at) {
            continue;
        }
        body.insert(at);
        last = last.max(at);
        let op = &insts[at].op;
        if !op.is_terminator() {
            pending.push(at + 1);
        }
        if let (Some(to), false) = (op.target(), matches!(op, Op::CallRoutine(_))) {
            pending.push(places[usize::from(to.0)]?);
        }
    }
    let end = last + 1;
    let is_whole = insts[last].op.is_terminator() && body.iter().all(|at| at >= begin);
    let is_one_piece = !insts[begin + 1..end].iter().any(|inst| matches!(inst.op, Op::Routine(_)));
    let enters = |(at, inst): (usize, &Inst)| {
        let inside = |to: Label| places[usize::from(to.0)].is_some_and(|at| (begin + 1..end).contains(&at));
        !(begin..end).contains(&at) && inst.op.target().is_some_and(inside)
    };
    (is_whole && is_one_piece && !insts.iter().enumerate().any(enters)).then_some(end)
}

impl Once {
    /// Moves its operations to the place of its call.
    fn put_in(&self, program: &mut Program) {
        let behind = program.label(format!("behind {}", program.labels[usize::from(self.routine.0)]));
        let mut body: Vec<Inst> = program.insts[self.begin..self.end].to_vec();
        for inst in &mut body {
            match inst.op {
                Op::Routine(routine) => inst.op = Op::Label(routine),
                Op::ReturnFrom { from } if from == self.routine => inst.op = Op::Jump(behind),
                _ => {}
            }
        }
        body.push(Inst { op: Op::Label(behind), why: String::new(), variable: None });
        let mut insts = Vec::with_capacity(program.insts.len() + body.len());
        for (at, inst) in std::mem::take(&mut program.insts).into_iter().enumerate() {
            if at == self.call {
                insts.append(&mut body);
            } else if !(self.begin..self.end).contains(&at) {
                insts.push(inst);
            }
        }
        program.insts = insts;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::op::{Cond, Kind, Operand};
    use crate::ir::syscall::Call;

    /// A program that calls a routine so often; it comes back from two places.
    fn calling(times: usize) -> Program {
        let mut program = Program::default();
        let slot = program.slot("slot", Kind::Int);
        let [routine, early] = ["routine", "early"].map(|name| program.label(name));
        for _ in 0..times {
            program.push(Op::CallRoutine(routine), "");
        }
        program.call(Call::Exit, &[Operand::Slot(slot)], None, "exit");
        program.routine(routine);
        program.call(Call::Getpid, &[], Some(slot), "");
        program.push(Op::Branch { left: slot, cond: Cond::Eq, right: Operand::Const(7), to: early }, "");
        program.call(Call::Close, &[Operand::Const(5)], None, "");
        program.push(Op::ReturnFrom { from: routine }, "");
        program.place(early);
        program.push(Op::ReturnFrom { from: routine }, "");
        program
    }

    #[test]
    fn a_subroutine_that_is_called_once_stands_there() {
        let inlined = inline(&calling(1));
        assert!(!inlined.has_frame_register());
        let behind = Label(2);
        let ops: Vec<&Op> = inlined.insts.iter().map(|inst| &inst.op).collect();
        assert_eq!(ops.len(), 9);
        assert_eq!((ops[0], ops[4], ops[7]), (&Op::Label(Label(0)), &Op::Jump(behind), &Op::Label(behind)));
        assert!(matches!(ops[8], Op::Call { call: Call::Exit, .. }));
    }

    #[test]
    fn one_that_is_called_twice_or_by_itself_stays() {
        assert_eq!(inline(&calling(2)), calling(2));
        let mut own = calling(0);
        let at = own.insts.iter().position(|inst| matches!(inst.op, Op::ReturnFrom { .. })).expect("it comes back");
        own.insts[at] = Inst { op: Op::CallRoutine(Label(0)), why: String::new(), variable: None };
        assert_eq!(inline(&own), own);
    }

    #[test]
    fn one_that_somebody_jumps_into_stays() {
        let mut shared = calling(1);
        shared.insts.insert(1, Inst { op: Op::Jump(Label(1)), why: String::new(), variable: None });
        assert_eq!(inline(&shared), shared);
    }
}
