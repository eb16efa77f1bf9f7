//! The finished executable and what is known of its every byte.
//!
//! Listings, sizes, maps, images and manifests read this and nothing else, so they cannot disagree with the file.

use std::ops::Range;

use asmgen_arch::Target;

/// A finished executable: its bytes and the owner of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The machine it runs on.
    pub target: &'static Target,
    /// Address at which execution starts.
    pub entry: u64,
    /// What of it is in memory, in the order of the addresses; the first begins with the file.
    pub loads: Vec<Load>,
    /// The file.
    pub bytes: Vec<u8>,
    /// Labels of the program, with the offsets of the instructions that they stand before, in that order.
    pub labels: Vec<(u32, String)>,
    /// Claims in the order of their offsets; a byte has one, or several that agree on its value.
    pub map: Vec<Claim>,
}

impl Image {
    /// Load address of the file's first byte.
    pub fn base(&self) -> u64 {
        self.loads[0].address
    }

    /// The address of a byte of the file; none if the program cannot reach it.
    pub fn address(&self, offset: u32) -> Option<u64> {
        let load = self.loads.iter().find(|load| load.file.contains(&offset))?;
        Some(load.address + u64::from(offset - load.file.start))
    }
}

/// A run of the file in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// Its file offsets.
    pub file: Range<u32>,
    /// Address of its first byte.
    pub address: u64,
    /// Bytes in memory; those beyond the run are 0 at the start.
    pub memory_bytes: u64,
    /// May the program write to it? Otherwise it can be executed.
    pub writable: bool,
}

/// A run of bytes and its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Offset of the first byte in the file.
    pub offset: u32,
    /// Number of bytes, at least 1.
    pub len: u32,
    /// Their owner.
    pub owner: Owner,
}

/// The owner of a byte.
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
        /// The variable that its operand in memory is, if it has a name.
        variable: Option<String>,
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
            Self::Code { why, .. } => write!(f, "code `{why}`"),
            Self::Data { name } => write!(f, "data `{name}`"),
            Self::Pad { why } => write!(f, "padding ({why})"),
        }
    }
}
