//! System calls on x86: arguments in their registers, number in the accumulator.
//!
//! The sixth argument of i386 goes to ebp, which holds the frame's address in a program with routines. Such a call
//! pushes ebp first, sets it last, and pops it after the call.

use iced_x86::{Code, Instruction};

use super::ctx::{X86, named};
use super::inst::Operation;
use super::regs::EAX;
use crate::analysis::value_state::{RegValue, Value};
use crate::choice::ORDER;
use crate::ir::op::{Operand, Slot};
use crate::ir::syscall::{Call, CallInfo, Returns};
use crate::reg::Reg;
use crate::regalloc::parallel_move::{self, Argument, Move};

impl X86<'_> {
    pub(super) fn call(&mut self, at: usize, call: Call, args: &[Operand], result: Option<Slot>) {
        let info = call.info();
        let machine = self.mode.machine;
        let registers = self.mode.registers.args_of(call);
        let mut args = parallel_move::settled(args, &registers, |slot| self.slots.assigned(slot));
        let frame_argument = self.take_frame_argument(info, &registers, &mut args);
        if let Some((arg, role)) = frame_argument {
            self.push_register(self.mode.registers.frame, "the frame, for after the call");
            // The register of a slot may become another argument's.
            if let Operand::Slot(slot) = arg {
                self.push_register(self.assigned(slot), &format!("{}: {role}", info.name));
            }
        }
        let args = &args[..];
        let (slots, rest) = parallel_move::in_order(info, machine, &registers, args, |slot| self.slots.assigned(slot));
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
        self.set_number_and_rest(call, rest);
        self.enter_kernel(info, frame_argument);
        self.define_result(at, call, args, result);
    }

    /// Sets the number, and the arguments that read no slot.
    fn set_number_and_rest(&mut self, call: Call, mut rest: Vec<Argument>) {
        let (name, number) = (call.info().name, i64::from(call.info().number(self.mode.machine)));
        if self.tuning.is_golf && !call.is_numbered() {
            self.may_fail = self.program.needless_after_failure.contains(&call);
            rest.insert(0, (EAX, Operand::Const(number), "call number"));
        } else if !call.is_numbered() {
            self.set_constant(EAX, number, &format!("{name}: call number"));
        }
        self.set_cheapest_first(name, rest);
        self.args_set = u32::MAX;
    }

    /// Enters the kernel; around that, the frame's register has its argument, if there is one.
    fn enter_kernel(&mut self, info: &'static CallInfo, frame_argument: Option<(Operand, &'static str)>) {
        let frame = self.mode.registers.frame;
        let frame_address = self.values.get(frame);
        match frame_argument {
            Some((Operand::Slot(_), role)) => self.pop_register(frame, &format!("{}: {role}", info.name)),
            Some((arg, role)) => self.set(frame, arg, &format!("{}: {role}", info.name)),
            None => {}
        }
        let (enter, why) = ((self.mode.enter)(), self.why.clone());
        self.push(if info.returns() { Operation::Plain(enter) } else { Operation::Leave(enter) }, why);
        self.values.set_flags(None);
        if frame_argument.is_some() {
            self.pop_register(frame, "the frame");
            self.values.set(frame, frame_address);
        }
        for &reg in self.mode.registers.clobbers {
            self.values.set(reg, RegValue::UNKNOWN);
        }
    }

    /// Notes what is known of the result, and moves it to its slot's register.
    fn define_result(&mut self, at: usize, call: Call, args: &[Operand], result: Option<Slot>) {
        // No more is sent than was asked for.
        let is_short = call == Call::Sendto && matches!(args[2], Operand::Const(0..=255));
        let returned = match call.info().result {
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

    /// Takes out the argument that belongs in the register of the frame's address, with its name, if it matters.
    fn take_frame_argument(
        &self,
        info: &'static CallInfo,
        registers: &[Reg],
        args: &mut [Operand],
    ) -> Option<(Operand, &'static str)> {
        let is_frame = |reg: &Reg| *reg == self.mode.registers.frame && self.program.has_frame_register();
        let index = registers.iter().position(is_frame).filter(|&index| index < args.len())?;
        let is_wanted = info.looks_at(self.mode.machine, args, index);
        // Without an address Linux does not look at its length, and qemu-user wants none below 0: the frame's address
        // is not negative there.
        let needs_nothing = args[index] == Operand::NotNegative && args[index - 1] == Operand::Const(0);
        let arg = std::mem::replace(&mut args[index], Operand::Any);
        (is_wanted && arg != Operand::Any && !needs_nothing).then_some((arg, info.args[index]))
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
            let at = self.tuning.decide((self.at, ORDER + pending.len() as u16), pending.len(), usual);
            let (reg, arg, role) = pending.remove(at);
            self.set(reg, arg, &format!("{name}: {role}"));
            self.args_set |= 1 << reg;
        }
    }
}
