//! Every way to lay the program header over the ELF header: which of the first bytes are decided, which are free, which
//! are equal. This is derived from the tables of fields and from what the layout's loaders read. The rules themselves
//! judge the resulting file ([`verify`](mod@super::verify)).
//!
//! Some values are not numbers yet but letters: the base address, the segment's size. Where fields overlap, their
//! letters become equal, or numbers. A letter that stays free is a byte for code or data.

use asmgen_arch::golf::{Class, ClassId, Template, useful_bases};
use asmgen_arch::{Class as Width, Machine, Target};

use super::claims::read_fields;
use super::fields::{self, LOWEST_ADDRESS, PF_R, PF_W, PF_X, numbered};
use super::header::{FieldBytes, meaning};
use super::layout::{Contents, Layout, Segment};
use super::loader::Tier;
use super::verify::is_accepted;
use super::view::View;

/// What a byte of a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Byte {
    /// Bits that are decided.
    Known { value: u8, decided: u8 },
    /// A byte of the address of file offset 0.
    Base(u32),
    /// A byte of `p_filesz`, which is also that of `p_memsz`.
    Size(u32),
}

const FREE: Byte = Byte::Known { value: 0, decided: 0 };

/// A choice of the numbers that the template's letters stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Choice {
    /// File offset of the program header.
    pub(crate) program_header: u32,
    /// File offset of the first instruction.
    pub(crate) entry: u32,
    /// Is that to be found out yet?
    pub(crate) is_entry_open: bool,
    /// Load address.
    pub(crate) base: u64,
    /// May its bytes become others, which data are then part of? Not where the address stands for something.
    pub(crate) is_base_open: bool,
    /// `p_offset`.
    pub(crate) skew: u32,
}

/// Bytes of a size that are not always 0. The kernel takes any size that ends below the stack: 47 bits of addresses on
/// x86_64, 39 on some arm64 kernels. Others take what ends in the file's last page.
fn size_bytes(tier: Tier, target: &Target) -> u32 {
    match (tier, target.machine) {
        (Tier::Linux, Machine::X86_64) => 6,
        (Tier::Linux, _) => 4,
        _ => 2,
    }
}

/// Numbers of two bytes that are in every header of an executable: `e_type`.
pub(crate) const NUMBERS: [u16; 1] = [fields::ET_EXEC as u16];

/// The template of a choice, where these fields are read; none if two fields need different values of one byte.
pub(crate) fn template(tier: Tier, target: &'static Target, read: &[&str], choice: Choice) -> Option<Template> {
    let width = target.class;
    let (ehdr, phdr) = (fields::ehdr(width), fields::phdr(width));
    let [header, table] = [ehdr, phdr].map(fields::total_bytes);
    let cells = header.max(choice.program_header + table);
    let layout = choice.layout(tier, target);
    let mut letters = Letters::new(cells);
    let tables = [(ehdr, 0), (phdr, choice.program_header)];
    for (table, start) in tables {
        for field in table {
            if !read.contains(&field.name) {
                continue;
            }
            for number in 0..field.len {
                let byte = byte(&layout, field.name, number, choice);
                letters.want(start + field.offset + number, byte).then_some(())?;
            }
        }
    }
    let last_byte = (0..cells).rev().find(|&at| letters.is_needed(at)).map_or(0, |at| at + 1);
    let whole = if tier == Tier::Linux { 0 } else { header };
    let least_bytes = last_byte.max(choice.program_header + table).max(whole).max(choice.entry + 1);
    Some(letters.template(choice, width, least_bytes))
}

/// What a byte of a field that some loader reads has to be: a letter, or what a plain layout of the same numbers has.
fn byte(layout: &Layout, name: &str, number: u32, choice: Choice) -> Byte {
    let Layout { tier, target, .. } = *layout;
    match (name, number) {
        ("e_entry", 0 | 1) if choice.is_entry_open => FREE,
        ("e_entry" | "p_vaddr", 1) if choice.is_page_open(target) => Byte::Base(1),
        ("e_entry" | "p_vaddr", 2 | 3) if choice.is_base_open => Byte::Base(number),
        ("p_flags", 0) => flags(target, tier),
        ("p_flags", _) => FREE,
        ("p_filesz" | "p_memsz", _) if number < size_bytes(tier, target) => Byte::Size(number),
        ("p_filesz" | "p_memsz", _) => Byte::Known { value: 0, decided: 0xff },
        _ => {
            let value = match layout.segments[0] {
                segment if name.starts_with("p_") => layout.phdr_value(segment, name, &Contents::default()),
                _ => layout.ehdr_value(name, choice.base + u64::from(choice.entry)),
            };
            Byte::Known { value: (value >> (8 * number)) as u8, decided: 0xff }
        }
    }
}

