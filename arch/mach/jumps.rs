//! The jumps at the ends of blocks: what they are, how long they may be, and which a search may want to be rid of.

/// A jump at a block's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Jump {
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
}

/// Bytes of a short jump, of a near one, of a near one on a condition.
pub(crate) const SHORT: u8 = 2;
pub(crate) const NEAR: u8 = 5;
pub(crate) const NEAR_CONDITIONAL: u8 = 6;
/// Bytes of a jump where all have the same.
pub(crate) const ALIKE: u8 = 4;

/// How a block ends.
#[derive(Clone, Copy)]
pub(crate) struct Exit {
    pub(crate) jumps: [Jump; 2],
    pub(crate) lens: [u8; 2],
    /// For each jump the block by way of whose jump it was short.
    pub(crate) relays: [u16; 2],
    /// Bytes before the jumps.
    pub(crate) bytes: u32,
}

/// Jumps that are long, or that need not be, as bits: two for each block.
#[derive(Clone, Default)]
pub(crate) struct Wanting {
    bits: Vec<u64>,
    counts: Vec<u8>,
}

impl Wanting {
    /// None of so many blocks' jumps.
    pub(crate) fn of_none(blocks: usize) -> Self {
        let words = (2 * blocks).div_ceil(64);
        Self { bits: vec![0; words], counts: vec![0; words] }
    }

    pub(crate) fn set(&mut self, number: usize, wants: bool) {
        let (word, bit) = (number / 64, 1 << (number % 64));
        let had = self.bits[word] & bit != 0;
        if had != wants {
            self.bits[word] ^= bit;
            self.counts[word] = if wants { self.counts[word] + 1 } else { self.counts[word] - 1 };
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.counts.iter().map(|&count| usize::from(count)).sum()
    }

    /// One of them: its block, and which of its two it is.
    pub(crate) fn get(&self, mut nth: usize) -> (usize, usize) {
        let mut word = 0;
        while nth >= usize::from(self.counts[word]) {
            nth -= usize::from(self.counts[word]);
            word += 1;
        }
        let mut bits = self.bits[word];
        for _ in 0..nth {
            bits &= bits - 1;
        }
        let number = 64 * word + bits.trailing_zeros() as usize;
        (number / 2, number % 2)
    }
}
