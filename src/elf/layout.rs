//! The headers of an image: where they lie in a tier, and their bytes for a file of a given size.

use std::ops::Range;

use asmgen_arch::{Class, Target};

use super::fields::{self, ET_EXEC, Field, PF_R, PF_W, PF_X, PT_GNU_STACK, PT_LOAD};
use super::loader::{Loader, Tier};
use super::overlay::{self, Claim};
use super::rules::{ELFOSABI_LINUX, MAGIC};

/// Where the headers lie and what they map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Who must accept the file.
    pub tier: Tier,
    /// The machine it is for.
    pub target: &'static Target,
    /// Load address of file offset 0: a multiple of 64 KiB, at least 0x10000 and below 2 GiB.
    pub base: u64,
    /// File offset of the first program header (`e_phoff`).
    pub program_header_offset: u32,
    /// File offset of the first byte after all headers: code may begin here, once aligned for its machine.
    pub header_bytes: u32,
    /// The segments, in the order of their program headers.
    pub segments: Vec<Segment>,
}

/// What the headers say of a file that is known only when code and data have been placed. The file is
/// `[headers][code][read-only data][writable data]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Address of the first instruction.
    pub entry: u64,
    /// Bytes up to the end of the read-only data, headers included.
    pub read_only_bytes: u64,
    /// The second segment; nothing unless the layout has one.
    pub writable: Writable,
}

/// A segment that the program may write to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writable {
    /// File offset of its first byte; its address is [`Layout::writable_address`].
    pub file_offset: u64,
    /// Bytes from the file: at least 1, because older kernels trip over a segment that has none.
    pub file_bytes: u64,
    /// Bytes in memory, at least as many: those behind the bytes from the file are 0 at the start.
    pub memory_bytes: u64,
}

/// What a program header is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// The file in memory up to the end of its read-only data, readable and executable.
    Image {
        /// `p_offset`, less than 4096. What lies before it is mapped too, because pages are mapped whole.
        file_offset: u64,
    },
    /// Data that the program may write to, and zeros behind them.
    Writable,
    /// No memory: a marker whose flags are the stack's.
    Stack,
}

impl Segment {
    /// `p_type`.
    pub const fn p_type(self) -> u64 {
        match self {
            Self::Image { .. } | Self::Writable => PT_LOAD,
            Self::Stack => PT_GNU_STACK,
        }
    }

    /// The lowest three bits of `p_flags`.
    pub const fn flags(self) -> u64 {
        match self {
            Self::Image { .. } => PF_R | PF_X,
            Self::Writable | Self::Stack => PF_R | PF_W,
        }
    }
}

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

/// The layout of a tier for a target: the smallest headers that all the tier's loaders accept, with a second segment
/// for programs that write to memory beside the stack.
///
/// # Panics
/// If there is none. A test covers every tier and target.
pub fn layout(tier: Tier, target: &'static Target, writable: bool) -> Layout {
    let feasible = overlay::candidates(tier, target, writable).find(overlay::Candidate::is_feasible);
    feasible.unwrap_or_else(|| panic!("no header overlay suits {tier} on {}", target.name)).layout
}

impl Layout {
    /// Bytes of the headers that no loader of the tier reads and that no other header field needs, as file offsets:
    /// code and data may lie there. The fields that [`header`] gives for them are zero and not checked.
    pub fn holes(&self) -> Vec<Range<u32>> {
        let claimed = overlay::claimed_bits(&overlay::claims(self));
        let mut holes: Vec<Range<u32>> = Vec::new();
        for at in (0..self.header_bytes).filter(|at| claimed.get(*at as usize).is_none_or(|bits| *bits == 0)) {
            match holes.last_mut() {
                Some(last) if last.end == at => last.end += 1,
                _ => holes.push(at..at + 1),
            }
        }
        holes
    }

    /// The address of a byte of the second segment. It is mapped a page higher than the byte would be in the first:
    /// that is the same place within a page, and the first segment, which ends before, has no byte in that page.
    pub fn writable_address(&self, file_offset: u64) -> u64 {
        self.base + u64::from(self.target.page_align) + file_offset
    }

