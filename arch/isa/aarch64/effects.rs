//! What the search for small files asks of an instruction: which of its bytes depend on places, what it reads and
//! writes, what has to stay behind it.

use std::ops::Range;

use super::inst::{A64, To};
use crate::mach::inst::Effects;

pub(super) fn symbolic(one: A64, form: u8) -> Range<usize> {
    match one {
        A64::Bl { .. } | A64::B { .. } | A64::Bcond { .. } | A64::Cbz { .. } | A64::LoadWords { .. } => 0..4,
        A64::Tbz { .. } | A64::Address { .. } if form > 0 => 0..8,
        A64::Tbz { .. } | A64::Address { .. } => 0..4,
        _ => 0..0,
    }
}

pub(super) fn effects(one: A64) -> Effects {
    match one {
        A64::Movz { d, .. } | A64::Movn { d, .. } | A64::MovPattern { d, .. } | A64::Address { d, .. } => {
            Effects { reads: 0, writes: 1 << d }
        }
        A64::LoadWords { t, t2, n, .. } => Effects { reads: 1 << n | Effects::MEMORY, writes: 1 << t | 1 << t2 },
        A64::Movk { d, .. } => Effects { reads: 1 << d, writes: 1 << d },
        A64::Mov { d, m, .. } => Effects { reads: 1 << m, writes: 1 << d },
        _ => Effects::ALL,
    }
}

pub(super) fn glued(one: A64) -> usize {
    match one {
        A64::B { to: To::By(by) }
        | A64::Bcond { to: To::By(by), .. }
        | A64::Cbz { to: To::By(by), .. }
        | A64::Tbz { to: To::By(by), .. } => usize::from(by.unsigned_abs()),
        _ => 0,
    }
}
