//! A program's data in the order of their numbers, with an index of their contents.
//!
//! Equal data are there once. The index finds them in one step. Without it, a program with thousands of data would
//! compare each new datum with all before it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::ops::Deref;

use super::data::{Datum, Part};
use super::entities::DatumId;

/// The data of a program.
#[derive(Clone, Debug, Default)]
pub struct DataTable {
    data: Vec<Datum>,
    /// The numbers of the data with a given hash of their parts; of the first `indexed` data.
    by_parts: HashMap<u64, Vec<u32>>,
    /// The same for places in other data.
    by_place: HashMap<(DatumId, u32), DatumId>,
    indexed: usize,
    hasher: RandomState,
}

impl PartialEq for DataTable {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

impl Eq for DataTable {}

impl Deref for DataTable {
    type Target = [Datum];

    fn deref(&self) -> &[Datum] {
        &self.data
    }
}

impl DataTable {
    /// Adds a datum, and returns its number.
    ///
    /// # Panics
    /// The 2^32nd datum.
    pub fn push(&mut self, datum: Datum) -> DatumId {
        self.data.push(datum);
        DatumId(u32::try_from(self.data.len() - 1).expect("a program has fewer than 2^32 data"))
    }

    /// The first datum with these parts that is read-only and a datum of its own. It has at least so many bytes after
    /// it that the kernel may copy.
    pub(crate) fn same(&mut self, parts: &Vec<Part>, overread_bytes: u32) -> Option<DatumId> {
        self.index();
        let numbers = self.by_parts.get(&self.hasher.hash_one(parts))?;
        let is_same = |&&number: &&u32| {
            let datum = &self.data[number as usize];
            !datum.writable && datum.parts == *parts && datum.overread_bytes >= overread_bytes
        };
        numbers.iter().find(is_same).map(|&number| DatumId(number))
    }

    /// The datum that is this place in another one.
    pub(crate) fn within(&mut self, datum: DatumId, offset: u32) -> Option<DatumId> {
        self.index();
        self.by_place.get(&(datum, offset)).copied()
    }

    /// Sets what a datum's address is a multiple of.
    pub(crate) fn align_mut(&mut self, datum: DatumId) -> &mut u32 {
        &mut self.data[datum.at()].align
    }

    /// The data, to be changed in any way; the index is made anew when it is next wanted.
    pub(crate) fn all_mut(&mut self) -> &mut Vec<Datum> {
        self.by_parts.clear();
        self.by_place.clear();
        self.indexed = 0;
        &mut self.data
    }

    /// Takes the data into the index that are not in it.
    fn index(&mut self) {
        for (number, datum) in self.data.iter().enumerate().skip(self.indexed) {
            match datum.within {
                Some(place) => drop(self.by_place.entry(place).or_insert(DatumId(number as u32))),
                None => self.by_parts.entry(self.hasher.hash_one(&datum.parts)).or_default().push(number as u32),
            }
        }
        self.indexed = self.data.len();
    }
}

impl<'a> IntoIterator for &'a DataTable {
    type Item = &'a Datum;
    type IntoIter = std::slice::Iter<'a, Datum>;

    fn into_iter(self) -> Self::IntoIter {
        self.data.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::op::Program;

    #[test]
    fn equal_data_are_there_once() {
        let mut program = Program::default();
        let bytes = |byte: u8| vec![Part::Bytes(vec![byte; 3])];
        let one = program.datum("one", bytes(1), 0);
        assert_eq!(program.datum("the same", bytes(1), 0), one);
        let overread = program.datum("with more behind it", bytes(1), 8);
        assert_ne!(overread, one, "the first has nothing behind it that the kernel may copy");
        assert_eq!(program.datum("with less", bytes(1), 4), overread);
        assert_ne!(program.writable_datum("writable", bytes(2)), program.datum("read", bytes(2), 0));
        let place = program.datum_within(one, 2);
        assert_eq!((program.datum_within(one, 2), program.data[place.at()].within), (place, Some((one, 2))));
        program.data_mut()[one.at()].parts = bytes(3);
        assert_eq!(program.datum("what it has become", bytes(3), 0), one);
        assert_eq!(program.data.len(), 5);
    }
}
