//! Candidates: the selections of a program that are worth placing.
//!
//! Problem: the shortest selection need not make the smallest file. Data that need no place of their own, and words
//! that are in the file already, are worth more than their bytes say.
//! Strategy: a portfolio. The search over choices runs with and without pushed data, with and without exchanges, and
//! with speculative choices. Each start gives equally short selections that are made of different pieces.
//! Cost: as many compilations as its budget of tries says.

use std::collections::BTreeMap;

use super::size::least_bytes_at;
use super::task::Stop;
use super::tune::{Cost, every, tune};
use crate::CompileError;
use crate::choice::Rule;
use crate::choice::{ChoicePoint, Decisions, STACK, Tuning, WORDS};
use crate::ir::op::{Datum, Program};
use crate::isa;
use crate::mach::code::{Code, Unit};
use crate::target::Target;

/// What the search compiles, and how.
struct Selection<'a> {
    target: &'static Target,
    program: &'a Program,
    base: u64,
    /// How many equally short selections it keeps.
    most: usize,
    /// Ends it early.
    stop: &'a Stop<'a>,
}

/// The shortest selections of a program's instructions for a load address, in groups by the choices that they began
/// with. The search has `tries` compilations for each start, and keeps `most` equally short ones. It searches small
/// programs only; others have one selection, the usual one. `likely` are numbers of two bytes that headers contain. If
/// `stop` returns true, each start ends with its first selection.
///
/// # Errors
/// The program does not compile.
pub fn selections(
    target: &'static Target,
    program: &Program,
    base: u64,
    (tries, most): (usize, usize),
    (without, likely): (Option<Rule>, &[u16]),
    stop: &Stop,
) -> Result<Vec<Vec<Code>>, CompileError> {
    let usual = crate::compile_tuned(target, program, &Tuning::usual(base, without))?;
    if tries == 0 || program.has_frame_register() {
        return Ok(vec![vec![usual]]);
    }
    let selection = Selection { target, program, base, most, stop };
    let (near, tuning) = selection.tuned(Decisions::new(), without.as_slice())?;
    if !is_small(&usual) {
        // Addresses of more than 32 bits may need the other selection.
        return Ok(vec![vec![near, usual]]);
    }
    let starts = selection.starts(&tuning, without)?;
    let speculative = speculations(&tuning, &starts[0], likely);
    // An exchange is the shortest of all constants, and often leaves the next one nothing to be made from.
    let mut lacks = vec![Vec::from_iter(without)];
    if without != Some(Rule::Exchange) && isa::golf_of(target).has_exchange() {
        lacks.push(without.into_iter().chain([Rule::Exchange]).collect());
    }
    let mut candidates = Vec::new();
    for without in &lacks {
        for start in &starts {
            candidates.push(selection.candidates(start, tries, without)?);
        }
    }
    // They go into the same templates as the selection that they vary.
    for speculation in &speculative {
        let more = selection.candidates(speculation, tries / 2, &lacks[0])?;
        candidates[0].extend(more);
    }
    let least = candidates.iter().flatten().map(|code| selection.bytes(code)).min();
    if least.is_none_or(|least| selection.bytes(&usual) <= least) {
        candidates.push(vec![usual]);
    }
    Ok(candidates)
}

