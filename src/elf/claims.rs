//! Which bits of each header field count: derived from [`RULES`].
//!
//! Every field claims the bits that the tier's loaders read and that the layout must therefore choose. Two fields may
//! share a byte if they claim the same value for the bits that both claim.

use std::ops::Range;

use asmgen_arch::Target;

use super::fields::{self, Field, numbered};
use super::layout::{Contents, Layout, Segment};
use super::loader::Tier;
use super::rules::{Check, RULES, Rule};

/// The bits of a header field that must have their value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The field.
    pub field: &'static Field,
    /// Its name in the file (`p_flags[0]`).
    pub name: String,
    /// Offset of its first byte in the file.
    pub offset: u32,
    /// Its value; in [`claims`], without the bits that are `later`.
    pub value: u64,
    /// Bits of the value that some loader reads and that are known from the layout.
    pub fixed: u64,
    /// Bits that are known only when the code has been placed: they cannot share a byte with anything.
    pub later: u64,
    /// Does any loader of the tier read the field?
    pub read: bool,
}

impl Claim {
    /// The bytes it covers.
    pub fn range(&self) -> Range<u32> {
        self.offset..self.offset + self.field.len
    }

    /// The claimed bits of each of its bytes.
    pub fn bits(&self) -> Vec<u8> {
        (self.fixed | self.later).to_le_bytes()[..self.field.len as usize].to_vec()
    }

    fn given_up(self) -> Self {
        Self { fixed: 0, later: 0, read: false, ..self }
    }

    /// Value, fixed bits and late bits of one of its bytes.
    pub(super) fn byte(&self, at: u32) -> [u8; 3] {
        [self.value, self.fixed, self.later].map(|bits| bits.to_le_bytes()[(at - self.offset) as usize])
    }
}

/// Fields that the layout fixes only in part: name, bits that it fixes, bits that are known when the code has been
/// placed.
///
/// Addresses and sizes are below 4 GiB. The image begins in the file's first page. Load addresses are multiples of 64
/// KiB below 2 GiB. Only the lowest three flags mean anything (Linux `make_prot`).
static PARTIAL: [(&str, u64, u64); 4] = [
    ("e_entry", !0xffff_ffff, 0xffff_ffff),
    ("p_filesz", !0xffff_ffff, 0xffff_ffff),
    ("p_memsz", !0xffff_ffff, 0xffff_ffff),
    ("p_flags", 7, 0),
];

/// The same for those of the second segment: it begins where the read-only data end.
static PARTIAL_WRITABLE: [(&str, u64, u64); 2] =
    [("p_offset", !0xffff_ffff, 0xffff_ffff), ("p_vaddr", !0xffff_ffff, 0xffff_ffff)];

/// What loaders read of the stack marker; its address and file offset mean nothing.
static OF_STACK_MARKER: [&str; 3] = ["p_type", "p_flags", "p_memsz"];

/// The claims of all header fields, before the code has been placed.
pub fn claims(layout: &Layout) -> Vec<Claim> {
    claims_for(layout, &Contents::default())
}

/// The claims of all header fields of a file with these contents.
pub fn claims_for(layout: &Layout, contents: &Contents) -> Vec<Claim> {
    let mut claims = ehdr_claims(layout, contents.entry);
    for (number, segment) in layout.segments.iter().enumerate() {
        claims.extend(phdr_claims(layout, number, *segment, contents));
    }
    claims
}

pub(super) fn ehdr_claims(layout: &Layout, entry: u64) -> Vec<Claim> {
    let claim = |field: &'static Field| {
        let value = layout.ehdr_value(field.name, entry);
        claim(field, field.name.to_owned(), field.offset, value, bits(layout, field, &PARTIAL))
    };
    fields::ehdr(layout.target.class).iter().map(claim).collect()
}

fn phdr_claims(layout: &Layout, number: usize, segment: Segment, contents: &Contents) -> Vec<Claim> {
    let table = fields::phdr(layout.target.class);
    let start = layout.program_header_offset + number as u32 * fields::total_bytes(table);
    let partial = match segment {
        Segment::Writable => [&PARTIAL[..], &PARTIAL_WRITABLE].concat(),
        Segment::Image { .. } | Segment::Stack => PARTIAL.to_vec(),
    };
    let claim = |field: &'static Field| {
        let value = layout.phdr_value(segment, field.name, contents);
        let name = numbered(field, number);
        let claim = claim(field, name, start + field.offset, value, bits(layout, field, &partial));
        match segment {
            Segment::Stack if !OF_STACK_MARKER.contains(&field.name) => claim.given_up(),
            Segment::Stack => Claim { fixed: claim.fixed | claim.later, later: 0, ..claim },
            Segment::Image { .. } | Segment::Writable => claim,
        }
    };
    table.iter().map(claim).collect()
}

fn claim(field: &'static Field, name: String, offset: u32, value: u64, (fixed, later): (u64, u64)) -> Claim {
    Claim { field, name, offset, value, fixed, later, read: fixed | later != 0 }
}

/// Names of the fields that some loader of the tier reads on this machine.
pub(crate) fn read_fields(tier: Tier, target: &Target) -> Vec<&'static str> {
    rules_of(tier, target).flat_map(|rule| rule.reads).copied().collect()
}

/// The rules that some loader of the tier has for this machine.
fn rules_of(tier: Tier, target: &Target) -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(move |rule| has_rule(tier, target, rule))
}

/// Has some loader of the tier this rule for this machine?
fn has_rule(tier: Tier, target: &Target, rule: &Rule) -> bool {
    let mut loaders = tier.loaders().iter().filter(|loader| loader.runs(target.machine));
    loaders.any(|loader| rule.source(*loader).is_some())
}

/// Which bits of a field the tier's rules make count: fixed ones, and late ones.
fn bits(layout: &Layout, field: &Field, partial: &[(&str, u64, u64)]) -> (u64, u64) {
    let whole = u64::MAX >> (64 - 8 * field.len);
    let of_rule = |rule: &Rule| match rule.check {
        Check::OneOf(values) => (common_bits(&values.of(layout.target)), 0),
        Check::Relation(_) => partial
            .iter()
            .find(|(name, ..)| *name == field.name)
            .map_or((u64::MAX, 0), |(_, fixed, later)| (*fixed, *later)),
    };
    // Few rules read one field, and the names of fields are compared faster than loaders are looked up.
    let (fixed, later) = RULES
        .iter()
        .filter(|rule| rule.reads.contains(&field.name) && has_rule(layout.tier, layout.target, rule))
        .map(of_rule)
        .fold((0, 0), |(fixed, later), (more, more_later)| (fixed | more, later | more_later));
    (fixed & whole & !later, later & whole)
}

/// The bits in which all values agree.
fn common_bits(values: &[u64]) -> u64 {
    let differ = values.iter().fold(0, |differ, value| differ | (value ^ values[0]));
    !differ
}

/// For each byte of the headers, the bits that some field claims.
pub fn claimed_bits(claims: &[Claim]) -> Vec<u8> {
    let end = claims.iter().map(|claim| claim.range().end).max().unwrap_or(0);
    let mut all = vec![0; end as usize];
    for claim in claims {
        for (at, bits) in claim.range().zip(claim.bits()) {
            all[at as usize] |= bits;
        }
    }
    all
}

/// Are they two fields that share a byte?
pub fn overlap(one: &Claim, other: &Claim) -> bool {
    let (a, b) = (one.range(), other.range());
    one.name != other.name && a.start < b.end && b.start < a.end
}
