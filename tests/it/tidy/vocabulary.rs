//! `src` names no register and no instruction; `arch` knows no protocol and no file format. Only `arch` depends on
//! encoders and decoders; only `src/elf` makes header fields.

use super::{Exemption, Source, allow, judge, sources};
use crate::harness::none;
use crate::harness::tool::root;

/// Names of registers beside the numbered ones.
#[rustfmt::skip] // By width.
const REGISTERS: &[&str] = &[
    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "rip",
    "eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip",
    "ax", "bx", "cx", "dx", "ah", "bh", "ch", "dh", "dl", "bl", "sil", "dil", "bpl", "spl",
    "xzr", "wzr",
];
/// Prefixes of numbered registers, the range of their numbers, and what may follow.
const NUMBERED: &[(&str, u8, u8, &[&str])] =
    &[("r", 8, 15, &["", "d", "w", "b"]), ("x", 0, 30, &[""]), ("w", 0, 30, &[""]), ("xmm", 0, 15, &[""])];
/// Instructions with names that mean nothing else.
#[rustfmt::skip] // By machine.
const INSTRUCTIONS: &[&str] = &[
    "mov", "lea", "xchg", "cdq", "cmpsb", "stosb", "lodsb", "movzx", "movsx", "jmp", "jnz", "jne", "jz", "jns",
    "imul", "idiv", "cmovz", "rex", "modrm",
    "movz", "movn", "movk", "svc", "adr", "adrp", "cbz", "cbnz", "tbz", "tbnz", "ldr", "ldrb", "ldur", "strb", "udiv",
    "msub", "cmn",
];
/// Crates that know them.
const ENCODERS: [&str; 5] = ["iced", "iced_x86", "dynasm", "dynasmrt", "yaxpeax"];

/// What a register or an instruction may be named for in `src`.
const SRC_MAY: &[Exemption] = &[
    allow("src/listing/map/svg.rs", "w3", "a part of the address that names the vocabulary of drawings"),
    allow("src/site/headers/parse.rs", "svc", "a part of the name of a header field"),
];

/// Words of protocols and file formats.
#[rustfmt::skip] // By what they are of.
const FORMATS: &[&str] = &[
    "http", "route", "routes", "url", "html", "request", "reply",
    "elf", "ehdr", "phdr", "phdrs", "phnum", "segment", "segments", "shdr",
    "oci", "docker", "tar", "toml",
];

/// What `arch` may say of them.
const ARCH_MAY: &[Exemption] = &[
    allow("arch/", "oci", "what OCI calls the processor is a fact about the target, kept with the others"),
    allow("arch/target.rs", "elf", "a file of the kernel that is the source of a fact"),
    allow("arch/isa/x86/select.rs", "elf", "a macro of the kernel that is the source of a fact"),
    allow("arch/target.rs", "segment", "the alignment that the machine's page sizes ask for has its name from there"),
];

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|character: char| !character.is_ascii_alphanumeric() && character != '_').filter(|word| !word.is_empty())
}

fn is_numbered(word: &str) -> bool {
    NUMBERED.iter().any(|(prefix, first, last, ends)| {
        let rest = word.strip_prefix(prefix).unwrap_or_default();
        ends.iter().any(|end| {
            let number = rest.strip_suffix(end).filter(|digits| !digits.starts_with('0') || *digits == "0");
            number.and_then(|digits| digits.parse::<u8>().ok()).is_some_and(|number| (*first..=*last).contains(&number))
        })
    })
}

fn names_a_machine(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let known = |list: &[&str]| list.contains(&word.as_str());
    known(REGISTERS) || known(INSTRUCTIONS) || known(&ENCODERS) || is_numbered(&word)
}

/// Parts of a name count as well: `elf_header` mentions ELF.
fn names_a_format(word: &str) -> bool {
    word.split('_').any(|part| FORMATS.contains(&part.to_ascii_lowercase().as_str()))
}

/// Every word of these files that is forbidden, with its line.
fn found(files: &[Source], is_forbidden: fn(&str) -> bool) -> Vec<(String, String, String)> {
    let mut faults = Vec::new();
    for file in files {
        for (number, line) in file.lines() {
            for word in words(line).filter(|word| is_forbidden(word)) {
                let part = word.split('_').find(|part| is_forbidden(part)).unwrap_or(word);
                faults.push((file.path.clone(), part.to_ascii_lowercase(), format!(" in line {number}: {line}")));
            }
        }
    }
    faults
}