/// Pages of the machines that take any multiple of them as load address.
const SMALL_PAGE: u32 = 0x1000;

impl Choice {
    /// Is the upper half of the load address's byte 1 open? Both addresses must end in less than 0x100 for that.
    fn is_page_open(self, target: &Target) -> bool {
        self.is_base_open && target.page_align == SMALL_PAGE && self.entry.max(self.skew) < 0x100
    }

    /// The plain layout of these numbers.
    fn layout(self, tier: Tier, target: &'static Target) -> Layout {
        Layout {
            tier,
            target,
            base: self.base,
            program_header_offset: self.program_header,
            header_bytes: 0,
            segments: vec![Segment::Image { file_offset: self.skew.into() }],
        }
    }
}

/// Only the lowest three flags mean anything (Linux `make_prot`). What i386 can read it can also run, unless a marker
/// asks for a stack that cannot be run.
fn flags(target: &Target, tier: Tier) -> Byte {
    let runs_anyway = tier == Tier::Linux && target.stack_is_executable_by_default;
    let decided = if runs_anyway { PF_R | PF_W } else { PF_R | PF_W | PF_X };
    Byte::Known { value: (PF_R | PF_X & decided) as u8, decided: decided as u8 }
}

/// Bytes and what is known of them, with those that are one.
struct Letters {
    bytes: Vec<Vec<Byte>>,
}

impl Letters {
    fn new(cells: u32) -> Self {
        Self { bytes: vec![Vec::new(); cells as usize] }
    }

    /// Adds a wish; false if it contradicts another.
    fn want(&mut self, at: u32, byte: Byte) -> bool {
        let wishes = &mut self.bytes[at as usize];
        wishes.push(byte);
        known(wishes).is_some()
    }

    /// Is there a byte that is not 0, or not known to be?
    fn is_needed(&self, at: u32) -> bool {
        known(&self.bytes[at as usize]).is_some_and(|(value, _)| value != 0)
    }

    /// The template: a class for each letter and for each byte that has none.
    fn template(&self, choice: Choice, width: Width, least_bytes: u32) -> Template {
        let count = self.bytes.len();
        let mut group: Vec<usize> = (0..count).collect();
        let mut letters: Vec<(Byte, usize)> = Vec::new();
        for (at, wishes) in self.bytes.iter().enumerate() {
            for byte in wishes.iter().filter(|byte| !matches!(byte, Byte::Known { .. })) {
                match letters.iter().find(|(known, _)| known == byte) {
                    Some(&(_, other)) => join(&mut group, at, other),
                    None => letters.push((*byte, at)),
                }
            }
        }
        let mut classes = vec![Class::FREE; count];
        for (at, wishes) in self.bytes.iter().enumerate() {
            let (value, decided) = known(wishes).expect("it has been looked at");
            let class = &mut classes[root(&group, at)];
            let differ = (class.value ^ value) & class.decided & decided != 0;
            *class = Class { value: class.value | value, decided: class.decided | decided, late: class.late || differ };
        }
        // The lowest byte of a page's address is part of its offset: only its upper half is the base's. Numbers of 32
        // bits become addresses with their sign on machines of 64 bits, so those stay below 2 GiB.
        for (letter, at) in &letters {
            match letter {
                Byte::Base(1) => classes[root(&group, *at)].decided |= 0x0f,
                Byte::Base(3) if width == Width::Bits64 => classes[root(&group, *at)].decided |= 0x80,
                _ => {}
            }
        }
        let base_bytes = letters.iter().filter_map(|(letter, at)| match letter {
            Byte::Base(number) => Some((*number, root(&group, *at) as ClassId)),
            _ => None,
        });
        Template {
            base: choice.base,
            base_bytes: base_bytes.collect(),
            cells: (0..count).map(|at| root(&group, at) as ClassId).collect(),
            classes,
            entry: choice.entry,
            least_bytes,
        }
    }
}

