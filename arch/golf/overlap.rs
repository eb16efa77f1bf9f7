//! Overlaps: bytes that code may save where header bytes are part of its instructions.
//!
//! Problem: the lower bound of a search counts on free bytes alone, so it could cut off a file that overlaps the
//! header.
//! Strategy: for each kind of instruction, the most bytes of any encoding that any place in the template has already.
//! Invariant: the sum over all instructions is never too small.

use std::collections::HashMap;

use super::groups;
use super::header_image::HeaderImage;
use super::template::Template;
use crate::isa;
use crate::mach::code::Code;
use crate::target::Target;

/// The encodings of an instruction, the usual one first, each byte as far as it is known.
type Encodings = Vec<Vec<Option<u8>>>;

/// The instructions of several selections, each kind of them once.
pub struct Overlaps {
    kinds: Vec<Encodings>,
    /// For each selection the kinds of its instructions.
    selections: Vec<Vec<usize>>,
}

impl Overlaps {
    /// Of these selections, for a load address.
    pub fn of<'a>(selections: impl Iterator<Item = &'a Code>, base: u64) -> Self {
        let mut known: HashMap<Encodings, usize> = HashMap::new();
        let selections = selections
            .map(|code| {
                // What cannot be encoded has no place, and saves nothing.
                let groups =
                    groups::dependence_groups(code, &vec![0; code.units.len()], base, None).unwrap_or_default();
                let encodings = groups.into_iter().flat_map(|group| group.insts).map(|inst| {
                    let others = inst.others.into_iter().map(|bytes| bytes.into_iter().map(Some).collect());
                    [inst.bytes].into_iter().chain(others).collect::<Encodings>()
                });
                encodings
                    .map(|encodings| {
                        let next = known.len();
                        *known.entry(encodings).or_insert(next)
                    })
                    .collect()
            })
            .collect();
        let mut kinds: Vec<(Encodings, usize)> = known.into_iter().collect();
        kinds.sort_unstable_by_key(|(_, number)| *number);
        Self { kinds: kinds.into_iter().map(|(encodings, _)| encodings).collect(), selections }
    }

    /// Bytes that each selection saves at most in a template.
    pub fn in_template(&self, target: &Target, template: &Template) -> Vec<u32> {
        let image = HeaderImage::new(template);
        let align = isa::golf_of(target).alignment();
        let gains: Vec<u32> = self.kinds.iter().map(|kind| gain(kind, &image, align)).collect();
        self.selections.iter().map(|kinds| kinds.iter().map(|kind| gains[*kind]).sum()).collect()
    }
}

/// The most that an instruction saves in any place.
fn gain(encodings: &Encodings, image: &HeaderImage, align: u32) -> u32 {
    let len = encodings[0].len();
    let gain_at = |bytes: &[Option<u8>], at: u32| {
        let free = (at..).take(bytes.len()).filter(|at| image.is_free(*at)).count();
        let fits = free < len && image.may_hold(at, bytes);
        if fits { (len - free) as u32 } else { 0 }
    };
    let places = || (0..image.header()).step_by(align as usize);
    let best = |bytes: &Vec<Option<u8>>| places().map(|at| gain_at(bytes, at)).max().unwrap_or(0);
    encodings.iter().map(best).max().unwrap_or(0)
}
