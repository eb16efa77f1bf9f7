//! The bytes of a layout's headers for a file of a given size, and what each field says.

use std::ops::Range;

use asmgen_arch::Target;

use super::claims::{Claim, claimed_bits, claims, claims_for, overlap};
use super::fields::{PF_R, PF_W, PF_X, PT_LOAD};
use super::layout::{Contents, Layout};

/// The fields of all headers of a file.
pub(crate) type Fields = Vec<FieldBytes>;

/// A header field and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldBytes {
    /// Name in the gABI, a program header's with its number (`p_flags[0]`).
    pub name: String,
    /// Offset of its first byte in the file.
    pub offset: u32,
    /// Its bytes. Fields that overlap agree on the bytes they share.
    pub bytes: Vec<u8>,
    /// What the value says here.
    pub meaning: String,
    /// Does any loader of the tier read it?
    pub checked: bool,
}

impl Layout {
    /// Bytes of the headers for code and data, as file offsets: no loader of the tier reads them, and no other header
    /// field needs them. The fields that [`header`] gives for them are zero and not checked.
    pub fn holes(&self) -> Vec<Range<u32>> {
        let claimed = claimed_bits(&claims(self));
        let mut holes: Vec<Range<u32>> = Vec::new();
        for at in (0..self.header_bytes).filter(|at| claimed.get(*at as usize).is_none_or(|bits| *bits == 0)) {
            match holes.last_mut() {
                Some(last) if last.end == at => last.end += 1,
                _ => holes.push(at..at + 1),
            }
        }
        holes
    }
}

/// The header fields of a file with these contents, in the order of their offsets in their headers. Together they
/// cover every byte below [`Layout::header_bytes`].
pub fn header(layout: &Layout, contents: &Contents) -> Vec<FieldBytes> {
    let claims = claims_for(layout, contents);
    let claimed = claimed_bits(&claims);
    let mut bytes = vec![0; layout.header_bytes as usize];
    for claim in &claims {
        for (i, bits) in claim.bits().iter().enumerate() {
            bytes[claim.offset as usize + i] |= claim.value.to_le_bytes()[i] & bits;
        }
    }
    // A bit that no loader reads keeps the field's plain value, unless another field needs the byte.
    for claim in claims.iter().filter(|claim| claim.read) {
        for (i, bits) in claim.bits().iter().enumerate() {
            let at = claim.offset as usize + i;
            if *bits != 0 && claimed[at] == *bits {
                bytes[at] |= claim.value.to_le_bytes()[i] & !bits;
            }
        }
    }
    claims.iter().map(|claim| field_bytes(layout, claim, &claims, &bytes)).collect()
}

fn field_bytes(layout: &Layout, claim: &Claim, claims: &[Claim], bytes: &[u8]) -> FieldBytes {
    let range = claim.range();
    let bytes = bytes[range.start as usize..range.end as usize].to_vec();
    let below: Vec<_> = claims.iter().filter(|other| other.read && overlap(claim, other)).collect();
    let shared = below.iter().map(|other| other.name.as_str()).collect::<Vec<_>>().join(", ");
    let meaning = match (claim.read, below.is_empty()) {
        (true, true) => meaning(layout.target, layout.base, claim.field.name, claim.value),
        (true, false) => {
            format!("{}; overlaid by {shared}", meaning(layout.target, layout.base, claim.field.name, claim.value))
        }
        (false, true) => "free: no loader of the layout reads it".to_owned(),
        (false, false) => format!("free, overlaid by {shared}"),
    };
    FieldBytes { name: claim.name.clone(), offset: claim.offset, bytes, meaning, checked: claim.read }
}

/// What a field's value says, for people.
pub(crate) fn meaning(target: &Target, base: u64, field: &str, value: u64) -> String {
    match field {
        "e_ident[EI_MAG]" => "an ELF file".to_owned(),
        "e_ident[EI_CLASS]" => format!("{}-bit", value * 32),
        "e_ident[EI_DATA]" => "little endian".to_owned(),
        "e_ident[EI_VERSION]" | "e_version" => "version 1".to_owned(),
        "e_ident[EI_OSABI]" => "Linux".to_owned(),
        "e_ident[EI_ABIVERSION..]" => "padding".to_owned(),
        "e_type" => "executable at a fixed address".to_owned(),
        "e_machine" => target.name.to_owned(),
        "e_entry" => format!("first instruction at {value:#x}, file offset {:#x}", value.wrapping_sub(base)),
        "e_phoff" => format!("program headers at {value:#x}"),
        "e_ehsize" => format!("ELF header of {value} bytes"),
        "e_phentsize" => format!("program headers of {value} bytes"),
        "e_phnum" => format!("{value} program header{}", if value == 1 { "" } else { "s" }),
        "e_shentsize" => format!("section headers of {value} bytes"),
        "e_shoff" | "e_shnum" | "e_shstrndx" => "no sections".to_owned(),
        "p_type" if value == PT_LOAD => "segment to load".to_owned(),
        "p_type" => "the stack's flags".to_owned(),
        "p_flags" => flag_names(value),
        "p_offset" => format!("from file offset {value:#x}"),
        "p_vaddr" => format!("at address {value:#x}"),
        "p_filesz" => format!("{value} bytes from the file"),
        "p_memsz" => format!("{value} bytes in memory"),
        "p_align" => format!("pages of {value} bytes"),
        _ => format!("{value:#x}"),
    }
}

/// Flags as `R|X`.
fn flag_names(flags: u64) -> String {
    let set = [(PF_R, "R"), (PF_W, "W"), (PF_X, "X")].into_iter().filter(|(bit, _)| flags & bit != 0);
    set.map(|(_, name)| name).collect::<Vec<_>>().join("|")
}
