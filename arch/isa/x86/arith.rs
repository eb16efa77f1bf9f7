//! Arithmetic, copies of memory, and tests of bits on x86. Each constant takes the shortest form: an immediate of one
//! byte, the short forms of the accumulator, or `inc` and `dec`.

use iced_x86::{Code as Opcode, Instruction, MemoryOperand, Register};

use super::ctx::{Built, X86, named};
use super::inst::Condition;
use super::regs::{self, EAX, ECX, ESP};
use crate::analysis::value_state::{RegValue, Value};
use crate::ir::op::{BinOp, Label, Op, Operand, Slot};
use crate::isel::{self, Changed};
use crate::regalloc::parallel_move::{self, Move};

/// Codes of an arithmetic operation with imm8, imm32 and a register.
#[rustfmt::skip] // One row per line.
pub(super) fn codes(operator: BinOp, wide: bool) -> [Opcode; 3] {
    use BinOp::{Add, And, Mul, Or, Shl, Shr, Sub, Xor};
    match (operator, wide) {
        (Add, false) => [Opcode::Add_rm32_imm8, Opcode::Add_rm32_imm32, Opcode::Add_rm32_r32], // 83 /0  81 /0  01 /r
        (Add, true)  => [Opcode::Add_rm64_imm8, Opcode::Add_rm64_imm32, Opcode::Add_rm64_r64], // REX.W
        (Sub, false) => [Opcode::Sub_rm32_imm8, Opcode::Sub_rm32_imm32, Opcode::Sub_rm32_r32], // 83 /5  81 /5  29 /r
        (Sub, true)  => [Opcode::Sub_rm64_imm8, Opcode::Sub_rm64_imm32, Opcode::Sub_rm64_r64], // REX.W
        (And, false) => [Opcode::And_rm32_imm8, Opcode::And_rm32_imm32, Opcode::And_rm32_r32], // 83 /4  81 /4  21 /r
        (And, true)  => [Opcode::And_rm64_imm8, Opcode::And_rm64_imm32, Opcode::And_rm64_r64], // REX.W
        (Or,  false) => [Opcode::Or_rm32_imm8,  Opcode::Or_rm32_imm32,  Opcode::Or_rm32_r32],  // 83 /1  81 /1  09 /r
        (Or,  true)  => [Opcode::Or_rm64_imm8,  Opcode::Or_rm64_imm32,  Opcode::Or_rm64_r64],  // REX.W
        (Xor, false) => [Opcode::Xor_rm32_imm8, Opcode::Xor_rm32_imm32, Opcode::Xor_rm32_r32], // 83 /6  81 /6  31 /r
        (Xor, true)  => [Opcode::Xor_rm64_imm8, Opcode::Xor_rm64_imm32, Opcode::Xor_rm64_r64], // REX.W
        (Mul | Shl | Shr, _) => unreachable!("products and shifts have codes of their own"),
    }
}

