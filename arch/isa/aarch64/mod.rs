//! aarch64 Linux: the target's values.
//!
//! `svc #0` takes its number in x8 and its arguments in x0–x5; it returns in x0 and changes nothing else. x0–x30 are
//! 0 at entry. x16 and x17 are kept for constants on their way into memory and comparisons; x29 holds the frame's
//! address in a program with subroutines, and x30 where the innermost of them goes back to.

mod call;
mod effects;
mod forms;
mod fuse;
pub(super) mod golf;
mod inst;
mod memory;
mod select;
#[cfg(test)]
mod tests;

use self::inst::ZERO_OR_SP;
use crate::choice::Tuning;
use crate::mach::code::Code;
use crate::op::Program;
use crate::pipeline::Isa;
use crate::reg::Reg;
use crate::regalloc::{Allocation, Registers};
use crate::target::{AARCH64, Machine, Target};
use crate::{CompileError, isel};

/// Result of a system call.
const RESULT: Reg = 0;
/// Number of a system call.
const SYSCALL_NUMBER: Reg = 8;
/// For constants that are compared or stored.
const SCRATCH: Reg = 16;
/// For values that are compared, and quotients.
const SCRATCH_2: Reg = 17;
/// For the frame's address, where the stack pointer moves.
const FRAME: Reg = 29;
/// Where a subroutine goes back to.
const LINK: Reg = 30;

static REGISTERS: Registers = Registers {
    general: &[19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 8],
    args: &[0, 1, 2, 3, 4, 5],
    number: SYSCALL_NUMBER,
    result: RESULT,
    clobbers: &[RESULT],
    divide: &[],
    copy: &[],
    frame: FRAME,
    narrows: false,
    no_byte: &[],
    fused: |_, _, _| 0,
    nowhere: ZERO_OR_SP,
    looks_at: |info, args, index| info.looks_at(Machine::Aarch64, args, index),
    price: |_, _| 0,
    saves: None,
    strings: None,
};

/// The instruction set A64.
pub(crate) struct A64;

impl Isa for A64 {
    fn target(&self) -> &'static Target {
        &AARCH64
    }

    fn registers(&self) -> &Registers {
        &REGISTERS
    }

    fn promotes_from(&self) -> Option<u32> {
        Some(OFTEN)
    }

    fn select(&'static self, program: &Program, slots: &Allocation, tuning: &Tuning) -> Result<Code, CompileError> {
        isel::select(program, tuning.keeps_assertions, || select::Aarch64::new(program, slots, tuning))
    }
}

/// Words of the frame that are mentioned so often become slots: it is worth a register even where that leaves another
/// slot none.
const OFTEN: u32 = 8;
