//! The targets: facts as data. Code that differs between machines is in the machine's own folder.

/// No code or data is ever placed below this address (`vm.mmap_min_addr` on hardened systems; 64-KiB pages).
pub const LOWEST_ADDRESS: u32 = 0x1_0000;

/// Bytes above the stack pointer at entry that a program may overwrite. The argument count, arguments, environment and
/// the auxiliary vector (at least 18 pairs, fs/binfmt_elf.c `create_elf_tables`) are always there. A program that does
/// not read them needs no frame of its own.
pub const ENTRY_SCRATCH_BYTES: u32 = 128;

/// Width of addresses and of the kernel's `long`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// 32-bit addresses; a word is 4 bytes.
    Bits32,
    /// 64-bit addresses; a word is 8 bytes.
    Bits64,
}

impl Class {
    /// Bytes in a machine word (address, kernel `long`).
    pub const fn word_bytes(self) -> u32 {
        match self {
            Self::Bits32 => 4,
            Self::Bits64 => 8,
        }
    }
}

/// The machines there are; the one name every dispatch goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Machine {
    /// AMD64, long mode.
    X86_64,
    /// ARMv8-A, A64 instruction set.
    Aarch64,
    /// 80386 and newer, protected mode, system calls through `int 0x80`.
    I386,
}

/// Facts about a machine that others need: headers, images, tests.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// Which machine.
    pub machine: Machine,
    /// Name on the command line and in file names.
    pub name: &'static str,
    /// Address width.
    pub class: Class,
    /// Number of the machine in an executable's header (System V gABI, `EM_*`).
    pub machine_number: u16,
    /// Every instruction, and so the entry point, is at a multiple of this many bytes.
    pub instruction_align: u8,
    /// Segment alignment in bytes that fits every page size the machine's kernels use.
    pub page_align: u32,
    /// Bytes of a `struct epoll_event`; its `data` are the last 8 (include/uapi/linux/eventpoll.h).
    pub epoll_event_bytes: u32,
    /// Number of the machine in system call filters (include/uapi/linux/audit.h, `AUDIT_ARCH_*`).
    pub audit_arch: u32,
    /// Processor name in OCI images (Go's `GOARCH`).
    pub oci_architecture: &'static str,
    /// Variant beside the processor name in OCI images, if there is one.
    pub oci_variant: Option<&'static str>,
    /// Is memory without a stack marker executable on this machine's Linux (`READ_IMPLIES_EXEC`,
    /// arch/x86/include/asm/elf.h: "missing `PT_GNU_STACK`")?
    pub stack_is_executable_by_default: bool,
    /// Names of the registers, by their numbers.
    pub registers: &'static [&'static str],
}

/// All targets, in the order in which tables list them.
pub static TARGETS: [&Target; 3] = [&X86_64, &AARCH64, &I386];

/// AMD64 Linux.
pub static X86_64: Target = Target {
    machine: Machine::X86_64,
    name: "x86_64",
    class: Class::Bits64,
    machine_number: 0x3e,
    instruction_align: 1,
    page_align: 0x1000,
    epoll_event_bytes: 12,
    audit_arch: 0xc000_003e,
    oci_architecture: "amd64",
    oci_variant: None,
    stack_is_executable_by_default: false,
    registers: &[
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
    ],
};

/// ARMv8-A Linux.
pub static AARCH64: Target = Target {
    machine: Machine::Aarch64,
    name: "aarch64",
    class: Class::Bits64,
    machine_number: 0xb7,
    instruction_align: 4,
    page_align: 0x1_0000,
    epoll_event_bytes: 16,
    audit_arch: 0xc000_00b7,
    oci_architecture: "arm64",
    oci_variant: Some("v8"),
    stack_is_executable_by_default: false,
    registers: &AARCH64_REGISTERS,
};

#[rustfmt::skip] // In rows.
const AARCH64_REGISTERS: [&str; 32] = [
    "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
    "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp",
];

/// 80386 Linux.
pub static I386: Target = Target {
    machine: Machine::I386,
    name: "i386",
    class: Class::Bits32,
    machine_number: 3,
    instruction_align: 1,
    page_align: 0x1000,
    epoll_event_bytes: 12,
    audit_arch: 0x4000_0003,
    oci_architecture: "386",
    oci_variant: None,
    stack_is_executable_by_default: true,
    registers: &["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"],
};

impl Target {
    /// The target of that name (`x86_64`, `aarch64`, `i386`).
    pub fn by_name(name: &str) -> Option<&'static Self> {
        TARGETS.into_iter().find(|target| target.name == name)
    }

    /// The target that runs on this very machine, if there is one.
    pub fn host() -> Option<&'static Self> {
        Self::by_name(if cfg!(target_arch = "x86") { "i386" } else { std::env::consts::ARCH })
    }
}
