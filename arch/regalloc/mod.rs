//! Register allocation: which register holds which slot. Every web has a slot of its own by now.
//!
//! Strategy: graph colouring (Chaitin 1982; Briggs, Cooper and Torczon 1994). Slots that will find a register whatever
//! the others get are put aside, the least used first, so that the most used choose first. Each takes the register that
//! costs the fewest bytes. Then a search exchanges registers (`anneal.rs`). Slots that find none must spill
//! (`spill.rs`). Terms: two slots interfere if they may not share a register. A hint is a register that would save a
//! move. A copy partner is a slot that would save one if it had the same register.
//! Invariant: the result depends on the program alone.

mod anneal;
mod assignment;
mod color;
pub(crate) mod env;
pub(crate) mod interference;
pub(crate) mod parallel_move;
pub(crate) mod spill;

pub(crate) use env::{Registers, Strings, Uses};

use std::sync::Arc;

use crate::CompileError;
use crate::analysis::cfg::Cfg;
use crate::bitset::Set;
use crate::choice::{SLOT_REGISTER, Tuning};
use crate::ir::op::{Inst, Program, Slot};
use crate::reg::Reg;
use crate::regalloc::interference::{Constraints, clobbered, constraints, index, through};

/// The registers of all slots, and the slots that are live after each operation.
#[derive(Clone)]
pub(crate) struct Allocation {
    lives: Arc<Lives>,
    assigned: Vec<Reg>,
    /// For each operation the registers of the slots that are live after it, as bits.
    live: Vec<u32>,
    /// Registers that an operation clobbers although their values are needed after it.
    saved: Vec<u32>,
}

/// What of an allocation does not depend on which slot has which register.
struct Lives {
    /// For each operation the slots that are live after it.
    survive: Vec<Set>,
    /// For each operation how many of the next ones are one instruction with it.
    fused: Vec<usize>,
}

impl Allocation {
    /// The register of a slot.
    pub(crate) fn assigned(&self, slot: Slot) -> Reg {
        self.assigned[usize::from(slot.0)]
    }

    /// Does any slot have this register?
    pub(crate) fn is_assigned(&self, reg: Reg) -> bool {
        self.assigned.contains(&reg)
    }

    /// How many of the next operations are one instruction with this one?
    pub(crate) fn fused(&self, at: usize) -> usize {
        self.lives.fused[at]
    }

    /// Registers that must be pushed before this operation and popped after it.
    pub(crate) fn saved(&self, at: usize) -> Vec<Reg> {
        let saved = self.saved[at];
        if saved == 0 { Vec::new() } else { (0..32).filter(|reg| saved >> reg & 1 == 1).collect() }
    }

    /// Is the slot live after this operation?
    pub(crate) fn lives_after(&self, at: usize, slot: Slot) -> bool {
        self.lives.survive[at].contains(usize::from(slot.0))
    }

    /// Does this register hold a slot that is live after this operation?
    pub(crate) fn is_live(&self, at: usize, reg: Reg) -> bool {
        self.live[at] >> reg & 1 == 1
    }
}

/// Registers for all slots of a program. The search may still exchange them.
pub(crate) struct Colouring {
    lives: Arc<Lives>,
    found: Constraints,
    /// Slots that need no register.
    needless: Vec<usize>,
    assigned: Vec<Option<Reg>>,
}

/// Gives every slot a register.
///
/// # Errors
/// Slots that must spill, or the compile error if spilling does not help.
pub(crate) fn colour(
    program: &Program,
    registers: &Registers,
    tuning: &Tuning,
) -> Result<Colouring, Result<Vec<Slot>, CompileError>> {
    let cfg = Cfg::of(program);
    let survive = cfg.live_including_callers(program, &cfg.live(program));
    let mut found = constraints(program, registers, &survive);
    let fused: Vec<usize> = (0..program.insts.len()).map(|at| (registers.fused)(program, &survive, at)).collect();
    let loads = program.insts.iter().zip(&fused).filter(|(_, fused)| **fused > 0);
    let needless: Vec<usize> = loads.flat_map(|(inst, _)| inst.op.defines()).map(index).collect();
    for &slot in &needless {
        found.ignore(slot);
    }
    let mut order = found.order(program, registers);
    let mut assigned: Vec<Option<Reg>> = vec![None; program.slots.len()];
    let mut must_spill = Set::with_room(program.slots.len());
    while let Some(slot) = order.pop() {
        let unavailable = found.unavailable(slot, &assigned);
        let free: Vec<Reg> = registers.general.iter().copied().filter(|&reg| unavailable >> reg & 1 == 0).collect();
        let estimates = free.iter().map(|&reg| found.estimated_cost(slot, reg, &assigned, registers));
        let usual = estimates.enumerate().min_by_key(|&(_, cost)| cost).map_or(0, |(at, _)| at);
        assigned[slot] = free.get(tuning.decide((slot, SLOT_REGISTER), free.len(), usual)).copied();
        if assigned[slot].is_none() {
            match found.choose_spill(program, slot, &assigned, registers.general) {
                Some(other) => {
                    must_spill.insert(other);
                    if other != slot {
                        assigned[slot] = assigned[other].take();
                    }
                }
                None if must_spill.is_empty() => {
                    return Err(Err(CompileError::OutOfRegisters { slot: program.slots[slot].name.clone() }));
                }
                // Those that have been found already make room.
                None => {}
            }
        }
    }
    if !must_spill.is_empty() {
        return Err(Ok(must_spill.iter().map(|slot| Slot(slot as u16)).collect()));
    }
    for &slot in &needless {
        assigned[slot] = None;
    }
    if program.has_frame_register() {
        found.compute_own_costs(registers);
        found.improve(&mut assigned, registers);
    }
    Ok(Colouring { lives: Arc::new(Lives { survive, fused }), found, needless, assigned })
}

