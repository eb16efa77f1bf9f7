//! The headers in use: around tiny programs that run, and under every loader's rules.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use asmgen_arch::{Machine, TARGETS, Target};

use super::claims::claims_for;
use super::overlay;
use super::*;
use random::Random;

mod alone;
// The numbers of all tests.
#[path = "../../tests/it/harness/random.rs"]
#[expect(dead_code, reason = "others take more of it")]
mod random;
mod writable;

/// A program that exits with status 7.
fn exit_7(target: &Target) -> &'static [u8] {
    match target.machine {
        // System call 60 with argument 7.
        Machine::X86_64 => &[0x6a, 0x3c, 0x58, 0x6a, 0x07, 0x5f, 0x0f, 0x05],
        // System call 93 with argument 7.
        Machine::Aarch64 => &[0xa8, 0x0b, 0x80, 0xd2, 0xe0, 0x00, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4],
        // System call 1 with argument 7.
        Machine::I386 => &[0x6a, 0x01, 0x58, 0x6a, 0x07, 0x5b, 0xcd, 0x80],
    }
}

/// Interpreter for programs of a machine, and the package it comes from.
fn emulator(target: &Target) -> &'static str {
    match target.machine {
        Machine::X86_64 => "qemu-x86_64-static",
        Machine::Aarch64 => "qemu-aarch64-static",
        Machine::I386 => "qemu-i386-static",
    }
}

/// Can this machine's kernel run the target's programs?
fn native(target: &Target) -> bool {
    let host = std::env::consts::ARCH;
    host == target.name || host == "x86_64" && target.machine == Machine::I386
}

/// The contents of a file that is a single segment.
fn one_segment(file_bytes: usize, entry: u64) -> Contents {
    Contents { entry, read_only_bytes: file_bytes as u64, writable: Writable::default() }
}

fn write_header(file: &mut [u8], layout: &Layout, contents: &Contents) {
    for field in header(layout, contents) {
        let start = field.offset as usize;
        file[start..start + field.bytes.len()].copy_from_slice(&field.bytes);
    }
}

/// An image of at least `bytes` bytes with the program at its end, so that the end must be mapped.
fn image_of(layout: &Layout, bytes: usize) -> Vec<u8> {
    let code = exit_7(layout.target);
    let align = layout.target.instruction_align as usize;
    let start = bytes.saturating_sub(code.len()).max(layout.header_bytes as usize).next_multiple_of(align);
    let mut file = vec![0; start + code.len()];
    file[start..].copy_from_slice(code);
    let contents = one_segment(file.len(), layout.base + start as u64);
    write_header(&mut file, layout, &contents);
    file
}

fn tiny(layout: &Layout) -> Vec<u8> {
    image_of(layout, 0)
}

fn every_layout() -> impl Iterator<Item = Layout> {
    Tier::all().flat_map(|tier| TARGETS.into_iter().map(move |target| layout(tier, target, false)))
}

/// An executable file that is gone with its folder.
fn on_disk(file: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("program");
    fs::write(&path, file).expect("write the program");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("make it executable");
    (dir, path)
}

/// Exit status of a command; none if a signal ended it.
fn status(mut command: Command, package: &str) -> Option<i32> {
    // Another test's fork may hold the file open for writing for a moment (ETXTBSY), so ask again.
    for _ in 0..50 {
        match command.status() {
            Ok(status) => return status.code(),
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            Err(error) => panic!("{:?}: {error}; needs {package}", command.get_program()),
        }
    }
    panic!("{:?} stays busy", command.get_program())
}

fn run_natively(path: &Path) -> Option<i32> {
    status(Command::new(path), "a kernel that runs this program (CONFIG_IA32_EMULATION for i386)")
}

fn run_emulated(path: &Path, target: &Target) -> Option<i32> {
    let mut command = Command::new(emulator(target));
    command.arg(path);
    status(command, "apt package qemu-user-static")
}

fn assert_runs(file: &[u8], layout: &Layout) {
    let (_dir, path) = on_disk(file);
    let what = format!("{} {} of {} bytes", layout.tier, layout.target.name, file.len());
    if native(layout.target) {
        assert_eq!(run_natively(&path), Some(7), "{what} on the kernel");
    }
    // What only the kernel has to take runs on the other machines' kernels in `tests/it/kernels`.
    if layout.tier.loaders().contains(&Loader::QemuUser) {
        assert_eq!(run_emulated(&path, layout.target), Some(7), "{what} on qemu-user");
    }
}

