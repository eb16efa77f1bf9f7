//! The size of code in one order of its blocks, and how much another order would change it.
//!
//! Problem: a search tries thousands of orders. To measure each of them from the beginning takes as long as there is
//! code.
//! Strategy: a move has two neighbouring groups of blocks change places. Both groups, and what is around them, keep
//! their distances within. So only these jumps can change their lengths: those at the three seams, where another block
//! follows now; those from and to the smaller group; and those near a seam that lead over it. [`SizeModel::attempt`]
//! asks where everything would be after the move, and looks at these jumps alone. Nothing is moved before the move is
//! accepted.
//! Invariant: [`SizeModel::measure`] is exact: it finds the shortest lengths with which every jump reaches (branch
//! relaxation, with branch chaining). [`SizeModel::len`] is exact after it. A move leaves out what the growth of one
//! jump does to another, so after some moves `len` is a few bytes off.
//! Cost: a move takes about as long as it takes to look at 15 jumps; a measurement looks at all, about three times.

use std::ops::Range;

use crate::mach::block_order::{Block, End, followers};
use crate::mach::jumps::{ALIKE, ALWAYS, Exit, Jump, Jumps, NO_JUMP, SHORT, near, reaches};

/// Blocks that change places with those behind them: the place of the first, of the first of the others, and the place
/// behind those.
pub(crate) type Move = [usize; 3];

/// Moves that make the code longer at their seams alone, by so many bytes more than is accepted, are not looked at: the
/// jumps around rarely make up for it.
const SEAMS_BYTES: i32 = 4;

/// A jump farther from a seam than this has no short jump over it: the reach of a signed byte, and two near jumps at
/// the end of a block.
const NEAR_SEAM_BYTES: i32 = 128 + 6;

/// No farther from a jump is the first jump of a block with a relay for it: the reach of a signed byte, and two jumps.
const NEAR_RELAY_BYTES: u32 = 128 + 2 * 6;

/// Blocks in an order.
pub(crate) struct SizeModel<'b> {
    blocks: &'b [Block],
    jumps: Jumps,
    /// The blocks that may jump to each block, those of one after the other; and where those of each begin.
    sources: Vec<u16>,
    first_source: Vec<u32>,
    /// By place: the block.
    order: Vec<u16>,
    /// By place: the address of the block; last, where the last block ends.
    at: Vec<i32>,
    /// By block: its place.
    place: Vec<u16>,
    /// By block: its jumps.
    exits: Vec<Exit>,
    /// By block: the number of the last move that looked at its jumps.
    visited: Vec<u32>,
    attempts: u32,
    /// What the move at hand would change: blocks and their jumps' lengths.
    changes: Vec<(u16, [u8; 2])>,
}

/// Where everything would be after a move: `seams` as in [`Move`], and by how much the two groups and all behind them
/// would have other addresses.
#[derive(Clone, Copy)]
struct View {
    seams: Move,
    shift_first: i32,
    shift_second: i32,
    shift_rest: i32,
}

impl View {
    /// Everything is where it is.
    const STILL: Self = Self { seams: [usize::MAX; 3], shift_first: 0, shift_second: 0, shift_rest: 0 };

    fn shift(&self, place: usize) -> i32 {
        let [a, b, c] = self.seams;
        if place < a {
            0
        } else if place < b {
            self.shift_first
        } else if place < c {
            self.shift_second
        } else {
            self.shift_rest
        }
    }

    fn place(&self, place: usize) -> usize {
        let [a, b, c] = self.seams;
        if place < a || place >= c {
            place
        } else if place < b {
            place + (c - b)
        } else {
            place - (b - a)
        }
    }
}

impl<'b> SizeModel<'b> {
    /// A model of blocks that have no order yet.
    pub(crate) fn new(blocks: &'b [Block], jumps: Jumps) -> Self {
        let count = blocks.len();
        let mut ways: Vec<(usize, u16)> = Vec::new();
        for (from, block) in (0..).zip(blocks) {
            ways.extend(followers(block).map(|to| (to, from)));
        }
        ways.sort_unstable();
        ways.dedup();
        let first_source = (0..=count).map(|block| ways.partition_point(|(to, _)| *to < block) as u32).collect();
        Self {
            blocks,
            jumps,
            sources: ways.into_iter().map(|(_, from)| from).collect(),
            first_source,
            order: vec![0; count],
            at: vec![0; count + 1],
            place: vec![0; count],
            exits: (0..count as u16).map(Exit::new).collect(),
            visited: vec![0; count],
            attempts: 0,
            changes: Vec::new(),
        }
    }

