//! System calls on x86: arguments in their registers, number in the accumulator.

use iced_x86::{Code, Instruction};

use super::inst::Operation;
use super::regs::EAX;
use super::select::{X86, named};
use crate::facts::{Fact, Value};
use crate::moves::{self, Argument, Move};
use crate::op::{Arg, Slot};
use crate::syscall::{Call, Returns};

impl X86<'_> {
    pub(super) fn call(&mut self, step: usize, call: Call, args: &[Arg], result: Option<Slot>) {
        let info = call.info();
        let machine = self.mode.machine;
        let (slots, rest) =
            moves::in_order(info, machine, self.mode.registers.args, args, |slot| self.slots.home(slot));
        for one in slots {
            self.move_slot(info.name, one);
        }
        for (_, arg, _) in &rest {
            if let Arg::Data(datum) = arg
                && self.is_on_stack(*datum)
            {
                self.push_datum(*datum);
            }
        }
        self.set_constant(EAX, i64::from(info.number(machine)), &format!("{}: call number", info.name));
        self.set_cheapest_first(info.name, rest);
        let why = self.why.clone();
        let enter = (self.mode.enter)();
        self.push(if info.returns() { Operation::Plain(enter) } else { Operation::Leave(enter) }, why);
        self.facts.set_flags(None);
        for &reg in self.mode.registers.clobbers {
            self.facts.set(reg, Fact::UNKNOWN);
        }
        let returned = if info.result == Returns::Zero { Value::ZeroOrError } else { Value::Unknown };
        self.facts.set(EAX, returned);
        if let Some(slot) = result {
            let home = self.home(slot);
            if home != EAX && self.slots.lives_after(step, slot) {
                self.take(home, EAX, false, "keep the result");
            }
            let value = self.facts.get(home).value;
            self.facts.define(slot, home, value);
        }
    }

    fn move_slot(&mut self, name: &str, one: Move) {
        match one {
            Move::Copy { to, slot, .. } if self.facts.get(to).copy_of == Some(slot) => {}
            Move::Copy { to, from, slot, role } => {
                self.copy(to, from, self.wide(slot), &format!("{name}: {role}"));
                self.facts.set(to, Fact { copy_of: Some(slot), ..self.facts.get(from) });
            }
            Move::Swap { .. } => self.swap(one, &format!("{name}: two arguments change places")),
        }
    }

    pub(super) fn swap(&mut self, one: Move, why: &str) {
        let Move::Swap { one, other } = one else { unreachable!("only what changes places") };
        let wide = self.mode.is_long;
        let code = if wide { Code::Xchg_rm64_r64 } else { Code::Xchg_rm32_r32 };
        self.plain(Instruction::with2(code, named(one, wide), named(other, wide)), why);
        let (was, is) = (self.facts.get(one), self.facts.get(other));
        self.facts.set(one, is);
        self.facts.set(other, was);
    }

    /// Sets the remaining arguments, at each turn the one that costs least now: what it leaves may help the next.
    pub(super) fn set_cheapest_first(&mut self, name: &str, mut pending: Vec<Argument>) {
        while !pending.is_empty() {
            let cost = |&(reg, arg, _): &Argument| match arg {
                Arg::Const(value) => {
                    let constant = self.constant(reg, value);
                    constant.bytes(constant.shortest(&self.facts))
                }
                _ => 0,
            };
            let at = (0..pending.len()).min_by_key(|&at| cost(&pending[at])).expect("something is pending");
            let (reg, arg, role) = pending.remove(at);
            self.set(reg, arg, &format!("{name}: {role}"));
        }
    }
}
