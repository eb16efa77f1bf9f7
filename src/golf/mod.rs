//! Golf: the smallest file, by search. Code and data go into the bytes of the headers that no loader of the layout
//! reads. The search tries which headers, and where. The rules that judge any file judge the result.
//!
//! Searches are bounded by counts of places and instructions (`limits.rs`), never by a clock: the same input gives the
//! same file on every machine. docs/search.md has the decisions. Instructions are known to `asmgen_arch::golf` alone.

mod bound;
mod image;
mod limits;
pub mod records;
pub mod report;
mod watch;

use std::collections::BTreeMap;

pub use asmgen_arch::golf::Rule;
pub use watch::{Bound, Progress, Watch};

use asmgen_arch::golf::{self, Packed, Task, Template};
use asmgen_arch::op::{Datum, Part, Program as Ops};
use asmgen_arch::{Class, Code, Target};

use self::limits::Limits;
use crate::elf::Tier;
use crate::elf::template::{self, Choice};
use crate::error::BuildError;
use crate::image::Image;
use crate::options::{Effort, Options};

/// How many searches for registers and for the order of blocks an effort has.
pub(crate) fn searches(effort: Effort) -> usize {
    Limits::of(effort).searches
}

/// Most operations of a program that is searched. A longer one could save little beside its length, and would take
/// minutes. The labels of its calls, which are counted after its own, would not fit into 16 bits.
const SEARCHED_INSTS_MAX: usize = 4096;

/// A smaller image of a lowered program than `plain`, which is its plain layout, if the search finds one. `hint` is the
/// choice that made it smallest: for a program that differs in a number or two, it is the one to try.
///
/// # Errors
/// The machine cannot do what the program asks for.
pub(crate) fn smaller(
    ops: &Ops,
    options: Options,
    plain: &Image,
    hint: &mut Option<Choice>,
    watch: &mut Watch,
) -> Result<Option<Image>, BuildError> {
    let row = Limits::of(options.effort);
    if ops.insts.len() > SEARCHED_INSTS_MAX
        || row.places[0] == 0
        || ops.has_writable_memory()
        || options.tier == Tier::Strict
    {
        return Ok(None);
    }
    let best_bytes = plain.bytes.len() as u32;
    // Every place takes as long as there are bytes.
    let scale = 1 + u64::from(best_bytes) / SCALE_BYTES;
    let stop = watch.stop();
    let mut search = Search { ops, options, stop, scale, left: row.places[0] / scale, best_bytes, best: None };
    let mut promising = Vec::new();
    let mut selected: Vec<Vec<Code>> = Vec::new();
    let mut bases: Vec<u64> = Vec::new();
    for base in template::bases(options.target) {
        let is_enough = watch.is_stopped() && search.best.is_some();
        if is_enough || hint.is_some_and(|hint| hint.base != base) {
            continue;
        }
        let most = (row.tries, row.selections);
        let candidates = golf::selections(options.target, ops, base, most, (options.without, &template::NUMBERS), stop);
        for codes in candidates.map_err(|source| BuildError::Compile { target: options.target.name, source })? {
            let found = search.glance(base, *hint, &codes[0])?;
            promising.extend(found.into_iter().map(|found| (found, selected.len())));
            selected.push(codes);
            bases.push(base);
            watch.tell(0, search.best_bytes);
        }
    }
    search.look(promising, &selected, watch)?;

    if hint.is_none() && selected.iter().flatten().all(golf::is_small) {
        search.bound(bases.into_iter().zip(selected).collect(), watch)?;
    }
    *hint = search.best.as_ref().map(|(_, choice)| *choice);
    Ok(search.best.map(|(packed, choice)| image::image(options, &packed, choice)).transpose()?)
}

/// What the load address is made of: nothing but itself, or also data. Of a large program too few templates are glanced
/// at for both.
fn addresses<'a>(target: &Target, is_small: bool, starts: Option<&'a [u32]>) -> Vec<Option<&'a [u32]>> {
    match starts {
        Some(_) if is_small => vec![None, starts],
        Some(_) if target.class == Class::Bits32 => vec![starts],
        _ => vec![None],
    }
}

/// The numbers that its data begin with, as the lowest 2 bytes of an address.
fn starts(ops: &Ops) -> Vec<u32> {
    let start = |datum: &Datum| match datum.parts.first() {
        Some(Part::Bytes(bytes)) if bytes.len() >= 2 => Some(u32::from(u16::from_le_bytes([bytes[0], bytes[1]]))),
        _ => None,
    };
    ops.data.iter().filter_map(start).collect()
}

/// Places to start at that get a longer look, of the templates that differ in nothing else.
const ENTRIES_OF_A_LAYOUT: usize = 2;
/// Programs of so many bytes are no longer small.
const SCALE_BYTES: u64 = 1536;
/// Bytes that code and data save beyond what may be expected of a header: for a first look, and for a longer one.
const MARGINS: [u32; 2] = [0, 2];
/// Fewer places find nothing.
const LEAST_PLACES: u64 = 50;
/// Of a large program so many templates for each promising one are glanced at: those that leave the most free bytes.
const GLANCES_AT_LARGE: usize = 10;

struct Search<'a> {
    ops: &'a Ops,
    options: Options,
    /// Ends it early.
    stop: &'a golf::Stop<'a>,
    /// Places are looked at this much less often than in a small program.
    scale: u64,
    left: u64,
    best_bytes: u32,
    best: Option<(Packed, Choice)>,
}