fn assert_accepted(file: &[u8], tier: Tier) {
    let verdicts = verify(file);
    let refused: Vec<_> =
        verdicts.iter().filter(|v| tier.loaders().contains(&v.loader)).flat_map(Verdict::refusals).collect();
    assert!(accepted_by_tier(&verdicts, tier), "{tier}: {refused:#?}");
}

fn verdict(file: &[u8], loader: Loader) -> Verdict {
    verify(file).into_iter().find(|verdict| verdict.loader == loader).expect("a verdict for each loader")
}

#[test]
fn header_sizes_are_the_least_that_the_rules_allow() {
    let found: Vec<_> = every_layout()
        .map(|l| (l.tier.name(), l.target.name, l.program_header_offset, l.header_bytes, l.base))
        .collect();
    let expected = [
        ("strict", "x86_64", 0x40, 120, 0x1_0000),
        ("strict", "aarch64", 0x40, 120, 0x1_0000),
        ("strict", "i386", 0x34, 116, 0x1_0000),
        ("portable", "x86_64", 0x2f, 103, 0x1_0000),
        ("portable", "aarch64", 0x2f, 103, 0x1_0000),
        // The program header lies over e_ehsize and e_phentsize with p_vaddr, so they are the load address.
        ("portable", "i386", 0x20, 64, 0x20_0000),
        // The plain layout; those that are searched are smaller.
        ("linux", "x86_64", 0x2f, 103, 0x1_0000),
        ("linux", "aarch64", 0x2f, 103, 0x1_0000),
        ("linux", "i386", 0x20, 64, 0x20_0000),
    ];
    assert_eq!(found, expected);
}

#[test]
fn overlays_that_the_reference_measured_are_the_feasible_ones() {
    let feasible = |target| {
        let all: Vec<_> = overlay::candidates(Tier::Portable, target, false).collect();
        all.iter().filter(|c| c.is_feasible()).map(|c| c.layout.program_header_offset).collect::<Vec<_>>()
    };
    let bits64 = feasible(&asmgen_arch::target::X86_64);
    assert_eq!(bits64, feasible(&asmgen_arch::target::AARCH64));
    assert_eq!(bits64, [0x2f, 0x38, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x40]);
    assert_eq!(feasible(&asmgen_arch::target::I386), [0x20, 0x2c, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33, 0x34]);
}

#[test]
fn a_conflict_names_the_byte_and_both_fields() {
    let all: Vec<_> = overlay::candidates(Tier::Portable, &asmgen_arch::target::X86_64, false).collect();
    let at_18 = all.iter().find(|candidate| candidate.layout.program_header_offset == 0x18).expect("0x18 is tried");
    let first = &at_18.conflicts[0];
    assert_eq!((first.offset, first.fields.each_ref().map(String::as_str)), (0x18, ["e_entry", "p_type[0]"]));
}

#[test]
fn fields_cover_the_header_and_agree() {
    for layout in every_layout() {
        let mut bytes = vec![None; layout.header_bytes as usize];
        for field in header(&layout, &one_segment(200, layout.base + 150)) {
            assert!(!field.meaning.is_empty());
            for (i, byte) in field.bytes.iter().enumerate() {
                let at = field.offset as usize + i;
                assert!(bytes[at].is_none_or(|other| other == *byte), "{} differs at {at:#x}", field.name);
                bytes[at] = Some(*byte);
            }
        }
        let holes: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at].is_none()).collect();
        assert!(holes.is_empty(), "no field covers {holes:?}");
    }
}

#[test]
fn tiny_programs_run_and_are_accepted() {
    for layout in every_layout() {
        let file = tiny(&layout);
        assert_accepted(&file, layout.tier);
        assert_runs(&file, &layout);
    }
}

#[test]
fn programs_of_every_awkward_size_run() {
    for layout in every_layout() {
        for bytes in [0xff, 0x100, 0x101, 0x102, 0x10c, 0xfff, 0x1000, 0x1001, 0x1101, 10_000_000] {
            let file = image_of(&layout, bytes);
            assert_accepted(&file, layout.tier);
            assert_runs(&file, &layout);
        }
    }
}

