//! Promotion: words of the frame become slots where a machine has enough registers. A load from such a word becomes a
//! copy, and register allocation gives both the same register if it can.

use std::collections::BTreeMap;

use crate::ir::in_frame;
use crate::ir::op::{Base, Inst, Kind, Mem, Op, Operand, Program, Slot, Width};

/// Words of the frame that may be slots, by offset, if operations access them so often.
pub(crate) fn words(program: &Program, often: u32) -> Vec<i32> {
    let mut accesses: BTreeMap<i32, u32> = BTreeMap::new();
    let mut others = Vec::new();
    for inst in &program.insts {
        match word(program, &inst.op) {
            Some(offset) => *accesses.entry(offset).or_default() += 1,
            None => others.extend(in_frame(&inst.op)),
        }
    }
    let is_own = |offset: i32| !others.iter().any(|&(other, len)| other < offset + 4 && offset < other + len);
    let words = accesses.into_iter().filter(|&(offset, accesses)| accesses >= often && is_own(offset));
    words.map(|(offset, _)| offset).collect()
}

/// The program with these words as slots.
pub(crate) fn to_slots(program: &Program, words: &[i32]) -> Program {
    let mut promoted = Program { insts: Vec::new(), ..program.clone() };
    let slots: Vec<Slot> = words.iter().map(|_| promoted.slot("word of the frame", Kind::Int)).collect();
    for inst in &program.insts {
        let slot = word(program, &inst.op).and_then(|offset| words.iter().position(|word| *word == offset));
        let op = match (slot.map(|at| slots[at]), &inst.op) {
            (Some(word), Op::Load { to, .. }) => Op::Set { to: *to, value: Operand::Slot(word) },
            (Some(word), Op::Store { value, .. }) => Op::Set { to: word, value: *value },
            _ => inst.op.clone(),
        };
        promoted.insts.push(Inst {
            op,
            why: inst.why.clone(),
            variable: if slot.is_some() { None } else { inst.variable },
        });
    }
    promoted
}

/// The word that is loaded or stored, if it may be a slot.
fn word(program: &Program, op: &Op) -> Option<i32> {
    let fits = |slot: Slot| program.kind(slot) == Kind::Int;
    let offset = match *op {
        Op::Load { to, width: Width::Four, from: Mem { base: Base::Frame, offset } } if fits(to) => offset,
        Op::Store { width: Width::Four, to: Mem { base: Base::Frame, offset }, value: Operand::Slot(slot) }
            if fits(slot) =>
        {
            offset
        }
        Op::Store { width: Width::Four, to: Mem { base: Base::Frame, offset }, value: Operand::Const(_) } => offset,
        _ => return None,
    };
    (offset % 4 == 0 && (0..program.word_bytes as i32).contains(&offset)).then_some(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_that_nothing_else_touches_are_slots() {
        let mut program = Program { frame_bytes: 32, word_bytes: 16, ..Program::default() };
        let slot = program.slot("slot", Kind::Int);
        let at = |offset| Mem { base: Base::Frame, offset };
        let load = |width, offset| Op::Load { to: slot, width, from: at(offset) };
        for op in [
            load(Width::Four, 0),
            load(Width::Four, 4),
            Op::Store { width: Width::Four, to: at(4), value: Operand::Const(7) },
            load(Width::Four, 8),
            load(Width::Two, 10),
            load(Width::Four, 14),
            load(Width::Four, 20),
        ] {
            program.push(op, "");
        }
        assert_eq!(words(&program, 1), [0, 4]);
        assert_eq!(words(&program, 2), [4]);
        let promoted = to_slots(&program, &[4]);
        assert_eq!(promoted.insts[0].op, program.insts[0].op);
        assert_eq!(promoted.insts[1].op, Op::Set { to: slot, value: Operand::Slot(Slot(1)) });
        assert_eq!(promoted.insts[2].op, Op::Set { to: Slot(1), value: Operand::Const(7) });
    }
}
