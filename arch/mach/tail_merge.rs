//! Tail merging, also called cross-jumping.
//!
//! Problem: two paths to the same place often end in the same instructions.
//! Strategy: find the two equal endings that save most, keep one, and let the other path jump into it; again until none
//! saves anything. A jump to a jump goes where that leads.
//! Invariant: only instructions with the same merge key are merged, and those that others share assert nothing of
//! registers.
//! Cost: quadratic in the paths to one place, which are few.

use std::collections::HashMap;

use crate::ir::op::Label;
use crate::mach::code::Unit;
use crate::mach::inst::{ControlFlow, MachInst};

/// Code with what its instructions are, as numbers: the same for the same, none where an instruction counts the others.
pub(crate) struct Tails {
    units: Vec<Unit>,
    known: Vec<Option<u32>>,
    lens: Vec<u32>,
    /// The first label that nobody has.
    next: u16,
}

/// Two endings: where the first begins and where the instruction is that ends it; where the other begins.
struct CommonTail {
    from: usize,
    end: usize,
    other: usize,
    saved: u32,
}

/// Merges endings. `next` is a label that nobody has; those behind it are nobody's either.
pub(crate) fn merge(units: Vec<Unit>, lens: &[u32], next: u16) -> Vec<Unit> {
    let mut numbers: HashMap<Vec<u8>, u32> = HashMap::new();
    let mut number = |unit: &Unit| {
        let Unit::Instruction { instruction, .. } = unit else { return None };
        let count = numbers.len() as u32;
        instruction.merge_key().map(|identity| *numbers.entry(identity).or_insert(count))
    };
    let known = units.iter().map(&mut number).collect();
    let mut tails = Tails { units, known, lens: lens.to_vec(), next };
    while let Some(same) = tails.longest() {
        tails.join(&same);
    }
    tails.skip_jumps();
    tails.units
}

impl Tails {
    fn instruction(&self, at: usize) -> Option<&dyn MachInst> {
        match &self.units[at] {
            Unit::Instruction { instruction, .. } => Some(instruction.as_ref()),
            Unit::Label(_) => None,
        }
    }

    /// The label that this jump always leads to.
    fn jump_target(&self, at: usize) -> Option<Label> {
        match self.instruction(at)?.control_flow() {
            ControlFlow::Jump(to) => Some(to),
            _ => None,
        }
    }

    /// Does control never reach the next instruction?
    fn ends(&self, at: usize) -> bool {
        self.instruction(at).is_some_and(|instruction| !instruction.control_flow().falls_through())
    }

    /// The two endings that it saves most to have once.
    fn longest(&self) -> Option<CommonTail> {
        // Ways to each place: instructions that end the code before them there, and labels with code before them.
        let mut ways: HashMap<u32, Vec<usize>> = HashMap::new();
        let mut jumps: HashMap<Label, u32> = HashMap::new();
        for at in 0..self.units.len() {
            if let (Some(known), true) = (self.known[at], self.ends(at)) {
                ways.entry(known).or_default().push(at);
                if let Some(to) = self.jump_target(at) {
                    jumps.insert(to, known);
                }
            }
        }
        for (at, unit) in self.units.iter().enumerate() {
            if let Unit::Label(label) = unit
                && let Some(known) = jumps.get(label)
            {
                ways.entry(*known).or_default().push(at);
            }
        }
        let mut best: Option<CommonTail> = None;
        let mut ways: Vec<(u32, Vec<usize>)> = ways.into_iter().collect();
        ways.sort();
        for ways in ways.iter().map(|(_, ways)| ways) {
            for &end in ways.iter().filter(|&&end| self.ends(end)) {
                for &other in ways.iter().filter(|&&other| other != end) {
                    let Some(same) = self.common(end, other) else { continue };
                    if best.as_ref().is_none_or(|best| same.saved > best.saved) {
                        best = Some(same);
                    }
                }
            }
        }
        best
    }

    /// What two ways to a place have in common.
    fn common(&self, end: usize, other: usize) -> Option<CommonTail> {
        let (mut from, mut to, mut len) = (end, other, 0);
        loop {
            let mut next = to.checked_sub(1)?;
            while matches!(self.units[next], Unit::Label(_)) && next > 0 {
                next -= 1;
            }
            let before = from.checked_sub(1)?;
            let is_same = self.known[before].is_some() && self.known[before] == self.known[next];
            if !is_same || self.ends(before) || self.ends(next) || before == other {
                break;
            }
            (from, to) = (before, next);
            len += self.lens[before];
        }
        // A jump takes the place of what ends it; a return is shorter than one that is near.
        let is_jump = self.jump_target(end).is_some();
        let cost = if is_jump { 0 } else { self.instruction(end)?.max_jump_bytes().saturating_sub(self.lens[end]) };
        let saved = len.checked_sub(cost).filter(|saved| *saved > 0)?;
        Some(CommonTail { from, end, other: to, saved })
    }

