//! Which register each slot gets: prices, in quarters of a byte, and a search for what costs least. Deterministic.

use std::collections::VecDeque;

use crate::bitset::Set;
use crate::op::Program;
use crate::reg::Reg;
use crate::regalloc::Registers;
use crate::regalloc::homes::Homes;
use crate::regalloc::interference::{Constraints, Pair, bits};
use crate::regalloc::spill;

impl Constraints {
    /// A slot that needs no register is in nobody's way.
    pub(crate) fn forget(&mut self, slot: usize) {
        let interferes = std::mem::replace(&mut self.interferes[slot], Set::with_room(self.mentions.len()));
        interferes.iter().for_each(|other| self.interferes[other].remove(slot));
        self.forbidden[slot] = 0;
    }

    /// Registers that a slot cannot have now, as bits.
    pub(crate) fn unavailable(&self, slot: usize, home: &[Option<Reg>]) -> u32 {
        let interferes = self.interferes[slot].iter().filter_map(|other| home[other]);
        interferes.fold(self.forbidden[slot], |set, reg| set | 1 << reg)
    }

    /// What a register costs a slot, in quarters of a byte.
    pub(crate) fn price(&self, slot: usize, reg: Reg, home: &[Option<Reg>], registers: &Registers) -> u32 {
        // Moves from and to the result's register have a form that is a byte shorter, where nobody wants the source.
        let moved = |other: Reg| if reg == registers.result || other == registers.result { 6 } else { 8 };
        let unmet = self.hints[slot].iter().filter(|&&wish| wish != reg);
        let mut price = 4 * (registers.price)(reg, &self.mentions[slot]) + unmet.map(|&wish| moved(wish)).sum::<u32>();
        for &partner in &self.copy_partners[slot] {
            price += match home[partner] {
                Some(other) if other == reg => 0,
                Some(other) => moved(other),
                None if self.unavailable(partner, home) >> reg & 1 == 1 => moved(reg) / 2,
                None if self.hints[partner].iter().any(|&wish| wish != reg) => moved(reg) / 4,
                None => 0,
            }
        }
        if let Some(saves) = registers.saves {
            price += 4 * saves(reg) * self.clobbers_survived[slot][usize::from(reg)];
        }
        for pair in &self.strings[slot] {
            let other = pair.other.map_or(Some(true), |(other, wanted)| home[other].map(|reg| reg == wanted));
            price += match other {
                _ if reg == pair.own => 0,
                Some(true) => 12,
                Some(false) => 0,
                None => 8,
            };
        }
        let robbed = self.interferes[slot].iter().filter(|&other| home[other].is_none());
        price + 2 * robbed.filter(|&other| self.hints[other].contains(&reg)).count().min(3) as u32
    }

    /// What a register costs a slot, given those that have one, in quarters of a byte.
    pub(crate) fn cost(&self, slot: usize, reg: Reg, home: &[Option<Reg>], registers: &Registers) -> u32 {
        let others = self.copy_partners[slot].iter().filter_map(|&partner| home[partner]).filter(|&other| other != reg);
        let moves = others.map(|other| Self::moved(reg, other, registers)).sum::<u32>();
        let strings = self.strings[slot].iter().map(|pair| Self::missed(*pair, reg, home)).sum::<u32>();
        self.alone[slot][usize::from(reg)] + moves + strings
    }

    /// Finds what each register costs each slot whatever the others have.
    pub(crate) fn weigh(&mut self, registers: &Registers) {
        let weights = |slot| {
            let mut weights = [0; 32];
            for &reg in registers.general {
                weights[usize::from(reg)] = self.weight(slot, reg, registers);
            }
            weights
        };
        self.alone = (0..self.mentions.len()).map(weights).collect();
    }

    /// What a register costs a slot whatever the others have.
    fn weight(&self, slot: usize, reg: Reg, registers: &Registers) -> u32 {
        let unmet = self.hints[slot].iter().filter(|&&wish| wish != reg);
        let moves = unmet.map(|&wish| Self::moved(reg, wish, registers)).sum::<u32>();
        let saved = registers.saves.map_or(0, |saves| 4 * saves(reg) * self.clobbers_survived[slot][usize::from(reg)]);
        4 * (registers.price)(reg, &self.mentions[slot]) + moves + saved
    }

    /// What it costs to move a value from one register to another.
    pub(crate) fn moved(reg: Reg, other: Reg, registers: &Registers) -> u32 {
        let short = reg == registers.result || other == registers.result;
        (if short { 6 } else { 8 }) + if (reg | other) >= 8 { 4 } else { 0 }
    }

    /// What it costs that an access and an increment are no string instruction, if they are none.
    pub(crate) fn missed(pair: Pair, reg: Reg, home: &[Option<Reg>]) -> u32 {
        let other_fits = pair.other.is_none_or(|(other, wanted)| home[other].is_none_or(|reg| reg == wanted));
        let is_last = pair.other.is_none_or(|(other, _)| home[other].is_some());
        if is_last && !(other_fits && reg == pair.own) { 14 } else { 0 }
    }

