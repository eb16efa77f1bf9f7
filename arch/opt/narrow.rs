//! Narrowing: a word of the frame that only ever holds constants from 0 to 255 becomes a byte. A store of a constant
//! has four bytes of code then, instead of seven; a comparison is no longer.

use std::collections::BTreeMap;

use crate::ir::in_frame;
use crate::ir::op::{Op, Operand, Program, Width};

/// The program with bytes for such words.
pub(crate) fn narrow(program: &Program) -> Program {
    let bytes = bytes(program);
    let mut narrowed = program.clone();
    for inst in &mut narrowed.insts {
        if let Op::Load { width, from: mem, .. } | Op::Store { width, to: mem, .. } = &mut inst.op
            && program.is_own_word(*mem, *width)
            && bytes.contains(&mem.offset)
        {
            *width = Width::Byte;
        }
    }
    narrowed
}

/// The offsets of these words.
fn bytes(program: &Program) -> Vec<i32> {
    let mut words: BTreeMap<i32, bool> = BTreeMap::new();
    let mut others = Vec::new();
    for inst in &program.insts {
        match inst.op {
            Op::Store { width, to, value } if program.is_own_word(to, width) => {
                *words.entry(to.offset).or_insert(true) &= matches!(value, Operand::Const(0..=255));
            }
            Op::Load { width, from, .. } if program.is_own_word(from, width) => {
                words.entry(from.offset).or_insert(true);
            }
            _ => others.extend(in_frame(&inst.op)),
        }
    }
    let is_own = |offset: i32| !others.iter().any(|&(other, len)| other < offset + 4 && offset < other + len);
    words.into_iter().filter(|&(offset, small)| small && is_own(offset)).map(|(offset, _)| offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::op::{Base, Kind, Mem, Slot};

    #[test]
    fn a_word_of_small_constants_is_a_byte() {
        let mut program = Program { frame_bytes: 32, word_bytes: 16, ..Program::default() };
        let slot = program.slot("slot", Kind::Int);
        let at = |offset| Mem { base: Base::Frame, offset };
        let store = |offset, value| Op::Store { width: Width::Four, to: at(offset), value };
        let load = |offset, width| Op::Load { to: Slot(0), width, from: at(offset) };
        let constant = Operand::Const(255);
        for op in [
            store(0, constant),
            load(0, Width::Four),
            store(4, constant),
            store(4, Operand::Const(256)),
            store(8, constant),
            store(8, Operand::Slot(slot)),
            store(12, constant),
            load(14, Width::Two),
            store(20, constant),
        ] {
            program.push(op, "");
        }
        let narrowed = narrow(&program);
        assert_eq!(narrowed.insts[0].op, Op::Store { width: Width::Byte, to: at(0), value: constant });
        assert_eq!(narrowed.insts[1].op, load(0, Width::Byte));
        assert_eq!(narrowed.insts[2..], program.insts[2..], "too large, not known, half of one, not its own");
    }
}
