//! Instructions of A64 with operands that may still be symbolic, and their bytes by dynasm. Each has 4 bytes; a far
//! address and a far test of a bit take two.
// What dynasm! expands to trips these three, at every use.
#![allow(clippy::unnecessary_semicolon, clippy::used_underscore_binding, clippy::useless_conversion)]

use std::ops::Range;

use dynasmrt::aarch64::{Aarch64Relocation, encode_logical_immediate_32bit, encode_logical_immediate_64bit};
use dynasmrt::{DynasmApi, VecAssembler, dynasm};

use super::forms::{compare_on, conditional, immediate, load, pair, registers, store, test_bit};
use super::place::{Ops, Place, Size};
use crate::CompileError;
use crate::ir::Ref;
use crate::ir::op::{BinOp, Cond, DatumId, Label};
use crate::mach::inst::MachInst;
use crate::mach::inst::{ControlFlow, Effects};
use crate::reg::Reg;

/// Register number 31: the zero register, or the stack pointer where an instruction takes one.
pub(crate) const ZERO_OR_SP: Reg = 31;

/// Where a branch leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    Label(Label),
    /// So many instructions further, or back.
    By(i8),
}

impl From<Label> for To {
    fn from(label: Label) -> Self {
        Self::Label(label)
    }
}

/// An instruction. `wide` is the X form, otherwise the W form.
#[rustfmt::skip] // One instruction per line, in the manual's order of operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum A64 {
    /// MOVZ Xd, #imm16, LSL #shift
    Movz { d: Reg, imm16: u16, shift: u8 },
    /// MOVN Xd, #imm16, LSL #shift
    Movn { d: Reg, imm16: u16, shift: u8 },
    /// MOVK Xd, #imm16, LSL #shift
    Movk { d: Reg, imm16: u16, shift: u8 },
    /// MOV Xd, #pattern, which is ORR Xd, XZR, #pattern
    MovPattern { d: Reg, pattern: u64 },
    /// MOV Xd, Xm
    Mov { wide: bool, d: Reg, m: Reg },
    /// ADD, SUB, AND, ORR, EOR, MUL, LSL, LSR Xd, Xn, Xm
    Alu { operator: BinOp, wide: bool, d: Reg, n: Reg, m: Reg },
    /// The same with #imm, where [`takes`] says that it fits; ADD and SUB take the stack pointer as well
    AluImm { operator: BinOp, wide: bool, d: Reg, n: Reg, imm: u64 },
    /// ADD Xd, Xn, Xm, LSL #shift
    AddShifted { wide: bool, d: Reg, n: Reg, m: Reg, shift: u8 },
    /// MADD Xd, Xn, Xm, Xa
    Madd { wide: bool, d: Reg, n: Reg, m: Reg, a: Reg },
    /// CCMP or CCMN Xn, #imm5, #flags, cond
    Ccmp { wide: bool, negative: bool, n: Reg, imm: u8, flags: u8, cond: Cond },
    /// LDP Xt, Xt2, [Xn|SP, #offset], a multiple of the size from -64 to 63 times it
    LoadPair { size: Size, t: Reg, t2: Reg, n: Reg, offset: i16 },
    /// LDP Wt, Wt2, [Xn, #offset]: Xn holds the address of `from`, and `of` are two words within 256 bytes of it
    LoadWords { t: Reg, t2: Reg, n: Reg, from: DatumId, of: DatumId },
    /// STP Xt, Xt2, [Xn|SP, #offset]
    StorePair { size: Size, t: Reg, t2: Reg, n: Reg, offset: i16 },
    /// UDIV Wd, Wn, Wm
    Udiv { d: Reg, n: Reg, m: Reg },
    /// MSUB Wd, Wn, Wm, Wa
    Msub { d: Reg, n: Reg, m: Reg, a: Reg },
    /// LDR{B,H} or LDUR{B,H} Rt, place
    Load { size: Size, t: Reg, from: Place },
    /// STR{B,H} or STUR{B,H} Rt, place
    Store { size: Size, t: Reg, to: Place },
    /// CMP Xn, #imm12 or #imm12, LSL #12
    CmpImm { wide: bool, n: Reg, imm: u64 },
    /// CMN Xn, #imm12 or #imm12, LSL #12
    CmnImm { wide: bool, n: Reg, imm: u64 },
    /// CMP Xn, Xm
    Cmp { wide: bool, n: Reg, m: Reg },
    /// TST Wn, #pattern
    TstImm { n: Reg, pattern: u32 },
    /// TST Wn, Wm
    Tst { n: Reg, m: Reg },
    /// SVC #0, which may not return
    Svc { returns: bool },
    /// STR X30, [SP, #-16]!
    PushLink,
    /// LDR X30, [SP], #16
    PopLink,
    /// RET
    Ret,
    /// BL label
    Bl { to: Label },
    /// B label
    B { to: To },
    /// B.cond label
    Bcond { cond: Cond, to: To },
    /// CBZ / CBNZ Rt, label
    Cbz { wide: bool, zero: bool, t: Reg, to: To },
    /// TBZ / TBNZ Rt, #bit, label — or, out of its reach, the opposite over a B
    Tbz { set: bool, t: Reg, bit: u8, to: To },
    /// ADR Xd, label — or, out of its reach, MOVZ and MOVK
    Address { d: Reg, of: Ref },
}

