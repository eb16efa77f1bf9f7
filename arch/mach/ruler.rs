//! Measures the code's length in one order of its blocks after the other. Orders differ by few blocks, so the ruler
//! keeps what it knows of the last one: each block's place and address, its jumps and their lengths. [`Ruler::rotate`]
//! changes the order; [`Ruler::below`] chooses jumps again for the blocks that have other followers, and moves the
//! addresses behind them. Only jumps whose length may differ then are looked at again (`reach.rs`).
//!
//! Invariant, outside [`Ruler::below`]: a block without a mark has jumps as long as they have to be in the order, or
//! in one of the orders that were rotated into it. The lengths are the same, in every order, as if all were looked at.

use crate::mach::block_order::{Block, End, Jumps, followers};
use crate::mach::jumps::{ALIKE, ALWAYS, Exit, Jump, NO_JUMP, SHORT, Wanting};
use crate::mach::reach::{Event, Lead};

/// Measures orders.
pub(crate) struct Ruler<'b> {
    pub(crate) blocks: &'b [Block],
    kind: Jumps,
    /// Blocks that may jump to each, those of a block behind those of the one before; and where each block's begin.
    pub(crate) sources: Vec<u16>,
    pub(crate) begins: Vec<u32>,
    /// By place: the blocks in their order.
    pub(crate) order: Vec<u16>,
    /// By place: where each block begins; last, where the last ends.
    pub(crate) at: Vec<u32>,
    /// By place: whether a jump may have another length, as marks; eight more have none, so that eight can be read at
    /// once.
    pub(crate) marks: Vec<u8>,
    /// By place: where a block's jumps lead.
    pub(crate) leads: Vec<Lead>,
    /// By block: its place. Two more, which are no blocks, have the first of all places and the last.
    pub(crate) place: Vec<u16>,
    /// By block: its jumps.
    pub(crate) exits: Vec<Exit>,
    /// Blocks that others may follow than when their jumps were chosen.
    turned: Vec<u16>,
    /// Blocks with two jumps, and perhaps some that had two.
    pairs: Vec<u16>,
    is_pair: Vec<bool>,
    /// What has happened to lengths since the addresses were found.
    pub(crate) events: Vec<Event>,
    pub(crate) wanting: Wanting,
}

