//! Sizes before any search: the fewest bytes that code and data take, and a lower bound on a file that holds them.
//!
//! Invariant: no file of the rules is smaller, but for the bytes that data share (`MAY_SHARE_BYTES`) and overlaps.

use super::groups::{self, Blob};
use super::header_image::HeaderImage;
use super::template::Template;
use crate::ir::op::{Datum, DatumId, Part, Program};
use crate::isa;
use crate::mach::code::{Code, Unit};
use crate::mach::inst::MachInst;
use crate::target::Target;

/// Bytes that data save at most by lying in each other and in code, as far as the search looks.
pub const MAY_SHARE_BYTES: u32 = 4;

/// The data to place, the longest first: those of the program that the code needs, and those it has brought along.
pub(super) fn blobs_of(target: &'static Target, program: &Program, code: &Code) -> Vec<Blob> {
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
        overread_bytes: datum.overread_bytes,
        align: datum.align.max(code.alignment(id)),
        is_brought: id.at() >= program.data.len(),
    };
    let ids = (0..).map(DatumId);
    let data = ids.zip(program.data.iter()).chain(code.brought.iter().map(|(id, datum)| (*id, datum)));
    let mut blobs: Vec<Blob> = data.map(blob).filter(|blob| code.needs(blob.datum)).collect();
    blobs.sort_by_key(|blob| std::cmp::Reverse(blob.bytes.len()));
    blobs
}

/// Bytes of code and data that a program needs at least.
pub fn least_bytes(target: &'static Target, program: &Program, code: &Code) -> u32 {
    least_bytes_at(target, program, code, u64::from(crate::LOWEST_ADDRESS))
}

/// The same at a load address.
pub fn least_bytes_at(target: &'static Target, program: &Program, code: &Code, base: u64) -> u32 {
    let shortest = |instruction: &dyn MachInst| {
        (0..4)
            .find_map(|form| instruction.encode(form, base, &|_| base).ok().flatten())
            .map_or(4, |bytes| bytes.len() as u32)
    };
    let bytes = |unit: &Unit| match unit {
        Unit::Instruction { instruction, .. } => shortest(instruction.as_ref()),
        Unit::Label(_) => 0,
    };
    let data: u32 = blobs_of(target, program, code).iter().map(groups::least_bytes).sum();
    code.units.iter().map(bytes).sum::<u32>() + data
}

/// The smallest file that holds so many bytes of code and data in a template. None if no code can start at its entry.
pub fn lower_bound(target: &'static Target, template: &Template, bytes: u32) -> Option<u32> {
    let image = HeaderImage::new(template);
    let isa = isa::golf_of(target);
    let align = isa.alignment();
    // A start in the middle of free bytes could as well be at their first.
    let is_start = template.entry < align || !(template.entry - align..template.entry).all(|at| image.is_free(at));
    let runs = is_start
        && template.entry.is_multiple_of(align)
        && (image.can_hold(template.entry) || !isa.runs_through(&image, template.entry, None).is_empty());
    let runs = runs && template.entry < image.header() + align;
    runs.then(|| template.least_bytes + bytes.saturating_sub(image.free_below_end()))
}
