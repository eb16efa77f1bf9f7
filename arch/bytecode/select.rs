//! From operations to instructions of the bytecode: one or several each, by way of spare cells where a value has no room
//! in an instruction.

use super::arrange::Reasoned;
use super::cells::ARGS;
use super::code::{Access, BIAS, Cell, Code, Function, Given, Value};
use crate::op::{Alu, Arg, Base, Cond, Label, Mem, Op, Slot, Width};

/// Cells that hold nothing from one operation to the next, and one that always holds the frame's address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spare {
    pub(crate) one: Cell,
    pub(crate) other: Cell,
    pub(crate) frame: Cell,
    /// Where results go that nobody wants.
    pub(crate) nowhere: Cell,
}

/// Numbers of one byte.
pub(crate) fn is_small(value: i32) -> bool {
    (-BIAS..256 - BIAS).contains(&value)
}

/// Numbers that an instruction compares with.
pub(crate) fn is_compared(value: i32) -> bool {
    (-BIAS..128 - BIAS).contains(&value)
}

/// The instructions of an operation, which are added to the list.
pub(crate) struct Selector<'a> {
    pub(crate) spare: Spare,
    pub(crate) codes: Vec<Code>,
    /// Which cell a slot has.
    pub(crate) cell: &'a dyn Fn(Slot) -> Cell,
}

