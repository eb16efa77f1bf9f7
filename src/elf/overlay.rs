//! Where the program headers can lie over the ELF header: derived from [`RULES`].
//!
//! Every field claims the bits that the tier's loaders read and that the layout must therefore choose. Two fields may
//! share a byte if they claim the same value for the bits that both claim.

use std::ops::Range;

use asmgen_arch::Target;

use super::fields::{self, Field};
use super::layout::{Contents, Layout, Segment, Writable, header, numbered, segments};
use super::loader::Tier;
use super::rules::{Check, LOWEST_ADDRESS, RULES, Rule};
use super::verify::{Refusal, verify};

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
    fn byte(&self, at: u32) -> [u8; 3] {
        [self.value, self.fixed, self.later].map(|bits| bits.to_le_bytes()[(at - self.offset) as usize])
    }
}

/// The bits of fields whose value is a choice or is known late, where that is not the whole field:
/// name, bits that the layout fixes, bits that are known when the code has been placed.
///
/// Addresses and sizes are below 4 GiB; the image begins in the file's first page; load addresses are multiples of
/// 64 KiB below 2 GiB; only the lowest three flags mean anything (Linux `make_prot`).
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

/// Bits of `p_offset` and `p_vaddr` that may follow from what lies below them, the same in both.
const SKEW: u64 = 0xfff;
/// Bits of `p_vaddr` that are the load address's own.
const BASE: u64 = 0x7fff_0000;

/// A place for the program headers, and what speaks against it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The layout it gives.
    pub layout: Layout,
    /// Bytes that two fields want to have different values.
    pub conflicts: Vec<Conflict>,
    /// Rules that the headers break although their fields agree, like one on the alignment of `e_phoff`.
    pub refusals: Vec<Refusal>,
}

impl Candidate {
    /// Does nothing speak against it?
    pub fn is_feasible(&self) -> bool {
        self.conflicts.is_empty() && self.refusals.is_empty()
    }
}

/// A byte that two fields want to have different values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Its offset in the file.
    pub offset: u32,
    /// The two fields.
    pub fields: [String; 2],
}

/// Every place for the program headers from 4, behind the magic, to the end of the ELF header, in that order.
/// `writable` asks for a second segment.
pub fn candidates(tier: Tier, target: &'static Target, writable: bool) -> impl Iterator<Item = Candidate> {
    (4..=fields::total_bytes(fields::ehdr(target.class))).map(move |offset| candidate(tier, target, writable, offset))
}

fn candidate(tier: Tier, target: &'static Target, writable: bool, offset: u32) -> Candidate {
    let layout = solve(tier, target, writable, offset);
    let conflicts = conflicts(&claims(&layout));
    let refusals = if conflicts.is_empty() { refusals(&layout) } else { Vec::new() };
    Candidate { layout, conflicts, refusals }
}

/// What the tier's loaders have against a file of these headers, a page of code and, if there is writable memory, some.
fn refusals(layout: &Layout) -> Vec<Refusal> {
    let header_bytes = u64::from(layout.header_bytes);
    let read_only_bytes = header_bytes + 0x1000;
    let writable = Writable { file_offset: read_only_bytes, file_bytes: 0x10, memory_bytes: 0x2000 };
    let contents = Contents { entry: layout.base + header_bytes, read_only_bytes, writable };
    let mut file = vec![0; (writable.file_offset + writable.file_bytes) as usize];
    for field in header(layout, &contents) {
        let start = field.offset as usize;
        file[start..start + field.bytes.len()].copy_from_slice(&field.bytes);
    }
    let judges = verify(&file).into_iter().filter(|verdict| layout.tier.loaders().contains(&verdict.loader));
    judges.flat_map(|verdict| verdict.refusals().to_vec()).collect()
}

/// Chooses the load address and `p_offset` so that `p_vaddr` and `p_offset` agree with the fields below them: the
/// smallest that do, or the smallest of all where none does.
fn solve(tier: Tier, target: &'static Target, writable: bool, offset: u32) -> Layout {
    let sizes = [fields::ehdr(target.class), fields::phdr(target.class)].map(fields::total_bytes);
    let with = |base: u64, skew: u64| {
        let segments = segments(tier, target, skew, writable);
        let end = offset + sizes[1] * segments.len() as u32;
        Layout { tier, target, base, program_header_offset: offset, header_bytes: end.max(sizes[0]), segments }
    };
    let plain = with(LOWEST_ADDRESS, 0);
    let below = ehdr_claims(&plain, 0);
    let known = |name: &str| known_below(&below, fields::find(fields::phdr(target.class), name), offset);
    let agrees = |value: u64, bits: u64, (known, fixed): (u64, u64)| (value ^ known) & fixed & bits == 0;
    let (p_offset, p_vaddr) = (known("p_offset"), known("p_vaddr"));
    let skew = (0..=SKEW).find(|skew| agrees(*skew, SKEW, p_offset) && agrees(*skew, SKEW, p_vaddr));
    with(lowest_base(p_vaddr), skew.unwrap_or(0))
}

/// The lowest load address with the bits that are known; where none of them is set, the lowest bit that is free.
fn lowest_base((known, fixed): (u64, u64)) -> u64 {
    let known = known & fixed & BASE;
    let free = !fixed & BASE;
    let lowest_free = free & free.wrapping_neg();
    if known == 0 { lowest_free.max(LOWEST_ADDRESS) } else { known }
}

/// What the claims say of a program header field that lies over them: value and known bits.
fn known_below(claims: &[Claim], field: &Field, program_header_offset: u32) -> (u64, u64) {
    let start = program_header_offset + field.offset;
    let mut known = (0, 0);
    for at in start..start + field.len {
        for claim in claims.iter().filter(|claim| claim.range().contains(&at)) {
            let [value, fixed, _] = claim.byte(at);
            known.0 |= u64::from(value & fixed) << (8 * (at - start));
            known.1 |= u64::from(fixed) << (8 * (at - start));
        }
    }
    known
}

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

fn ehdr_claims(layout: &Layout, entry: u64) -> Vec<Claim> {
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
    let has = move |rule: &Rule| {
        let mut loaders = tier.loaders().iter().filter(|loader| loader.runs(target.machine));
        loaders.any(|loader| rule.source(*loader).is_some())
    };
    RULES.iter().filter(move |rule| has(rule))
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
    let (fixed, later) = rules_of(layout.tier, layout.target)
        .filter(|rule| rule.reads.contains(&field.name))
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

/// The bytes on which two fields differ.
fn conflicts(claims: &[Claim]) -> Vec<Conflict> {
    let mut found = Vec::new();
    for (i, one) in claims.iter().enumerate() {
        for other in claims[i + 1..].iter().filter(|other| overlap(one, other)) {
            let shared = one.range().start.max(other.range().start)..one.range().end.min(other.range().end);
            let differing = shared.filter(|at| differ(one.byte(*at), other.byte(*at)));
            found.extend(differing.map(|offset| Conflict { offset, fields: [one.name.clone(), other.name.clone()] }));
        }
    }
    found
}

/// Can one byte not be both? Each is its value, its fixed and its late bits.
fn differ([a, a_fixed, a_later]: [u8; 3], [b, b_fixed, b_later]: [u8; 3]) -> bool {
    let late = a_later & (b_fixed | b_later) | b_later & a_fixed;
    late | (a ^ b) & a_fixed & b_fixed != 0
}