    /// The value that a field of the ELF header has if a loader reads it.
    pub(super) fn ehdr_value(&self, name: &str, entry: u64) -> u64 {
        let class = self.target.class;
        match name {
            "e_ident[EI_MAG]" => MAGIC,
            "e_ident[EI_CLASS]" => u64::from(class.word_bytes() / 4),
            "e_ident[EI_DATA]" | "e_ident[EI_VERSION]" | "e_version" => 1,
            "e_ident[EI_OSABI]" => ELFOSABI_LINUX,
            "e_type" => ET_EXEC,
            "e_machine" => u64::from(self.target.machine_number),
            "e_entry" => entry,
            "e_phoff" => u64::from(self.program_header_offset),
            "e_ehsize" => u64::from(fields::total_bytes(fields::ehdr(class))),
            "e_phentsize" => u64::from(fields::total_bytes(fields::phdr(class))),
            "e_phnum" => self.segments.len() as u64,
            "e_shentsize" => match class {
                Class::Bits32 => 40,
                Class::Bits64 => 64,
            },
            _ => 0,
        }
    }

    /// The value that a field of a program header has if a loader reads it.
    pub(super) fn phdr_value(&self, segment: Segment, name: &str, contents: &Contents) -> u64 {
        let writable = &contents.writable;
        match (name, segment) {
            ("p_type", _) => segment.p_type(),
            ("p_flags", _) => segment.flags(),
            (_, Segment::Stack) => 0,
            ("p_offset", Segment::Image { file_offset }) => file_offset,
            ("p_offset", Segment::Writable) => writable.file_offset,
            ("p_vaddr", Segment::Image { file_offset }) => self.base + file_offset,
            ("p_vaddr", Segment::Writable) => self.writable_address(writable.file_offset),
            ("p_filesz" | "p_memsz", Segment::Image { file_offset }) => {
                segment_bytes(contents.read_only_bytes, file_offset)
            }
            ("p_filesz", Segment::Writable) => writable.file_bytes,
            ("p_memsz", Segment::Writable) => writable.memory_bytes,
            ("p_align", _) => u64::from(self.target.page_align),
            _ => 0,
        }
    }
}

/// `p_filesz` of the image, so that the segment ends with what is to be read: gVisor clears the rest of the last page,
/// and what it clears must be neither a part of the program nor a page past the file's end. (It clears the segment's
/// own copy: writable data that share the page in the file are mapped by themselves.) Never 0, which would map nothing:
/// a program that ends before `p_offset` is in memory anyway, with its page, and counts from its start.
fn segment_bytes(read_only_bytes: u64, file_offset: u64) -> u64 {
    if read_only_bytes > file_offset { read_only_bytes - file_offset } else { read_only_bytes }
}

/// The header fields of a file with these contents, in the order of their offsets in their headers. Together they
/// cover every byte below [`Layout::header_bytes`].
pub fn header(layout: &Layout, contents: &Contents) -> Vec<FieldBytes> {
    let claims = overlay::claims_for(layout, contents);
    let claimed = overlay::claimed_bits(&claims);
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
    let below: Vec<_> = claims.iter().filter(|other| other.read && overlay::overlap(claim, other)).collect();
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

/// The segments of a tier: the image; writable memory if the program has some; and the stack marker where memory would
/// otherwise be writable and executable and the tier has somebody who minds.
pub(super) fn segments(tier: Tier, target: &Target, file_offset: u64, writable: bool) -> Vec<Segment> {
    let marker = tier.loaders().contains(&Loader::WxPolicy) && target.stack_is_executable_by_default;
    let image = Some(Segment::Image { file_offset });
    let others = [writable.then_some(Segment::Writable), marker.then_some(Segment::Stack)];
    image.into_iter().chain(others.into_iter().flatten()).collect()
}

/// A field's name in the file: program headers are numbered.
pub(crate) fn numbered(field: &Field, header: usize) -> String {
    format!("{}[{header}]", field.name)
}
