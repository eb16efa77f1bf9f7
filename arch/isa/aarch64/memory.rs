//! Memory on A64: loads, stores, comparisons, copies. An access that no form of address reaches puts the far part of
//! the offset into a scratch register first.

use super::SCRATCH_2;
use super::ctx::Aarch64;
use super::inst::{A64, To, ZERO_OR_SP};
use super::place::{Place, Size};
use crate::analysis::value_state::Value;
use crate::ir::op::{Base, BinOp, Cond, Label, Mem, Op, Operand, Slot, Width};
use crate::reg::Reg;

impl Aarch64<'_> {
    /// The place that a load or store of that size names. The far part of an offset goes into a scratch register first.
    fn place(&mut self, mem: Mem, size: Size) -> Place {
        let (n, offset) = match mem.base {
            Base::Slot(slot) => (self.assigned(slot), mem.offset),
            Base::Frame => (self.frame(), mem.offset),
            Base::Sum(n, m) if mem.offset == 0 => return Place::Sum { n: self.assigned(n), m: self.assigned(m) },
            Base::Sum(n, m) => {
                let (n, m) = (self.assigned(n), self.assigned(m));
                self.push(A64::Alu { operator: BinOp::Add, wide: true, d: SCRATCH_2, n, m }, "the sum in memory");
                self.values.set(SCRATCH_2, Value::Unknown);
                (SCRATCH_2, mem.offset)
            }
        };
        if let Some(place) = Place::of(n, offset, size) {
            return place;
        }
        let behind = Place::of(SCRATCH_2, offset & 0xfff, size).filter(|_| !(-4095..4096).contains(&offset));
        let far = if behind.is_some() { offset & !0xfff } else { offset };
        self.add(SCRATCH_2, n, far, "far in memory");
        self.values.set(SCRATCH_2, Value::Unknown);
        behind.unwrap_or(Place::Near { n: SCRATCH_2, simm9: 0 })
    }

    /// The slot with the address of this access, if the next operation increments it by the size: one instruction does
    /// both.
    fn moves_on(&self, at: usize, mem: Mem, size: Size) -> Option<Slot> {
        let Base::Slot(base) = mem.base else { return None };
        let on = Op::Binary { operator: BinOp::Add, to: base, value: Operand::Const(size.bytes().into()) };
        (mem.offset == 0 && self.program.insts.get(at + 1)?.op == on).then_some(base)
    }

    pub(super) fn load(&mut self, at: usize, to: Slot, width: Width, from: Mem) {
        let (size, t) = (size(width), self.assigned(to));
        if self.load_held(to, width, from) || self.load_pair(at) {
            return;
        }
        let moved = self.moves_on(at, from, size).filter(|base| self.assigned(*base) != t);
        let mem = from;
        let from = if let Some(base) = moved {
            self.skip = true;
            self.values.define(base, self.assigned(base), Value::Unknown);
            Place::Next { n: self.assigned(base) }
        } else {
            self.place(from, size)
        };
        self.plain(A64::Load { size, t, from });
        self.loaded(to, width, mem);
    }

    /// Takes a word of the frame from a register that holds it.
    fn load_held(&mut self, to: Slot, width: Width, from: Mem) -> bool {
        let t = self.assigned(to);
        let is_own = self.program.is_own_word(from, width);
        let Some(holder) = self.values.holder(from.offset, t).filter(|_| is_own) else { return false };
        let mut known = self.values.get(holder);
        if holder != t {
            self.plain(A64::Mov { wide: false, d: t, m: holder });
            known = known.lower_half(true);
        }
        self.values.define(to, t, known.value);
        self.values.hold_word(t, from.offset);
        true
    }

    pub(super) fn store(&mut self, at: usize, width: Width, to: Mem, value: Operand) {
        if self.store_pair(at) {
            return;
        }
        match value {
            Operand::Const(value) => self.store_constant(size(width), to, value),
            Operand::Slot(slot) => {
                let (size, t, mem) = (size(width), self.assigned(slot), to);
                let to = self.place(to, size);
                self.plain(A64::Store { size, t, to });
                if self.program.is_own_word(mem, width) {
                    self.values.hold_word(t, mem.offset);
                }
            }
            _ => unreachable!("a constant or a slot is stored"),
        }
    }

    fn store_constant(&mut self, size: Size, to: Mem, value: i64) {
        let to = self.place(to, size);
        let t = if value == 0 { ZERO_OR_SP } else { self.number(value, size == Size::Eight, "what is stored") };
        self.plain(A64::Store { size, t, to });
    }

    pub(super) fn store_bytes(&mut self, to: Mem, bytes: &[u8]) {
        for (offset, piece) in pieces(bytes) {
            self.store_constant(size_of(piece.len()).0, to.plus(offset), little_endian(piece));
        }
    }

    /// Loads 1, 2, 4 or 8 bytes and branches if they are these, or if they are not.
    pub(super) fn branch_bytes(&mut self, at: Mem, bytes: &[u8], equal: bool, to: Label) {
        let (size, wide) = size_of(bytes.len());
        let from = self.place(at, size);
        self.plain(A64::Load { size, t: SCRATCH_2, from });
        self.values.set(SCRATCH_2, Value::Unknown);
        let want = little_endian(bytes);
        if want == 0 {
            return self.go_if_zero(SCRATCH_2, wide, equal, to);
        }
        self.compare_constant(wide, SCRATCH_2, want);
        self.go_if(if equal { Cond::Eq } else { Cond::Ne }, to);
    }

    /// A loop of 8 bytes at a time, and one of single bytes for the rest.
    pub(super) fn copy(&mut self, to: Slot, from: Slot, len: Slot) {
        let (d, s, n) = (self.assigned(to), self.assigned(from), self.assigned(len));
        let count = |operator, imm| A64::AluImm { operator, wide: false, d: n, n, imm };
        let [load, store] = move_next(Size::Eight, d, s);
        self.plain(A64::B { to: To::By(3) });
        self.push(load, "8 bytes at a time");
        self.push(store, "8 bytes at a time");
        self.push(count(BinOp::Sub, 8), "8 bytes at a time");
        self.push(A64::Tbz { set: false, t: n, bit: 31, to: To::By(-3) }, "are there 8?");
        self.push(count(BinOp::Add, 8), "fewer than 8 are left");
        self.push(A64::Cbz { wide: false, zero: true, t: n, to: To::By(5) }, "is there a rest?");
        let [load, store] = move_next(Size::Byte, d, s);
        self.push(load, "the rest");
        self.push(store, "the rest");
        self.push(count(BinOp::Sub, 1), "the rest");
        self.push(A64::Cbz { wide: false, zero: false, t: n, to: To::By(-3) }, "is there more?");
        self.values.set(SCRATCH_2, Value::Unknown);
        self.values.define(to, d, Value::Unknown);
        self.values.define(from, s, Value::Unknown);
        self.values.define(len, n, Value::Const(0));
    }
}

