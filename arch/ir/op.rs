//! The ISA-neutral program: a straight list of operations on slots (virtual registers), a frame of stack memory,
//! data and state. Everything a program does is said here once; how a machine does it is its own affair.

pub use crate::ir::data::{Datum, DatumId, Part};
pub use crate::ir::program::{FRAME_BELOW_BYTES, Inst, Program, SlotInfo, Variable};
use crate::ir::syscall::Call;

/// A virtual register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u16);

/// A place in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(pub u16);

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A 32-bit number, two's complement where a sign is asked for.
    Int,
    /// An address.
    Pointer,
}

/// An operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A number known now.
    Const(i64),
    /// Any number from this one up to 2^31 − 1, whichever costs least.
    AtLeast(u32),
    /// Any number of 32 bits that is not negative, whichever costs least.
    NotNegative,
    /// Any number of 32 bits that has all of the first bits set and none of the second, whichever costs least.
    Bits {
        /// Bits that it has.
        set: u32,
        /// Bits that it has not.
        clear: u32,
    },
    /// The value of a slot.
    Slot(Slot),
    /// The address of a datum's first byte.
    Data(DatumId),
    /// The address of the frame's byte of this offset.
    Frame(u32),
    /// The address of the state's byte of this offset.
    State(u32),
    /// The address of the file's first byte.
    Image,
    /// The stack pointer at entry: the argument count lies there, the arguments and the environment behind it.
    Entry,
    /// Whatever is there: the kernel does not look at it.
    Any,
}

/// A place in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mem {
    /// Where counting starts.
    pub base: Base,
    /// Bytes from there.
    pub offset: i32,
}

impl Mem {
    /// The place so many bytes further.
    pub(crate) fn behind(self, bytes: usize) -> Self {
        Self { offset: self.offset + bytes as i32, ..self }
    }
}

/// Where a memory offset counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// The address in a slot.
    Slot(Slot),
    /// The sum of two slots; both are addresses or numbers from 0 up whose upper half is 0.
    Sum(Slot, Slot),
    /// The start of the frame.
    Frame,
}

impl Base {
    /// The slots in it.
    pub(crate) fn slots(self) -> impl Iterator<Item = Slot> {
        let (one, other) = match self {
            Self::Slot(slot) => (Some(slot), None),
            Self::Sum(one, other) => (Some(one), Some(other)),
            Self::Frame => (None, None),
        };
        one.into_iter().chain(other)
    }
}

/// Width of a memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 1 byte.
    Byte,
    /// 2 bytes.
    Two,
    /// 4 bytes.
    Four,
    /// The machine's word: 4 or 8 bytes.
    Word,
}

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
    /// Go back behind the [`Op::CallRoutine`] that came to this routine.
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
    /// Copies bytes from lower to higher addresses: `to` and `from` end behind the last byte, `len` ends as 0.
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
        /// Whose value.
        value: Slot,
    },
    /// Take a slot's value off the top of the stack.
    Pop {
        /// Whose new value.
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
