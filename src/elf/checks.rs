//! The relations between header fields that rules are about: each gives the places that break it, none if it holds.
//! Their meaning and their loaders are in `rules.rs`.

use asmgen_arch::Machine;

use super::fields::{ELFOSABI_LINUX, ET_EXEC, LOWEST_ADDRESS, PF_R, PF_W, PF_X, PT_GNU_STACK, PT_INTERP, PT_NOTE};
use super::view::{Place, SegmentView, View};

fn if_broken(broken: bool, places: impl FnOnce() -> Vec<Place>) -> Vec<Place> {
    if broken { places() } else { Vec::new() }
}

/// The named fields of the first segment that breaks a rule.
fn first(
    view: &View,
    mut segments: impl Iterator<Item = SegmentView>,
    broken: impl FnMut(&SegmentView) -> bool,
    names: &[&str],
) -> Vec<Place> {
    segments.find(broken).map_or_else(Vec::new, |segment| view.segment_places(segment, names))
}

/// Does a segment have all of these flags?
fn has(view: &View, segment: SegmentView, flags: u64) -> bool {
    view.segment_get(segment, "p_flags") & flags == flags
}

pub(super) fn no_brand(view: &View) -> Vec<Place> {
    let branded = view.get("e_ident[EI_OSABI]") == ELFOSABI_LINUX;
    let told = view.of_type(PT_NOTE).chain(view.of_type(PT_INTERP)).next().is_some();
    if_broken(!branded && !told, || view.places(&["e_ident[EI_OSABI]"]))
}

pub(super) fn truncated_header(view: &View) -> Vec<Place> {
    let whole = || Place {
        field: "ELF header".to_owned(),
        offset: 0,
        len: view.ehdr_bytes(),
        found: format!("a file of {} bytes", view.len()),
    };
    if_broken(view.len() < view.ehdr_bytes(), || vec![whole()])
}

pub(super) fn bad_table_size(view: &View) -> Vec<Place> {
    let fits = 1..=0x1000 / view.phdr_bytes();
    if_broken(!fits.contains(&view.get("e_phnum")), || view.places(&["e_phnum"]))
}

pub(super) fn table_outside_file(view: &View) -> Vec<Place> {
    let inside = view.table_end().is_some_and(|end| end <= view.len());
    if_broken(!inside, || view.places(&["e_phoff", "e_phnum"]))
}

pub(super) fn table_outside_first_page(view: &View) -> Vec<Place> {
    let inside = view.table_end().is_some_and(|end| end <= 0x1000);
    if_broken(!inside, || view.places(&["e_phoff", "e_phnum"]))
}

pub(super) fn table_unaligned(view: &View) -> Vec<Place> {
    let align = u64::from(view.class.word_bytes());
    if_broken(!view.get("e_phoff").is_multiple_of(align), || view.places(&["e_phoff"]))
}

pub(super) fn table_in_header(view: &View) -> Vec<Place> {
    if_broken(view.get("e_phoff") < view.ehdr_bytes(), || view.places(&["e_phoff"]))
}

pub(super) fn bad_sections(view: &View) -> Vec<Place> {
    let [offset, count, names] = ["e_shoff", "e_shnum", "e_shstrndx"].map(|name| view.get(name));
    let end = offset.checked_add(count * view.get("e_shentsize"));
    let right = if count == 0 { offset == 0 && names == 0 } else { end.is_some_and(|end| end <= view.len()) };
    if_broken(!right, || view.places(&["e_shoff", "e_shnum", "e_shstrndx"]))
}

pub(super) fn nothing_to_load(view: &View) -> Vec<Place> {
    if_broken(view.loads().next().is_none(), || {
        let p_type = view.segments.first().map(|segment| view.segment_places(*segment, &["p_type"]));
        p_type.into_iter().flatten().chain(view.places(&["e_phoff", "e_phnum"])).collect()
    })
}

pub(super) fn entry_outside_pages(view: &View) -> Vec<Place> {
    entry_outside(view, 0x1000, |segment| has(view, segment, PF_X))
}

pub(super) fn entry_outside_runnable_pages(view: &View) -> Vec<Place> {
    entry_outside(view, 0x1000, |segment| runnable(view, segment))
}

pub(super) fn entry_outside_bytes(view: &View) -> Vec<Place> {
    entry_outside(view, 1, |segment| has(view, segment, PF_X))
}

