//! Numbers from memory, in small programs: where only some bits of a number matter, a datum near a register's address
//! may have them.
//!
//! ```text
//! mov r32, [r + d8]    8B /r ib    3     (+1: REX)
//! ```

use iced_x86::{Code as Opcode, Instruction};

use super::ctx::X86;
use super::inst;
use super::regs::{self, ESP};
use crate::analysis::value_state::Value;
use crate::choice::BITS;
use crate::choice::Rule;
use crate::ir::op::{Datum, Part};
use crate::reg::Reg;

/// A number of 4 bytes in a datum that has these bits, and none of those; and how far after its first byte it stands.
fn with_bits(datum: &Datum, set: u32, clear: u32) -> Option<(i8, u32)> {
    let Some(Part::Bytes(bytes)) = datum.parts.first() else { return None };
    let number = |four: &[u8]| u32::from_le_bytes(four.try_into().expect("windows have 4 bytes"));
    let numbers = (0..).zip(bytes.windows(4).map(number)).take(i8::MAX as usize);
    numbers.into_iter().find(|(_, number)| has_bits(*number, set, clear))
}

fn has_bits(number: u32, set: u32, clear: u32) -> bool {
    number & set == set && number & clear == 0
}

impl X86<'_> {
    /// A number that has these bits, and none of those.
    pub(super) fn set_bits(&mut self, reg: Reg, (set, clear): (u32, u32), why: &str) {
        let known = self.values.constant(reg).and_then(|known| u32::try_from(known).ok());
        if known.is_some_and(|known| has_bits(known, set, clear)) {
            return;
        }
        let may_load = self.tuning.is_golf && self.tuning.has(Rule::Bits);
        if let Some((load, number)) = may_load.then(|| self.near_number(reg, set, clear)).flatten() {
            let constant = self.constant(reg, set.into());
            let least = self.allowed(constant).into_iter().map(|rule| constant.bytes(rule)).min();
            let bytes = inst::bytes(self.address_bits(), &load, 0).map_or(usize::MAX, |it| it.len());
            let usual = usize::from(least.is_none_or(|least| bytes < least));
            if self.tuning.decide((self.at, BITS + u16::from(reg)), 2, usual) == 1 {
                self.plain(Ok(load), why);
                self.values.set(reg, Value::Const(number.into()));
                return;
            }
        }
        self.set_constant(reg, set.into(), why);
    }

    /// Such a number in a datum that a register leads to: the load, and which it is.
    fn near_number(&self, reg: Reg, set: u32, clear: u32) -> Option<(Instruction, u32)> {
        let registers = (0..if self.mode.is_long { 16 } else { 8 }).filter(|&base| base != ESP);
        let (base, by, number) = registers.into_iter().find_map(|base| match self.values.get(base).value {
            Value::Data(datum) => {
                let (by, number) = with_bits(&self.program.data[datum.at()], set, clear)?;
                Some((base, by, number))
            }
            _ => None,
        })?;
        let memory = self.operand(base, by.into());
        Instruction::with2(Opcode::Mov_r32_rm32, regs::bits_32(reg), memory).ok().map(|load| (load, number))
    }
}
