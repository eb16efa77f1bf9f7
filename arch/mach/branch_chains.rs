//! Branch chaining (Leverett and Szymanski, Chaining span-dependent jump instructions, 1980).
//!
//! Problem: a short jump reaches 128 bytes; a long one costs 3 or 4 bytes more.
//! Strategy: a jump that does not reach its label may go through another jump to the same label that is on the way: one
//! that is always taken, or on the same condition, which still holds there. Where several do not reach, a jump of its
//! own, an island, may be added after code that never falls through.
//! Invariant: it decides on lengths alone, before anything is encoded. An island is kept only if the code gets shorter.
//! Cost: each try of an island plans all jumps again.

use crate::ir::op::Label;
use crate::mach::jumps;

/// A piece of code, as far as jumps are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A label stands here.
    Label(Label),
    /// So many bytes; does control go on behind them?
    Bytes { len: u32, goes_on: bool },
    /// A jump: on a condition, by its number, or always.
    Jump { to: Label, condition: Option<u8> },
}

/// What has been found: islands, as places before which they stand and where they lead; and for each jump, islands
/// included, the jump it goes to instead of its label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) islands: Vec<(usize, Label)>,
    pub(crate) through: Vec<Option<usize>>,
}

/// Bytes of a short jump.
const SHORT: u32 = jumps::SHORT as u32;

/// Code with islands.
struct ChainPlan {
    pieces: Vec<Piece>,
    /// Where each label is.
    labels: Vec<usize>,
    /// Jumps by their labels, in the order of the code; and where those of each label begin.
    relays: Vec<usize>,
    begins: Vec<usize>,
    /// The lengths of the pieces, and where they begin.
    lens: Vec<u32>,
    at: Vec<u32>,
    through: Vec<Option<usize>>,
}

/// Finds the ways of all jumps.
pub(crate) fn plan(pieces: &[Piece]) -> Plan {
    let mut islands: Vec<(usize, Label)> = Vec::new();
    let mut best = ChainPlan::new(pieces, &islands);
    if !best.lens.iter().zip(&best.pieces).any(|(len, piece)| matches!(piece, Piece::Jump { .. }) && *len > SHORT) {
        return Plan { islands, through: best.through };
    }
    // Islands are tried one at a time, where they help most; each try is kept if the code gets shorter.
    let mut tried: Vec<(usize, Label)> = Vec::new();
    while let Some(island) = best.candidate(pieces, &islands, &tried) {
        tried.push(island);
        let mut with = islands.clone();
        with.push(island);
        with.sort_by_key(|(before, label)| (*before, label.0));
        let chains = ChainPlan::new(pieces, &with);
        if chains.len() < best.len() {
            (best, islands) = (chains, with);
        }
    }
    Plan { islands, through: best.through }
}

impl ChainPlan {
    fn new(code: &[Piece], islands: &[(usize, Label)]) -> Self {
        let mut pieces = Vec::with_capacity(code.len() + islands.len());
        let mut next = islands.iter().peekable();
        for (at, piece) in code.iter().enumerate() {
            while let Some((_, to)) = next.next_if(|(before, _)| *before == at) {
                pieces.push(Piece::Jump { to: *to, condition: None });
            }
            pieces.push(*piece);
        }
        let mut chains = Self::before_growth(pieces);
        while chains.grow() {}
        chains
    }

    /// All jumps are short at first.
    fn before_growth(pieces: Vec<Piece>) -> Self {
        let mut chains = Self {
            labels: Vec::new(),
            relays: Vec::new(),
            begins: Vec::new(),
            lens: Vec::new(),
            at: Vec::new(),
            through: vec![None; pieces.len()],
            pieces,
        };
        chains.find();
        chains
    }

    fn len(&self) -> u32 {
        self.lens.iter().sum()
    }

    /// Finds labels and relays; all jumps are short at first.
    fn find(&mut self) {
        let label = |piece: &Piece| match *piece {
            Piece::Label(label) | Piece::Jump { to: label, .. } => Some(usize::from(label.0)),
            Piece::Bytes { .. } => None,
        };
        let labels = self.pieces.iter().filter_map(label).max().map_or(0, |last| last + 1);
        self.labels = vec![0; labels];
        self.begins = vec![0; labels + 2];
        for (at, piece) in self.pieces.iter().enumerate() {
            match (label(piece), piece) {
                (Some(number), Piece::Label(_)) => self.labels[number] = at,
                (Some(number), _) => self.begins[number + 2] += 1,
                (None, _) => {}
            }
        }
        for label in 2..labels + 2 {
            self.begins[label] += self.begins[label - 1];
        }
        self.relays = vec![0; self.begins[labels + 1]];
        for (at, piece) in self.pieces.iter().enumerate() {
            if let Piece::Jump { to, .. } = piece {
                let next = &mut self.begins[usize::from(to.0) + 1];
                self.relays[*next] = at;
                *next += 1;
            }
        }
        let len = |piece: &Piece| match *piece {
            Piece::Label(_) => 0,
            Piece::Bytes { len, .. } => len,
            Piece::Jump { .. } => SHORT,
        };
        self.lens = self.pieces.iter().map(len).collect();
    }

