//! Operations that are one instruction on A64.
//!
//! ```text
//! shl, add               ADD Xd, Xn, Xm, LSL #shift
//! mul, add               MADD Xd, Xn, Xm, Xa
//! branch, branch         CMP; CCMP; B.cond     to the same place
//! load, load             LDP                   neighbours in memory
//! store, store           STP
//! ```

use super::ctx::Aarch64;
use super::inst::{A64, ZERO_OR_SP};
use super::place::Size;
use crate::analysis::value_state::Value;
use crate::ir::op::{Base, BinOp, Cond, Label, Mem, Op, Operand, Slot, Width};
use crate::reg::Reg;

/// Numbers that CCMP and CCMN take are below this one.
const CCMP_END: i64 = 32;

/// The flags (N 8, Z 4, C 2, V 1) with which a condition holds.
fn flags(cond: Cond) -> u8 {
    match cond {
        Cond::Eq | Cond::Le | Cond::BelowOrEqual => 4,
        Cond::Ne | Cond::Ge | Cond::Gt | Cond::Below => 0,
        Cond::Lt => 8,
        Cond::AboveOrEqual | Cond::Above => 2,
    }
}

/// Does A64 compare and branch without flags?
fn is_one_instruction(wide: bool, cond: Cond, value: i64) -> bool {
    value == 0
        && (matches!(cond, Cond::Eq | Cond::Ne | Cond::Above | Cond::BelowOrEqual)
            || (!wide && matches!(cond, Cond::Lt | Cond::Ge)))
}

