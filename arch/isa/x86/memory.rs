//! Memory on x86: loads, stores, comparisons. A store takes its constant from a register that holds it, if that is
//! shorter than the immediate.

use iced_x86::{Code as Opcode, Instruction, MemoryOperand};

use super::ctx::{Built, X86, named};
use super::fuse::NOWHERE;
use super::regs::{self, ESP};
use crate::analysis::value_state::Value;
use crate::ir::op::{Mem, Operand, Slot, Width};

impl X86<'_> {
    pub(super) fn load(&mut self, to: Slot, width: Width, from: Mem) {
        let is_word = self.program.is_own_word(from, width);
        if let Some(holder) = self.values.holder(from.offset, self.assigned(to)).filter(|_| is_word) {
            let (assigned, mut known, why) = (self.assigned(to), self.values.get(holder), self.why.clone());
            if holder != assigned {
                self.copy(assigned, holder, false, &why);
                known = self.copied(known, false);
            }
            self.values.define(to, assigned, known.value);
            self.values.hold_word(assigned, from.offset);
            return;
        }
        let (memory, why, wide) = (self.memory(from), self.why.clone(), self.mode.is_long && width == Width::Word);
        let reg = named(self.assigned(to), wide);
        let reg = if self.is_demanded_byte(to) { regs::bits_8(self.assigned(to)) } else { reg };
        let (code, value) = match width {
            Width::Byte if self.is_demanded_byte(to) => (Opcode::Mov_r8_rm8, Value::Unknown), // 8A /r
            Width::Byte => (Opcode::Movzx_r32_rm8, Value::Byte),
            Width::Two => (Opcode::Movzx_r32_rm16, Value::Unknown),
            Width::Four => (Opcode::Mov_r32_rm32, Value::Unknown),
            Width::Word if wide => (Opcode::Mov_r64_rm64, Value::Unknown),
            Width::Word => (Opcode::Mov_r32_rm32, Value::Unknown),
        };
        self.plain(Instruction::with2(code, reg, memory), why);
        self.values.define(to, self.assigned(to), value);
        if is_word {
            self.values.hold_word(self.assigned(to), from.offset);
        }
    }

    pub(super) fn store(&mut self, width: Width, to: Mem, value: Operand) {
        if let (Operand::Const(value), Width::Four) = (value, width) {
            self.prepare_constant(to, value);
        }
        let (memory, why) = (self.memory(to), self.why.clone());
        let wide = self.mode.is_long && width == Width::Word;
        let built = match (width, value) {
            (_, Operand::Const(value)) => self.store_constant(width, memory, value),
            (Width::Four, Operand::Slot(slot)) if self.takes(slot) => {
                self.is_number = true;
                Instruction::with2(Opcode::Mov_rm32_imm32, memory, 0) // C7 /0 id
            }
            (Width::Byte, Operand::Slot(slot)) => {
                Instruction::with2(Opcode::Mov_rm8_r8, memory, regs::bits_8(self.assigned(slot)))
            }
            (Width::Two, Operand::Slot(slot)) => {
                Instruction::with2(Opcode::Mov_rm16_r16, memory, regs::bits_16(self.assigned(slot)))
            }
            (_, Operand::Slot(slot)) if wide => {
                Instruction::with2(Opcode::Mov_rm64_r64, memory, regs::bits_64(self.assigned(slot)))
            }
            (_, Operand::Slot(slot)) => {
                Instruction::with2(Opcode::Mov_rm32_r32, memory, regs::bits_32(self.assigned(slot)))
            }
            _ => unreachable!("a constant or a slot is stored"),
        };
        self.plain(built, why);
        if let (true, Operand::Slot(slot)) = (self.program.is_own_word(to, width), value)
            && self.assigned(slot) != NOWHERE
        {
            self.values.change_frame(to.offset, 4);
            self.values.hold_word(self.assigned(slot), to.offset);
        }
    }

    /// Puts a constant that is stored next into a free register, if that is shorter than 4 more bytes in the
    /// instruction. A later store may use it again.
    fn prepare_constant(&mut self, to: Mem, value: i64) {
        let value = i64::from(value as u32);
        let is_held = |reg: u8| self.values.constant(reg).is_some_and(|known| known as u32 == value as u32);
        let registers = if self.mode.is_long { 16 } else { 8 };
        if !self.program.has_frame_register() || value == 0 || value == 0xffff_ffff || (0..registers).any(is_held) {
            return;
        }
        let is_free = |&reg: &u8| {
            let is_base = to.base.slots().any(|slot| self.assigned(slot) == reg);
            let is_base = is_base || self.is_index(reg);
            reg != ESP && reg != self.mode.registers.frame && !is_base && !self.slots.is_live(self.at, reg)
        };
        let cost = |reg: u8| {
            let constant = self.constant(reg, value);
            constant.bytes(constant.shortest(&self.values))
        };
        let best = (0..8).filter(is_free).map(|reg| (cost(reg), reg)).min();
        if let Some((0..=3, reg)) = best {
            let why = self.why.clone();
            self.set_constant(reg, value, &why);
        }
    }

    /// Stores a constant: from a register that holds it, or by `and` with 0 or `or` with −1, which have an operand of a
    /// byte.
    ///
    /// ```text
    /// mov [m], r        88 /r, 89 /r            1 and the place, 66 or REX before it
    /// and [m], 0        83 /4 ib                2
    /// or [m], -1        83 /1 ib                2
    /// mov [m], imm      C6 ib, C7 iw, C7 id     2, 3, 5
    /// ```
    fn store_constant(&self, width: Width, memory: MemoryOperand, value: i64) -> Built {
        let wide = self.mode.is_long && width == Width::Word;
        let mask = match width {
            Width::Byte => 0xff,
            Width::Two => 0xffff,
            Width::Word if wide => u64::MAX,
            Width::Four | Width::Word => 0xffff_ffff,
        };
        let holds = |reg: &u8| self.values.constant(*reg).is_some_and(|known| known & mask == value as u64 & mask);
        let has_byte = |reg: &u8| width != Width::Byte || *reg < ESP;
        // One of the upper eight is no shorter than a byte.
        let upper = if self.mode.is_long && width != Width::Byte { 16 } else { 8 };
        if let Some(reg) = (0..upper).filter(|reg| *reg != ESP && has_byte(reg)).find(holds) {
            return match width {
                Width::Byte => Instruction::with2(Opcode::Mov_rm8_r8, memory, regs::bits_8(reg)),
                Width::Two => Instruction::with2(Opcode::Mov_rm16_r16, memory, regs::bits_16(reg)),
                _ if wide => Instruction::with2(Opcode::Mov_rm64_r64, memory, regs::bits_64(reg)),
                _ => Instruction::with2(Opcode::Mov_rm32_r32, memory, regs::bits_32(reg)),
            };
        }
        match (width, value as u64 & mask) {
            (Width::Byte, _) => Instruction::with2(Opcode::Mov_rm8_imm8, memory, i32::from(value as u8)),
            (Width::Two, 0) => Instruction::with2(Opcode::And_rm16_imm8, memory, 0),
            (Width::Two, 0xffff) => Instruction::with2(Opcode::Or_rm16_imm8, memory, -1),
            (Width::Two, _) => Instruction::with2(Opcode::Mov_rm16_imm16, memory, u32::from(value as u16)),
            (_, 0) if wide => Instruction::with2(Opcode::And_rm64_imm8, memory, 0),
            (_, 0) => Instruction::with2(Opcode::And_rm32_imm8, memory, 0),
            (_, known) if known == mask && wide => Instruction::with2(Opcode::Or_rm64_imm8, memory, -1),
            (_, known) if known == mask => Instruction::with2(Opcode::Or_rm32_imm8, memory, -1),
            _ if wide => Instruction::with2(Opcode::Mov_rm64_imm32, memory, value as i32),
            _ => Instruction::with2(Opcode::Mov_rm32_imm32, memory, value as i32),
        }
    }

    pub(super) fn compare_memory(&mut self, at: Mem, bytes: &[u8]) {
        let (memory, why) = (self.memory(at), self.why.clone());
        let built = match *bytes {
            [a] => Instruction::with2(Opcode::Cmp_rm8_imm8, memory, i32::from(a)),
            [a, b] => Instruction::with2(Opcode::Cmp_rm16_imm16, memory, u32::from(u16::from_le_bytes([a, b]))),
            [a, b, c, d] => Instruction::with2(Opcode::Cmp_rm32_imm32, memory, u32::from_le_bytes([a, b, c, d])),
            _ => unreachable!("memory is compared by 1, 2 or 4 bytes"),
        };
        self.plain(built, why);
    }

    pub(super) fn store_memory(&mut self, to: Mem, bytes: &[u8]) {
        let (memory, why) = (self.memory(to), self.why.clone());
        let built = match *bytes {
            [a] => self.store_constant(Width::Byte, memory, a.into()),
            [a, b] => self.store_constant(Width::Two, memory, u16::from_le_bytes([a, b]).into()),
            [a, b, c, d] => self.store_constant(Width::Four, memory, i32::from_le_bytes([a, b, c, d]).into()),
            _ => unreachable!("memory is written by 1, 2 or 4 bytes"),
        };
        self.plain(built, why);
    }
}

/// Splits bytes into pieces of 4, 2 and 1, with the offset of each; the last 4 may overlap the ones before.
pub(super) fn pieces(bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let whole = bytes.len() / 4 * 4;
    let mut pieces: Vec<(usize, &[u8])> = (0..whole).step_by(4).map(|at| (at, &bytes[at..at + 4])).collect();
    match bytes.len() - whole {
        0 => {}
        3 if whole > 0 => pieces.push((bytes.len() - 4, &bytes[bytes.len() - 4..])),
        3 => pieces.extend([(whole, &bytes[whole..whole + 2]), (whole + 2, &bytes[whole + 2..])]),
        _ => pieces.push((whole, &bytes[whole..])),
    }
    pieces
}
