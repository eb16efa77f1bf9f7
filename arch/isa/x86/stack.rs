//! Values on the stack: `push`, `pop`, and data that a program pushes at their first use (`pushed_data.rs`).

use iced_x86::{Code as Opcode, Instruction};

use super::ctx::{X86, named};
use super::regs::ESP;
use crate::analysis::value_state::Value;
use crate::ir::op::{Op, Operand, Slot};
use crate::reg::Reg;

impl X86<'_> {
    /// Pushes a datum's address with the datum below it, where the address is for nothing but the stack: `push rsp`.
    pub(super) fn push_pushed(&mut self, at: usize, to: Slot, value: Operand) -> bool {
        let Operand::Data(datum) = value else { return false };
        let next = self.program.insts.get(at + 1).map(|inst| &inst.op);
        let is_next = next == Some(&Op::Push { value: to }) && !self.slots.lives_after(at + 1, to);
        if !is_next || !self.is_on_stack(datum) || self.pushed.iter().any(|(id, _)| *id == datum) {
            return false;
        }
        self.push_datum(datum, self.assigned(to));
        let why = self.why.clone();
        self.push_register(ESP, &why); // 54
        self.skip = 1;
        true
    }

    /// Puts a slot's value on top of the stack.
    pub(super) fn put(&mut self, value: Slot) {
        let why = self.why.clone();
        self.push_register(self.assigned(value), &why);
    }

    pub(super) fn push_register(&mut self, reg: Reg, why: &str) {
        let code = if self.mode.is_long { Opcode::Push_r64 } else { Opcode::Push_r32 }; // 50+r
        self.plain(Instruction::with1(code, named(reg, self.mode.is_long)), why);
        self.depth_bytes += self.mode.class().word_bytes();
        self.zeros = 0;
    }

    /// Pops a word; what is known of the register is the caller's business.
    pub(super) fn pop_register(&mut self, reg: Reg, why: &str) {
        let code = if self.mode.is_long { Opcode::Pop_r64 } else { Opcode::Pop_r32 }; // 58+r
        self.plain(Instruction::with1(code, named(reg, self.mode.is_long)), why);
        self.depth_bytes -= self.mode.class().word_bytes();
    }

    /// Takes a slot's value off again.
    pub(super) fn take_off(&mut self, to: Slot) {
        let (assigned, why) = (self.assigned(to), self.why.clone());
        self.pop_register(assigned, &why);
        self.values.define(to, assigned, Value::Unknown);
    }
}
