//! What the files of this folder share: the mode, and a selection in progress.
//!
//! Every file adds methods to `X86` for one kind of operations, and imports none of the others for them.

use iced_x86::{Instruction, Register};

use super::pushed_data::{self, Word};
use super::regs;
use crate::analysis::value_state::ValueState;
use crate::bitset::Set;
use crate::choice::{Rule, STACK, Tuning};
use crate::ir::Ref;
use crate::ir::op::{DatumId, Mem, Program, Slot, Width};
use crate::mach::code::Code;
use crate::reg::Reg;
use crate::regalloc::{Allocation, Registers};
use crate::target::{Class, Machine, Target};

/// What differs between long mode and protected mode.
pub(crate) struct Mode {
    pub(crate) machine: Machine,
    pub(crate) target: &'static Target,
    /// Is it long mode? Otherwise protected mode.
    pub(crate) is_long: bool,
    pub(crate) registers: Registers,
    /// The instruction that enters the kernel.
    pub(crate) enter: fn() -> Instruction,
}

impl Mode {
    pub(super) fn class(&self) -> Class {
        if self.is_long { Class::Bits64 } else { Class::Bits32 }
    }
}

/// Selection in progress.
pub(crate) struct X86<'p> {
    pub(super) mode: &'static Mode,
    pub(super) program: &'p Program,
    pub(super) slots: &'p Allocation,
    /// Slots of which only the lowest byte matters.
    demanded_byte: &'p Set,
    pub(super) code: Code,
    pub(super) values: ValueState,
    /// Why the operation at hand is there.
    pub(super) why: String,
    /// Data to push at their first use.
    pub(super) to_push: Vec<(DatumId, Vec<Word>)>,
    /// Data on the stack, with their distance from the stack pointer in bytes.
    pub(super) pushed: Vec<(DatumId, u32)>,
    /// The byte of the frame that its register points to: so that more of it is within reach of a signed byte.
    pub(super) frame_middle: i32,
    /// Bytes of values on the stack, below the frame.
    pub(super) depth_bytes: u32,
    /// Bytes of the frame that were taken from the stack.
    pub(super) reserved_bytes: u32,
    /// Where the slot is that the branch at hand looks at, if it is in no register.
    pub(super) in_memory: Option<(Width, Mem)>,
    /// The slot that the operation at hand takes as an address in its instruction.
    pub(super) address: Option<(Slot, Ref)>,
    /// The slot that is in a register of others for the operation at hand.
    pub(super) lent: Option<(Slot, Reg)>,
    /// What an access makes of its address itself.
    pub(super) parts: Parts,
    /// The word of the frame that the flags compare with 0 after this operation.
    pub(super) compared: Option<(i32, usize)>,
    /// What the instruction at hand adds to its operand in memory, or has for its number.
    pub(super) symbol: Option<Ref>,
    /// Is that the number, although there is an operand in memory?
    pub(super) is_number: bool,
    /// So many operations have been done with one before them.
    pub(super) skip: usize,
    /// Which way where there are several.
    pub(super) tuning: &'p Tuning,
    /// The operation at hand.
    pub(super) at: usize,
    /// Zeros on top of the stack, as long as nothing else is there.
    pub(super) zeros: u32,
    /// May the call at hand come to nothing if the one before it failed?
    pub(super) may_fail: bool,
    /// Registers that hold arguments of the call at hand; all, where there is none.
    pub(super) args_set: u32,
}

/// Parts of an address that the access at an operation makes itself.
#[derive(Clone, Copy, Default)]
pub(super) struct Parts {
    /// The slot that is a multiple of what is in a register.
    pub(super) scaled: Option<(Slot, Reg, u32)>,
    /// The slot that is the address of the frame's byte of this offset.
    pub(super) frame: Option<(Slot, i32)>,
    /// The operation of the access.
    pub(super) until: usize,
}

/// An instruction that iced may refuse.
pub(super) type Built = Result<Instruction, iced_x86::IcedError>;

impl<'p> X86<'p> {
    pub(crate) fn new(
        mode: &'static Mode,
        program: &'p Program,
        slots: &'p Allocation,
        (demanded_byte, tuning): (&'p Set, &'p Tuning),
    ) -> Self {
        let mut to_push = pushed_data::choose(program, mode.class());
        let may_push = tuning.has(Rule::Stack);
        to_push.retain(|(datum, _)| may_push && tuning.decide((datum.at(), STACK), 2, 1) == 1);
        let (code, values, why) = (Code::default(), ValueState::UNKNOWN, String::new());
        let (pushed, reserved_bytes, in_memory, skip) = (Vec::new(), 0, None, 0);
        let (at, zeros) = (0, 0);
        let frame_middle = program.frame_at.map_or(0, |_| 128 - program.spilled_bytes.min(128) as i32);
        let (address, lent, symbol) = (None, None, None);
        Self {
            mode,
            program,
            slots,
            demanded_byte,
            code,
            values,
            why,
            to_push,
            pushed,
            frame_middle,
            depth_bytes: 0,
            reserved_bytes,
            in_memory,
            address,
            lent,
            parts: Parts::default(),
            compared: None,
            symbol,
            is_number: false,
            skip,
            tuning,
            at,
            zeros,
            may_fail: false,
            args_set: u32::MAX,
        }
    }

    /// Is only the lowest byte of this slot what it says?
    pub(super) fn is_demanded_byte(&self, slot: Slot) -> bool {
        self.demanded_byte.contains(usize::from(slot.0))
    }
}

/// A register at one of two widths.
pub(super) fn named(reg: Reg, wide: bool) -> Register {
    if wide { regs::bits_64(reg) } else { regs::bits_32(reg) }
}
