//! The order of the code. Wherever control never goes on to the next instruction, the code may be cut, and what is
//! behind the cut may stand anywhere: where a jump leads to it, so that the jump need not be, or so near to those that
//! jump there that their short forms reach. Every choice is made on lengths alone, before anything is encoded.

use std::collections::HashSet;

use crate::op::Label;
use crate::relay::{self, Piece};

/// Code that control enters at its labels only, and never leaves by its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chunk {
    pub(crate) pieces: Vec<Piece>,
    /// Labels at its very beginning.
    pub(crate) begins: Vec<Label>,
    /// Where the jump at its end leads, if there is one: not needed where that stands behind it.
    pub(crate) ends: Option<Label>,
}

impl Chunk {
    /// May it stand before that chunk without the jump at its end?
    pub(crate) fn leads_to(&self, next: &Self) -> bool {
        self.ends.is_some_and(|to| next.begins.contains(&to))
    }
}

/// How many orders are tried at most.
const TRIES: u32 = 4000;

/// The order in which the chunks take the fewest bytes, as far as it is found; the first stays the first.
pub(crate) fn arrange(chunks: &[Chunk]) -> Vec<usize> {
    let mut search = Search { chunks, order: (0..chunks.len()).collect(), best: 0, tries: 0, tried: HashSet::new() };
    search.best = relay::len_below(search.pieces(&search.order), u32::MAX).expect("no code is longer");
    let mut at_label = Vec::new();
    for (chunk, labels) in chunks.iter().enumerate() {
        for piece in &labels.pieces {
            if let Piece::Label(label) = *piece {
                let number = usize::from(label.0);
                at_label.resize(at_label.len().max(number + 1), 0);
                at_label[number] = chunk;
            }
        }
    }
    while search.tries < TRIES {
        let before = search.best;
        for (from, to) in search.jumps(&at_label) {
            search.bring_together(from, to);
        }
        if search.best == before {
            break;
        }
    }
    search.order
}

struct Search<'c> {
    chunks: &'c [Chunk],
    order: Vec<usize>,
    /// Bytes in this order.
    best: u32,
    tries: u32,
    /// Moves that have been tried since the order has changed last: whom, to where.
    tried: HashSet<[usize; 3]>,
}

impl Search<'_> {
    fn pieces(&self, order: &[usize]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (at, &chunk) in order.iter().enumerate() {
            let chunk = &self.chunks[chunk];
            let next = order.get(at + 1).is_some_and(|&next| chunk.leads_to(&self.chunks[next]));
            pieces.extend(&chunk.pieces[..chunk.pieces.len() - usize::from(next)]);
        }
        pieces
    }

    /// Jumps that could be shorter: from which chunk to which.
    fn jumps(&self, at_label: &[usize]) -> Vec<(usize, usize)> {
        let long = relay::long(&self.pieces(&self.order));
        let mut jumps = Vec::new();
        let mut at = 0;
        for (place, &from) in self.order.iter().enumerate() {
            let chunk = &self.chunks[from];
            let next = self.order.get(place + 1).is_some_and(|&next| chunk.leads_to(&self.chunks[next]));
            let pieces = &chunk.pieces[..chunk.pieces.len() - usize::from(next)];
            for (piece, is_long) in pieces.iter().zip(&long[at..]) {
                if let (Piece::Jump { to, .. }, true) = (piece, is_long) {
                    jumps.push((from, at_label[usize::from(to.0)]));
                }
            }
            at += pieces.len();
            if let (Some(to), false) = (chunk.ends, next) {
                let to = at_label[usize::from(to.0)];
                if chunk.leads_to(&self.chunks[to]) {
                    jumps.push((from, to));
                }
            }
        }
        jumps
    }

    /// The places of the chunks that follow each other without a jump around this one.
    fn run(&self, chunk: usize) -> std::ops::Range<usize> {
        let at = self.order.iter().position(|&other| other == chunk).expect("it is somewhere");
        let linked = |at: usize| self.chunks[self.order[at]].leads_to(&self.chunks[self.order[at + 1]]);
        let mut run = at..at + 1;
        while run.start > 0 && linked(run.start - 1) {
            run.start -= 1;
        }
        while run.end < self.order.len() && linked(run.end - 1) {
            run.end += 1;
        }
        run
    }

    /// Tries the ways to have two chunks near each other.
    fn bring_together(&mut self, from: usize, to: usize) {
        for (moved, other, behind) in [(to, from, true), (from, to, false), (from, to, true), (to, from, false)] {
            for parts in 0..4 {
                let (run, fixed) = (self.run(moved), self.run(other));
                let place = |chunk: usize| self.order.iter().position(|&one| one == chunk).expect("it is somewhere");
                let at = place(moved);
                let run = match parts {
                    0 => run,
                    1 => at..at + 1,
                    2 => at..run.end,
                    _ => run.start..at + 1,
                };
                let target = match (parts < 1, behind) {
                    (true, true) => fixed.end,
                    (true, false) => fixed.start,
                    (false, true) => place(other) + 1,
                    (false, false) => place(other),
                };
                self.try_move(run, target);
            }
        }
    }

    /// Moves some to another place if that takes fewer bytes.
    fn try_move(&mut self, run: std::ops::Range<usize>, to: usize) {
        if run.start == 0 || to == 0 || (run.start..=run.end).contains(&to) || self.tries >= TRIES {
            return;
        }
        if !self.tried.insert([run.start, run.end, to]) {
            return;
        }
        self.tries += 1;
        let mut order = self.order.clone();
        let moved: Vec<usize> = order.drain(run.clone()).collect();
        let to = if to > run.start { to - run.len() } else { to };
        order.splice(to..to, moved);
        if let Some(len) = relay::len_below(self.pieces(&order), self.best) {
            (self.order, self.best) = (order, len);
            self.tried.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(begins: &[u16], bytes: u32, ends: Option<u16>) -> Chunk {
        let begins: Vec<Label> = begins.iter().copied().map(Label).collect();
        let ends = ends.map(Label);
        let mut pieces: Vec<Piece> = begins.iter().copied().map(Piece::Label).collect();
        pieces.push(Piece::Bytes { len: bytes, goes_on: ends.is_some() });
        pieces.extend(ends.map(|to| Piece::Jump { to, condition: None }));
        Chunk { pieces, begins, ends }
    }

    #[test]
    fn a_jump_to_what_can_stand_behind_it_goes() {
        let chunks = [chunk(&[], 10, Some(2)), chunk(&[1], 10, None), chunk(&[2], 10, Some(1))];
        assert_eq!(arrange(&chunks), [0, 2, 1], "all of them in a row");
        let order = arrange(&[chunk(&[], 10, Some(0)), chunk(&[0], 10, None)]);
        assert_eq!(order, [0, 1], "nothing to be won");
    }

    #[test]
    fn what_jumps_far_comes_near() {
        let mut far = chunk(&[0], 10, None);
        far.pieces.insert(1, Piece::Jump { to: Label(1), condition: Some(3) });
        let chunks = [chunk(&[], 10, None), far, chunk(&[2], 500, None), chunk(&[1], 10, None)];
        let order = arrange(&chunks);
        assert!(order == [0, 1, 3, 2] || order == [0, 2, 1, 3] || order == [0, 3, 1, 2], "{order:?}");
    }
}
