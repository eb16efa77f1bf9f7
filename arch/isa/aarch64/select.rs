//! Instruction selection for A64, operation by operation. Every instruction has 4 bytes, so reuse saves most: a
//! register that holds the value already, and branches that test by themselves.

use super::ctx::Aarch64;
use super::inst::{A64, ZERO_OR_SP, takes};
use super::memory::pieces;
use super::{LINK, REGISTERS, SCRATCH_2};
use crate::CompileError;
use crate::analysis::value_state::{Value, ValueState};
use crate::ir::Ref;
use crate::ir::op::{BinOp, Cond, Label, Op, Operand, Slot};
use crate::isel::{self, Selector};
use crate::mach::code::Code;
use crate::reg::Reg;

impl Aarch64<'_> {
    fn arithmetic(&mut self, at: usize, operator: BinOp, to: Slot, value: Operand) {
        let (d, wide) = (self.assigned(to), self.wide(to));
        let n = self.source.take().unwrap_or(d);
        if self.with_sum(at, n) {
            return;
        }
        match value {
            Operand::Slot(other) => {
                let m = self.assigned(other);
                self.plain(A64::Alu { operator, wide, d, n, m });
            }
            Operand::Const(value) => self.arithmetic_constant(operator, wide, [d, n], value),
            _ => unreachable!("arithmetic takes a constant or a slot"),
        }
        self.values.define(to, d, Value::Unknown);
    }

    /// `d = n operator value`: by one instruction if it, or another that does the same, takes the constant.
    fn arithmetic_constant(&mut self, operator: BinOp, wide: bool, [d, n]: [Reg; 2], value: i64) {
        let imm = Self::operand(value, wide);
        let opposite = Self::operand(value.wrapping_neg(), wide);
        let same = match operator {
            BinOp::Add => (BinOp::Sub, opposite),
            BinOp::Sub => (BinOp::Add, opposite),
            BinOp::Mul if imm.is_power_of_two() => (BinOp::Shl, u64::from(imm.trailing_zeros())),
            _ => (operator, imm),
        };
        let taken = [(operator, imm), same].into_iter().find(|&(operator, imm)| takes(operator, wide, imm));
        if let Some((operator, imm)) = taken {
            self.plain(A64::AluImm { operator, wide, d, n, imm });
        } else {
            let m = self.number(value, wide, "operand");
            self.plain(A64::Alu { operator, wide, d, n, m });
        }
    }

    fn divide(&mut self, value: Slot, by: u32, rest: Slot) {
        let (n, d) = (self.assigned(value), self.assigned(rest));
        if by.is_power_of_two() && by > 1 {
            self.push(A64::AluImm { operator: BinOp::And, wide: false, d, n, imm: u64::from(by - 1) }, "remainder");
            self.plain(A64::AluImm { operator: BinOp::Shr, wide: false, d: n, n, imm: u64::from(by.trailing_zeros()) });
        } else {
            let m = self.number(i64::from(by), false, "divisor");
            self.plain(A64::Udiv { d: SCRATCH_2, n, m });
            self.push(A64::Msub { d, n: SCRATCH_2, m, a: n }, "remainder");
            self.push(A64::Mov { wide: false, d: n, m: SCRATCH_2 }, "quotient");
            self.values.set(SCRATCH_2, Value::Unknown);
        }
        self.values.define(value, n, Value::Unknown);
        self.values.define(rest, d, if by <= 256 { Value::Byte } else { Value::Unknown });
    }

    fn labelled(&self, to: Label) -> String {
        self.program.leads_to(&self.why, to)
    }

    pub(super) fn go_if(&mut self, cond: Cond, to: Label) {
        let why = self.labelled(to);
        self.push(A64::Bcond { cond, to: to.into() }, why);
    }

    /// Branches if a register is 0, or if it is not.
    pub(super) fn go_if_zero(&mut self, t: Reg, wide: bool, zero: bool, to: Label) {
        let why = self.labelled(to);
        self.push(A64::Cbz { wide, zero, t, to: to.into() }, why);
    }

    /// Branches if a bit is set, or if it is not.
    fn go_if_bit(&mut self, t: Reg, bit: u32, set: bool, to: Label) {
        let why = self.labelled(to);
        self.push(A64::Tbz { set, t, bit: bit as u8, to: to.into() }, why);
    }

    fn branch(&mut self, at: usize, left: Slot, cond: Cond, right: Operand, to: Label) {
        let (n, wide) = (self.assigned(left), self.wide(left));
        match (right, cond) {
            (Operand::Const(0), Cond::Eq | Cond::BelowOrEqual) => return self.go_if_zero(n, wide, true, to),
            (Operand::Const(0), Cond::Ne | Cond::Above) => return self.go_if_zero(n, wide, false, to),
            (Operand::Const(0), Cond::Lt) if !wide => return self.go_if_bit(n, 31, true, to),
            (Operand::Const(0), Cond::Ge) if !wide => return self.go_if_bit(n, 31, false, to),
            (Operand::Const(value), _) => {
                if self.on_condition(at, wide, n, value) {
                    return;
                }
                self.compare_constant(wide, n, value);
            }
            (Operand::Slot(other), _) => self.plain(A64::Cmp { wide, n, m: self.assigned(other) }),
            _ => unreachable!("a slot is compared with a constant or a slot"),
        }
        self.go_unless_shared(at, cond, to);
    }

    /// Compares a register with a constant.
    pub(super) fn compare_constant(&mut self, wide: bool, n: Reg, value: i64) {
        let (imm, opposite) = (Self::operand(value, wide), Self::operand(value.wrapping_neg(), wide));
        if takes(BinOp::Sub, wide, imm) {
            self.plain(A64::CmpImm { wide, n, imm });
        } else if takes(BinOp::Add, wide, opposite) {
            self.plain(A64::CmnImm { wide, n, imm: opposite });
        } else {
            let m = self.number(value, wide, "compared with");
            self.plain(A64::Cmp { wide, n, m });
        }
    }

    fn branch_bits(&mut self, value: Slot, bits: u32, any: bool, to: Label) {
        let n = self.assigned(value);
        if bits.is_power_of_two() {
            return self.go_if_bit(n, bits.trailing_zeros(), any, to);
        }
        if takes(BinOp::And, false, u64::from(bits)) {
            self.plain(A64::TstImm { n, pattern: bits });
        } else {
            let m = self.number(i64::from(bits as i32), false, "the bits");
            self.plain(A64::Tst { n, m });
        }
        self.go_if(if any { Cond::Ne } else { Cond::Eq }, to);
    }

    /// Does this routine call another that comes back to it? Then it has to keep where it goes back to itself.
    fn calls_another(&self, routine: Label) -> bool {
        self.calling.contains(&routine)
    }

    /// Leaves a routine, which has nothing to do any more but what another does.
    fn go_on_in(&mut self, at: usize, to: Label) {
        let Some(Op::ReturnFrom { from }) = self.program.insts.get(at + 1).map(|inst| &inst.op) else { return };
        if self.calls_another(*from) {
            self.push(A64::PopLink, "where to go back to");
        }
        if self.program.insts.get(at + 2).is_none_or(|inst| inst.op != Op::Routine(to)) {
            let why = self.labelled(to);
            self.push(A64::B { to: to.into() }, why);
        }
    }
}

