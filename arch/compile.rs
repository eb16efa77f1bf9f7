//! The front of the crate: from a program to code that can be placed, for a target.

use crate::CompileError;
use crate::choice::Tuning;
use crate::ir::op::Program;
use crate::mach::code::Code;
use crate::pass::{Observer, Unobserved};
use crate::target::Target;
use crate::{isa, pipeline};

/// Selects the machine's instructions for a program.
///
/// # Errors
/// The program needs more registers than there are, or an instruction the machine does not have.
pub fn compile(target: &Target, program: &Program) -> Result<Code, CompileError> {
    compile_tuned(target, program, &Tuning::default())
}

/// The same with the registers of another search. Only placement tells which search gives the fewest bytes.
///
/// # Errors
/// The same.
pub fn compile_turn(target: &Target, program: &Program, turn: usize) -> Result<Code, CompileError> {
    compile_tuned(target, program, &Tuning::with_turn(turn))
}

/// The same code with assertions about registers: see [`PlacedCode::known`](crate::PlacedCode::known).
///
/// # Errors
/// The same.
pub fn compile_with_assertions(target: &Target, program: &Program) -> Result<Code, CompileError> {
    compile_tuned(target, program, &Tuning::with_assertions())
}

/// The same with the decisions of a search.
pub(crate) fn compile_tuned(target: &Target, program: &Program, tuning: &Tuning) -> Result<Code, CompileError> {
    pipeline::compile(isa::of(target), program, tuning, &mut Unobserved)
}

/// The code of [`compile`]. The observer sees the program after each pass, and the code by [`Code::place_observed`].
///
/// # Errors
/// The same.
pub fn compile_observed(target: &Target, program: &Program, observer: &mut dyn Observer) -> Result<Code, CompileError> {
    pipeline::compile(isa::of(target), program, &Tuning::default(), observer)
}