/// Moves so many bytes from one place to another, both of which are after them then.
fn move_next(size: Size, to: Reg, from: Reg) -> [A64; 2] {
    [
        A64::Load { size, t: SCRATCH_2, from: Place::Next { n: from } },
        A64::Store { size, t: SCRATCH_2, to: Place::Next { n: to } },
    ]
}

/// Bytes as a number. What is above 4 bytes makes no difference where they are accessed; with the sign there, constants
/// are shorter.
fn little_endian(bytes: &[u8]) -> i64 {
    let value = bytes.iter().rev().fold(0, |value, &byte| value << 8 | i64::from(byte));
    if bytes.len() == 4 { i64::from(value as i32) } else { value }
}

fn size(width: Width) -> Size {
    match width {
        Width::Byte => Size::Byte,
        Width::Two => Size::Half,
        Width::Four => Size::Four,
        Width::Word => Size::Eight,
    }
}

/// Size of an access of so many bytes, and whether it needs the X form.
fn size_of(bytes: usize) -> (Size, bool) {
    match bytes {
        1 => (Size::Byte, false),
        2 => (Size::Half, false),
        4 => (Size::Four, false),
        8 => (Size::Eight, true),
        _ => unreachable!("memory is accessed by 1, 2, 4 or 8 bytes"),
    }
}

/// Splits bytes into pieces of 8, 4, 2 and 1, with the offset of each.
pub(super) fn pieces(bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let len = [8, 4, 2, 1].into_iter().find(|&len| at + len <= bytes.len()).expect("1 fits");
        pieces.push((at, &bytes[at..at + len]));
        at += len;
    }
    pieces
}