impl Selection<'_> {
    fn tuned(&self, decisions: Decisions, without: &[Rule]) -> Result<(Code, Tuning), CompileError> {
        let tuning = Tuning::golf(self.base, decisions, without.into());
        crate::compile_tuned(self.target, self.program, &tuning).map(|code| (code, tuning))
    }

    fn bytes(&self, code: &Code) -> usize {
        least_bytes_at(self.target, self.program, code, self.base) as usize
    }

    /// Decisions to begin with: all data pushed, no data pushed, each pair of words that a header may contain.
    fn starts(&self, tuning: &Tuning, without: Option<Rule>) -> Result<Vec<Decisions>, CompileError> {
        let pushes = tuning.decided().into_iter().filter(|((_, kind), _)| *kind == STACK);
        let all: Decisions = pushes.map(|(point, _)| (point, 1)).collect();
        let none: Decisions = all.keys().map(|point| (*point, 0)).collect();
        let mut starts = if all.is_empty() { vec![all] } else { vec![all, none] };
        let words = tuning.decided().into_iter().filter(|((_, kind), _)| *kind == WORDS);
        for decisions in words.flat_map(|(point, ways)| (1..ways).map(move |way| Decisions::from([(point, way)]))) {
            let (code, _) = self.tuned(decisions.clone(), without.as_slice())?;
            if code.brought.iter().all(|(_, datum)| is_likely(datum)) {
                starts.push(decisions);
            }
        }
        Ok(starts)
    }

    /// The shortest selections with these decisions.
    fn candidates(&self, fixed: &Decisions, tries: usize, without: &[Rule]) -> Result<Vec<Code>, CompileError> {
        let mut is_first = true;
        let decisions = tune(tries, self.most, fixed, |decisions| {
            if !std::mem::take(&mut is_first) && (self.stop)() {
                return None;
            }
            let (code, tuning) = self.tuned(decisions.clone(), without).ok()?;
            let bytes = self.bytes(&code).saturating_sub(tuning.speculative_bytes());
            Some(Cost { bytes, decided: tuning.decided(), pieces: pieces(&code, self.base) })
        });
        decisions.into_iter().map(|decisions| self.tuned(decisions, without).map(|(code, _)| code)).collect()
    }
}

/// These decisions with each speculative choice alone, and with all of them if there are several.
fn speculations(tuning: &Tuning, start: &Decisions, likely: &[u16]) -> Vec<Decisions> {
    let speculations = tuning.speculations().into_iter().filter(|(_, number)| likely.contains(number));
    let speculations: Vec<ChoicePoint> = speculations.map(|(point, _)| point).collect();
    let together = (speculations.len() > 1).then(|| speculations.clone());
    let sets = speculations.iter().map(|one| vec![*one]).chain(together);
    sets.map(|set| start.clone().into_iter().chain(set.into_iter().map(|point| (point, 1))).collect()).collect()
}

/// Is it likely to be in some header already? Most of what is known of headers is 0.
fn is_likely(brought: &Datum) -> bool {
    let bytes = brought.bytes(0, &|_| 0).unwrap_or_default();
    bytes.iter().skip(1).all(|byte| *byte == 0)
}

/// Every selection of a program's instructions, with the fewest bytes that it needs. Of selections that are made of
/// the same pieces it returns one. None if they take more than `instructions` in all, or if `stop` returns true.
pub fn every_selection(
    target: &'static Target,
    program: &Program,
    base: u64,
    instructions: usize,
    stop: &Stop,
) -> Option<Vec<(u32, Code)>> {
    let usual = crate::compile(target, program).ok()?;
    if program.has_frame_register() || !is_small(&usual) {
        return None;
    }
    let tries = instructions / usual.units.len().max(1);
    let mut found: BTreeMap<Vec<u8>, (u32, Code)> = BTreeMap::new();
    for without in [&[][..], &[Rule::Exchange]] {
        let is_whole = every(tries, base, without, |tuning| {
            // Where the registers do not suffice, there is no selection.
            if let Ok(code) = crate::compile_tuned(target, program, tuning) {
                let bytes = least_bytes_at(target, program, &code, base);
                found.entry(pieces(&code, base)).or_insert((bytes, code));
            }
            !stop()
        });
        if !is_whole {
            return None;
        }
    }
    let mut found: Vec<(u32, Code)> = found.into_values().collect();
    found.sort_by_key(|(bytes, _)| *bytes);
    Some(found)
}

/// Lengths of the instructions and their first bytes, in no order, and the data that come with them.
fn pieces(code: &Code, base: u64) -> Vec<u8> {
    let instructions = code.units.iter().filter_map(|unit| match unit {
        Unit::Instruction { instruction, form, .. } => instruction.encode(*form, base, &|_| base).ok().flatten(),
        Unit::Label(_) => None,
    });
    let mut pieces: Vec<[u8; 2]> = instructions.map(|bytes| [bytes.len() as u8, bytes[0]]).collect();
    pieces.sort_unstable();
    let brought = code.brought.iter().flat_map(|(_, datum)| datum.bytes(0, &|_| 0).unwrap_or_default().into_owned());
    pieces.concat().into_iter().chain(brought).collect()
}

/// Is it so small that everything may be tried?
pub fn is_small(code: &Code) -> bool {
    code.units.len() <= SMALL_PROGRAM_UNITS
}

/// Selection is searched for programs of at most so many units.
const SMALL_PROGRAM_UNITS: usize = 120;
