//! The instruction sets: how each selects, encodes and describes its instructions. Everything else in the crate sees an
//! instruction set through [`Isa`] and [`MachInst`](crate::mach::inst::MachInst).

mod aarch64;
pub(crate) mod golf;
mod x86;

use crate::pipeline::Isa;
use crate::target::{Machine, Target};

/// The same, as the search for small files sees it.
pub(crate) fn golf_of(target: &Target) -> &'static dyn golf::GolfIsa {
    match target.machine {
        Machine::X86_64 => &x86::golf::X86Golf { is_long: true },
        Machine::I386 => &x86::golf::X86Golf { is_long: false },
        Machine::Aarch64 => &aarch64::golf::A64Golf,
    }
}

/// The instruction set of a target.
pub(crate) fn of(target: &Target) -> &'static dyn Isa {
    match target.machine {
        Machine::X86_64 => &x86::x86_64::MODE,
        Machine::Aarch64 => &aarch64::A64,
        Machine::I386 => &x86::i386::MODE,
    }
}
