//! Colouring: which register each slot gets. Costs are in quarters of a byte.
//!
//! Each slot takes the register with the lowest estimated cost: encoding, moves that hints and copy partners would
//! save, and pushes around clobbers. Then single changes go on as long as the total cost falls.
//! Invariant: the result depends on the program alone.

use std::collections::VecDeque;

use crate::bitset::Set;
use crate::ir::op::Program;
use crate::reg::Reg;
use crate::regalloc::Registers;
use crate::regalloc::assignment::Assignment;
use crate::regalloc::interference::{Constraints, Pair, bits};
use crate::regalloc::spill;

impl Constraints {
    /// Takes out a slot that needs no register.
    pub(crate) fn ignore(&mut self, slot: usize) {
        let interferes = std::mem::replace(&mut self.interferes[slot], Set::with_room(self.uses.len()));
        interferes.iter().for_each(|other| self.interferes[other].remove(slot));
        self.forbidden[slot] = 0;
    }

    /// Registers that a slot cannot have now, as bits.
    pub(crate) fn unavailable(&self, slot: usize, assigned: &[Option<Reg>]) -> u32 {
        let interferes = self.interferes[slot].iter().filter_map(|other| assigned[other]);
        interferes.fold(self.forbidden[slot], |set, reg| set | 1 << reg)
    }

    /// What a register costs a slot, in quarters of a byte.
    pub(crate) fn estimated_cost(&self, slot: usize, reg: Reg, assigned: &[Option<Reg>], registers: &Registers) -> u32 {
        // A move from or to the result's register has a shorter form if its source is dead afterwards.
        let moved = |other: Reg| if reg == registers.result || other == registers.result { 6 } else { 8 };
        let missed = self.hints[slot].iter().filter(|&&hint| hint != reg);
        let mut cost =
            4 * (registers.extra_bytes)(reg, &self.uses[slot]) + missed.map(|&hint| moved(hint)).sum::<u32>();
        for &partner in &self.copy_partners[slot] {
            cost += match assigned[partner] {
                Some(other) if other == reg => 0,
                Some(other) => moved(other),
                None if self.unavailable(partner, assigned) >> reg & 1 == 1 => moved(reg) / 2,
                None if self.hints[partner].iter().any(|&hint| hint != reg) => moved(reg) / 4,
                None => 0,
            }
        }
        if let Some(saves) = registers.saves {
            cost += 4 * saves(reg) * self.clobbers_survived[slot][usize::from(reg)];
        }
        for pair in &self.strings[slot] {
            let other = pair.other.map_or(Some(true), |(other, wanted)| assigned[other].map(|reg| reg == wanted));
            cost += match other {
                _ if reg == pair.own => 0,
                Some(true) => 12,
                Some(false) => 0,
                None => 8,
            };
        }
        let waiting = self.interferes[slot].iter().filter(|&other| assigned[other].is_none());
        let hints_denied = waiting.filter(|&other| self.hints[other].contains(&reg)).count();
        cost + 2 * hints_denied.min(3) as u32
    }

    /// What a register costs a slot, given those that have one, in quarters of a byte.
    pub(crate) fn cost(&self, slot: usize, reg: Reg, assigned: &[Option<Reg>], registers: &Registers) -> u32 {
        let others =
            self.copy_partners[slot].iter().filter_map(|&partner| assigned[partner]).filter(|&other| other != reg);
        let moves = others.map(|other| Self::move_cost(reg, other, registers)).sum::<u32>();
        let strings = self.strings[slot].iter().map(|pair| Self::missed_string_cost(*pair, reg, assigned)).sum::<u32>();
        self.own_costs[slot][usize::from(reg)] + moves + strings
    }

    /// Finds what each register costs each slot whatever the others have.
    pub(crate) fn compute_own_costs(&mut self, registers: &Registers) {
        let costs = |slot| {
            let mut costs = [0; 32];
            for &reg in registers.general {
                costs[usize::from(reg)] = self.own_cost(slot, reg, registers);
            }
            costs
        };
        self.own_costs = (0..self.uses.len()).map(costs).collect();
    }

    /// What a register costs a slot whatever the others have.
    fn own_cost(&self, slot: usize, reg: Reg, registers: &Registers) -> u32 {
        let missed = self.hints[slot].iter().filter(|&&hint| hint != reg);
        let moves = missed.map(|&hint| Self::move_cost(reg, hint, registers)).sum::<u32>();
        let saved = registers.saves.map_or(0, |saves| 4 * saves(reg) * self.clobbers_survived[slot][usize::from(reg)]);
        4 * (registers.extra_bytes)(reg, &self.uses[slot]) + moves + saved
    }

    /// What it costs to move a value from one register to another.
    pub(crate) fn move_cost(reg: Reg, other: Reg, registers: &Registers) -> u32 {
        let short = reg == registers.result || other == registers.result;
        (if short { 6 } else { 8 }) + if (reg | other) >= 8 { 4 } else { 0 }
    }

    /// What it costs that an access and an increment are no string instruction, if they are none.
    pub(crate) fn missed_string_cost(pair: Pair, reg: Reg, assigned: &[Option<Reg>]) -> u32 {
        let other_fits = pair.other.is_none_or(|(other, wanted)| assigned[other].is_none_or(|reg| reg == wanted));
        let is_last = pair.other.is_none_or(|(other, _)| assigned[other].is_some());
        if is_last && !(other_fits && reg == pair.own) { 14 } else { 0 }
    }

