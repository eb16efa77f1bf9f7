//! The headers of an image as numbers: their place, the segments that they map, and each field's value if a loader
//! reads it. Which place is right, and which bytes share it, is decided elsewhere ([`super::overlay`]).

use asmgen_arch::{Class, Target};

use super::fields::{self, ELFOSABI_LINUX, ET_EXEC, MAGIC, PF_R, PF_W, PF_X, PT_GNU_STACK, PT_LOAD};
use super::loader::{Loader, Tier};

/// Where the headers lie and what they map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The loaders that must accept the file.
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
    /// Bytes in memory, at least as many: those after the bytes from the file are 0 at the start.
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
    /// Data that the program may write to, and zeros after them.
    Writable,
    /// No memory: a marker that has the stack's flags.
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

impl Layout {
    /// The address of a byte of the second segment. It is mapped a page higher than the byte would be in the first
    /// segment: at the same place within a page. The first segment ends before that page.
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

/// `p_filesz` of the image, so that the segment ends with the program's read-only part. gVisor clears the rest of the
/// last page, which must be neither a part of the program nor a page past the file's end. It clears the segment's own
/// copy: writable data that share the page in the file are mapped by themselves. The value is never 0, which would map
/// nothing. A program that ends before `p_offset` is in memory anyway, with its page, and counts from its start.
fn segment_bytes(read_only_bytes: u64, file_offset: u64) -> u64 {
    if read_only_bytes > file_offset { read_only_bytes - file_offset } else { read_only_bytes }
}

/// The segments of a tier: the image, and writable memory if the program has some. There is a stack marker if memory
/// would otherwise be writable and executable, and a loader of the tier refuses that.
pub(super) fn segments(tier: Tier, target: &Target, file_offset: u64, writable: bool) -> Vec<Segment> {
    let marker = tier.loaders().contains(&Loader::WxPolicy) && target.stack_is_executable_by_default;
    let image = Some(Segment::Image { file_offset });
    let others = [writable.then_some(Segment::Writable), marker.then_some(Segment::Stack)];
    image.into_iter().chain(others.into_iter().flatten()).collect()
}
