//! Places in memory as A64 names them: a load or a store has one of four forms of address.

use dynasmrt::VecAssembler;
use dynasmrt::aarch64::Aarch64Relocation;

use crate::reg::Reg;

/// The assembler that instructions are written with.
pub(super) type Ops = VecAssembler<Aarch64Relocation>;

/// Width of a load, store or comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Byte,
    Half,
    Four,
    Eight,
}

impl Size {
    pub(crate) const fn bytes(self) -> i32 {
        match self {
            Self::Byte => 1,
            Self::Half => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }
}

/// The place that a load or a store means.
#[rustfmt::skip] // One way per line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// [Xn|SP, #simm9]
    Near { n: Reg, simm9: i16 },
    /// [Xn|SP, #bytes], a multiple of the size and at most 4095 times it
    Scaled { n: Reg, bytes: u16 },
    /// [Xn, Xm]
    Sum { n: Reg, m: Reg },
    /// [Xn], #size: afterwards Xn is after it
    Next { n: Reg },
}

impl Place {
    /// The place so many bytes after a register's, if an access of that size can say it by itself.
    pub(crate) fn of(n: Reg, offset: i32, size: Size) -> Option<Self> {
        let scaled = (0..4096 * size.bytes()).contains(&offset) && offset % size.bytes() == 0;
        match offset {
            -256..=255 => Some(Self::Near { n, simm9: offset as i16 }),
            _ if scaled => Some(Self::Scaled { n, bytes: offset as u16 }),
            _ => None,
        }
    }
}
