//! What a small program may do before everything else, so that it has it at hand later: zeros on the stack, and
//! constants in registers that nobody else wants.

use iced_x86::{Code as Opcode, Instruction};

use super::regs::{EAX, ESP};
use super::select::{X86, named};
use crate::alloc::Reg;
use crate::golf::Rule;
use crate::golf::tuning::{SEED, ZEROS};
use crate::op::{Arg, Op};
use crate::syscall::Call;

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
        if self.program.has_subs() {
            return;
        }
        let registers = (0..if self.mode.is_long { 16 } else { 8 }).filter(|&reg| reg != EAX && reg != ESP);
        for reg in registers {
            let constants = self.constants_for(reg);
            let chosen = self.tuning.ask((0, SEED + u16::from(reg)), constants.len() + 1, 0);
            if let Some(&value) = chosen.checked_sub(1).and_then(|at| constants.get(at)) {
                let constant = self.constant(reg, value);
                let mut rules = constant.rules(&self.facts);
                constant.golf_rules(&self.facts, false, &mut rules);
                let rule = rules.into_iter().min_by_key(|&rule| constant.bytes(rule)).expect("one always fits");
                self.make(constant, rule, "kept for later");
            }
        }
    }

    /// Large constants that are worth a try in a register: those it is to hold for a call; in one that no call looks at
    /// and no slot has, the numbers of calls.
    fn constants_for(&self, reg: Reg) -> Vec<i64> {
        let calls = || {
            self.program.steps.iter().filter_map(|step| match &step.op {
                Op::Call { call, args, .. } if *call != Call::Numbered => Some((*call, args)),
                _ => None,
            })
        };
        let registers = self.mode.registers.args;
        let machine = self.mode.machine;
        let looked_at = |call: Call, at: usize| call.info().looks_at(machine, at);
        let is_arg = |(call, args): (Call, &Vec<Arg>)| {
            let mut args = args.iter().enumerate().zip(registers);
            args.any(|((at, _), &to)| to == reg && looked_at(call, at))
        };
        let mut constants: Vec<i64> = if calls().any(is_arg) {
            let of = |(_, args): (Call, &Vec<Arg>)| match args.iter().zip(registers).find(|(_, to)| **to == reg) {
                Some((Arg::Const(value), _)) => Some(*value),
                _ => None,
            };
            calls().filter_map(of).collect()
        } else if reg < 8 && !self.slots.is_home(reg) {
            calls().map(|(call, _)| i64::from(call.info().number(machine))).collect()
        } else {
            Vec::new()
        };
        constants.retain(|value| *value >= LARGE);
        constants.sort_unstable();
        constants.dedup();
        constants
    }

    /// Zeros that are popped later, each into a register that is to be 0.
    fn push_zeros(&mut self) {
        let starts_at_label = matches!(self.program.steps[0].op, Op::Label(_) | Op::Sub(_));
        if !self.to_push.is_empty() || self.program.has_subs() || starts_at_label {
            return;
        }
        let sp_is_free = self.program.frame_bytes == 0 && self.tuning.without != Some(Rule::Zero);
        self.zeros = if sp_is_free { self.tuning.ask((0, ZEROS), MOST_ZEROS + 1, 0) as u32 } else { 0 };
        for _ in 0..self.zeros {
            let code = if self.mode.is_long { Opcode::Push_r64 } else { Opcode::Push_r32 };
            self.plain(Instruction::with1(code, named(EAX, self.mode.is_long)), "0, for later");
        }
    }
}
