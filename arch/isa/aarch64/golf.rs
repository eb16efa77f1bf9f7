//! What the search for small files asks of A64: a word of a header that is a branch.

use crate::choice::Rule;
use crate::isa::golf::{FileBytes, GolfIsa, Way};

pub(crate) struct A64Golf;

impl GolfIsa for A64Golf {
    fn alignment(&self) -> u32 {
        4
    }

    fn jump_bytes(&self) -> u32 {
        4
    }

    fn jump(&self, at: u32, to: u32) -> Option<Vec<u8>> {
        let words = (i64::from(to) - i64::from(at)) / 4;
        Some((0x1400_0000 | words as u32 & 0x03ff_ffff).to_le_bytes().into()) // B label
    }

    fn runs_through(&self, file: &dyn FileBytes, at: u32, _dead_register: Option<u8>) -> Vec<Way> {
        branch_in_header(file, at)
    }

    fn has_one_length(&self) -> bool {
        true
    }

    fn has_exchange(&self) -> bool {
        false
    }

    fn useful_bases(&self) -> &'static [u64] {
        // The lower word of an address that begins with 14 is B label.
        &[0x1400_0000]
    }
}

/// A word of the header that is a branch: `B label`, 000101 imm26.
fn branch_in_header(file: &dyn FileBytes, at: u32) -> Vec<Way> {
    let word = [0, 1, 2, 3].map(|by| file.value(at + by).filter(|_| !file.is_taken(at + by)));
    let [Some(a), Some(b), Some(c), Some(d)] = word else { return Vec::new() };
    let word = u32::from_le_bytes([a, b, c, d]);
    let by = (word << 6) as i32 >> 4;
    // No code stands after the file's end.
    let in_file = |to: &u32| *to <= file.end().max(file.header()) && file.is_free(*to);
    let Some(to) = at.checked_add_signed(by).filter(in_file) else { return Vec::new() };
    if word >> 26 != 0b00_0101 || at >= file.header() {
        return Vec::new();
    }
    let why = "a number of the header that is a branch";
    vec![Way { put: Vec::new(), covers: 4, to, changes_flags: false, prefixed: false, rule: Rule::Branch, why }]
}
