//! x86_64: the target's facts.
use crate::target::{Class, Machine, Target};

/// AMD64 Linux.
pub static TARGET: Target = Target {
    machine: Machine::X86_64,
    name: "x86_64",
    class: Class::Bits64,
    machine_number: 0x3e,
    instruction_align: 1,
    page_align: 0x1000,
    oci_architecture: "amd64",
    oci_variant: None,
    stack_is_executable_by_default: false,
};
