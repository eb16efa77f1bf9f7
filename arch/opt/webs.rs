//! Live-range splitting: each web becomes a slot of its own, so it can have its own register. A web is a set of
//! definitions and uses that are connected (Chaitin 1982). Union and find over the places before and after each
//! operation finds the webs.

use crate::analysis::cfg::Cfg;
use crate::analysis::liveness::Live;
use crate::ir::op::{Inst, Op, Program, Slot};
use crate::ir::rename;

/// The program with a slot for each web.
pub(crate) fn split(program: &Program) -> Program {
    let cfg = Cfg::of(program);
    let live = cfg.live(program);
    let mut webs = Webs::new(program);
    for (at, inst) in program.insts.iter().enumerate() {
        webs.connect(&inst.op, at, &live);
        cfg.for_each_successor(at, |to, only| {
            for slot in live.live_in[to].iter() {
                if only.is_none_or(|(writes, both)| writes.contains(slot) == both) {
                    webs.unite(webs.after(at, slot), webs.before(to, slot));
                }
            }
        });
    }
    webs.rename(program)
}

/// For each slot before and after each operation, the representative of its web: union and find.
struct Webs {
    slots: usize,
    parent: Vec<usize>,
}

impl Webs {
    fn new(program: &Program) -> Self {
        let slots = program.slots.len();
        Self { slots, parent: (0..2 * slots * program.insts.len()).collect() }
    }

    fn before(&self, at: usize, slot: usize) -> usize {
        2 * at * self.slots + slot
    }

    fn after(&self, at: usize, slot: usize) -> usize {
        (2 * at + 1) * self.slots + slot
    }

    fn find(&mut self, mut place: usize) -> usize {
        while self.parent[place] != place {
            self.parent[place] = self.parent[self.parent[place]];
            place = self.parent[place];
        }
        place
    }

    fn unite(&mut self, one: usize, other: usize) {
        let (one, other) = (self.find(one), self.find(other));
        self.parent[one.max(other)] = one.min(other);
    }

    /// A value that an operation leaves alone, or changes in its place, is in the same web before and after it.
    fn connect(&mut self, op: &Op, at: usize, live: &Live) {
        let defines = op.defines();
        for slot in live.live_in[at].iter().filter(|&slot| live.live_out[at].contains(slot)) {
            if !defines.contains(&Slot(slot as u16)) {
                self.unite(self.before(at, slot), self.after(at, slot));
            }
        }
        for slot in op.tied_defs() {
            let slot = usize::from(slot.0);
            self.unite(self.before(at, slot), self.after(at, slot));
        }
    }

    /// Gives every web a slot, in the order in which they are first mentioned.
    fn rename(&mut self, program: &Program) -> Program {
        let mut split = Program { slots: Vec::new(), insts: Vec::new(), ..program.clone() };
        let mut names: Vec<Option<Slot>> = vec![None; self.parent.len()];
        let slots = self.slots;
        for (at, inst) in program.insts.iter().enumerate() {
            let mut name = |place: usize, slot: Slot| {
                let place = self.find(place);
                let info = &program.slots[usize::from(slot.0)];
                *names[place].get_or_insert_with(|| split.slot(info.name.clone(), info.kind))
            };
            let read = |slot: Slot| 2 * at * slots + usize::from(slot.0);
            let mut op = inst.op.clone();
            rename(&mut op, |slot, writes| {
                *slot = name(if writes { read(*slot) + slots } else { read(*slot) }, *slot);
            });
            split.insts.push(Inst { op, why: inst.why.clone(), variable: inst.variable });
        }
        split
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::op::{BinOp, Cond, Kind, Operand};
    use crate::ir::syscall::Call;

    #[test]
    fn every_web_becomes_a_slot() {
        let mut program = Program::default();
        let slot = program.slot("slot", Kind::Int);
        let again = program.label("again");
        let set = |value| Op::Set { to: slot, value: Operand::Const(value) };
        program.push(set(1), "begin");
        program.call(Call::Close, &[Operand::Slot(slot)], Some(slot), "close");
        program.push(Op::Branch { left: slot, cond: Cond::Eq, right: Operand::Const(0), to: again }, "");
        program.push(set(2), "a loop begins");
        program.place(again);
        program.push(Op::Binary { operator: BinOp::Add, to: slot, value: Operand::Const(1) }, "");
        program.push(Op::Branch { left: slot, cond: Cond::Ne, right: Operand::Const(9), to: again }, "");
        program.push(set(3), "nobody wants it");
        program.call(Call::Exit, &[Operand::Const(0)], None, "exit");
        let split = split(&program);
        assert_eq!(split.slots.len(), 3);
        let Op::Call { args, result, .. } = &split.insts[1].op else { unreachable!("it is a call") };
        assert_eq!((args[0], *result), (Operand::Slot(Slot(0)), Some(Slot(1))));
        assert_eq!(split.insts[3].op.defines(), [Slot(1)], "the loop is reached from both");
        assert_eq!(split.insts[7].op.defines(), [Slot(2)]);
    }
}
