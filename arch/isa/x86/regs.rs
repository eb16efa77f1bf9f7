//! The registers of x86, by the number the encoding gives them.

use iced_x86::Register;

use crate::reg::Reg;
use crate::regalloc::Uses;

pub(crate) const EAX: Reg = 0;
pub(crate) const ECX: Reg = 1;
pub(crate) const EDX: Reg = 2;
pub(crate) const EBX: Reg = 3;
pub(crate) const ESP: Reg = 4;
pub(crate) const EBP: Reg = 5;
pub(crate) const ESI: Reg = 6;
pub(crate) const EDI: Reg = 7;

#[rustfmt::skip] // One width per line.
#[allow(clippy::enum_glob_use)] // Sixty-four names of one enumeration, nothing else.
mod names {
    use iced_x86::Register::{self, *};
    pub(super) const BITS_8: [Register; 16] =
        [AL, CL, DL, BL, SPL, BPL, SIL, DIL, R8L, R9L, R10L, R11L, R12L, R13L, R14L, R15L];
    pub(super) const BITS_16: [Register; 16] =
        [AX, CX, DX, BX, SP, BP, SI, DI, R8W, R9W, R10W, R11W, R12W, R13W, R14W, R15W];
    pub(super) const BITS_32: [Register; 16] =
        [EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, R8D, R9D, R10D, R11D, R12D, R13D, R14D, R15D];
    pub(super) const BITS_64: [Register; 16] =
        [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15];
}

/// The register's lowest byte.
pub(crate) fn bits_8(reg: Reg) -> Register {
    names::BITS_8[usize::from(reg)]
}

/// The second byte of one of the first four registers.
pub(crate) fn second_8(reg: Reg) -> Register {
    [Register::AH, Register::CH, Register::DH, Register::BH][usize::from(reg)]
}

/// Bits that are all in the second byte, as they are there.
pub(crate) fn second_byte(bits: u32) -> Option<u32> {
    (bits.trailing_zeros() >= 8 && bits >> 16 == 0 && bits != 0).then_some(bits >> 8)
}

/// The register's lowest two bytes.
pub(crate) fn bits_16(reg: Reg) -> Register {
    names::BITS_16[usize::from(reg)]
}

/// The register's lower half.
pub(crate) fn bits_32(reg: Reg) -> Register {
    names::BITS_32[usize::from(reg)]
}

/// The whole register in long mode.
pub(crate) fn bits_64(reg: Reg) -> Register {
    names::BITS_64[usize::from(reg)]
}

/// Bytes that a register takes more where memory is counted from it: rbp and r13 always have an offset, r12 has a SIB
/// byte.
pub(crate) fn base_extra_bytes(reg: Reg, of: &Uses) -> u32 {
    match reg {
        12 => of.base,
        _ if reg & 7 == EBP => of.base_at_start,
        _ => 0,
    }
}