impl X86<'_> {
    pub(super) fn arithmetic(&mut self, operator: BinOp, to: Slot, value: Operand) {
        let (assigned, wide) = (self.assigned(to), self.wide(to));
        let reg = named(assigned, wide);
        let built = match (operator, value) {
            (_, Operand::Const(value)) if self.is_demanded_byte(to) => byte_arithmetic(operator, assigned, value),
            (BinOp::Shl | BinOp::Shr, Operand::Const(by)) => {
                Instruction::with2(shift(operator, wide, by), reg, by as u32)
            }
            (BinOp::Mul, _) => self.product(assigned, wide, value),
            (BinOp::Add | BinOp::Sub, Operand::Const(1)) => {
                Instruction::with1(self.increment_code(operator, wide), reg)
            }
            (BinOp::And, Operand::Const(0xff)) if self.mode.is_long || assigned < ESP => {
                Instruction::with2(Opcode::Movzx_r32_rm8, regs::bits_32(assigned), regs::bits_8(assigned))
            }
            (_, Operand::Const(value)) => self.constant_arithmetic(operator, assigned, wide, value),
            (_, Operand::Slot(other)) if self.takes(other) => {
                let code = match (operator, assigned == EAX && !wide) {
                    (BinOp::Add, true) => Opcode::Add_EAX_imm32, // 05 id
                    (_, true) => Opcode::Sub_EAX_imm32,          // 2D id
                    _ => codes(operator, wide)[1],
                };
                Instruction::with2(code, reg, 0)
            }
            (_, Operand::Slot(other)) => {
                Instruction::with2(codes(operator, wide)[2], reg, named(self.assigned(other), wide))
            }
            _ => unreachable!("arithmetic takes a constant or a slot"),
        };
        let why = self.why.clone();
        let instruction = built.expect("operands fit the code");
        let is_whole = instruction.op0_register().is_gpr32() || instruction.op0_register().is_gpr64();
        let tells =
            (is_whole || self.is_demanded_byte(to)) && instruction.rflags_written() & iced_x86::RflagsBits::ZF != 0;
        self.plain(Ok(instruction), why);
        let known = if self.is_demanded_byte(to) {
            Value::Unknown
        } else if matches!((operator, value), (BinOp::And, Operand::Const(0..=255))) {
            Value::Byte
        } else {
            Value::Unknown
        };
        self.values.define(to, assigned, known);
        self.values.set_flags(tells.then_some(to));
    }

    /// A copy to which something is added: `lea` does both, but leaves the flags alone.
    pub(super) fn sum_at_once(&mut self, at: usize) -> bool {
        let Some(changed) = isel::changed_at_once(self.program, at, |slot| self.assigned(slot)) else { return false };
        let Changed { operator, to, from, value } = changed;
        let (assigned, wide) = (self.assigned(to), self.wide(to));
        let flags_are_wanted = matches!(
            self.program.insts.get(at + 2).map(|inst| &inst.op),
            Some(Op::Branch { left, right: Operand::Const(0), .. }) if *left == to
        );
        if self.leave_multiple(at + 1, Some(from)) {
            self.skip = 1;
            return true;
        }
        let whole = |slot: Slot| named(self.assigned(slot), self.mode.is_long);
        let lea = if wide { Opcode::Lea_r64_m } else { Opcode::Lea_r32_m };
        let built = match (operator, value) {
            (BinOp::Shl, Operand::Const(by)) if flags_are_wanted || by > 6 => return false,
            (BinOp::Mul | BinOp::Shl, Operand::Const(by)) => {
                let by = if operator == BinOp::Shl { 1 << by } else { by };
                let [imm8, imm32] = if wide {
                    [Opcode::Imul_r64_rm64_imm8, Opcode::Imul_r64_rm64_imm32]
                } else {
                    [Opcode::Imul_r32_rm32_imm8, Opcode::Imul_r32_rm32_imm32]
                };
                let code = if i8::try_from(by).is_ok() { imm8 } else { imm32 };
                Instruction::with3(code, named(assigned, wide), named(self.assigned(from), wide), by as i32)
            }
            _ if flags_are_wanted => return false,
            (BinOp::Add, Operand::Slot(other)) => {
                let sum = MemoryOperand::with_base_index(whole(from), whole(other));
                Instruction::with2(lea, named(assigned, wide), sum)
            }
            (BinOp::Add | BinOp::Sub, Operand::Const(by)) => {
                let by = if operator == BinOp::Add { by as i32 } else { (by as i32).wrapping_neg() };
                Instruction::with2(lea, named(assigned, wide), self.operand(self.assigned(from), by))
            }
            _ => return false,
        };
        let why = [at, at + 1].map(|at| &self.program.insts[at].why).into_iter().find(|why| !why.is_empty());
        let why = why.cloned().unwrap_or_default();
        self.plain(built, why);
        self.values.define(to, assigned, Value::Unknown);
        self.skip = 1;
        true
    }

    fn product(&self, assigned: u8, wide: bool, value: Operand) -> Built {
        let reg = named(assigned, wide);
        let (imm8, imm32, by) = if wide {
            (Opcode::Imul_r64_rm64_imm8, Opcode::Imul_r64_rm64_imm32, Opcode::Imul_r64_rm64)
        } else {
            (Opcode::Imul_r32_rm32_imm8, Opcode::Imul_r32_rm32_imm32, Opcode::Imul_r32_rm32)
        };
        match value {
            Operand::Const(value) if i8::try_from(value).is_ok() => Instruction::with3(imm8, reg, reg, value as i32),
            Operand::Const(value) => Instruction::with3(imm32, reg, reg, value as i32),
            Operand::Slot(other) => Instruction::with2(by, reg, named(self.assigned(other), wide)),
            _ => unreachable!("arithmetic takes a constant or a slot"),
        }
    }

    /// `inc` or `dec`; protected mode has a form of one byte.
    fn increment_code(&self, operator: BinOp, wide: bool) -> Opcode {
        match (operator, wide, self.mode.is_long) {
            (BinOp::Add, true, _) => Opcode::Inc_rm64,     // REX.W FF /0
            (BinOp::Add, false, true) => Opcode::Inc_rm32, // FF /0
            (BinOp::Add, false, false) => Opcode::Inc_r32, // 40+r
            (_, true, _) => Opcode::Dec_rm64,              // REX.W FF /1
            (_, false, true) => Opcode::Dec_rm32,          // FF /1
            (_, false, false) => Opcode::Dec_r32,          // 48+r
        }
    }

    /// `rep movsb` has registers of its own.
    pub(super) fn copy_bytes(&mut self, at: usize, slots: [Slot; 3]) {
        let why = self.why.clone();
        let fixed = self.mode.registers.copy;
        let homes = slots.map(|slot| self.assigned(slot));
        let wide = slots.iter().any(|&slot| self.wide(slot));
        self.parallel(fixed.iter().copied().zip(homes), wide, &why);
        self.plain(Instruction::with_rep_movsb(if self.mode.is_long { 64 } else { 32 }), why); // F3 A4
        for &reg in fixed {
            self.values.set(reg, RegValue::UNKNOWN);
        }
        self.values.set(ECX, Value::Const(0));
        let back = slots.iter().zip(homes).zip(fixed);
        let wanted = back.filter(|((slot, _), _)| self.slots.lives_after(at, **slot));
        let wanted: Vec<(u8, u8)> = wanted.map(|((_, assigned), &reg)| (assigned, reg)).collect();
        self.parallel(wanted.into_iter(), wide, "behind what was copied");
        for (slot, assigned) in slots.into_iter().zip(homes) {
            let known =
                if slot == slots[2] && self.slots.lives_after(at, slot) { Value::Const(0) } else { Value::Unknown };
            if known == Value::Unknown && assigned == ECX {
                continue;
            }
            self.values.define(slot, assigned, known);
        }
    }

    /// Registers take each other's values, all at once.
    fn parallel(&mut self, moves: impl Iterator<Item = (u8, u8)>, wide: bool, why: &str) {
        for one in parallel_move::all_at_once(moves) {
            match one {
                Move::Copy { to, from, .. } => {
                    self.copy(to, from, wide, why);
                    self.values.set(to, self.copied(self.values.get(from), wide));
                }
                Move::Swap { .. } => self.swap(one, why),
            }
        }
    }

    /// Tests bits of a number and jumps.
    pub(super) fn branch_bits(&mut self, value: Slot, bits: u32, any: bool, to: Label) {
        let (assigned, why) = (self.assigned(value), self.why.clone());
        let has_byte = self.mode.is_long || assigned < ESP;
        let set = |any: bool| if any { Condition::NotEqual } else { Condition::Equal };
        let (built, condition) = if bits == 1 << 31 {
            let r = regs::bits_32(assigned);
            (Instruction::with2(Opcode::Test_rm32_r32, r, r), if any { Condition::Sign } else { Condition::NotSign })
        } else if bits <= 0xff && assigned == EAX {
            (Instruction::with2(Opcode::Test_AL_imm8, Register::AL, bits), set(any)) // A8 ib
        } else if bits <= 0xff && has_byte {
            (Instruction::with2(Opcode::Test_rm8_imm8, regs::bits_8(assigned), bits), set(any)) // F6 /0 ib
        } else if let (Some(there), true) = (regs::second_byte(bits), assigned < ESP) {
            (Instruction::with2(Opcode::Test_rm8_imm8, regs::second_8(assigned), there), set(any)) // F6 /0 ib
        } else if bits.is_power_of_two() {
            let bit = bits.trailing_zeros();
            let carry = if any { Condition::Below } else { Condition::AboveOrEqual };
            (Instruction::with2(Opcode::Bt_rm32_imm8, regs::bits_32(assigned), bit), carry) // 0F BA /4 ib
        } else {
            (Instruction::with2(Opcode::Test_rm32_imm32, regs::bits_32(assigned), bits), set(any)) // F7 /0 id
        };
        self.plain(built, why);
        self.jump(Some(condition), to);
    }
}

