//! Golf: places code and data in the free bytes of a template, by search. It knows what a machine's instructions are and
//! which of them may change places, but not what the template's own bytes mean.

mod board;
mod finish;
mod rules;
mod search;
mod template;
#[cfg(test)]
mod tests;
mod through;
pub(crate) mod tuning;
mod units;

pub use rules::Rule;
pub use template::{Class, ClassId, Template};
pub use units::Blob;
pub(crate) use units::Effects;

use std::collections::{BTreeMap, BTreeSet};

use self::finish::Goal;
use self::search::Search;
use self::tuning::{Answers, Cost, Question, Tuning};
use crate::CompileError;
use crate::code::{Code, PlacedCode, Unit};
use crate::op::{Datum, DatumId, Part, Program};
use crate::target::{Machine, Target};

/// What was found.
#[derive(Clone, Debug)]
pub struct Packed {
    /// The file.
    pub bytes: Vec<u8>,
    /// Address of its first byte.
    pub base: u64,
    /// The instructions and the labels.
    pub code: PlacedCode,
    /// Data: the name, its offset, how many of its bytes the file has (those behind its end are 0).
    pub data: Vec<(String, u32, u32)>,
}

/// How a search ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The smallest file, if one is small enough.
    pub packed: Option<Packed>,
    /// Places looked at.
    pub looked_at: u64,
    /// Was every place looked at that could hold a smaller file?
    pub is_whole: bool,
}

/// Completes a file's bytes.
pub type Complete<'a> = dyn Fn(&[Option<u8>]) -> Option<Vec<u8>> + 'a;

/// A search to make.
pub struct Task<'a> {
    /// The machine.
    pub target: &'static Target,
    /// What the code was made from.
    pub program: &'a Program,
    /// The code.
    pub code: &'a Code,
    /// What it is placed into.
    pub template: &'a Template,
    /// Only a file of fewer bytes counts.
    pub below_bytes: u32,
    /// So many places may be looked at.
    pub budget: u64,
    /// A rule that is not to be used.
    pub without: Option<Rule>,
    /// Completes a file of these bytes, `None` where nobody has decided yet; none if it will not do.
    pub complete: &'a Complete<'a>,
}

/// Jumps are made longer so often, then the search gives up.
const GROWTHS: usize = 64;

/// Makes a search.
///
/// # Errors
/// An instruction that cannot be encoded.
pub fn pack(task: &Task) -> Result<Outcome, CompileError> {
    let blobs = blobs_of(task.target, task.program, task.code);
    let data: usize = blobs.iter().map(|blob| blob.bytes.len()).sum();
    let may_share = MAY_SHARE_BYTES.min(data as u32);
    let mut outcome = Outcome { packed: None, looked_at: 0, is_whole: true };
    // What cannot be encoded at these addresses cannot be placed here.
    let Ok(mut forms) = forms(task) else { return Ok(outcome) };
    let mentions = task.code.units.iter().filter_map(|unit| match unit {
        Unit::Instruction { instruction, .. } => Some(instruction.mentions()),
        Unit::Label(_) => None,
    });
    let spare = through::spare(task.target.machine, mentions);
    for _ in 0..GROWTHS {
        let groups = units::groups(task.code, &forms, task.template.base, task.without)?;
        let goal = Goal { task, groups: &groups, blobs: &blobs, forms: &forms, spare, may_share };
        let mut search = Search::new(&goal);
        search.run();
        outcome.looked_at += task.budget - search.budget;
        outcome.is_whole &= search.budget > 0 && !search.is_long();
        let too_far: BTreeSet<usize> = search.too_far.into_iter().collect();
        // A place for a longer jump is not looked for where the shorter one has a place.
        outcome.is_whole &= too_far.is_empty();
        if search.best.is_some() || too_far.is_empty() {
            outcome.packed = search.best;
            break;
        }
        for unit in too_far {
            forms[unit] += 1;
        }
    }
    Ok(outcome)
}

/// Bytes that data save at most by lying in each other and in code, as far as the search looks.
pub const MAY_SHARE_BYTES: u32 = 4;

/// The forms of the units: the shortest that the template's addresses allow.
fn forms(task: &Task) -> Result<Vec<u8>, CompileError> {
    let (base, entry) = (task.template.base, task.template.base + 4);
    let form = |unit: &Unit| {
        let Unit::Instruction { instruction, form, .. } = unit else { return Ok(0) };
        let mut form = *form;
        while instruction.encode(form, entry, &|_| base)?.is_none() {
            form += 1;
        }
        Ok(form)
    };
    task.code.units.iter().map(form).collect()
}

