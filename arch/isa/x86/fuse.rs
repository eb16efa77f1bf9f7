//! Operands in memory. A slot that is loaded for the next operation alone needs no register. x86 compares, tests and
//! calculates with memory, and changes it in its place.
//!
//! ```text
//! load, branch            cmp [m], imm    cmp [m], r    cmp r, [m]
//! load, branch on bits    test byte [m], imm8    test [m], imm32
//! load, arithmetic        add r, [m]
//! load, change, store     add [m], imm    add [m], r    inc [m]    neg [m]
//! address, access         mov r, [imm]    mov r, [r + imm]
//! address, arithmetic     add r, imm      cmp r, imm
//! ```

use iced_x86::{Code as Opcode, Instruction, MemoryOperand};

use super::address_mode;
use super::arith::{changed_bits, codes, shift};
use super::ctx::{X86, named};
use super::inst::Condition;
use super::regs::{self, EAX, EDI, ESI, ESP};
use crate::analysis::value_state::Value;
use crate::bitset::Set;
use crate::ir::op::{Base, BinOp, Cond, Kind, Label, Mem, Op, Operand, Program, Slot, Width};
use crate::regalloc::Strings;

/// Where slots live that are never in a register; nothing is ever known of it.
pub(crate) const NOWHERE: u8 = ESP;

/// Registers of `lods` and `stos`.
pub(crate) const STRINGS: Strings = Strings { from: ESI, to: EDI, value: EAX };

/// How many operations after a load become one with it; 0 if it is an instruction of its own.
pub(crate) fn fused(program: &Program, live_out: &[Set], at: usize) -> usize {
    if let Op::Set { to, value: Operand::Data(_) | Operand::State(_) } = program.insts[at].op {
        return usize::from(takes_address(program, live_out, at, to));
    }
    if let Op::Set { to, value: Operand::Frame(_) } = program.insts[at].op {
        return usize::from(address_mode::is_from_frame(program, live_out, at, to));
    }
    let Op::Load { to, width, from } = program.insts[at].op else { return 0 };
    let dies = |at: usize| !live_out[at].contains(usize::from(to.0));
    let (Some(next), Some(then)) = (program.insts.get(at + 1), program.insts.get(at + 2)) else { return 0 };
    let (next, then) = (&next.op, &then.op);
    let whole = whole(program, to, width);
    let is_base = from.base.slots().any(|slot| slot == to);
    match *next {
        _ if is_base => 0,
        Op::Binary { operator, to: changed, value } if changed == to && whole && operator != BinOp::Mul => {
            usize::from(stores(then, to, width, from) && dies(at + 2) && value != Operand::Slot(to)) * 2
        }
        Op::Negate { to: changed } if changed == to && whole && width == Width::Four => {
            usize::from(stores(then, to, width, from) && dies(at + 2)) * 2
        }
        _ if !dies(at + 1) => 0,
        Op::Binary { operator, to: changed, value: Operand::Slot(value) } if value == to && changed != to => {
            let is_alike = whole && program.kind(changed) == program.kind(to);
            usize::from(is_alike && !matches!(operator, BinOp::Shl | BinOp::Shr))
        }
        Op::Branch { left, cond, right, .. } => {
            let fits = match (left == to, right) {
                (true, Operand::Const(value)) => compares(whole, width, cond, value),
                (true, Operand::Slot(right)) => whole && right != to && program.kind(right) == program.kind(to),
                (false, Operand::Slot(right)) => whole && right == to && program.kind(left) == program.kind(to),
                _ => false,
            };
            usize::from(fits)
        }
        Op::BranchBits { value, bits, .. } if value == to => {
            let bytes = match width {
                Width::Byte => 1,
                Width::Two => 2,
                Width::Four | Width::Word => 4,
            };
            usize::from(byte_of(bits).is_some_and(|(byte, _)| byte < bytes) || width == Width::Four)
        }
        _ => 0,
    }
}

