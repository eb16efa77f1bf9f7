//! Random operations and branches.

use asmgen::op::{Base, BinOp, Cond, Label, Mem, Op, Operand, Width};
use asmgen::syscall::Call;

use super::generate::{Area, Maker, NOT_OPEN, USED_BYTES};

#[rustfmt::skip] // By how they are encoded.
pub(super) const CONSTANTS: [i64; 26] = [
    0, 1, 2, 3, 10, 60, 127, 128, 129, 200, 255, 256, 4095, 4096, 0x7fff, 0xffff, 0x1_0000, 0x12_3000, 0x1234_5678,
    0x7fff_ffff, -1, -2, -128, -129, -200, -0x8000_0000,
];
#[rustfmt::skip] // Those with a sign, those without.
const CONDITIONS: [Cond; 10] = [
    Cond::Eq, Cond::Ne, Cond::Lt, Cond::Le, Cond::Ge, Cond::Gt,
    Cond::Below, Cond::BelowOrEqual, Cond::AboveOrEqual, Cond::Above,
];
#[rustfmt::skip] // Single bits, runs, others.
const BITS: [u32; 11] = [
    1, 0x80, 0x100, 0x8000_0000, 0xff, 0xff00, 0x7fff_ffff, 0x5555_5555, 5, 0x1_0001, 0x1234_5678,
];
/// Numbers at the edges of what a byte holds, with a sign and without.
const EDGES: [i64; 9] = [0, 127, 128, 129, 255, 256, -127, -128, -129];
const WIDTHS: [Width; 3] = [Width::Byte, Width::Two, Width::Four];

/// Kinds of branches, and of operations, that leave memory alone.
const BRANCHES_OF_NUMBERS: [usize; 5] = [2, 3, 5, 6, 7];
const OPERATIONS_ON_NUMBERS: [usize; 11] = [0, 1, 2, 3, 5, 6, 7, 13, 14, 14, 21];

