//! Headers with a second segment, for programs that write to memory beside the stack.

use super::*;

fn writable_layouts() -> impl Iterator<Item = Layout> {
    Tier::all().flat_map(|tier| TARGETS.into_iter().map(move |target| layout(tier, target, true)))
}

/// An image with a read-only part of at least so many bytes and the program at its end.
pub(super) fn image_with(
    layout: &Layout,
    read_only_bytes: usize,
    file_bytes: u64,
    memory_bytes: u64,
) -> (Vec<u8>, Contents) {
    let mut file = image_of(layout, read_only_bytes);
    let entry = layout.base + (file.len() - exit_7(layout.target).len()) as u64;
    let read_only_bytes = file.len() as u64;
    let writable = Writable { file_offset: read_only_bytes, file_bytes, memory_bytes };
    file.resize(file.len() + file_bytes as usize, 0xaa);
    let contents = Contents { entry, read_only_bytes, writable };
    write_header(&mut file, layout, &contents);
    (file, contents)
}

/// File offset of the second segment's program header.
fn second(layout: &Layout) -> u32 {
    layout.program_header_offset + fields::total_bytes(fields::phdr(layout.target.class))
}

fn put(file: &mut [u8], layout: &Layout, name: &str, value: u64) {
    let field = fields::find(fields::phdr(layout.target.class), name);
    let start = (second(layout) + field.offset) as usize;
    file[start..start + field.len as usize].copy_from_slice(&value.to_le_bytes()[..field.len as usize]);
}

fn refused_for(file: &[u8], loader: Loader, rule: &str) -> bool {
    verdict(file, loader).refusals().iter().any(|refusal| refusal.rule == rule)
}

#[test]
fn a_second_program_header_follows_the_first() {
    let found: Vec<_> = writable_layouts()
        .map(|l| (l.tier.name(), l.target.name, l.program_header_offset, l.header_bytes, l.base))
        .collect();
    let expected = [
        ("strict", "x86_64", 0x40, 176, 0x1_0000),
        ("strict", "aarch64", 0x40, 176, 0x1_0000),
        ("strict", "i386", 0x34, 148, 0x1_0000),
        ("portable", "x86_64", 0x2f, 159, 0x1_0000),
        ("portable", "aarch64", 0x2f, 159, 0x1_0000),
        ("portable", "i386", 0x20, 96, 0x20_0000),
        ("linux", "x86_64", 0x2f, 159, 0x1_0000),
        ("linux", "aarch64", 0x2f, 159, 0x1_0000),
        ("linux", "i386", 0x20, 96, 0x20_0000),
    ];
    assert_eq!(found, expected);
    let x86_64 = layout(Tier::Portable, &asmgen_arch::target::X86_64, true);
    // The number of program headers is a part of `p_offset`.
    assert_eq!(x86_64.segments, [Segment::Image { file_offset: 0x200 }, Segment::Writable]);
}

#[test]
fn the_second_segment_is_where_the_first_is_not() {
    for layout in writable_layouts() {
        let page = u64::from(layout.target.page_align);
        for end in [0xa0, page - 1, page, page + 1] {
            let address = layout.writable_address(end);
            assert_eq!(address % page, end % page);
            assert!((layout.base + end - 1) / page < address / page, "{}: {end:#x}", layout.target.name);
        }
    }
}

#[test]
fn files_of_every_awkward_size_run() {
    for layout in writable_layouts() {
        for read_only in [0, 0x1ff, 0x200, 0x201, 0xfff, 0x1000, 0x1001, 0x1_0000, 0x1_0001] {
            for (file_bytes, memory_bytes) in [(1, 1), (1, 0x40), (1, 0x2_0000), (0x50, 0x50), (0x1800, 0x1801)] {
                let (file, _) = image_with(&layout, read_only, file_bytes, memory_bytes);
                assert_accepted(&file, layout.tier);
                assert_runs(&file, &layout);
            }
        }
    }
}

#[test]
fn files_with_two_segments_are_clean_for_tools() {
    for target in TARGETS {
        let layout = layout(Tier::Strict, target, true);
        let (file, contents) = image_with(&layout, 0, 0x50, 0x1000);
        let text = readelf(&file);
        for bad in ["arning", "rror", "orrupt", "unknown"] {
            assert!(!text.contains(bad), "{}: {text}", target.name);
        }
        let rows: Vec<&str> = text.lines().filter(|line| line.trim_start().starts_with("LOAD")).collect();
        let [first, second] = rows[..] else { panic!("{}: {text}", target.name) };
        assert!(first.contains(" R E "), "{text}");
        assert!(second.contains(&format!("0x00{:04x} ", contents.writable.file_offset)), "{text}");
        assert!(second.contains("0x00050 0x01000 RW ") || second.contains("0x000050 0x001000 RW "), "{text}");
        assert_eq!(text.contains("GNU_STACK"), target.stack_is_executable_by_default, "{text}");
    }
}