fn root(group: &[usize], mut at: usize) -> usize {
    while group[at] != at {
        at = group[at];
    }
    at
}

fn join(group: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(group, one), root(group, other));
    let (low, high) = (one.min(other), one.max(other));
    group[high] = low;
}

/// Value and decided bits of a byte; none if wishes contradict each other.
fn known(wishes: &[Byte]) -> Option<(u8, u8)> {
    let mut all = (0u8, 0u8);
    for byte in wishes {
        if let Byte::Known { value, decided } = byte {
            if (all.0 ^ value) & all.1 & decided != 0 {
                return None;
            }
            all = (all.0 | value & decided, all.1 | decided);
        }
    }
    Some(all)
}

/// Load addresses to try: the lowest, and those of which a header can make more. If the flags lie over an address, also
/// the lowest with the flags' bits in its upper word.
pub(crate) fn bases(target: &Target) -> Vec<u64> {
    let flags = (fields::PF_R | fields::PF_X) << 32;
    let high = (target.class == Width::Bits64).then_some(flags);
    let useful = useful_bases(target).iter().copied();
    [LOWEST_ADDRESS].into_iter().chain(useful).chain(high).collect()
}

/// The templates at a load address; above 4 GiB, where addresses take more bytes, those alone that are none at the
/// lowest. `starts` are numbers at the beginning of data, so that data may lie in the address of the segment. There are
/// none if that is not to be tried.
pub(crate) fn templates(
    base: u64,
    tier: Tier,
    target: &'static Target,
    starts: Option<&[u32]>,
) -> Vec<(Choice, Template)> {
    let is_base_open = starts.is_some();
    if is_base_open && base != LOWEST_ADDRESS {
        return Vec::new();
    }
    let starts = starts.unwrap_or_default();
    let header = fields::total_bytes(fields::ehdr(target.class));
    let mut templates = Vec::new();
    let read = read_fields(tier, target);
    for program_header in 4..=header {
        for skew in skews(target, program_header, starts) {
            let open = Choice { program_header, entry: 0, is_entry_open: true, base, is_base_open, skew };
            let is_there = |open: Choice| template(tier, target, &read, open).is_some();
            let is_low = base > u64::from(u32::MAX) && is_there(Choice { base: LOWEST_ADDRESS, ..open });
            if is_low || !is_there(open) {
                continue;
            }
            for entry in (0..=header + 56).step_by(usize::from(target.instruction_align)) {
                let choice = Choice { entry, is_entry_open: false, ..open };
                let Some(template) = template(tier, target, &read, choice) else { continue };
                templates.push((choice, template));
            }
        }
    }
    templates
}

/// Values of `p_offset` to try: 0, what the ELF header's fields below it make of it, what data begin with.
fn skews(target: &'static Target, program_header: u32, starts: &[u32]) -> Vec<u32> {
    let offset = program_header + fields::find(fields::phdr(target.class), "p_offset").offset;
    let known = |name: &str, value: u32| {
        let field = fields::find(fields::ehdr(target.class), name);
        let by = i64::from(field.offset) - i64::from(offset);
        (0..2).contains(&by).then(|| value << (8 * by)).filter(|skew| *skew < 0x1000)
    };
    let sizes = fields::total_bytes(fields::phdr(target.class));
    let all = [known("e_phoff", program_header), known("e_phnum", 1), known("e_phentsize", sizes), Some(0)];
    let starts = starts.iter().copied().filter(|start| *start < SMALL_PAGE);
    let mut skews: Vec<u32> = all.into_iter().flatten().chain(starts).collect();
    skews.sort_unstable();
    skews.dedup();
    skews
}

