//! Data of a program: what it reads, and what it may write to.

use std::borrow::Cow;

use super::entities::{DatumId, Label};
use super::reference::Ref;

/// A piece of a datum.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// So many bytes that nothing reads.
    Ignored(u32),
    /// A number of the machine's word size, in its byte order.
    Word(u64),
    /// The address of a place in the code, a word.
    Code(Label),
    /// The address of a place in the code, 4 bytes: all addresses are below 2 GiB.
    CodeAddress(Label),
    /// The address of another datum's byte, 4 bytes.
    DatumAddress {
        /// Which datum.
        datum: DatumId,
        /// Bytes from its start.
        offset: u32,
    },
    /// The address of the state's byte of this offset, 4 bytes.
    StateAddress(u32),
}

impl Part {
    /// Its length in bytes for words of this size.
    pub fn len_bytes(&self, word_bytes: u32) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Ignored(bytes) => u64::from(*bytes),
            Self::Word(_) | Self::Code(_) => u64::from(word_bytes),
            Self::CodeAddress(_) | Self::DatumAddress { .. } | Self::StateAddress(_) => 4,
        }
    }
}

/// Data, read-only or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datum {
    /// What it is, for the listing.
    pub name: String,
    /// Its content.
    pub parts: Vec<Part>,
    /// Bytes after it that the kernel copies and ignores: they must be in memory, whatever they are.
    pub overread_bytes: u32,
    /// May the program write to it?
    pub writable: bool,
    /// Its address is a multiple of this power of two.
    pub align: u32,
    /// It has no bytes of its own: it is what stands in another datum, so many bytes from that one's start.
    pub within: Option<(DatumId, u32)>,
}

impl Datum {
    /// Its length in bytes for words of this size.
    pub fn len_bytes(&self, word_bytes: u32) -> u64 {
        self.parts.iter().map(|part| part.len_bytes(word_bytes)).sum()
    }

    /// Its bytes for words of this size; `address` tells where things are. None if an address does not fit its place.
    pub fn bytes(&self, word_bytes: u32, address: &dyn Fn(Ref) -> u64) -> Option<Cow<'_, [u8]>> {
        // What is served can be large.
        if let [Part::Bytes(bytes)] = self.parts.as_slice() {
            return Some(Cow::Borrowed(bytes));
        }
        let word = |value: u64| Some(value.to_le_bytes()[..word_bytes as usize].to_vec());
        let four = |value: u64| Some(u32::try_from(value).ok()?.to_le_bytes().to_vec());
        let part = |part: &Part| match *part {
            Part::Bytes(ref bytes) => Some(bytes.clone()),
            Part::Ignored(bytes) => Some(vec![0; bytes as usize]),
            Part::Word(value) => word(value),
            Part::Code(label) => word(address(Ref::Code(label))),
            Part::CodeAddress(label) => four(address(Ref::Code(label))),
            Part::DatumAddress { datum, offset } => four(address(Ref::Data(datum)) + u64::from(offset)),
            Part::StateAddress(offset) => four(address(Ref::State(offset))),
        };
        self.parts.iter().map(part).collect::<Option<Vec<_>>>().map(|parts| Cow::Owned(parts.concat()))
    }

    /// Does it hold the address of this datum, or stand in it?
    pub(crate) fn refers_to(&self, id: DatumId) -> bool {
        self.within.is_some_and(|(datum, _)| datum == id)
            || self.parts.iter().any(|part| matches!(part, Part::DatumAddress { datum, .. } if *datum == id))
    }
}