/// Is the entry point outside every executable segment, with the segment's end rounded up to `round` bytes?
fn entry_outside(view: &View, round: u64, executable: impl Fn(SegmentView) -> bool) -> Vec<Place> {
    let entry = view.get("e_entry");
    let inside = |segment: &SegmentView| {
        let [start, offset, size] = ["p_vaddr", "p_offset", "p_filesz"].map(|name| view.segment_get(*segment, name));
        let end = start.saturating_add(size).checked_next_multiple_of(round).unwrap_or(u64::MAX);
        let byte = offset.wrapping_add(entry.wrapping_sub(start));
        size > 0 && (start & !0xfff..end).contains(&entry) && byte < view.len()
    };
    if view.loads().any(|segment| inside(&segment) && executable(segment)) {
        return Vec::new();
    }
    let culprit = view.loads().find(inside).or_else(|| view.loads().next());
    let fields = culprit.map(|segment| view.segment_places(segment, &["p_flags", "p_offset", "p_vaddr", "p_filesz"]));
    view.places(&["e_entry"]).into_iter().chain(fields.into_iter().flatten()).collect()
}

/// Does the kernel let code run in a segment? On i386 without `PT_GNU_STACK` all that is readable can be run.
fn runnable(view: &View, segment: SegmentView) -> bool {
    let reading_runs = view.target.is_some_and(|target| target.stack_is_executable_by_default)
        && view.of_type(PT_GNU_STACK).next().is_none();
    has(view, segment, PF_X) || reading_runs && has(view, segment, PF_R)
}

pub(super) fn execute_only(view: &View) -> Vec<Place> {
    let broken = |segment: &SegmentView| has(view, *segment, PF_X) && !has(view, *segment, PF_R);
    first(view, view.loads(), broken, &["p_flags"])
}

pub(super) fn more_file_than_memory(view: &View) -> Vec<Place> {
    let broken = |s: &SegmentView| view.segment_get(*s, "p_filesz") > view.segment_get(*s, "p_memsz");
    first(view, view.loads(), broken, &["p_filesz", "p_memsz"])
}

pub(super) fn file_without_memory(view: &View) -> Vec<Place> {
    let broken = |s: &SegmentView| view.segment_get(*s, "p_filesz") > 0 && view.segment_get(*s, "p_memsz") == 0;
    first(view, view.loads(), broken, &["p_memsz", "p_filesz"])
}

pub(super) fn impossible_zeros(view: &View) -> Vec<Place> {
    let broken = |s: &SegmentView| {
        let [offset, file, memory] = ["p_offset", "p_filesz", "p_memsz"].map(|name| view.segment_get(*s, name));
        let start = offset.saturating_add(file);
        let in_file = start % 0x1000 == 0 || start & !0xfff < view.len();
        memory > file && !(has(view, *s, PF_W) && in_file)
    };
    first(view, view.loads(), broken, &["p_memsz", "p_filesz", "p_flags", "p_offset"])
}

pub(super) fn incongruent(view: &View) -> Vec<Place> {
    let broken = |s: &SegmentView| {
        let difference = view.segment_get(*s, "p_vaddr").wrapping_sub(view.segment_get(*s, "p_offset"));
        view.segment_get(*s, "p_filesz") > 0 && !difference.is_multiple_of(view.page())
    };
    first(view, view.loads(), broken, &["p_vaddr", "p_offset"])
}

pub(super) fn too_low(view: &View) -> Vec<Place> {
    let broken = |s: &SegmentView| view.segment_get(*s, "p_vaddr") < LOWEST_ADDRESS;
    if view.get("e_type") == ET_EXEC { first(view, view.loads(), broken, &["p_vaddr"]) } else { Vec::new() }
}

/// Where a program may end, in bytes: below the stack, wherever that is (Linux fs/binfmt_elf.c `elf_map`,
/// `MAP_FIXED_NOREPLACE`). User memory has 128 TiB with four levels of page tables, 512 GiB on arm64 kernels with
/// 39-bit addresses, 3 GiB on 32-bit kernels. The stack begins up to 16 GiB, 1 GiB, 8 MiB below its end
/// (`STACK_RND_MASK`).
fn highest_end(view: &View) -> u64 {
    match view.target.map(|target| target.machine) {
        Some(Machine::Aarch64) => 480 << 30,
        Some(Machine::I386) => 0xbf00_0000,
        Some(Machine::X86_64) | None => 127 << 40,
    }
}

pub(super) fn too_high(view: &View) -> Vec<Place> {
    let broken = |s: &SegmentView| {
        let end = view.segment_get(*s, "p_vaddr").checked_add(view.segment_get(*s, "p_memsz"));
        end.is_none_or(|end| end > highest_end(view))
    };
    first(view, view.loads(), broken, &["p_vaddr", "p_memsz"])
}

