//! Registers by their numbers.

/// A machine register, by the machine's own number.
pub(crate) type Reg = u8;
