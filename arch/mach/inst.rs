//! An instruction, as everything that does not know the instruction set sees it.

use crate::CompileError;
use crate::ir::Ref;
use crate::ir::op::Label;

/// What an instruction needs and changes: registers by their numbers, and the bits below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effects {
    pub(crate) reads: u64,
    pub(crate) writes: u64,
}

impl Effects {
    /// Condition flags.
    pub(crate) const FLAGS: u64 = 1 << 40;
    /// Memory, the stack's included.
    pub(crate) const MEMORY: u64 = 1 << 41;
    /// Everything: nothing passes it.
    pub(crate) const ALL: Self = Self { reads: u64::MAX, writes: u64::MAX };

    /// May the two change places?
    pub(crate) fn commutes(self, other: Self) -> bool {
        self.writes & (other.reads | other.writes) == 0 && other.writes & self.reads == 0
    }
}

/// Where control goes from an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ControlFlow {
    /// To the next instruction; also of a jump over a number of instructions, which are bundled with it.
    FallThrough,
    /// Always to a label.
    Jump(Label),
    /// To a label if the condition of this number holds, else to the next instruction.
    CondJump {
        /// The label.
        to: Label,
        /// The number of the condition: equal for jumps that are taken at the same time.
        condition: u8,
    },
    /// To a routine, and from its end to the next instruction.
    Call,
    /// Back to the caller of the routine.
    Return,
    /// Nowhere: the process ends.
    Never,
}

impl ControlFlow {
    /// Can control reach the next instruction?
    pub(crate) fn falls_through(self) -> bool {
        matches!(self, Self::FallThrough | Self::CondJump { .. } | Self::Call)
    }
}

/// A machine instruction whose operands may still be symbolic.
pub(crate) trait MachInst {
    /// Its bytes at this address in one of its encodings, which are numbered from the shortest; `None` if that does not
    /// reach. The last encoding always fits, or it is an error.
    fn encode(&self, form: u8, at: u64, address: &dyn Fn(Ref) -> u64) -> Result<Option<Vec<u8>>, CompileError>;

    /// Where control goes from it.
    fn control_flow(&self) -> ControlFlow {
        ControlFlow::FallThrough
    }

    /// Is it a jump with a short form, which may go through another jump to the same label?
    fn may_be_chained(&self) -> bool {
        false
    }

    /// For a conditional jump: the jump to that label on the opposite condition.
    fn inverted(&self, _to: Label) -> Option<Box<dyn MachInst>> {
        None
    }

    /// A jump to that label, of the same instruction set.
    fn jump_to(&self, _to: Label) -> Option<Box<dyn MachInst>> {
        None
    }

    /// Equal for instructions that do the same, wherever they are; none if it depends on the place.
    fn merge_key(&self) -> Option<Vec<u8>>;

    /// Bytes of the longest jump to a label.
    fn max_jump_bytes(&self) -> u32;

    /// If it is a return that is shorter than a jump to another return: a copy of it.
    fn cloned_return(&self) -> Option<Box<dyn MachInst>> {
        None
    }

    /// Which bytes of this encoding depend on addresses.
    fn relocated_bytes(&self, _form: u8) -> std::ops::Range<usize> {
        0..0
    }

    /// What it reads and writes.
    fn effects(&self) -> Effects {
        Effects::ALL
    }

    /// Registers that it may read or write, by their numbers, a bit each; all, if that is not known.
    fn touched_regs(&self) -> u64 {
        u64::MAX
    }

    /// How many of the instructions after it must stay right after it.
    fn bundled_with_next(&self) -> usize {
        0
    }

    /// Other encodings that do the same, longer ones included; those that change the flags only if they may.
    fn alternatives(&self, _may_change_flags: bool) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// Does it read the condition flags?
    fn reads_flags(&self) -> bool {
        false
    }
}
