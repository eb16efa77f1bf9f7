//! What a target is: facts as data. Code that differs between machines lives in the machine's own folder.

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
pub static TARGETS: [&Target; 3] = [&crate::x86_64::TARGET, &crate::aarch64::TARGET, &crate::i386::TARGET];

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
