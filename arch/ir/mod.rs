//! The intermediate representation (IR): ISA-neutral operations on slots, their data, their system calls, and the text
//! form of all that.
//!
//! A slot is a virtual register. A datum is a piece of data. The frame is memory on the stack, the state writable
//! memory at a fixed address. Each of these files knows only those before it: `entities`, `operand`, `reference`,
//! `data`, `data_table`, `syscall`, `operation`, `visit`, `program`, `text`.
//! Invariant: nothing here names a machine. It knows the targets' facts and nothing else of the crate.

pub(crate) mod data;
mod data_table;
mod entities;
mod operand;
mod operation;
mod program;
mod reference;
pub mod syscall;
pub mod text;
mod visit;

/// The ISA-neutral program: a straight list of operations on slots (virtual registers), a frame of stack memory, data
/// and state.
pub mod op {
    pub use super::data::{Datum, Part};
    pub use super::entities::{DatumId, Kind, Label, Slot};
    pub use super::operand::{Base, Mem, Operand, Width};
    pub use super::operation::{BinOp, Cond, Op};
    pub use super::program::{FRAME_BELOW_BYTES, FrameByte, Inst, Program, SlotInfo, Variable};
}

pub use reference::{Place, Ref};
pub(crate) use visit::{in_frame, rename};
