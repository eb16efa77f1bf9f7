//! The bytes of a file and their owners: each part claims its bytes, and no part may change another's.
//!
//! Code, data and headers are made apart from each other, and in small files they overlap. A mistake in a layout would
//! otherwise be a wrong byte in a program that may still run. So two owners may share a byte only if they agree on its
//! value, and every byte of a finished file has at least one owner. What a byte means is not known here.

use asmgen_arch::Target;

use crate::elf::Fields;
use crate::image::{Claim, Image, Load, Owner};

/// Bits of a word of [`Canvas::claimed`].
const WORD_BITS: usize = u64::BITS as usize;

/// A file in the making.
#[derive(Clone, Debug, Default)]
pub struct Canvas {
    /// Bytes without an owner are 0.
    bytes: Vec<u8>,
    /// A bit for each byte: has it an owner?
    claimed: Vec<u64>,
    claims: Vec<Claim>,
}

/// Two owners need different values of one byte, or no owner needs it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanvasError {
    /// Two owners disagree.
    #[error("byte {offset:#x} is {first_value:#04x} for {first} and {second_value:#04x} for {second}")]
    Conflict {
        /// Offset of the byte.
        offset: u32,
        /// The owner that claimed it first.
        first: Box<Owner>,
        /// With this value.
        first_value: u8,
        /// The owner that claims it too.
        second: Box<Owner>,
        /// With this value.
        second_value: u8,
    },
    /// A byte without an owner.
    #[error("byte {offset:#x} has no owner")]
    Unowned {
        /// Offset of the byte.
        offset: u32,
    },
}

impl Canvas {
    /// Claims the fields of headers.
    pub(crate) fn claim_fields(&mut self, fields: Fields) -> Result<(), CanvasError> {
        for field in fields {
            let owner = Owner::Field { name: field.name, meaning: field.meaning };
            self.claim(field.offset, &field.bytes, owner)?;
        }
        Ok(())
    }

    /// Claims a run of bytes from `offset`. Bytes that are there already must have the same values.
    ///
    /// # Errors
    /// Another owner has put another value there; nothing is claimed then.
    pub fn claim(&mut self, offset: u32, bytes: &[u8], owner: Owner) -> Result<(), CanvasError> {
        let start = offset as usize;
        // Most claims begin where the last one ended, and some are as long as what is served: none is there yet.
        let (there, new) = bytes.split_at(self.bytes.len().saturating_sub(start).min(bytes.len()));
        for (at, &value) in (offset..).zip(there) {
            let first_value = self.bytes[at as usize];
            if first_value != value && self.is_claimed(at) {
                let first = Box::new(self.owner(at).clone());
                return Err(CanvasError::Conflict {
                    offset: at,
                    first,
                    first_value,
                    second: Box::new(owner),
                    second_value: value,
                });
            }
        }
        if !there.is_empty() {
            self.bytes[start..start + there.len()].copy_from_slice(there);
        }
        if !new.is_empty() {
            self.bytes.resize(start + there.len(), 0);
            self.bytes.extend_from_slice(new);
        }
        if !bytes.is_empty() {
            self.mark(start, start + bytes.len());
            self.claims.push(Claim { offset, len: bytes.len() as u32, owner });
        }
        Ok(())
    }

    /// Notes that these bytes have an owner, a word of bits at a time.
    fn mark(&mut self, start: usize, end: usize) {
        self.claimed.resize(self.bytes.len().div_ceil(WORD_BITS), 0);
        let mut at = start;
        while at < end {
            let first = at % WORD_BITS;
            let count = (WORD_BITS - first).min(end - at);
            self.claimed[at / WORD_BITS] |= (!0 >> (WORD_BITS - count)) << first;
            at += count;
        }
    }

    /// Bytes up to the end of the last claim.
    pub fn len(&self) -> u32 {
        self.bytes.len() as u32
    }

    /// Has this byte an owner?
    pub fn is_claimed(&self, at: u32) -> bool {
        let at = at as usize;
        self.claimed.get(at / WORD_BITS).is_some_and(|word| word >> (at % WORD_BITS) & 1 != 0)
    }

