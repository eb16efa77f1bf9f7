//! Golf: places code and data in the free bytes of a template, by search.
//!
//! Problem: a header has bytes that no loader reads. Code and data that lie there cost nothing, but code must be in
//! pieces that end in a jump, and each piece must fit.
//! Strategy: branch and bound over the places of instructions, in groups whose order is free (`search.rs`, `units.rs`);
//! data come last (`finish.rs`). Before that, a search over the choices of selection (`families.rs`, `tune.rs`).
//! Invariant: it names no machine. What it must know of one, it asks of `GolfIsa` and of `MachInst`; what the
//! template's own bytes mean, it does not know.
//! Cost: exponential in the worst case, so each search has a budget of places.

mod board;
mod families;
mod finish;
mod overlap;
mod search;
mod template;
#[cfg(test)]
mod tests;
mod tune;
mod units;

pub use crate::choice::Rule;
pub use families::{every_selection, is_small, selections};
pub use overlap::Overlaps;
pub use template::{Class, ClassId, Template};
pub use units::Blob;

use std::collections::BTreeSet;

use self::finish::Goal;
use self::search::Search;
use crate::CompileError;
use crate::isa;
use crate::mach::code::{Code, PlacedCode, Unit};
use crate::op::{Datum, DatumId, Part, Program};
use crate::target::Target;

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

/// Asked now and then while a search goes on: is it to end with what it has?
pub type Stop<'a> = dyn Fn() -> bool + 'a;

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
    /// Only likely places are looked at: those where so many bytes more than may be expected find room in the header; none if
    /// every place counts that could hold a smaller file.
    pub slack: Option<u32>,
    /// A rule that is not to be used.
    pub without: Option<Rule>,
    /// Completes a file of these bytes, `None` where nobody has decided yet; none if it will not do.
    pub complete: &'a Complete<'a>,
    /// Ends it early.
    pub stop: &'a Stop<'a>,
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
    let overlaps = task.slack.is_none().then(|| Overlaps::of([task.code].into_iter(), task.template.base));
    let overlap: u32 = overlaps.iter().flat_map(|overlaps| overlaps.in_template(task.target, task.template)).sum();
    let may_share = MAY_SHARE_BYTES.min(data as u32) + overlap;
    let mut outcome = Outcome { packed: None, looked_at: 0, is_whole: true };
    // What cannot be encoded at these addresses cannot be placed here.
    let Ok(mut forms) = forms(task) else { return Ok(outcome) };
    let mut touched = task.code.units.iter().filter_map(|unit| match unit {
        Unit::Instruction { instruction, .. } => Some(instruction.touched_regs()),
        Unit::Label(_) => None,
    });
    let dead_register = isa::golf_of(task.target).dead_register(&mut touched);
    for _ in 0..GROWTHS {
        let groups = units::groups(task.code, &forms, task.template.base, task.without)?;
        let goal = Goal { task, groups: &groups, blobs: &blobs, forms: &forms, dead_register, may_share };
        let mut search = Search::new(&goal);
        search.run();
        outcome.looked_at += task.budget - search.budget;
        outcome.is_whole &= search.budget > 0 && !search.is_long() && task.slack.is_none();
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
    let data = ids.zip(program.data.iter()).chain(code.brought.iter().map(|(id, datum)| (*id, datum)));
    let mut blobs: Vec<Blob> = data.map(blob).filter(|blob| code.needs(blob.datum)).collect();
    blobs.sort_by_key(|blob| std::cmp::Reverse(blob.bytes.len()));
    blobs
}

/// Load addresses that make more of a header than a number: those whose words can be run through.
pub fn useful_bases(target: &Target) -> &'static [u64] {
    isa::golf_of(target).useful_bases()
}

/// Bytes of code and data that a program needs at least.
pub fn least_bytes(target: &'static Target, program: &Program, code: &Code) -> u32 {
    least_bytes_at(target, program, code, u64::from(crate::LOWEST_ADDRESS))
}

/// The same at a load address.
pub fn least_bytes_at(target: &'static Target, program: &Program, code: &Code, base: u64) -> u32 {
    let shortest = |instruction: &dyn crate::mach::inst::MachInst| {
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
    let isa = isa::golf_of(target);
    let align = isa.alignment();
    // Whoever starts in the middle of free bytes could start at their first.
    let is_start = template.entry < align || !(template.entry - align..template.entry).all(|at| board.is_free(at));
    let runs = is_start
        && template.entry.is_multiple_of(align)
        && (board.can_hold(template.entry) || !isa.runs_through(&board, template.entry, None).is_empty());
    let runs = runs && template.entry < board.header() + align;
    runs.then(|| template.least_bytes + bytes.saturating_sub(board.free_below_end()))
}
