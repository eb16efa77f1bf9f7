//! What each loader checks, as one table. Where the program headers may overlap the ELF header ([`super::overlay`])
//! and whether a file is accepted ([`super::verify`](mod@super::verify)) both come from it.
//!
//! "Measured" in a source means runs on Linux 5.10, 6.1, 6.12 and 6.18, qemu-user 7.2 and runsc 20240729.

use asmgen_arch::{Class, Target};

use super::checks;
use super::fields::{ET_DYN, ET_EXEC, MAGIC};
use super::loader::Loader::{self, BinfmtQemu, BinfmtRosetta, FreeBsd, Gvisor, Linux, QemuUser, Tools, Wsl1, WxPolicy};
use super::view::{Place, View};

/// A rule: what it reads, what is right, and which loaders have it.
#[derive(Debug)]
pub struct Rule {
    /// Short name, unique.
    pub name: &'static str,
    /// Names of the fields that decide it. A field that no rule of a tier reads is free in that tier.
    pub reads: &'static [&'static str],
    /// What would be right.
    pub right: &'static str,
    /// What is checked.
    pub check: Check,
    /// The loaders that have the rule, and where that is stated.
    pub loaders: &'static [(Loader, &'static str)],
}

/// How a rule is checked.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// The first field read, of the ELF header, has one of these values.
    OneOf(Values),
    /// A relation between fields: the places that break it, none if it holds.
    Relation(fn(&View) -> Vec<Place>),
}

/// Values that may depend on the machine.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// The same for all.
    Are(&'static [u64]),
    /// One for 32-bit files, one for 64-bit files.
    ByClass(&'static [u64], &'static [u64]),
    /// The number of the machine; for any file, that of one of our targets.
    Machine,
}

impl Values {
    /// The values that fit a target.
    pub fn of(self, target: &Target) -> Vec<u64> {
        match self {
            Self::Machine => vec![u64::from(target.machine_number)],
            other => other.of_class(target.class).to_vec(),
        }
    }

    fn of_class(self, class: Class) -> &'static [u64] {
        match (self, class) {
            (Self::Are(all), _) | (Self::ByClass(all, _), Class::Bits32) | (Self::ByClass(_, all), Class::Bits64) => {
                all
            }
            (Self::Machine, _) => &[],
        }
    }

    fn allow(self, view: &View, value: u64) -> bool {
        match self {
            Self::Machine => view.target.is_some(),
            other => other.of_class(view.class).contains(&value),
        }
    }
}

impl Rule {
    /// Where it is stated that the loader has the rule; none if it has not.
    pub fn source(&self, loader: Loader) -> Option<&'static str> {
        self.loaders.iter().find(|(who, _)| *who == loader).map(|(_, source)| *source)
    }

    /// The places that break the rule, none if the file keeps it.
    pub fn broken(&self, view: &View) -> Vec<Place> {
        match self.check {
            Check::OneOf(values) if values.allow(view, view.get(self.reads[0])) => Vec::new(),
            Check::OneOf(_) => view.places(self.reads),
            Check::Relation(broken) => broken(view),
        }
    }
}

const KERNEL: &str = "Linux fs/binfmt_elf.c load_elf_binary";
const GVISOR: &str = "gVisor pkg/sentry/loader/elf.go parseHeader";
const GVISOR_LOAD: &str = "gVisor pkg/sentry/loader/elf.go loadParsedELF, mapSegment";
const QEMU_IDENT: &str = "qemu linux-user/elfload.c elf_check_ident";
const QEMU_EHDR: &str = "qemu linux-user/elfload.c elf_check_ehdr";
const QEMU_LOAD: &str = "qemu linux-user/elfload.c load_elf_image";
const QEMU_MASK: &str =
    "qemu scripts/qemu-binfmt-conf.sh masks (aarch64's; others leave the lowest bit of bytes 5, 6 open)";
