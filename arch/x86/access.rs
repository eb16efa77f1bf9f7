//! Memory on x86: loads, stores, comparisons.

use iced_x86::{Code as Opcode, Instruction};

use super::regs;
use super::select::{X86, named};
use crate::facts::Value;
use crate::op::{Arg, Mem, Slot, Width};

impl X86<'_> {
    pub(super) fn load(&mut self, to: Slot, width: Width, from: Mem) {
        let (memory, why, wide) = (self.memory(from), self.why.clone(), self.mode.is_long && width == Width::Word);
        let reg = named(self.home(to), wide);
        let (code, value) = match width {
            Width::Byte => (Opcode::Movzx_r32_rm8, Value::Byte),
            Width::Two => (Opcode::Movzx_r32_rm16, Value::Unknown),
            Width::Four => (Opcode::Mov_r32_rm32, Value::Unknown),
            Width::Word if wide => (Opcode::Mov_r64_rm64, Value::Unknown),
            Width::Word => (Opcode::Mov_r32_rm32, Value::Unknown),
        };
        self.plain(Instruction::with2(code, reg, memory), why);
        self.facts.define(to, self.home(to), value);
    }

    pub(super) fn store(&mut self, width: Width, to: Mem, value: Arg) {
        let (memory, why) = (self.memory(to), self.why.clone());
        let wide = self.mode.is_long && width == Width::Word;
        let built = match (width, value) {
            (Width::Byte, Arg::Const(value)) => {
                Instruction::with2(Opcode::Mov_rm8_imm8, memory, i32::from(value as u8))
            }
            (Width::Byte, Arg::Slot(slot)) => {
                Instruction::with2(Opcode::Mov_rm8_r8, memory, regs::bits_8(self.home(slot)))
            }
            (Width::Two, Arg::Const(value)) => {
                Instruction::with2(Opcode::Mov_rm16_imm16, memory, u32::from(value as u16))
            }
            (Width::Two, Arg::Slot(slot)) => {
                Instruction::with2(Opcode::Mov_rm16_r16, memory, regs::bits_16(self.home(slot)))
            }
            (_, Arg::Const(value)) if wide => Instruction::with2(Opcode::Mov_rm64_imm32, memory, value as i32),
            (_, Arg::Const(value)) => Instruction::with2(Opcode::Mov_rm32_imm32, memory, value as i32),
            (_, Arg::Slot(slot)) if wide => {
                Instruction::with2(Opcode::Mov_rm64_r64, memory, regs::bits_64(self.home(slot)))
            }
            (_, Arg::Slot(slot)) => Instruction::with2(Opcode::Mov_rm32_r32, memory, regs::bits_32(self.home(slot))),
            _ => unreachable!("a constant or a slot is stored"),
        };
        self.plain(built, why);
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
            [a] => Instruction::with2(Opcode::Mov_rm8_imm8, memory, i32::from(a)),
            [a, b] => Instruction::with2(Opcode::Mov_rm16_imm16, memory, u32::from(u16::from_le_bytes([a, b]))),
            [a, b, c, d] => Instruction::with2(Opcode::Mov_rm32_imm32, memory, u32::from_le_bytes([a, b, c, d])),
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
