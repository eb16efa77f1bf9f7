//! Instructions of A64 with operands that may still be symbolic, and their bytes by dynasm. Every instruction is
//! 4 bytes long; only a far address takes two.

// What dynasm! expands to trips these three, at every use.
#![allow(clippy::unnecessary_semicolon, clippy::used_underscore_binding, clippy::useless_conversion)]

use dynasmrt::aarch64::Aarch64Relocation;
use dynasmrt::{DynasmApi, VecAssembler, dynasm};

use crate::CompileError;
use crate::alloc::Reg;
use crate::code::{Encode, Ref};
use crate::op::{Cond, Label};

/// Register number 31: the zero register, or the stack pointer where an instruction takes one.
pub(crate) const ZERO_OR_SP: Reg = 31;

/// Width of a load, store or comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Byte,
    Half,
    Four,
    Eight,
}

/// An instruction. `wide` is the X form, otherwise the W form.
#[rustfmt::skip] // One instruction per line, in the manual's order of operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum A64 {
    /// MOVZ Xd, #imm16, LSL #shift
    Movz { d: Reg, imm16: u16, shift: u8 },
    /// MOVN Xd, #imm16
    Movn { d: Reg, imm16: u16 },
    /// MOVK Xd, #imm16, LSL #shift
    Movk { d: Reg, imm16: u16, shift: u8 },
    /// MOV Xd, Xm
    Mov { wide: bool, d: Reg, m: Reg },
    /// ADD Xd|SP, Xn|SP, #imm12
    AddImm { d: Reg, n: Reg, imm12: u16 },
    /// SUB Xd|SP, Xn|SP, #imm12
    SubImm { d: Reg, n: Reg, imm12: u16 },
    /// ADD Xd, Xn, Xm
    Add { wide: bool, d: Reg, n: Reg, m: Reg },
    /// SUB Xd, Xn, Xm
    Sub { wide: bool, d: Reg, n: Reg, m: Reg },
    /// UDIV Wd, Wn, Wm
    Udiv { d: Reg, n: Reg, m: Reg },
    /// MSUB Wd, Wn, Wm, Wa
    Msub { d: Reg, n: Reg, m: Reg, a: Reg },
    /// LDUR{B,H} Rt, [Xn|SP, #simm9]
    Ldur { size: Size, t: Reg, n: Reg, simm9: i16 },
    /// STUR{B,H} Rt, [Xn|SP, #simm9]
    Stur { size: Size, t: Reg, n: Reg, simm9: i16 },
    /// CMP Xn, #imm12
    CmpImm { wide: bool, n: Reg, imm12: u16 },
    /// CMN Xn, #imm12
    CmnImm { wide: bool, n: Reg, imm12: u16 },
    /// CMP Xn, Xm
    Cmp { wide: bool, n: Reg, m: Reg },
    /// SVC #0
    Svc,
    /// B label
    B { to: Label },
    /// B.cond label
    Bcond { cond: Cond, to: Label },
    /// CBZ / CBNZ Rt, label
    Cbz { wide: bool, zero: bool, t: Reg, to: Label },
    /// TBZ / TBNZ Rt, #bit, label
    Tbz { set: bool, t: Reg, bit: u8, to: Label },
    /// ADR Xd, label — or, out of its reach, MOVZ and MOVK
    Address { d: Reg, of: Ref },
}

/// Reach of `ADR` in bytes, both ways (21-bit signed).
const ADR_REACH: i64 = 1 << 20;
/// Reach of `B` (28-bit signed, in words of 4).
const B_REACH: i64 = 1 << 27;
/// Reach of `B.cond`, `CBZ`, `CBNZ` (21-bit signed).
const COND_REACH: i64 = 1 << 20;
/// Reach of `TBZ`, `TBNZ` (16-bit signed).
const TEST_REACH: i64 = 1 << 15;

fn distance(at: u64, to: u64, reach: i64, what: &'static str) -> Result<i32, CompileError> {
    let distance = to.wrapping_sub(at) as i64;
    if !(-reach..reach).contains(&distance) || distance % 4 != 0 {
        return Err(CompileError::OutOfReach { what, distance });
    }
    Ok(i32::try_from(distance).expect("every reach is below 2 GiB"))
}