impl Selector<'_> {
    fn cell(&self, slot: Slot) -> Cell {
        (self.cell)(slot)
    }

    pub(crate) fn push(&mut self, code: Code) {
        self.codes.push(code);
    }

    fn function(&mut self, function: Function, a: Cell, b: Value, to: Option<Label>) {
        self.push(Code::Function { function, a, b, to });
    }

    fn number(&mut self, a: Cell, value: i32) {
        if is_small(value) {
            self.function(Function::Move, a, Value::Number(value), None);
        } else {
            self.push(Code::Number { a, value });
        }
    }

    /// The cell of a value: its own, or a spare one.
    fn in_cell(&mut self, arg: Arg, spare: Cell) -> Cell {
        match arg {
            Arg::Slot(slot) => self.cell(slot),
            Arg::Const(value) => {
                self.number(spare, value as i32);
                spare
            }
            _ => unreachable!("an operand is a number or a slot"),
        }
    }

    /// The instructions of an operation.
    pub(crate) fn step(&mut self, op: &Op) {
        match op {
            Op::Label(label) | Op::Sub(label) => self.push(Code::Label(*label)),
            Op::Jump(to) => self.push(Code::Jump(*to)),
            Op::Gosub(to) => self.push(Code::Gosub(*to)),
            Op::Return { .. } => self.push(Code::Return),
            Op::Set { to, value } => self.set(self.cell(*to), *value),
            Op::Alu { alu, to, value } => self.arithmetic(*alu, self.cell(*to), *value),
            Op::Negate { to } => {
                let (a, spare) = (self.cell(*to), self.spare.one);
                self.function(Function::Move, spare, Value::Number(0), None);
                self.function(Function::Sub, spare, Value::Cell(a), None);
                self.function(Function::Move, a, Value::Cell(spare), None);
            }
            Op::Load { to, width, from } => self.load(self.cell(*to), *width, *from),
            Op::Store { width, to, value } => self.store(*width, *to, *value),
            Op::StoreBytes { to, bytes } => self.store_bytes(*to, bytes),
            Op::Branch { left, cond, right, to } => self.branch(self.cell(*left), *cond, *right, *to),
            Op::BranchBits { value, bits, any, to } => {
                let function = if *any { Function::Any } else { Function::None };
                self.rare(function, self.cell(*value), *bits as i32, Some(*to));
            }
            Op::BranchBytes { at, bytes, equal, to } => self.branch_bytes(*at, bytes, *equal, *to),
            Op::Match { at, want, miss } => {
                for (offset, piece) in pieces(want) {
                    self.branch_bytes(at.behind(offset), piece, false, *miss);
                }
            }
            Op::Call { call, args, result } => {
                let last = args.iter().rposition(|arg| *arg != Arg::Any).map_or(0, |last| last + 1);
                assert!(last <= ARGS, "i386 has registers for {ARGS} arguments beside the frame's");
                let args = args[..last].iter().map(|arg| match arg {
                    Arg::Slot(slot) => Given::Cell(self.cell(*slot)),
                    other => Given::Other(*other),
                });
                let args = args.collect();
                let result = result.map_or(self.spare.nowhere, |slot| self.cell(slot));
                self.push(Code::Call { call: *call, args, result });
            }
            Op::Divide { value, by: Arg::Const(by @ 1..=255), rest } => {
                self.push(Code::Divide { a: self.cell(*value), by: *by as u32, rest: self.cell(*rest) });
            }
            Op::Copy { to, from, len } => {
                let [to, from, len] = [to, from, len].map(|slot| self.cell(*slot));
                self.push(Code::Copy { to, from, len });
            }
            Op::Divide { .. } | Op::Push { .. } | Op::Pop { .. } | Op::Goto { .. } | Op::GosubAt { .. } => {
                unreachable!("the bytecode has no {op:?}")
            }
        }
    }

    fn set(&mut self, a: Cell, value: Arg) {
        match value {
            Arg::Const(value) => self.number(a, value as i32),
            Arg::AtLeast(least) | Arg::Bits { set: least, .. } => self.number(a, least as i32),
            Arg::Slot(from) if self.cell(from) == a => {}
            Arg::Slot(from) => self.function(Function::Move, a, Value::Cell(self.cell(from)), None),
            Arg::Any => {}
            _ => self.push(Code::Address { a, of: value }),
        }
    }

    /// A function whose number has no bias, or that is told a cell in a byte of its own.
    fn rare(&mut self, function: Function, a: Cell, value: i32, to: Option<Label>) {
        let b = if (0..256).contains(&value) {
            Value::Number(value)
        } else {
            self.number(self.spare.one, value);
            Value::Cell(self.spare.one)
        };
        self.function(function, a, b, to);
    }

    fn arithmetic(&mut self, alu: Alu, a: Cell, value: Arg) {
        let function = match alu {
            Alu::Add => Function::Add,
            Alu::Sub => Function::Sub,
            Alu::And => Function::And,
            Alu::Or => Function::Or,
            Alu::Shl => Function::Shl,
            Alu::Mul => Function::Mul,
            Alu::Xor | Alu::Shr => unreachable!("the bytecode has no {alu:?}"),
        };
        match (function, value) {
            (_, Arg::Slot(slot)) => {
                let b = Value::Cell(self.cell(slot));
                self.function(function, a, b, None);
            }
            (Function::Add, Arg::Const(value)) => self.add(a, value as i32),
            (Function::Sub, Arg::Const(value)) => self.add(a, (value as i32).wrapping_neg()),
            // Bits that go: set first, so that they can be subtracted.
            (Function::And, Arg::Const(value)) if (0..=BIAS).contains(&!(value as i32)) => {
                self.rare(Function::Or, a, !(value as i32), None);
                self.add(a, -!(value as i32));
            }
            (_, Arg::Const(value)) => self.rare(function, a, value as i32, None),
            _ => unreachable!("an operand is a number or a slot"),
        }
    }

    fn add(&mut self, a: Cell, value: i32) {
        if is_small(value) {
            self.function(Function::Add, a, Value::Number(value), None);
        } else {
            self.number(self.spare.one, value);
            self.function(Function::Add, a, Value::Cell(self.spare.one), None);
        }
    }

    /// The cell that memory is counted from.
    fn base(&mut self, mem: Mem) -> Cell {
        match mem.base {
            Base::Slot(slot) => self.cell(slot),
            Base::Frame => self.spare.frame,
            Base::Sum(one, other) => {
                let spare = self.spare.other;
                self.function(Function::Move, spare, Value::Cell(self.cell(one)), None);
                self.function(Function::Add, spare, Value::Cell(self.cell(other)), None);
                spare
            }
        }
    }

    fn memory(&mut self, access: Access, a: Cell, mem: Mem) {
        let (mut b, mut offset) = (self.base(mem), mem.offset);
        if !super::encode::is_near_offset(offset) {
            let spare = self.spare.other;
            if b != spare {
                self.function(Function::Move, spare, Value::Cell(b), None);
            }
            // The number has the other spare cell, which may hold what is stored.
            let mut left = offset;
            while left != 0 {
                let part = left.clamp(-BIAS, 255 - BIAS);
                self.function(Function::Add, spare, Value::Number(part), None);
                left -= part;
            }
            (b, offset) = (spare, 0);
        }
        self.push(Code::Memory { access, a, b, offset });
    }

    fn load(&mut self, a: Cell, width: Width, from: Mem) {
        let access = match width {
            Width::Byte => Access::Load1,
            Width::Two => Access::Load2,
            Width::Four => Access::Load4,
            Width::Word => unreachable!("a cell has 4 bytes"),
        };
        self.memory(access, a, from);
    }

    fn store(&mut self, width: Width, to: Mem, value: Arg) {
        let access = match width {
            Width::Byte => Access::Store1,
            Width::Two => Access::Store2,
            Width::Four => Access::Store4,
            Width::Word => unreachable!("a cell has 4 bytes"),
        };
        let a = self.in_cell(value, self.spare.one);
        self.memory(access, a, to);
    }

    fn store_bytes(&mut self, to: Mem, bytes: &[u8]) {
        for (offset, piece) in pieces(bytes) {
            let width = width(piece);
            self.store(width, to.behind(offset), Arg::Const(number(piece).into()));
        }
    }

    fn branch_bytes(&mut self, at: Mem, bytes: &[u8], equal: bool, to: Label) {
        let (width, want) = (width(bytes), number(bytes));
        self.load(self.spare.one, width, at);
        let function = if equal { Function::Equal } else { Function::NotEqual };
        let b = if is_compared(want) {
            Value::Number(want)
        } else {
            self.number(self.spare.other, want);
            Value::Cell(self.spare.other)
        };
        self.function(function, self.spare.one, b, Some(to));
    }

    fn branch(&mut self, a: Cell, cond: Cond, right: Arg, to: Label) {
        // Above and its relatives are others of the next number, or of the sides exchanged.
        let (cond, right, exchanged) = match (cond, right) {
            (Cond::Above, Arg::Const(value)) if value as u32 != u32::MAX => {
                (Cond::AboveOrEqual, Arg::Const(value + 1), false)
            }
            (Cond::BelowOrEqual, Arg::Const(value)) if value as u32 != u32::MAX => {
                (Cond::Below, Arg::Const(value + 1), false)
            }
            (Cond::Gt, Arg::Const(value)) if value as i32 != i32::MAX => (Cond::Ge, Arg::Const(value + 1), false),
            (Cond::Le, Arg::Const(value)) if value as i32 != i32::MAX => (Cond::Lt, Arg::Const(value + 1), false),
            (Cond::Above, other) => (Cond::Below, other, true),
            (Cond::BelowOrEqual, other) => (Cond::AboveOrEqual, other, true),
            (Cond::Gt, other) => (Cond::Lt, other, true),
            (Cond::Le, other) => (Cond::Ge, other, true),
            other => (other.0, other.1, false),
        };
        let function = match cond {
            Cond::Eq => Function::Equal,
            Cond::Ne => Function::NotEqual,
            Cond::Below => Function::Below,
            Cond::AboveOrEqual => Function::AboveOrEqual,
            Cond::Lt => Function::Less,
            _ => Function::GreaterOrEqual,
        };
        let has_room = |value: i32| match function {
            Function::Equal | Function::NotEqual => is_compared(value),
            Function::Less | Function::GreaterOrEqual => (0..256).contains(&value),
            _ => false,
        };
        if let (Arg::Const(value), false) = (right, exchanged)
            && has_room(value as i32)
        {
            return self.function(function, a, Value::Number(value as i32), Some(to));
        }
        let b = self.in_cell(right, self.spare.one);
        let (a, b) = if exchanged { (b, a) } else { (a, b) };
        self.function(function, a, Value::Cell(b), Some(to));
    }
}

