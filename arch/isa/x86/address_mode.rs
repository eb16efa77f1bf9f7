//! Sums as operands in memory: an operation that only makes a part of the next operation's address is left to that.
//!
//! ```text
//! shl r, 1 to 3; access [b + r]        [b + r * 2, 4, 8]    3 bytes less
//! lea b, [ebp + d]; access [b + r]     [ebp + r + d]        2 less, and b is free
//! ```

use iced_x86::MemoryOperand;

use super::ctx::{Parts, X86, named};
use super::regs::ESP;
use crate::analysis::value_state::Value;
use crate::bitset::Set;
use crate::ir::op::{Base, BinOp, Mem, Op, Operand, Program, Slot};
use crate::reg::Reg;

/// The sum in memory that an operation accesses, and is the slot there one of its two parts, and nothing else?
fn is_part(op: &Op, slot: Slot) -> bool {
    let (mem, value) = match op {
        Op::Load { from, .. } => (from, None),
        Op::Store { to, value, .. } => (to, Some(*value)),
        _ => return false,
    };
    let Mem { base: Base::Sum(one, other), .. } = mem else { return false };
    (*one == slot) != (*other == slot) && value != Some(Operand::Slot(slot))
}

/// The last of the accesses from an operation on that have the slot in their addresses only: stores, or one load.
fn accesses(program: &Program, is_live_after: impl Fn(usize, Slot) -> bool, first: usize, slot: Slot) -> Option<usize> {
    for at in first.. {
        let op = &program.insts.get(at)?.op;
        let is_replaced = matches!(op, Op::Load { to, .. } if *to == slot);
        match op {
            _ if !is_part(op, slot) => return None,
            _ if is_replaced || !is_live_after(at, slot) => return Some(at),
            Op::Store { .. } => {}
            _ => return None,
        }
    }
    None
}

/// The operation that multiplies a slot for the next ones' addresses alone: by how much, and the last of those.
fn factor(program: &Program, is_live_after: impl Fn(usize, Slot) -> bool, at: usize) -> Option<(Slot, u32, usize)> {
    let Op::Binary { operator, to, value: Operand::Const(value) } = program.insts.get(at)?.op else { return None };
    let by = match (operator, value) {
        (BinOp::Shl, 1..=3) => 1 << value,
        (BinOp::Mul, 2 | 4 | 8) => value as u32,
        _ => return None,
    };
    accesses(program, is_live_after, at + 1, to).map(|last| (to, by, last))
}

/// Is this slot, the address of a byte of the frame, wanted by the next access alone?
pub(super) fn is_from_frame(program: &Program, live_out: &[Set], at: usize, slot: Slot) -> bool {
    let is_live_after = |at: usize, slot: Slot| live_out[at].contains(usize::from(slot.0));
    let multiplied = factor(program, is_live_after, at + 1).filter(|(to, ..)| *to != slot);
    let first = at + 1 + usize::from(multiplied.is_some());
    let is_replaced = |at: usize| program.insts[at].op.defines().contains(&slot);
    program.has_frame_register() && accesses(program, is_live_after, first, slot).is_some_and(|last| !is_replaced(last))
}

impl X86<'_> {
    /// Leaves the address of a byte of the frame to the access after.
    pub(super) fn leave_frame(&mut self, slot: Slot, offset: u32) {
        let is_live_after = |at: usize, slot: Slot| self.slots.lives_after(at, slot);
        let multiplied = factor(self.program, is_live_after, self.at + 1).filter(|(to, ..)| *to != slot);
        let first = self.at + 1 + usize::from(multiplied.is_some());
        let until = accesses(self.program, is_live_after, first, slot).expect("it is left to accesses");
        self.parts = Parts { scaled: None, frame: Some((slot, offset as i32)), until };
    }

    /// Leaves the operation at hand, a multiple of what a register holds, to the next access, if that is all it is for.
    /// A small number only: what does not fit 32 bits any more would be cut off in a register.
    pub(super) fn leave_multiple(&mut self, at: usize, from: Option<Slot>) -> bool {
        let Some((to, by, last)) = factor(self.program, |at, slot| self.slots.lives_after(at, slot), at) else {
            return false;
        };
        let reg = self.assigned(from.unwrap_or(to));
        let is_small = matches!(self.values.get(reg).value, Value::Byte | Value::Const(0..=0xff));
        if !self.program.has_frame_register() || !is_small || reg == ESP {
            return false;
        }
        self.parts.scaled = Some((to, reg, by));
        self.parts.until = self.parts.until.max(last);
        true
    }

    /// Is this the register that a part of the address at hand is in?
    pub(super) fn is_index(&self, reg: Reg) -> bool {
        self.parts.scaled.is_some_and(|(_, index, _)| index == reg)
    }

    /// The access is done.
    pub(super) fn end_parts(&mut self) {
        if self.at >= self.parts.until {
            self.parts = Parts::default();
        }
    }

    /// The sum as an operand, if a part of it was left to it.
    pub(super) fn sum_of_parts(&self, one: Slot, other: Slot, offset: i32) -> Option<MemoryOperand> {
        let Parts { scaled, frame, .. } = self.parts;
        let is_scaled = |slot: Slot| scaled.is_some_and(|(scaled, ..)| scaled == slot);
        let is_frame = |slot: Slot| frame.is_some_and(|(frame, _)| frame == slot);
        let (base, index) = if is_scaled(one) || is_frame(other) { (other, one) } else { (one, other) };
        if !is_scaled(index) && !is_frame(base) {
            return None;
        }
        let (base, offset) = match frame {
            Some((slot, at)) if slot == base => (self.mode.registers.frame, offset + at - self.frame_middle),
            _ => (self.assigned(base), offset),
        };
        let (index, by) = match scaled {
            Some((slot, reg, by)) if slot == index => (reg, by),
            _ => (self.assigned(index), 1),
        };
        let [base, index] = [base, index].map(|reg| named(reg, self.mode.is_long));
        let bytes = u32::from(offset != 0);
        Some(MemoryOperand::with_base_index_scale_displ_size(base, index, by, i64::from(offset), bytes))
    }
}
