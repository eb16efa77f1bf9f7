//! An executable as its loaders see it: numbers by field name, for any bytes at all.

use asmgen_arch::{Class, TARGETS, Target};

use super::excerpt::Excerpt;
use super::fields::{self, Field, PT_LOAD};

/// `EM_486`: Linux and qemu run such a file like one for the i386.
const EM_486: u64 = 6;
/// `EM_386`.
const EM_386: u64 = 3;

/// A header field in a file, as a refusal names it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Place {
    /// The field's name, a program header's with its number (`p_flags[0]`).
    pub field: String,
    /// Offset of its first byte in the file.
    pub offset: u64,
    /// Length in bytes; it may reach past the end of the file.
    pub len: u64,
    /// What the field holds: a number in hexadecimal (bytes past the end of the file count as 0), the magic as bytes.
    pub found: String,
}

/// The bytes of a file, all or those that were read.
#[derive(Clone, Copy, Debug)]
enum Bytes<'a> {
    Whole(&'a [u8]),
    Excerpt(&'a Excerpt),
}

impl Bytes<'_> {
    fn len(self) -> u64 {
        match self {
            Self::Whole(bytes) => bytes.len() as u64,
            Self::Excerpt(excerpt) => excerpt.len,
        }
    }

    fn byte(self, offset: u64) -> Option<u8> {
        match self {
            Self::Whole(bytes) => usize::try_from(offset).ok().and_then(|at| bytes.get(at)).copied(),
            Self::Excerpt(excerpt) => excerpt.byte(offset),
        }
    }

    /// The little-endian number of at most 8 bytes at an offset; bytes past the end are 0.
    fn number(self, offset: u64, len: u32) -> u64 {
        let byte = |at: u64| self.byte(offset.saturating_add(at)).unwrap_or(0);
        (0..u64::from(len)).fold(0, |value, i| value | u64::from(byte(i)) << (8 * i))
    }
}

/// Any file, read as an ELF file of the class that its machine has.
#[derive(Clone, Debug)]
pub struct View<'a> {
    bytes: Bytes<'a>,
    /// The target with the header's machine number.
    pub target: Option<&'static Target>,
    /// Width of the fields. The kernel goes by the machine number and never reads `EI_CLASS`, so that comes second.
    pub class: Class,
    /// The program headers that lie in the file in full.
    pub segments: Vec<SegmentView>,
}

/// A program header in a file.
#[derive(Clone, Copy, Debug)]
pub struct SegmentView {
    /// Its number, from 0.
    pub index: u64,
    /// Offset of its first byte in the file.
    pub offset: u64,
    class: Class,
}

impl<'a> View<'a> {
    /// Reads the headers.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::with(Bytes::Whole(bytes))
    }

    /// Reads the headers of a file of which only these bytes are known.
    pub fn of(excerpt: &'a Excerpt) -> Self {
        Self::with(Bytes::Excerpt(excerpt))
    }

    fn with(bytes: Bytes<'a>) -> Self {
        let machine = match bytes.number(0x12, 2) {
            EM_486 => EM_386,
            other => other,
        };
        let target = TARGETS.into_iter().find(|target| u64::from(target.machine_number) == machine);
        let class_by_ident = if bytes.number(4, 1) == 1 { Class::Bits32 } else { Class::Bits64 };
        let class = target.map_or(class_by_ident, |target| target.class);
        let mut view = Self { bytes, target, class, segments: Vec::new() };
        let size = view.phdr_bytes();
        view.segments = (0..view.get("e_phnum"))
            .map_while(|index| {
                let offset = view.get("e_phoff").checked_add(index * size)?;
                (offset.checked_add(size)? <= view.len()).then_some(SegmentView { index, offset, class })
            })
            .collect();
        view
    }

    /// Length of the file in bytes.
    pub fn len(&self) -> u64 {
        self.bytes.len()
    }

    /// Is the file empty?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The byte at an offset, if there is one.
    pub fn byte(&self, offset: u64) -> Option<u8> {
        self.bytes.byte(offset)
    }

    /// Bytes in an ELF header of this class.
    pub fn ehdr_bytes(&self) -> u64 {
        u64::from(fields::total_bytes(fields::ehdr(self.class)))
    }

    /// Bytes in a program header of this class.
    pub fn phdr_bytes(&self) -> u64 {
        u64::from(fields::total_bytes(fields::phdr(self.class)))
    }

    /// Offset past the last program header; none if it does not fit in 64 bits.
    pub fn table_end(&self) -> Option<u64> {
        self.get("e_phoff").checked_add(self.get("e_phnum") * self.phdr_bytes())
    }

    /// Bytes in a page, or in the largest page where kernels of the machine differ.
    pub fn page(&self) -> u64 {
        self.target.map_or(0x1000, |target| u64::from(target.page_align))
    }

    /// A field of the ELF header; what lies past the end of the file is 0, as the kernel has it.
    pub fn get(&self, name: &str) -> u64 {
        let field = fields::find(fields::ehdr(self.class), name);
        self.bytes.number(u64::from(field.offset), field.len)
    }

    /// Where a field of the ELF header is.
    pub fn place(&self, name: &str) -> Place {
        self.place_of(fields::find(fields::ehdr(self.class), name), 0, name.to_owned())
    }

    /// Several of them.
    pub fn places(&self, names: &[&str]) -> Vec<Place> {
        names.iter().map(|name| self.place(name)).collect()
    }

    /// A field of a program header.
    pub fn segment_get(&self, segment: SegmentView, name: &str) -> u64 {
        let field = fields::find(fields::phdr(segment.class), name);
        self.bytes.number(segment.offset + u64::from(field.offset), field.len)
    }

    /// Where fields of a program header are.
    pub fn segment_places(&self, segment: SegmentView, names: &[&str]) -> Vec<Place> {
        let table = fields::phdr(segment.class);
        let place = |name: &&str| {
            self.place_of(fields::find(table, name), segment.offset, format!("{name}[{}]", segment.index))
        };
        names.iter().map(place).collect()
    }

    /// The segments to map.
    pub fn loads(&self) -> impl Iterator<Item = SegmentView> + '_ {
        self.of_type(PT_LOAD)
    }

    /// The segments of a type.
    pub fn of_type(&self, p_type: u64) -> impl Iterator<Item = SegmentView> + '_ {
        self.segments.iter().copied().filter(move |segment| self.segment_get(*segment, "p_type") == p_type)
    }

    fn place_of(&self, field: &Field, header: u64, name: String) -> Place {
        let offset = header + u64::from(field.offset);
        let found = match name.as_str() {
            "e_ident[EI_MAG]" => {
                let head = (0..4).map_while(|at| self.byte(at));
                head.map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
            }
            _ => format!("{:#x}", self.bytes.number(offset, field.len)),
        };
        Place { field: name, offset, len: u64::from(field.len), found }
    }
}
