//! Branch and bound over the places of instructions.
//!
//! Problem: groups of instructions go into the free bytes of a header, in any order that their effects allow, with
//! jumps between the pieces.
//! Strategy: depth first, one instruction after the other: here, in another encoding, through header bytes, or after a
//! jump to another hole. A path ends where its lower bound is no better than the best file.
//! Invariant: the lower bound counts free bytes, and what code may share with the header (`overlap.rs`). So it never
//! cuts off a smaller file.
//! Cost: exponential in the worst case; the task's budget limits the places looked at.

use std::collections::HashMap;

use super::groups::{GroupInst, least_bytes};
use super::header_image::HeaderImage;
use super::task::{Goal, Packed};
use crate::choice::Rule;
use crate::ir::op::Label;
use crate::isa;
use crate::isa::golf::GolfIsa;

/// Programs with more units than this are long.
const LONG_PROGRAM_UNITS: usize = 60;

/// A jump or a absorbing instruction that the search adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Added {
    pub(super) at: u32,
    pub(super) bytes: Vec<u8>,
    pub(super) why: &'static str,
}

/// Where the search is.
#[derive(Clone, Copy)]
struct At {
    group: usize,
    /// Instructions of the group that are placed.
    done: u32,
    /// Where execution is; none after a jump.
    cursor: Option<u32>,
    /// Is there a prefix before the cursor?
    prefixed: bool,
}

/// A search in progress.
pub(super) struct Search<'a> {
    isa: &'static dyn GolfIsa,
    pub(super) goal: &'a Goal<'a>,
    pub(super) image: HeaderImage,
    /// Where the units are, by their numbers.
    pub(super) at: Vec<Option<u32>>,
    /// Which of the other encodings a unit has, by its number.
    pub(super) other: Vec<Option<usize>>,
    /// Where the labels are, by their numbers.
    pub(super) labels: Vec<Option<u32>>,
    pub(super) added: Vec<Added>,
    /// Bytes of the insts not placed yet, and of the data.
    left: u32,
    /// Bytes of the data alone, and of the shortest of them.
    data_bytes: u32,
    least_datum_bytes: u32,
    transpositions: HashMap<(usize, u32, u32, u128, u64), u32>,
    /// Places that may still be looked at.
    pub(super) budget: u64,
    pub(super) best: Option<Packed>,
    /// Only what is smaller than this counts.
    pub(super) below: u32,
    /// Units with jumps that did not reach.
    pub(super) too_far: Vec<usize>,
}

/// After so many places a search asks whether it is to end. A glance at a template has fewer, so it is never cut.
const STOP_PLACES: u64 = 4096;

impl<'a> Search<'a> {
    pub(super) fn new(goal: &'a Goal<'a>) -> Self {
        let insts = || goal.groups.iter().flat_map(|group| &group.insts);
        let labels = insts().filter_map(|inst| inst.label).map(number).max().map_or(0, |last| last + 1);
        let code: u32 = insts().map(|inst| inst.bytes.len() as u32).sum();
        let data = || goal.blobs.iter().map(least_bytes);
        let data_bytes = data().sum();
        Self {
            isa: isa::golf_of(goal.task.target),
            goal,
            image: HeaderImage::new(goal.task.template),
            at: vec![None; insts().count()],
            other: vec![None; insts().count()],
            labels: vec![None; labels],
            added: Vec::new(),
            left: code + data_bytes,
            data_bytes,
            least_datum_bytes: data().min().unwrap_or(0),
            transpositions: HashMap::new(),
            budget: goal.task.budget,
            best: None,
            below: goal.task.below_bytes,
            too_far: Vec::new(),
        }
    }

    pub(super) fn run(&mut self) {
        let entry = self.goal.task.template.entry;
        self.go(At { group: 0, done: 0, cursor: Some(entry), prefixed: false });
    }

    /// Are there too many places to try them all?
    pub(super) fn is_long(&self) -> bool {
        self.at.len() > LONG_PROGRAM_UNITS
    }

    /// In a long program a jump that does not reach has to become longer: other places for it are too many to try.
    fn is_hopeless(&self) -> bool {
        self.is_long() && !self.too_far.is_empty()
    }

    /// Code of a long program that has left the header does not go back: what comes now stands in a row.
    fn has_left_header(&self, cursor: Option<u32>) -> bool {
        self.is_long() && cursor.is_some_and(|cursor| cursor >= self.image.header())
    }

