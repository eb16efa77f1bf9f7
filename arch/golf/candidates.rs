//! Candidates: the selections of a program that are worth placing.
//!
//! Problem: the shortest selection need not make the smallest file. Data that need no place of their own, and words
//! that are in the file already, are worth more than their bytes say.
//! Strategy: a portfolio. The search over choices runs with and without pushed data, with and without exchanges, and
//! with speculative choices; each start gives a family of equally short selections made of different pieces.
//! Cost: so many compilations as its budget of tries says.

use std::collections::BTreeMap;

use super::tune::{Cost, every, tune};
use super::{Stop, least_bytes_at};
use crate::CompileError;
use crate::choice::Rule;
use crate::choice::{Answers, Question, STACK, Tuning, WORDS};
use crate::isa;
use crate::mach::code::{Code, Unit};
use crate::op::{Datum, Program};
use crate::target::Target;

/// What is to be selected, and how.
struct Selection<'a> {
    target: &'static Target,
    program: &'a Program,
    base: u64,
    /// Of equally short ones so many are kept.
    most: usize,
    /// Ends it early.
    stop: &'a Stop<'a>,
}

/// Every way to select a program's instructions that a search of so many tries finds to be of the fewest bytes, at this
/// load address: those that push data and those that do not apart. Only small programs are searched; of others there is
/// the usual way alone. `likely` are numbers of two bytes that stand in the header. Where `stop` says so, each family
/// ends with its first.
pub fn selections(
    target: &'static Target,
    program: &Program,
    base: u64,
    (tries, most): (usize, usize),
    (without, likely): (Option<Rule>, &[u16]),
    stop: &Stop,
) -> Result<Vec<Vec<Code>>, CompileError> {
    let usual = crate::compile_tuned(target, program, &Tuning::usual(base, without))?;
    if tries == 0 || program.has_routines() {
        return Ok(vec![vec![usual]]);
    }
    let selection = Selection { target, program, base, most, stop };
    let (near, tuning) = selection.tuned(Answers::new(), without.as_slice())?;
    if !is_small(&usual) {
        // Where addresses have more than 32 bits, the usual way may not do.
        return Ok(vec![vec![near, usual]]);
    }
    let starts = selection.starts(&tuning, without)?;
    let hopes = hopes(&tuning, &starts[0], likely);
    // An exchange is the shortest of all constants, and often leaves the next one nothing to be made from.
    let mut lacks = vec![Vec::from_iter(without)];
    if without != Some(Rule::Exchange) && isa::golf_of(target).has_exchange() {
        lacks.push(without.into_iter().chain([Rule::Exchange]).collect());
    }
    let mut families = Vec::new();
    for without in &lacks {
        for start in &starts {
            families.push(selection.family(start, tries, without)?);
        }
    }
    // They share the templates of those that they were made from.
    for hope in &hopes {
        let family = selection.family(hope, tries / 2, &lacks[0])?;
        families[0].extend(family);
    }
    let least = families.iter().flatten().map(|code| selection.bytes(code)).min();
    if least.is_none_or(|least| selection.bytes(&usual) <= least) {
        families.push(vec![usual]);
    }
    Ok(families)
}

impl Selection<'_> {
    fn tuned(&self, answers: Answers, without: &[Rule]) -> Result<(Code, Tuning), CompileError> {
        let tuning = Tuning::golf(self.base, answers, without.into());
        crate::compile_tuned(self.target, self.program, &tuning).map(|code| (code, tuning))
    }

    fn bytes(&self, code: &Code) -> usize {
        least_bytes_at(self.target, self.program, code, self.base) as usize
    }

    /// Answers to begin with: data pushed, data kept, each pair of words that may be in a header.
    fn starts(&self, tuning: &Tuning, without: Option<Rule>) -> Result<Vec<Answers>, CompileError> {
        let pushes = tuning.asked().into_iter().filter(|((_, kind), _)| *kind == STACK);
        let all: Answers = pushes.map(|(question, _)| (question, 1)).collect();
        let none: Answers = all.keys().map(|question| (*question, 0)).collect();
        let mut starts = if all.is_empty() { vec![all] } else { vec![all, none] };
        let words = tuning.asked().into_iter().filter(|((_, kind), _)| *kind == WORDS);
        for answers in words.flat_map(|(question, ways)| (1..ways).map(move |way| Answers::from([(question, way)]))) {
            let (code, _) = self.tuned(answers.clone(), without.as_slice())?;
            if code.brought.iter().all(|(_, datum)| is_likely(datum)) {
                starts.push(answers);
            }
        }
        Ok(starts)
    }

    /// The shortest selections with these answers.
    fn family(&self, fixed: &Answers, tries: usize, without: &[Rule]) -> Result<Vec<Code>, CompileError> {
        let mut is_first = true;
        let answers = tune(tries, self.most, fixed, |answers| {
            if !std::mem::take(&mut is_first) && (self.stop)() {
                return None;
            }
            let (code, tuning) = self.tuned(answers.clone(), without).ok()?;
            let bytes = self.bytes(&code).saturating_sub(tuning.hoped_bytes());
            Some(Cost { bytes, asked: tuning.asked(), pieces: pieces(&code, self.base) })
        });
        answers.into_iter().map(|answers| self.tuned(answers, without).map(|(code, _)| code)).collect()
    }
}

/// These answers with each hope alone, and with all of them if they are several.
fn hopes(tuning: &Tuning, start: &Answers, likely: &[u16]) -> Vec<Answers> {
    let hopes = tuning.hopes().into_iter().filter(|(_, number)| likely.contains(number));
    let hopes: Vec<Question> = hopes.map(|(question, _)| question).collect();
    let together = (hopes.len() > 1).then(|| hopes.clone());
    let sets = hopes.iter().map(|one| vec![*one]).chain(together);
    sets.map(|set| start.clone().into_iter().chain(set.into_iter().map(|question| (question, 1))).collect()).collect()
}

/// Is it likely to be in some header already? Most of what is known of headers is 0.
fn is_likely(brought: &Datum) -> bool {
    let bytes = brought.bytes(0, &|_| 0).unwrap_or_default();
    bytes.iter().skip(1).all(|byte| *byte == 0)
}

/// Every selection of a program's instructions that there is, each with the fewest bytes that it needs; of those that are
/// made of the same pieces one. None if there are more to try than instructions may be selected, or `stop` says so.
pub fn every_selection(
    target: &'static Target,
    program: &Program,
    base: u64,
    instructions: usize,
    stop: &Stop,
) -> Option<Vec<(u32, Code)>> {
    let usual = crate::compile(target, program).ok()?;
    if program.has_routines() || !is_small(&usual) {
        return None;
    }
    let tries = instructions / usual.units.len().max(1);
    let mut found: BTreeMap<Vec<u8>, (u32, Code)> = BTreeMap::new();
    for without in [&[][..], &[Rule::Exchange]] {
        let is_whole = every(tries, base, without, |tuning| {
            // More registers than there are: no selection.
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