/// A shift by a constant; by one it is a byte shorter.
pub(super) fn shift(operator: BinOp, wide: bool, by: i64) -> Opcode {
    match (operator, wide, by) {
        (BinOp::Shl, false, 1) => Opcode::Shl_rm32_1,    // D1 /4
        (BinOp::Shl, true, 1) => Opcode::Shl_rm64_1,     // REX.W
        (BinOp::Shl, false, _) => Opcode::Shl_rm32_imm8, // C1 /4 ib
        (BinOp::Shl, true, _) => Opcode::Shl_rm64_imm8,  // REX.W
        (_, false, 1) => Opcode::Shr_rm32_1,             // D1 /5
        (_, true, 1) => Opcode::Shr_rm64_1,              // REX.W
        (_, false, _) => Opcode::Shr_rm32_imm8,          // C1 /5 ib
        (_, true, _) => Opcode::Shr_rm64_imm8,           // REX.W
    }
}

/// With a constant. What clears the upper half anyway needs no REX prefix.
fn constant(operator: BinOp, assigned: u8, wide: bool, value: i64) -> Built {
    let wide = wide && !(operator == BinOp::And && (0..1 << 31).contains(&value));
    let reg = named(assigned, wide);
    let value = value as i32;
    let [imm8, imm32, _] = codes(operator, wide);
    if i8::try_from(value).is_ok() {
        return Instruction::with2(imm8, reg, value);
    }
    // The accumulator has a form without ModRM.
    let short = match (operator, assigned == EAX && !wide) {
        (BinOp::Add, true) => Opcode::Add_EAX_imm32, // 05 id
        (BinOp::Sub, true) => Opcode::Sub_EAX_imm32, // 2D id
        (BinOp::And, true) => Opcode::And_EAX_imm32, // 25 id
        (BinOp::Or, true) => Opcode::Or_EAX_imm32,   // 0D id
        (BinOp::Xor, true) => Opcode::Xor_EAX_imm32, // 35 id
        _ => imm32,
    };
    Instruction::with2(short, reg, value)
}