impl A64 {
    /// The register and the offset that it finds its operand in memory by, and whether an index is added.
    pub(super) fn near_register(&self) -> Option<(Reg, i32, bool)> {
        let near = |place| match place {
            Place::Near { n, simm9 } => Some((n, i32::from(simm9), false)),
            Place::Scaled { n, bytes } => Some((n, i32::from(bytes), false)),
            Place::Sum { n, .. } => Some((n, 0, true)),
            Place::Next { .. } => None,
        };
        match *self {
            Self::Load { from: place, .. } | Self::Store { to: place, .. } => near(place),
            Self::LoadPair { n, offset, .. } | Self::StorePair { n, offset, .. } => Some((n, i32::from(offset), false)),
            _ => None,
        }
    }
}

/// Does ADD or SUB take this number: 12 bits, or 12 bits and 12 zeros below?
fn is_imm12(value: u64) -> bool {
    value < 1 << 12 || (value < 1 << 24 && value.trailing_zeros() >= 12)
}

/// Is this number a pattern that AND, ORR, EOR and TST take: a run of ones, repeated?
fn is_pattern(wide: bool, value: u64) -> bool {
    if wide {
        encode_logical_immediate_64bit(value).is_some()
    } else {
        u32::try_from(value).is_ok_and(|value| encode_logical_immediate_32bit(value).is_some())
    }
}

/// Is there an instruction that does this with this number?
pub(crate) fn takes(operator: BinOp, wide: bool, value: u64) -> bool {
    match operator {
        BinOp::Add | BinOp::Sub => is_imm12(value),
        BinOp::And | BinOp::Or | BinOp::Xor => is_pattern(wide, value),
        BinOp::Mul => false,
        BinOp::Shl | BinOp::Shr => value < if wide { 64 } else { 32 },
    }
}

/// Reach of `ADR` in bytes, both ways (21-bit signed).
const ADR_REACH: i64 = 1 << 20;
/// Reach of `B` and `BL` (28-bit signed, in words of 4).
const B_REACH: i64 = 1 << 27;
/// Reach of `B.cond`, `CBZ`, `CBNZ` (21-bit signed).
const COND_REACH: i64 = 1 << 20;
/// Reach of `TBZ`, `TBNZ` (16-bit signed).
const TEST_REACH: i64 = 1 << 15;

fn distance(at: u64, to: u64, reach: i64) -> Result<i32, CompileError> {
    let distance = to.wrapping_sub(at) as i64;
    if !(-reach..reach).contains(&distance) || distance % 4 != 0 {
        return Err(CompileError::OutOfReach { what: "a branch target", distance });
    }
    Ok(i32::try_from(distance).expect("every reach is below 2 GiB"))
}

/// Reach of LDP of two words, both ways (7-bit signed, in words of 4).
const WORDS_REACH: i64 = 1 << 8;

fn words_between(from: u64, to: u64) -> Result<i16, CompileError> {
    let distance = to.wrapping_sub(from) as i64;
    if !(-WORDS_REACH..WORDS_REACH).contains(&distance) || distance % 4 != 0 {
        return Err(CompileError::OutOfReach { what: "a pair of words", distance });
    }
    Ok(distance as i16)
}