    fn join(&mut self, same: &CommonTail) {
        let begin = same.other.checked_sub(1).map(|at| &self.units[at]);
        let (label, is_new) = match begin {
            Some(Unit::Label(label)) => (*label, false),
            _ => (Label(self.next), true),
        };
        let jump = self.units.iter().find_map(|unit| match unit {
            Unit::Instruction { instruction, .. } => instruction.jump_to(label),
            Unit::Label(_) => None,
        });
        let jump = jump.expect("every machine jumps");
        // Each part knows of its own way only.
        let shared = self.units[same.other..].iter_mut().filter(|unit| !matches!(unit, Unit::Label(_)));
        shared.take(same.end - same.from + 1).for_each(Unit::doubt);
        self.known[same.end] = None;
        self.lens[same.end] = jump.max_jump_bytes();
        self.units[same.end] = Unit::new(jump, "the rest is the same there");
        let insert = |tails: &mut Self| {
            if is_new {
                tails.next += 1;
                tails.units.insert(same.other, Unit::Label(label));
                tails.known.insert(same.other, None);
                tails.lens.insert(same.other, 0);
            }
        };
        let remove = |tails: &mut Self| {
            tails.units.drain(same.from..same.end);
            tails.known.drain(same.from..same.end);
            tails.lens.drain(same.from..same.end);
        };
        if same.other > same.from {
            insert(self);
            remove(self);
        } else {
            remove(self);
            insert(self);
        }
    }

    /// Labels before a jump that control reaches by nothing but them go where it leads.
    fn skip_jumps(&mut self) {
        let mut at = 1;
        while at < self.units.len() {
            let begin = (0..at).rev().take_while(|&at| matches!(self.units[at], Unit::Label(_))).last();
            let to = self.jump_target(at);
            if let (Some(begin), Some(to)) = (begin, to)
                && begin > 0
                && self.ends(begin - 1)
                && !self.units[begin..at].iter().any(|unit| matches!(unit, Unit::Label(label) if *label == to))
            {
                let labels: Vec<Unit> = self.units.drain(begin..=at).take(at - begin).collect();
                let place = self.units.iter().position(|unit| matches!(unit, Unit::Label(label) if *label == to));
                let place = place.expect("every label is placed");
                self.units.splice(place..place, labels);
                // All places have changed.
                at = 0;
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Target;
    use crate::ir::op::{Cond, Kind, Label, Op, Operand, Program};
    use crate::ir::syscall::Call;

    /// A routine with two ways to its end, both of which do the same there.
    #[test]
    fn endings_that_are_the_same_are_there_once() {
        for target in crate::TARGETS {
            let mut program = Program::default();
            let slot = program.slot("slot", Kind::Int);
            let [routine, other, end, again] = ["routine", "other", "end", "again"].map(|name| program.label(name));
            program.place(again);
            program.push(Op::CallRoutine(routine), "");
            program.push(Op::CallRoutine(routine), "");
            program.push(Op::Jump(again), "");
            program.routine(routine);
            program.call(Call::Getpid, &[], Some(slot), "");
            program.push(Op::Branch { left: slot, cond: Cond::Eq, right: Operand::Const(7), to: other }, "");
            let close = |program: &mut Program| program.call(Call::Close, &[Operand::Const(5)], None, "close");
            program.call(Call::Getpid, &[], None, "");
            close(&mut program);
            program.push(Op::Jump(end), "");
            program.place(other);
            program.call(Call::Getpid, &[], None, "");
            program.call(Call::Getpid, &[], None, "");
            close(&mut program);
            program.place(end);
            program.push(Op::ReturnFrom { from: routine }, "");
            let placed = place(target, &program);
            assert_eq!(placed.instructions.iter().filter(|one| one.why == "close").count(), 1, "{}", target.name);
            assert!(placed.labels.iter().all(|(label, _)| *label <= Label(3)), "only the program's own");
        }
    }

    fn place(target: &Target, program: &Program) -> crate::PlacedCode {
        let mut code = crate::compile(target, program).expect("it compiles");
        code.place(0x1_0078, &|_, end| end).expect("it can be placed")
    }
}
