//! Where the bytes of a file are put: everyone claims theirs, and nobody may change another's.

use asmgen_arch::Target;

use crate::image::{Claim, Image, Load, Owner};

/// A file in the making.
#[derive(Clone, Debug, Default)]
pub struct Canvas {
    bytes: Vec<Option<u8>>,
    claims: Vec<Claim>,
}

/// Two owners want different values of one byte, or none wants it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanvasError {
    /// Two owners disagree.
    #[error("byte {offset:#x} is {first_value:#04x} for {first} and {second_value:#04x} for {second}")]
    Conflict {
        /// Offset of the byte.
        offset: u32,
        /// Who claimed it first.
        first: Box<Owner>,
        /// With this value.
        first_value: u8,
        /// Who claims it too.
        second: Box<Owner>,
        /// With this value.
        second_value: u8,
    },
    /// A byte that nobody owns.
    #[error("byte {offset:#x} has no owner")]
    Unowned {
        /// Offset of the byte.
        offset: u32,
    },
}

impl Canvas {
    /// Claims a run of bytes from `offset`. Bytes that are there already must have the same values.
    ///
    /// # Errors
    /// Another owner has put another value there; nothing is claimed then.
    pub fn claim(&mut self, offset: u32, bytes: &[u8], owner: Owner) -> Result<(), CanvasError> {
        let start = offset as usize;
        let end = start + bytes.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, None);
        }
        for (at, &value) in (offset..).zip(bytes) {
            if let Some(first_value) = self.bytes[at as usize].filter(|&first| first != value) {
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
        for (place, &value) in self.bytes[start..end].iter_mut().zip(bytes) {
            *place = Some(value);
        }
        if !bytes.is_empty() {
            self.claims.push(Claim { offset, len: bytes.len() as u32, owner });
        }
        Ok(())
    }

    /// Bytes up to the end of the last claim.
    pub fn len(&self) -> u32 {
        self.bytes.len() as u32
    }

    /// Has somebody claimed this byte?
    pub fn is_claimed(&self, at: u32) -> bool {
        self.bytes.get(at as usize).is_some_and(Option::is_some)
    }

    /// Has nobody claimed anything yet?
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
        let unowned = self.bytes.iter().position(Option::is_none);
        if let Some(offset) = unowned {
            return Err(CanvasError::Unowned { offset: offset as u32 });
        }
        let bytes = self.bytes.into_iter().flatten().collect();
        self.claims.sort_by_key(|claim| claim.offset);
        Ok(Image { target, entry, loads, bytes, map: self.claims })
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

    #[test]
    fn a_byte_without_an_owner_is_refused() {
        let mut canvas = Canvas::default();
        canvas.claim(1, &[1], data("late")).unwrap();
        let error = canvas.finish(asmgen_arch::TARGETS[0], 0, Vec::new()).unwrap_err();
        assert_eq!(error, CanvasError::Unowned { offset: 0 });
    }
}