impl MachInst for A64 {
    fn encode(&self, form: u8, at: u64, address: &dyn Fn(Ref) -> u64) -> Result<Option<Vec<u8>>, CompileError> {
        let mut ops: VecAssembler<Aarch64Relocation> = VecAssembler::new(0);
        let target = |to: To| match to {
            To::Label(label) => address(Ref::Code(label)),
            To::By(by) => at.wrapping_add_signed(4 * i64::from(by)),
        };
        match *self {
            Self::Bl { to } => {
                let by = distance(at, address(Ref::Code(to)), B_REACH)?;
                dynasm!(ops; .arch aarch64; bl by);
            }
            Self::B { to } => {
                let by = distance(at, target(to), B_REACH)?;
                dynasm!(ops; .arch aarch64; b by);
            }
            Self::Bcond { cond, to } => conditional(&mut ops, cond, distance(at, target(to), COND_REACH)?),
            Self::Cbz { wide, zero, t, to } => {
                let by = distance(at, target(to), COND_REACH)?;
                match (wide, zero) {
                    (true, true) => dynasm!(ops; .arch aarch64; cbz X(t), by),
                    (true, false) => dynasm!(ops; .arch aarch64; cbnz X(t), by),
                    (false, true) => dynasm!(ops; .arch aarch64; cbz W(t), by),
                    (false, false) => dynasm!(ops; .arch aarch64; cbnz W(t), by),
                }
            }
            Self::Tbz { set, t, bit, to } if form == 0 => {
                let Ok(by) = distance(at, target(to), TEST_REACH) else { return Ok(None) };
                test_bit(&mut ops, set, t, bit, by);
            }
            Self::Tbz { set, t, bit, to } => {
                test_bit(&mut ops, !set, t, bit, 8);
                let by = distance(at + 4, target(to), B_REACH)?;
                dynasm!(ops; .arch aarch64; b by);
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
            Self::Alu { operator, wide, d, n, m } => registers(&mut ops, operator, wide, [d, n, m]),
            Self::AluImm { operator, wide, d, n, imm } => immediate(&mut ops, operator, wide, [d, n], imm),
            Self::Ccmp { wide, negative, n, imm, flags, cond } => {
                compare_on(&mut ops, (wide, negative), n, (imm, flags), cond);
            }
            Self::LoadWords { t, t2, n, from, of } => {
                let by = words_between(address(Ref::Data(from)), address(Ref::Data(of)))?;
                pair(&mut ops, Size::Four, true, [t, t2, n], by);
            }
            Self::LoadPair { size, t, t2, n, offset } => pair(&mut ops, size, true, [t, t2, n], offset),
            Self::StorePair { size, t, t2, n, offset } => pair(&mut ops, size, false, [t, t2, n], offset),
            Self::Load { size, t, from } => load(&mut ops, size, t, from),
            Self::Store { size, t, to } => store(&mut ops, size, t, to),
            _ => self.encode_plain(&mut ops),
        }
        ops.finalize().map(Some).map_err(|error| CompileError::Encoding { message: error.to_string() })
    }

    fn control_flow(&self) -> ControlFlow {
        match *self {
            Self::B { to: To::Label(to) } => ControlFlow::Jump(to),
            Self::Bcond { to: To::Label(to), .. }
            | Self::Cbz { to: To::Label(to), .. }
            | Self::Tbz { to: To::Label(to), .. } => ControlFlow::CondJump { to, condition: 0 },
            Self::Bl { .. } => ControlFlow::Call,
            Self::Ret => ControlFlow::Return,
            Self::Svc { returns: false } => ControlFlow::Never,
            _ => ControlFlow::FallThrough,
        }
    }

    fn inverted(&self, to: Label) -> Option<Box<dyn MachInst>> {
        let to = To::Label(to);
        match *self {
            Self::Bcond { cond, .. } => Some(Box::new(Self::Bcond { cond: cond.opposite(), to })),
            Self::Cbz { wide, zero, t, .. } => Some(Box::new(Self::Cbz { wide, zero: !zero, t, to })),
            Self::Tbz { set, t, bit, .. } => Some(Box::new(Self::Tbz { set: !set, t, bit, to })),
            _ => None,
        }
    }

    fn merge_key(&self) -> Option<Vec<u8>> {
        let counts = matches!(
            self,
            Self::B { to: To::By(_) }
                | Self::Bcond { to: To::By(_), .. }
                | Self::Cbz { to: To::By(_), .. }
                | Self::Tbz { to: To::By(_), .. }
        );
        (!counts).then(|| format!("{self:?}").into_bytes())
    }

    fn jump_to(&self, to: Label) -> Option<Box<dyn MachInst>> {
        Some(Box::new(Self::B { to: To::Label(to) }))
    }

    fn max_jump_bytes(&self) -> u32 {
        4
    }

    fn reads_flags(&self) -> bool {
        matches!(self, Self::Bcond { .. } | Self::B { .. } | Self::Ccmp { .. })
    }

    fn relocated_bytes(&self, form: u8) -> Range<usize> {
        self.symbolic_bytes(form)
    }

    fn effects(&self) -> Effects {
        self.reads_and_writes()
    }

    fn bundled_with_next(&self) -> usize {
        self.skipped_insts()
    }
}

impl A64 {
    /// Instructions of one form.
    fn encode_plain(self, ops: &mut Ops) {
        #[rustfmt::skip] // One instruction per line.
        match self {
            Self::Movz { d, imm16, shift: 0 }   => dynasm!(ops; .arch aarch64; movz X(d), u32::from(imm16)),
            Self::Movz { d, imm16, shift } =>
                dynasm!(ops; .arch aarch64; movz X(d), u32::from(imm16), lsl u32::from(shift)),
            Self::Movn { d, imm16, shift: 0 }   => dynasm!(ops; .arch aarch64; movn X(d), u32::from(imm16)),
            Self::Movn { d, imm16, shift } =>
                dynasm!(ops; .arch aarch64; movn X(d), u32::from(imm16), lsl u32::from(shift)),
            Self::Movk { d, imm16, shift } =>
                dynasm!(ops; .arch aarch64; movk X(d), u32::from(imm16), lsl u32::from(shift)),
            Self::MovPattern { d, pattern }     => dynasm!(ops; .arch aarch64; orr XSP(d), xzr, pattern),
            Self::Mov { wide: true, d, m }      => dynasm!(ops; .arch aarch64; mov X(d), X(m)),
            Self::Mov { wide: false, d, m }     => dynasm!(ops; .arch aarch64; mov W(d), W(m)),
            Self::AddShifted { wide: true, d, n, m, shift } =>
                dynasm!(ops; .arch aarch64; add X(d), X(n), X(m), lsl u32::from(shift)),
            Self::AddShifted { wide: false, d, n, m, shift } =>
                dynasm!(ops; .arch aarch64; add W(d), W(n), W(m), lsl u32::from(shift)),
            Self::Madd { wide: true, d, n, m, a } =>
                dynasm!(ops; .arch aarch64; madd X(d), X(n), X(m), X(a)),
            Self::Madd { wide: false, d, n, m, a } =>
                dynasm!(ops; .arch aarch64; madd W(d), W(n), W(m), W(a)),
            Self::Udiv { d, n, m }              => dynasm!(ops; .arch aarch64; udiv W(d), W(n), W(m)),
            Self::Msub { d, n, m, a }           => dynasm!(ops; .arch aarch64; msub W(d), W(n), W(m), W(a)),
            Self::CmpImm { wide: true, n, imm }  if imm < 4096 => dynasm!(ops; .arch aarch64; cmp XSP(n), imm as u32),
            Self::CmpImm { wide: false, n, imm } if imm < 4096 => dynasm!(ops; .arch aarch64; cmp WSP(n), imm as u32),
            Self::CmpImm { wide: true, n, imm }  => dynasm!(ops; .arch aarch64; cmp XSP(n), (imm >> 12) as u32, lsl 12),
            Self::CmpImm { wide: false, n, imm } => dynasm!(ops; .arch aarch64; cmp WSP(n), (imm >> 12) as u32, lsl 12),
            Self::CmnImm { wide: true, n, imm }  if imm < 4096 => dynasm!(ops; .arch aarch64; cmn XSP(n), imm as u32),
            Self::CmnImm { wide: false, n, imm } if imm < 4096 => dynasm!(ops; .arch aarch64; cmn WSP(n), imm as u32),
            Self::CmnImm { wide: true, n, imm }  => dynasm!(ops; .arch aarch64; cmn XSP(n), (imm >> 12) as u32, lsl 12),
            Self::CmnImm { wide: false, n, imm } => dynasm!(ops; .arch aarch64; cmn WSP(n), (imm >> 12) as u32, lsl 12),
            Self::Cmp { wide: true, n, m }      => dynasm!(ops; .arch aarch64; cmp X(n), X(m)),
            Self::Cmp { wide: false, n, m }     => dynasm!(ops; .arch aarch64; cmp W(n), W(m)),
            Self::TstImm { n, pattern }         => dynasm!(ops; .arch aarch64; tst W(n), pattern),
            Self::Tst { n, m }                  => dynasm!(ops; .arch aarch64; tst W(n), W(m)),
            Self::Svc { .. }                    => dynasm!(ops; .arch aarch64; svc 0),
            Self::PushLink                      => dynasm!(ops; .arch aarch64; str x30, [sp, -16]!),
            Self::PopLink                       => dynasm!(ops; .arch aarch64; ldr x30, [sp], 16),
            Self::Ret                           => dynasm!(ops; .arch aarch64; ret),
            _ => unreachable!("it has more forms than one"),
        };
    }
}
