//! The compiler: it turns ISA-neutral operations into the machine code of three instruction sets, and machine code back
//! into text with an independent decoder. It knows no protocol and no file format.

mod analysis;
mod bitset;
mod choice;
mod compile;
pub mod disasm;
mod error;
pub mod golf;
mod ir;
mod isa;
mod isel;
mod mach;
mod opt;
pub mod pass;
mod pipeline;
mod prng;
mod reg;
mod regalloc;
#[cfg(test)]
mod selected;
pub mod target;

pub use analysis::assertions::{Content, Known};

pub(crate) use compile::compile_tuned;
pub use compile::{compile, compile_observed, compile_turn, compile_with_assertions};
pub use error::CompileError;
pub use ir::{Place, Ref, op, syscall, text};
pub use mach::code::{Code, Placed, PlacedCode};
pub use target::{Class, ENTRY_SCRATCH_BYTES, LOWEST_ADDRESS, Machine, TARGETS, Target};