fn blobs_of(target: &'static Target, program: &Program, code: &Code) -> Vec<Blob> {
    let word_bytes = target.class.word_bytes();
    let bytes = |part: &Part| match part {
        Part::Bytes(bytes) => bytes.iter().copied().map(Some).collect(),
        Part::Ignored(bytes) => vec![Some(0); *bytes as usize],
        Part::Word(value) => value.to_le_bytes()[..word_bytes as usize].iter().copied().map(Some).collect(),
        part => vec![None; part.len_bytes(word_bytes) as usize],
    };
    let blob = |(id, datum): (DatumId, &Datum)| Blob {
        datum: id,
        bytes: datum.parts.iter().flat_map(bytes).collect(),
        ignored_behind: datum.ignored_behind,
        align: datum.align.max(code.alignment(id)),
        is_brought: usize::from(id.0) >= program.data.len(),
    };
    let ids = (0..).map(DatumId);
    let data = ids.zip(&program.data).chain(code.brought.iter().map(|(id, datum)| (*id, datum)));
    let mut blobs: Vec<Blob> = data.map(blob).filter(|blob| code.needs(blob.datum)).collect();
    blobs.sort_by_key(|blob| std::cmp::Reverse(blob.bytes.len()));
    blobs
}

/// Load addresses that make more of a header than a number: those whose words can be run through.
pub fn useful_bases(target: &Target) -> &'static [u64] {
    match target.machine {
        // The lower word of an address that begins with 14 is B label.
        Machine::Aarch64 => &[0x1400_0000],
        Machine::X86_64 | Machine::I386 => &[],
    }
}

/// Bytes of code and data that a program needs at least.
pub fn least_bytes(target: &'static Target, program: &Program, code: &Code) -> u32 {
    least_bytes_at(target, program, code, u64::from(crate::LOWEST_ADDRESS))
}

/// The same at a load address.
pub fn least_bytes_at(target: &'static Target, program: &Program, code: &Code, base: u64) -> u32 {
    let shortest = |instruction: &dyn crate::code::Encode| {
        (0..4)
            .find_map(|form| instruction.encode(form, base, &|_| base).ok().flatten())
            .map_or(4, |bytes| bytes.len() as u32)
    };
    let bytes = |unit: &Unit| match unit {
        Unit::Instruction { instruction, .. } => shortest(instruction.as_ref()),
        Unit::Label(_) => 0,
    };
    let data: u32 = blobs_of(target, program, code).iter().map(units::least_bytes).sum();
    code.units.iter().map(bytes).sum::<u32>() + data
}

/// The smallest size that a file of so many bytes of code and data can have in a template; none if nothing can be run at
/// its entry.
pub fn bound(target: &'static Target, template: &Template, bytes: u32) -> Option<u32> {
    let board = board::Board::new(template);
    let align = through::alignment(target.machine);
    // Whoever starts in the middle of free bytes could start at their first.
    let is_start = template.entry < align || !(template.entry - align..template.entry).all(|at| board.is_free(at));
    let runs = is_start
        && template.entry % align == 0
        && (board.can_hold(template.entry) || !through::ways(target.machine, &board, template.entry, None).is_empty());
    let runs = runs && template.entry < board.header() + align;
    runs.then(|| template.least_bytes + bytes.saturating_sub(board.free_below_end()))
}

