//! What both modes of x86 share.

mod access;
mod arith;
mod call;
mod constant;
mod fuse;
pub(super) mod golf;
pub(super) mod i386;
mod inst;
mod low;
mod nearby;
mod operands;
mod prelude;
mod regs;
mod select;
mod stack;
mod strings;
mod sums;
pub(super) mod x86_64;

#[cfg(test)]
mod tests;

pub(crate) use select::Mode;

use crate::choice::Tuning;
use crate::mach::code::Code;
use crate::op::Program;
use crate::pipeline::Isa;
use crate::regalloc::{Allocation, Registers};
use crate::target::Target;
use crate::{CompileError, isel};

impl Isa for Mode {
    fn target(&self) -> &'static Target {
        self.target
    }

    fn registers(&self) -> &Registers {
        &self.registers
    }

    fn promotes_from(&self) -> Option<u32> {
        None
    }

    fn select(&'static self, program: &Program, slots: &Allocation, tuning: &Tuning) -> Result<Code, CompileError> {
        let low = low::low(program, slots);
        isel::select(program, tuning.keeps_assertions, || select::X86::new(self, program, slots, (&low, tuning)))
    }
}
