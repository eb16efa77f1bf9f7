//! i386: the target's facts.
use crate::target::{Class, Machine, Target};

/// 80386 Linux.
pub static TARGET: Target = Target {
    machine: Machine::I386,
    name: "i386",
    class: Class::Bits32,
    machine_number: 3,
    instruction_align: 1,
    page_align: 0x1000,
    oci_architecture: "386",
    oci_variant: None,
    stack_is_executable_by_default: true,
};