/// Every way to select a program's instructions that a search of so many tries finds to be of the fewest bytes, at this
/// load address: those that push data and those that do not apart, because what needs no place is worth more than its
/// bytes say. Only small programs are searched; of others there is the usual way alone.
pub fn selections(
    target: &'static Target,
    program: &Program,
    base: u64,
    (tries, most): (usize, usize),
    (without, likely): (Option<Rule>, &[u16]),
) -> Result<Vec<Vec<Code>>, CompileError> {
    let usual = crate::compile_tuned(target, program, &Tuning::usual(base, without))?;
    if tries == 0 || program.has_subs() {
        return Ok(vec![vec![usual]]);
    }
    let tuned = |answers: Answers, without: &[Rule]| {
        let tuning = Tuning::golf(base, answers, without.into());
        crate::compile_tuned(target, program, &tuning).map(|code| (code, tuning))
    };
    let (near, tuning) = tuned(Answers::new(), without.as_slice())?;
    if !is_small(&usual) {
        // Where addresses have more than 32 bits, the usual way may not do.
        return Ok(vec![vec![near, usual]]);
    }
    let bytes = |code: &Code| least_bytes_at(target, program, code, base) as usize;
    let pushes = tuning.asked().into_iter().filter(|((_, kind), _)| *kind == tuning::STACK);
    let all: Answers = pushes.map(|(question, _)| (question, 1)).collect();
    let none: Answers = all.keys().map(|question| (*question, 0)).collect();
    let mut families = Vec::new();
    let mut starts = if all.is_empty() { vec![all] } else { vec![all, none] };
    let words = tuning.asked().into_iter().filter(|((_, kind), _)| *kind == tuning::WORDS);
    for answers in words.flat_map(|(question, ways)| (1..ways).map(move |way| Answers::from([(question, way)]))) {
        let (code, _) = tuned(answers.clone(), without.as_slice())?;
        if code.brought.iter().all(|(_, datum)| is_likely(datum)) {
            starts.push(answers);
        }
    }
    let hopes: Vec<Question> = tuning
        .hopes()
        .into_iter()
        .filter(|(_, number)| number.is_none_or(|number| likely.contains(&number)))
        .map(|(question, _)| question)
        .collect();
    let hopes = alone_and_together(&hopes).into_iter().map(|hopes| {
        let hopes = hopes.into_iter().map(|question| (question, 1));
        starts[0].iter().map(|(question, answer)| (*question, *answer)).chain(hopes).collect()
    });
    let hopes: Vec<Answers> = hopes.collect();
    // An exchange is the shortest of all constants, and often leaves the next one nothing to be made from.
    let mut lacks = vec![Vec::from_iter(without)];
    if without != Some(Rule::Exchange) && target.machine != Machine::Aarch64 {
        lacks.push(without.into_iter().chain([Rule::Exchange]).collect());
    }
    for without in &lacks {
        for (number, fixed) in starts.iter().enumerate() {
            let mut family = Vec::new();
            let also = if number == 0 { &hopes[..] } else { &[] };
            for fixed in [fixed].into_iter().chain(also) {
                let answers = tuning::tune(tries, most, fixed, |answers| {
                    let (code, tuning) = tuned(answers.clone(), without).ok()?;
                    let bytes = bytes(&code).saturating_sub(tuning.hoped_bytes());
                    Some(Cost { bytes, asked: tuning.asked(), pieces: pieces(&code, base) })
                });
                let codes = answers.into_iter().map(|answers| tuned(answers, without).map(|(code, _)| code));
                family.extend(codes.collect::<Result<Vec<Code>, _>>()?);
            }
            if std::env::var("DBG2").is_ok() { for code in &family { let mut line = format!("{base:x} {without:?} {number} {}: ", bytes(code)); for unit in &code.units { if let Unit::Instruction { instruction, form, .. } = unit { let b = instruction.encode(*form, base, &|_| base).ok().flatten().unwrap_or_default(); for x in b { line += &format!("{x:02x}"); } line.push(' '); } } eprintln!("{line}"); } }
            families.push(family);
        }
    }
    let least = families.iter().flatten().map(bytes).min();
    if least.is_none_or(|least| bytes(&usual) <= least) {
        families.push(vec![usual]);
    }
    Ok(families)
}

/// Each of them, and all of them if they are several.
fn alone_and_together(hopes: &[Question]) -> Vec<Vec<Question>> {
    let together = (hopes.len() > 1).then(|| hopes.to_vec());
    hopes.iter().map(|one| vec![*one]).chain(together).collect()
}

/// Is it likely to be in some header already? Most of what is known of headers is 0.
fn is_likely(brought: &Datum) -> bool {
    let bytes = brought.bytes(0, &|_| 0).unwrap_or_default();
    bytes.iter().skip(1).all(|byte| *byte == 0)
}

/// Every selection of a program's instructions that there is, each with the fewest bytes that it needs; of those that are
/// made of the same pieces one. None if there are more to try than instructions may be selected.
pub fn every_selection(
    target: &'static Target,
    program: &Program,
    base: u64,
    instructions: usize,
) -> Option<Vec<(u32, Code)>> {
    let usual = crate::compile(target, program).ok()?;
    if program.has_subs() || !is_small(&usual) {
        return None;
    }
    let tries = instructions / usual.units.len().max(1);
    let mut found: BTreeMap<Vec<u8>, (u32, Code)> = BTreeMap::new();
    for without in [&[][..], &[Rule::Exchange]] {
        let is_whole = tuning::every(tries, base, without, |tuning| {
            // More registers than there are: no selection.
            if let Ok(code) = crate::compile_tuned(target, program, tuning) {
                let bytes = least_bytes_at(target, program, &code, base);
                found.entry(pieces(&code, base)).or_insert((bytes, code));
            }
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
    let brought = code.brought.iter().flat_map(|(_, datum)| datum.bytes(0, &|_| 0).unwrap_or_default());
    pieces.concat().into_iter().chain(brought).collect()
}

/// Is it so small that everything may be tried?
pub fn is_small(code: &Code) -> bool {
    code.units.len() <= SMALL_PROGRAM_UNITS
}

/// Selection is searched for programs of at most so many units.
const SMALL_PROGRAM_UNITS: usize = 120;
