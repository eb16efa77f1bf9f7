//! Basic-block placement, for size.
//!
//! Problem: a block that follows one that goes there needs no jump; near its jumps, short forms reach. Both depend on
//! the order of all blocks.
//! Strategy: chains first, by a maximum matching of blocks and followers (augmenting paths). Then threshold accepting
//! (Dueck and Scheuer, Threshold accepting, 1990): neighbouring groups of blocks change places, and a move may make the
//! code longer by fewer and fewer bytes.
//! Invariant: it decides on lengths alone, before anything is encoded, and with the same pseudorandom numbers each
//! time. The first block stays first.
//! Cost: a fixed number of tries; `size_model.rs` looks at what each of them changes.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::mach::jumps::{ALWAYS, Jumps, NEAR_CONDITIONAL};
use crate::mach::size_model::{Move, SizeModel};
use crate::prng::Numbers;

/// A piece of code that control enters at its beginning and leaves at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Bytes without the jumps at its end.
    pub(crate) bytes: u32,
    /// Where control goes from there.
    pub(crate) end: End,
}

/// Where control goes from a block's end, as numbers of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nowhere: back from a routine, or out of the program.
    Stops,
    /// There.
    Goes(usize),
    /// There on a condition, by its number, whose last bit makes it the opposite; else there.
    Either { condition: u8, to: usize, on: usize },
}

/// How many moves are tried; where all jumps are alike, the first order is about as good as any.
const TRIES: u32 = 15_000;
const TRIES_ALIKE: u32 = 2_000;
/// By at most so many bytes a move may make the code longer at first; later by fewer.
const WORSE_BYTES: u32 = 2;
/// After so many moves the code is measured from the beginning.
const MOVES_MEASURED: u32 = 32;

/// So many orders are kept: those of all searches for registers, of which one is chosen and built again.
const KEPT: usize = 64;

/// Blocks, and the order that a search has found for them.
struct Arranged {
    turn: usize,
    jumps: Jumps,
    blocks: Vec<Block>,
    order: Vec<usize>,
}

/// What was arranged before, and how: a program that states its file's size is built several times, with the same code.
static ARRANGED: Mutex<VecDeque<Arranged>> = Mutex::new(VecDeque::new());

/// The order in which the blocks take the fewest bytes, as far as the search of this number finds it; or, without a
/// search, the better of the order at hand and that of the chains. The first block stays the first.
pub(crate) fn arrange(blocks: &[Block], jumps: Jumps, turn: Option<usize>) -> Vec<usize> {
    let Some(turn) = turn else { return search(blocks, jumps, None) };
    let arranged = || ARRANGED.lock().unwrap_or_else(PoisonError::into_inner);
    let is_same = |one: &&Arranged| one.turn == turn && one.jumps == jumps && one.blocks == blocks;
    let known = arranged().iter().find(is_same).map(|one| one.order.clone());
    known.unwrap_or_else(|| {
        let order = search(blocks, jumps, Some(turn));
        let mut arranged = arranged();
        arranged.truncate(KEPT - 1);
        arranged.push_front(Arranged { turn, jumps, blocks: blocks.to_vec(), order: order.clone() });
        order
    })
}

fn search(blocks: &[Block], jumps: Jumps, turn: Option<usize>) -> Vec<usize> {
    let mut model = SizeModel::new(blocks, jumps);
    let original: Vec<u16> = (0..blocks.len() as u16).collect();
    let chained: Vec<u16> = chains(blocks).into_iter().map(|block| block as u16).collect();
    let mut best =
        [original, chained].map(|order| (model.measure(&order), order)).into_iter().min().expect("there are two");
    if let Some(turn) = turn
        && blocks.len() > 2
    {
        let tries = if jumps == Jumps::Short { TRIES } else { TRIES_ALIKE };
        Search { model, numbers: Numbers::of(turn), blocks }.improve(&mut best, tries);
    }
    best.1.into_iter().map(usize::from).collect()
}

/// How a block's two ways on may be had: which of them follows it.
pub(crate) fn followers(block: &Block) -> impl Iterator<Item = usize> + use<> {
    let (one, other) = match block.end {
        End::Stops => (None, None),
        End::Goes(to) => (Some(to), None),
        End::Either { to, on, .. } => (Some(on), Some(to)),
    };
    one.into_iter().chain(other)
}

/// Chains of blocks in which as many as possible follow one that goes there: a matching of blocks and followers, by
/// augmenting paths, whose circles are cut.
fn chains(blocks: &[Block]) -> Vec<usize> {
    let mut before: Vec<Option<usize>> = vec![None; blocks.len()];
    // What follows as it is, stays as far as possible.
    for (at, block) in blocks.iter().enumerate() {
        if followers(block).any(|next| next == at + 1) {
            before[at + 1] = Some(at);
        }
    }
    for at in 0..blocks.len() {
        if !before.contains(&Some(at)) {
            augment(blocks, at, &mut before, &mut vec![false; blocks.len()]);
        }
    }
    let mut next = vec![None; blocks.len()];
    for (at, before) in before.iter().enumerate() {
        if let Some(before) = before {
            next[*before] = Some(at);
        }
    }
    let mut order = Vec::with_capacity(blocks.len());
    let mut placed = vec![false; blocks.len()];
    // Chains that begin somewhere; then circles, each from its first block.
    let begins = (0..blocks.len()).filter(|&at| before[at].is_none()).chain(0..blocks.len());
    let begins: Vec<usize> = begins.collect();
    for begin in begins {
        let mut at = Some(begin);
        while let Some(block) = at.filter(|&block| !placed[block]) {
            placed[block] = true;
            order.push(block);
            at = next[block];
        }
    }
    order
}

