//! How a machine does an operation. Knows no protocol and no file format: it turns ISA-neutral operations into
//! instructions with their bytes, and bytes back into text through a decoder of another make.

mod alloc;
mod anneal;
mod blocks;
mod code;
mod code_text;
mod colour;
mod compile;
pub mod disasm;
mod error;
mod facts;
mod flow;
pub mod golf;
mod homes;
mod ir;
mod isa;
mod jumps;
mod known;
mod layout;
mod live;
mod moves;
mod opt;
pub mod pass;
mod pipeline;
mod reach;
mod relay;
mod ruler;
#[cfg(test)]
mod selected;
mod sets;
mod spill;
mod tails;
pub mod target;
mod wants;

pub use code::{Code, Placed, PlacedCode};
pub(crate) use compile::compile_tuned;
pub use compile::{compile, compile_observed, compile_turn, compile_with_beliefs};
pub use error::CompileError;
pub use ir::{Place, Ref, op, syscall, text};
pub use known::{Content, Known};
pub use target::{Class, ENTRY_SCRATCH_BYTES, LOWEST_ADDRESS, Machine, TARGETS, Target};
