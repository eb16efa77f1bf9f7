//! What golf asks of an instruction set: how code continues elsewhere, and which header bytes it can run through.

use crate::choice::Rule;

/// The bytes of a file in the making.
pub(crate) trait FileBytes {
    /// The byte at an offset, if it is known.
    fn value(&self, at: u32) -> Option<u8>;
    /// May anything be put there?
    fn is_free(&self, at: u32) -> bool;
    /// Has code or data been put there?
    fn is_taken(&self, at: u32) -> bool;
    /// Where the headers end.
    fn header(&self) -> u32;
    /// Where the file ends so far.
    fn end(&self) -> u32;
}

/// A way through bytes of the header.
pub(crate) struct Way {
    /// Bytes to put at the cursor.
    pub(crate) put: Vec<u8>,
    /// Bytes that are run on the way, from the cursor.
    pub(crate) covers: u32,
    /// Where execution goes on.
    pub(crate) to: u32,
    /// Does it change the condition flags?
    pub(crate) changes_flags: bool,
    /// Is what follows run with a prefix before it?
    pub(crate) prefixed: bool,
    /// The rule.
    pub(crate) rule: Rule,
    /// What it is, for the listing.
    pub(crate) why: &'static str,
}

/// What prefixes are for.
pub(crate) const PREFIXES: &str = "prefixes that what follows overrides or does not look at";

/// An instruction set, as the search sees it.
pub(crate) trait GolfIsa: Sync {
    /// Instructions are at multiples of so many bytes.
    fn alignment(&self) -> u32;
    /// Bytes of a jump.
    fn jump_bytes(&self) -> u32;
    /// Bytes of a jump from one offset to another; none if it does not reach.
    fn jump(&self, at: u32, to: u32) -> Option<Vec<u8>>;
    /// The ways on from an offset where nothing more fits, or where the bytes are not free.
    fn runs_through(&self, file: &dyn FileBytes, at: u32, dead_register: Option<u8>) -> Vec<Way>;
    /// A register that header bytes may change, because no instruction touches it. Each instruction has a bit for each
    /// register that it touches.
    fn dead_register(&self, _touched: &mut dyn Iterator<Item = u64>) -> Option<u8> {
        None
    }
    /// Does an instruction do the same after the prefixes of [`Way::prefixed`]?
    fn tolerates_prefix(&self, _bytes: &[Option<u8>]) -> bool {
        false
    }
    /// Have all instructions the same length?
    fn has_one_length(&self) -> bool;
    /// Can registers exchange their values in one instruction?
    fn has_exchange(&self) -> bool;
    /// Load addresses that let code run through header words.
    fn useful_bases(&self) -> &'static [u64] {
        &[]
    }
}
