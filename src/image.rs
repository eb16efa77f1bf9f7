//! The finished executable and what is known of its every byte.

use asmgen_arch::Target;

/// A finished executable: its bytes and, for every byte, who put it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The machine it runs on.
    pub target: &'static Target,
    /// Address at which execution starts.
    pub entry: u64,
    /// Load address of the file's first byte.
    pub base: u64,
    /// The file.
    pub bytes: Vec<u8>,
    /// Claims in the order of their offsets; a byte has one, or several that agree on its value.
    pub map: Vec<Claim>,
}

/// A run of bytes and its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Offset of the first byte in the file.
    pub offset: u32,
    /// Number of bytes, at least 1.
    pub len: u32,
    /// Who put them there.
    pub owner: Owner,
}

/// Who put a byte where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A field of a header.
    Field {
        /// Its name in the System V gABI, the program header's with its number (`p_flags[0]`).
        name: String,
        /// What its value says here.
        meaning: String,
    },
    /// An instruction.
    Code {
        /// What it is for.
        why: String,
    },
    /// Data that the code or the kernel reads.
    Data {
        /// What it is.
        name: String,
    },
    /// Bytes that only keep what follows in its place.
    Pad {
        /// Why they are needed.
        why: String,
    },
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Field { name, .. } => write!(f, "header field `{name}`"),
            Self::Code { why } => write!(f, "code `{why}`"),
            Self::Data { name } => write!(f, "data `{name}`"),
            Self::Pad { why } => write!(f, "padding ({why})"),
        }
    }
}
