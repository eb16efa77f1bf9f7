//! The header with what has been put into it so far, and a trail to undo it.
//!
//! Invariant: the trail has every change, so `undo_to` restores any saved state exactly. Bytes that must be equal are
//! one class, and a decision about one of them holds for all.
//! Cost: a change and its undoing are constant; nothing is copied.

use super::template::{Class, ClassId, Template};
use crate::isa::golf::FileBytes;

/// An entry of the trail: which class, and what it was.
struct Change {
    class: usize,
    was: Class,
    was_taken: bool,
}

/// The bytes of a file in the making. Bytes after the template get classes of their own when the search needs them.
pub(super) struct HeaderImage {
    cells: Vec<ClassId>,
    classes: Vec<Class>,
    /// Classes that code or data occupy.
    taken: Vec<bool>,
    /// Offset after the last byte that is in use, or that the file has to have.
    pub(super) end: u32,
    header: u32,
    /// The free bytes of the template, a bit each.
    free: u128,
    /// The bytes of each of its classes, a bit each.
    of_class: Vec<u128>,
    /// Bytes of classes that have bytes before them.
    twins: u128,
    /// Bytes after the template that are in use.
    used_behind: u32,
    changes: Vec<Change>,
}

/// Longest template: a bit for each of its bytes.
const TEMPLATE_BYTES: usize = 128;

/// Of FNV-1a: spreads a byte over a number.
const PRIME: u64 = 0x100_0000_01b3;

/// A state of the image that the search can return to.
#[derive(Clone, Copy)]
pub(super) struct SavePoint {
    changes: usize,
    end: u32,
}

impl HeaderImage {
    pub(super) fn new(template: &Template) -> Self {
        let (cells, classes) = (template.cells.clone(), template.classes.clone());
        let taken = vec![false; classes.len()];
        let header = cells.len() as u32;
        assert!(cells.len() <= TEMPLATE_BYTES, "the headers of a file are no longer");
        let mut of_class = vec![0; classes.len()];
        let (mut free, mut twins) = (0, 0);
        for (at, &class) in cells.iter().enumerate() {
            twins |= u128::from(of_class[usize::from(class)] != 0) << at;
            of_class[usize::from(class)] |= 1 << at;
            free |= u128::from(classes[usize::from(class)] == Class::FREE) << at;
        }
        let (end, changes) = (template.least_bytes, Vec::new());
        Self { cells, classes, taken, end, header, free, of_class, twins, used_behind: 0, changes }
    }

    /// Sets the value of a class, and counts the free bytes.
    fn set(&mut self, class: usize, now: Class, taken: bool) {
        let was_free = self.classes[class] == Class::FREE;
        let is_free = now == Class::FREE;
        match (was_free != is_free, self.of_class.get(class)) {
            (true, Some(bits)) if is_free => self.free |= bits,
            (true, Some(bits)) => self.free &= !bits,
            (true, None) if is_free => self.used_behind -= 1,
            (true, None) => self.used_behind += 1,
            (false, _) => {}
        }
        self.classes[class] = now;
        self.taken[class] = taken;
    }

    /// Offset after the template.
    pub(super) fn header(&self) -> u32 {
        self.header
    }

    fn class(&mut self, at: u32) -> usize {
        while self.cells.len() <= at as usize {
            self.cells.push(self.classes.len() as ClassId);
            self.classes.push(Class::FREE);
            self.taken.push(false);
        }
        usize::from(self.cells[at as usize])
    }

    /// What is known of a byte.
    pub(super) fn get(&self, at: u32) -> Class {
        self.cells.get(at as usize).map_or(Class::FREE, |&class| self.classes[usize::from(class)])
    }

    /// The value of a byte of which all is known.
    pub(super) fn value(&self, at: u32) -> Option<u8> {
        let class = self.get(at);
        (class.decided == 0xff && !class.late).then_some(class.value)
    }

    /// May any value be put here?
    pub(super) fn is_free(&self, at: u32) -> bool {
        if at < self.header { self.free >> at & 1 == 1 } else { self.get(at) == Class::FREE }
    }

    /// Is there something of a byte left to decide?
    pub(super) fn can_hold(&self, at: u32) -> bool {
        let class = self.get(at);
        !class.late && class.decided != 0xff
    }

    pub(super) fn save(&self) -> SavePoint {
        SavePoint { changes: self.changes.len(), end: self.end }
    }

    /// Free bytes that have been used since then.
    pub(super) fn used_since(&self, saved: SavePoint) -> u32 {
        self.changes[saved.changes..].iter().filter(|change| change.was == Class::FREE).count() as u32
    }

    /// Undoes everything since then.
    pub(super) fn undo_to(&mut self, to: SavePoint) {
        while self.changes.len() > to.changes {
            let change = self.changes.pop().expect("there is one");
            self.set(change.class, change.was, change.was_taken);
        }
        self.end = to.end;
    }