impl Encode for A64 {
    fn encode(&self, form: u8, at: u64, address: &dyn Fn(Ref) -> u64) -> Result<Option<Vec<u8>>, CompileError> {
        let mut ops: VecAssembler<Aarch64Relocation> = VecAssembler::new(0);
        match *self {
            Self::B { to } => {
                let by = distance(at, address(Ref::Code(to)), B_REACH, "a branch target")?;
                dynasm!(ops; .arch aarch64; b by);
            }
            Self::Bcond { cond, to } => {
                let by = distance(at, address(Ref::Code(to)), COND_REACH, "a branch target")?;
                conditional(&mut ops, cond, by);
            }
            Self::Cbz { wide, zero, t, to } => {
                let by = distance(at, address(Ref::Code(to)), COND_REACH, "a branch target")?;
                match (wide, zero) {
                    (true, true) => dynasm!(ops; .arch aarch64; cbz X(t), by),
                    (true, false) => dynasm!(ops; .arch aarch64; cbnz X(t), by),
                    (false, true) => dynasm!(ops; .arch aarch64; cbz W(t), by),
                    (false, false) => dynasm!(ops; .arch aarch64; cbnz W(t), by),
                }
            }
            Self::Tbz { set, t, bit, to } => {
                let by = distance(at, address(Ref::Code(to)), TEST_REACH, "a branch target")?;
                let bit = u32::from(bit);
                if set {
                    dynasm!(ops; .arch aarch64; tbnz W(t), bit, by);
                } else {
                    dynasm!(ops; .arch aarch64; tbz W(t), bit, by);
                }
            }
            Self::Address { d, of } => {
                let to = address(of);
                let by = to.wrapping_sub(at) as i64;
                if (-ADR_REACH..ADR_REACH).contains(&by) && form == 0 {
                    let by = by as i32;
                    dynasm!(ops; .arch aarch64; adr X(d), by);
                } else if form == 0 {
                    return Ok(None);
                } else {
                    let to = u32::try_from(to).map_err(|_| CompileError::AddressTooHigh)?;
                    let (low, high) = (to & 0xffff, to >> 16);
                    dynasm!(ops; .arch aarch64; movz X(d), low; movk X(d), high, lsl 16);
                }
            }
            _ => self.encode_plain(&mut ops),
        }
        ops.finalize().map(Some).map_err(|error| CompileError::Encoding { message: error.to_string() })
    }
}

