//! Jumps at the ends of blocks, and how long they are. Block placement and branch chaining share the lengths.

/// Which lengths jumps have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jumps {
    /// [`SHORT`] as far as a signed byte reaches, also through another jump; [`NEAR`] or [`NEAR_CONDITIONAL`] beyond.
    Short,
    /// [`ALIKE`] wherever they lead.
    Alike,
}

/// Bytes of a short jump, of a near one, of a near one on a condition (x86).
pub(crate) const SHORT: u8 = 2;
pub(crate) const NEAR: u8 = 5;
pub(crate) const NEAR_CONDITIONAL: u8 = 6;
/// Bytes of a jump where all have the same (A64).
pub(crate) const ALIKE: u8 = 4;

/// Bytes of a jump that a short one is not enough for.
pub(crate) const fn near(is_conditional: bool) -> u8 {
    if is_conditional { NEAR_CONDITIONAL } else { NEAR }
}

/// Does a short jump at one address reach another? Its distance counts from its end.
pub(crate) fn reaches(from: i32, to: i32) -> bool {
    i8::try_from(to - (from + i32::from(SHORT))).is_ok()
}

/// A jump at a block's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Jump {
    /// The block that it leads to.
    pub(crate) to: u16,
    /// The number of its condition, or [`ALWAYS`], or [`NEVER`] where there is none.
    pub(crate) condition: u8,
}

/// The condition of a jump that is always taken.
pub(crate) const ALWAYS: u8 = 0xfe;
/// The condition of what is no jump.
const NEVER: u8 = 0xff;
pub(crate) const NO_JUMP: Jump = Jump { to: 0, condition: NEVER };

impl Jump {
    pub(crate) fn new(to: usize, condition: u8) -> Self {
        Self { to: u16::try_from(to).expect("a program has at most 65536 labels"), condition }
    }

    pub(crate) fn is_one(self) -> bool {
        self.condition != NEVER
    }

    /// Is this jump taken whenever the other one is, to the same block?
    pub(crate) fn serves(self, other: Self) -> bool {
        self.to == other.to && (self.condition == ALWAYS || self.condition == other.condition)
    }
}

/// How a block ends where it is.
#[derive(Clone, Copy)]
pub(crate) struct Exit {
    pub(crate) jumps: [Jump; 2],
    /// Their bytes; none of what is no jump.
    pub(crate) lens: [u8; 2],
    /// For each jump the block with the jump that it last went through; its own block if there was none.
    pub(crate) relays: [u16; 2],
    /// The address of the first, or where it would be: where the block's other instructions end.
    pub(crate) at: i32,
}

impl Exit {
    /// Of a block whose jumps are not chosen yet.
    pub(crate) fn new(block: u16) -> Self {
        Self { jumps: [NO_JUMP; 2], lens: [0; 2], relays: [block; 2], at: 0 }
    }

    pub(crate) fn bytes(&self) -> i32 {
        i32::from(self.lens[0]) + i32::from(self.lens[1])
    }

    /// How far a jump is from the first.
    pub(crate) fn offset(&self, number: usize) -> i32 {
        if number == 0 { 0 } else { i32::from(self.lens[0]) }
    }
}
