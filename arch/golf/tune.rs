//! The search over choices: it changes one answer after the other, and two at once, and keeps what makes the program
//! smaller; or it tries every combination.

use std::collections::BTreeMap;

use crate::choice::{Answers, Question, Rule, Tuning, WORDS};

/// What answers cost.
pub(crate) struct Cost {
    pub(crate) bytes: usize,
    /// The questions that were asked on the way.
    pub(crate) asked: Vec<(Question, usize)>,
    /// What the code is made of: equal for codes that fit the same holes.
    pub(crate) pieces: Vec<u8>,
}

/// A question on the path at hand: its usual answer, and how many of its answers have been tried.
struct Turn {
    question: Question,
    ways: usize,
    usual: usize,
    tried: usize,
}

impl Turn {
    fn answer(&self) -> usize {
        (self.usual + self.tried - 1) % self.ways
    }
}

/// Asks for every combination of answers, each once: `compile` gets the tuning, has it asked, and says whether to go on.
/// `false` if there are more than so many, or it was ended.
pub(crate) fn every(tries: usize, base: u64, without: &[Rule], mut compile: impl FnMut(&Tuning) -> bool) -> bool {
    let mut path: Vec<Turn> = Vec::new();
    for _ in 0..tries {
        let answers = path.iter().map(|turn| (turn.question, turn.answer())).collect();
        let tuning = Tuning::golf(base, answers, without.into());
        if !compile(&tuning) {
            return false;
        }
        // What is asked first depends on no later answer.
        let asked = tuning.order.into_inner();
        let new = asked.iter().filter(|one| !path.iter().any(|turn| turn.question == one.question));
        let new: Vec<Turn> =
            new.map(|one| Turn { question: one.question, ways: one.ways, usual: one.answer, tried: 1 }).collect();
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

/// Finds answers beside those that are fixed, and those on words that are in the file already perhaps, which no number of bytes
/// tells, that make the cost small. At most `tries` are looked at, and at most `most` of those that are equally
/// good kept, made of different pieces: one may fit the holes better than another. Deterministic.
pub(crate) fn tune(
    tries: usize,
    most: usize,
    fixed: &Answers,
    mut cost: impl FnMut(&Answers) -> Option<Cost>,
) -> Vec<Answers> {
    let mut best = fixed.clone();
    let Some(Cost { bytes: mut least, mut asked, pieces }) = cost(&best) else { return Vec::new() };
    let mut left = tries;
    let mut equals = BTreeMap::from([(pieces, best.clone())]);
    'again: loop {
        let single: Vec<(Question, usize)> = asked
            .iter()
            .filter(|(question, _)| !fixed.contains_key(question) && question.1 != WORDS)
            .flat_map(|&(question, ways)| (0..ways).map(move |way| (question, way)))
            .collect();
        let pairs = single.iter().enumerate().flat_map(|(at, one)| {
            single[at + 1..].iter().filter(move |other| other.0 != one.0).map(move |other| vec![*one, *other])
        });
        for changes in single.iter().map(|one| vec![*one]).chain(pairs) {
            if left == 0 {
                break 'again;
            }
            left -= 1;
            let mut answers = best.clone();
            answers.extend(changes);
            let Some(found) = cost(&answers) else { continue };
            if found.bytes < least {
                (least, asked) = (found.bytes, found.asked);
                best.clone_from(&answers);
                equals = BTreeMap::from([(found.pieces, answers)]);
                continue 'again;
            }
            if found.bytes == least && equals.len() < most {
                equals.entry(found.pieces).or_insert(answers);
            }
        }
        break;
    }
    equals.into_values().collect()
}
