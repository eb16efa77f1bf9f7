//! Instructions of A64 that have several forms, by dynasm: wide or not, a register or a number, one condition or
//! another.
// What dynasm! expands to trips these three, at every use.
#![allow(clippy::unnecessary_semicolon, clippy::used_underscore_binding, clippy::useless_conversion)]

use dynasmrt::{DynasmApi, dynasm};

use super::place::{Ops, Place, Size};
use crate::ir::op::{BinOp, Cond};
use crate::reg::Reg;

/// The X form or the W form of an instruction on three registers.
macro_rules! either {
    ($ops:ident, $wide:ident, $name:ident $d:ident $n:ident $m:ident) => {
        if $wide {
            dynasm!($ops; .arch aarch64; $name X($d), X($n), X($m))
        } else {
            dynasm!($ops; .arch aarch64; $name W($d), W($n), W($m))
        }
    };
}

pub(super) fn registers(ops: &mut Ops, operator: BinOp, wide: bool, [d, n, m]: [Reg; 3]) {
    match operator {
        BinOp::Add => either!(ops, wide, add d n m),
        BinOp::Sub => either!(ops, wide, sub d n m),
        BinOp::And => either!(ops, wide, and d n m),
        BinOp::Or => either!(ops, wide, orr d n m),
        BinOp::Xor => either!(ops, wide, eor d n m),
        BinOp::Mul => either!(ops, wide, mul d n m),
        BinOp::Shl => either!(ops, wide, lsl d n m),
        BinOp::Shr => either!(ops, wide, lsr d n m),
    }
}

pub(super) fn immediate(ops: &mut Ops, operator: BinOp, wide: bool, [d, n]: [Reg; 2], imm: u64) {
    let (low, high) = (imm as u32, (imm >> 12) as u32);
    #[rustfmt::skip] // One instruction per line.
    match (operator, wide) {
        (BinOp::Add, true)  if imm < 4096 => dynasm!(ops; .arch aarch64; add XSP(d), XSP(n), low),
        (BinOp::Add, false) if imm < 4096 => dynasm!(ops; .arch aarch64; add WSP(d), WSP(n), low),
        (BinOp::Add, true)                => dynasm!(ops; .arch aarch64; add XSP(d), XSP(n), high, lsl 12),
        (BinOp::Add, false)               => dynasm!(ops; .arch aarch64; add WSP(d), WSP(n), high, lsl 12),
        (BinOp::Sub, true)  if imm < 4096 => dynasm!(ops; .arch aarch64; sub XSP(d), XSP(n), low),
        (BinOp::Sub, false) if imm < 4096 => dynasm!(ops; .arch aarch64; sub WSP(d), WSP(n), low),
        (BinOp::Sub, true)                => dynasm!(ops; .arch aarch64; sub XSP(d), XSP(n), high, lsl 12),
        (BinOp::Sub, false)               => dynasm!(ops; .arch aarch64; sub WSP(d), WSP(n), high, lsl 12),
        (BinOp::And, true)                => dynasm!(ops; .arch aarch64; and XSP(d), X(n), imm),
        (BinOp::And, false)               => dynasm!(ops; .arch aarch64; and WSP(d), W(n), low),
        (BinOp::Or, true)                 => dynasm!(ops; .arch aarch64; orr XSP(d), X(n), imm),
        (BinOp::Or, false)                => dynasm!(ops; .arch aarch64; orr WSP(d), W(n), low),
        (BinOp::Xor, true)                => dynasm!(ops; .arch aarch64; eor XSP(d), X(n), imm),
        (BinOp::Xor, false)               => dynasm!(ops; .arch aarch64; eor WSP(d), W(n), low),
        (BinOp::Shl, true)                => dynasm!(ops; .arch aarch64; lsl X(d), X(n), low),
        (BinOp::Shl, false)               => dynasm!(ops; .arch aarch64; lsl W(d), W(n), low),
        (BinOp::Shr, true)                => dynasm!(ops; .arch aarch64; lsr X(d), X(n), low),
        (BinOp::Shr, false)               => dynasm!(ops; .arch aarch64; lsr W(d), W(n), low),
        (BinOp::Mul, _)                   => unreachable!("a product takes registers"),
    };
}

/// A load or store by whichever way its place has.
macro_rules! access {
    ($ops:ident, $place:ident, $unscaled:ident $scaled:ident $class:ident $t:ident $by:ident) => {
        match $place {
            Place::Near { n, simm9 } => dynasm!($ops; .arch aarch64; $unscaled $class($t), [XSP(n), i32::from(simm9)]),
            Place::Scaled { n, bytes } => dynasm!($ops; .arch aarch64; $scaled $class($t), [XSP(n), u32::from(bytes)]),
            Place::Sum { n, m } => dynasm!($ops; .arch aarch64; $scaled $class($t), [XSP(n), X(m)]),
            Place::Next { n } => dynasm!($ops; .arch aarch64; $scaled $class($t), [XSP(n)], $by),
        }
    };
}

