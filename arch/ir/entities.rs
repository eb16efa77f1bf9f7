//! The entities of a program, by their numbers: slots, labels, data.

/// A virtual register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u16);

/// A place in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(pub u16);

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A 32-bit number, two's complement where a sign is asked for.
    Int,
    /// An address.
    Pointer,
}

/// A piece of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DatumId(pub u32);

impl DatumId {
    /// Its place among its program's data.
    pub fn at(self) -> usize {
        self.0 as usize
    }
}
