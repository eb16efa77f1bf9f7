//! The search over the choices of selection.
//!
//! Problem: another choice may make the program smaller, alone or together with a second one.
//! Strategy: local search ([`tune`]) changes one decision, then two at once, and keeps what makes the program smaller.
//! For the smallest programs [`every`] enumerates all combinations.
//! Invariant: the result depends on the program and the limits alone.
//! Cost: one compilation for each combination that it tries.

use std::collections::BTreeMap;

use crate::choice::{ChoicePoint, Decisions, Rule, Tuning, WORDS};

/// What decisions cost.
pub(crate) struct Cost {
    pub(crate) bytes: usize,
    /// The choice points that the compilation met.
    pub(crate) decided: Vec<(ChoicePoint, usize)>,
    /// What the code is made of: equal for codes that fit the same holes.
    pub(crate) pieces: Vec<u8>,
}

/// A choice point on the path at hand: its usual decision, and how many of its ways have been tried.
struct Turn {
    point: ChoicePoint,
    ways: usize,
    usual: usize,
    tried: usize,
}

impl Turn {
    fn decision(&self) -> usize {
        (self.usual + self.tried - 1) % self.ways
    }
}

/// Tries every combination of decisions, each once. `compile` gets the tuning, and says whether to go on.
/// Returns `false` if there are more combinations than `tries`, or if `compile` has ended it.
pub(crate) fn every(tries: usize, base: u64, without: &[Rule], mut compile: impl FnMut(&Tuning) -> bool) -> bool {
    let mut path: Vec<Turn> = Vec::new();
    for _ in 0..tries {
        let decisions = path.iter().map(|turn| (turn.point, turn.decision())).collect();
        let tuning = Tuning::golf(base, decisions, without.into());
        if !compile(&tuning) {
            return false;
        }
        // A choice point depends on earlier decisions only.
        let decided = tuning.order.into_inner();
        let new = decided.iter().filter(|one| !path.iter().any(|turn| turn.point == one.point));
        let new: Vec<Turn> =
            new.map(|one| Turn { point: one.point, ways: one.ways, usual: one.decision, tried: 1 }).collect();
        path.extend(new);
        while path.last().is_some_and(|turn| turn.tried == turn.ways) {
            path.pop();
        }
        match path.last_mut() {
            Some(turn) => turn.tried += 1,
            None => return true,
        }
    }
    false
}

/// Finds decisions that make the cost small, beside those that are fixed. It leaves the choices of `WORDS` alone: the
/// number of bytes does not tell what they save. It tries at most `tries` combinations. Of equally good ones that are
/// made of different pieces it keeps at most `most`: one may fit the holes better than another.
pub(crate) fn tune(
    tries: usize,
    most: usize,
    fixed: &Decisions,
    mut cost: impl FnMut(&Decisions) -> Option<Cost>,
) -> Vec<Decisions> {
    let mut best = fixed.clone();
    let Some(Cost { bytes: mut least, mut decided, pieces }) = cost(&best) else { return Vec::new() };
    let mut left = tries;
    let mut equals = BTreeMap::from([(pieces, best.clone())]);
    'again: loop {
        let single: Vec<(ChoicePoint, usize)> = decided
            .iter()
            .filter(|(point, _)| !fixed.contains_key(point) && point.1 != WORDS)
            .flat_map(|&(point, ways)| (0..ways).map(move |way| (point, way)))
            .collect();
        let pairs = single.iter().enumerate().flat_map(|(at, one)| {
            single[at + 1..].iter().filter(move |other| other.0 != one.0).map(move |other| vec![*one, *other])
        });
        for changes in single.iter().map(|one| vec![*one]).chain(pairs) {
            if left == 0 {
                break 'again;
            }
            left -= 1;
            let mut decisions = best.clone();
            decisions.extend(changes);
            let Some(found) = cost(&decisions) else { continue };
            if found.bytes < least {
                (least, decided) = (found.bytes, found.decided);
                best.clone_from(&decisions);
                equals = BTreeMap::from([(found.pieces, decisions)]);
                continue 'again;
            }
            if found.bytes == least && equals.len() < most {
                equals.entry(found.pieces).or_insert(decisions);
            }
        }
        break;
    }
    equals.into_values().collect()
}
