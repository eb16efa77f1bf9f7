//! The fields that mean something here: their numbers, which are bits of what a request has, and lists of names.

/// Fields that say whether a representation is wanted, which variant, and which part of it. These are their bits.
pub(crate) const IF_MATCH: u32 = 1;
pub(crate) const IF_NONE_MATCH: u32 = 2;
pub(crate) const IF_RANGE: u32 = 4;
pub(crate) const RANGE: u32 = 8;
pub(crate) const ACCEPT_ENCODING: u32 = 16;

/// Fields that a request has, as bits, which are their numbers in the list of names.
pub(crate) mod seen {
    /// Conditions and ranges, bits 0 to 3.
    pub(crate) const CONDITIONS: u32 = 0xf;
    /// Fields with a date: their bits. Two bits higher there is one that says that the field does not count.
    pub(crate) const DATES: u32 = 3 << DATES_SHIFT;
    pub(crate) const DATES_SHIFT: u8 = 8;
    /// `Host` and `Content-Length`, which may come once, and `Transfer-Encoding`.
    pub(crate) const HOST: u32 = 0x20;
    pub(crate) const LENGTH: u32 = 0x40;
    pub(crate) const CODING: u32 = 0x80;
}

/// Fields with a date, by their numbers in the list of names.
pub(crate) const UNMODIFIED_SINCE: u32 = 0x11;
pub(crate) const MODIFIED_SINCE: u32 = 0x12;
/// The bit that they have in common. `Connection` and `Accept-Encoding` have it, too: they are looked for first.
pub(crate) const DATED: u32 = 0x10;

/// The bit that a letter has only in lower case.
pub(crate) const LOWER: u8 = 0x20;
/// The bit of a byte of a name that counts in its own case alone.
pub(crate) const EXACT: u8 = 0x80;

/// A list of names, each after its number and before a NUL. A letter in lower case stands for both cases.
pub(crate) fn names(list: &[(u32, &str)]) -> Vec<u8> {
    listed(0, list)
}

/// A list of names in this case.
pub(crate) fn exact_names(list: &[(u32, &str)]) -> Vec<u8> {
    listed(EXACT, list)
}

fn listed(bits: u8, list: &[(u32, &str)]) -> Vec<u8> {
    let name = |name: &str| name.bytes().map(|byte| byte | bits).collect::<Vec<_>>();
    let entry = |(id, text): &(u32, &str)| [&[*id as u8], &name(text)[..], &[0]].concat();
    list.iter().flat_map(entry).chain([0]).collect()
}