pub(super) fn out_of_order(view: &View) -> Vec<Place> {
    let mut end = 0;
    let broken = |s: &SegmentView| {
        let before = end;
        let start = view.segment_get(*s, "p_vaddr");
        end = start.saturating_add(view.segment_get(*s, "p_memsz"));
        start < before
    };
    first(view, view.loads(), broken, &["p_vaddr", "p_memsz"])
}

pub(super) fn shared_pages(view: &View) -> Vec<Place> {
    let pages = |s: SegmentView| {
        let [start, size] = ["p_vaddr", "p_memsz"].map(|name| view.segment_get(s, name));
        let last = start.saturating_add(size.checked_sub(1)?);
        Some((start / view.page(), last / view.page(), s))
    };
    let mut all: Vec<_> = view.loads().filter_map(pages).collect();
    all.sort_by_key(|(first, ..)| *first);
    let later = all.windows(2).find(|two| two[0].1 >= two[1].0).map(|two| two[1].2);
    later.map_or_else(Vec::new, |segment| view.segment_places(segment, &["p_vaddr", "p_memsz"]))
}

pub(super) fn segment_outside_file(view: &View) -> Vec<Place> {
    segment_beyond(view, 0)
}

pub(super) fn segment_far_outside_file(view: &View) -> Vec<Place> {
    segment_beyond(view, 256 << 20)
}

pub(super) fn last_page_outside_file(view: &View) -> Vec<Place> {
    let broken = |s: &SegmentView| {
        let end = view.segment_get(*s, "p_offset").saturating_add(view.segment_get(*s, "p_filesz"));
        !end.is_multiple_of(0x1000) && end & !0xfff >= view.len()
    };
    first(view, view.loads(), broken, &["p_filesz", "p_offset"])
}

/// Does a segment end more than `slack` bytes past the end of the file?
fn segment_beyond(view: &View, slack: u64) -> Vec<Place> {
    let broken = |s: &SegmentView| {
        let end = view.segment_get(*s, "p_offset").checked_add(view.segment_get(*s, "p_filesz"));
        end.is_none_or(|end| end > view.len() + slack)
    };
    first(view, view.loads(), broken, &["p_offset", "p_filesz"])
}

pub(super) fn not_page_aligned(view: &View) -> Vec<Place> {
    let mut expected = None;
    let broken = |s: &SegmentView| {
        let align = view.segment_get(*s, "p_align");
        align == 0 || !align.is_multiple_of(0x1000) || *expected.get_or_insert(align) != align
    };
    first(view, view.loads(), broken, &["p_align"])
}

pub(super) fn misaligned(view: &View) -> Vec<Place> {
    let broken = |s: &SegmentView| {
        let align = view.segment_get(*s, "p_align").max(1);
        let difference = view.segment_get(*s, "p_vaddr").wrapping_sub(view.segment_get(*s, "p_offset"));
        !align.is_power_of_two() || !difference.is_multiple_of(align)
    };
    first(view, view.loads(), broken, &["p_align", "p_vaddr", "p_offset"])
}

pub(super) fn bad_interpreter(view: &View) -> Vec<Place> {
    let broken = |s: &SegmentView| {
        let [offset, size] = ["p_offset", "p_filesz"].map(|name| view.segment_get(*s, name));
        let last = offset.checked_add(size).and_then(|end| end.checked_sub(1));
        !(2..=0x1000).contains(&size) || last.and_then(|last| view.byte(last)) != Some(0)
    };
    first(view, view.of_type(PT_INTERP), broken, &["p_filesz", "p_offset", "p_type"])
}

pub(super) fn writable_code(view: &View) -> Vec<Place> {
    first(view, view.loads(), |segment| has(view, *segment, PF_W | PF_X), &["p_flags"])
}

pub(super) fn executable_stack(view: &View) -> Vec<Place> {
    let needed = view.target.is_some_and(|target| target.stack_is_executable_by_default);
    if view.of_type(PT_GNU_STACK).next().is_some() {
        return first(view, view.of_type(PT_GNU_STACK), |segment| has(view, *segment, PF_X), &["p_flags"]);
    }
    let no_marker = || {
        let last = view.segments.last().map(|segment| view.segment_places(*segment, &["p_type"]));
        last.into_iter().flatten().chain(view.places(&["e_phnum"])).collect()
    };
    if_broken(needed, no_marker)
}

pub(super) fn huge_stack(view: &View) -> Vec<Place> {
    let broken = |segment: &SegmentView| view.segment_get(*segment, "p_memsz") > 64 << 20;
    first(view, view.of_type(PT_GNU_STACK), broken, &["p_memsz"])
}
