//! The order of the bytecode: jumps to jumps lead on, nobody keeps what nobody comes to, and what a jump leads to follows
//! it where that saves the jump.

use std::collections::{BTreeMap, BTreeSet};

use super::code::Code;
use crate::op::Label;

/// An instruction and why it is there.
pub(crate) type Reasoned = (Code, String);

/// Does the next instruction never follow it?
fn ends(code: &Code) -> bool {
    match code {
        Code::Jump(_) | Code::Return => true,
        Code::Call { call, .. } => !call.info().returns(),
        _ => false,
    }
}

/// The instructions in a better order; `entries` are labels that are come to from elsewhere.
pub(crate) fn arrange(codes: Vec<Reasoned>, entries: &BTreeSet<Label>) -> Vec<Reasoned> {
    let mut codes = threaded(codes);
    loop {
        let before = codes.len();
        codes = without_needless(reached(codes, entries));
        if codes.len() == before {
            break;
        }
    }
    without_needless(chained(codes))
}

/// Jumps to nothing but a jump lead where that does.
fn threaded(mut codes: Vec<Reasoned>) -> Vec<Reasoned> {
    let mut leads: BTreeMap<Label, Label> = BTreeMap::new();
    for at in 0..codes.len() {
        let Code::Label(label) = codes[at].0 else { continue };
        let next = codes[at..].iter().find(|(code, _)| !matches!(code, Code::Label(_)));
        if let Some((Code::Jump(to), _)) = next {
            leads.insert(label, *to);
        }
    }
    let last = |from: Label| {
        let mut to = from;
        // A circle of jumps leads nowhere.
        for _ in 0..leads.len() {
            let Some(next) = leads.get(&to) else { break };
            to = *next;
        }
        to
    };
    for (code, _) in &mut codes {
        match code {
            Code::Jump(to) | Code::Function { to: Some(to), .. } => *to = last(*to),
            _ => {}
        }
    }
    codes
}

/// Without labels that nobody wants, and what stands behind an end with no label.
fn reached(codes: Vec<Reasoned>, entries: &BTreeSet<Label>) -> Vec<Reasoned> {
    let mut wanted = entries.clone();
    for (code, _) in &codes {
        wanted.extend(code.target());
        if let Code::Gosub(to) = code {
            wanted.insert(*to);
        }
    }
    let mut kept = Vec::with_capacity(codes.len());
    let mut goes_on = true;
    for (code, why) in codes {
        if let Code::Label(label) = code {
            if !wanted.contains(&label) {
                continue;
            }
            goes_on = true;
        }
        if goes_on {
            goes_on = !ends(&code);
            kept.push((code, why));
        }
    }
    kept
}

/// Without jumps to what follows.
fn without_needless(codes: Vec<Reasoned>) -> Vec<Reasoned> {
    let is_needless = |at: usize| {
        let Code::Jump(to) = codes[at].0 else { return false };
        let labels = codes[at + 1..].iter().map_while(|(code, _)| match code {
            Code::Label(label) => Some(*label),
            _ => None,
        });
        labels.into_iter().any(|label| label == to)
    };
    let needless: Vec<bool> = (0..codes.len()).map(is_needless).collect();
    codes.into_iter().zip(needless).filter(|(_, needless)| !needless).map(|(code, _)| code).collect()
}

/// Pieces that begin behind an end, each with those behind it that it jumps to.
fn chained(codes: Vec<Reasoned>) -> Vec<Reasoned> {
    let mut pieces: Vec<Vec<Reasoned>> = vec![Vec::new()];
    for one in codes {
        let last = ends(&one.0);
        pieces.last_mut().expect("there is one").push(one);
        if last {
            pieces.push(Vec::new());
        }
    }
    let begins: BTreeMap<Label, usize> = pieces
        .iter()
        .enumerate()
        .flat_map(|(number, piece)| {
            let labels = piece.iter().map_while(|(code, _)| match code {
                Code::Label(label) => Some(*label),
                _ => None,
            });
            labels.map(move |label| (label, number)).collect::<Vec<_>>()
        })
        .collect();
    let follows = |piece: &[Reasoned]| match piece.last() {
        Some((Code::Jump(to), _)) => begins.get(to).copied(),
        _ => None,
    };
    let next: Vec<Option<usize>> = pieces.iter().map(|piece| follows(piece)).collect();
    let mut left: Vec<Option<Vec<Reasoned>>> = pieces.into_iter().map(Some).collect();
    let mut chained = Vec::new();
    for begin in 0..left.len() {
        let mut at = Some(begin);
        while let Some(piece) = at.and_then(|at| left[at].take()) {
            chained.extend(piece);
            at = next[at.expect("it was taken")];
        }
    }
    chained
}