    /// Has no byte an owner yet?
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn owner(&self, at: u32) -> &Owner {
        let claim = self.claims.iter().find(|claim| (claim.offset..claim.offset + claim.len).contains(&at));
        &claim.expect("a byte with a value has an owner").owner
    }

    /// The finished image.
    ///
    /// # Errors
    /// A byte has no owner.
    pub fn finish(mut self, target: &'static Target, entry: u64, loads: Vec<Load>) -> Result<Image, CanvasError> {
        // The rest of the last word is after the file.
        let words = self.claimed.iter().enumerate().filter(|(_, word)| **word != !0);
        let unowned = words.map(|(at, word)| at * WORD_BITS + word.trailing_ones() as usize).next();
        if let Some(offset) = unowned.filter(|&offset| offset < self.bytes.len()) {
            return Err(CanvasError::Unowned { offset: offset as u32 });
        }
        self.claims.sort_by_key(|claim| claim.offset);
        Ok(Image { target, entry, loads, bytes: self.bytes, labels: Vec::new(), map: self.claims })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(name: &str) -> Owner {
        Owner::Data { name: name.into() }
    }

    #[test]
    fn owners_that_agree_share_a_byte() {
        let mut canvas = Canvas::default();
        canvas.claim(0, &[1, 2], data("first")).unwrap();
        canvas.claim(1, &[2, 3], data("second")).unwrap();
        let image = canvas.finish(asmgen_arch::TARGETS[0], 0, Vec::new()).unwrap();
        assert_eq!(image.bytes, [1, 2, 3]);
        assert_eq!(image.map.len(), 2);
    }

    #[test]
    fn a_conflict_names_both_owners() {
        let mut canvas = Canvas::default();
        canvas.claim(0, &[1, 2], data("first")).unwrap();
        let error = canvas.claim(1, &[9], data("second")).unwrap_err();
        assert_eq!(error.to_string(), "byte 0x1 is 0x02 for data `first` and 0x09 for data `second`");
    }

    /// Claims of every length that begin and end anywhere in a word of bits, against a byte that says so for each.
    #[test]
    fn what_is_claimed_is_known_to_the_byte() {
        for (start, end) in (0..140).flat_map(|start| (start..140).map(move |end| (start, end))) {
            let mut canvas = Canvas::default();
            canvas.claim(start, &vec![7; (end - start) as usize], data("it")).unwrap();
            assert!((0..200).all(|at| canvas.is_claimed(at) == (start..end).contains(&at)), "{start}..{end}");
            assert_eq!(canvas.len(), if start == end { 0 } else { end });
            let result = canvas.finish(asmgen_arch::TARGETS[0], 0, Vec::new());
            let is_unowned = result == Err(CanvasError::Unowned { offset: 0 });
            assert_eq!(is_unowned, start > 0 && start < end, "{start}..{end}");
        }
    }

    #[test]
    fn claims_may_reach_over_the_end_and_into_gaps() {
        let mut canvas = Canvas::default();
        canvas.claim(60, &[1; 10], data("first")).unwrap();
        canvas.claim(68, &[1; 10], data("over the end")).unwrap();
        assert!(canvas.claim(77, &[1, 2, 3], data("over the end too")).is_ok());
        canvas.claim(0, &[0; 61], data("the gap")).unwrap_err();
        canvas.claim(0, &[9; 60], data("the gap")).unwrap();
        let image = canvas.finish(asmgen_arch::TARGETS[0], 0, Vec::new()).unwrap();
        assert_eq!(image.bytes, [vec![9; 60], vec![1; 18], vec![2, 3]].concat());
    }

    #[test]
    fn a_byte_without_an_owner_is_refused() {
        let mut canvas = Canvas::default();
        canvas.claim(1, &[1], data("late")).unwrap();
        let error = canvas.finish(asmgen_arch::TARGETS[0], 0, Vec::new()).unwrap_err();
        assert_eq!(error, CanvasError::Unowned { offset: 0 });
    }
}
