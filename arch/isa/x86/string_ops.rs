//! String instructions, where the registers fit already; and registers that an operation clobbers although their values
//! are needed after it.
//!
//! ```text
//! lodsb      AC       1     movzx eax, byte [rsi]; add rsi, 1     where the upper bits are 0 already
//! lodsd      AD       1     mov eax, [rsi]; add rsi, 4
//! stosb      AA       1     mov [rdi], al; add rdi, 1
//! stosd      AB       1     mov [rdi], eax; add rdi, 4
//! push       50+r     1     (+1: REX for r8–r15)
//! pop        58+r     1
//! ```

use iced_x86::{Code as Opcode, Instruction, Register, RepPrefixKind};

use super::ctx::X86;
use super::fuse::STRINGS;
use super::regs::EAX;
use crate::analysis::value_state::{RegValue, Value};
use crate::ir::op::{Op, Operand, Slot, Width};
use crate::reg::Reg;
use crate::regalloc::interference;

impl X86<'_> {
    /// Keeps a register's value on the stack; tells what is known of it.
    pub(super) fn save(&mut self, reg: Reg) -> RegValue {
        self.push_register(reg, "it is wanted afterwards");
        self.values.get(reg)
    }

    /// Gets it back after an operation.
    pub(super) fn restore(&mut self, reg: Reg, fact: RegValue, op: &Op) {
        self.pop_register(reg, "as it was");
        let copy_of = fact.copy_of.filter(|slot| !op.defines().contains(slot));
        self.values.set(reg, RegValue { copy_of, ..fact });
    }

    /// Does an access, and the increment of its address by the next operation, with a string instruction, if the
    /// registers are right.
    pub(super) fn string(&mut self, at: usize, op: &Op) -> bool {
        let Some(base) = interference::moves_on(self.program, at).filter(|_| self.slots.fused(at) == 0) else {
            return false;
        };
        let assigned = self.assigned(base);
        // After the increment of the address its flags may be wanted.
        let is_tested = matches!(
            self.program.insts.get(at + 2).map(|inst| &inst.op),
            Some(Op::Branch { left, right: Operand::Const(0), .. }) if *left == base
        );
        let value_is_free = !self.slots.is_live(at, EAX) && assigned != EAX;
        match op {
            _ if is_tested => return false,
            Op::Load { to, width, .. } if assigned == STRINGS.from && self.assigned(*to) == STRINGS.value => {
                self.load_string(*to, *width);
            }
            Op::Store { width, value: Operand::Slot(slot), .. }
                if assigned == STRINGS.to && self.assigned(*slot) == STRINGS.value =>
            {
                let why = self.why.clone();
                self.store_string(if *width == Width::Byte { 1 } else { 4 }, &why);
            }
            Op::Store { width, value: Operand::Const(value), .. } if assigned == STRINGS.to && value_is_free => {
                let bytes = if *width == Width::Byte { 1 } else { 4 };
                self.store_strings(&value.to_le_bytes()[..bytes]);
            }
            Op::StoreBytes { bytes, .. } if assigned == STRINGS.to && value_is_free => {
                self.store_strings(bytes);
            }
            _ => return false,
        }
        self.values.define(base, assigned, Value::Unknown);
        self.skip = 1;
        true
    }

    fn load_string(&mut self, to: Slot, width: Width) {
        let (bits, why) = (self.address_bits(), self.why.clone());
        if width == Width::Byte {
            let is_clear = self.is_demanded_byte(to);
            if !is_clear && !matches!(self.values.get(EAX).value, Value::Byte | Value::Const(0..=0xff)) {
                self.set_constant(EAX, 0, "no upper bits");
            }
            self.plain(Instruction::with_lodsb(bits, Register::None, RepPrefixKind::None), why); // AC
        } else {
            self.plain(Instruction::with_lodsd(bits, Register::None, RepPrefixKind::None), why); // AD
        }
        // What was above the byte before is there still.
        let is_byte =
            width == Width::Byte && matches!(self.values.get(EAX).value, Value::Byte | Value::Const(0..=0xff));
        self.values.define(to, EAX, if is_byte { Value::Byte } else { Value::Unknown });
    }

    fn store_string(&mut self, bytes: usize, why: &str) {
        let bits = self.address_bits();
        let built = match bytes {
            1 => Instruction::with_stosb(bits, RepPrefixKind::None), // AA
            2 => Instruction::with_stosw(bits, RepPrefixKind::None), // 66 AB
            _ => Instruction::with_stosd(bits, RepPrefixKind::None), // AB
        };
        self.plain(built, why);
    }

    fn store_strings(&mut self, mut bytes: &[u8]) {
        let why = self.why.clone();
        while !bytes.is_empty() {
            let len = [4, 2, 1].into_iter().find(|&len| len <= bytes.len()).expect("1 fits");
            let (piece, rest) = bytes.split_at(len);
            let value = piece.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte));
            self.set_accumulator(value, len, &why);
            self.store_string(len, &why);
            bytes = rest;
        }
    }

    /// Sets the lowest bytes of the accumulator; the others do not matter.
    fn set_accumulator(&mut self, value: u32, bytes: usize, why: &str) {
        let mask = if bytes == 4 { u32::MAX } else { (1 << (8 * bytes)) - 1 };
        let known = self.values.get(EAX).value;
        match (bytes, known) {
            (_, Value::Const(known)) if known as u32 & mask == value => {}
            (1, _) => {
                self.plain(Instruction::with2(Opcode::Mov_r8_imm8, Register::AL, value), why); // B0 ib
                let left = match known {
                    Value::Const(known) => Value::Const(known & !0xff | u64::from(value)),
                    Value::Byte => Value::Const(value.into()),
                    _ => Value::Unknown,
                };
                self.values.set(EAX, left);
            }
            (2, _) => {
                self.plain(Instruction::with2(Opcode::Mov_r16_imm16, Register::AX, value), why); // 66 B8 iw
                let left = match known {
                    Value::Const(known) => Value::Const(known & !0xffff | u64::from(value)),
                    _ => Value::Unknown,
                };
                self.values.set(EAX, left);
            }
            _ => self.set_constant(EAX, i64::from(value), why),
        }
    }

    pub(super) fn address_bits(&self) -> u32 {
        if self.mode.is_long { 64 } else { 32 }
    }
}
