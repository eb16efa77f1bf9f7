//! A method for each operation, with a short name, so that a routine of the engine reads like a listing. The last
//! argument of each is the reason, which the listing shows.

use asmgen_arch::op::{Base, BinOp, Cond, DatumId, Kind, Label, Mem, Op, Operand, Part, Slot, Variable, Width};
use asmgen_arch::syscall::Call;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::vars::{Spot, Var};

/// An operand: a number, a slot, or an address.
pub(crate) trait IntoOperand {
    /// As operations have it.
    fn operand(self) -> Operand;
}

impl IntoOperand for i64 {
    fn operand(self) -> Operand {
        Operand::Const(self)
    }
}

impl IntoOperand for u32 {
    fn operand(self) -> Operand {
        Operand::Const(i64::from(self))
    }
}

impl IntoOperand for u8 {
    fn operand(self) -> Operand {
        Operand::Const(i64::from(self))
    }
}

impl IntoOperand for Slot {
    fn operand(self) -> Operand {
        Operand::Slot(self)
    }
}

impl IntoOperand for DatumId {
    fn operand(self) -> Operand {
        Operand::Data(self)
    }
}

impl IntoOperand for Operand {
    fn operand(self) -> Operand {
        self
    }
}

/// The byte at an offset from the address in a slot.
pub(crate) fn at(slot: Slot, offset: u32) -> Mem {
    Mem { base: Base::Slot(slot), offset: offset as i32 }
}

/// The byte before the address in a slot, by so many bytes.
pub(crate) fn before(slot: Slot, bytes: i32) -> Mem {
    Mem { base: Base::Slot(slot), offset: -bytes }
}

/// The byte at an offset from the sum of two slots.
pub(crate) fn sum(one: Slot, other: Slot, offset: u32) -> Mem {
    Mem { base: Base::Sum(one, other), offset: offset as i32 }
}

/// A variable, or a byte of one.
pub(crate) fn frame(of: impl Into<Spot>) -> Place {
    let spot = of.into();
    Place { mem: Mem { base: Base::Frame, offset: spot.at as i32 }, variable: spot.variable }
}

/// An operand in memory, and the variable that it is.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    mem: Mem,
    variable: Option<Var>,
}

impl From<Mem> for Place {
    fn from(mem: Mem) -> Self {
        Self { mem, variable: None }
    }
}