/// Arithmetic on a byte with a constant.
fn byte_arithmetic(operator: BinOp, assigned: u8, value: i64) -> Built {
    let sub = [Opcode::Sub_rm8_imm8, Opcode::Sub_AL_imm8]; // 80 /5 ib  2C ib
    let [byte, accumulator] = byte_codes(operator).unwrap_or(sub);
    let code = if assigned == EAX { accumulator } else { byte };
    Instruction::with2(code, regs::bits_8(assigned), value as u32)
}

/// Codes that set, clear or turn bits of a byte; of the accumulator's lowest.
#[rustfmt::skip] // One row per line.
fn byte_codes(operator: BinOp) -> Option<[Opcode; 2]> {
    match operator {
        BinOp::And => Some([Opcode::And_rm8_imm8, Opcode::And_AL_imm8]), // 80 /4 ib  24 ib
        BinOp::Or  => Some([Opcode::Or_rm8_imm8,  Opcode::Or_AL_imm8]),  // 80 /1 ib  0C ib
        BinOp::Xor => Some([Opcode::Xor_rm8_imm8, Opcode::Xor_AL_imm8]), // 80 /6 ib  34 ib
        _ => None,
    }
}

/// The bits that an operation on 32 bits may change, if it changes no others.
pub(super) fn changed_bits(operator: BinOp, value: i64) -> Option<u32> {
    match operator {
        BinOp::And => Some(!value as u32),
        BinOp::Or | BinOp::Xor => Some(value as u32),
        _ => None,
    }
}

impl X86<'_> {
    /// Arithmetic with a constant: in the one byte that it changes, or on the one bit, if that is shorter.
    ///
    /// ```text
    /// or eax, imm32             0D id          5     (+1 for other registers, +1: REX)
    /// or eax, imm8              83 /1 ib       3     (+1: REX)
    /// or al, imm8               0C ib          2
    /// or bl, imm8; or bh, imm8  80 /1 ib       3     al to bl, ah to bh
    /// bts eax, imm8             0F BA /5 ib    4     (+1: REX)
    /// btr eax, imm8             0F BA /6 ib    4
    /// ```
    fn constant_arithmetic(&self, operator: BinOp, assigned: u8, wide: bool, value: i64) -> Built {
        let plain = constant(operator, assigned, wide, value);
        let (Some(bits), Some([byte, accumulator]), false) =
            (changed_bits(operator, value), byte_codes(operator), wide)
        else {
            return plain;
        };
        // What is 0 already need not be cleared.
        let is_byte = matches!(self.values.get(assigned).value, Value::Byte | Value::Const(0..=0xff));
        let bits = if operator == BinOp::And && is_byte { bits & 0xff } else { bits };
        let fits_byte = i8::try_from(value as i32).is_ok();
        let there = |shift: u32| (value as i32) >> shift & 0xff;
        if bits <= 0xff && assigned == EAX {
            return Instruction::with2(accumulator, Register::AL, there(0));
        }
        if bits <= 0xff && !fits_byte && assigned < ESP {
            return Instruction::with2(byte, regs::bits_8(assigned), there(0));
        }
        if !fits_byte && assigned < ESP && regs::second_byte(bits).is_some() {
            return Instruction::with2(byte, regs::second_8(assigned), there(8));
        }
        if !fits_byte && bits.is_power_of_two() {
            let code = match operator {
                BinOp::Or => Opcode::Bts_rm32_imm8,
                BinOp::And => Opcode::Btr_rm32_imm8,
                _ => Opcode::Btc_rm32_imm8, // 0F BA /7 ib
            };
            return Instruction::with2(code, regs::bits_32(assigned), bits.trailing_zeros());
        }
        plain
    }
}
