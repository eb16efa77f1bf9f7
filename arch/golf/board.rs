//! The template with what has been put into it so far, and the way back.

use super::template::{Class, ClassId, Template};

/// What a move changed: which class, and how it was.
struct Change {
    class: usize,
    was: Class,
    was_taken: bool,
}

/// The bytes of a file in the making. Bytes behind the template have classes of their own, made when they are needed.
pub(super) struct Board {
    cells: Vec<ClassId>,
    classes: Vec<Class>,
    /// Classes that somebody has put something into.
    taken: Vec<bool>,
    /// Offset behind the last byte that is in use, or that the file has to have.
    pub(super) end: u32,
    header: u32,
    changes: Vec<Change>,
}

/// Where a board was.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    changes: usize,
    end: u32,
}

impl Board {
    pub(super) fn new(template: &Template) -> Self {
        let (cells, classes) = (template.cells.clone(), template.classes.clone());
        let taken = vec![false; classes.len()];
        let header = cells.len() as u32;
        Self { cells, classes, taken, end: template.least_bytes, header, changes: Vec::new() }
    }

    /// Offset behind the template.
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
        self.get(at) == Class::FREE
    }

    /// Is there something of a byte left to decide?
    pub(super) fn can_hold(&self, at: u32) -> bool {
        let class = self.get(at);
        !class.late && class.decided != 0xff
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { changes: self.changes.len(), end: self.end }
    }

    /// Undoes everything since then.
    pub(super) fn back(&mut self, to: Mark) {
        while self.changes.len() > to.changes {
            let change = self.changes.pop().expect("there is one");
            self.classes[change.class] = change.was;
            self.taken[change.class] = change.was_taken;
        }
        self.end = to.end;
    }

    /// Puts a byte there; `None` stands for one that is known later and can be nobody else's.
    pub(super) fn put(&mut self, at: u32, byte: Option<u8>) -> bool {
        let class = self.class(at);
        let was = self.classes[class];
        let now = match byte {
            Some(value) if !was.late && (was.value ^ value) & was.decided == 0 => Class::fixed(value),
            None if was == Class::FREE => Class::LATE,
            _ => return false,
        };
        self.changes.push(Change { class, was, was_taken: self.taken[class] });
        self.classes[class] = now;
        self.taken[class] = true;
        self.end = self.end.max(at + 1);
        true
    }

    /// Puts several bytes there, all or none.
    pub(super) fn put_all(&mut self, at: u32, bytes: &[Option<u8>]) -> bool {
        let mark = self.mark();
        let fits = bytes.iter().zip(at..).all(|(&byte, at)| self.put(at, byte));
        if !fits {
            self.back(mark);
        }
        fits
    }

    /// Fills in a byte that was left for later, or looks whether it is so already.
    pub(super) fn settle(&mut self, at: u32, value: u8) -> bool {
        let class = self.class(at);
        let was = self.classes[class];
        if was.late && self.taken[class] {
            self.changes.push(Change { class, was, was_taken: true });
            self.classes[class] = Class::fixed(value);
            return true;
        }
        was.decided == 0xff && was.value == value
    }

    /// Free bytes below an offset.
    pub(super) fn free_below(&self, end: u32) -> u32 {
        (0..end).filter(|&at| self.is_free(at)).count() as u32
    }

    /// The bytes up to the end, none where nobody has decided anything.
    pub(super) fn bytes(&self) -> Vec<Option<u8>> {
        let byte = |at| {
            let class = self.get(at);
            (class.decided != 0 && !class.late).then_some(class.value & class.decided)
        };
        (0..self.end).map(byte).collect()
    }

    /// Which bytes of the template are in use: equal for boards on which the same is possible.
    pub(super) fn occupancy(&self) -> u128 {
        (0..self.header.min(128)).filter(|&at| !self.is_free(at)).fold(0, |bits, at| bits | 1 << at)
    }

    /// Is the byte put there by somebody, not by the template?
    pub(super) fn is_taken(&self, at: u32) -> bool {
        self.cells.get(at as usize).is_some_and(|&class| self.taken[usize::from(class)])
    }
}
