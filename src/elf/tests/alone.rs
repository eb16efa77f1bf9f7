//! For each rule and each loader that has it, a file that this rule alone refuses: no other rule hides that one is
//! gone. The files are found: good ones, in which one field or two have another value, or which end early.

use std::collections::BTreeSet;

use super::super::rules::RULES;
use super::*;

/// Program headers that a file may have: an interpreter and the stack's among them.
const TYPES: [u64; 4] = [1, 3, 4, 0x6474_e551];

/// Values for a field of this many bytes, beside what is there.
fn values(there: u64, bytes: u32) -> Vec<u64> {
    let near = [there ^ 1, there + 1, there.wrapping_sub(1), there + 0x1000, there.wrapping_sub(0x1000), there * 2];
    let far = [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 0x20, 0x34, 0x38, 0x40, 0x78, 0x60, 0x90, 0xff, 0x100, 0x123, 0xfff, 0x1000,
        0x1_0000,
    ];
    let large = [0x1000_0000, 0x4000_0000, 0x8000_0000, 0xffff_f000, 1 << 32, 1 << 40, 1 << 46, 1 << 62, u64::MAX];
    let all = near.into_iter().chain(far).chain(large).chain(TYPES);
    let most = if bytes == 8 { u64::MAX } else { (1 << (8 * bytes)) - 1 };
    all.map(|value| value & most).collect()
}

/// A field: where it is, and its length.
type Place = (usize, u32);

/// The fields of a file's headers, by name.
fn places(layout: &Layout, segments: usize) -> Vec<(&'static str, Place)> {
    let (ehdr, phdr) = (fields::ehdr(layout.target.class), fields::phdr(layout.target.class));
    let step = fields::total_bytes(phdr) as usize;
    let mut all: Vec<_> = ehdr.iter().map(|field| (field.name, (field.offset as usize, field.len))).collect();
    for number in 0..segments {
        let start = layout.program_header_offset as usize + number * step;
        all.extend(phdr.iter().map(|field| (field.name, (start + field.offset as usize, field.len))));
    }
    all
}