/// Does the next operation take an address as a number in its instruction, and is the slot dead after it?
fn takes_address(program: &Program, live_out: &[Set], at: usize, slot: Slot) -> bool {
    let Some(next) = program.insts.get(at + 1).map(|inst| &inst.op) else { return false };
    let is_wanted = live_out[at + 1].contains(usize::from(slot.0)) && !next.defines().contains(&slot);
    let counts_from = |mem: &Mem| match mem.base {
        Base::Slot(base) => base == slot,
        Base::Sum(one, other) => (one == slot) != (other == slot),
        Base::Frame => false,
    };
    let fits = match next {
        Op::Binary { operator: BinOp::Add | BinOp::Sub, to, value } => *to != slot && *value == Operand::Slot(slot),
        Op::Branch { left, right, .. } => *left != slot && *right == Operand::Slot(slot),
        Op::Load { from, .. } => counts_from(from),
        Op::Store { to, value, .. } if *value != Operand::Slot(slot) => counts_from(to),
        // What is stored; a small program's search has other ways.
        Op::Store { to, width, .. } => {
            program.has_frame_register() && *width == Width::Four && !to.base.slots().any(|base| base == slot)
        }
        Op::BranchBytes { at, .. } => counts_from(at),
        Op::StoreBytes { to, bytes } => counts_from(to) && matches!(bytes.len(), 1 | 2 | 4),
        _ => false,
    };
    fits && !is_wanted
}

/// Does the access mean all of the slot?
fn whole(program: &Program, slot: Slot, width: Width) -> bool {
    match program.kind(slot) {
        Kind::Int => width == Width::Four,
        Kind::Pointer => width == Width::Word,
    }
}

fn stores(op: &Op, slot: Slot, width: Width, place: Mem) -> bool {
    *op == Op::Store { width, to: place, value: Operand::Slot(slot) }
}

/// Is memory compared with this number as the register would be, in which zeros stand before what was loaded?
fn compares(whole: bool, width: Width, cond: Cond, value: i64) -> bool {
    match width {
        Width::Byte => (0..=255).contains(&value) && (value > 0 || matches!(cond, Cond::Eq | Cond::Ne)),
        Width::Two => (1..128).contains(&value) || value == 0 && matches!(cond, Cond::Eq | Cond::Ne),
        Width::Four | Width::Word => whole && i32::try_from(value).is_ok(),
    }
}

/// The byte that all of these bits are in, and which they are there.
fn byte_of(bits: u32) -> Option<(usize, u32)> {
    let byte = (bits.trailing_zeros() / 8) as usize;
    let there = bits.checked_shr(8 * byte as u32)?;
    (there <= 0xff).then_some((byte, there))
}

/// Where a constant does not fit a byte, but changes bits of one byte alone: which, and how.
fn byte_change(operator: BinOp, value: i64) -> Option<(usize, Opcode)> {
    let code = match operator {
        BinOp::And => Opcode::And_rm8_imm8, // 80 /4 ib
        BinOp::Or => Opcode::Or_rm8_imm8,   // 80 /1 ib
        BinOp::Xor => Opcode::Xor_rm8_imm8, // 80 /6 ib
        _ => return None,
    };
    let (byte, _) = byte_of(changed_bits(operator, value)?)?;
    i8::try_from(value as i32).is_err().then_some((byte, code))
}

/// Do the flags tell of all 4 bytes that it changes in memory, as if they were compared with 0?
fn tells_word(instruction: &Instruction) -> bool {
    let is_word = matches!(instruction.memory_size(), iced_x86::MemorySize::UInt32 | iced_x86::MemorySize::Int32);
    let is_shift = matches!(instruction.mnemonic(), iced_x86::Mnemonic::Shl | iced_x86::Mnemonic::Shr);
    is_word && !is_shift
}