/// Bytes in pieces of 4, 2 and 1, each with its offset.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let left = bytes.len() - at;
        let len = [4, 2, 1].into_iter().find(|len| *len <= left)?;
        at += len;
        Some((at - len, &bytes[at - len..at]))
    })
}

fn width(bytes: &[u8]) -> Width {
    match bytes.len() {
        1 => Width::Byte,
        2 => Width::Two,
        _ => Width::Four,
    }
}

fn number(bytes: &[u8]) -> i32 {
    let mut four = [0; 4];
    four[..bytes.len()].copy_from_slice(bytes);
    i32::from_le_bytes(four)
}

/// The byte at a cursor that moves on is one instruction.
pub(crate) fn fuse(codes: Vec<Reasoned>) -> Vec<Reasoned> {
    let mut fused: Vec<Reasoned> = Vec::new();
    for (code, why) in codes {
        if let Some((last, _)) = fused.last_mut()
            && let Code::Memory { access: Access::Load1, a, b, offset: 0 } = *last
            && a != b
            && code == (Code::Function { function: Function::Add, a: b, b: Value::Number(1), to: None })
        {
            *last = Code::Function { function: Function::Next, a, b: Value::Cell(b), to: None };
            continue;
        }
        fused.push((code, why));
    }
    fused
}