impl A64 {
    /// Instructions without a symbolic operand.
    fn encode_plain(self, ops: &mut VecAssembler<Aarch64Relocation>) {
        #[rustfmt::skip] // One instruction per line.
        match self {
            Self::Movz { d, imm16, shift: 0 }            => dynasm!(ops; .arch aarch64; movz X(d), u32::from(imm16)),
            Self::Movz { d, imm16, shift }               => dynasm!(ops; .arch aarch64; movz X(d), u32::from(imm16), lsl u32::from(shift)),
            Self::Movn { d, imm16 }                      => dynasm!(ops; .arch aarch64; movn X(d), u32::from(imm16)),
            Self::Movk { d, imm16, shift }               => dynasm!(ops; .arch aarch64; movk X(d), u32::from(imm16), lsl u32::from(shift)),
            Self::Mov { wide: true, d, m }               => dynasm!(ops; .arch aarch64; mov X(d), X(m)),
            Self::Mov { wide: false, d, m }              => dynasm!(ops; .arch aarch64; mov W(d), W(m)),
            Self::AddImm { d, n, imm12 }                 => dynasm!(ops; .arch aarch64; add XSP(d), XSP(n), u32::from(imm12)),
            Self::SubImm { d, n, imm12 }                 => dynasm!(ops; .arch aarch64; sub XSP(d), XSP(n), u32::from(imm12)),
            Self::Add { wide: true, d, n, m }            => dynasm!(ops; .arch aarch64; add X(d), X(n), X(m)),
            Self::Add { wide: false, d, n, m }           => dynasm!(ops; .arch aarch64; add W(d), W(n), W(m)),
            Self::Sub { wide: true, d, n, m }            => dynasm!(ops; .arch aarch64; sub X(d), X(n), X(m)),
            Self::Sub { wide: false, d, n, m }           => dynasm!(ops; .arch aarch64; sub W(d), W(n), W(m)),
            Self::Udiv { d, n, m }                       => dynasm!(ops; .arch aarch64; udiv W(d), W(n), W(m)),
            Self::Msub { d, n, m, a }                    => dynasm!(ops; .arch aarch64; msub W(d), W(n), W(m), W(a)),
            Self::Ldur { size: Size::Byte, t, n, simm9 } => dynasm!(ops; .arch aarch64; ldurb W(t), [XSP(n), i32::from(simm9)]),
            Self::Ldur { size: Size::Half, t, n, simm9 } => dynasm!(ops; .arch aarch64; ldurh W(t), [XSP(n), i32::from(simm9)]),
            Self::Ldur { size: Size::Four, t, n, simm9 } => dynasm!(ops; .arch aarch64; ldur W(t), [XSP(n), i32::from(simm9)]),
            Self::Ldur { size: Size::Eight, t, n, simm9 } => dynasm!(ops; .arch aarch64; ldur X(t), [XSP(n), i32::from(simm9)]),
            Self::Stur { size: Size::Byte, t, n, simm9 } => dynasm!(ops; .arch aarch64; sturb W(t), [XSP(n), i32::from(simm9)]),
            Self::Stur { size: Size::Half, t, n, simm9 } => dynasm!(ops; .arch aarch64; sturh W(t), [XSP(n), i32::from(simm9)]),
            Self::Stur { size: Size::Four, t, n, simm9 } => dynasm!(ops; .arch aarch64; stur W(t), [XSP(n), i32::from(simm9)]),
            Self::Stur { size: Size::Eight, t, n, simm9 } => dynasm!(ops; .arch aarch64; stur X(t), [XSP(n), i32::from(simm9)]),
            Self::CmpImm { wide: true, n, imm12 }        => dynasm!(ops; .arch aarch64; cmp XSP(n), u32::from(imm12)),
            Self::CmpImm { wide: false, n, imm12 }       => dynasm!(ops; .arch aarch64; cmp WSP(n), u32::from(imm12)),
            Self::CmnImm { wide: true, n, imm12 }        => dynasm!(ops; .arch aarch64; cmn XSP(n), u32::from(imm12)),
            Self::CmnImm { wide: false, n, imm12 }       => dynasm!(ops; .arch aarch64; cmn WSP(n), u32::from(imm12)),
            Self::Cmp { wide: true, n, m }               => dynasm!(ops; .arch aarch64; cmp X(n), X(m)),
            Self::Cmp { wide: false, n, m }              => dynasm!(ops; .arch aarch64; cmp W(n), W(m)),
            Self::Svc                                    => dynasm!(ops; .arch aarch64; svc 0),
            Self::B { .. } | Self::Bcond { .. } | Self::Cbz { .. } | Self::Tbz { .. } | Self::Address { .. } => {
                unreachable!("symbolic operands are resolved before")
            }
        };
    }
}

fn conditional(ops: &mut VecAssembler<Aarch64Relocation>, cond: Cond, by: i32) {
    match cond {
        Cond::Eq => dynasm!(ops; .arch aarch64; b.eq by),
        Cond::Ne => dynasm!(ops; .arch aarch64; b.ne by),
        Cond::Lt => dynasm!(ops; .arch aarch64; b.lt by),
        Cond::Le => dynasm!(ops; .arch aarch64; b.le by),
        Cond::Ge => dynasm!(ops; .arch aarch64; b.ge by),
        Cond::Below | Cond::BelowOrEqual | Cond::AboveOrEqual | Cond::Above => todo!(),
        Cond::Gt => dynasm!(ops; .arch aarch64; b.gt by),
    }
}
