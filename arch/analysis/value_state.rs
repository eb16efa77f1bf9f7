//! The value state: what is known of each register at a point of the program.
//!
//! Strategy: states form a lattice, and the meet of two keeps what both know. Where paths join, their states meet (a
//! must-analysis). So what is known holds on all paths.
//! Invariant: a fact covers the whole register. A register may also be known to equal a slot; that ends when either
//! changes.

use crate::ir::op::{DatumId, Slot};
use crate::reg::Reg;

/// A register's content, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing is known.
    Unknown,
    /// Exactly this, the whole register.
    Const(u64),
    /// From 0 to 255.
    Byte,
    /// From 0 to 65535.
    Half,
    /// 0 or a negative number.
    ZeroOrError,
    /// From 0 to 255, or a negative number.
    ByteOrError,
    /// The address of a datum.
    Data(DatumId),
    /// The address of a byte of the frame.
    Frame(u32),
    /// The address of a byte of the state.
    State(u32),
}

impl Value {
    /// Is it from 0 to 65535?
    pub(crate) fn is_half(self) -> bool {
        matches!(self, Self::Const(0..=0xffff) | Self::Byte | Self::Half)
    }
}

/// One register: what it holds, and the slot that it is a copy of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RegValue {
    /// Its content.
    pub(crate) value: Value,
    /// The slot that has the same value.
    pub(crate) copy_of: Option<Slot>,
    /// The word of the frame that it equals, 4 bytes at this offset which nothing but their own offset leads to.
    pub(crate) word: Option<i32>,
}

impl RegValue {
    pub(crate) const UNKNOWN: Self = Self { value: Value::Unknown, copy_of: None, word: None };

    /// What is known of a register that has the lower 32 bits of this one, and nothing above them. Addresses of code
    /// and data have no more, unless they are far.
    pub(crate) fn lower_half(self, is_far: bool) -> Self {
        let value = match self.value {
            Value::Const(known) => Value::Const(u64::from(known as u32)),
            Value::Frame(_) => Value::Unknown,
            Value::Data(_) | Value::State(_) if is_far => Value::Unknown,
            value => value,
        };
        Self { value, ..self }
    }
}

impl From<Value> for RegValue {
    fn from(value: Value) -> Self {
        Self { value, copy_of: None, word: None }
    }
}

/// Everything known at one point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ValueState {
    registers: [RegValue; 32],
    /// The slot that the flags compare with 0.
    flags: Option<Slot>,
}

impl ValueState {
    /// Nothing is known.
    pub(crate) const UNKNOWN: Self = Self { registers: [RegValue::UNKNOWN; 32], flags: None };

    /// These registers hold 0, nothing else is known.
    pub(crate) fn zero(registers: impl IntoIterator<Item = Reg>) -> Self {
        let mut values = Self::UNKNOWN;
        registers.into_iter().for_each(|reg| values.set(reg, Value::Const(0)));
        values
    }

    pub(crate) fn get(&self, reg: Reg) -> RegValue {
        self.registers[usize::from(reg)]
    }