pub(super) fn load(ops: &mut Ops, size: Size, t: Reg, place: Place) {
    let by = size.bytes();
    match size {
        Size::Byte => access!(ops, place, ldurb ldrb W t by),
        Size::Half => access!(ops, place, ldurh ldrh W t by),
        Size::Four => access!(ops, place, ldur ldr W t by),
        Size::Eight => access!(ops, place, ldur ldr X t by),
    }
}

pub(super) fn store(ops: &mut Ops, size: Size, t: Reg, place: Place) {
    let by = size.bytes();
    match size {
        Size::Byte => access!(ops, place, sturb strb W t by),
        Size::Half => access!(ops, place, sturh strh W t by),
        Size::Four => access!(ops, place, stur str W t by),
        Size::Eight => access!(ops, place, stur str X t by),
    }
}

pub(super) fn test_bit(ops: &mut Ops, set: bool, t: Reg, bit: u8, by: i32) {
    let bit = u32::from(bit);
    if set {
        dynasm!(ops; .arch aarch64; tbnz W(t), bit, by);
    } else {
        dynasm!(ops; .arch aarch64; tbz W(t), bit, by);
    }
}

pub(super) fn conditional(ops: &mut Ops, cond: Cond, by: i32) {
    match cond {
        Cond::Eq => dynasm!(ops; .arch aarch64; b.eq by),
        Cond::Ne => dynasm!(ops; .arch aarch64; b.ne by),
        Cond::Lt => dynasm!(ops; .arch aarch64; b.lt by),
        Cond::Le => dynasm!(ops; .arch aarch64; b.le by),
        Cond::Ge => dynasm!(ops; .arch aarch64; b.ge by),
        Cond::Gt => dynasm!(ops; .arch aarch64; b.gt by),
        Cond::Below => dynasm!(ops; .arch aarch64; b.lo by),
        Cond::BelowOrEqual => dynasm!(ops; .arch aarch64; b.ls by),
        Cond::AboveOrEqual => dynasm!(ops; .arch aarch64; b.hs by),
        Cond::Above => dynasm!(ops; .arch aarch64; b.hi by),
    }
}

/// Bits of a pair's instruction: LDP or STP, signed offset, 64-bit or 32-bit registers (Arm ARM, C4.1.94).
pub(super) fn pair(ops: &mut Ops, size: Size, is_load: bool, [t, t2, n]: [Reg; 3], offset: i16) {
    let offset = i32::from(offset);
    match (size, is_load) {
        (Size::Eight, true) => dynasm!(ops; .arch aarch64; ldp X(t), X(t2), [XSP(n), offset]),
        (Size::Eight, false) => dynasm!(ops; .arch aarch64; stp X(t), X(t2), [XSP(n), offset]),
        (_, true) => dynasm!(ops; .arch aarch64; ldp W(t), W(t2), [XSP(n), offset]),
        (_, false) => dynasm!(ops; .arch aarch64; stp W(t), W(t2), [XSP(n), offset]),
    }
}

/// A comparison that is done on a condition; else the flags are these.
pub(super) fn compare_on(ops: &mut Ops, (wide, negative): (bool, bool), n: Reg, (imm, flags): (u8, u8), cond: Cond) {
    let (imm, flags) = (u32::from(imm), u32::from(flags));
    macro_rules! on {
        ($cond:ident) => {
            match (wide, negative) {
                (true, false) => dynasm!(ops; .arch aarch64; ccmp X(n), imm, flags, $cond),
                (true, true) => dynasm!(ops; .arch aarch64; ccmn X(n), imm, flags, $cond),
                (false, false) => dynasm!(ops; .arch aarch64; ccmp W(n), imm, flags, $cond),
                (false, true) => dynasm!(ops; .arch aarch64; ccmn W(n), imm, flags, $cond),
            }
        };
    }
    match cond {
        Cond::Eq => on!(eq),
        Cond::Ne => on!(ne),
        Cond::Lt => on!(lt),
        Cond::Le => on!(le),
        Cond::Ge => on!(ge),
        Cond::Gt => on!(gt),
        Cond::Below => on!(lo),
        Cond::BelowOrEqual => on!(ls),
        Cond::AboveOrEqual => on!(hs),
        Cond::Above => on!(hi),
    }
}