#[test]
fn of_two_segments_in_a_page_the_first_is_gone() {
    for layout in writable_layouts() {
        let (mut file, contents) = image_with(&layout, 0, 1, 0x40);
        put(&mut file, &layout, "p_vaddr", layout.base + contents.writable.file_offset);
        for loader in
            [Loader::Linux, Loader::Gvisor, Loader::QemuUser].into_iter().filter(|l| l.runs(layout.target.machine))
        {
            assert!(refused_for(&file, loader, "pages-apart"));
        }
        let (_dir, path) = on_disk(&file);
        // On i386, without a stack marker, all that can be read can be run.
        if layout.tier == Tier::Strict && native(layout.target) {
            assert_ne!(run_natively(&path), Some(7), "{}", layout.target.name);
        }
        if layout.target.machine != Machine::I386 {
            assert_ne!(run_emulated(&path, layout.target), Some(7), "{}", layout.target.name);
        }
    }
}

#[test]
fn only_memory_that_can_be_written_may_exceed_the_file() {
    for layout in writable_layouts() {
        let (mut file, _) = image_with(&layout, 0, 1, 0x2000);
        put(&mut file, &layout, "p_flags", fields::PF_R);
        for loader in [Loader::Linux, Loader::QemuUser] {
            assert!(refused_for(&file, loader, "zeros"));
        }
    }
}

#[test]
fn segments_out_of_order_are_refused() {
    for layout in writable_layouts().filter(|layout| layout.base > 0x1_0000 || layout.tier == Tier::Strict) {
        let (mut file, contents) = image_with(&layout, 0, 1, 0x40);
        // The image's address goes above the second's.
        let first = layout.program_header_offset;
        let p_vaddr = fields::find(fields::phdr(layout.target.class), "p_vaddr");
        let high = layout.writable_address(contents.writable.file_offset) + 0x10_0000;
        file[(first + p_vaddr.offset) as usize + 2] = (high >> 16) as u8;
        assert!(refused_for(&file, Loader::Tools, "ascending"));
    }
}

#[test]
fn flipping_a_checked_byte_of_the_second_header_is_refused_with_its_name() {
    for layout in writable_layouts() {
        let (file, contents) = image_with(&layout, 0, 0x50, 0x1000);
        for claim in claims_for(&layout, &contents).into_iter().filter(|claim| claim.name.ends_with("[1]")) {
            // Only the program misses a segment of another type, in another place or of another size.
            if ["p_type[1]", "p_vaddr[1]", "p_memsz[1]"].contains(&claim.name.as_str()) {
                continue;
            }
            for (at, bits) in claim.range().zip(claim.fixed.to_le_bytes()).filter(|(_, bits)| *bits != 0) {
                let mut flipped = file.clone();
                flipped[at as usize] ^= bits;
                assert_refused_for(&flipped, &layout, at, &claim.name);
            }
        }
    }
}

#[test]
fn what_the_rules_accept_of_the_second_header_runs() {
    for layout in writable_layouts() {
        let (file, _) = image_with(&layout, 0, 0x50, 0x1000);
        let table = fields::phdr(layout.target.class);
        let bytes_of = |name: &str, skip: u32| {
            let field = fields::find(table, name);
            second(&layout) + field.offset + skip..second(&layout) + field.offset + field.len.max(skip)
        };
        // The machine limits writable memory. qemu-user searches everything between two segments, which takes seconds
        // for terabytes.
        let left_out = [bytes_of("p_memsz", 3), bytes_of("p_vaddr", 4)];
        let header = second(&layout)..second(&layout) + fields::total_bytes(table);
        for at in header.filter(|at| !left_out.iter().any(|bytes| bytes.contains(at))) {
            for flip in [0x01, 0x80, 0xff] {
                let mut changed = file.clone();
                changed[at as usize] ^= flip;
                assert_runs_where_accepted(&changed, &layout, &format!("byte {at:#x} ^ {flip:#x}"));
            }
        }
    }
}