    pub(crate) fn constant(&self, reg: Reg) -> Option<u64> {
        match self.get(reg).value {
            Value::Const(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn set(&mut self, reg: Reg, fact: impl Into<RegValue>) {
        self.registers[usize::from(reg)] = fact.into();
    }

    /// Does the register hold a number from this one up to 2^31 − 1?
    pub(crate) fn is_at_least(&self, reg: Reg, least: u32) -> bool {
        match self.get(reg).value {
            Value::Const(known) => (u64::from(least)..1 << 31).contains(&known),
            Value::Data(_) | Value::State(_) => least <= crate::LOWEST_ADDRESS,
            _ => false,
        }
    }

    /// Are the register's lower 32 bits no negative number?
    pub(crate) fn is_not_negative(&self, reg: Reg) -> bool {
        match self.get(reg).value {
            Value::Const(known) => known & (1 << 31) == 0,
            value => value.is_half(),
        }
    }

    /// The register's value has turned out to be no negative number: of 0 or an error, 0 is left.
    pub(crate) fn rule_out_negative(&mut self, reg: Reg) {
        let fact = &mut self.registers[usize::from(reg)];
        match fact.value {
            Value::ZeroOrError => fact.value = Value::Const(0),
            Value::ByteOrError => fact.value = Value::Byte,
            _ => {}
        }
    }

    /// The slot has turned out to be this number; so that is what the register holds, if it holds the slot's value.
    pub(crate) fn refine(&mut self, reg: Reg, (slot, number): (Slot, u64)) {
        let fact = &mut self.registers[usize::from(reg)];
        if fact.copy_of == Some(slot) {
            fact.value = Value::Const(number);
        }
    }

    /// The slot has a new value, which is in this register.
    pub(crate) fn define(&mut self, slot: Slot, reg: Reg, value: Value) {
        self.forget_slot(slot);
        self.set(reg, RegValue { value, copy_of: Some(slot), word: None });
    }

    fn forget_slot(&mut self, slot: Slot) {
        for fact in &mut self.registers {
            if fact.copy_of == Some(slot) {
                fact.copy_of = None;
            }
        }
        if self.flags == Some(slot) {
            self.flags = None;
        }
    }

    /// The register holds this word of the frame.
    pub(crate) fn hold_word(&mut self, reg: Reg, offset: i32) {
        self.registers[usize::from(reg)].word = Some(offset);
    }

    /// A register that holds this word of the frame; this one, if it does.
    pub(crate) fn holder(&self, offset: i32, best: Reg) -> Option<Reg> {
        let holds = |&reg: &Reg| self.get(reg).word == Some(offset);
        [best].into_iter().chain(0..32).find(holds)
    }

    /// So many bytes of the frame have changed.
    pub(crate) fn change_frame(&mut self, offset: i32, bytes: i32) {
        for fact in &mut self.registers {
            fact.word = fact.word.filter(|word| word + 4 <= offset || offset + bytes <= *word);
        }
    }

    /// The frame has moved down by so many bytes: what pointed into it points higher up in it now.
    pub(crate) fn shift_frame(&mut self, bytes: u32) {
        for fact in &mut self.registers {
            if let Value::Frame(offset) = &mut fact.value {
                *offset += bytes;
            }
        }
    }

    pub(crate) fn flags(&self) -> Option<Slot> {
        self.flags
    }

    pub(crate) fn set_flags(&mut self, slot: Option<Slot>) {
        self.flags = slot;
    }

    /// What holds whichever way one came: both.
    pub(crate) fn meet(&self, other: &Self) -> Self {
        let both = |a: RegValue, b: RegValue| RegValue {
            value: match (a.value, b.value) {
                (a, b) if a == b => a,
                (Value::Byte, Value::Const(0..=255)) | (Value::Const(0..=255), Value::Byte) => Value::Byte,
                (Value::Const(0..=255), Value::Const(0..=255)) => Value::Byte,
                (a, b) if a.is_half() && b.is_half() => Value::Half,
                _ => Value::Unknown,
            },
            copy_of: if a.copy_of == b.copy_of { a.copy_of } else { None },
            word: if a.word == b.word { a.word } else { None },
        };
        Self {
            registers: std::array::from_fn(|reg| both(self.registers[reg], other.registers[reg])),
            flags: if self.flags == other.flags { self.flags } else { None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_holds_after_a_label_only_if_it_held_on_every_way_there() {
        let mut one = ValueState::zero(0..8);
        let mut other = ValueState::zero(0..8);
        one.set(1, Value::Const(7));
        other.set(1, Value::Const(7));
        one.set(2, Value::Const(3));
        other.set(2, Value::Const(300));
        one.set(6, Value::Const(3));
        other.set(6, Value::Const(0x1_0000));
        one.set(3, Value::Const(3));
        other.set(3, Value::Const(200));
        one.define(Slot(4), 5, Value::Unknown);
        let met = one.meet(&other);
        assert_eq!(met.constant(0), Some(0));
        assert_eq!(met.constant(1), Some(7));
        assert_eq!(met.get(2).value, Value::Half);
        assert_eq!(met.get(3).value, Value::Byte);
        assert_eq!(met.get(6).value, Value::Unknown);
        assert_eq!(met.get(5), RegValue::UNKNOWN);
        assert_eq!(met, other.meet(&one));
    }

    #[test]
    fn a_new_value_of_a_slot_leaves_no_old_copy() {
        let mut values = ValueState::UNKNOWN;
        values.define(Slot(1), 3, Value::Unknown);
        values.set(7, RegValue { copy_of: Some(Slot(1)), ..RegValue::UNKNOWN });
        values.set_flags(Some(Slot(1)));
        values.define(Slot(1), 3, Value::Const(0));
        assert_eq!(values.get(7).copy_of, None);
        assert_eq!(values.flags(), None);
        assert_eq!(values.get(3), RegValue { value: Value::Const(0), copy_of: Some(Slot(1)), word: None });
    }

    #[test]
    fn a_register_holds_a_word_until_either_changes() {
        let mut values = ValueState::UNKNOWN;
        for (reg, offset) in [(1, 8), (2, 12), (3, 8), (4, -4)] {
            values.hold_word(reg, offset);
        }
        assert_eq!((values.holder(8, 3), values.holder(8, 2), values.holder(16, 0)), (Some(3), Some(1), None));
        values.set(1, Value::Unknown);
        values.change_frame(15, 1);
        values.change_frame(0, 8);
        assert_eq!((values.holder(8, 0), values.holder(12, 0), values.holder(-4, 0)), (Some(3), None, Some(4)));
        assert_eq!(values.meet(&ValueState::UNKNOWN).holder(8, 0), None);
    }

    #[test]
    fn a_copy_in_32_bits_has_no_more() {
        let of = |value| RegValue::from(value).lower_half(false).value;
        assert_eq!(of(Value::Const(u64::MAX)), Value::Const(u64::from(u32::MAX)));
        assert_eq!((of(Value::Byte), of(Value::Frame(4))), (Value::Byte, Value::Unknown));
        let address = Value::Data(DatumId(1));
        assert_eq!((of(address), RegValue::from(address).lower_half(true).value), (address, Value::Unknown));
    }

    #[test]
    fn pointers_into_the_frame_move_with_it() {
        let mut values = ValueState::UNKNOWN;
        values.set(6, Value::Frame(4));
        values.shift_frame(16);
        assert_eq!(values.get(6).value, Value::Frame(20));
    }
}
