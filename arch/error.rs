//! Why a program could not be compiled.

use std::borrow::Cow;

/// Why a program could not be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// More values are wanted at once than there are registers for them.
    #[error("no register is left for `{slot}`")]
    OutOfRegisters {
        /// The slot's name.
        slot: Cow<'static, str>,
    },
    /// A routine reads the stack pointer at entry, and the frame lies in the state. The call of the routine has moved
    /// the stack pointer, and no register holds its first value.
    #[error("`entry` is asked for in routine `{routine}`, and the frame is not on the stack; ask before it is called")]
    EntryInRoutine {
        /// The routine's name.
        routine: String,
    },
    /// The machine's instructions take only addresses below 4 GiB here.
    #[error("an address is above 4 GiB")]
    AddressTooHigh,
    /// A jump or an address is too far away.
    #[error("{what} is {distance} bytes away, out of reach")]
    OutOfReach {
        /// What was to be reached.
        what: &'static str,
        /// How far it is.
        distance: i64,
    },
    /// The encoder refused an instruction.
    #[error("the encoder refused an instruction: {message}")]
    Encoding {
        /// Its words.
        message: String,
    },
}
