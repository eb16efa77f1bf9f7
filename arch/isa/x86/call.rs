//! System calls on x86: arguments in their registers, number in the accumulator.

use iced_x86::{Code, Instruction};

use super::inst::Operation;
use super::regs::EAX;
use super::select::{X86, named};
use crate::analysis::value_state::{RegValue, Value};
use crate::choice::ORDER;
use crate::op::{Operand, Slot};
use crate::regalloc::parallel_move::{self, Argument, Move};
use crate::syscall::{Call, Returns};

impl X86<'_> {
    pub(super) fn call(&mut self, at: usize, call: Call, args: &[Operand], result: Option<Slot>) {
        let info = call.info();
        let machine = self.mode.machine;
        let registers = self.mode.registers.args_of(call);
        let mut args = parallel_move::settled(args, &registers, |slot| self.slots.assigned(slot));
        // The frame's address stays where it is; it is not negative under qemu-user, and Linux does not look at it.
        if self.program.has_routines() && !self.mode.is_long {
            for (arg, _) in args.iter_mut().zip(&registers).filter(|(_, reg)| **reg == self.mode.registers.frame) {
                *arg = if *arg == Operand::NotNegative { Operand::Any } else { *arg };
            }
        }
        let args = &args[..];
        let (slots, mut rest) =
            parallel_move::in_order(info, machine, &registers, args, |slot| self.slots.assigned(slot));
        let is_slot = |(arg, reg): (&Operand, &u8)| if matches!(arg, Operand::Slot(_)) { 1 << reg } else { 0 };
        self.args_set = args.iter().zip(registers.iter()).map(is_slot).fold(0, |set, bit: u32| set | bit);
        for one in slots {
            self.move_slot(info.name, one);
        }
        for (reg, arg, _) in &rest {
            if let Operand::Data(datum) = arg
                && self.is_on_stack(*datum)
            {
                self.push_datum(*datum, *reg);
            }
        }
        let number = Operand::Const(i64::from(info.number(machine)));
        if self.tuning.is_golf && !call.is_numbered() {
            self.may_fail = self.program.needless_after_failure.contains(&call);
            rest.insert(0, (EAX, number, "call number"));
        } else if !call.is_numbered() {
            self.set_constant(EAX, i64::from(info.number(machine)), &format!("{}: call number", info.name));
        }
        self.set_cheapest_first(info.name, rest);
        self.args_set = u32::MAX;
        let why = self.why.clone();
        let enter = (self.mode.enter)();
        self.push(if info.returns() { Operation::Plain(enter) } else { Operation::Leave(enter) }, why);
        self.values.set_flags(None);
        for &reg in self.mode.registers.clobbers {
            self.values.set(reg, RegValue::UNKNOWN);
        }
        // No more is sent than was asked for.
        let is_short = call == Call::Sendto && matches!(args[2], Operand::Const(0..=255));
        let returned = match info.result {
            Returns::Zero if self.program.cannot_fail.contains(&call) => Value::Const(0),
            Returns::Zero => Value::ZeroOrError,
            Returns::Signal => Value::ByteOrError,
            _ if is_short => Value::ByteOrError,
            _ => Value::Unknown,
        };
        self.values.set(EAX, returned);
        if let Some(slot) = result {
            let assigned = self.assigned(slot);
            if assigned != EAX && self.slots.lives_after(at, slot) {
                self.take(assigned, EAX, false, "keep the result");
            }
            let value = self.values.get(assigned).value;
            self.values.define(slot, assigned, value);
        }
    }

    fn move_slot(&mut self, name: &str, one: Move) {
        match one {
            Move::Copy { to, slot, .. } if self.values.get(to).copy_of == Some(slot) => {}
            Move::Copy { to, from, slot, role } => {
                self.copy(to, from, self.wide(slot), &format!("{name}: {role}"));
                let copied = self.copied(self.values.get(from), self.wide(slot));
                self.values.set(to, RegValue { copy_of: Some(slot), ..copied });
            }
            Move::Swap { .. } => self.swap(one, &format!("{name}: two arguments change places")),
        }
    }

    pub(super) fn swap(&mut self, one: Move, why: &str) {
        let Move::Swap { one, other } = one else { unreachable!("only what changes places") };
        let wide = self.mode.is_long;
        let code = if wide { Code::Xchg_rm64_r64 } else { Code::Xchg_rm32_r32 };
        self.plain(Instruction::with2(code, named(one, wide), named(other, wide)), why);
        let (was, is) = (self.values.get(one), self.values.get(other));
        self.values.set(one, is);
        self.values.set(other, was);
    }

    /// Sets the remaining arguments, at each turn the one that costs least now: what it leaves may help the next.
    pub(super) fn set_cheapest_first(&mut self, name: &str, mut pending: Vec<Argument>) {
        while !pending.is_empty() {
            let cost = |&(reg, arg, _): &Argument| match arg {
                Operand::Const(value) => {
                    let constant = self.constant(reg, value);
                    constant.bytes(constant.shortest(&self.values))
                }
                _ => 0,
            };
            let usual = (0..pending.len()).min_by_key(|&at| cost(&pending[at])).expect("something is pending");
            let at = self.tuning.ask((self.at, ORDER + pending.len() as u16), pending.len(), usual);
            let (reg, arg, role) = pending.remove(at);
            self.set(reg, arg, &format!("{name}: {role}"));
            self.args_set |= 1 << reg;
        }
    }
}
