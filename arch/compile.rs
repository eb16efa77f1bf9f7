//! The front of the crate: from a program to code that can be placed, for a target.

use crate::CompileError;
use crate::choice::Tuning;
use crate::ir::op::Program;
use crate::mach::code::Code;
use crate::pass::{Observer, Unobserved};
use crate::target::Target;
use crate::{isa, pipeline};

/// Selects the machine's instructions for a program, with the first search of [`compile_turn`].
///
/// # Errors
/// The program needs more registers than there are, or an instruction the machine does not have.
pub fn compile(target: &Target, program: &Program) -> Result<Code, CompileError> {
    compile_turn(target, program, Some(0))
}

/// The same with the registers and the order of blocks of a search. Each search has a number, and begins with other
/// pseudorandom numbers. Only placement tells which search gives the fewest bytes. Without a number there is no search,
/// which is much faster.
///
/// # Errors
/// The same.
pub fn compile_turn(target: &Target, program: &Program, turn: Option<usize>) -> Result<Code, CompileError> {
    compile_tuned(target, program, &Tuning::with_turn(turn))
}

/// The code without a search, with assertions about registers: see [`PlacedCode::known`](crate::PlacedCode::known).
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

/// The code of [`compile_turn`] without a search. The observer sees the program after each pass, and the code by
/// [`Code::place_observed`].
///
/// # Errors
/// The same.
pub fn compile_observed(target: &Target, program: &Program, observer: &mut dyn Observer) -> Result<Code, CompileError> {
    pipeline::compile(isa::of(target), program, &Tuning::default(), observer)
}
