//! x86, both modes. What matters about it where every byte counts (Intel SDM volume 2, chapters 2 and 3):
//!
//! - An instruction has 1 to 15 bytes: prefixes, opcode, ModRM, SIB, displacement, immediate. One operation often has
//!   several encodings of different lengths.
//! - The first operand is also the result: `add eax, ebx` overwrites eax. A copy before it costs 2 bytes, unless both
//!   values share a register; so hints of register allocation save code.
//! - Immediates and displacements from -128 to 127 have one byte instead of four.
//! - In long mode a REX prefix has one byte. It names r8 to r15 or the low bytes of esi, edi, ebp and esp, or widens an
//!   operation to 64 bits. Protected mode has no REX and cannot name those bytes at all.
//! - Writing 32 bits of a register clears its upper half; writing 8 or 16 bits leaves the rest.
//! - eax and al have shorter forms of comparisons and arithmetic with immediates. Push, pop and exchange with eax have
//!   one byte; so have inc and dec in protected mode.
//! - Arithmetic sets the flags; moves, `lea`, `push`, `pop` and `not` do not.
//! - String instructions (`lodsb`, `stosb`, `movsb`) have one byte, and fixed registers: esi, edi, eax, ecx.
//! - Memory based on ebp or r13 always has a displacement; based on esp or r12, a SIB byte.
//! - A jump within 128 bytes has 2 bytes; beyond, 5, or 6 if it is conditional.

mod address_mode;
mod arith;
mod ctx;
mod demanded_byte;
mod fuse;
pub(super) mod golf;
mod hoist;
pub(super) mod i386;
mod inst;
mod materialize;
mod memory;
mod near_data;
mod operands;
mod pushed_data;
mod regs;
mod select;
mod stack;
mod string_ops;
mod syscall;
pub(super) mod x86_64;

#[cfg(test)]
mod tests;

pub(crate) use ctx::Mode;

use crate::choice::Tuning;
use crate::ir::op::Program;
use crate::mach::code::Code;
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
        let demanded_byte = demanded_byte::demanded_bytes(program, slots);
        isel::select(program, tuning.keeps_assertions, || ctx::X86::new(self, program, slots, (&demanded_byte, tuning)))
    }
}