impl Engine<'_> {
    /// The label of that name, which the first use creates.
    fn label(&mut self, name: &str) -> Label {
        let known = self.program.labels.iter().position(|label| label == name);
        known.map_or_else(|| self.program.label(name), |at| Label(at as u16))
    }

    /// A slot of a routine's own. Allocation first splits live ranges, so one slot more costs no register.
    pub(crate) fn local(&mut self, name: &'static str) -> Slot {
        self.program.slot(name, Kind::Int)
    }

    /// The datum of this text.
    pub(crate) fn text(&mut self, text: &str) -> DatumId {
        self.bytes(&format!("text {text:?}"), text.as_bytes())
    }

    /// The datum of these bytes, under this name in listings.
    pub(crate) fn bytes(&mut self, name: &str, bytes: &[u8]) -> DatumId {
        self.program.datum(name, vec![Part::Bytes(bytes.into())], 0)
    }

    /// Puts a place here.
    pub(crate) fn place(&mut self, at: At) {
        let label = self.new_label(at.name());
        self.program.place(label);
    }

    /// The label of that name, which is at no other place.
    fn new_label(&mut self, name: &str) -> Label {
        let label = self.label(name);
        let is_there = |op: &Op| matches!(op, Op::Label(there) | Op::Routine(there) if *there == label);
        assert!(!self.program.insts.iter().any(|inst| is_there(&inst.op)), "two places are called {name}");
        label
    }

    /// Begins a routine.
    pub(crate) fn sub(&mut self, routine: Routine) {
        let label = self.new_label(routine.name());
        self.program.routine(label);
    }

    /// Calls a routine.
    pub(crate) fn gosub(&mut self, routine: Routine) {
        let label = self.label(routine.name());
        self.program.push(Op::CallRoutine(label), "call");
    }

    /// Returns from a routine.
    pub(crate) fn ret(&mut self, routine: Routine) {
        let from = self.label(routine.name());
        self.program.push(Op::ReturnFrom { from }, format!("{}: done", routine.name()));
    }

    /// Jumps.
    pub(crate) fn jump(&mut self, to: At, why: &str) {
        let label = self.label(to.name());
        self.program.push(Op::Jump(label), why);
    }

    /// `to = value`.
    pub(crate) fn set(&mut self, to: Slot, value: impl IntoOperand, why: &str) {
        self.program.push(Op::Set { to, value: value.operand() }, why);
    }

    /// `to = to op value`.
    pub(crate) fn alu(&mut self, operator: BinOp, to: Slot, value: impl IntoOperand, why: &str) {
        self.program.push(Op::Binary { operator, to, value: value.operand() }, why);
    }

    /// `to += value`.
    pub(crate) fn add(&mut self, to: Slot, value: impl IntoOperand, why: &str) {
        self.alu(BinOp::Add, to, value, why);
    }

    /// `to -= value`.
    pub(crate) fn take(&mut self, to: Slot, value: impl IntoOperand, why: &str) {
        self.alu(BinOp::Sub, to, value, why);
    }

    /// `to &= value`.
    pub(crate) fn and(&mut self, to: Slot, value: impl IntoOperand, why: &str) {
        self.alu(BinOp::And, to, value, why);
    }

    /// `to |= value`.
    pub(crate) fn or(&mut self, to: Slot, value: impl IntoOperand, why: &str) {
        self.alu(BinOp::Or, to, value, why);
    }

    /// `to <<= bits`.
    pub(crate) fn shl(&mut self, to: Slot, bits: u8, why: &str) {
        self.alu(BinOp::Shl, to, bits, why);
    }

    /// `to >>= bits`, with zeros.
    pub(crate) fn shr(&mut self, to: Slot, bits: u8, why: &str) {
        self.alu(BinOp::Shr, to, bits, why);
    }

    /// `to *= value`.
    pub(crate) fn mul(&mut self, to: Slot, value: impl IntoOperand, why: &str) {
        self.alu(BinOp::Mul, to, value, why);
    }

    /// Divides an unsigned number: `value` becomes the quotient, `rest` the remainder.
    pub(crate) fn divide(&mut self, value: Slot, by: u32, rest: Slot, why: &str) {
        self.program.push(Op::Divide { value, by, rest }, why);
    }

    /// Copies `len` bytes. Afterwards `to` and `from` are after them.
    pub(crate) fn copy(&mut self, to: Slot, from: Slot, len: Slot, why: &str) {
        self.program.push(Op::Copy { to, from, len }, why);
    }

    /// Jumps if the comparison holds.
    pub(crate) fn branch(&mut self, left: Slot, cond: Cond, right: impl IntoOperand, to: At, why: &str) {
        let to = self.label(to.name());
        self.program.push(Op::Branch { left, cond, right: right.operand(), to }, why);
    }

    /// Jumps if the slot is 0.
    pub(crate) fn if_zero(&mut self, left: Slot, to: At, why: &str) {
        self.branch(left, Cond::Eq, 0i64, to, why);
    }

    /// Jumps if the slot is not 0.
    pub(crate) fn unless_zero(&mut self, left: Slot, to: At, why: &str) {
        self.branch(left, Cond::Ne, 0i64, to, why);
    }

    /// Jumps if any of the bits is set.
    pub(crate) fn if_any(&mut self, value: Slot, bits: u32, to: At, why: &str) {
        let to = self.label(to.name());
        self.program.push(Op::BranchBits { value, bits, any: true, to }, why);
    }

    /// Jumps if none of the bits is set.
    pub(crate) fn if_none(&mut self, value: Slot, bits: u32, to: At, why: &str) {
        let to = self.label(to.name());
        self.program.push(Op::BranchBits { value, bits, any: false, to }, why);
    }

    /// Jumps unless memory has these bytes.
    pub(crate) fn unless_match(&mut self, at: Mem, want: &[u8], miss: At, why: &str) {
        let miss = self.label(miss.name());
        self.program.push(Op::Match { at, want: want.into(), miss }, why);
    }

    /// Adds an operation that names a variable.
    fn push_with(&mut self, op: Op, variable: Option<Var>, why: &str) {
        self.program.push(op, why);
        let is_it = |one: &Variable| variable.is_some_and(|wanted| one.name == wanted.name && one.at == wanted.at);
        let number = self.program.variables.iter().position(is_it);
        self.program.insts.last_mut().expect("one was added").variable = number.map(|number| number as u16);
    }

    fn load(&mut self, width: Width, to: Slot, from: Place, why: &str) {
        self.push_with(Op::Load { to, width, from: from.mem }, from.variable, why);
    }

    fn store(&mut self, width: Width, to: Place, value: Operand, why: &str) {
        self.push_with(Op::Store { width, to: to.mem, value }, to.variable, why);
    }

    /// The address of a variable, or of a byte of one.
    pub(crate) fn set_address(&mut self, to: Slot, of: impl Into<Spot>, why: &str) {
        let spot = of.into();
        self.push_with(Op::Set { to, value: Operand::Frame(spot.at) }, spot.variable, why);
    }

    /// Loads a byte.
    pub(crate) fn byte(&mut self, to: Slot, from: impl Into<Place>, why: &str) {
        self.load(Width::Byte, to, from.into(), why);
    }

    /// Loads 2 bytes.
    pub(crate) fn two(&mut self, to: Slot, from: impl Into<Place>, why: &str) {
        self.load(Width::Two, to, from.into(), why);
    }

    /// Loads 4 bytes.
    pub(crate) fn four(&mut self, to: Slot, from: impl Into<Place>, why: &str) {
        self.load(Width::Four, to, from.into(), why);
    }

    /// Loads a word of the machine.
    pub(crate) fn word(&mut self, to: Slot, from: impl Into<Place>, why: &str) {
        self.load(Width::Word, to, from.into(), why);
    }

    /// Stores a byte.
    pub(crate) fn put_byte(&mut self, to: impl Into<Place>, value: impl IntoOperand, why: &str) {
        self.store(Width::Byte, to.into(), value.operand(), why);
    }

    /// Stores 2 bytes.
    pub(crate) fn put_two(&mut self, to: impl Into<Place>, value: impl IntoOperand, why: &str) {
        self.store(Width::Two, to.into(), value.operand(), why);
    }

    /// Stores 4 bytes.
    pub(crate) fn put_four(&mut self, to: impl Into<Place>, value: impl IntoOperand, why: &str) {
        self.store(Width::Four, to.into(), value.operand(), why);
    }

    /// Makes a system call.
    pub(crate) fn call(&mut self, call: Call, args: &[Operand], result: Option<Slot>, why: &str) {
        self.program.call(call, args, result, why);
    }

    /// Loads the byte at a cursor, and moves the cursor to the next.
    pub(crate) fn next(&mut self, to: Slot, cursor: Slot, why: &str) {
        self.byte(to, at(cursor, 0), why);
        self.add(cursor, 1i64, "the next byte");
    }

    /// Adds to a variable in the frame. Returns the slot of its new value.
    pub(crate) fn add_four(&mut self, variable: impl Into<Spot>, by: i64, why: &str) -> Slot {
        let (t, variable) = (self.s.t, variable.into());
        self.four(t, frame(variable), why);
        if by < 0 {
            self.take(t, -by, why);
        } else {
            self.add(t, by, why);
        }
        self.put_four(frame(variable), t, why);
        t
    }
}