impl X86<'_> {
    /// Does a load, or leaves it to the operations that it is one with.
    pub(super) fn load_for(&mut self, at: usize, to: Slot, width: Width, from: Mem) {
        match self.slots.fused(at) {
            0 => self.load(to, width, from),
            1 if self.program.insts[at + 1].op.target().is_some() => self.in_memory = Some((width, from)),
            1 => {
                let Op::Binary { operator, to, .. } = self.program.insts[at + 1].op else {
                    unreachable!("it is arithmetic")
                };
                self.skip = 1;
                self.add_memory(operator, to, from);
            }
            _ => {
                let op = self.program.insts[at + 1].op.clone();
                self.program.insts[at + 1].why.clone_into(&mut self.why);
                self.skip = 2;
                self.change_memory(&op, self.wide(to), from);
            }
        }
    }

    fn add_memory(&mut self, operator: BinOp, to: Slot, from: Mem) {
        let (assigned, wide, memory) = (self.assigned(to), self.wide(to), self.memory(from));
        let code = match (operator, wide) {
            (BinOp::Add, false) => Opcode::Add_r32_rm32, // 03 /r
            (BinOp::Add, true) => Opcode::Add_r64_rm64,  // REX.W
            (BinOp::Sub, false) => Opcode::Sub_r32_rm32, // 2B /r
            (BinOp::Sub, true) => Opcode::Sub_r64_rm64,  // REX.W
            (BinOp::And, false) => Opcode::And_r32_rm32, // 23 /r
            (BinOp::And, true) => Opcode::And_r64_rm64,  // REX.W
            (BinOp::Or, false) => Opcode::Or_r32_rm32,   // 0B /r
            (BinOp::Or, true) => Opcode::Or_r64_rm64,    // REX.W
            (BinOp::Xor, false) => Opcode::Xor_r32_rm32, // 33 /r
            (BinOp::Xor, true) => Opcode::Xor_r64_rm64,  // REX.W
            (_, false) => Opcode::Imul_r32_rm32,         // 0F AF /r
            (_, true) => Opcode::Imul_r64_rm64,          // REX.W
        };
        let why = self.why.clone();
        self.plain(Instruction::with2(code, named(assigned, wide), memory), why);
        self.values.define(to, assigned, Value::Unknown);
        self.values.set_flags((operator != BinOp::Mul).then_some(to));
    }

    fn change_memory(&mut self, op: &Op, wide: bool, place: Mem) {
        let (memory, why) = (self.memory(place), self.why.clone());
        let built = match *op {
            Op::Negate { .. } => Instruction::with1(Opcode::Neg_rm32, memory), // F7 /3
            Op::Binary { operator: operator @ (BinOp::Shl | BinOp::Shr), value: Operand::Const(by), .. } => {
                Instruction::with2(shift(operator, wide, by), memory, by as u32)
            }
            Op::Binary {
                operator: operator @ (BinOp::Add | BinOp::Sub), value: Operand::Const(by @ (1 | -1)), ..
            } => {
                let code = match ((operator == BinOp::Add) == (by == 1), wide) {
                    (true, false) => Opcode::Inc_rm32,  // FF /0
                    (true, true) => Opcode::Inc_rm64,   // REX.W
                    (false, false) => Opcode::Dec_rm32, // FF /1
                    (false, true) => Opcode::Dec_rm64,  // REX.W
                };
                Instruction::with1(code, memory)
            }
            Op::Binary { operator, value: Operand::Const(value), .. }
                if !wide && byte_change(operator, value).is_some() =>
            {
                let (byte, code) = byte_change(operator, value).expect("it is one byte");
                let there = (value as i32) >> (8 * byte) & 0xff;
                Instruction::with2(code, self.memory(place.plus(byte)), there)
            }
            Op::Binary { operator, value: Operand::Const(value), .. } => {
                let [imm8, imm32, _] = codes(operator, wide);
                Instruction::with2(if i8::try_from(value as i32).is_ok() { imm8 } else { imm32 }, memory, value as i32)
            }
            Op::Binary { operator, value: Operand::Slot(other), .. } => {
                Instruction::with2(codes(operator, wide)[2], memory, named(self.assigned(other), wide))
            }
            _ => unreachable!("only these change memory"),
        };
        let tells = !wide && built.as_ref().is_ok_and(tells_word);
        self.plain(built, why);
        self.compared = (tells && place.base == Base::Frame).then_some((place.offset, self.at + 2));
    }

    /// Compares a word of the frame that a register holds, too, or that the flags tell of already.
    fn branch_held(
        &mut self,
        from: Mem,
        [left, right]: [Option<Slot>; 2],
        (cond, value): (Cond, i64),
    ) -> Option<Condition> {
        let why = self.why.clone();
        let constant = left.is_none() && right.is_none();
        let tells = matches!(cond, Cond::Eq | Cond::Ne | Cond::Lt | Cond::Ge) && constant && value == 0;
        let condition = match cond {
            Cond::Lt if tells => Condition::Sign,
            Cond::Ge if tells => Condition::NotSign,
            _ => cond.into(),
        };
        if tells && self.compared.is_some_and(|(word, behind)| word == from.offset && behind + 2 == self.at) {
            return Some(condition);
        }
        let holder = self.values.holder(from.offset, EAX)?;
        let held = regs::bits_32(holder);
        let other = |slot: Slot| regs::bits_32(self.assigned(slot));
        let built = match (left, right) {
            (Some(left), _) => Instruction::with2(Opcode::Cmp_rm32_r32, other(left), held), // 39 /r
            (_, Some(right)) => Instruction::with2(Opcode::Cmp_rm32_r32, held, other(right)),
            _ if value == 0 => Instruction::with2(Opcode::Test_rm32_r32, held, held), // 85 /r
            _ => return Some(self.compare_constant(holder, false, value, cond, &why)),
        };
        self.plain(built, why);
        Some(condition)
    }

    /// Compares with memory and jumps.
    pub(super) fn branch_memory(
        &mut self,
        (width, from): (Width, Mem),
        [left, right]: [Option<Slot>; 2],
        (cond, value): (Cond, i64),
        to: Label,
    ) {
        if self.program.is_own_word(from, width)
            && self.program.has_frame_register()
            && let Some(condition) = self.branch_held(from, [left, right], (cond, value))
        {
            return self.jump(Some(condition), to);
        }
        let (memory, why) = (self.memory(from), self.why.clone());
        let wide = self.mode.is_long && width == Width::Word;
        let small = i8::try_from(value).is_ok();
        let (compare, compare_with) = if wide {
            (Opcode::Cmp_r64_rm64, Opcode::Cmp_rm64_r64) // REX.W
        } else {
            (Opcode::Cmp_r32_rm32, Opcode::Cmp_rm32_r32) // 3B /r  39 /r
        };
        let built = match (left, right, width) {
            (Some(left), ..) => Instruction::with2(compare, named(self.assigned(left), wide), memory),
            (_, Some(right), _) => Instruction::with2(compare_with, memory, named(self.assigned(right), wide)),
            (.., Width::Byte) => Instruction::with2(Opcode::Cmp_rm8_imm8, memory, value as u32), // 80 /7 ib
            (.., Width::Two) => Instruction::with2(Opcode::Cmp_rm16_imm8, memory, value as i32), // 66 83 /7 ib
            _ if wide && small => Instruction::with2(Opcode::Cmp_rm64_imm8, memory, value as i32),
            _ if wide => Instruction::with2(Opcode::Cmp_rm64_imm32, memory, value as i32),
            _ if small => Instruction::with2(Opcode::Cmp_rm32_imm8, memory, value as i32), // 83 /7 ib
            _ => Instruction::with2(Opcode::Cmp_rm32_imm32, memory, value as i32),         // 81 /7 id
        };
        self.plain(built, why);
        let is_narrow = matches!(width, Width::Byte | Width::Two);
        self.jump(Some(if is_narrow { cond.of_bytes() } else { cond }.into()), to);
    }

    /// Tests bits of memory and jumps.
    pub(super) fn branch_memory_bits(&mut self, from: Mem, bits: u32, any: bool, to: Label) {
        let why = self.why.clone();
        let built = match byte_of(bits) {
            Some((byte, there)) => {
                let memory: MemoryOperand = self.memory(from.plus(byte));
                Instruction::with2(Opcode::Test_rm8_imm8, memory, there) // F6 /0 ib
            }
            None => Instruction::with2(Opcode::Test_rm32_imm32, self.memory(from), bits), // F7 /0 id
        };
        self.plain(built, why);
        self.jump(Some(if any { Condition::NotEqual } else { Condition::Equal }), to);
    }

    /// Does a branch on a slot that is in memory, if it is one.
    pub(super) fn branch_in_memory(&mut self, op: &Op) -> bool {
        let Some((width, from)) = self.in_memory.take() else { return false };
        match *op {
            Op::BranchBits { bits, any, to, .. } => self.branch_memory_bits(from, bits, any, to),
            Op::Branch { left, cond, right, to } => {
                let register = |slot: Slot| Some(slot).filter(|slot| self.assigned(*slot) != NOWHERE);
                let (right, value) = match right {
                    Operand::Slot(right) => (register(right), 0),
                    Operand::Const(value) => (None, value),
                    _ => unreachable!("a slot is compared with a constant or a slot"),
                };
                self.branch_memory((width, from), [register(left), right], (cond, value), to);
            }
            _ => unreachable!("only branches look at memory"),
        }
        true
    }
}
