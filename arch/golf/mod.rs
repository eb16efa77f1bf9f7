//! Golf: places code and data in the free bytes of a template, by search.
//!
//! Problem: a header has bytes that no loader reads. Code and data that lie there cost nothing, but code must be in
//! pieces that end in a jump, and each piece must fit.
//! Strategy: branch and bound over the places of instructions, in groups with a free order (`search.rs`, `groups.rs`);
//! data come last (`finish.rs`). Before that, a search over the choices of selection (`candidates.rs`, `tune.rs`).
//! What a search gets and returns is in `task.rs`; `size.rs` bounds sizes before any search.
//! Invariant: it names no machine. What it must know of one, it asks of `GolfIsa` and of `MachInst`; what the
//! template's own bytes mean, it does not know.
//! Cost: exponential in the worst case, so each search has a budget of places.

mod candidates;
mod finish;
mod groups;
mod header_image;
mod overlap;
mod search;
mod size;
mod task;
mod template;
#[cfg(test)]
mod tests;
mod tune;

pub use crate::choice::Rule;
pub use candidates::{every_selection, is_small, selections};
pub use groups::Blob;
pub use overlap::Overlaps;
pub use size::{MAY_SHARE_BYTES, least_bytes, least_bytes_at, lower_bound};
pub use task::{Complete, Outcome, Packed, Stop, Task};
pub use template::{Class, ClassId, Template};

use std::collections::BTreeSet;

use self::search::Search;
use self::size::blobs_of;
use self::task::Goal;
use crate::CompileError;
use crate::isa;
use crate::mach::code::Unit;
use crate::target::Target;

/// Jumps are made longer so often, then the search gives up.
const GROWTHS: usize = 64;

/// Makes a search.
///
/// # Errors
/// An instruction that cannot be encoded.
pub fn pack(task: &Task) -> Result<Outcome, CompileError> {
    let blobs = blobs_of(task.target, task.program, task.code);
    let data: usize = blobs.iter().map(|blob| blob.bytes.len()).sum();
    let overlaps = task.pruning_margin.is_none().then(|| Overlaps::of([task.code].into_iter(), task.template.base));
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
        let groups = groups::dependence_groups(task.code, &forms, task.template.base, task.without)?;
        let goal = Goal { task, groups: &groups, blobs: &blobs, forms: &forms, dead_register, may_share };
        let mut search = Search::new(&goal);
        search.run();
        outcome.looked_at += task.budget - search.budget;
        outcome.is_whole &= search.budget > 0 && !search.is_long() && task.pruning_margin.is_none();
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

/// Load addresses that let code run through header words.
pub fn useful_bases(target: &Target) -> &'static [u64] {
    isa::golf_of(target).useful_bases()
}