    /// Lays everything out, and lengthens the jumps that reach neither their label nor a jump on the way to it. None
    /// ever gets shorter again, so this ends.
    fn grow(&mut self) -> bool {
        let mut end = 0;
        self.at.clear();
        for len in &self.lens {
            self.at.push(end);
            end += len;
        }
        let mut grew = false;
        for at in 0..self.pieces.len() {
            let Piece::Jump { to, condition } = self.pieces[at] else { continue };
            let label = self.labels[usize::from(to.0)];
            self.through[at] = None;
            if self.lens[at] > SHORT || self.reaches(at, label) {
                continue;
            }
            self.through[at] = self.relay(at, to, label);
            if self.through[at].is_none() {
                self.lens[at] = u32::from(jumps::near(condition.is_some()));
                grew = true;
            }
        }
        grew
    }

    fn reaches(&self, from: usize, to: usize) -> bool {
        jumps::reaches(self.at[from] as i32, self.at[to] as i32)
    }

    /// The jump nearest to the label that stands between and is in reach: so no two ever lead to each other.
    fn relay(&self, at: usize, to: Label, label: usize) -> Option<usize> {
        let condition = |at: usize| if let Piece::Jump { condition, .. } = self.pieces[at] { condition } else { None };
        let own = condition(at);
        let number = usize::from(to.0);
        let relays = self.relays[self.begins[number]..self.begins[number + 1]].iter().copied();
        let relays = relays.filter(|&relay| condition(relay).is_none_or(|taken| own == Some(taken)));
        let between =
            relays.filter(|&relay| if label > at { at < relay && relay < label } else { label < relay && relay < at });
        between.filter(|&relay| self.reaches(at, relay)).min_by_key(|&relay| relay.abs_diff(label))
    }

    /// The island not tried yet that most long jumps would reach.
    fn candidate(
        &self,
        code: &[Piece],
        islands: &[(usize, Label)],
        tried: &[(usize, Label)],
    ) -> Option<(usize, Label)> {
        let mut best: Option<(usize, (usize, Label))> = None;
        let is_end =
            |piece: &Piece| matches!(piece, Piece::Bytes { goes_on: false, .. } | Piece::Jump { condition: None, .. });
        // Where each piece of the code without islands is in that with them.
        let shifted = |at: usize| at + islands.iter().filter(|(before, _)| *before <= at).count();
        let long: Vec<(usize, Label)> = (0..self.pieces.len())
            .filter(|&at| self.lens[at] > SHORT)
            .filter_map(|at| if let Piece::Jump { to, .. } = self.pieces[at] { Some((at, to)) } else { None })
            .collect();
        for before in 1..code.len() {
            if !is_end(&code[before - 1]) {
                continue;
            }
            let place = shifted(before);
            let near: Vec<Label> = long
                .iter()
                .filter(|(at, to)| {
                    let label = self.labels[usize::from(to.0)];
                    self.reaches(*at, place)
                        && if label > *at { *at < place && place < label } else { label < place && place <= *at }
                })
                .map(|(_, to)| *to)
                .collect();
            for &to in &near {
                let count = near.iter().filter(|other| **other == to).count();
                if count > 1 && !tried.contains(&(before, to)) && best.is_none_or(|(most, _)| count > most) {
                    best = Some((count, (before, to)));
                }
            }
        }
        best.map(|(_, island)| island)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(len: u32) -> Piece {
        Piece::Bytes { len, goes_on: true }
    }

    #[test]
    fn a_jump_takes_another_on_its_way() {
        let to = Label(0);
        let jump = |condition| Piece::Jump { to, condition };
        let far = plan(&[jump(Some(1)), bytes(100), jump(None), bytes(100), Piece::Label(to)]);
        assert_eq!(far.through, [Some(2), None, None, None, None]);
        let back = plan(&[Piece::Label(to), bytes(100), jump(Some(7)), bytes(100), jump(Some(7))]);
        assert_eq!(back.through, [None, None, None, None, Some(2)]);
        let behind = plan(&[Piece::Label(to), bytes(200), jump(Some(1)), bytes(10), jump(None)]);
        let other = plan(&[jump(Some(1)), bytes(100), jump(Some(2)), bytes(100), Piece::Label(to)]);
        assert_eq!(other.through, [None; 5], "not on another condition");
        assert_eq!(behind.through, [None; 5], "not away from the label");
    }

    #[test]
    fn an_island_serves_several() {
        let to = Label(0);
        let jump = Piece::Jump { to, condition: Some(1) };
        let end = Piece::Bytes { len: 1, goes_on: false };
        let other = Piece::Jump { to, condition: Some(2) };
        let code = [jump, bytes(10), other, bytes(10), end, bytes(500), Piece::Label(to)];
        let found = plan(&code);
        assert_eq!(found.islands, [(5, to)]);
        assert_eq!(found.through[..3], [Some(5), None, Some(5)]);
        assert_eq!(plan(&code[2..]).islands, [], "one alone gains nothing");
    }
}
