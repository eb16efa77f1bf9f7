//! What a small program may do early, to have it at hand later. It pushes zeros first, holds constants in free
//! registers, and makes the constants of a loop's start again before the jump back.

use iced_x86::{Code as Opcode, Instruction};

use super::ctx::{X86, named};
use super::materialize;
use super::regs::{EAX, ESP};
use crate::choice::Rule;
use crate::choice::{RESTORE, SEED, ZEROS};
use crate::ir::op::{Op, Operand};
use crate::ir::syscall::Call;
use crate::reg::Reg;

/// So many zeros are worth a try.
const MOST_ZEROS: usize = 2;
/// Constants from this one up take four bytes as an operand, and one as the distance from another.
const LARGE: i64 = 0x80;

impl X86<'_> {
    /// Before the first operation.
    pub(super) fn prepare(&mut self) {
        if self.tuning.is_golf {
            self.push_zeros();
            self.seed();
        }
    }

    /// Large constants in registers: where one is wanted in a loop, it may stay there, and others are near it.
    fn seed(&mut self) {
        if self.program.has_frame_register() {
            return;
        }
        let registers = (0..if self.mode.is_long { 16 } else { 8 }).filter(|&reg| reg != EAX && reg != ESP);
        for reg in registers {
            let constants = self.constants_for(reg);
            let chosen = self.tuning.decide((0, SEED + u16::from(reg)), constants.len() + 1, 0);
            if let Some(&value) = chosen.checked_sub(1).and_then(|at| constants.get(at)) {
                self.set_alone(reg, value, "kept for later");
            }
        }
    }

    /// Before a jump: constants that are wanted where it leads, where that is shorter from what is known here.
    pub(super) fn begin_again(&mut self) {
        if !self.tuning.is_golf {
            return;
        }
        for &reg in self.mode.registers.args {
            let constants = self.args_in(reg);
            let chosen = self.tuning.decide((self.at, RESTORE + u16::from(reg)), constants.len() + 1, 0);
            match chosen.checked_sub(1).and_then(|at| constants.get(at)) {
                Some(&value) if !self.slots.is_live(self.at, reg) => {
                    self.set_alone(reg, value, "as it was the first time");
                }
                _ => {}
            }
        }
    }

    /// Sets a constant by the shortest rule that changes no other register.
    fn set_alone(&mut self, reg: Reg, value: i64, why: &str) {
        let constant = self.constant(reg, value);
        let mut rules = self.allowed(constant);
        rules.retain(|rule| !matches!(rule, materialize::Rule::Exchange { .. } | materialize::Rule::PopZero));
        let rule = rules.into_iter().min_by_key(|&rule| constant.bytes(rule)).expect("one always fits");
        self.make(constant, rule, why);
    }

    /// Large constants that are worth a try in a register. They are the constants that calls want in it. For a register
    /// without argument and without slot, they are the numbers of calls.
    fn constants_for(&self, reg: Reg) -> Vec<i64> {
        let (registers, machine) = (self.mode.registers.args, self.mode.machine);
        let is_easy = |arg: &Operand| matches!(arg, Operand::Any | Operand::NotNegative);
        let is_arg = |(call, args): (Call, &Vec<Operand>)| {
            let mut all = args.iter().enumerate().zip(registers);
            all.any(|((at, arg), &to)| to == reg && !is_easy(arg) && call.info().looks_at(machine, args, at))
        };
        let mut constants = if self.calls().any(is_arg) {
            self.args_in(reg)
        } else if reg < 8 && !self.slots.is_assigned(reg) {
            self.calls().map(|(call, _)| i64::from(call.info().number(machine))).collect()
        } else {
            Vec::new()
        };
        constants.retain(|value| *value >= LARGE);
        constants
    }

    /// Constants that the register holds for calls.
    fn args_in(&self, reg: Reg) -> Vec<i64> {
        let registers = self.mode.registers.args;
        let of = |(_, args): (Call, &Vec<Operand>)| match args.iter().zip(registers).find(|(_, to)| **to == reg) {
            Some((Operand::Const(value), _)) => Some(*value),
            Some((Operand::Bits { set, .. }, _)) => Some(i64::from(*set)),
            _ => None,
        };
        let mut constants: Vec<i64> = self.calls().filter_map(of).collect();
        constants.sort_unstable();
        constants.dedup();
        constants
    }

    /// The program's calls with their arguments.
    fn calls(&self) -> impl Iterator<Item = (Call, &Vec<Operand>)> {
        self.program.insts.iter().filter_map(|inst| match &inst.op {
            Op::Call { call, args, .. } if !call.is_numbered() => Some((*call, args)),
            _ => None,
        })
    }

    /// Zeros that are popped later, each into a register that is to be 0.
    fn push_zeros(&mut self) {
        let starts_at_label = matches!(self.program.insts[0].op, Op::Label(_) | Op::Routine(_));
        if !self.to_push.is_empty() || self.program.has_frame_register() || starts_at_label {
            return;
        }
        let sp_is_free = self.program.frame_bytes == 0 && !self.program.asks_for_entry() && self.tuning.has(Rule::Zero);
        self.zeros = if sp_is_free { self.tuning.decide((0, ZEROS), MOST_ZEROS + 1, 0) as u32 } else { 0 };
        for _ in 0..self.zeros {
            let code = if self.mode.is_long { Opcode::Push_r64 } else { Opcode::Push_r32 };
            self.plain(Instruction::with1(code, named(EAX, self.mode.is_long)), "0, for later");
        }
    }
}
