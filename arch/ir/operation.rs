//! The operations: a straight list of them is a program. Everything a program does is said here once; how a machine
//! does it is its own affair.

use super::entities::{Label, Slot};
use super::operand::{Mem, Operand, Width};
use super::syscall::Call;

/// Arithmetic on a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinOp {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
    /// Product, its lower half.
    Mul,
    /// Shifted left by a constant.
    Shl,
    /// Shifted right by a constant, zeros coming in.
    Shr,
}

/// A comparison of two's complement numbers, or (below, above) of unsigned ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cond {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater or equal.
    Ge,
    /// Greater.
    Gt,
    /// Less, unsigned.
    Below,
    /// Less or equal, unsigned.
    BelowOrEqual,
    /// Greater or equal, unsigned.
    AboveOrEqual,
    /// Greater, unsigned.
    Above,
}

impl Cond {
    /// The comparison that holds where this one does not.
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Lt => Self::Ge,
            Self::Ge => Self::Lt,
            Self::Le => Self::Gt,
            Self::Gt => Self::Le,
            Self::Below => Self::AboveOrEqual,
            Self::AboveOrEqual => Self::Below,
            Self::BelowOrEqual => Self::Above,
            Self::Above => Self::BelowOrEqual,
        }
    }

    /// The same comparison where both sides are bytes, so that it makes no difference whether they have a sign.
    pub(crate) fn of_bytes(self) -> Self {
        match self {
            Self::Lt => Self::Below,
            Self::Le => Self::BelowOrEqual,
            Self::Ge => Self::AboveOrEqual,
            Self::Gt => Self::Above,
            other => other,
        }
    }
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// A place jumps lead to.
    Label(Label),
    /// Go there.
    Jump(Label),
    /// The place a routine begins; nothing but [`Op::CallRoutine`] comes here.
    Routine(Label),
    /// Go to a routine and come back. Slots are shared with it: there are no others.
    CallRoutine(Label),
    /// Go back after the [`Op::CallRoutine`] that came to this routine.
    ReturnFrom {
        /// The routine that ends here.
        from: Label,
    },
    /// A system call; a negative result is −errno.
    Call {
        /// Which one.
        call: Call,
        /// Its arguments, in the kernel's order; those left out are [`Operand::Any`].
        args: Vec<Operand>,
        /// Where the result goes, if anyone wants it.
        result: Option<Slot>,
    },
    /// `to = value`.
    Set {
        /// Where to.
        to: Slot,
        /// What.
        value: Operand,
    },
    /// `to = to op value`.
    Binary {
        /// Which arithmetic.
        operator: BinOp,
        /// Left operand and result.
        to: Slot,
        /// Right operand: a constant or a slot.
        value: Operand,
    },
    /// `to = −to`.
    Negate {
        /// Operand and result.
        to: Slot,
    },
    /// Copies bytes from lower to higher addresses: `to` and `from` end after the last byte, `len` ends as 0.
    Copy {
        /// Where to, an address.
        to: Slot,
        /// From where, an address.
        from: Slot,
        /// How many bytes, from 0 up.
        len: Slot,
    },
    /// `(value, rest) = (value / by, value % by)`, unsigned.
    Divide {
        /// Dividend, then quotient.
        value: Slot,
        /// Divisor, not 0.
        by: u32,
        /// Remainder.
        rest: Slot,
    },
    /// `to = memory`, zero-extended.
    Load {
        /// Where to.
        to: Slot,
        /// How much.
        width: Width,
        /// From where.
        from: Mem,
    },
    /// `memory = value`.
    Store {
        /// How much.
        width: Width,
        /// Where to.
        to: Mem,
        /// What: a constant or a slot.
        value: Operand,
    },
    /// Go to `to` if the comparison holds.
    Branch {
        /// Left operand.
        left: Slot,
        /// The comparison.
        cond: Cond,
        /// Right operand: a constant or a slot.
        right: Operand,
        /// Where to.
        to: Label,
    },
    /// Go to `to` if any of these bits are set in a number, or if none is.
    BranchBits {
        /// The number.
        value: Slot,
        /// The bits.
        bits: u32,
        /// Go if any is set, or go if none is.
        any: bool,
        /// Where to.
        to: Label,
    },
    /// Go to `to` if memory holds (or does not hold) exactly these bytes: 1, 2 or 4.
    BranchBytes {
        /// Where they are looked for.
        at: Mem,
        /// The bytes.
        bytes: Vec<u8>,
        /// Go if equal, or go if not.
        equal: bool,
        /// Where to.
        to: Label,
    },
    /// Go to `miss` unless memory holds exactly these bytes.
    Match {
        /// Where they are looked for.
        at: Mem,
        /// The bytes, at least one.
        want: Vec<u8>,
        /// Where to if they are not there.
        miss: Label,
    },
    /// Put a slot's value on top of the stack. What was in the frame is out of reach until it is taken off again by
    /// [`Op::Pop`]. Every way to a label comes there with the same number of values on the stack.
    Push {
        /// The slot.
        value: Slot,
    },
    /// Take a slot's value off the top of the stack.
    Pop {
        /// The slot that gets it.
        to: Slot,
    },
    /// Write these bytes to memory.
    StoreBytes {
        /// Where to.
        to: Mem,
        /// The bytes.
        bytes: Vec<u8>,
    },
}
