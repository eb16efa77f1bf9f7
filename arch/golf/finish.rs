//! The end of a path of the search: data get their places, every byte gets its value, and the caller accepts the file
//! or not.
//!
//! Invariant: what it returns has been encoded again at its final addresses, and agrees with every byte of the header.
//! Cost: linear in the data, for each path that gets here.

use super::groups::Blob;
use super::search::{Added, Search};
use super::task::Packed;
use crate::choice::Rule;
use crate::ir::Ref;
use crate::ir::op::{DatumId, Label};
use crate::isa::golf::PREFIXES;
use crate::mach::code::{Placed, PlacedCode, Unit};

/// Memory is mapped in pages of at least so many bytes; after the file's end the last of them holds zeros.
const PAGE_BYTES: u32 = 4096;
/// To finish takes as long as a place for so many units.
const UNITS_OF_A_PLACE: u64 = 4;
/// Data are tried in every order if there are at most so many.
const ORDERED_DATA: usize = 4;

impl Search<'_> {
    /// Everything of the code is placed.
    pub(super) fn finish(&mut self) {
        // It takes as long as there are instructions, and data to place among them.
        self.budget = self.budget.saturating_sub(self.at.len() as u64 / UNITS_OF_A_PLACE);
        let order: Vec<usize> = (0..self.goal.blobs.len()).collect();
        self.place_data(&order, &mut Vec::new());
    }

    fn place_data(&mut self, left: &[usize], places: &mut Vec<(usize, u32)>) {
        if left.is_empty() {
            return self.settle(places);
        }
        let several = if left.len() <= ORDERED_DATA { left.len() } else { 1 };
        for number in 0..several {
            let mut rest = left.to_vec();
            let blob = rest.remove(number);
            let saved = self.image.save();
            for at in self.places(&self.goal.blobs[blob]) {
                assert!(self.image.put_all(at, &self.goal.blobs[blob].bytes), "the place has been tried");
                // No datum makes the file shorter again.
                if self.trimmed_end() < self.below {
                    places.push((blob, at));
                    self.place_data(&rest, places);
                    places.pop();
                }
                self.image.undo_to(saved);
            }
        }
    }

    /// The best places for a datum: the file grows the least there, and of these the fewest free bytes go. A datum that
    /// the code has brought along has all of them, because one may be in a field that cannot have that value.
    fn places(&mut self, blob: &Blob) -> Vec<u32> {
        let mut best: Vec<((u32, u32), u32)> = Vec::new();
        for at in (0..=self.image.end.next_multiple_of(blob.align)).step_by(blob.align as usize) {
            if !self.image.may_hold(at, &blob.bytes) {
                continue;
            }
            let saved = self.image.save();
            if self.image.put_all(at, &blob.bytes) {
                let used = self.image.used_since(saved);
                if self.goal.task.without == Some(Rule::Share) && used < blob.bytes.len() as u32 {
                    self.image.undo_to(saved);
                    continue;
                }
                let cost = (self.trimmed_end(), if blob.is_brought { 0 } else { used });
                if best.first().is_some_and(|(known, _)| cost < *known) {
                    best.clear();
                }
                if best.first().is_none_or(|(known, _)| cost == *known && blob.is_brought) {
                    best.push((cost, at));
                }
            }
            self.image.undo_to(saved);
        }
        best.into_iter().map(|(_, at)| at).collect()
    }

    /// The file's end: zeros after it are in memory anyway, to the end of the page.
    fn trimmed_end(&self) -> u32 {
        let least = self.goal.task.template.least_bytes;
        let is_zero = |at: &u32| self.image.value(*at) == Some(0) || self.image.is_free(*at);
        let end = (least..self.image.end).rev().find(|at| !is_zero(at));
        end.map_or(least, |at| at + 1)
    }

    /// Gives every byte its value.
    fn settle(&mut self, places: &[(usize, u32)]) {
        let saved = self.image.save();
        if let Some(found) = self.settled(places) {
            self.below = found.bytes.len() as u32;
            self.best = Some(found);
        }
        self.image.undo_to(saved);
    }

    fn settled(&mut self, places: &[(usize, u32)]) -> Option<Packed> {
        let base = self.base()?;
        let instructions = self.encoded(places, base)?;
        let data = self.data_bytes(places, base)?;
        let code = instructions.iter().map(|one| ((one.at - base) as u32, &one.bytes));
        for (at, bytes) in code.chain(data.iter().map(|(_, at, bytes)| (*at, bytes))) {
            bytes.iter().zip(at..).all(|(&byte, at)| self.image.settle(at, byte)).then_some(())?;
        }
        let mut bytes = self.image.bytes();
        bytes.truncate(self.trimmed_end() as usize);
        let bytes = (self.goal.task.complete)(&bytes).filter(|bytes| bytes.len() < self.below as usize)?;
        let ends = instructions.iter().map(|one| (one.at - base) as u32 + one.bytes.len() as u32);
        self.are_mapped(places, ends.max().unwrap_or(0), bytes.len() as u32).then_some(())?;
        let code = self.placed_code(instructions, base, &bytes);
        // What lies after the file's end is 0.
        let in_file = |at: u32, len: usize| (bytes.len() as u32).saturating_sub(at).min(len as u32);
        let task = self.goal.task;
        let named = |&(datum, at, ref bytes): &(DatumId, u32, Vec<u8>)| {
            (task.code.datum(task.program, datum).name.clone(), at, in_file(at, bytes.len()))
        };
        let data = data.iter().map(named).collect();
        Some(Packed { bytes, base, code, data })
    }

    /// Does a file of so many bytes have its code, its data, and what the kernel copies after them in mapped memory?
    fn are_mapped(&self, places: &[(usize, u32)], code_end: u32, file_bytes: u32) -> bool {
        let end = file_bytes.next_multiple_of(PAGE_BYTES);
        let mapped_to = |&(blob, at): &(usize, u32)| {
            let blob = &self.goal.blobs[blob];
            at + blob.bytes.len() as u32 + blob.overread_bytes
        };
        places.iter().map(mapped_to).chain([code_end]).all(|needed| needed <= end)
    }

    /// The data's places and bytes.
    fn data_bytes(&self, places: &[(usize, u32)], base: u64) -> Option<Vec<(DatumId, u32, Vec<u8>)>> {
        let task = self.goal.task;
        let bytes = |&(blob, at): &(usize, u32)| {
            let datum = self.goal.blobs[blob].datum;
            let content = task.code.datum(task.program, datum);
            let bytes = content.bytes(task.target.class.word_bytes(), &|to| self.resolve(to, places, base))?;
            Some((datum, at, bytes.into_owned()))
        };
        places.iter().map(bytes).collect()
    }

    /// The address of what has been placed.
    fn resolve(&self, to: Ref, places: &[(usize, u32)], base: u64) -> u64 {
        let offset = match to {
            Ref::Code(label) => self.label(label),
            Ref::Data(datum) => self.datum_at(places, datum),
            Ref::State(_) | Ref::Image => None,
        };
        base + u64::from(offset.unwrap_or(0))
    }

    fn datum_at(&self, places: &[(usize, u32)], datum: DatumId) -> Option<u32> {
        places.iter().find(|(blob, _)| self.goal.blobs[*blob].datum == datum).map(|(_, at)| *at)
    }

    /// The instructions with everything in its place; none, and a note, if some do not reach.
    fn encoded(&mut self, places: &[(usize, u32)], base: u64) -> Option<Vec<Placed>> {
        let resolve = |to: Ref| self.resolve(to, places, base);
        let (mut instructions, mut too_far) = (Vec::new(), Vec::new());
        let insts = self.goal.groups.iter().flat_map(|group| &group.insts);
        for inst in insts.filter(|inst| inst.label.is_none()) {
            let Unit::Instruction { instruction, why, .. } = &self.goal.task.code.units[inst.unit] else { continue };
            let at = base + u64::from(self.at[inst.unit]?);
            let encoded = match self.other[inst.unit] {
                Some(other) => Some(inst.others[other].clone()),
                None => instruction.encode(self.goal.forms[inst.unit], at, &resolve).ok()?,
            };
            match encoded {
                Some(bytes) => instructions.push(Placed { at, bytes, why: why.clone(), in_frame: None }),
                None => too_far.push(inst.unit),
            }
        }
        let reach = too_far.is_empty();
        self.too_far.extend(too_far);
        reach.then_some(instructions)
    }

    fn placed_code(&self, mut placed: Vec<Placed>, base: u64, bytes: &[u8]) -> PlacedCode {
        let added = |one: &Added| {
            let range = one.at as usize..(one.at as usize + one.bytes.len()).min(bytes.len());
            Placed { at: base + u64::from(one.at), bytes: bytes[range].into(), why: one.why.into(), in_frame: None }
        };
        for one in &self.added {
            let one = added(one);
            let behind = one.at + one.bytes.len() as u64;
            // Prefixes are shown with what they stand before.
            match placed.iter_mut().find(|next| next.at == behind && one.why == PREFIXES) {
                Some(next) => {
                    *next = Placed {
                        at: one.at,
                        bytes: [one.bytes, next.bytes.clone()].concat(),
                        why: next.why.clone(),
                        in_frame: None,
                    };
                }
                None => placed.push(one),
            }
        }
        placed.sort_by_key(|one| one.at);
        let labels = self.labels.iter().enumerate();
        let labels = labels.filter_map(|(number, at)| Some((Label(number as u16), base + u64::from((*at)?)))).collect();
        let end = placed.last().map_or(base, |last| last.at + last.bytes.len() as u64);
        PlacedCode { instructions: placed, labels, end, known: Vec::new() }
    }

    /// The address of the file's first byte.
    fn base(&mut self) -> Option<u64> {
        let mut base = self.goal.task.template.base;
        for &(byte, class) in &self.goal.task.template.base_bytes {
            let at = self.goal.task.template.cells.iter().position(|cell| *cell == class)? as u32;
            if self.image.is_free(at) {
                let default = (base >> (8 * byte)) as u8;
                self.image.put(at, Some(default)).then_some(())?;
            }
            let value = self.image.value(at)?;
            base = base & !(0xff << (8 * byte)) | u64::from(value) << (8 * byte);
        }
        Some(base & !0xfff)
    }
}