impl<'b> Ruler<'b> {
    /// A ruler for blocks that have no order yet.
    pub(crate) fn new(blocks: &'b [Block], kind: Jumps) -> Self {
        let count = blocks.len();
        let mut ways: Vec<(usize, u16)> = Vec::new();
        for (at, block) in blocks.iter().enumerate() {
            ways.extend(followers(block).map(|to| (to, at as u16)));
        }
        ways.sort_unstable();
        ways.dedup();
        let begins = (0..=count).map(|block| ways.partition_point(|(to, _)| *to < block) as u32).collect();
        let sources = ways.into_iter().map(|(_, from)| from).collect();
        let exit = |block: &Block| Exit { jumps: [NO_JUMP; 2], lens: [0; 2], relays: [0; 2], bytes: block.bytes };
        Self {
            blocks,
            kind,
            sources,
            begins,
            order: vec![0; count],
            at: vec![0; count + 1],
            leads: vec![Lead::default(); count],
            marks: vec![0; count + 8],
            place: std::iter::repeat_n(0, count + 1).chain([u16::MAX]).collect(),
            exits: blocks.iter().map(exit).collect(),
            turned: Vec::new(),
            pairs: Vec::new(),
            is_pair: vec![false; count],
            events: Vec::new(),
            wanting: Wanting::of_none(count),
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

    /// Jumps that are long, or that need not be.
    pub(crate) fn wanting(&self) -> &Wanting {
        &self.wanting
    }

    /// The jumps that a block needs where it stands.
    pub(crate) fn jumps(&self, block: usize) -> [Jump; 2] {
        let next = self.order.get(self.place(block) + 1).map(|&next| usize::from(next));
        match self.blocks[block].end {
            End::Stops => [NO_JUMP; 2],
            End::Goes(to) if next == Some(to) => [NO_JUMP; 2],
            End::Goes(to) => [Jump::new(to, ALWAYS), NO_JUMP],
            End::Either { condition, to, on } if next == Some(on) => [Jump::new(to, condition), NO_JUMP],
            End::Either { condition, to, on } if next == Some(to) => [Jump::new(on, condition ^ 1), NO_JUMP],
            End::Either { condition, to, on } => {
                // A short one on a condition saves more than a short one without.
                let far = |to: usize| self.place[to].abs_diff(self.place[block]);
                if far(on) < far(to) {
                    [Jump::new(on, condition ^ 1), Jump::new(to, ALWAYS)]
                } else {
                    [Jump::new(to, condition), Jump::new(on, ALWAYS)]
                }
            }
        }
    }

    /// The code's length in this order.
    pub(crate) fn measure(&mut self, order: &[u16]) -> u32 {
        self.order.copy_from_slice(order);
        for (place, &block) in order.iter().enumerate() {
            self.place[usize::from(block)] = place as u16;
        }
        let mut end = 0;
        for ((at, lead), &block) in self.at.iter_mut().zip(&mut self.leads).zip(order) {
            *at = end;
            let exit = &mut self.exits[usize::from(block)];
            (exit.jumps, exit.lens) = ([NO_JUMP; 2], [0; 2]);
            *lead = Lead { lowest: order.len() as u16 + 1, highest: order.len() as u16 };
            end += exit.bytes;
        }
        self.at[order.len()] = end;
        self.wanting = Wanting::of_none(order.len());
        self.pairs.clear();
        self.is_pair.fill(false);
        self.turned.clear();
        self.turned.extend_from_slice(order);
        self.below(u32::MAX).expect("no code is longer")
    }

    /// Has the blocks from `a` to `b` change places with those from there to `c`.
    pub(crate) fn rotate(&mut self, [a, b, c]: [usize; 3]) {
        for seam in [a, b, c] {
            self.turned.push(self.order[seam - 1]);
        }
        let middle = a + c - b;
        if self.kind == Jumps::Short {
            self.mark_flips([a, b, c]);
            let (one, other) = (self.at[b] - self.at[a], self.at[c] - self.at[b]);
            self.at[a..c].rotate_left(b - a);
            self.at[a..middle].iter_mut().for_each(|at| *at -= one);
            self.at[middle..c].iter_mut().for_each(|at| *at += other);
            self.marks[a..c].rotate_left(b - a);
            self.leads[a..c].rotate_left(b - a);
        }
        self.order[a..c].rotate_left(b - a);
        for (place, &block) in (a..).zip(&self.order[a..c]) {
            self.place[usize::from(block)] = place as u16;
        }
    }

    /// The code's length in the order at hand, if it is below a limit. It may be a little longer than it has to be,
    /// because lengths are taken over from the order before.
    pub(crate) fn below(&mut self, limit: u32) -> Option<u32> {
        self.choose_jumps();
        let end = self.order.len();
        if self.kind == Jumps::Short {
            self.adapt(true);
            // From here on jumps only get longer, so this ends.
            while self.at[end] < limit && self.adapt(false) {}
        }
        (self.at[end] < limit).then_some(self.at[end])
    }

    /// Gives blocks the jumps that they need now.
    pub(crate) fn choose_jumps(&mut self) {
        while let Some(block) = self.turned.pop() {
            self.choose(block);
            let block = usize::from(block);
            self.events.push(Event { place: self.place[block], more: 0 });
            if self.exits[block].jumps[1].is_one() && !self.is_pair[block] {
                self.is_pair[block] = true;
                self.pairs.push(block as u16);
            }
        }
        let mut number = 0;
        while let Some(&block) = self.pairs.get(number) {
            if self.exits[usize::from(block)].jumps[1].is_one() {
                if self.is_turned(usize::from(block)) {
                    self.choose(block);
                }
                number += 1;
            } else {
                self.is_pair[usize::from(block)] = false;
                self.pairs.swap_remove(number);
            }
        }
        self.events.sort_unstable();
        self.lay(true);
    }

    /// Does a block with two jumps need them the other way round now?
    fn is_turned(&self, block: usize) -> bool {
        let End::Either { condition, to, on } = self.blocks[block].end else { return true };
        let place = self.place[block];
        let turns = self.place[on].abs_diff(place) < self.place[to].abs_diff(place);
        self.exits[block].jumps[0].condition != condition ^ u8::from(turns)
    }

    /// Gives a block the jumps that it needs now, as short as they may be.
    fn choose(&mut self, block: u16) {
        let number = usize::from(block);
        let jumps = self.jumps(number);
        let exit = &mut self.exits[number];
        if exit.jumps == jumps {
            return;
        }
        let short = if self.kind == Jumps::Short { SHORT } else { ALIKE };
        let was = exit.lens[0] + exit.lens[1];
        exit.jumps = jumps;
        let (first, last) = (self.blocks.len() as u16, self.blocks.len() as u16 + 1);
        self.leads[usize::from(self.place[number])] = match jumps.map(Jump::is_one) {
            [false, _] => Lead { lowest: last, highest: first },
            [_, false] => Lead { lowest: jumps[0].to, highest: jumps[0].to },
            _ => Lead { lowest: first, highest: last },
        };
        exit.lens = jumps.map(|jump| if jump.is_one() { short } else { 0 });
        let more = i32::from(exit.lens[0] + exit.lens[1]) - i32::from(was);
        self.events.push(Event { place: self.place[number], more });
        for (at, jump) in jumps.iter().enumerate() {
            self.wanting.set(2 * number + at, jump.condition == ALWAYS);
        }
    }

    /// Finds where each block begins and the last ends, and marks the jumps whose length may change by that.
    pub(crate) fn lay(&mut self, are_chosen: bool) {
        let mut events = std::mem::take(&mut self.events);
        let (mut more, mut growth_bytes) = (0, 0);
        for (number, event) in events.iter().enumerate() {
            more += event.more;
            growth_bytes += event.growth_bytes();
            let next = events.get(number + 1).map_or(self.order.len(), |next| usize::from(next.place));
            if more != 0 {
                for at in &mut self.at[usize::from(event.place) + 1..=next] {
                    *at = at.wrapping_add_signed(more);
                }
            }
        }
        if self.kind == Jumps::Short {
            self.mark_events(&events, growth_bytes, are_chosen);
        }
        events.clear();
        self.events = events;
    }
}