    /// Puts a byte there. `None` is a byte that becomes known later; it shares its place with nothing.
    pub(super) fn put(&mut self, at: u32, byte: Option<u8>) -> bool {
        let class = self.class(at);
        let was = self.classes[class];
        let now = match byte {
            Some(value) if !was.late && (was.value ^ value) & was.decided == 0 => Class::fixed(value),
            None if was == Class::FREE => Class::LATE,
            _ => return false,
        };
        self.changes.push(Change { class, was, was_taken: self.taken[class] });
        self.set(class, now, true);
        self.end = self.end.max(at + 1);
        true
    }

    /// Puts several bytes there, all or none.
    pub(super) fn put_all(&mut self, at: u32, bytes: &[Option<u8>]) -> bool {
        let saved = self.save();
        let fits = bytes.iter().zip(at..).all(|(&byte, at)| self.put(at, byte));
        if !fits {
            self.undo_to(saved);
        }
        fits
    }

    /// Can the bytes go there? It does not look at classes of several bytes, which must agree.
    pub(super) fn may_hold(&self, at: u32, bytes: &[Option<u8>]) -> bool {
        let agrees = |(byte, at): (&Option<u8>, u32)| {
            let class = self.get(at);
            byte.map_or(class == Class::FREE, |value| !class.late && (class.value ^ value) & class.decided == 0)
        };
        bytes.iter().zip(at..).all(agrees)
    }

    /// Sets a byte that was left for later, or checks that it has this value already.
    pub(super) fn settle(&mut self, at: u32, value: u8) -> bool {
        let class = self.class(at);
        let was = self.classes[class];
        if was.late && self.taken[class] {
            self.changes.push(Change { class, was, was_taken: true });
            self.set(class, Class::fixed(value), true);
            return true;
        }
        was.decided == 0xff && was.value == value
    }

    /// Free bytes below the file's end.
    pub(super) fn free_below_end(&self) -> u32 {
        let below = self.end.min(self.header);
        let bits = if below == 0 { 0 } else { self.free & (u128::MAX >> (TEMPLATE_BYTES as u32 - below)) };
        bits.count_ones() + (self.end - below).saturating_sub(self.used_behind)
    }

    /// The same, without those of the template that stand in runs of fewer than so many.
    pub(super) fn free_in_runs(&self, least: u32) -> u32 {
        let below = self.end.min(self.header);
        let mut bits = if below == 0 { 0 } else { self.free & (u128::MAX >> (TEMPLATE_BYTES as u32 - below)) };
        let mut sum = (self.end - below).saturating_sub(self.used_behind);
        while bits != 0 {
            bits >>= bits.trailing_zeros();
            let run = bits.trailing_ones();
            sum += if run >= least { run } else { 0 };
            bits = bits.checked_shr(run).unwrap_or(0);
        }
        sum
    }

    /// The bytes that probably find room below the file's end. Of equal bytes only one is used. Of each run of free
    /// bytes one is lost on the way to the next run, unless a datum is short enough to fit.
    pub(super) fn room_below_end(&self, least_datum: u32) -> u32 {
        let below = self.end.min(self.header);
        let all = if below == 0 { 0 } else { self.free & (u128::MAX >> (TEMPLATE_BYTES as u32 - below)) };
        let mut bits = all & !self.twins;
        let (mut sum, mut at) = ((self.end - below).saturating_sub(self.used_behind), 0);
        while bits != 0 {
            let skipped = bits.trailing_zeros();
            bits >>= skipped;
            let run = bits.trailing_ones();
            at += skipped + run;
            let is_last = at == self.end;
            sum += run - u32::from(!is_last && run < least_datum);
            bits = bits.checked_shr(run).unwrap_or(0);
        }
        sum
    }

    /// The bytes up to the end; `None` where nothing is decided.
    pub(super) fn bytes(&self) -> Vec<Option<u8>> {
        let byte = |at| {
            let class = self.get(at);
            (class.decided != 0 && !class.late).then_some(class.value & class.decided)
        };
        (0..self.end).map(byte).collect()
    }

    /// Which bytes of the template are free: equal for boards on which the same is possible.
    pub(super) fn occupancy(&self) -> u128 {
        self.free
    }

    /// What matters of the bytes that stand in several fields. More than two fields allow few values; two fields only
    /// need a number that is not too large.
    pub(super) fn letters(&self) -> u64 {
        let matters = |(cells, class): (&u128, &Class)| match cells.count_ones() {
            0 | 1 => None,
            2 => Some(class.value & class.decided & 0x80),
            _ => Some(class.value & class.decided),
        };
        let several = self.of_class.iter().zip(&self.classes).filter_map(matters);
        several.fold(0, |all, value| (all ^ u64::from(value)).wrapping_mul(PRIME))
    }

    /// Does code or data occupy the byte? The template's own bytes do not count.
    pub(super) fn is_taken(&self, at: u32) -> bool {
        self.cells.get(at as usize).is_some_and(|&class| self.taken[usize::from(class)])
    }
}

impl FileBytes for HeaderImage {
    fn value(&self, at: u32) -> Option<u8> {
        self.value(at)
    }

    fn is_free(&self, at: u32) -> bool {
        self.is_free(at)
    }

    fn is_taken(&self, at: u32) -> bool {
        self.is_taken(at)
    }

    fn header(&self) -> u32 {
        self.header
    }

    fn end(&self) -> u32 {
        self.end
    }
}
