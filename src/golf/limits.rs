//! How far each effort searches.

use crate::options::Effort;

/// The limits of an effort's searches.
pub(super) struct Limits {
    /// Searches for registers and for the order of blocks.
    pub(super) searches: usize,
    /// Places that its searches look at: in all, and in one template.
    pub(super) places: [u64; 2],
    /// Selections to look at.
    pub(super) tries: usize,
    /// Selections of the fewest bytes to place.
    pub(super) selections: usize,
    /// Places that a first look at a template tries: enough for one path through.
    pub(super) glance: u64,
    /// Templates that are worth a longer look.
    pub(super) promising: usize,
    /// To learn how small a file can be at all: instructions to select, and places to look at.
    pub(super) instructions: usize,
    pub(super) bound_places: u64,
}

static QUICK: Limits = Limits {
    searches: 0,
    places: [0, 0],
    tries: 0,
    selections: 0,
    glance: 0,
    promising: 0,
    instructions: 0,
    bound_places: 0,
};

static DEFAULT: Limits = Limits {
    searches: 1,
    places: [1_000_000, 20_000],
    tries: 250,
    selections: 6,
    glance: 400,
    promising: 24,
    instructions: 20_000,
    bound_places: 1_000_000,
};

static MAX: Limits = Limits {
    searches: 64,
    places: [60_000_000, 4_000_000],
    tries: 20_000,
    selections: 100,
    glance: 4_000,
    promising: 200,
    instructions: 16_000_000,
    bound_places: 20_000_000,
};

impl Limits {
    /// Those of an effort.
    pub(super) fn of(effort: Effort) -> &'static Self {
        match effort {
            Effort::Quick => &QUICK,
            Effort::Default => &DEFAULT,
            Effort::Max => &MAX,
        }
    }
}
