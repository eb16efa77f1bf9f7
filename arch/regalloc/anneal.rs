//! Annealing: a search for cheaper registers beyond what single changes find (Kirkpatrick, Gelatt and Vecchi,
//! Optimization by simulated annealing, 1983).
//!
//! Strategy: a slot takes a register, and the slots in its way take the cheapest register left. A change that costs a
//! little more is accepted at first; the margin shrinks to nothing.
//! Invariant: the pseudorandom numbers of a search follow from its number, so the result is always the same.

use crate::bitset::Set;
use crate::prng::Numbers;
use crate::reg::Reg;
use crate::regalloc::Registers;
use crate::regalloc::assignment::Assignment;
use crate::regalloc::interference::Constraints;

/// How many changes are tried for each slot.
const TRIES_PER_SLOT: usize = 40;
/// By so much a change may make it worse at first, in eighths of a byte.
const WORSE: usize = 30;

impl Constraints {
    /// Looks for registers that cost less together.
    pub(crate) fn anneal(&self, assigned: &mut [Option<Reg>], registers: &Registers, turn: usize) {
        let slots: Vec<usize> = (0..assigned.len()).filter(|&slot| assigned[slot].is_some()).collect();
        if slots.len() < 2 {
            return;
        }
        let mut numbers = Numbers::of(turn);
        let (mut now, mut best) = (0i64, 0i64);
        let mut change = Change::new(self, registers, assigned);
        let tries = TRIES_PER_SLOT * slots.len();
        for tried in 0..tries {
            let slot = slots[numbers.below(slots.len())];
            let reg = self.proposal(slot, change.assignment.all(), registers, &mut numbers);
            if change.assignment.get(slot) == Some(reg) || self.forbidden[slot] >> reg & 1 == 1 {
                continue;
            }
            let swaps = numbers.below(2) == 0;
            change.begin(slot, reg, swaps);
            let before = change.cost();
            let done = if swaps { change.swap(slot, reg) } else { change.give(slot, reg) };
            let more = done.then(|| i64::from(change.cost()) - i64::from(before));
            let slack = numbers.below(1 + WORSE * (tries - tried) / tries) as i64;
            match more {
                Some(more) if more <= slack => now += more,
                _ => change.undo(),
            }
            if now < best {
                best = now;
                assigned.copy_from_slice(change.assignment.all());
            }
        }
    }

    /// A register that may be better: one that the slot wants, or any.
    fn proposal(&self, slot: usize, assigned: &[Option<Reg>], registers: &Registers, numbers: &mut Numbers) -> Reg {
        let any = registers.general[numbers.below(registers.general.len())];
        let copy_partners = self.copy_partners[slot].iter().filter_map(|&partner| assigned[partner]);
        let strings = self.strings[slot].iter().map(|pair| pair.own);
        let mut wanted = self.hints[slot].iter().copied().chain(copy_partners).chain(strings);
        let count = wanted.clone().count();
        if count == 0 || numbers.below(2) == 0 {
            return any;
        }
        wanted.nth(numbers.below(count)).expect("it is one of them")
    }
}

/// A change of registers that is tried.
struct Change<'c> {
    found: &'c Constraints,
    registers: &'c Registers,
    assignment: Assignment,
    /// The slots that it is about, the one that begins first; and the registers that they had.
    slots: Vec<usize>,
    was: Vec<Option<Reg>>,
    /// The same slots.
    among: Set,
}

impl<'c> Change<'c> {
    fn new(found: &'c Constraints, registers: &'c Registers, assigned: &[Option<Reg>]) -> Self {
        let (assignment, among) = (Assignment::new(assigned), Set::with_room(assigned.len()));
        Self { found, registers, assignment, slots: Vec::new(), was: Vec::new(), among }
    }

