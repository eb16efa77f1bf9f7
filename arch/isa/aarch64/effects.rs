//! What golf asks of an instruction: which of its bytes depend on places, what it reads and writes, and what must
//! follow it.

use std::ops::Range;

use super::inst::{A64, To};
use crate::mach::inst::Effects;

impl A64 {
    /// The bytes that depend on places.
    pub(super) fn symbolic_bytes(self, form: u8) -> Range<usize> {
        match self {
            Self::Bl { .. } | Self::B { .. } | Self::Bcond { .. } | Self::Cbz { .. } | Self::LoadWords { .. } => 0..4,
            Self::Tbz { .. } | Self::Address { .. } if form > 0 => 0..8,
            Self::Tbz { .. } | Self::Address { .. } => 0..4,
            _ => 0..0,
        }
    }

    /// What it reads and writes.
    pub(super) fn reads_and_writes(self) -> Effects {
        match self {
            Self::Movz { d, .. } | Self::Movn { d, .. } | Self::MovPattern { d, .. } | Self::Address { d, .. } => {
                Effects { reads: 0, writes: 1 << d }
            }
            Self::LoadWords { t, t2, n, .. } => Effects { reads: 1 << n | Effects::MEMORY, writes: 1 << t | 1 << t2 },
            Self::Movk { d, .. } => Effects { reads: 1 << d, writes: 1 << d },
            Self::Mov { d, m, .. } => Effects { reads: 1 << m, writes: 1 << d },
            _ => Effects::ALL,
        }
    }

    /// How many of the next instructions a branch over them counts on.
    pub(super) fn skipped_insts(self) -> usize {
        match self {
            Self::B { to: To::By(by) }
            | Self::Bcond { to: To::By(by), .. }
            | Self::Cbz { to: To::By(by), .. }
            | Self::Tbz { to: To::By(by), .. } => usize::from(by.unsigned_abs()),
            _ => 0,
        }
    }
}