    /// Gives slots other registers as long as that costs fewer bytes. A slot takes a cheaper register, and the slots in
    /// its way take the cheapest register left.
    pub(crate) fn improve(&self, assigned: &mut [Option<Reg>], registers: &Registers) {
        let mut left: VecDeque<usize> = (0..assigned.len()).filter(|&slot| assigned[slot].is_some()).collect();
        let mut is_left = Set::with_room(assigned.len());
        for &slot in &left {
            is_left.insert(slot);
        }
        let mut assignment = Assignment::new(assigned);
        let mut changed = Vec::new();
        while let Some(slot) = left.pop_front() {
            is_left.remove(slot);
            for &reg in registers.general {
                if assignment.get(slot) == Some(reg) || self.forbidden[slot] >> reg & 1 == 1 {
                    continue;
                }
                if !self.try_to_assign(slot, reg, &mut assignment, registers, &mut changed) {
                    continue;
                }
                for &slot in &changed {
                    let near = self.interferes[slot].iter().chain(self.copy_partners[slot].iter().copied());
                    for other in near.chain([slot]).filter(|&other| assignment.get(other).is_some()) {
                        if !is_left.contains(other) {
                            is_left.insert(other);
                            left.push_back(other);
                        }
                    }
                }
            }
        }
        assigned.copy_from_slice(assignment.all());
    }

    /// Gives a slot a register, and the slots that had it others, if that costs less. Returns whether it did; `changed`
    /// lists the slots with new registers.
    fn try_to_assign(
        &self,
        slot: usize,
        reg: Reg,
        assignment: &mut Assignment,
        registers: &Registers,
        changed: &mut Vec<usize>,
    ) -> bool {
        changed.clear();
        changed.push(slot);
        changed.extend(self.holders(slot, reg, assignment));
        let own = assignment.get(slot);
        let was = |other: usize| if other == slot { own } else { Some(reg) };
        let mut before = 0;
        for &other in &*changed {
            assignment.set(other, None);
            before += self.cost(other, was(other).expect("it has one"), assignment.all(), registers);
        }
        let mut cost = 0;
        for &other in &*changed {
            let next = if other == slot { Some(reg) } else { self.cheapest(other, assignment, registers) };
            cost += next.map_or(0, |reg| self.cost(other, reg, assignment.all(), registers));
            assignment.set(other, next);
            if next.is_none() || cost >= before {
                for &other in &*changed {
                    assignment.set(other, was(other));
                }
                return false;
            }
        }
        true
    }

    /// The slot to spill where a slot finds no register: the least used of itself and the slots that alone block a
    /// register.
    pub(crate) fn choose_spill(
        &self,
        program: &Program,
        slot: usize,
        assigned: &[Option<Reg>],
        general: &[Reg],
    ) -> Option<usize> {
        let holder = |&reg: &Reg| {
            let mut holders = self.interferes[slot].iter().filter(|&other| assigned[other] == Some(reg));
            holders.next().filter(|_| holders.next().is_none() && self.forbidden[slot] >> reg & 1 == 0)
        };
        let holders = || general.iter().filter_map(holder);
        let least = |slots: &mut dyn Iterator<Item = usize>| slots.min_by_key(|&slot| self.uses[slot].all);
        least(&mut [slot].into_iter().chain(holders()).filter(|&other| self.may_spill(program, other))).or_else(|| {
            let is_own = |slot: &usize| program.slots[*slot].name != spill::IN_PASSING;
            let others = self.interferes[slot].iter().filter(|&other| assigned[other].is_some());
            least(&mut others.chain([slot]).filter(is_own))
        })
    }

    /// Does spilling the slot help? Not if its definition is used at once, as with temporaries between the frame and an
    /// operation.
    fn may_spill(&self, program: &Program, slot: usize) -> bool {
        let (first, last) = self.uses[slot].span;
        program.slots[slot].name != spill::IN_PASSING && last > first + 1
    }

    /// The slots, the first to get a register last.
    pub(crate) fn order(&self, program: &Program, registers: &Registers) -> Vec<usize> {
        let general = bits(registers.general);
        let slots = program.slots.len();
        let free: Vec<usize> = (0..slots).map(|slot| (general & !self.forbidden[slot]).count_ones() as usize).collect();
        let mut degree: Vec<usize> = (0..slots).map(|slot| self.interferes[slot].iter().count()).collect();
        let mut left: Vec<usize> = (0..slots).collect();
        left.sort_by_key(|&slot| self.uses[slot].all);
        let mut order = Vec::with_capacity(slots);
        while !left.is_empty() {
            let sure = left.iter().position(|&slot| degree[slot] < free[slot]);
            // If no slot is sure of a register, the one that interferes most for its uses waits longest.
            let at = sure.unwrap_or_else(|| {
                let burden = |&at: &usize| {
                    let slot = left[at];
                    let uses = if self.may_spill(program, slot) { self.uses[slot].all } else { 1 << 20 };
                    u64::from(uses) * 1_000_000 / (degree[slot].max(1) as u64).pow(2)
                };
                (0..left.len()).min_by_key(burden).expect("some are left")
            });
            let slot = left.remove(at);
            self.interferes[slot].iter().for_each(|other| degree[other] = degree[other].saturating_sub(1));
            order.push(slot);
        }
        order
    }
}
