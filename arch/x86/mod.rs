//! What both modes of x86 share.

mod access;
mod arith;
mod call;
mod constant;
pub(crate) mod fuse;
mod inst;
mod low;
mod nearby;
mod operands;
mod prelude;
pub(crate) mod regs;
mod select;
mod stack;
mod strings;
mod sums;

#[cfg(test)]
mod tests;

pub(crate) use select::Mode;

use crate::code::Code;
use crate::golf::tuning::Tuning;
use crate::op::Program;
use crate::{CompileError, alloc, flow};

/// Selects for one mode.
pub(crate) fn compile(mode: &'static Mode, program: &Program, tuning: &Tuning) -> Result<Code, CompileError> {
    let (program, slots) = alloc::fit_tuned(program, &mode.registers, tuning)?;
    let low = low::low(&program, &slots);
    flow::select(&program, tuning.keeps_beliefs, || select::X86::new(mode, &program, &slots, (&low, tuning)))
}