#[test]
fn holes_are_free_on_the_loaders_that_are_here() {
    for layout in every_layout().filter(|layout| layout.tier != Tier::Strict) {
        let mut file = tiny(&layout);
        for at in layout.holes().into_iter().flatten() {
            file[at as usize] = 0xff;
        }
        assert_accepted(&file, layout.tier);
        assert_runs(&file, &layout);
    }
    let holes = layout(Tier::Portable, &asmgen_arch::target::X86_64, false).holes();
    assert_eq!(holes, [0x07..0x08, 0x14..0x18, 0x28..0x2f, 0x47..0x4f, 0x5f..0x67]);
}

/// What `readelf` says of a file, complaints included.
fn readelf(file: &[u8]) -> String {
    let (_dir, path) = on_disk(file);
    let mut command = Command::new("readelf");
    command.args(["-lhW"]).arg(&path);
    let output = command.output().expect("readelf runs; needs apt package binutils");
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{text}");
    text
}

#[test]
fn strict_images_are_clean_for_tools() {
    for target in TARGETS {
        let file = tiny(&layout(Tier::Strict, target, false));
        let elf = goblin::elf::Elf::parse(&file).expect("goblin takes it");
        assert_eq!(elf.program_headers[0].p_filesz, file.len() as u64);
        let text = readelf(&file);
        for bad in ["arning", "rror", "orrupt", "unknown"] {
            assert!(!text.contains(bad), "{}: {text}", target.name);
        }
    }
}

#[test]
fn strict_images_are_writable_or_executable_but_not_both() {
    for target in TARGETS {
        let file = tiny(&layout(Tier::Strict, target, false));
        let elf = goblin::elf::Elf::parse(&file).expect("goblin takes it");
        assert!(elf.program_headers.iter().all(|header| header.p_flags & 3 != 3));
        let marked =
            elf.program_headers.iter().any(|header| header.p_type == goblin::elf::program_header::PT_GNU_STACK);
        assert_eq!(marked, target.stack_is_executable_by_default);
        assert!(verdict(&file, Loader::WxPolicy).accepted());
    }
}