impl Aarch64<'_> {
    /// A shift or a product to which the next operation adds something, or which it adds to something.
    pub(super) fn with_sum(&mut self, at: usize, n: Reg) -> bool {
        let &Op::Binary { operator: operator @ (BinOp::Shl | BinOp::Mul), to, value } = &self.program.insts[at].op
        else {
            return false;
        };
        let Some(Op::Binary { operator: BinOp::Add, to: sum, value: Operand::Slot(added) }) =
            self.program.insts.get(at + 1).map(|inst| &inst.op)
        else {
            return false;
        };
        let (sum, added) = (*sum, *added);
        let other = match (sum == to, added == to) {
            (true, false) => added,
            (false, true) if !self.slots.lives_after(at + 1, to) => sum,
            _ => return false,
        };
        let wide = self.wide(sum);
        if wide != self.wide(to) || wide != self.wide(other) {
            return false;
        }
        let (d, a) = (self.assigned(sum), self.assigned(other));
        match (operator, value) {
            (BinOp::Shl, Operand::Const(shift)) => {
                self.plain(A64::AddShifted { wide, d, n: a, m: n, shift: shift as u8 });
            }
            (BinOp::Mul, Operand::Const(by)) if by > 0 && (by as u64).is_power_of_two() => {
                let shift = by.trailing_zeros() as u8;
                self.plain(A64::AddShifted { wide, d, n: a, m: n, shift });
            }
            (BinOp::Mul, Operand::Const(by)) => {
                let m = self.number(by, wide, "operand");
                self.plain(A64::Madd { wide, d, n, m, a });
            }
            (BinOp::Mul, Operand::Slot(by)) => {
                let m = self.assigned(by);
                self.plain(A64::Madd { wide, d, n, m, a });
            }
            _ => return false,
        }
        self.skip = true;
        self.values.define(sum, d, Value::Unknown);
        true
    }

    /// The branch after this one, if it goes to the same place and compares as a conditional comparison can.
    fn shares(&self, at: usize) -> Option<Cond> {
        let [this, next] = [at, at + 1].map(|at| self.program.insts.get(at).map(|inst| &inst.op));
        let Some(Op::Branch { left: first, cond: was, right, to: target }) = this else { return None };
        if let Operand::Const(value) = right
            && is_one_instruction(self.wide(*first), *was, *value)
        {
            return None;
        }
        match next {
            Some(&Op::Branch { left, cond, right: Operand::Const(value), to })
                if to == *target && value.abs() < CCMP_END && !is_one_instruction(self.wide(left), cond, value) =>
            {
                Some(cond)
            }
            _ => None,
        }
    }

    /// Goes there, unless the next branch does so, too.
    pub(super) fn go_unless_shared(&mut self, at: usize, cond: Cond, to: Label) {
        if self.shares(at).is_none() {
            self.go_if(cond, to);
        }
    }

    /// Compares with a constant where the branch before has left its jump to this one: only if that would not be taken.
    pub(super) fn on_condition(&mut self, at: usize, wide: bool, n: Reg, value: i64) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        let (Some(cond), Op::Branch { cond: was, .. }) = (self.shares(before), &self.program.insts[before].op) else {
            return false;
        };
        let (negative, imm) = (value < 0, value.unsigned_abs() as u8);
        let compare = A64::Ccmp { wide, negative, n, imm, flags: flags(cond), cond: was.opposite() };
        self.plain(compare);
        let Op::Branch { cond, to, .. } = self.program.insts[at].op else { unreachable!("it is a branch") };
        self.go_unless_shared(at, cond, to);
        true
    }

    /// The lower of two neighbours in memory that are accessed one after the other, if one instruction reaches them.
    fn neighbours(&self, one: Mem, other: Mem, size: Size) -> Option<(Reg, i16)> {
        let bytes = size.bytes();
        let n = match one.base {
            _ if one.base != other.base || (one.offset - other.offset).abs() != bytes => return None,
            Base::Slot(slot) => self.assigned(slot),
            Base::Frame => self.frame(),
            Base::Sum(..) => return None,
        };
        let offset = one.offset.min(other.offset);
        (offset % bytes == 0 && (-64..64).contains(&(offset / bytes))).then_some((n, offset as i16))
    }

    /// Loads two neighbours at once.
    pub(super) fn load_pair(&mut self, at: usize) -> bool {
        let [this, next] = [at, at + 1].map(|at| self.program.insts.get(at).map(|inst| &inst.op));
        let (Some(&Op::Load { to, width, from }), Some(&Op::Load { to: then, width: same, from: other })) =
            (this, next)
        else {
            return false;
        };
        let Some(size) = pair_size(width) else { return false };
        let Some((n, offset)) = self.neighbours(from, other, size).filter(|_| width == same) else { return false };
        let [first, second] = [to, then].map(|slot| self.assigned(slot));
        let holds = |mem: Mem| self.program.is_own_word(mem, width) && self.values.holder(mem.offset, 0).is_some();
        if first == second || first == n || holds(from) || holds(other) {
            return false;
        }
        let (t, t2) = if from.offset < other.offset { (first, second) } else { (second, first) };
        self.plain(A64::LoadPair { size, t, t2, n, offset });
        for (slot, mem) in [(to, from), (then, other)] {
            self.loaded(slot, width, mem);
        }
        self.skip = true;
        true
    }

    /// Stores two neighbours at once.
    pub(super) fn store_pair(&mut self, at: usize) -> bool {
        let [this, next] = [at, at + 1].map(|at| self.program.insts.get(at).map(|inst| &inst.op));
        let (Some(&Op::Store { width, to, value }), Some(&Op::Store { width: same, to: other, value: then })) =
            (this, next)
        else {
            return false;
        };
        let Some(size) = pair_size(width) else { return false };
        let Some((n, offset)) = self.neighbours(to, other, size).filter(|_| width == same) else { return false };
        let stored = |value: Operand| match value {
            Operand::Slot(slot) => Some(self.assigned(slot)),
            Operand::Const(0) => Some(ZERO_OR_SP),
            Operand::Const(value) => (0..ZERO_OR_SP).find(|&reg| self.values.constant(reg) == Some(value as u64)),
            _ => None,
        };
        let (Some(first), Some(second)) = (stored(value), stored(then)) else { return false };
        let (t, t2) = if to.offset < other.offset { (first, second) } else { (second, first) };
        self.plain(A64::StorePair { size, t, t2, n, offset });
        self.skip = true;
        true
    }

    /// What is known of a slot that has been loaded.
    pub(super) fn loaded(&mut self, to: Slot, width: Width, from: Mem) {
        let t = self.assigned(to);
        self.values.define(to, t, if width == Width::Byte { Value::Byte } else { Value::Unknown });
        if self.program.is_own_word(from, width) {
            self.values.hold_word(t, from.offset);
        }
    }
}

/// The size of each of two that are accessed at once.
fn pair_size(width: Width) -> Option<Size> {
    match width {
        Width::Four => Some(Size::Four),
        Width::Word => Some(Size::Eight),
        Width::Byte | Width::Two => None,
    }
}
