//! What operations work on: values, and places in memory.

use super::entities::{DatumId, Slot};

/// An operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A number known now.
    Const(i64),
    /// Any number from this one up to 2^31 − 1, whichever costs least.
    AtLeast(u32),
    /// Any number of 32 bits that is not negative, whichever costs least.
    NotNegative,
    /// Any number of 32 bits that has all of the first bits set and none of the second, whichever costs least.
    Bits {
        /// Bits that it has.
        set: u32,
        /// Bits that it has not.
        clear: u32,
    },
    /// The value of a slot.
    Slot(Slot),
    /// The address of a datum's first byte.
    Data(DatumId),
    /// The address of the frame's byte of this offset.
    Frame(u32),
    /// The address of the state's byte of this offset.
    State(u32),
    /// The address of the file's first byte.
    Image,
    /// The stack pointer at entry: the argument count lies there, the arguments and the environment after it.
    Entry,
    /// Whatever is there: the kernel does not look at it.
    Any,
}

/// A place in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mem {
    /// Where counting starts.
    pub base: Base,
    /// Bytes from there.
    pub offset: i32,
}

impl Mem {
    /// The place so many bytes further.
    pub(crate) fn plus(self, bytes: usize) -> Self {
        Self { offset: self.offset + bytes as i32, ..self }
    }
}

/// Where a memory offset counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// The address in a slot.
    Slot(Slot),
    /// The sum of two slots. Both are addresses, or numbers from 0 up with an upper half of 0.
    Sum(Slot, Slot),
    /// The start of the frame.
    Frame,
}

impl Base {
    /// The slots in it.
    pub(crate) fn slots(self) -> impl Iterator<Item = Slot> {
        let (one, other) = match self {
            Self::Slot(slot) => (Some(slot), None),
            Self::Sum(one, other) => (Some(one), Some(other)),
            Self::Frame => (None, None),
        };
        one.into_iter().chain(other)
    }
}

/// Width of a memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 1 byte.
    Byte,
    /// 2 bytes.
    Two,
    /// 4 bytes.
    Four,
    /// The machine's word: 4 or 8 bytes.
    Word,
}