impl Colouring {
    /// The registers, after the search of this number for better ones, if there is to be one.
    pub(crate) fn allocation(&self, program: &Program, registers: &Registers, turn: Option<usize>) -> Allocation {
        let mut assigned = self.assigned.clone();
        if let Some(turn) = turn
            && program.has_frame_register()
        {
            self.found.anneal(&mut assigned, registers, turn);
            self.found.improve(&mut assigned, registers);
        }
        for &slot in &self.needless {
            assigned[slot] = Some(registers.nowhere);
        }
        let assigned: Vec<Reg> = assigned.into_iter().map(|reg| reg.expect("every slot has a register")).collect();
        let saved = |(inst, survive): (&Inst, &Set)| {
            let slots = through(&inst.op, survive);
            slots.fold(0, |set, slot| set | 1 << assigned[index(slot)] & clobbered(&inst.op, slot, registers))
        };
        let survive = &self.lives.survive;
        let saved = program.insts.iter().zip(survive).map(saved).collect();
        let live =
            survive.iter().map(|survive| survive.iter().fold(0, |set, slot| set | 1 << assigned[slot])).collect();
        Allocation { lives: Arc::clone(&self.lives), assigned, live, saved }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::TARGETS;
    use crate::ir::op::{BinOp, Kind, Op, Operand};
    use crate::ir::syscall::Call;
    use crate::pipeline::fit;

    /// Enough for allocation: no machine.
    pub(crate) fn few(general: &'static [Reg]) -> Registers {
        Registers {
            general,
            args: &[3, 1, 2],
            number: 0,
            result: 0,
            clobbers: &[0],
            divide: &[],
            copy: &[],
            frame: 7,
            narrows: false,
            no_byte: &[],
            looks_at: |_, _, _| true,
            fused: |_, _, _| 0,
            nowhere: 0,
            extra_bytes: |_, _| 0,
            saves: None,
            strings: None,
        }
    }

    #[test]
    fn results_of_one_operation_keep_apart_even_if_nobody_wants_them() {
        let mut program = Program::default();
        let [to, from, len] = ["to", "from", "length"].map(|name| program.slot(name, Kind::Pointer));
        program.push(Op::Set { to, value: Operand::Frame(0) }, "begin");
        program.push(Op::Set { to: from, value: Operand::Slot(to) }, "the same until the copy moves both");
        program.push(Op::Set { to: len, value: Operand::Const(4) }, "begin");
        program.push(Op::Copy { to, from, len }, "copy");
        program.call(Call::Exit, &[Operand::Const(0)], None, "exit");
        let (_, slots) = fit(&program, &few(&[3, 5, 6])).expect("three registers are enough");
        assert_ne!(slots.assigned(to), slots.assigned(from));
    }

    /// So many sums that are all wanted at the end.
    fn sums(count: usize) -> Program {
        let mut program = Program::default();
        let slots: Vec<Slot> = (0..count).map(|_| program.slot("sum", Kind::Int)).collect();
        for (at, &slot) in slots.iter().enumerate() {
            program.push(Op::Set { to: slot, value: Operand::Const(at as i64) }, "begin");
        }
        for pair in slots.windows(2) {
            program.push(Op::Binary { operator: BinOp::Add, to: pair[1], value: Operand::Slot(pair[0]) }, "add");
        }
        let last = Operand::Slot(slots[count - 1]);
        program.call(Call::Exit, &[last], None, "exit");
        program
    }

    #[test]
    fn what_finds_no_register_lives_in_the_frame() {
        for target in TARGETS {
            for count in [1, 4, 8, 40] {
                assert!(crate::compile(target, &sums(count)).is_ok(), "{} {count}", target.name);
            }
        }
        let (fitted, _) = fit(&sums(6), &few(&[3, 5])).expect("the frame has room");
        assert!(fitted.frame_bytes > 0);
    }
}
