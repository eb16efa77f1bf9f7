//! Assertions: what selection knows of the registers before an instruction, as ranges that a run can check.
//!
//! A test runs a program, stops at each instruction, and compares the real registers with the assertions. A failure
//! means that the analysis is wrong. Only that test wants them; the code is the same with and without.
//! Invariant: an assertion holds whichever way control came to the instruction.

use crate::analysis::value_state::{Value, ValueState};
use crate::ir::Ref;
use crate::ir::op::{Kind, Program, Slot};
use crate::reg::Reg;

/// What selection knows of a register before an instruction. Only the first instruction of an operation has assertions:
/// inside an operation, knowledge may be noted before the instruction that makes it true, or after. An instruction that
/// merged tails share has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The instruction's address.
    pub at: u64,
    /// The register's number, as instructions have it; 31 is the stack pointer of aarch64.
    pub register: u8,
    /// What it holds.
    pub content: Content,
}

/// What a register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A number without a sign, the whole register.
    Number {
        /// It is no less.
        least: u64,
        /// It is no more.
        most: u64,
    },
    /// The same from 0 up; or its lower 32 bits are a negative number.
    NumberOrError {
        /// It is no more.
        most: u64,
    },
    /// An address, so many bytes above that in another register.
    Above {
        /// The other register.
        register: u8,
        /// How far.
        bytes: i64,
    },
    /// The lowest bytes of another register.
    Same {
        /// The other register.
        register: u8,
        /// How many bytes.
        bytes: u32,
    },
}

/// The same before anything has an address.
#[derive(Clone, Debug)]
pub(crate) struct Assertions {
    values: ValueState,
    /// The register that leads to the frame, and how far the frame is above what it holds.
    frame: (Reg, i64),
    /// Slots that registers hold the values of, and how many bytes tell all of a value.
    slots: Vec<(Slot, u32)>,
}

impl Assertions {
    /// `is_whole` tells whether all of a slot's register is what the slot says.
    pub(crate) fn new(
        values: ValueState,
        frame: (Reg, i64),
        program: &Program,
        is_whole: impl Fn(Slot) -> bool,
    ) -> Self {
        let mut slots: Vec<Slot> = (0..32).filter_map(|reg| values.get(reg).copy_of).collect();
        slots.sort_unstable();
        slots.dedup();
        let bytes = |slot: Slot| match program.kind(slot) {
            _ if !is_whole(slot) => 1,
            Kind::Int => 4,
            Kind::Pointer => 8,
        };
        let slots = slots.into_iter().map(|slot| (slot, bytes(slot))).collect();
        Self { values, frame, slots }
    }

    /// The assertions before the instruction at this address.
    pub(crate) fn at(&self, at: u64, address: &dyn Fn(Ref) -> u64) -> Vec<Known> {
        let exactly = |number: u64| Some(Content::Number { least: number, most: number });
        let content = |value: Value| match value {
            Value::Unknown => None,
            Value::Const(number) => exactly(number),
            Value::Byte => Some(Content::Number { least: 0, most: 0xff }),
            Value::Half => Some(Content::Number { least: 0, most: 0xffff }),
            Value::ZeroOrError => Some(Content::NumberOrError { most: 0 }),
            Value::ByteOrError => Some(Content::NumberOrError { most: 0xff }),
            Value::Data(datum) => exactly(address(Ref::Data(datum))),
            Value::State(offset) => exactly(address(Ref::State(offset))),
            Value::Frame(offset) => {
                let (register, above) = self.frame;
                Some(Content::Above { register, bytes: above + i64::from(offset) })
            }
        };
        let known = |register: Reg| Some(Known { at, register, content: content(self.values.get(register).value)? });
        let mut all: Vec<Known> = (0..32).filter_map(known).collect();
        for &(slot, bytes) in &self.slots {
            let mut holders = (0..32).filter(|&reg| self.values.get(reg).copy_of == Some(slot));
            let Some(register) = holders.next() else { continue };
            all.extend(holders.map(|other| Known { at, register: other, content: Content::Same { register, bytes } }));
        }
        all
    }
}