    /// The blocks in the order at hand.
    pub(crate) fn order(&self) -> &[u16] {
        &self.order
    }

    /// A block's place in it.
    pub(crate) fn place(&self, block: usize) -> usize {
        usize::from(self.place[block])
    }

    /// The jumps of a block as it is.
    pub(crate) fn exit(&self, block: usize) -> &Exit {
        &self.exits[block]
    }

    /// The code's length in bytes.
    pub(crate) fn len(&self) -> i32 {
        self.at[self.order.len()]
    }

    /// The code's length in bytes in this order.
    pub(crate) fn measure(&mut self, order: &[u16]) -> i32 {
        self.order.copy_from_slice(order);
        self.measure_again()
    }

    /// The code's length in bytes in the order at hand, found again from the beginning.
    pub(crate) fn measure_again(&mut self) -> i32 {
        self.number_places(0..self.order.len());
        for place in 0..self.order.len() {
            let block = usize::from(self.order[place]);
            let jumps = self.choose_jumps(block, self.order.get(place + 1).copied(), &View::STILL);
            self.set_jumps(block, jumps);
        }
        self.lay_out(0..self.order.len());
        while self.jumps == Jumps::Short && self.grow() {
            self.lay_out(0..self.order.len());
        }
        self.len()
    }

    /// Lengthens the jumps that do not reach; tells whether there are any.
    fn grow(&mut self) -> bool {
        let mut grew = false;
        for place in 0..self.order.len() {
            let block = usize::from(self.order[place]);
            let was = self.exits[block].lens;
            if was.contains(&SHORT) {
                let lens = self.jump_lens(block, &View::STILL);
                // None ever shrinks again, so this ends.
                self.exits[block].lens = [was[0].max(lens[0]), was[1].max(lens[1])];
                grew |= self.exits[block].lens != was;
            }
        }
        grew
    }

    /// Has a move change places if the code grows by no more than so many bytes; tells whether it does.
    pub(crate) fn attempt(&mut self, seams: Move, most_bytes: i32) -> bool {
        let [a, b, c] = seams;
        // The blocks that another follows now, in their new order.
        let turned = [(a - 1, Some(b)), (c - 1, Some(a)), (b - 1, Some(c))];
        let turned =
            turned.map(|(place, next)| (self.order[place], next.and_then(|next| self.order.get(next)).copied()));
        let were = turned.map(|(block, _)| self.exits[usize::from(block)]);
        let more = self.growth(seams, turned, most_bytes);
        if more.is_none_or(|more| more > most_bytes) {
            for ((block, _), was) in turned.into_iter().zip(were) {
                self.exits[usize::from(block)] = was;
            }
            return false;
        }
        self.order[a..c].rotate_left(b - a);
        self.number_places(a..c);
        let (mut first, mut last) = (a - 1, c);
        for (block, lens) in self.changes.drain(..) {
            let block = usize::from(block);
            self.exits[block].lens = lens;
            let place = usize::from(self.place[block]);
            (first, last) = (first.min(place), last.max(place + 1));
        }
        self.lay_out(first..last);
        true
    }

