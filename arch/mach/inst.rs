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

/// An instruction whose operands may still be symbolic.
pub(crate) trait Encode {
    /// Its bytes in this form, standing at this address; `None` if that form does not reach.
    /// Form 0 is the shortest; the last form always fits or fails.
    fn encode(&self, form: u8, at: u64, address: &dyn Fn(Ref) -> u64) -> Result<Option<Vec<u8>>, CompileError>;

    /// If it is a jump with a short form, which may go by way of another: where to, and the number of its condition.
    fn jump(&self) -> Option<(Label, Option<u8>)> {
        None
    }

    /// A jump to that label.
    fn island(&self, _to: Label) -> Option<Box<dyn Encode>> {
        None
    }

    /// If it is a jump on a condition: where to, and the number of its condition.
    fn branch(&self) -> Option<(Label, u8)> {
        None
    }

    /// For a jump on a condition: the jump to that label where it does not hold.
    fn opposite(&self, _to: Label) -> Option<Box<dyn Encode>> {
        None
    }

    /// What it is, the same for those that do the same wherever they stand; none if it counts the others.
    fn identity(&self) -> Option<Vec<u8>>;

    /// Bytes of the longest jump that goes on at a label.
    fn jump_bytes(&self) -> u32;

    /// The same once more, if it is a way back from a subroutine that is shorter than a jump to another.
    fn return_again(&self) -> Option<Box<dyn Encode>> {
        None
    }

    /// Does control go on behind it?
    fn goes_on(&self) -> bool {
        true
    }

    /// Where control goes from here always, if that is all it does.
    fn leads_to(&self) -> Option<Label> {
        None
    }

    /// Which of its bytes depend on places in this form.
    fn symbolic(&self, _form: u8) -> std::ops::Range<usize> {
        0..0
    }

    /// What it needs and changes.
    fn effects(&self) -> Effects {
        Effects::ALL
    }

    /// Registers that it may read or change, by their numbers, a bit each; all, if that is not known.
    fn mentions(&self) -> u64 {
        u64::MAX
    }

    /// So many units behind it have to stay where they are, right behind it.
    fn glued(&self) -> usize {
        0
    }

    /// Other encodings of it, longer ones included, that do the same; those that change condition flags only if that may be.
    fn others(&self, _changes_flags: bool) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// May what the condition flags say before it make a difference?
    fn wants_flags(&self) -> bool {
        false
    }
}