    /// Finds the slots that change if one takes a register. Without a swap these are the interfering slots that have
    /// it. With a swap they are all slots with one of the two registers that are connected by interference.
    fn begin(&mut self, slot: usize, reg: Reg, swaps: bool) {
        self.slots.iter().for_each(|&slot| self.among.remove(slot));
        self.slots.clear();
        self.slots.push(slot);
        self.among.insert(slot);
        if swaps {
            let both = [self.assignment.get(slot).expect("it has one"), reg].map(|reg| self.assignment.held(reg));
            let mut at = 0;
            while at < self.slots.len() {
                for other in self.found.interferes[self.slots[at]].also_in(both) {
                    if !self.among.contains(other) {
                        self.among.insert(other);
                        self.slots.push(other);
                    }
                }
                at += 1;
            }
        } else {
            for other in self.found.holders(slot, reg, &self.assignment) {
                self.among.insert(other);
                self.slots.push(other);
            }
        }
        self.was.clear();
        self.was.extend(self.slots.iter().map(|&slot| self.assignment.get(slot)));
    }

    fn undo(&mut self) {
        for (&slot, &was) in self.slots.iter().zip(&self.was) {
            self.assignment.set(slot, was);
        }
    }

    /// Has slots that have two registers between them change those.
    fn swap(&mut self, slot: usize, reg: Reg) -> bool {
        let own = self.assignment.get(slot);
        self.slots.iter().all(|&other| {
            let next = if self.assignment.get(other) == own { Some(reg) } else { own };
            self.assignment.set(other, next);
            next.is_some_and(|reg| self.found.forbidden[other] >> reg & 1 == 0)
        })
    }

    /// Gives the first a register, and the others whatever is best for them then; tells whether there is one for each.
    fn give(&mut self, slot: usize, reg: Reg) -> bool {
        for &other in &self.slots {
            self.assignment.set(other, None);
        }
        self.assignment.set(slot, Some(reg));
        self.slots[1..].iter().all(|&other| {
            let next = self.found.cheapest(other, &self.assignment, self.registers);
            self.assignment.set(other, next);
            next.is_some()
        })
    }

    /// What these slots' registers cost, in eighths of a byte: what two of them cost together counts once.
    fn cost(&self) -> u32 {
        let (found, assigned) = (self.found, self.assignment.all());
        let twice = |other: usize| if self.among.contains(other) { 1 } else { 2 };
        let mut cost = 0;
        for &slot in &self.slots {
            let reg = assigned[slot].expect("it has one");
            cost += 2 * found.own_costs[slot][usize::from(reg)];
            for &partner in &found.copy_partners[slot] {
                if let Some(other) = assigned[partner].filter(|&other| other != reg) {
                    cost += twice(partner) * Constraints::move_cost(reg, other, self.registers);
                }
            }
            for pair in &found.strings[slot] {
                let weight = pair.other.map_or(2, |(other, _)| twice(other));
                cost += weight * Constraints::missed_string_cost(*pair, reg, assigned);
            }
        }
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regalloc::Uses;
    use crate::regalloc::tests::few;

    #[test]
    fn slots_in_each_others_way_change_registers_together() {
        let mut interferes = vec![Set::with_room(3); 3];
        for (one, other) in [(0, 1), (1, 0), (1, 2), (2, 1)] {
            interferes[one].insert(other);
        }
        let mut found = Constraints {
            interferes,
            forbidden: vec![0; 3],
            clobbers_survived: vec![[0; 32]; 3],
            strings: vec![Vec::new(); 3],
            hints: vec![vec![2], Vec::new(), Vec::new()],
            copy_partners: vec![Vec::new(); 3],
            uses: vec![Uses::default(); 3],
            own_costs: Vec::new(),
        };
        found.compute_own_costs(&few(&[1, 2]));
        let mut assigned = [Some(1), Some(2), Some(1)];
        found.anneal(&mut assigned, &few(&[1, 2]), 0);
        assert_eq!(assigned, [Some(2), Some(1), Some(2)], "one after the other they cannot");
        found.forbidden[2] = 1 << 2;
        let mut assigned = [Some(1), Some(2), Some(1)];
        found.anneal(&mut assigned, &few(&[1, 2]), 0);
        assert_eq!(assigned, [Some(1), Some(2), Some(1)], "the last may not");
    }
}