    /// By how many bytes the code would grow, if that may be accepted. The blocks at the seams get the jumps that they
    /// would have.
    fn growth(&mut self, seams: Move, turned: [(u16, Option<u16>); 3], most_bytes: i32) -> Option<i32> {
        let [a, b, c] = seams;
        let (first, second) = (self.at[b] - self.at[a], self.at[c] - self.at[b]);
        let mut view = View { seams, shift_first: second, shift_second: -first, shift_rest: 0 };
        let more = turned.map(|(block, next)| {
            let block = usize::from(block);
            let was = self.exits[block].bytes();
            let jumps = self.choose_jumps(block, next, &view);
            self.set_jumps(block, jumps);
            self.exits[block].bytes() - was
        });
        view.shift_second += more[0];
        view.shift_first += more[0] + more[1];
        view.shift_rest = more.iter().sum();
        self.changes.clear();
        let seams_bytes = view.shift_rest;
        if self.jumps == Jumps::Alike || seams_bytes > most_bytes + SEAMS_BYTES {
            return Some(seams_bytes);
        }
        self.attempts += 1;
        let mut more = seams_bytes + turned.map(|(block, _)| self.visit(block, &view)).iter().sum::<i32>();
        if more > most_bytes + SEAMS_BYTES {
            return None;
        }
        let is_first_smaller = b - a < c - b;
        let (smaller, larger) = if is_first_smaller { (a..b, b..c) } else { (b..c, a..b) };
        more += self.visit_group(smaller, larger, &view);
        if more > most_bytes + SEAMS_BYTES {
            return None;
        }
        // What leads over a seam, from where the smaller group leaves and from where it arrives.
        let end = self.order.len();
        let (before_a, behind_c) = (self.near_before(a, 0), self.near_behind(c, end));
        let (leaves, arrives) = if is_first_smaller {
            let (behind_b, before_c) = (self.near_behind(b, c), self.near_before(c, b));
            ([(before_a..a, a), (b..behind_b, b)], (before_c..behind_c, c))
        } else {
            let (behind_a, before_b) = (self.near_behind(a, b), self.near_before(b, a));
            ([(before_b..b, b), (c..behind_c, c)], (before_a..behind_a, a))
        };
        for (near, seam) in leaves.into_iter().chain([arrives]) {
            more += self.visit_over(near, seam, &view);
        }
        Some(more)
    }

    /// Looks at a block's jumps if the move has not done so yet; by how many bytes they would grow.
    fn visit(&mut self, block: u16, view: &View) -> i32 {
        let number = usize::from(block);
        if std::mem::replace(&mut self.visited[number], self.attempts) == self.attempts {
            return 0;
        }
        let lens = self.jump_lens(number, view);
        let was = &self.exits[number];
        if lens == was.lens {
            return 0;
        }
        let more = lens.into_iter().map(i32::from).sum::<i32>() - was.bytes();
        self.changes.push((block, lens));
        more
    }

    /// Looks at the jumps that lead out of a group of blocks, and at those from the other group into it. Those from
    /// farther off into it lead over a seam.
    fn visit_group(&mut self, group: Range<usize>, other: Range<usize>, view: &View) -> i32 {
        let mut more = 0;
        for place in group.clone() {
            let block = self.order[place];
            let leads_out = |jump: Jump| jump.is_one() && !group.contains(&self.place(usize::from(jump.to)));
            if self.exits[usize::from(block)].jumps.into_iter().any(leads_out) {
                more += self.visit(block, view);
            }
            for source in self.sources_of(block) {
                let source = self.sources[source];
                if other.contains(&self.place(usize::from(source))) {
                    more += self.visit(source, view);
                }
            }
        }
        more
    }

    /// Looks at the jumps of blocks that lead over a seam.
    fn visit_over(&mut self, places: Range<usize>, seam: usize, view: &View) -> i32 {
        let mut more = 0;
        for place in places {
            let block = self.order[place];
            let leads_over = |jump: Jump| jump.is_one() && (self.place(usize::from(jump.to)) < seam) != (place < seam);
            if self.exits[usize::from(block)].jumps.into_iter().any(leads_over) {
                more += self.visit(block, view);
            }
        }
        more
    }

    /// The first place, from `least` on, whose block ends near the one at a place.
    fn near_before(&self, place: usize, least: usize) -> usize {
        let near = self.at[least + 1..=place].iter().rev().take_while(|&&at| at > self.at[place] - NEAR_SEAM_BYTES);
        place - near.count()
    }

    /// The place, up to `most`, behind the last whose block begins near the one at a place.
    fn near_behind(&self, place: usize, most: usize) -> usize {
        let near = self.at[place..most].iter().take_while(|&&at| at < self.at[place] + NEAR_SEAM_BYTES);
        place + near.count()
    }

