//! Which slot has which register, both ways. The slots of a register are a set, so the search for those that interfere
//! goes a machine word at a time.

use crate::bitset::Set;
use crate::reg::Reg;
use crate::regalloc::Registers;
use crate::regalloc::interference::Constraints;

/// As many registers as any machine has.
const REGISTERS: usize = 32;

/// Slots with their registers.
pub(crate) struct Assignment {
    of: Vec<Option<Reg>>,
    held: Vec<Set>,
}

impl Assignment {
    pub(crate) fn new(of: &[Option<Reg>]) -> Self {
        let mut assignment = Self { of: vec![None; of.len()], held: vec![Set::with_room(of.len()); REGISTERS] };
        for (slot, &reg) in of.iter().enumerate() {
            assignment.set(slot, reg);
        }
        assignment
    }

    /// The slots' registers.
    pub(crate) fn all(&self) -> &[Option<Reg>] {
        &self.of
    }

    pub(crate) fn get(&self, slot: usize) -> Option<Reg> {
        self.of[slot]
    }

    pub(crate) fn set(&mut self, slot: usize, reg: Option<Reg>) {
        if let Some(was) = std::mem::replace(&mut self.of[slot], reg) {
            self.held[usize::from(was)].remove(slot);
        }
        if let Some(reg) = reg {
            self.held[usize::from(reg)].insert(slot);
        }
    }

    /// The slots that have a register.
    pub(crate) fn held(&self, reg: Reg) -> &Set {
        &self.held[usize::from(reg)]
    }
}

impl Constraints {
    /// The register that costs a slot least of those that it may have, if there is one.
    pub(crate) fn cheapest(&self, slot: usize, assignment: &Assignment, registers: &Registers) -> Option<Reg> {
        let is_free =
            |reg: Reg| self.forbidden[slot] >> reg & 1 == 0 && !self.interferes[slot].meets(assignment.held(reg));
        let free = registers.general.iter().copied().filter(|&reg| is_free(reg));
        free.min_by_key(|&reg| (self.cost(slot, reg, assignment.all(), registers), reg))
    }

    /// The slots that interfere with a slot and have this register, from the lowest number up.
    pub(crate) fn holders<'s>(
        &'s self,
        slot: usize,
        reg: Reg,
        assignment: &'s Assignment,
    ) -> impl Iterator<Item = usize> + use<'s> {
        let held = assignment.held(reg);
        self.interferes[slot].also_in([held, held])
    }
}