fn get(file: &[u8], (at, len): Place) -> u64 {
    file[at..at + len as usize].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn with(file: &[u8], changes: &[(Place, u64)]) -> Vec<u8> {
    let mut file = file.to_vec();
    for ((at, len), value) in changes {
        file[*at..at + *len as usize].copy_from_slice(&value.to_le_bytes()[..*len as usize]);
    }
    file
}

/// Fields that are changed together: what one says makes the other's value right.
const PAIRS: [(&str, &str); 8] = [
    ("p_filesz", "p_memsz"),
    ("p_type", "p_memsz"),
    ("p_type", "p_flags"),
    ("p_offset", "p_vaddr"),
    ("e_phoff", "e_phnum"),
    ("e_shoff", "e_shnum"),
    ("p_vaddr", "e_entry"),
    ("p_flags", "p_filesz"),
];

/// The good files, and how many program headers each has room for: those with the most rules first.
fn good() -> Vec<(Layout, Vec<u8>, usize)> {
    let mut all = Vec::new();
    for tier in Tier::all() {
        for target in TARGETS {
            let plain = layout(tier, target, false);
            all.push((plain.clone(), tiny(&plain), plain.segments.len()));
            // What follows the headers may be read as headers, too.
            all.push((plain.clone(), image_of(&plain, LONG_BYTES), plain.segments.len() + 1));
            let two = layout(tier, target, true);
            let (file, _) = writable::image_with(&two, 0x200, 0x20, 0x3000);
            all.push((two.clone(), file, two.segments.len()));
        }
    }
    all
}

/// A file of more than a page.
const LONG_BYTES: usize = 0x1800;

/// A file with program headers that end in its second page.
fn moved(target: &'static Target) -> Vec<u8> {
    let layout = layout(Tier::Strict, target, false);
    let mut file = image_of(&layout, LONG_BYTES);
    let table = layout.program_header_offset as usize..layout.header_bytes as usize;
    let at = 0x1000 - table.len() / 2 / 8 * 8;
    file.copy_within(table, at);
    let field = fields::find(fields::ehdr(target.class), "e_phoff");
    with(&file, &[((field.offset as usize, field.len), at as u64)])
}

/// What is refused for one reason alone.
#[derive(Default)]
struct Found(BTreeSet<(&'static str, Loader)>);

impl Found {
    fn look(&mut self, file: &[u8]) {
        for verdict in verify(file) {
            if let [refusal] = verdict.refusals() {
                self.0.insert((refusal.rule, verdict.loader));
            }
        }
    }
}

impl Found {
    /// The rules of loaders that nothing was refused by alone.
    fn missing(&self) -> Vec<(&'static str, Loader)> {
        let all = RULES.iter().flat_map(|rule| rule.loaders.iter().map(|(loader, _)| (rule.name, *loader)));
        all.filter(|pair| !self.0.contains(pair)).collect()
    }

    /// Another value in each field.
    fn change_each(&mut self, file: &[u8], places: &[(&'static str, Place)]) {
        for &(_, place) in places {
            for value in values(get(file, place), place.1) {
                self.look(&with(file, &[(place, value)]));
            }
        }
    }

    /// Other values in two fields that belong together.
    fn change_pairs(&mut self, file: &[u8], places: &[(&'static str, Place)]) {
        for &(name, place) in places {
            for &(_, other) in places.iter().filter(|(other, _)| PAIRS.contains(&(name, other))) {
                for value in values(get(file, place), place.1) {
                    for second in values(get(file, other), other.1).into_iter().chain([value]) {
                        self.look(&with(file, &[(place, value), (other, second)]));
                    }
                }
            }
        }
    }
}

/// Rules that imply others. A program header that may be run ends no earlier than the ELF header. An entry point is in
/// a segment, so without a loaded segment it is in none.
const FOLLOW: [(&str, Loader); 6] = [
    ("header-whole", Loader::Gvisor),
    ("header-whole", Loader::QemuUser),
    ("header-whole", Loader::Tools),
    ("segment-to-load", Loader::Linux),
    ("segment-to-load", Loader::Gvisor),
    ("segment-to-load", Loader::QemuUser),
];

#[test]
fn every_rule_of_every_loader_refuses_something_alone() {
    let mut found = Found::default();
    let good: Vec<_> = good()
        .into_iter()
        .map(|(layout, file, segments)| {
            let mut places = places(&layout, segments);
            places.retain(|(_, (at, len))| at + *len as usize <= file.len());
            (file, places)
        })
        .collect();
    for target in TARGETS {
        found.look(&moved(target));
    }
    for (file, places) in &good {
        found.change_each(file, places);
        (0..file.len().min(0x180)).for_each(|bytes| found.look(&file[..bytes]));
    }
    for (file, places) in &good {
        if found.missing().len() > FOLLOW.len() {
            found.change_pairs(file, places);
        }
    }
    assert_eq!(found.missing(), FOLLOW);
}

/// Every page size of a machine's kernels divides what the header says and where the file is loaded.
#[test]
fn segments_are_aligned_to_the_largest_page() {
    let expected = [("x86_64", 0x1000), ("aarch64", 0x1_0000), ("i386", 0x1000)];
    for (target, (name, page)) in TARGETS.into_iter().zip(expected) {
        assert_eq!(target.name, name);
        let (file, _) = writable::image_with(&layout(Tier::Strict, target, true), 0x200, 0x20, 0x3000);
        let elf = goblin::elf::Elf::parse(&file).expect("goblin takes it");
        let loaded = elf.program_headers.iter().filter(|header| header.p_type == 1);
        for header in loaded {
            assert_eq!(header.p_align, page, "{name}");
            assert_eq!(header.p_vaddr % page, header.p_offset % page, "{name}");
        }
        assert_eq!(elf.program_headers[0].p_vaddr % 0x1_0000, elf.program_headers[0].p_offset, "{name}");
    }
}
