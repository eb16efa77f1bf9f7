//! Registers that slots change among each other: a search beyond what one change after the other finds. A slot takes a
//! register, those that are in its way take what is best for them then, and what costs a little more is accepted at
//! first, less and less of it later. Deterministic: the pseudorandom numbers of a turn are always the same.

use crate::alloc::{Reg, Registers};
use crate::layout::Numbers;
use crate::sets::Set;
use crate::wants::Constraints;

/// How many changes are tried for each slot.
const TRIES_PER_SLOT: usize = 150;
/// By so much a change may make it worse at first, in eighths of a byte.
const WORSE: usize = 80;

impl Constraints {
    /// Looks for registers that cost less together.
    pub(crate) fn anneal(&self, home: &mut [Option<Reg>], registers: &Registers, turn: usize) {
        let slots: Vec<usize> = (0..home.len()).filter(|&slot| home[slot].is_some()).collect();
        if slots.len() < 2 {
            return;
        }
        let mut numbers = Numbers::of(turn);
        let (mut now, mut best) = (0i64, (0i64, home.to_vec()));
        let tries = TRIES_PER_SLOT * slots.len();
        for tried in 0..tries {
            let slot = slots[numbers.below(slots.len())];
            let reg = self.proposal(slot, home, registers, &mut numbers);
            if home[slot] == Some(reg) || self.forbidden[slot] >> reg & 1 == 1 {
                continue;
            }
            let swaps = numbers.below(2) == 0;
            let changed = if swaps { self.either(slot, reg, home) } else { self.in_the_way(slot, reg, home) };
            let was: Vec<Option<Reg>> = changed.iter().map(|&slot| home[slot]).collect();
            let before = self.together(&changed, home, registers);
            let done = if swaps {
                self.swap(slot, reg, &changed, home)
            } else {
                self.give(slot, reg, &changed, home, registers)
            };
            let more = done.then(|| i64::from(self.together(&changed, home, registers)) - i64::from(before));
            let slack = numbers.below(1 + WORSE * (tries - tried) / tries) as i64;
            match more {
                Some(more) if more <= slack => now += more,
                _ => changed.iter().zip(was).for_each(|(&slot, reg)| home[slot] = reg),
            }
            if now < best.0 {
                best = (now, home.to_vec());
            }
        }
        home.copy_from_slice(&best.1);
    }

    /// A register that may be better: one that the slot wants, or any.
    fn proposal(&self, slot: usize, home: &[Option<Reg>], registers: &Registers, numbers: &mut Numbers) -> Reg {
        let any = registers.general[numbers.below(registers.general.len())];
        let partners = self.partners[slot].iter().filter_map(|&partner| home[partner]);
        let strings = self.strings[slot].iter().map(|pair| pair.own);
        let wanted: Vec<Reg> = self.wishes[slot].iter().copied().chain(partners).chain(strings).collect();
        if wanted.is_empty() || numbers.below(2) == 0 { any } else { wanted[numbers.below(wanted.len())] }
    }

    /// A slot, and those that have the register that it is to have.
    fn in_the_way(&self, slot: usize, reg: Reg, home: &[Option<Reg>]) -> Vec<usize> {
        let others = self.neighbours[slot].iter().filter(|&other| home[other] == Some(reg));
        [slot].into_iter().chain(others).collect()
    }

    /// A slot and all that have its register or another one and are in each other's way.
    fn either(&self, slot: usize, reg: Reg, home: &[Option<Reg>]) -> Vec<usize> {
        let both = [home[slot], Some(reg)];
        let mut found = vec![slot];
        let mut seen = Set::with_room(home.len());
        seen.insert(slot);
        let mut at = 0;
        while at < found.len() {
            for other in self.neighbours[found[at]].iter().filter(|&other| both.contains(&home[other])) {
                if !seen.contains(other) {
                    seen.insert(other);
                    found.push(other);
                }
            }
            at += 1;
        }
        found
    }

    /// Has slots that have two registers between them change those.
    fn swap(&self, slot: usize, reg: Reg, changed: &[usize], home: &mut [Option<Reg>]) -> bool {
        let was = home[slot];
        changed.iter().all(|&other| {
            home[other] = if home[other] == was { Some(reg) } else { was };
            home[other].is_some_and(|reg| self.forbidden[other] >> reg & 1 == 0)
        })
    }

    /// Gives the first a register, and the others whatever is best for them then; tells whether there is one for each.
    fn give(&self, slot: usize, reg: Reg, changed: &[usize], home: &mut [Option<Reg>], registers: &Registers) -> bool {
        for &other in changed {
            home[other] = None;
        }
        home[slot] = Some(reg);
        changed[1..].iter().all(|&other| {
            let taken = self.taken(other, home);
            let free = registers.general.iter().copied().filter(|&reg| taken >> reg & 1 == 0);
            home[other] = free.min_by_key(|&reg| (self.cost(other, reg, home, registers), reg));
            home[other].is_some()
        })
    }

    /// What these slots' registers cost, in eighths of a byte: what two of them cost together counts once.
    fn together(&self, slots: &[usize], home: &[Option<Reg>], registers: &Registers) -> u32 {
        let mut among = Set::with_room(home.len());
        for &slot in slots {
            among.insert(slot);
        }
        let twice = |other: usize| if among.contains(other) { 1 } else { 2 };
        let mut cost = 0;
        for &slot in slots {
            let reg = home[slot].expect("it has one");
            cost += 2 * self.alone(slot, reg, registers);
            for &partner in self.partners[slot].iter().filter(|&&partner| home[partner].is_some()) {
                let other = home[partner].expect("it has one");
                cost += if other == reg { 0 } else { twice(partner) * Self::moved(reg, other, registers) };
            }
            for pair in &self.strings[slot] {
                let weight = pair.other.map_or(2, |(other, _)| twice(other));
                cost += weight * Self::missed(*pair, reg, home);
            }
        }
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alloc::tests::few;
    use crate::wants::Mentions;

    #[test]
    fn slots_in_each_others_way_change_registers_together() {
        let mut neighbours = vec![Set::with_room(3); 3];
        for (one, other) in [(0, 1), (1, 0), (1, 2), (2, 1)] {
            neighbours[one].insert(other);
        }
        let mut found = Constraints {
            neighbours,
            forbidden: vec![0; 3],
            used_up: vec![[0; 32]; 3],
            strings: vec![Vec::new(); 3],
            wishes: vec![vec![2], Vec::new(), Vec::new()],
            partners: vec![Vec::new(); 3],
            mentions: vec![Mentions::default(); 3],
        };
        let mut home = [Some(1), Some(2), Some(1)];
        found.anneal(&mut home, &few(&[1, 2]), 0);
        assert_eq!(home, [Some(2), Some(1), Some(2)], "one after the other they cannot");
        found.forbidden[2] = 1 << 2;
        let mut home = [Some(1), Some(2), Some(1)];
        found.anneal(&mut home, &few(&[1, 2]), 0);
        assert_eq!(home, [Some(1), Some(2), Some(1)], "the last may not");
    }
}