impl Maker<'_> {
    pub(super) fn branch(&mut self, to: Label) {
        let kind = if self.has_memory() { self.random.below(12) } else { self.random.one_of(&BRANCHES_OF_NUMBERS) };
        let op = match kind {
            0 => {
                let len = self.random.one_of(&[1, 2, 4]);
                let bytes = if self.random.below(3) == 0 { vec![0; len] } else { self.random.bytes(len) };
                Op::BranchBytes { at: self.place(len), bytes, equal: self.random.below(2) == 0, to }
            }
            1 => {
                let len = 1 + self.random.below(9);
                // Mostly what stands there after the beginning.
                let want = if self.random.below(2) == 0 { vec![0; len] } else { self.random.bytes(len) };
                Op::Match { at: self.place(len), want, miss: to }
            }
            2 | 3 => {
                let (value, bits) = (self.number(), self.random.one_of(&BITS));
                Op::BranchBits { value, bits, any: self.random.below(2) == 0, to }
            }
            4 => {
                // Addresses have no sign, and an order only inside an area.
                let ([left, right], area) = (self.pointers, self.random.one_of(self.areas));
                for pointer in [left, right] {
                    let offset = 8 + self.random.below(3) as u32;
                    self.address(pointer, area, offset);
                }
                let cond = self.random.one_of(&[&CONDITIONS[..2], &CONDITIONS[6..]].concat());
                Op::Branch { left, cond, right: Operand::Slot(right), to }
            }
            5 if self.random.below(4) == 0 => Op::Jump(to),
            9..=11 => self.branch_at_an_edge(to),
            _ => {
                let (left, right) = (self.number(), self.value());
                Op::Branch { left, cond: self.random.one_of(&CONDITIONS), right, to }
            }
        };
        self.push(op);
    }

    /// Compares something in memory, which may have its upper bit set, with a number at the edge of what a byte holds.
    fn branch_at_an_edge(&mut self, to: Label) -> Op {
        let left = if self.random.below(4) > 0 { self.fetched } else { self.number() };
        let (width, from) = (self.random.one_of(&WIDTHS), self.place(4));
        if self.random.below(2) == 0 {
            let value = Operand::Const(self.random.one_of(&EDGES));
            self.push(Op::Store { width: Width::Four, to: from, value });
        }
        self.push(Op::Load { to: left, width, from });
        Op::Branch {
            left,
            cond: self.random.one_of(&CONDITIONS),
            right: Operand::Const(self.random.one_of(&EDGES)),
            to,
        }
    }

    pub(super) fn operation(&mut self) {
        let to = self.number();
        // The last is for programs with data to read.
        let kinds = if self.texts.is_empty() { 21 } else { 22 };
        let kind =
            if self.has_memory() { self.random.below(kinds) } else { self.random.one_of(&OPERATIONS_ON_NUMBERS) };
        let op = match kind {
            0 | 1 => Op::Set { to, value: self.value() },
            2..=4 => {
                let operator =
                    self.random.one_of(&[BinOp::Add, BinOp::Sub, BinOp::And, BinOp::Or, BinOp::Xor, BinOp::Mul]);
                Op::Binary { operator, to, value: self.value() }
            }
            5 => {
                let by = Operand::Const(1 + self.random.below(31) as i64);
                Op::Binary { operator: self.random.one_of(&[BinOp::Shl, BinOp::Shr]), to, value: by }
            }
            6 => Op::Negate { to },
            7 => {
                let rest = self.number();
                if rest == to {
                    return;
                }
                Op::Divide { value: to, by: self.random.one_of(&[1, 2, 3, 10, 255, 256, 1000, 4096]), rest }
            }
            8 | 9 => Op::Load { to, width: self.random.one_of(&WIDTHS), from: self.place(4) },
            10 | 11 => {
                let value = self.value();
                Op::Store { width: self.random.one_of(&WIDTHS), to: self.place(4), value }
            }
            12 => {
                let len = 1 + self.random.below(9);
                let (to, bytes) = (self.place(len), self.random.bytes(len));
                Op::StoreBytes { to, bytes }
            }
            13 => return self.failing_call(),
            14 => return self.writing_call(),
            15 => return self.copy(),
            16 => return self.pointing(),
            17 => return self.stacked(),
            18 => return self.changed_in_place(),
            19 => return self.kept_over_call(),
            21 => return self.read_text(),
            _ => {
                let pointer = self.pointer();
                return self.aim(pointer);
            }
        };
        self.push(op);
    }

    /// Calculates with what is in memory, there or in a number; the loaded value is not used again.
    fn changed_in_place(&mut self) {
        let (fetched, width, place) = (self.fetched, self.random.one_of(&WIDTHS), self.place(4));
        let operator = self.random.one_of(&[BinOp::Add, BinOp::Sub, BinOp::And, BinOp::Or, BinOp::Xor]);
        self.push(Op::Load { to: fetched, width, from: place });
        if self.random.below(2) == 0 {
            let to = self.number();
            return self.push(Op::Binary { operator, to, value: Operand::Slot(fetched) });
        }
        let value = self.value();
        let change = match self.random.below(6) {
            0 => Op::Negate { to: fetched },
            1 => Op::Binary {
                operator: BinOp::Shl,
                to: fetched,
                value: Operand::Const(1 + self.random.below(31) as i64),
            },
            _ => Op::Binary { operator, to: fetched, value },
        };
        self.push(change);
        self.push(Op::Store { width, to: place, value: Operand::Slot(fetched) });
    }

    /// A call with a first argument that is used again after it, in the register of its result.
    fn kept_over_call(&mut self) {
        let (kept, result, shown) = (self.fetched, self.number(), self.number());
        self.push(Op::Set { to: kept, value: Operand::Const(NOT_OPEN) });
        self.program.call(Call::Close, &[Operand::Slot(kept)], Some(result), "fails");
        self.push(Op::Binary { operator: BinOp::Xor, to: shown, value: Operand::Slot(kept) });
    }

    /// A value on the stack while others are moved about, in the frame, too.
    fn stacked(&mut self) {
        let (kept, moved) = (self.number(), self.number());
        self.push(Op::Push { value: kept });
        let value = self.value();
        let (width, place) = (self.random.one_of(&WIDTHS), self.place(4));
        self.push(Op::Store { width, to: place, value });
        self.push(Op::Set { to: kept, value });
        let (width, place) = (self.random.one_of(&WIDTHS), self.place(4));
        self.push(Op::Load { to: moved, width, from: place });
        self.writing_call();
        let back = self.number();
        self.push(Op::Pop { to: back });
    }

    /// A copy inside an area or from one to another; where both parts meet, from above to below.
    fn copy(&mut self) {
        let (mut to, mut from) = (self.pointers[0], self.pointers[1]);
        if self.random.below(2) == 0 {
            (to, from) = (from, to);
        }
        let (source, target) = (self.random.one_of(self.areas), self.random.one_of(self.areas));
        let near = 1 + self.random.below(8) as u32;
        let (high, low) = (if self.random.below(2) == 0 { 32 } else { 8 } + near, near);
        let (source_at, target_at) =
            if source != target && self.random.below(2) == 0 { (low, high) } else { (high, low) };
        self.address(to, target, target_at);
        self.address(from, source, source_at);
        let index = self.index();
        self.push(Op::Set { to: self.len, value: Operand::Slot(index) });
        if self.random.below(2) == 0 {
            self.push(Op::Binary { operator: BinOp::Add, to: self.len, value: Operand::Const(8) });
        }
        self.push(Op::Copy { to, from, len: self.len });
        // Both are behind the last byte now, and the length is 0.
        if self.random.below(2) == 0 {
            let value = Operand::Slot(self.number());
            self.push(Op::Store { width: Width::Byte, to: Mem { base: Base::Slot(to), offset: -1 }, value });
        }
        if self.random.below(2) == 0 {
            let loaded = self.number();
            let before = Mem { base: Base::Slot(from), offset: 0 };
            self.push(Op::Load { to: loaded, width: Width::Byte, from: before });
        }
        if self.random.below(2) == 0 {
            let shown = self.number();
            self.push(Op::Binary { operator: BinOp::Add, to: shown, value: Operand::Slot(self.len) });
        }
        self.aim(to);
        self.aim(from);
    }

    /// What is done with addresses: distances, a detour through memory, alignment, the stack as it was at entry.
    fn pointing(&mut self) {
        let [one, other] = self.pointers;
        match self.random.below(4) {
            0 => {
                let (index, distance) = (self.index(), self.number());
                self.push(Op::Set { to: other, value: Operand::Slot(one) });
                self.push(Op::Binary { operator: BinOp::Add, to: other, value: Operand::Slot(index) });
                self.push(Op::Set { to: distance, value: Operand::Slot(other) });
                self.push(Op::Binary { operator: BinOp::Sub, to: distance, value: Operand::Slot(one) });
                self.aim(other);
            }
            1 => {
                let offset = self.start as usize + self.random.below(USED_BYTES as usize - 7);
                let place = Mem { base: Base::Frame, offset: offset as i32 };
                self.push(Op::Store { width: Width::Word, to: place, value: Operand::Slot(one) });
                self.push(Op::Load { to: other, width: Width::Word, from: place });
                // An address is not the same everywhere.
                let bytes = self.random.bytes(8);
                self.push(Op::StoreBytes { to: place, bytes });
            }
            2 => {
                // However the frame lies, it is at a multiple of 4.
                let offset = 12 + self.random.below(12) as u32;
                self.address(one, Area::Frame, offset);
                self.push(Op::Binary { operator: BinOp::And, to: one, value: Operand::Const(-4) });
            }
            _ if self.has_routines() => {
                let count = self.number();
                self.push(Op::Set { to: one, value: Operand::Entry });
                let from = Mem { base: Base::Slot(one), offset: 0 };
                self.push(Op::Load { to: count, width: Width::Four, from });
                self.aim(one);
            }
            _ => {}
        }
    }

    /// A call that writes some of the frame, or one that only returns 0.
    fn writing_call(&mut self) {
        let result = Some(self.number());
        let len = Operand::Const(1 + self.random.below(8) as i64);
        let kind = self.random.below(4);
        let from = match kind {
            0 => {
                let args = [Operand::Const(0), Operand::Const(0), Operand::Const(0), Operand::Const(8)];
                return self.program.call(Call::RtSigprocmask, &args, result, "returns 0");
            }
            _ if !self.texts.is_empty() && (kind == 1 || !self.has_memory()) => {
                let (text, bytes) = self.random.one_of(&self.texts);
                let len = Operand::Const(1 + self.random.below(bytes as usize) as i64);
                let args = [Operand::Const(1), Operand::Data(text), len];
                return self.program.call(Call::Write, &args, result, "writes");
            }
            1 => Operand::Slot(self.pointer()),
            2 if self.areas.contains(&Area::State) => Operand::State(self.random.below(16) as u32),
            _ => Operand::Frame(self.start + self.random.below(16) as u32),
        };
        self.program.call(Call::Write, &[Operand::Const(1), from, len], result, "writes");
    }
}
