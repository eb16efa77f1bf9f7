//! Addresses that instructions and data may refer to; placement gives them values.

use super::entities::{DatumId, Label};

/// What an instruction may refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ref {
    /// A place in the code.
    Code(Label),
    /// A datum.
    Data(DatumId),
    /// The byte of this offset in the program's state.
    State(u32),
    /// The file's first byte.
    Image,
}

/// A place outside the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A datum's first byte.
    Datum(DatumId),
    /// The state's byte of this offset.
    State(u32),
    /// The file's first byte.
    Image,
}