    /// Gives slots other registers for as long as that costs fewer bytes: a slot takes one that it likes better, and
    /// those who are in its way take whatever is best for them then.
    pub(crate) fn improve(&self, home: &mut [Option<Reg>], registers: &Registers) {
        let mut left: VecDeque<usize> = (0..home.len()).filter(|&slot| home[slot].is_some()).collect();
        let mut is_left = Set::with_room(home.len());
        for &slot in &left {
            is_left.insert(slot);
        }
        let mut homes = Homes::new(home);
        let mut changed = Vec::new();
        while let Some(slot) = left.pop_front() {
            is_left.remove(slot);
            for &reg in registers.general {
                if homes.get(slot) == Some(reg) || self.forbidden[slot] >> reg & 1 == 1 {
                    continue;
                }
                if !self.take(slot, reg, &mut homes, registers, &mut changed) {
                    continue;
                }
                for &slot in &changed {
                    let near = self.interferes[slot].iter().chain(self.copy_partners[slot].iter().copied());
                    for other in near.chain([slot]).filter(|&other| homes.get(other).is_some()) {
                        if !is_left.contains(other) {
                            is_left.insert(other);
                            left.push_back(other);
                        }
                    }
                }
            }
        }
        home.copy_from_slice(homes.all());
    }

    /// Gives a slot a register, and those that had it others, if that costs less; tells whether, and `changed` says
    /// whose register has changed.
    fn take(&self, slot: usize, reg: Reg, homes: &mut Homes, registers: &Registers, changed: &mut Vec<usize>) -> bool {
        changed.clear();
        changed.push(slot);
        changed.extend(self.holders(slot, reg, homes));
        let own = homes.get(slot);
        let was = |other: usize| if other == slot { own } else { Some(reg) };
        let mut before = 0;
        for &other in &*changed {
            homes.set(other, None);
            before += self.cost(other, was(other).expect("it has one"), homes.all(), registers);
        }
        let mut cost = 0;
        for &other in &*changed {
            let next = if other == slot { Some(reg) } else { self.cheapest(other, homes, registers) };
            cost += next.map_or(0, |reg| self.cost(other, reg, homes.all(), registers));
            homes.set(other, next);
            if next.is_none() || cost >= before {
                for &other in &*changed {
                    homes.set(other, was(other));
                }
                return false;
            }
        }
        true
    }

    /// The slot that gives way where a slot finds no register: the least mentioned of itself and those who alone have
    /// one that it could have.
    pub(crate) fn to_frame(
        &self,
        program: &Program,
        slot: usize,
        home: &[Option<Reg>],
        general: &[Reg],
    ) -> Option<usize> {
        let holder = |&reg: &Reg| {
            let mut holders = self.interferes[slot].iter().filter(|&other| home[other] == Some(reg));
            holders.next().filter(|_| holders.next().is_none() && self.forbidden[slot] >> reg & 1 == 0)
        };
        let holders = || general.iter().filter_map(holder);
        let least = |slots: &mut dyn Iterator<Item = usize>| slots.min_by_key(|&slot| self.mentions[slot].all);
        least(&mut [slot].into_iter().chain(holders()).filter(|&other| self.may_spill(program, other))).or_else(|| {
            let is_own = |slot: &usize| program.slots[*slot].name != spill::IN_PASSING;
            let others = self.interferes[slot].iter().filter(|&other| home[other].is_some());
            least(&mut others.chain([slot]).filter(is_own))
        })
    }

    /// Is anything won if this slot lives in the frame? Not if it is used at once, as those between the frame and an
    /// operation are.
    fn may_spill(&self, program: &Program, slot: usize) -> bool {
        let (first, last) = self.mentions[slot].span;
        program.slots[slot].name != spill::IN_PASSING && last > first + 1
    }

    /// The slots, the first to get a register last.
    pub(crate) fn order(&self, program: &Program, registers: &Registers) -> Vec<usize> {
        let general = bits(registers.general);
        let slots = program.slots.len();
        let free: Vec<usize> = (0..slots).map(|slot| (general & !self.forbidden[slot]).count_ones() as usize).collect();
        let mut degree: Vec<usize> = (0..slots).map(|slot| self.interferes[slot].iter().count()).collect();
        let mut left: Vec<usize> = (0..slots).collect();
        left.sort_by_key(|&slot| self.mentions[slot].all);
        let mut order = Vec::with_capacity(slots);
        while !left.is_empty() {
            let sure = left.iter().position(|&slot| degree[slot] < free[slot]);
            // Where nobody is sure to find one, whoever is in most others' way for the fewest mentions waits longest.
            let at = sure.unwrap_or_else(|| {
                let burden = |&at: &usize| {
                    let slot = left[at];
                    let mentions = if self.may_spill(program, slot) { self.mentions[slot].all } else { 1 << 20 };
                    u64::from(mentions) * 1_000_000 / (degree[slot].max(1) as u64).pow(2)
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
