//! A64, the instruction set of aarch64 Linux. What matters about it (Arm Architecture Reference Manual, chapter C4):
//!
//! - Every instruction has 4 bytes, at a multiple of 4; so the number of instructions is the size.
//! - Operations have three operands: the result may go to a third register. Writing `w0` clears the upper half of `x0`.
//! - Number 31 is the stack pointer or a register that reads 0, depending on the instruction.
//! - `movz`, `movn` and `movk` carry 16 bits of a constant each. `orr` and the tests take bit patterns that repeat;
//!   `add`, `sub` and `cmp` take 12 bits, which may be shifted by 12.
//! - Loads and stores take an offset of 9 bits with a sign, or of 12 bits counted in their own size. `ldp` and `stp`
//!   move two neighbours at once. There is no push and no exchange.
//! - `adr` reaches 1 MiB; `b` and `bl` reach 128 MiB, `b.cond`, `cbz` and `cbnz` 1 MiB, `tbz` and `tbnz` 32 KiB.
//! - `udiv` has no remainder: `msub` makes it. `ccmp` compares on a condition, so two tests may share a branch.
//!
//! `svc #0` takes its number in x8 and its arguments in x0–x5. It returns in x0 and changes nothing else. x0–x30 are 0
//! at entry. x16 and x17 hold constants on their way into memory and comparisons. x29 holds the frame's address in a
//! program with routines, and x30 the return address of the innermost one.

mod ctx;
mod effects;
mod forms;
mod fuse;
pub(super) mod golf;
mod inst;
mod memory;
mod place;
mod select;
mod syscall;
#[cfg(test)]
mod tests;

use self::inst::ZERO_OR_SP;
use crate::choice::Tuning;
use crate::ir::op::Program;
use crate::mach::code::Code;
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
/// Where a routine goes back to.
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
    extra_bytes: |_, _| 0,
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
        isel::select(program, tuning.keeps_assertions, || ctx::Aarch64::new(program, slots, tuning))
    }
}

/// Words of the frame that are mentioned so often become slots: it is worth a register even where that leaves another
/// slot none.
const OFTEN: u32 = 8;
