//! The machine's registers, as allocation needs to know them: which it may give, which the kernel and some operations
//! use, and what each costs.

use crate::bitset::Set;
use crate::ir::op::{Operand, Program};
use crate::ir::syscall::{Call, CallInfo};
use crate::reg::Reg;

/// What allocation needs to know of a machine.
pub(crate) struct Registers {
    /// Registers slots may have, cheapest first.
    pub(crate) general: &'static [Reg],
    /// Registers of a system call's arguments.
    pub(crate) args: &'static [Reg],
    /// Register of a system call's number.
    pub(crate) number: Reg,
    /// Register of a system call's result.
    pub(crate) result: Reg,
    /// Registers a system call changes.
    pub(crate) clobbers: &'static [Reg],
    /// Registers that a division clobbers: the dividend's first, then the remainder's.
    pub(crate) divide: &'static [Reg],
    /// Registers that a copy clobbers: of the destination, the source, the length.
    pub(crate) copy: &'static [Reg],
    /// Register that holds the frame's address in a program with routines.
    pub(crate) frame: Reg,
    /// Is a byte in memory as good as a word?
    pub(crate) narrows: bool,
    /// Registers without a lowest byte that can be stored.
    pub(crate) no_byte: &'static [Reg],
    /// Does the kernel look at this argument of this call?
    pub(crate) looks_at: fn(&CallInfo, &[Operand], usize) -> bool,
    /// How many of the operations after this one, a load, become one instruction with it, so that the slot needs no
    /// register.
    pub(crate) fused: fn(&Program, &[Set], usize) -> usize,
    /// What such a slot has instead.
    pub(crate) nowhere: Reg,
    /// Extra bytes that a slot's instructions take if it has this register.
    pub(crate) extra_bytes: fn(Reg, &Uses) -> u32,
    /// Bytes of a push and a pop around an operation that clobbers the register; none if the machine does not do that.
    /// It needs a register for the frame's address, because the stack pointer moves.
    pub(crate) saves: Option<fn(Reg) -> u32>,
    /// Registers of string instructions: where an access, and an increment of its address by its size, are one short
    /// instruction.
    pub(crate) strings: Option<Strings>,
}

impl Registers {
    /// Registers of a call's arguments; where its number is one of them, that comes first.
    pub(crate) fn args_of(&self, call: Call) -> Vec<Reg> {
        let number = call.is_numbered().then_some(self.number);
        number.into_iter().chain(self.args.iter().copied()).collect()
    }
}

/// Registers of string instructions.
#[derive(Clone, Copy)]
pub(crate) struct Strings {
    pub(crate) from: Reg,
    pub(crate) to: Reg,
    pub(crate) value: Reg,
}

/// How often operations use a slot, and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uses {
    /// By so many operations.
    pub(crate) all: u32,
    /// As a number, or to count from where no address is moved.
    pub(crate) narrow: u32,
    /// As a byte: tests of bits, stores.
    pub(crate) bytes: u32,
    /// Extra bytes if its second byte has no name.
    pub(crate) second_byte: u32,
    /// To count from in memory.
    pub(crate) base: u32,
    /// The same, at offset 0.
    pub(crate) base_at_start: u32,
    /// Compared with a constant.
    pub(crate) compared: u32,
    /// The first operation that mentions it, and the last.
    pub(crate) span: (usize, usize),
}
