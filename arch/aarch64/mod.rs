//! aarch64: the target's facts.
use crate::target::{Class, Machine, Target};

/// ARMv8-A Linux.
pub static TARGET: Target = Target {
    machine: Machine::Aarch64,
    name: "aarch64",
    class: Class::Bits64,
    machine_number: 0xb7,
    instruction_align: 4,
    page_align: 0x1_0000,
    oci_architecture: "arm64",
    oci_variant: Some("v8"),
    stack_is_executable_by_default: false,
};
