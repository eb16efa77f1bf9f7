//! How a machine does an operation. Knows no protocol and no file format: it turns ISA-neutral operations into
//! instructions with their bytes, and bytes back into text through a decoder of another make.

pub mod aarch64;
mod alloc;
mod anneal;
mod blocks;
mod code;
mod code_text;
mod colour;
pub mod decode;
mod facts;
mod flow;
pub mod golf;
pub mod i386;
mod ir;
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
mod x86;
pub mod x86_64;

use std::borrow::Cow;

pub use ir::{op, syscall, text};

pub use code::{Code, Place, Placed, PlacedCode, Ref};
pub use known::{Content, Known};
pub use target::{Class, Machine, TARGETS, Target};

/// No code or data is ever placed below this address (`vm.mmap_min_addr` on hardened systems; 64-KiB pages).
pub const LOWEST_ADDRESS: u32 = 0x1_0000;

/// Bytes above the stack pointer at entry that may be overwritten: argument count, arguments, environment and the
/// auxiliary vector (at least 18 pairs, fs/binfmt_elf.c `create_elf_tables`) are always there, and a program that
/// does not read them needs no frame of its own.
pub const ENTRY_SCRATCH_BYTES: u32 = 128;

/// Why a program could not be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// More values are wanted at once than there are registers for them.
    #[error("no register is left for `{slot}`")]
    OutOfRegisters {
        /// The slot's name.
        slot: Cow<'static, str>,
    },
    /// The machine's instructions take only addresses below 4 GiB here.
    #[error("an address is above 4 GiB")]
    AddressTooHigh,
    /// A jump or an address is too far away.
    #[error("{what} is {distance} bytes away, out of reach")]
    OutOfReach {
        /// What was to be reached.
        what: &'static str,
        /// How far it is.
        distance: i64,
    },
    /// The encoder refused an instruction.
    #[error("the encoder refused an instruction: {message}")]
    Encoding {
        /// Its words.
        message: String,
    },
}

/// Selects the machine's instructions for a program.
///
/// # Errors
/// The program needs more registers than there are, or an instruction the machine does not have.
pub fn compile(target: &Target, program: &op::Program) -> Result<Code, CompileError> {
    compile_tuned(target, program, &golf::tuning::Tuning::default())
}

/// The same with registers that another search has found: which of them are fewer bytes is known when all is placed.
///
/// # Errors
/// The same.
pub fn compile_turn(target: &Target, program: &op::Program, turn: usize) -> Result<Code, CompileError> {
    compile_tuned(target, program, &golf::tuning::Tuning::with_turn(turn))
}

/// The same code, with what selection believes of registers: see [`PlacedCode::known`].
///
/// # Errors
/// The same.
pub fn compile_with_beliefs(target: &Target, program: &op::Program) -> Result<Code, CompileError> {
    compile_tuned(target, program, &golf::tuning::Tuning::with_beliefs())
}

/// The same, with the ways that a search asks for.
pub(crate) fn compile_tuned(
    target: &Target,
    program: &op::Program,
    tuning: &golf::tuning::Tuning,
) -> Result<Code, CompileError> {
    pipeline::compile(isa(target), program, tuning, &mut pass::Unobserved)
}

/// The code of [`compile`]; the observer is told what the passes make, and, as the code is placed, by
/// [`Code::place_observed`].
///
/// # Errors
/// The same.
pub fn compile_observed(
    target: &Target,
    program: &op::Program,
    observer: &mut dyn pass::Observer,
) -> Result<Code, CompileError> {
    pipeline::compile(isa(target), program, &golf::tuning::Tuning::default(), observer)
}

fn isa(target: &Target) -> &'static dyn pipeline::Isa {
    match target.machine {
        Machine::X86_64 => &x86_64::MODE,
        Machine::Aarch64 => &aarch64::A64,
        Machine::I386 => &i386::MODE,
    }
}
