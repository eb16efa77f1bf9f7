//! Where the program headers may overlap the ELF header: where the claims of their fields agree
//! ([`super::claims`](mod@super::claims)) and the rules accept the file.

use std::sync::{Mutex, PoisonError};

use asmgen_arch::Target;

use super::claims::{Claim, claims, ehdr_claims, overlap};
use super::fields::{self, Field, LOWEST_ADDRESS};
use super::header::header;
use super::layout::{Contents, Layout, Writable, segments};
use super::loader::Tier;
use super::verify::{Refusal, verify};

/// Bits of `p_offset` and `p_vaddr` that may follow from what lies below them, the same in both.
const SKEW: u64 = 0xfff;
/// Bits of `p_vaddr` that are the load address's own.
const BASE: u64 = 0x7fff_0000;

/// A place for the program headers, and what speaks against it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The layout it gives.
    pub layout: Layout,
    /// Bytes for which two fields need different values.
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

/// A byte for which two fields need different values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Its offset in the file.
    pub offset: u32,
    /// The two fields.
    pub fields: [String; 2],
}

/// The layout of a tier for a target: the smallest headers that all the tier's loaders accept. Programs that write to
/// memory beside the stack have a second segment.
///
/// # Panics
/// If there is none. A test covers every tier and target.
pub fn layout(tier: Tier, target: &'static Target, writable: bool) -> Layout {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (tier, target.name, writable);
    if let Some((_, layout)) = found.iter().find(|(other, _)| *other == key) {
        return layout.clone();
    }
    let feasible = candidates(tier, target, writable).find(Candidate::is_feasible);
    let layout = feasible.unwrap_or_else(|| panic!("no header overlay suits {tier} on {}", target.name)).layout;
    found.push((key, layout.clone()));
    layout
}

/// The layouts that were found: every build of a program asks for one again.
static FOUND: Mutex<Vec<(Key, Layout)>> = Mutex::new(Vec::new());

/// A layout's loaders and its target; and whether it has a second segment.
type Key = (Tier, &'static str, bool);

/// Every place for the program headers from 4, after the magic, to the end of the ELF header, in that order. `writable`
/// asks for a second segment.
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

/// Chooses the load address and `p_offset` so that `p_vaddr` and `p_offset` agree with the fields below them. They are
/// the smallest that do, or the smallest of all if none does.
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