/// A template that something was found in.
struct Promising {
    bytes: u32,
    bound: u32,
    choice: Choice,
    template: Template,
}

impl Search<'_> {
    /// The templates at a load address, also those that data make.
    fn templates(&self, base: u64, is_small: bool) -> Vec<(Choice, Template)> {
        let Options { target, tier, without, .. } = self.options;
        let starts = (without != Some(Rule::Address)).then(|| starts(self.ops));
        let addresses = addresses(target, is_small, starts.as_deref());
        addresses.into_iter().flat_map(|starts| template::templates(base, tier, target, starts)).collect()
    }

    /// A glance at each template at a load address, or at the one that was the best before.
    fn glance(&mut self, base: u64, hint: Option<Choice>, code: &Code) -> Result<Vec<Promising>, BuildError> {
        let target = self.options.target;
        let row = Limits::of(self.options.effort);
        let least = golf::least_bytes(target, self.ops, code);
        let mut bounded: Vec<_> = self
            .templates(base, golf::is_small(code))
            .into_iter()
            .filter(|(choice, _)| hint.is_none_or(|hint| hint == *choice))
            .filter_map(|(choice, template)| Some((golf::lower_bound(target, &template, least)?, choice, template)))
            .filter(|(bound, ..)| *bound < self.best_bytes)
            .collect();
        if !golf::is_small(code) {
            bounded.sort_by_key(|(bound, choice, _)| (*bound, choice.program_header, choice.entry));
            bounded.truncate(GLANCES_AT_LARGE * row.promising);
        }
        let mut promising = Vec::new();
        for (bound, choice, template) in bounded {
            let found = self.try_choice(choice, &template, code, (row.glance, MARGINS[0]), u32::MAX)?;
            promising.extend(found.map(|bytes| Promising { bytes, bound, choice, template }));
        }
        Ok(promising)
    }

    /// Longer looks at those that came out small and could be smaller yet, a few of each layout and selection.
    fn look(
        &mut self,
        mut promising: Vec<(Promising, usize)>,
        selected: &[Vec<Code>],
        watch: &Watch,
    ) -> Result<(), BuildError> {
        let row = Limits::of(self.options.effort);
        let each = row.places[1];
        let places = (row.places[0] / self.scale).max(1);
        promising.sort_by_key(|(one, _)| (one.bytes + 2 * one.bound, one.choice.program_header, one.choice.entry));
        let mut seen: BTreeMap<(Choice, usize), usize> = BTreeMap::new();
        promising.retain(|(one, codes)| {
            let of_layout = seen.entry((Choice { entry: 0, ..one.choice }, *codes)).or_default();
            *of_layout += 1;
            *of_layout <= ENTRIES_OF_A_LAYOUT
        });
        for (each, most, margin) in [(each / 8, row.promising, MARGINS[0]), (each, row.promising / 4, MARGINS[1])] {
            for (one, codes) in promising.iter().take(most) {
                for code in &selected[*codes] {
                    if one.bound < self.best_bytes && self.left > 0 && !watch.is_stopped() {
                        self.try_choice(one.choice, &one.template, code, (each, margin), self.best_bytes)?;
                        watch.tell(500 - 500 * self.left / places, self.best_bytes);
                    }
                }
            }
        }
        Ok(())
    }

    /// Bytes of the smallest file with this choice, if there is one.
    fn try_choice(
        &mut self,
        choice: Choice,
        template: &Template,
        code: &Code,
        (each, margin): (u64, u32),
        below: u32,
    ) -> Result<Option<u32>, BuildError> {
        let budget = (each / self.scale).max(LEAST_PLACES);
        Ok(self.pack(choice, template, code, (budget, below, Some(margin)))?.0)
    }

    /// Looks at all that a choice could make smaller than what is known. Did the places suffice?
    fn look_whole(&mut self, choice: Choice, template: &Template, code: &Code) -> Result<bool, BuildError> {
        Ok(self.pack(choice, template, code, (self.left, self.best_bytes, None))?.1)
    }

    /// Bytes of the smallest file found below so many bytes, and whether the places sufficed to look at all.
    fn pack(
        &mut self,
        choice: Choice,
        template: &Template,
        code: &Code,
        (budget, below_bytes, margin): (u64, u32, Option<u32>),
    ) -> Result<(Option<u32>, bool), BuildError> {
        let Options { target, tier, without, .. } = self.options;
        let complete = |bytes: &[Option<u8>]| template::complete(tier, target, choice, bytes);
        let task = Task {
            target,
            program: self.ops,
            code,
            template,
            below_bytes,
            budget,
            pruning_margin: margin,
            without,
            complete: &complete,
            stop: self.stop,
        };
        let outcome = golf::pack(&task).map_err(|source| BuildError::Compile { target: target.name, source })?;
        self.left -= outcome.looked_at.min(self.left);
        let bytes = outcome.packed.as_ref().map(|packed| packed.bytes.len() as u32);
        if let Some(packed) = outcome.packed.filter(|packed| packed.bytes.len() < self.best_bytes as usize) {
            self.best_bytes = packed.bytes.len() as u32;
            self.best = Some((packed, choice));
        }
        Ok((bytes, outcome.is_whole))
    }
}
