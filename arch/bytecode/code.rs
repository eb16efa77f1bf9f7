//! The bytecode's instructions as they are encoded, on cells by their numbers.
//!
//! ```text
//! byte 0      the upper 3 bits say what it is, the lower 5 which cell, `a`
//! 0, 1        jump if a is 0, if it is not                   place
//! 2, 3        a = number, a = a + number                     number
//! 4           a = a function b                               function, b
//!             jump if a comparison of a and b holds          comparison, b; place
//! 5           memory at b + offset                           access, b; offset
//! 6           jump if a is a number, if it is not            which, number; place
//! 7           what the lower 5 bits say: [`Form`], or a subroutine
//! ```
//!
//! A number is a byte, less [`BIAS`]; an offset is a byte, less [`OFFSET_BIAS`]. A place is a byte: how far it is from
//! the byte behind it, plus [`BACK`], or, from [`FIRST_EXIT`] on, which of the places outside.

use crate::op::{Arg, Label};
use crate::syscall::Call;

/// Cells that a byte's lower 5 bits tell apart.
pub(crate) const CELLS: usize = 32;
/// What numbers in a byte are larger by there than they are.
pub(crate) const BIAS: i32 = 48;
/// The same of offsets.
pub(crate) const OFFSET_BIAS: i32 = 64;
/// How far back a jump of one byte leads.
pub(crate) const BACK: i32 = 112;
/// Places from here on are outside.
pub(crate) const FIRST_EXIT: i32 = 224;
/// From here on a first byte is a form without a cell in it.
pub(crate) const FORMS: u8 = 7 << 5;

/// A cell, by its number.
pub(crate) type Cell = u16;

/// What is done with two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Function {
    // The first 8 have room beside a cell.
    Move,
    Add,
    Sub,
    /// The byte at the right value, which is 1 more then.
    Next,
    Equal,
    NotEqual,
    Below,
    AboveOrEqual,
    // The others stand in a byte of their own.
    And,
    Or,
    Shl,
    Mul,
    Any,
    None,
    Less,
    GreaterOrEqual,
}

impl Function {
    /// All of those that stand in a byte of their own.
    pub(crate) const RARE: [Self; 8] =
        [Self::And, Self::Or, Self::Shl, Self::Mul, Self::Any, Self::None, Self::Less, Self::GreaterOrEqual];

    /// Is it a comparison, so that a place follows?
    pub(crate) fn compares(self) -> bool {
        !matches!(self, Self::Move | Self::Add | Self::Sub | Self::Next | Self::And | Self::Or | Self::Shl | Self::Mul)
    }

    /// The comparison that holds where this one does not.
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Below => Self::AboveOrEqual,
            Self::AboveOrEqual => Self::Below,
            Self::Any => Self::None,
            Self::None => Self::Any,
            Self::Less => Self::GreaterOrEqual,
            Self::GreaterOrEqual => Self::Less,
            other => unreachable!("{other:?} is no comparison"),
        }
    }
}

/// An access to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    Load4,
    Store4,
    Load1,
    Store1,
    Load2,
    Store2,
}

/// Forms without a cell in their first byte; the numbers are given to those that a program has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    /// `a = a function number`, or a jump: a; number without a bias; perhaps a place.
    Rare(Function),
    /// The same with a cell: function and a; b.
    RareCell,
    Return,
    /// Place.
    Jump,
    /// How far, 2 bytes.
    FarJump,
    /// a; number, 2 bytes.
    Number2,
    /// a; number, 4 bytes, or an address.
    Number4,
    /// a; how far from the frame, 2 bytes.
    Near,
    /// a; length; bytes.
    Text,
    /// Number, 1 byte; its upper bits and how many arguments; arguments; cell of the result.
    Call,
    /// a; divisor; cell of the rest.
    Divide,
    /// Three cells.
    Copy,
    /// Which, 1 byte.
    Gosub,
}

/// The right value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Cell(Cell),
    Number(i32),
}

/// An argument of a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    Cell(Cell),
    Other(Arg),
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Label(Label),
    Function { function: Function, a: Cell, b: Value, to: Option<Label> },
    Memory { access: Access, a: Cell, b: Cell, offset: i32 },
    Return,
    Jump(Label),
    Gosub(Label),
    Number { a: Cell, value: i32 },
    Address { a: Cell, of: Arg },
    Text { a: Cell, bytes: Vec<u8> },
    Call { call: Call, args: Vec<Given>, result: Cell },
    Divide { a: Cell, by: u32, rest: Cell },
    Copy { to: Cell, from: Cell, len: Cell },
}

impl Code {
    /// Visits its cells, and says of each whether it is read and whether it is written.
    pub(crate) fn cells(&mut self, mut cell: impl FnMut(&mut Cell, bool, bool)) {
        match self {
            Self::Label(_) | Self::Return | Self::Jump(_) | Self::Gosub(_) => {}
            Self::Function { function, a, b, .. } => {
                if let Value::Cell(b) = b {
                    cell(b, true, *function == Function::Next);
                }
                let writes = !function.compares();
                cell(a, !matches!(function, Function::Move | Function::Next), writes);
            }
            Self::Memory { access, a, b, .. } => {
                cell(b, true, false);
                let loads = matches!(access, Access::Load4 | Access::Load1 | Access::Load2);
                cell(a, !loads, loads);
            }
            Self::Number { a, .. } | Self::Address { a, .. } | Self::Text { a, .. } => cell(a, false, true),
            Self::Call { args, result, .. } => {
                for arg in args {
                    if let Given::Cell(arg) = arg {
                        cell(arg, true, false);
                    }
                }
                cell(result, false, true);
            }
            Self::Divide { a, rest, .. } => {
                cell(a, true, true);
                cell(rest, false, true);
            }
            Self::Copy { to, from, len } => [to, from, len].into_iter().for_each(|it| cell(it, true, true)),
        }
    }

    /// Where it may jump to.
    pub(crate) fn target(&self) -> Option<Label> {
        match self {
            Self::Function { to, .. } => *to,
            Self::Jump(to) => Some(*to),
            _ => None,
        }
    }
}
