//! System calls on A64: slots move to the argument registers first, as if at once; then constants, addresses and the
//! number follow.

use super::ctx::Aarch64;
use super::inst::{A64, ZERO_OR_SP};
use super::{REGISTERS, RESULT, SCRATCH_2, SYSCALL_NUMBER};
use crate::analysis::value_state::{RegValue, Value};
use crate::choice;
use crate::ir::op::{Datum, DatumId, Operand, Part, Slot};
use crate::ir::syscall::{Call, Returns};
use crate::reg::Reg;
use crate::regalloc::parallel_move::{self, Move};
use crate::target::Machine;

/// A register, what it is to hold, and what that is.
type Wanted = (Reg, Operand, &'static str);

impl Aarch64<'_> {
    /// What is known of a register that a slot has been copied to from its own.
    pub(super) fn copied(&self, from: Reg, slot: Slot) -> RegValue {
        let fact = RegValue { copy_of: Some(slot), ..self.values.get(from) };
        if self.wide(slot) { fact } else { fact.lower_half(true) }
    }

    pub(super) fn call(&mut self, at: usize, call: Call, args: &[Operand], result: Option<Slot>) {
        let info = call.info();
        let registers = REGISTERS.args_of(call);
        let args = &parallel_move::settled(args, &registers, |slot| self.slots.assigned(slot))[..];
        let (slots, rest) =
            parallel_move::in_order(info, Machine::Aarch64, &registers, args, |slot| self.slots.assigned(slot));
        for one in slots {
            self.move_slot(info.name, one);
        }
        let mut rest: Vec<Wanted> = rest;
        if call.is_numbered() {
            self.values.set(SYSCALL_NUMBER, Value::Unknown);
        } else {
            rest.push((SYSCALL_NUMBER, Operand::Const(info.number(Machine::Aarch64).into()), "call number"));
        }
        self.load_words(at, info.name, &rest);
        for (reg, arg, role) in rest {
            self.set(reg, arg, &format!("{}: {role}", info.name));
        }
        self.plain(A64::Svc { returns: info.returns() });
        let returned = match info.result {
            Returns::Zero if self.program.cannot_fail.contains(&call) => Value::Const(0),
            Returns::Zero => Value::ZeroOrError,
            _ => Value::Unknown,
        };
        self.values.set(RESULT, returned);
        if let Some(slot) = result {
            let assigned = self.assigned(slot);
            if assigned != RESULT && self.slots.lives_after(at, slot) {
                self.push(A64::Mov { wide: self.wide(slot), d: assigned, m: RESULT }, "keep the result");
            }
            self.values.define(slot, assigned, returned);
            self.values.set(RESULT, RegValue { copy_of: Some(slot), ..RegValue::from(returned) });
        }
    }

    fn move_slot(&mut self, name: &str, one: Move) {
        match one {
            Move::Copy { to, slot, .. } if self.values.get(to).copy_of == Some(slot) => {}
            Move::Copy { to, from, slot, role } => {
                self.push(A64::Mov { wide: self.wide(slot), d: to, m: from }, format!("{name}: {role}"));
                self.values.set(to, self.copied(from, slot));
            }
            Move::Swap { one, other } => {
                for (d, m) in [(SCRATCH_2, one), (one, other), (other, SCRATCH_2)] {
                    self.push(A64::Mov { wide: true, d, m }, format!("{name}: two arguments change places"));
                }
                let (was, is) = (self.values.get(one), self.values.get(other));
                self.values.set(one, is);
                self.values.set(other, was);
                self.values.set(SCRATCH_2, Value::Unknown);
            }
        }
    }

    /// Loads two of a call's constants with one instruction, if the search asks for it. They lie as words near data
    /// that a register leads to, in the numbers of a header for example.
    fn load_words(&mut self, at: usize, name: &str, wanted: &[Wanted]) {
        let constant = |&(reg, arg, role): &Wanted| match arg {
            Operand::Const(value) if self.values.constant(reg) != Some(value as u64) => {
                Some((reg, u32::try_from(value).ok()?, role))
            }
            _ => None,
        };
        let constants: Vec<(Reg, u32, &str)> = wanted.iter().filter_map(constant).collect();
        let data: Vec<&Wanted> = wanted.iter().filter(|(_, arg, _)| matches!(arg, Operand::Data(_))).collect();
        if data.is_empty() && self.known_address().is_none() || constants.len() < 2 {
            return;
        }
        let others = constants.len() - 1;
        let way = self.tuning.decide((at, choice::WORDS), 1 + constants.len() * others, 0);
        let Some(pair) = way.checked_sub(1) else { return };
        let (first, second) = (pair / others, pair % others);
        let (t, one, role) = constants[first];
        let (t2, two, role2) = constants[if second < first { second } else { second + 1 }];
        for &&(reg, arg, role) in &data {
            self.set(reg, arg, &format!("{name}: {role}"));
        }
        let Some((n, from)) = self.known_address() else { return };
        let bytes = [one.to_le_bytes(), two.to_le_bytes()].concat();
        let words = Datum {
            name: format!("{name}: {role} and {role2}"),
            parts: vec![Part::Bytes(bytes)],
            overread_bytes: 0,
            writable: false,
            align: WORD_BYTES,
            within: None,
        };
        let of = self.code.bring(self.program.data.len(), words);
        self.code.align(from, WORD_BYTES);
        self.push(A64::LoadWords { t, t2, n, from, of }, format!("{name}: {role} and {role2}"));
        self.values.set(t, Value::Const(one.into()));
        self.values.set(t2, Value::Const(two.into()));
    }

    /// A register that holds the address of a datum.
    fn known_address(&self) -> Option<(Reg, DatumId)> {
        let address = |reg: Reg| match self.values.get(reg).value {
            Value::Data(datum) => Some((reg, datum)),
            _ => None,
        };
        (0..ZERO_OR_SP).find_map(address)
    }
}

/// Bytes of a word as LDP counts it for W registers: its place is a multiple of them from where it counts.
const WORD_BYTES: u32 = 4;