    /// The smallest size that what is left allows.
    fn lower_bound(&self, cursor: Option<u32>) -> u32 {
        if self.has_left_header(cursor) {
            // What is free in the header is for data.
            let data = self.data_bytes.saturating_sub(self.image.free_in_runs(self.least_datum_bytes));
            return self.image.end + (self.left - self.data_bytes) + data;
        }
        self.image.end + self.left.saturating_sub(self.image.free_below_end())
    }

    /// Would more have to fit into the free bytes than may be expected, if a search is to look at likely places alone?
    fn is_unlikely(&self, cursor: Option<u32>) -> bool {
        let Some(margin) = self.goal.task.pruning_margin.filter(|_| !self.has_left_header(cursor)) else {
            return false;
        };
        let least_datum = if self.data_bytes == 0 { u32::MAX } else { self.least_datum_bytes };
        let expected = self.image.end + self.left.saturating_sub(self.image.room_below_end(least_datum));
        expected >= self.below.saturating_add(margin)
    }

    fn go(&mut self, at: At) {
        if self.budget % STOP_PLACES == 1 && (self.goal.task.stop)() {
            self.budget = 0;
        }
        if self.budget == 0 || self.is_hopeless() {
            return;
        }
        self.budget -= u64::from(!self.has_left_header(at.cursor));
        let Some(group) = self.goal.groups.get(at.group) else {
            return self.finish();
        };
        if at.done.count_ones() as usize == group.insts.len() {
            return self.go(At { group: at.group + 1, done: 0, ..at });
        }
        // Data may yet share bytes with each other and with code, which the bound does not foresee.
        if self.lower_bound(at.cursor) >= self.below.saturating_add(self.goal.may_share) {
            return;
        }
        if self.is_unlikely(at.cursor) {
            return;
        }
        let Some(cursor) = at.cursor else {
            return self.starts().into_iter().for_each(|start| self.go(At { cursor: Some(start), ..at }));
        };
        if self.was_here(at, cursor) {
            return;
        }
        self.place(at, cursor);
        self.run_through(at, cursor);
        self.jump_to_hole(at, cursor);
    }

    /// Has this place been reached before with the same bytes free, the same letters, and the file no longer than now?
    fn was_here(&mut self, at: At, cursor: u32) -> bool {
        let key =
            (at.group, at.done << 1 | u32::from(at.prefixed), cursor, self.image.occupancy(), self.image.letters());
        let end = self.image.end;
        match self.transpositions.get_mut(&key) {
            Some(before) if *before <= end => true,
            Some(before) => {
                *before = end;
                false
            }
            None => {
                self.transpositions.insert(key, end);
                false
            }
        }
    }

    /// Puts an inst of the group at the cursor.
    fn place(&mut self, at: At, cursor: u32) {
        let group = &self.goal.groups[at.group];
        let mut tried: Vec<(usize, &[Vec<u8>])> = Vec::new();
        for (number, inst) in group.insts.iter().enumerate() {
            let is_next = at.done >> number & 1 == 0 && group.before[number] & !at.done == 0;
            let is_symbolic = inst.bytes.contains(&None);
            let like = (inst.bytes.len(), &inst.others[..]);
            if !is_next || (!is_symbolic && tried.contains(&like) && self.is_roomy(cursor, inst)) {
                continue;
            }
            tried.push(like);
            let after = At { done: at.done | 1 << number, ..at };
            self.put(after, cursor, inst, &inst.bytes, None);
            let others = if self.goal.task.without == Some(Rule::Encoding) { &[][..] } else { &inst.others };
            for (other, bytes) in others.iter().enumerate() {
                let foreign = (cursor..).take(bytes.len()).any(|at| !self.image.is_free(at));
                if foreign {
                    let bytes: Vec<_> = bytes.iter().copied().map(Some).collect();
                    self.put(after, cursor, inst, &bytes, Some(other));
                }
            }
            // In a row any order is as long as any other.
            if self.has_left_header(at.cursor) {
                break;
            }
        }
    }

    /// Does it stand in free bytes, so that its value makes no difference?
    fn is_roomy(&self, cursor: u32, inst: &GroupInst) -> bool {
        (cursor..).take(inst.bytes.len()).all(|at| self.image.is_free(at))
    }