fn augment(blocks: &[Block], at: usize, before: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for next in followers(&blocks[at]).filter(|&next| next > 0 && next != at) {
        if !std::mem::replace(&mut seen[next], true)
            && before[next].is_none_or(|other| augment(blocks, other, before, seen))
        {
            before[next] = Some(at);
            return true;
        }
    }
    false
}

struct Search<'b> {
    blocks: &'b [Block],
    model: SizeModel<'b>,
    numbers: Numbers,
}

impl Search<'_> {
    /// Tries moves, and accepts those that make the code longer by less and less.
    fn improve(&mut self, best: &mut (i32, Vec<u16>), tries: u32) {
        self.model.measure(&best.1);
        let mut wanting = self.wanting();
        let mut moves = 0;
        for tried in 0..tries {
            if wanting.is_empty() {
                return;
            }
            let (from, number) = wanting[self.numbers.below(wanting.len())];
            let jump = self.model.exit(from).jumps[number];
            let is_gone = !jump.is_one();
            let Some(seams) = (if is_gone { None } else { self.propose(from, usize::from(jump.to)) }) else { continue };
            let worse = WORSE_BYTES * (tries - tried) / tries;
            if !self.model.attempt(seams, worse as i32) {
                continue;
            }
            moves += 1;
            if moves % MOVES_MEASURED == 0 {
                self.keep_if_better(best);
                wanting = self.wanting();
            }
        }
        self.keep_if_better(best);
    }

    fn keep_if_better(&mut self, best: &mut (i32, Vec<u16>)) {
        let len = self.model.measure_again();
        if len < best.0 {
            best.0 = len;
            best.1.copy_from_slice(self.model.order());
        }
    }

    /// Jumps that are long, or that another order may do without.
    fn wanting(&self) -> Vec<(usize, usize)> {
        let all = (0..self.blocks.len()).flat_map(|block| [(block, 0), (block, 1)]);
        let wants = |&(block, number): &(usize, usize)| {
            let exit = self.model.exit(block);
            exit.jumps[number].condition == ALWAYS || exit.lens[number] == NEAR_CONDITIONAL
        };
        all.filter(wants).collect()
    }

    /// Brings a block behind one that goes there, or near it, with some of its neighbours.
    fn propose(&mut self, from: usize, to: usize) -> Option<Move> {
        let (from_at, to_at) = (self.model.place(from), self.model.place(to));
        let order = self.model.order();
        let linked = |at: usize| {
            let next = order.get(at + 1);
            next.is_some_and(|&next| followers(&self.blocks[usize::from(order[at])]).any(|to| to == usize::from(next)))
        };
        // As far as they follow each other; or any number of them.
        let whole = self.numbers.below(3) > 0;
        let some = 1 + self.numbers.below(6);
        let (moved, target) = if self.numbers.below(2) == 0 {
            let mut end = to_at + 1;
            while end < order.len() && if whole { linked(end - 1) } else { end < to_at + some } {
                end += 1;
            }
            (to_at..end, from_at + 1)
        } else {
            let mut begin = from_at;
            while begin > 1 && if whole { linked(begin - 1) } else { begin + some > from_at + 1 } {
                begin -= 1;
            }
            (begin..from_at + 1, to_at)
        };
        if moved.start == 0 || target == 0 || (moved.start..=moved.end).contains(&target) {
            return None;
        }
        Some(if target < moved.start { [target, moved.start, moved.end] } else { [moved.start, moved.end, target] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mach::jumps::{Jump, NO_JUMP};

    fn block(bytes: u32, end: End) -> Block {
        Block { bytes, end }
    }

    #[test]
    fn a_jump_to_what_can_stand_behind_it_goes() {
        let blocks = [block(10, End::Goes(2)), block(10, End::Stops), block(10, End::Goes(1))];
        assert_eq!(arrange(&blocks, Jumps::Short, Some(0)), [0, 2, 1], "all of them in a row");
        assert_eq!(arrange(&blocks, Jumps::Alike, Some(0)), [0, 2, 1]);
        let blocks = [block(10, End::Goes(0)), block(10, End::Stops), block(10, End::Stops)];
        assert_eq!(arrange(&blocks, Jumps::Short, Some(0))[0], 0, "the first stays");
    }

    #[test]
    fn a_branch_turns_round_for_who_follows() {
        let branch = End::Either { condition: 0, to: 2, on: 1 };
        // The other way on comes back, so that one of the two follows; a loop has a jump somewhere.
        let blocks = [block(10, End::Goes(3)), block(4, End::Stops), block(4, End::Goes(3)), block(8, branch)];
        let order = arrange(&blocks, Jumps::Short, Some(0));
        let mut model = SizeModel::new(&blocks, Jumps::Short);
        let order: Vec<u16> = order.into_iter().map(|block| block as u16).collect();
        assert_eq!(model.measure(&order), 26 + 2 + 2, "{order:?}");
        model.measure(&[0, 1, 3, 2]);
        assert_eq!(model.exit(3).jumps, [Jump::new(1, 1), NO_JUMP], "to the other");
        assert_eq!(model.measure(&[0, 1, 2, 3]), 26 + 2 + 4, "as it was");
    }

    #[test]
    fn what_jumps_far_comes_near() {
        let far = End::Either { condition: 3, to: 3, on: 2 };
        let blocks = [block(10, End::Goes(1)), block(10, far), block(500, End::Stops), block(10, End::Stops)];
        assert_eq!(arrange(&blocks, Jumps::Short, Some(0)), [0, 1, 3, 2]);
    }
}
