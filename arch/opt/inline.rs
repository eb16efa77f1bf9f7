//! Subroutines that are called at one place alone stand there: neither the call nor the way back is needed, and who
//! called nothing else need not keep where it goes back to itself.

use crate::bitset::Set;
use crate::op::{Label, Op, Program, Step};

/// The program with each of them where it is called.
pub(crate) fn inline(program: &Program) -> Program {
    let mut inlined = program.clone();
    while let Some(once) = find(&inlined) {
        once.put_in(&mut inlined);
    }
    inlined
}

/// A subroutine that is called once.
struct Once {
    sub: Label,
    /// The step that calls it.
    call: usize,
    /// The step it begins with, and the one behind its last.
    begin: usize,
    end: usize,
}

fn find(program: &Program) -> Option<Once> {
    let mut places = vec![None; program.labels.len()];
    let mut calls = vec![Vec::new(); program.labels.len()];
    for (at, step) in program.steps.iter().enumerate() {
        match step.op {
            Op::Label(label) | Op::Sub(label) => places[usize::from(label.0)] = Some(at),
            Op::Gosub(to) => calls[usize::from(to.0)].push(at),
            _ => {}
        }
    }
    program.steps.iter().enumerate().find_map(|(begin, step)| {
        let Op::Sub(sub) = step.op else { return None };
        let &[call] = &calls[usize::from(sub.0)][..] else { return None };
        let end = end(program, begin, &places)?;
        (!(begin..end).contains(&call)).then_some(Once { sub, call, begin, end })
    })
}

/// Where a subroutine's steps end, if they are all in one piece which control leaves by its returns alone, and nobody
/// comes into it but by its beginning.
fn end(program: &Program, begin: usize, places: &[Option<usize>]) -> Option<usize> {
    let steps = &program.steps;
    let mut body = Set::with_room(steps.len());
    let mut pending = vec![begin];
    let mut last = begin;
    while let Some(at) = pending.pop() {
        if at >= steps.len() || body.contains(at) {
            continue;
        }
        body.insert(at);
        last = last.max(at);
        let op = &steps[at].op;
        if !op.ends() {
            pending.push(at + 1);
        }
        if let (Some(to), false) = (op.target(), matches!(op, Op::Gosub(_))) {
            pending.push(places[usize::from(to.0)]?);
        }
    }
    let end = last + 1;
    let is_whole = steps[last].op.ends() && body.iter().all(|at| at >= begin);
    let is_one_piece = !steps[begin + 1..end].iter().any(|step| matches!(step.op, Op::Sub(_)));
    let enters = |(at, step): (usize, &Step)| {
        let inside = |to: Label| places[usize::from(to.0)].is_some_and(|at| (begin + 1..end).contains(&at));
        !(begin..end).contains(&at) && step.op.target().is_some_and(inside)
    };
    (is_whole && is_one_piece && !steps.iter().enumerate().any(enters)).then_some(end)
}

impl Once {
    /// Puts its steps in the place of its call.
    fn put_in(&self, program: &mut Program) {
        let behind = program.label(format!("behind {}", program.labels[usize::from(self.sub.0)]));
        let mut body: Vec<Step> = program.steps[self.begin..self.end].to_vec();
        for step in &mut body {
            match step.op {
                Op::Sub(sub) => step.op = Op::Label(sub),
                Op::Return { from } if from == self.sub => step.op = Op::Jump(behind),
                _ => {}
            }
        }
        body.push(Step { op: Op::Label(behind), why: String::new() });
        let mut steps = Vec::with_capacity(program.steps.len() + body.len());
        for (at, step) in std::mem::take(&mut program.steps).into_iter().enumerate() {
            if at == self.call {
                steps.append(&mut body);
            } else if !(self.begin..self.end).contains(&at) {
                steps.push(step);
            }
        }
        program.steps = steps;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Arg, Cond, Kind};
    use crate::syscall::Call;

    /// A program that calls a subroutine so often; it comes back from two places.
    fn calling(times: usize) -> Program {
        let mut program = Program::default();
        let slot = program.slot("slot", Kind::Int);
        let [sub, early] = ["sub", "early"].map(|name| program.label(name));
        for _ in 0..times {
            program.push(Op::Gosub(sub), "");
        }
        program.call(Call::Exit, &[Arg::Slot(slot)], None, "exit");
        program.sub(sub);
        program.call(Call::Getpid, &[], Some(slot), "");
        program.push(Op::Branch { left: slot, cond: Cond::Eq, right: Arg::Const(7), to: early }, "");
        program.call(Call::Close, &[Arg::Const(5)], None, "");
        program.push(Op::Return { from: sub }, "");
        program.place(early);
        program.push(Op::Return { from: sub }, "");
        program
    }

    #[test]
    fn a_subroutine_that_is_called_once_stands_there() {
        let inlined = inline(&calling(1));
        assert!(!inlined.has_subs());
        let behind = Label(2);
        let ops: Vec<&Op> = inlined.steps.iter().map(|step| &step.op).collect();
        assert_eq!(ops.len(), 9);
        assert_eq!((ops[0], ops[4], ops[7]), (&Op::Label(Label(0)), &Op::Jump(behind), &Op::Label(behind)));
        assert!(matches!(ops[8], Op::Call { call: Call::Exit, .. }));
    }

    #[test]
    fn one_that_is_called_twice_or_by_itself_stays() {
        assert_eq!(inline(&calling(2)), calling(2));
        let mut own = calling(0);
        let at = own.steps.iter().position(|step| matches!(step.op, Op::Return { .. })).expect("it comes back");
        own.steps[at] = Step { op: Op::Gosub(Label(0)), why: String::new() };
        assert_eq!(inline(&own), own);
    }

    #[test]
    fn one_that_somebody_jumps_into_stays() {
        let mut shared = calling(1);
        shared.steps.insert(1, Step { op: Op::Jump(Label(1)), why: String::new() });
        assert_eq!(inline(&shared), shared);
    }
}