#[test]
fn flipping_a_checked_byte_is_refused_with_its_name() {
    for layout in every_layout() {
        let file = tiny(&layout);
        let entry = layout.base + file.len() as u64 - exit_7(layout.target).len() as u64;
        for claim in claims_for(&layout, &one_segment(file.len(), entry)) {
            // A late byte may have other values that are right as well, and so may the size of the stack.
            if claim.name == "p_memsz[1]" {
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

/// Some loader of the tier refuses the file and names this byte.
fn assert_refused_for(file: &[u8], layout: &Layout, at: u32, name: &str) {
    let verdicts = verify(file);
    let of_tier = verdicts.iter().filter(|verdict| layout.tier.loaders().contains(&verdict.loader));
    assert!(
        of_tier.flat_map(Verdict::refusals).any(|refusal| refusal.names_byte(u64::from(at))),
        "{} {}: byte {at:#x} of {name}: {verdicts:#?}",
        layout.tier,
        layout.target.name
    );
}

/// Every change of a header byte after which a loader's rules still hold must leave a file that it runs. (The reverse
/// does not hold here: rules are also about other kernels, other page sizes and users without privileges.)
#[test]
fn what_the_rules_accept_runs() {
    for layout in every_layout() {
        let file = tiny(&layout);
        let entry = fields::find(fields::ehdr(layout.target.class), "e_entry");
        // Another entry point in the segment is right as well, but not the start of the program.
        let entry_in_segment = entry.offset..entry.offset + 4;
        for at in (0..layout.header_bytes).filter(|at| !entry_in_segment.contains(at)) {
            for flip in [0x01, 0x80, 0xff] {
                let mut changed = file.clone();
                changed[at as usize] ^= flip;
                assert_runs_where_accepted(&changed, &layout, &format!("byte {at:#x} ^ {flip:#x}"));
            }
        }
    }
}

fn assert_runs_where_accepted(file: &[u8], layout: &Layout, what: &str) {
    let (kernel, qemu) = (verdict(file, Loader::Linux).accepted(), verdict(file, Loader::QemuUser).accepted());
    let what = format!("{} {}: {what}", layout.tier, layout.target.name);
    let (_dir, path) = on_disk(file);
    if kernel && native(layout.target) {
        assert_eq!(run_natively(&path), Some(7), "{what} on the kernel");
    }
    if qemu {
        assert_eq!(run_emulated(&path, layout.target), Some(7), "{what} on qemu-user");
    }
}

#[test]
fn an_entry_point_in_cleared_memory_is_refused_by_gvisor_alone() {
    let layout = layout(Tier::Portable, &asmgen_arch::target::X86_64, false);
    let mut file = image_of(&layout, 0x200);
    let contents = one_segment(file.len(), layout.base + 0x1f0);
    write_header(&mut file, &layout, &contents);
    file[0x2f + 0x20..0x2f + 0x28].copy_from_slice(&0x10_u64.to_le_bytes());
    file[0x2f + 0x28..0x2f + 0x30].copy_from_slice(&0x10_u64.to_le_bytes());
    assert!(verdict(&file, Loader::Linux).accepted());
    assert_eq!(verdict(&file, Loader::Gvisor).refusals()[0].rule, "entry-in-segment");
}

/// The short answer is the same as the one with reasons.
#[test]
fn a_short_answer_is_that_of_the_long_one() {
    let mut answers = [0; 2];
    for layout in every_layout() {
        let whole = tiny(&layout);
        for (at, byte) in (0..whole.len()).flat_map(|at| [0x00, 0x01, 0xff].map(|byte| (at, byte))) {
            let mut file = whole.clone();
            file[at] = byte;
            let verdicts = verify(&file);
            for tier in Tier::all() {
                let is_accepted = accepted_by_tier(&verdicts, tier);
                assert_eq!(super::verify::is_accepted(&file, tier), is_accepted, "{layout:?}: {byte:#x} at {at:#x}");
                answers[usize::from(is_accepted)] += 1;
            }
        }
    }
    assert!(answers.iter().all(|&answers| answers > 100), "{answers:?}");
}

/// gVisor clears the rest of a segment's last page, and cannot where the page is past the end of the file
/// (`tests/it/kernels/gvisor.rs` found it). A segment that fills its last page is fine.
#[test]
fn a_last_page_past_the_file_is_refused_by_gvisor_alone() {
    let layout = layout(Tier::Portable, &asmgen_arch::target::X86_64, false);
    for (end, is_taken) in [(0x10a6_u64, false), (0x0fff, true), (0x1000, true), (0x8000, true), (0x8001, false)] {
        let mut file = tiny(&layout);
        let size = (end - 0x100).to_le_bytes();
        file[0x2f + 0x20..0x2f + 0x28].copy_from_slice(&size);
        file[0x2f + 0x28..0x2f + 0x30].copy_from_slice(&size);
        assert!(verdict(&file, Loader::Linux).accepted());
        assert_eq!(verdict(&file, Loader::Gvisor).accepted(), is_taken, "{end:#x}");
        assert_eq!(accepted_by_tier(&verify(&file), Tier::Portable), is_taken, "{end:#x}");
    }
}

/// A program that found no room below the stack (`tests/it/differential` found it): it ended 4 GiB below 128 TiB, where
/// the stack can be.
#[test]
fn a_segment_ends_below_the_stack() {
    let layout = layout(Tier::Linux, &asmgen_arch::target::X86_64, false);
    for (end, is_taken) in [(127_u64 << 40, true), (0x7fff_ffff_f000, false)] {
        let mut file = tiny(&layout);
        for at in [0x20, 0x28].map(|at| layout.program_header_offset as usize + at) {
            file[at..at + 8].copy_from_slice(&(end - layout.base - 0x1000).to_le_bytes());
        }
        assert_eq!(verdict(&file, Loader::Linux).accepted(), is_taken, "{end:#x}");
        if native(layout.target) {
            assert_eq!(run_natively(&on_disk(&file).1) == Some(7), is_taken, "{end:#x}");
        }
    }
}

/// The 80-byte header with the program headers at 0x18: exit(42) by the kernel, refused by others (elf.md, section 2).
const GOLFED_64: [u8; 80] = [
    // The entry point is offset 1, where 45 4c 46 are prefixes without effect; it goes on at 0x30 and at 0x48.
    0x7f, 0x45, 0x4c, 0x46, 0xb8, 0x3c, 0x00, 0x00, 0x00, 0xeb, 0x25, 0x00, 0x00, 0x00, 0x00, 0x00, //
    0x02, 0x00, 0x3e, 0x00, 0xff, 0xff, 0xff, 0xff, 0x01, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, //
    0x18, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, //
    0x6a, 0x2a, 0x5f, 0xeb, 0x13, 0xff, 0x38, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, //
    0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0f, 0x05, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
];

#[test]
fn a_kernel_only_header_is_told_from_others() {
    assert!(verdict(&GOLFED_64, Loader::Linux).accepted(), "{:#?}", verdict(&GOLFED_64, Loader::Linux));
    for loader in [Loader::QemuUser, Loader::Gvisor, Loader::BinfmtQemu, Loader::Tools] {
        assert!(!verdict(&GOLFED_64, loader).refusals().is_empty(), "{loader}");
    }
    assert!(!accepted_by_tier(&verify(&GOLFED_64), Tier::Portable));
    if native(&asmgen_arch::target::X86_64) {
        let (_dir, path) = on_disk(&GOLFED_64);
        assert_eq!(run_natively(&path), Some(42));
        assert_ne!(run_emulated(&path, &asmgen_arch::target::X86_64), Some(42));
    }
}

#[test]
fn a_truncated_32_bit_header_is_for_the_kernel_alone() {
    // elf.md, section 1: e_phoff = 4, and the file ends after the low byte of e_phnum. Here exit(7).
    let mut file = vec![
        0x7f, 0x45, 0x4c, 0x46, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, //
        0x02, 0x00, 0x03, 0x00, 0x20, 0x00, 0x01, 0x00, 0x20, 0x00, 0x01, 0x00, 0x04, 0x00, 0x00, 0x00,
    ];
    // System call 1 with argument 7; then e_phentsize and e_phnum.
    file.extend([0x31, 0xc0, 0x40, 0x6a, 0x07, 0x5b, 0xcd, 0x80, 0x00, 0x00, 0x20, 0x00, 0x01]);
    assert_eq!(file.len(), 45);
    assert!(verdict(&file, Loader::Linux).accepted(), "{:#?}", verdict(&file, Loader::Linux));
    assert_eq!(verdict(&file, Loader::Gvisor).outcome, Outcome::OtherMachine);
    assert!(verdict(&file, Loader::QemuUser).refusals().iter().any(|refusal| refusal.rule == "header-whole"));
    if std::env::consts::ARCH == "x86_64" {
        let (_dir, path) = on_disk(&file);
        assert_eq!(run_natively(&path), Some(7));
        assert_ne!(run_emulated(&path, &asmgen_arch::target::I386), Some(7));
    }
}

#[test]
fn ordinary_programs_are_accepted() {
    let file = fs::read("/bin/ls").expect("there is an /bin/ls");
    for loader in LOADERS {
        assert!(verdict(&file, loader).accepted(), "{:#?}", verdict(&file, loader));
    }
}

#[test]
fn files_that_are_no_programs_are_refused_by_all() {
    let mut big_endian = tiny(&layout(Tier::Strict, &asmgen_arch::target::X86_64, false));
    big_endian[5] = 2;
    big_endian[0x10..0x14].copy_from_slice(&[0, 2, 0, 0x15]);
    let text = b"#!/bin/sh\nexit 0\n".to_vec();
    for file in [Vec::new(), vec![0x7f], b"\x7fELF".to_vec(), text, big_endian] {
        for verdict in verify(&file) {
            assert!(!verdict.refusals().is_empty(), "{} takes {} bytes", verdict.loader, file.len());
        }
    }
}

#[test]
fn verdicts_are_printed_as_json() {
    let mut file = tiny(&layout(Tier::Strict, &asmgen_arch::target::I386, false));
    file[0x28] = 0;
    let json = serde_json::to_value(verify(&file)).expect("verdicts are JSON");
    assert_eq!(json[0], serde_json::json!({"loader": "linux", "outcome": "accepted"}));
    assert_eq!(json[1], serde_json::json!({"loader": "gvisor", "outcome": "other-machine"}));
    assert_eq!(json[2]["refusals"][0]["places"][0]["offset"], 0x28);
}

#[test]
fn no_bytes_at_all_make_verify_panic() {
    let mut random = Random::new(1);
    let mut seeds: Vec<_> = every_layout().map(|layout| tiny(&layout)).collect();
    seeds.push(GOLFED_64.to_vec());
    seeds.push(fs::read("/bin/ls").expect("there is an /bin/ls")[..0x1000].to_vec());
    for round in 0..20_000 {
        let mut file = seeds[round % seeds.len()].clone();
        for _ in 0..=random.below(6) {
            // Mostly the headers, where bytes count; extremes are likelier to overflow than others.
            let at = random.below(file.len().min(0x300));
            file[at] = [0, 1, 0x7f, 0x80, 0xff, random.below(256) as u8][random.below(6)];
        }
        if random.below(4) == 0 {
            file.truncate(random.below(file.len() + 1));
        }
        assert_eq!(verify(&file).len(), LOADERS.len());
    }
}