#[test]
fn the_rules_find_what_they_are_for() {
    for word in ["rax", "EDI", "r10", "r8d", "x0", "x30", "w7", "mov", "svc", "iced_x86", "Yaxpeax"] {
        assert!(names_a_machine(word), "{word}");
    }
    for word in ["x86", "x86_64", "x64", "r0", "r16", "0x40", "w31", "x01", "removed", "call", "push", "syscall"] {
        assert!(!names_a_machine(word), "{word}");
    }
    assert!(names_a_format("elf_header") && names_a_format("HTTP") && !names_a_format("itself"));
}

#[test]
fn src_names_no_register_and_no_instruction() {
    none(&judge(found(&sources("src", &["rs"]), names_a_machine), SRC_MAY));
}

#[test]
fn src_enters_no_kernel() {
    let calls = ["int 0x80", "syscall;", "svc #", "asm!"];
    let in_file = |file: &Source| {
        let hits = file.lines().filter(|(_, line)| calls.iter().any(|call| line.contains(call)));
        hits.map(|(number, line)| format!("{}:{number}: {line}", file.path)).collect::<Vec<_>>()
    };
    none(&sources("src", &["rs"]).iter().flat_map(in_file).collect::<Vec<_>>());
}

#[test]
fn arch_knows_no_protocol_and_no_file_format() {
    let mut files = sources("arch", &["rs"]);
    files.retain(|file| !file.path.starts_with("arch/tests/"));
    none(&judge(found(&files, names_a_format), ARCH_MAY));
}

/// Names of the dependencies in a manifest.
fn dependencies(manifest: &str) -> Vec<String> {
    let table: toml::Table = std::fs::read_to_string(root().join(manifest)).unwrap().parse().unwrap();
    let of =
        |name: &str| table.get(name).and_then(|section| section.as_table()).into_iter().flat_map(toml::Table::keys);
    ["dependencies", "dev-dependencies", "build-dependencies"].into_iter().flat_map(of).cloned().collect()
}

#[test]
fn only_arch_depends_on_encoders() {
    let is_encoder = |name: &String| ENCODERS.iter().any(|encoder| name.starts_with(encoder));
    none(&dependencies("Cargo.toml").into_iter().filter(is_encoder).collect::<Vec<_>>());
    assert!(dependencies("arch/Cargo.toml").iter().any(is_encoder), "the test does not find what it looks for");
    assert!(!dependencies("arch/Cargo.toml").iter().any(|name| name == "asmgen"), "arch depends on asmgen");
}

/// What makes bytes of a header.
const HEADER_MAKERS: [&str; 5] = ["FieldBytes", "Ehdr", "Phdr", "EHDR64", "PHDR64"];

#[test]
fn only_src_elf_makes_header_fields() {
    let mut files = sources("src", &["rs"]);
    files.retain(|file| !file.path.starts_with("src/elf/"));
    let is_field = |word: &str| {
        let prefixed = ["e_", "p_"].iter().any(|prefix| word.starts_with(prefix) && word.len() > 4);
        prefixed || HEADER_MAKERS.contains(&word)
    };
    let exempt = [
        allow("src/image.rs", "p_flags", "an example in the documentation of a field's name"),
        allow("src/listing/mod.rs", "e_ident", "an example in the documentation of a listing"),
    ];
    let mut faults = Vec::new();
    for file in &files {
        for (number, line) in file.lines() {
            for word in words(line).filter(|word| is_field(word)) {
                faults.push((file.path.clone(), word.to_owned(), format!(" in line {number}: {line}")));
            }
        }
    }
    none(&judge(faults, &exempt));
}

/// An owner that is a field is made in one place, from what `src/elf` returns.
#[test]
fn fields_are_claimed_in_one_place() {
    let files = sources("src", &["rs"]);
    let passes_on = |file: &&Source| file.text.contains("Owner::Field { name: field.name");
    let makers: Vec<&str> = files.iter().filter(passes_on).map(|file| file.path.as_str()).collect();
    assert_eq!(makers, ["src/canvas.rs"]);
    let makes_one = |file: &&Source| {
        file.lines().any(|(_, line)| line.contains("Owner::Field {") && !line.contains("..") && !line.contains("=>"))
    };
    let places: Vec<&str> = files.iter().filter(makes_one).map(|file| file.path.as_str()).collect();
    assert_eq!(places, ["src/canvas.rs"]);
}