    /// The jumps that a block needs if this one follows it.
    fn choose_jumps(&self, block: usize, next: Option<u16>, view: &View) -> [Jump; 2] {
        let next = next.map(usize::from);
        match self.blocks[block].end {
            End::Stops => [NO_JUMP; 2],
            End::Goes(to) if next == Some(to) => [NO_JUMP; 2],
            End::Goes(to) => [Jump::new(to, ALWAYS), NO_JUMP],
            End::Either { condition, to, on } if next == Some(on) => [Jump::new(to, condition), NO_JUMP],
            End::Either { condition, to, on } if next == Some(to) => [Jump::new(on, condition ^ 1), NO_JUMP],
            End::Either { condition, to, on } => {
                // A short one on a condition saves more than a short one without.
                let place = |block: usize| view.place(self.place(block));
                let far = |to: usize| place(to).abs_diff(place(block));
                if far(on) < far(to) {
                    [Jump::new(on, condition ^ 1), Jump::new(to, ALWAYS)]
                } else {
                    [Jump::new(to, condition), Jump::new(on, ALWAYS)]
                }
            }
        }
    }

    /// Gives a block jumps, as short as they may be.
    fn set_jumps(&mut self, block: usize, jumps: [Jump; 2]) {
        let shortest = if self.jumps == Jumps::Short { SHORT } else { ALIKE };
        let exit = &mut self.exits[block];
        if exit.jumps != jumps {
            exit.relays = [block as u16; 2];
        }
        exit.jumps = jumps;
        exit.lens = jumps.map(|jump| if jump.is_one() { shortest } else { 0 });
    }

    /// The lengths that a block's jumps need.
    fn jump_lens(&mut self, block: usize, view: &View) -> [u8; 2] {
        let exit = &self.exits[block];
        let at = exit.at + view.shift(self.place(block));
        let (mut lens, mut relays) = (exit.lens, exit.relays);
        for number in 0..2 {
            let jump = exit.jumps[number];
            if jump.is_one() {
                let from = at + exit.offset(number);
                let to = self.address(usize::from(jump.to), view);
                let is_short = reaches(from, to)
                    || self.is_relay(relays[number], jump, (from, to), view)
                    || self.find_relay(jump, (from, to), view).map(|relay| relays[number] = relay).is_some();
                lens[number] = if is_short { SHORT } else { near(jump.condition != ALWAYS) };
            }
        }
        self.exits[block].relays = relays;
        lens
    }

    /// A block with a relay for a jump from there to there: a jump to the same block that is on the way, and is taken
    /// whenever the first one is.
    fn find_relay(&self, jump: Jump, way: (i32, i32), view: &View) -> Option<u16> {
        let sources = &self.sources[self.sources_of(jump.to)];
        sources.iter().copied().find(|&source| self.is_relay(source, jump, way, view))
    }

    /// Is one of this block's jumps such a relay?
    #[inline]
    fn is_relay(&self, block: u16, jump: Jump, (from, to): (i32, i32), view: &View) -> bool {
        let exit = &self.exits[usize::from(block)];
        let at = exit.at + view.shift(self.place(usize::from(block)));
        at.abs_diff(from) <= NEAR_RELAY_BYTES
            && (0..2).any(|number| {
                let at = at + exit.offset(number);
                let is_between = if to > from { from < at && at < to } else { to < at && at < from };
                exit.jumps[number].serves(jump) && is_between && reaches(from, at)
            })
    }

    fn address(&self, block: usize, view: &View) -> i32 {
        let place = self.place(block);
        self.at[place] + view.shift(place)
    }

    /// Where in `sources` those of a block are.
    fn sources_of(&self, block: u16) -> Range<usize> {
        let block = usize::from(block);
        self.first_source[block] as usize..self.first_source[block + 1] as usize
    }

    fn number_places(&mut self, places: Range<usize>) {
        for place in places {
            self.place[usize::from(self.order[place])] = place as u16;
        }
    }

    /// Finds addresses again, if only the lengths of the blocks at these places have changed.
    fn lay_out(&mut self, places: Range<usize>) {
        let mut end = self.at[places.start];
        for place in places.clone() {
            let block = usize::from(self.order[place]);
            self.at[place] = end;
            let exit = &mut self.exits[block];
            exit.at = end + self.blocks[block].bytes as i32;
            end = exit.at + exit.bytes();
        }
        let more = end - self.at[places.end];
        for place in places.end..self.order.len() {
            self.at[place] += more;
            self.exits[usize::from(self.order[place])].at += more;
        }
        self.at[self.order.len()] += more;
    }
}

#[cfg(test)]
mod tests;
