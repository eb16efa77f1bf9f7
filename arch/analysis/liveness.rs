//! Liveness: which slots are read later, on some path, before they are written.
//!
//! Strategy: backward data flow over the interprocedural CFG, until nothing changes (Kildall 1973).
//! `live_including_callers` adds what must survive a routine although only its callers read it.
//! Invariant: a slot that is not live has no value worth keeping, so its register is free.

use super::cfg::{Cfg, index};
use crate::bitset::Set;
use crate::ir::op::Program;

/// The slots that are live before and after each operation.
pub(crate) struct Live {
    pub(crate) live_in: Vec<Set>,
    pub(crate) live_out: Vec<Set>,
}

impl Cfg {
    /// Liveness, by backward data flow; an operation is looked at again when one of its successors has changed.
    pub(crate) fn live(&self, program: &Program) -> Live {
        let (insts, slots) = (&program.insts, program.slots.len());
        let mut from = vec![Vec::new(); insts.len()];
        for at in 0..insts.len() {
            self.for_each_successor(at, |to, _| from[to].push(at));
        }
        let empty = Set::with_room(slots);
        let mut live = Live { live_in: vec![empty.clone(); insts.len()], live_out: vec![empty.clone(); insts.len()] };
        let mut pending = vec![true; insts.len()];
        while pending.contains(&true) {
            for at in (0..insts.len()).rev() {
                if !std::mem::take(&mut pending[at]) {
                    continue;
                }
                let mut set = empty.clone();
                self.for_each_successor(at, |to, only| match only {
                    None => set.unite(&live.live_in[to]),
                    Some((writes, both)) => set.unite_if(&live.live_in[to], writes, both),
                });
                live.live_out[at].clone_from(&set);
                insts[at].op.defines().into_iter().for_each(|slot| set.remove(index(slot)));
                insts[at].op.uses().into_iter().for_each(|slot| set.insert(index(slot)));
                if live.live_in[at] != set {
                    live.live_in[at] = set;
                    from[at].iter().for_each(|&at| pending[at] = true);
                }
            }
        }
        live
    }

    /// The slots that must survive each operation: those that are live after it. Within a routine also those that are
    /// live after one of its calls and that it does not write.
    pub(crate) fn live_including_callers(&self, program: &Program, live: &Live) -> Vec<Set> {
        let mut across = vec![Set::with_room(program.slots.len()); self.routines.len()];
        loop {
            let before = across.clone();
            for (routine, survive) in self.routines.iter().zip(&mut across) {
                for &caller in &routine.callers {
                    for &next in &self.next[caller] {
                        survive.unite_if(&live.live_in[next], &routine.writes, false);
                    }
                    let around = self.routines.iter().zip(&before).filter(|(around, _)| around.body.contains(caller));
                    around.for_each(|(_, outer)| survive.unite(outer));
                }
            }
            if across == before {
                break;
            }
        }
        let mut survive = live.live_out.clone();
        for (routine, across) in self.routines.iter().zip(&across) {
            routine.body.iter().for_each(|at| survive[at].unite(across));
        }
        survive
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::op::{BinOp, Kind, Op, Operand};
    use crate::ir::syscall::Call;

    #[test]
    fn a_slot_lives_through_a_subroutine_if_any_caller_wants_it() {
        let mut program = Program::default();
        let [one, other, inner] = ["one", "other", "inner"].map(|name| program.slot(name, Kind::Int));
        let routine = program.label("sub");
        let set = |to, value| Op::Set { to, value: Operand::Const(value) };
        program.push(set(one, 1), "begin"); // 0
        program.push(Op::CallRoutine(routine), "first"); // 1
        program.push(set(other, 2), "between"); // 2
        program.push(Op::CallRoutine(routine), "second"); // 3
        program.call(Call::Exit, &[Operand::Slot(other)], None, "exit"); // 4
        program.routine(routine); // 5
        program.push(set(inner, 3), "inside"); // 6
        program.push(Op::Binary { operator: BinOp::Add, to: one, value: Operand::Slot(inner) }, "inside"); // 7
        program.push(Op::ReturnFrom { from: routine }, "back"); // 8
        let cfg = Cfg::of(&program);
        let live = cfg.live(&program);
        let slots = |set: &Set| set.iter().collect::<Vec<_>>();
        assert_eq!(slots(&live.live_out[1]), [0], "into the routine: `other` has no value yet");
        assert_eq!(slots(&live.live_out[3]), [0, 1], "`other` goes past it");
        assert_eq!(slots(&live.live_out[8]), [0], "`one` is wanted by the next call");
        assert_eq!(slots(&live.live_out[6]), [0, 2]);
        assert_eq!(
            slots(&cfg.live_including_callers(&program, &live)[6]),
            [0, 1, 2],
            "its register must not be anybody's inside"
        );
    }
}
