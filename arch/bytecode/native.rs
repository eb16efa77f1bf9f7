//! What stays the machine's own: the other steps, and places at which they come to bytecode and it comes to them.

use std::collections::{BTreeMap, BTreeSet};

use super::Marked;
use super::arrange::Reasoned;
use super::cells::{self, Cells};
use super::code::{Code, FIRST_EXIT};
use crate::op::{Arg, Kind, Label, Op, Program, Slot, Step, Width};
use crate::spill;

/// The places that are told apart by a number.
pub(crate) struct Outside {
    /// Their numbers: those that bytecode jumps to first, then subroutines, the most called first, then places in the
    /// bytecode.
    pub(crate) places: BTreeMap<Label, usize>,
    /// Labels of the machine's steps that bytecode jumps to, and subroutines of its that bytecode calls.
    pub(crate) exits: Vec<Label>,
    pub(crate) subs: Vec<Label>,
    /// Both of them.
    pub(crate) native: BTreeSet<Label>,
}

/// Labels of cold steps that others come to.
pub(crate) fn wanted(marked: &Marked) -> BTreeSet<Label> {
    let cold = labels(marked, true);
    let others = marked.program.steps.iter().zip(&marked.cold).filter(|(_, cold)| !**cold);
    others.filter_map(|(step, _)| step.op.target()).filter(|label| cold.contains(label)).collect()
}

/// Labels that stand at cold steps, or at others.
fn labels(marked: &Marked, are_cold: bool) -> BTreeSet<Label> {
    let label = |(step, cold): (&Step, &bool)| match step.op {
        Op::Label(label) | Op::Sub(label) if *cold == are_cold => Some(label),
        _ => None,
    };
    marked.program.steps.iter().zip(&marked.cold).filter_map(label).collect()
}

impl Outside {
    pub(crate) fn of(marked: &Marked, wanted: &BTreeSet<Label>, codes: &[Reasoned]) -> Self {
        let here = labels(marked, false);
        let exits: BTreeSet<Label> = codes.iter().filter_map(|(code, _)| code.target()).collect();
        let exits: Vec<Label> = exits.into_iter().filter(|label| here.contains(label)).collect();
        let room = (256 - FIRST_EXIT) as usize;
        assert!(exits.len() <= room, "bytecode jumps to {} places; {room} can be told apart", exits.len());
        let mut calls: BTreeMap<Label, usize> = BTreeMap::new();
        for (code, _) in codes {
            if let Code::Gosub(to) = code {
                *calls.entry(*to).or_default() += 1;
            }
        }
        let mut called: Vec<(Label, usize)> = calls.into_iter().collect();
        called.sort_by_key(|(label, calls)| (std::cmp::Reverse(*calls), *label));
        let called: Vec<Label> = called.into_iter().map(|(label, _)| label).collect();
        let subs: Vec<Label> = called.iter().copied().filter(|label| here.contains(label)).collect();
        let entries = wanted.iter().copied().filter(|label| !called.contains(label));
        let all = exits.iter().copied().chain(called.iter().copied()).chain(entries);
        let places = all.enumerate().map(|(number, label)| (label, number)).collect();
        let native = exits.iter().chain(&subs).copied().collect();
        Self { places, exits, subs, native }
    }
}

/// The program without its cold steps: where others come to them stands what goes on in the bytecode. The interpreter's
/// labels and its slot for the number of a place are the last that there are.
pub(crate) fn of(marked: &Marked, cells: &Cells, outside: &Outside, codes: &[Reasoned]) -> Program {
    let mut folded = Program { steps: Vec::new(), ..marked.program.clone() };
    if reads_frame(codes, cells) {
        let frame = folded.slot("the frame", Kind::Int);
        folded.push(Op::Set { to: frame, value: Arg::Frame(0) }, "the frame, for the bytecode");
        let to = cells::place(cells.spare.frame);
        folded.push(Op::Store { width: Width::Four, to, value: Arg::Slot(frame) }, "");
    }
    let place = folded.slot(PLACE, Kind::Int);
    let [interpreter, places] = ["bytecode", "a place"].map(|name| folded.label(name));
    let names = Names { place, interpreter, places };
    let wanted = wanted(marked);
    for (step, cold) in marked.program.steps.iter().zip(&marked.cold) {
        match step.op {
            _ if !cold => folded.steps.push(step.clone()),
            Op::Label(label) if wanted.contains(&label) => {
                folded.place(label);
                names.number(&mut folded, outside, label);
                folded.push(Op::Jump(names.places), "");
            }
            Op::Sub(label) if wanted.contains(&label) => {
                folded.sub(label);
                names.number(&mut folded, outside, label);
                folded.push(Op::Gosub(names.interpreter), "");
                folded.push(Op::Return { from: label }, "");
            }
            _ => {}
        }
    }
    // Nothing of it is accessed by its own offset alone any more.
    folded.word_bytes = 0;
    spill::to_places(&folded, &cells.homes())
}

/// The slot that holds the number of a place.
pub(crate) const PLACE: &str = "place";

/// What others need of the interpreter.
struct Names {
    place: Slot,
    interpreter: Label,
    places: Label,
}

impl Names {
    fn number(&self, program: &mut Program, outside: &Outside, label: Label) {
        let why = program.labels[usize::from(label.0)].clone();
        let value = Arg::Const(outside.places[&label] as i64);
        program.push(Op::Set { to: self.place, value }, format!("{why}, in the bytecode"));
    }
}

fn reads_frame(codes: &[Reasoned], cells: &Cells) -> bool {
    let frame = cells.spare.frame;
    codes.iter().any(|(code, _)| {
        let mut found = false;
        code.clone().cells(|cell, _, _| found |= *cell == frame);
        found
    })
}