const ROSETTA_MASK: &str = "Rosetta binfmt mask, lima-vm/lima#1155";
const FREEBSD_HEADER: &str = "FreeBSD sys/kern/imgact_elf.c check_header";
const FREEBSD: &str = "FreeBSD sys/kern/imgact_elf.c exec_imgact";
const FREEBSD_LOAD: &str = "FreeBSD sys/kern/imgact_elf.c load_section";
const WSL: &str = "microsoft/WSL#8219, #5154";
const GABI: &str = "System V gABI, ELF Header and Program Header";
const READELF: &str = "binutils readelf.c process_file_header (warns)";
const GOBLIN: &str = "goblin elf::Elf::parse";
const SELINUX: &str = "SELinux execmem and execstack, PaX MPROTECT; W^X is asmgen's own demand on strict images";
const ASMGEN: &str = "asmgen knows the machines x86_64, aarch64 and i386 only";

/// Every rule, in the order of the fields it is about.
pub static RULES: &[Rule] = &[
    Rule {
        name: "magic",
        reads: &["e_ident[EI_MAG]"],
        right: "7f 45 4c 46",
        check: Check::OneOf(Values::Are(&[MAGIC])),
        loaders: &[
            (Linux, KERNEL),
            (Gvisor, GVISOR),
            (QemuUser, QEMU_IDENT),
            (BinfmtQemu, QEMU_MASK),
            (BinfmtRosetta, ROSETTA_MASK),
            (FreeBsd, FREEBSD_HEADER),
            (Wsl1, GABI),
            (Tools, GOBLIN),
            (WxPolicy, GABI),
        ],
    },
    Rule {
        name: "class",
        reads: &["e_ident[EI_CLASS]"],
        right: "2 (64-bit) for x86_64 and aarch64, 1 (32-bit) for i386",
        check: Check::OneOf(Values::ByClass(&[1], &[2])),
        loaders: &[
            (Gvisor, GVISOR),
            (QemuUser, QEMU_IDENT),
            (BinfmtQemu, QEMU_MASK),
            (BinfmtRosetta, ROSETTA_MASK),
            (FreeBsd, FREEBSD_HEADER),
            (Tools, GOBLIN),
        ],
    },
    Rule {
        name: "byte-order",
        reads: &["e_ident[EI_DATA]"],
        right: "1 (little endian)",
        check: Check::OneOf(Values::Are(&[1])),
        loaders: &[
            (Gvisor, GVISOR),
            (QemuUser, QEMU_IDENT),
            (BinfmtQemu, QEMU_MASK),
            (BinfmtRosetta, ROSETTA_MASK),
            (FreeBsd, FREEBSD_HEADER),
            (Tools, GOBLIN),
        ],
    },
    Rule {
        name: "ident-version",
        reads: &["e_ident[EI_VERSION]"],
        right: "1 (EV_CURRENT)",
        check: Check::OneOf(Values::Are(&[1])),
        loaders: &[
            (Gvisor, GVISOR),
            (QemuUser, QEMU_IDENT),
            (BinfmtQemu, QEMU_MASK),
            (BinfmtRosetta, ROSETTA_MASK),
            (FreeBsd, FREEBSD_HEADER),
        ],
    },
    Rule {
        name: "brand",
        reads: &["e_ident[EI_OSABI]"],
        right: "3 (Linux), or a note or an interpreter that tells the system",
        check: Check::Relation(checks::no_brand),
        loaders: &[(FreeBsd, "FreeBSD sys/kern/imgact_elf.c get_brandinfo")],
    },
    Rule {
        name: "ident-padding",
        reads: &["e_ident[EI_ABIVERSION..]"],
        right: "8 zero bytes",
        check: Check::OneOf(Values::Are(&[0])),
        loaders: &[(BinfmtQemu, QEMU_MASK), (BinfmtRosetta, ROSETTA_MASK)],
    },
    Rule {
        name: "type",
        reads: &["e_type"],
        right: "2 (ET_EXEC) or 3 (ET_DYN)",
        check: Check::OneOf(Values::Are(&[ET_EXEC, ET_DYN])),
        loaders: &[
            (Linux, KERNEL),
            (Gvisor, GVISOR),
            (QemuUser, QEMU_EHDR),
            (BinfmtQemu, QEMU_MASK),
            (BinfmtRosetta, ROSETTA_MASK),
            (FreeBsd, FREEBSD),
        ],
    },
    Rule {
        name: "machine",
        reads: &["e_machine"],
        right: "0x3e (x86_64), 0xb7 (aarch64) or 0x3 (i386)",
        check: Check::OneOf(Values::Machine),
        loaders: &[
            (Linux, KERNEL),
            (Gvisor, GVISOR),
            (QemuUser, QEMU_EHDR),
            (BinfmtQemu, QEMU_MASK),
            (BinfmtRosetta, ROSETTA_MASK),
            (FreeBsd, FREEBSD_HEADER),
            (Wsl1, ASMGEN),
            (Tools, ASMGEN),
            (WxPolicy, ASMGEN),
        ],
    },
    Rule {
        name: "version",
        reads: &["e_version"],
        right: "1 (EV_CURRENT)",
        check: Check::OneOf(Values::Are(&[1])),
        loaders: &[(FreeBsd, FREEBSD_HEADER)],
    },
    Rule {
        name: "header-size",
        reads: &["e_ehsize"],
        right: "64 in a 64-bit file, 52 in a 32-bit file",
        check: Check::OneOf(Values::ByClass(&[52], &[64])),
        loaders: &[(QemuUser, QEMU_EHDR), (Tools, GABI)],
    },
    Rule {
        name: "header-whole",
        reads: &["e_ehsize"],
        right: "a file at least as long as the ELF header",
        check: Check::Relation(checks::truncated_header),
        loaders: &[(Gvisor, GVISOR), (QemuUser, QEMU_LOAD), (Tools, GOBLIN)],
    },
    Rule {
        name: "program-header-size",
        reads: &["e_phentsize"],
        right: "56 in a 64-bit file, 32 in a 32-bit file",
        check: Check::OneOf(Values::ByClass(&[32], &[56])),
        loaders: &[
            (Linux, "Linux fs/binfmt_elf.c load_elf_phdrs"),
            (Gvisor, GVISOR),
            (QemuUser, QEMU_EHDR),
            (FreeBsd, FREEBSD_HEADER),
            (Tools, READELF),
        ],
    },
    Rule {
        name: "program-header-count",
        reads: &["e_phnum"],
        right: "at least 1 program header, at most 4096 bytes of them",
        check: Check::Relation(checks::bad_table_size),
        loaders: &[(Linux, "Linux up to 6.x fs/binfmt_elf.c load_elf_phdrs"), (Gvisor, GVISOR)],
    },
    Rule {
        name: "program-headers-in-file",
        reads: &["e_phoff", "e_phnum"],
        right: "program headers that end inside the file",
        check: Check::Relation(checks::table_outside_file),
        loaders: &[
            (Linux, "Linux fs/binfmt_elf.c load_elf_phdrs"),
            (Gvisor, GVISOR),
            (QemuUser, QEMU_LOAD),
            (FreeBsd, FREEBSD),
            (Tools, GOBLIN),
            (WxPolicy, GABI),
        ],
    },
    Rule {
        name: "program-headers-in-first-page",
        reads: &["e_phoff", "e_phnum"],
        right: "program headers that end in the file's first 4096 bytes",
        check: Check::Relation(checks::table_outside_first_page),
        loaders: &[(FreeBsd, FREEBSD)],
    },
    Rule {
        name: "program-headers-aligned",
        reads: &["e_phoff"],
        right: "a multiple of 8 in a 64-bit file, of 4 in a 32-bit file",
        check: Check::Relation(checks::table_unaligned),
        loaders: &[(FreeBsd, FREEBSD)],
    },
    Rule {
        name: "program-headers-apart",
        reads: &["e_phoff"],
        right: "program headers after the ELF header",
        check: Check::Relation(checks::table_in_header),
        loaders: &[(Tools, GABI)],
    },
    Rule {
        name: "sections",
        reads: &["e_shoff", "e_shnum", "e_shstrndx"],
        right: "section headers that end inside the file, or no trace of them",
        check: Check::Relation(checks::bad_sections),
        loaders: &[(Tools, "goblin SectionHeader::parse; binutils readelf.c process_file_header (warns)")],
    },
    Rule {
        name: "section-header-size",
        reads: &["e_shentsize"],
        right: "64 in a 64-bit file, 40 in a 32-bit file, or 0",
        check: Check::OneOf(Values::ByClass(&[40, 0], &[64, 0])),
        loaders: &[(Tools, READELF)],
    },
    Rule {
        name: "segment-to-load",
        reads: &["p_type", "e_phoff", "e_phnum"],
        right: "at least one PT_LOAD segment",
        check: Check::Relation(checks::nothing_to_load),
        loaders: &[(Linux, KERNEL), (Gvisor, GVISOR_LOAD), (QemuUser, QEMU_LOAD), (FreeBsd, FREEBSD)],
    },
    Rule {
        name: "entry-in-page",
        reads: &["e_entry", "p_flags", "p_offset", "p_vaddr", "p_filesz"],
        right: "an address in the pages of an executable segment, backed by a byte of the file",
        check: Check::Relation(checks::entry_outside_pages),
        loaders: &[(QemuUser, "measured: the first instruction faults; readable memory is not executable for it")],
    },
    Rule {
        name: "entry-in-runnable-page",
        reads: &["e_entry", "p_flags", "p_offset", "p_vaddr", "p_filesz"],
        right: "an address in the pages of an executable segment, on i386 without PT_GNU_STACK also of a readable one, \
                backed by a byte of the file",
        check: Check::Relation(checks::entry_outside_runnable_pages),
        loaders: &[(Linux, "measured: the first instruction faults")],
    },
    Rule {
        name: "entry-in-segment",
        reads: &["e_entry", "p_flags", "p_offset", "p_vaddr", "p_filesz"],
        right: "an address before the end of an executable segment: what follows in its page is set to 0",
        check: Check::Relation(checks::entry_outside_bytes),
        loaders: &[(Gvisor, GVISOR_LOAD)],
    },
    Rule {
        name: "readable",
        reads: &["p_flags"],
        right: "R beside X",
        check: Check::Relation(checks::execute_only),
        loaders: &[
            (Linux, "Linux mm/mmap.c execute_only_pkey: data in it cannot be read on processors with PKU"),
            (QemuUser, "measured: a system call on data in it gives EFAULT"),
        ],
    },
    Rule {
        name: "file-size-fits-memory-size",
        reads: &["p_filesz", "p_memsz"],
        right: "p_filesz at most p_memsz",
        check: Check::Relation(checks::more_file_than_memory),
        loaders: &[(Linux, KERNEL), (FreeBsd, FREEBSD_LOAD), (Tools, "binutils readelf.c process_program_headers")],
    },
    Rule {
        name: "memory-size",
        reads: &["p_memsz"],
        right: "p_memsz above 0 where p_filesz is",
        check: Check::Relation(checks::file_without_memory),
        loaders: &[(QemuUser, "measured on qemu-user 7.2: SIGSEGV")],
    },
    Rule {
        name: "zeros",
        reads: &["p_filesz", "p_memsz", "p_flags", "p_offset"],
        right: "p_memsz equal to p_filesz, or W and, where the zeros behind p_filesz begin, a page of the file",
        check: Check::Relation(checks::impossible_zeros),
        loaders: &[
            (Linux, "Linux 5.10 fs/binfmt_elf.c padzero; measured: SIGSEGV"),
            (QemuUser, "qemu linux-user/elfload.c zero_bss; measured: SIGSEGV"),
        ],
    },
    Rule {
        name: "congruent",
        reads: &["p_offset", "p_vaddr"],
        right: "p_vaddr and p_offset equal modulo the page (4 KiB; on aarch64 64 KiB, for kernels with such pages)",
        check: Check::Relation(checks::incongruent),
        loaders: &[(Linux, "Linux fs/binfmt_elf.c elf_map"), (Gvisor, GVISOR_LOAD), (QemuUser, QEMU_LOAD)],
    },
    Rule {
        name: "lowest-address",
        reads: &["p_vaddr"],
        right: "0x10000 or higher in an ET_EXEC file",
        check: Check::Relation(checks::too_low),
        loaders: &[(Linux, "vm.mmap_min_addr is up to 65536 for users without privileges; measured")],
    },
    Rule {
        name: "highest-address",
        reads: &["p_vaddr", "p_memsz"],
        right: "a segment that ends below the stack",
        check: Check::Relation(checks::too_high),
        loaders: &[(Linux, "Linux fs/binfmt_elf.c BAD_ADDR, elf_map"), (Gvisor, GVISOR_LOAD), (QemuUser, QEMU_LOAD)],
    },
    Rule {
        name: "ascending",
        reads: &["p_vaddr", "p_memsz"],
        right: "PT_LOAD segments in the order of their addresses",
        check: Check::Relation(checks::out_of_order),
        loaders: &[(Gvisor, GVISOR_LOAD), (Tools, GABI)],
    },
    Rule {
        name: "pages-apart",
        reads: &["p_vaddr", "p_memsz"],
        right: "PT_LOAD segments without a page in common: of two that have one, the later is in it alone",
        check: Check::Relation(checks::shared_pages),
        loaders: &[(Linux, "Linux fs/binfmt_elf.c elf_map (MAP_FIXED)"), (Gvisor, GVISOR_LOAD), (QemuUser, QEMU_LOAD)],
    },
    Rule {
        name: "segment-in-file",
        reads: &["p_offset", "p_filesz"],
        right: "a segment that ends inside the file",
        check: Check::Relation(checks::segment_outside_file),
        loaders: &[
            (FreeBsd, FREEBSD_LOAD),
            (Tools, "binutils bfd/elfcode.h (warns: segment extending past end of file)"),
        ],
    },
    Rule {
        name: "segment-near-file",
        reads: &["p_offset", "p_filesz"],
        right: "a segment that ends at most 256 MiB past the end of the file; more is not known to run everywhere",
        check: Check::Relation(checks::segment_far_outside_file),
        loaders: &[(Gvisor, "measured: 256 MiB run, 64 TiB hang"), (QemuUser, "measured: 256 MiB run, 64 TiB hang")],
    },
    Rule {
        name: "last-page-in-file",
        reads: &["p_offset", "p_filesz"],
        right: "a segment whose last page, if it does not fill it, has a byte of the file: the rest of it is cleared",
        check: Check::Relation(checks::last_page_outside_file),
        loaders: &[(Gvisor, "measured on runsc 20240729: bad address")],
    },
    Rule {
        name: "page-alignment",
        reads: &["p_align"],
        right: "a multiple of 4096, not 0, the same in all PT_LOAD segments",
        check: Check::Relation(checks::not_page_aligned),
        loaders: &[(Wsl1, WSL)],
    },
    Rule {
        name: "alignment",
        reads: &["p_align", "p_offset", "p_vaddr"],
        right: "0 or a power of two, with p_vaddr and p_offset equal modulo p_align",
        check: Check::Relation(checks::misaligned),
        loaders: &[(Tools, GABI)],
    },
    Rule {
        name: "interpreter",
        reads: &["p_type", "p_offset", "p_filesz"],
        right: "a path of 1 to 4095 bytes and a zero byte, inside the file",
        check: Check::Relation(checks::bad_interpreter),
        loaders: &[(Linux, KERNEL), (Gvisor, GVISOR_LOAD), (QemuUser, QEMU_LOAD)],
    },
    Rule {
        name: "write-xor-execute",
        reads: &["p_flags"],
        right: "no segment with both W and X",
        check: Check::Relation(checks::writable_code),
        loaders: &[(WxPolicy, SELINUX)],
    },
    Rule {
        name: "stack-not-executable",
        reads: &["p_type", "p_flags"],
        right: "PT_GNU_STACK without X; needed on i386, whose kernel makes all memory executable without it",
        check: Check::Relation(checks::executable_stack),
        loaders: &[(WxPolicy, "Linux arch/x86/include/asm/elf.h elf_read_implies_exec; SELinux execstack")],
    },
    Rule {
        name: "stack-size",
        reads: &["p_type", "p_memsz"],
        right: "PT_GNU_STACK with a p_memsz, the size of the stack, of at most 64 MiB; 0 for the usual size",
        check: Check::Relation(checks::huge_stack),
        loaders: &[(FreeBsd, FREEBSD)],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::elf::fields;

    #[test]
    fn rules_have_unique_names_and_read_fields_that_exist() {
        let mut names = BTreeSet::new();
        for rule in RULES {
            assert!(names.insert(rule.name), "two rules are named {}", rule.name);
            for class in [Class::Bits32, Class::Bits64] {
                for name in rule.reads {
                    let table = if name.starts_with("p_") { fields::phdr(class) } else { fields::ehdr(class) };
                    fields::find(table, name);
                }
            }
            let loaders: BTreeSet<_> = rule.loaders.iter().map(|(loader, _)| loader).collect();
            assert_eq!(loaders.len(), rule.loaders.len(), "{} names a loader twice", rule.name);
        }
    }
}