/// Fills in what the search left open, and asks the layout's loaders.
pub(crate) fn complete(tier: Tier, target: &'static Target, choice: Choice, bytes: &[Option<u8>]) -> Option<Vec<u8>> {
    let mut file: Vec<u8> = bytes.iter().map(|byte| byte.unwrap_or(0)).collect();
    let table = fields::phdr(target.class);
    for name in ["p_filesz", "p_memsz"] {
        let field = fields::find(table, name);
        let at = (choice.program_header + field.offset) as usize..;
        let decided: Vec<Option<u8>> =
            bytes[at.start.min(bytes.len())..].iter().take(field.len as usize).copied().collect();
        let size = (bytes.len() as u64).saturating_sub(u64::from(choice.skew)).max(1);
        let size = smallest_size(size, &decided)?;
        for (number, _) in decided.iter().enumerate().filter(|(_, byte)| byte.is_none()) {
            file[at.start + number] = (size >> (8 * number)) as u8;
        }
    }
    let view = View::new(&file);
    let mapped = view.loads().next().map(|load| view.segment_get(load, "p_filesz") + u64::from(choice.skew))?;
    // The last page is mapped whole.
    let whole = mapped.next_multiple_of(0x1000) >= file.len() as u64;
    (whole && is_accepted(&file, tier)).then_some(file)
}

/// The smallest size of at least so many bytes that has the bytes that are decided. If only the lowest two are, it is
/// at most that much larger. If others are, the size is large enough anyway, and the rest is 0.
fn smallest_size(least: u64, decided: &[Option<u8>]) -> Option<u64> {
    let bytes = |from: u64| -> [u8; 8] {
        let mut bytes = from.to_le_bytes();
        bytes.iter_mut().zip(decided).for_each(|(byte, decided)| *byte = decided.unwrap_or(*byte));
        bytes
    };
    if decided.iter().skip(2).any(|byte| byte.is_some_and(|byte| byte != 0)) {
        return Some(u64::from_le_bytes(bytes(0)));
    }
    // What is larger first in one byte has the smallest numbers below it.
    let larger_in = |number: u32| {
        let upper = (least >> (8 * number)).checked_add(1)? << (8 * number);
        Some(u64::from_le_bytes(bytes(upper)))
    };
    let from = [Some(u64::from_le_bytes(bytes(least)))].into_iter().chain((0..=2).map(larger_in)).flatten();
    from.filter(|size| (least..=least + 0xffff).contains(size)).min()
}

/// The fields of the headers as a finished file has them.
pub(crate) fn fields_of(
    tier: Tier,
    target: &'static Target,
    base: u64,
    choice: Choice,
    file: &[u8],
) -> Vec<FieldBytes> {
    let read = read_fields(tier, target);
    let tables = [(fields::ehdr(target.class), 0, None), (fields::phdr(target.class), choice.program_header, Some(0))];
    let mut all = Vec::new();
    for (table, start, header) in tables {
        for field in table {
            let at = (start + field.offset) as usize;
            let end = (at + field.len as usize).min(file.len());
            if at >= end {
                continue;
            }
            let bytes = file[at..end].to_vec();
            let value = bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
            let checked = read.contains(&field.name);
            let meaning = if checked { meaning(target, base, field.name, value) } else { FREE_FIELD.to_owned() };
            let name = header.map_or_else(|| field.name.to_owned(), |number| numbered(field, number));
            all.push(FieldBytes { name, offset: at as u32, bytes, meaning, checked });
        }
    }
    all
}

/// The meaning of a field that no loader reads.
const FREE_FIELD: &str = "free: no loader of the layout reads it";

#[cfg(test)]
mod tests {
    use super::smallest_size;

    #[test]
    fn the_smallest_size_is_that_of_looking_at_all() {
        let choices = [None, Some(0), Some(1), Some(0x10), Some(0x85), Some(0xff)];
        for least in [1u64, 0x10, 0x85, 0xff, 0x100, 0x10f, 0x185, 0x2ff, 0xff00, 0xffff] {
            for low in choices {
                for high in choices {
                    let decided = [low, high, None, None];
                    let fits = |size: &u64| {
                        decided.iter().zip(size.to_le_bytes()).all(|(byte, is)| byte.is_none_or(|byte| byte == is))
                    };
                    let found = (least..=least + 0xffff).find(fits);
                    assert_eq!(smallest_size(least, &decided), found, "{least:#x} {decided:x?}");
                }
            }
        }
        assert_eq!(smallest_size(0x100, &[Some(7), None, None, Some(1)]), Some(0x100_0007));
    }
}
