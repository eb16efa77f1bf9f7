//! How a machine does an operation. Knows no protocol and no file format: it turns ISA-neutral operations into
//! instructions with their bytes, and bytes back into text through a decoder of another make.

mod alloc;
mod analysis;
mod anneal;
mod bitset;
mod blocks;
mod choice;
mod code;
mod code_text;
mod colour;
mod compile;
pub mod disasm;
mod error;
pub mod golf;
mod homes;
mod ir;
mod isa;
mod isel;
mod jumps;
mod layout;
mod moves;
mod opt;
pub mod pass;
mod pipeline;
mod reach;
mod relay;
mod ruler;
#[cfg(test)]
mod selected;
mod spill;
mod tails;
pub mod target;
mod wants;

pub use analysis::assertions::{Content, Known};
// Old paths, until all files have the new ones.
use analysis::liveness as live;
use bitset as sets;

pub use code::{Code, Placed, PlacedCode};
pub(crate) use compile::compile_tuned;
pub use compile::{compile, compile_observed, compile_turn, compile_with_beliefs};
pub use error::CompileError;
pub use ir::{Place, Ref, op, syscall, text};
pub use target::{Class, ENTRY_SCRATCH_BYTES, LOWEST_ADDRESS, Machine, TARGETS, Target};
