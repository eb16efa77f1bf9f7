//! Cells: which slots have one, and where it is in the frame.

use std::collections::BTreeMap;

use super::Marked;
use super::code::{CELLS, Cell};
use super::select::Spare;
use crate::op::{Base, Kind, Mem, Slot};
use crate::promote::WORD;

/// Which slot has which cell.
pub(crate) struct Cells {
    /// By the slots' numbers.
    of: Vec<Option<Cell>>,
    pub(crate) spare: Spare,
    /// Where arguments of system calls are gathered: an offset in the frame.
    pub(crate) args_at: u32,
}

/// Spare cells come first.
const SPARE: Spare = Spare { one: 0, other: 1, frame: 2, nowhere: 3 };
/// Cells of slots, from here on.
const FIRST: Cell = 4;

/// Most arguments of a system call.
pub(crate) const ARGS: usize = 5;

/// Bytes of a cell.
pub(crate) const BYTES: u32 = 4;

impl Cells {
    /// Words of the frame, which are slots by now, and all slots that cold steps mention: the most mentioned first.
    pub(crate) fn of(marked: &Marked) -> Self {
        let slots = marked.program.slots.len();
        let mut mentions = vec![(0_usize, 0_usize); slots];
        for (step, cold) in marked.program.steps.iter().zip(&marked.cold) {
            let mut mentioned = step.op.uses();
            mentioned.extend(step.op.defines());
            mentioned.sort_unstable();
            mentioned.dedup();
            for slot in mentioned {
                let (in_cold, in_others) = &mut mentions[usize::from(slot.0)];
                *(if *cold { in_cold } else { in_others }) += 1;
            }
        }
        // All parts of a slot that have one have the same.
        let mut origins: BTreeMap<Slot, (usize, usize)> = BTreeMap::new();
        for (slot, &(in_cold, in_others)) in mentions.iter().enumerate() {
            let info = &marked.program.slots[slot];
            assert!(in_cold == 0 || info.kind == Kind::Int, "{} is an address, and a cell has 4 bytes", info.name);
            if in_cold > 0 || info.name == WORD {
                let all = origins.entry(marked.origins[slot]).or_default();
                *all = (all.0 + in_cold, all.1 + in_others);
            }
        }
        let mut order: Vec<(Slot, (usize, usize))> = origins.into_iter().collect();
        order.sort_by_key(|(_, (in_cold, in_others))| std::cmp::Reverse((*in_cold > 0, 2 * in_cold + in_others)));
        let told_apart = order.iter().filter(|(_, (in_cold, _))| *in_cold > 0).count() + usize::from(FIRST);
        assert!(told_apart <= CELLS, "{told_apart} cells are mentioned in cold steps; {CELLS} can be told apart");
        let count = order.len() + usize::from(FIRST) + ARGS;
        let room = (marked.program.word_bytes / BYTES) as usize;
        assert!(count <= room, "{count} cells and arguments are wanted, and the frame has room for {room}");
        let number = |slot: Slot| order.iter().position(|(origin, _)| *origin == slot).map(|at| FIRST + at as Cell);
        let has_one = |slot: usize| mentions[slot].0 > 0 || marked.program.slots[slot].name == WORD;
        let of = (0..slots).map(|slot| number(marked.origins[slot]).filter(|_| has_one(slot))).collect();
        Self { of, spare: SPARE, args_at: (count - ARGS) as u32 * BYTES }
    }

    pub(crate) fn of_slot(&self, slot: Slot) -> Cell {
        self.of[usize::from(slot.0)].expect("every slot of a cold step has a cell")
    }

    /// Slots with a cell, and where that is.
    pub(crate) fn homes(&self) -> Vec<(Slot, Mem)> {
        let cells = self.of.iter().enumerate().filter_map(|(slot, cell)| cell.map(|cell| (Slot(slot as u16), cell)));
        cells.map(|(slot, cell)| (slot, place(cell))).collect()
    }
}

/// Where a cell is.
pub(crate) fn place(cell: Cell) -> Mem {
    Mem { base: Base::Frame, offset: (u32::from(cell) * BYTES) as i32 }
}