impl Selector for Aarch64<'_> {
    fn entry(&mut self) -> ValueState {
        // The kernel zeroes x0–x30 at exec (start_thread_common, arch/arm64/include/asm/processor.h).
        ValueState::zero(0..ZERO_OR_SP)
    }

    fn values(&mut self) -> &mut ValueState {
        &mut self.values
    }

    fn label(&mut self, label: Label) {
        self.code.label(label);
    }

    fn reserve_frame(&mut self, bytes: u32) {
        // The stack pointer must be a multiple of 16 wherever memory is accessed through it.
        self.reserved_bytes = bytes.next_multiple_of(16);
        if bytes > 0 {
            self.add(ZERO_OR_SP, ZERO_OR_SP, -(self.reserved_bytes as i32), "room for the frame");
        }
    }

    fn hold_frame_in_state(&mut self, at: u32) {
        self.push(A64::Address { d: REGISTERS.frame, of: Ref::State(at) }, "the frame");
        self.values.set(REGISTERS.frame, Value::Frame(0));
    }

    fn hold_frame(&mut self) {
        let below = self.program.below_frame() as i32;
        self.add(REGISTERS.frame, ZERO_OR_SP, below, "the frame, wherever the stack is");
        self.values.set(REGISTERS.frame, Value::Frame(0));
    }

    fn select_op(&mut self, at: usize, op: &Op, why: &str) -> Result<(), CompileError> {
        if std::mem::take(&mut self.skip) {
            return Ok(());
        }
        why.clone_into(&mut self.why);
        match op {
            Op::Push { .. } | Op::Pop { .. } => unreachable!("a slot of its own has the value"),
            Op::Label(_) => unreachable!("the flow places labels"),
            Op::Jump(to) => {
                let why = self.labelled(*to);
                self.push(A64::B { to: (*to).into() }, why);
            }
            Op::Routine(routine) => {
                if self.calls_another(*routine) {
                    self.push(A64::PushLink, "where to go back to");
                }
            }
            // What a routine does last may go back in its place.
            Op::CallRoutine(to) if isel::is_last(self.program, at) => self.go_on_in(at, *to),
            Op::ReturnFrom { .. } if at > 0 && isel::is_last(self.program, at - 1) => {}
            Op::CallRoutine(to) => {
                let why = self.labelled(*to);
                self.push(A64::Bl { to: *to }, why);
                self.values.set(LINK, Value::Unknown);
            }
            Op::ReturnFrom { from } => {
                if self.calls_another(*from) {
                    self.push(A64::PopLink, "where to go back to");
                }
                self.plain(A64::Ret);
            }
            Op::Call { call, args, result } => self.call(at, *call, args, *result),
            Op::Set { value: Operand::Slot(from), .. }
                if isel::changed_at_once(self.program, at, |slot| self.assigned(slot)).is_some() =>
            {
                self.source = Some(self.assigned(*from));
            }
            Op::Set { to, value } => {
                let assigned = self.assigned(*to);
                self.set(assigned, *value, why);
                let known = self.values.get(assigned).value;
                self.values.define(*to, assigned, known);
            }
            Op::Binary { operator, to, value } => self.arithmetic(at, *operator, *to, *value),
            Op::Negate { to } => {
                let d = self.assigned(*to);
                self.plain(A64::Alu { operator: BinOp::Sub, wide: false, d, n: ZERO_OR_SP, m: d });
                self.values.define(*to, d, Value::Unknown);
            }
            Op::Copy { to, from, len } => self.copy(*to, *from, *len),
            Op::Divide { value, by, rest } => self.divide(*value, *by, *rest),
            Op::Load { to, width, from } => self.load(at, *to, *width, *from),
            Op::Store { width, to, value } => self.store(at, *width, *to, *value),
            Op::Branch { left, cond, right, to } => self.branch(at, *left, *cond, *right, *to),
            Op::BranchBits { value, bits, any, to } => self.branch_bits(*value, *bits, *any, *to),
            Op::BranchBytes { at, bytes, equal, to } => self.branch_bytes(*at, bytes, *equal, *to),
            Op::Match { at, want, miss } => {
                for (offset, piece) in pieces(want) {
                    self.branch_bytes(at.plus(offset), piece, false, *miss);
                    let early = self.early.as_ref().unwrap_or(&self.values);
                    self.early = Some(early.meet(&self.values));
                }
            }
            Op::StoreBytes { to, bytes } => self.store_bytes(*to, bytes),
        }
        Ok(())
    }

    fn left_early(&mut self) -> Option<ValueState> {
        self.early.take()
    }

    fn code(&mut self) -> &mut Code {
        &mut self.code
    }

    fn frame(&self) -> (Reg, i64) {
        (Self::frame(self), 0)
    }

    fn assigned(&self, slot: Slot) -> Reg {
        self.slots.assigned(slot)
    }

    fn finish(self) -> Code {
        self.code
    }
}