    fn put(&mut self, after: At, cursor: u32, inst: &GroupInst, bytes: &[Option<u8>], other: Option<usize>) {
        if let Some(label) = inst.label {
            self.labels[number(label)] = Some(cursor);
            self.go(after);
            self.labels[number(label)] = None;
            return;
        }
        let aligned = cursor.is_multiple_of(self.isa.alignment());
        if !aligned || (after.prefixed && !self.isa.tolerates_prefix(bytes)) {
            return;
        }
        let saved = self.image.save();
        if self.image.put_all(cursor, bytes) {
            let len = inst.bytes.len() as u32;
            self.at[inst.unit] = Some(cursor);
            self.other[inst.unit] = other;
            self.left -= len;
            let behind = inst.falls_through.then_some(cursor + bytes.len() as u32);
            self.go(At { cursor: behind, prefixed: false, ..after });
            self.left += len;
            self.at[inst.unit] = None;
            self.other[inst.unit] = None;
            self.image.undo_to(saved);
        }
    }

    /// May something stand between what is placed and what comes next?
    fn may_part(&self, at: At) -> (bool, bool) {
        let group = &self.goal.groups[at.group];
        let next = |number: &usize| at.done >> number & 1 == 0;
        let mut next = (0..group.insts.len()).filter(next).map(|number| &group.insts[number]);
        let glued = next.clone().any(|inst| inst.is_glued);
        (!glued, next.any(|inst| inst.flags_wanted))
    }

    /// Goes through bytes that are not free.
    fn run_through(&mut self, at: At, cursor: u32) {
        let (may_part, flags_wanted) = self.may_part(at);
        if !may_part {
            return;
        }
        for way in self.isa.runs_through(&self.image, cursor, self.goal.dead_register) {
            if (way.changes_flags && flags_wanted) || self.goal.task.without == Some(way.rule) {
                continue;
            }
            let saved = self.image.save();
            let bytes: Vec<_> = way.put.iter().copied().map(Some).collect();
            if self.image.put_all(cursor, &bytes) {
                let bytes = (cursor..cursor + way.covers).map(|at| self.image.value(at).unwrap_or(0)).collect();
                self.added.push(Added { at: cursor, bytes, why: way.why });
                self.go(At { cursor: Some(way.to), prefixed: way.prefixed, ..at });
                self.added.pop();
            }
            self.image.undo_to(saved);
        }
    }

    /// Jumps to somewhere else.
    fn jump_to_hole(&mut self, at: At, cursor: u32) {
        let rule = if cursor < self.image.header() { Rule::JumpToHole } else { Rule::Back };
        if !self.may_part(at).0 || self.goal.task.without == Some(rule) {
            return;
        }
        let header = self.image.header();
        // Where instructions have few lengths, words that are left over are seldom too short.
        if cursor >= header && (self.is_long() || !self.isa.has_one_length()) {
            return;
        }
        // Back into the header, and on from there: that is two jumps, and has to hold more.
        let least = 2 * self.isa.jump_bytes();
        let has_room = |start: u32| start + least < header && (start..=start + least).all(|at| self.image.is_free(at));
        let is_elsewhere = |start: &u32| *start != cursor && (cursor < header || has_room(*start));
        let starts: Vec<u32> = self.starts().into_iter().filter(is_elsewhere).collect();
        for start in starts {
            let Some(bytes) = self.isa.jump(cursor, start) else { continue };
            let saved = self.image.save();
            let put: Vec<_> = bytes.iter().copied().map(Some).collect();
            let aligned = cursor.is_multiple_of(self.isa.alignment());
            if aligned && self.image.put_all(cursor, &put) && self.image.is_free(start) {
                self.added.push(Added { at: cursor, bytes, why: "on to the next free bytes" });
                self.go(At { cursor: Some(start), prefixed: false, ..at });
                self.added.pop();
            }
            self.image.undo_to(saved);
        }
    }

    /// Where free bytes begin.
    fn starts(&self) -> Vec<u32> {
        let align = self.isa.alignment();
        let header = self.image.header();
        let begins = |at: &u32| self.image.is_free(*at) && (*at == 0 || !self.image.is_free(at - 1));
        let mut starts: Vec<u32> = (0..header).filter(begins).map(|at| at.next_multiple_of(align)).collect();
        let tail = (0..header).rev().find(|&at| !self.image.is_free(at)).map_or(0, |at| at + 1);
        if tail == header {
            let end = (header..self.image.end).rev().find(|&at| !self.image.is_free(at)).map_or(header, |at| at + 1);
            starts.push(end.next_multiple_of(align));
        }
        starts.retain(|&at| self.image.is_free(at));
        starts.dedup();
        starts
    }

    /// The label's place.
    pub(super) fn label(&self, label: Label) -> Option<u32> {
        self.labels.get(number(label)).copied().flatten()
    }
}

/// A label that stands for no place yet has this number at most.
fn number(label: Label) -> usize {
    usize::from(label.0)
}
