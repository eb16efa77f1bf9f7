//! `x86_64` Linux: the target's facts.
//!
//! `syscall` takes its number in rax and its arguments in rdi, rsi, rdx, r10, r8, r9, and returns in rax. Nothing is known
//! of rcx and r11 after it: most processors leave the next rip and rflags there (Intel SDM volume 2, SYSCALL), those with
//! FRED and qemu-user leave them as they were. Every general register but rsp is 0 at entry.

use iced_x86::{Code as Opcode, Instruction};

use crate::alloc::Registers;
use crate::target::{Class, Machine, Target};
use crate::x86::regs::{EAX, EBP, EBX, ECX, EDI, EDX, ESI};
use crate::x86::{Mode, fuse};

/// AMD64 Linux.
pub static TARGET: Target = Target {
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

/// How it differs from the other mode.
pub(crate) static MODE: Mode = Mode {
    machine: Machine::X86_64,
    target: &TARGET,
    is_long: true,
    registers: Registers {
        general: &[EBX, EDI, ESI, EDX, EAX, ECX, EBP, 8, 9, 10, 11, 14, 15, 12, 13],
        args: &[EDI, ESI, EDX, 10, 8, 9],
        number: EAX,
        result: EAX,
        clobbers: &[EAX, ECX, 11],
        divide: &[EAX, EDX, ECX],
        copy: &[EDI, ESI, ECX],
        frame: EBP,
        narrows: true,
        no_byte: &[],
        fused: fuse::fused,
        nowhere: fuse::NOWHERE,
        looks_at: |info, args, index| info.looks_at(Machine::X86_64, args, index),
        // A REX prefix for the upper eight, and for the lowest byte of four more; the forms of the accumulator.
        price: |reg, of| {
            let rex = if reg >= 8 {
                of.narrow
            } else if reg > EBX {
                of.bytes
            } else {
                0
            };
            let second = if reg > EBX { of.second_byte } else { 0 };
            rex + second + crate::x86::regs::base_price(reg, of) + if reg == EAX { 0 } else { of.compared }
        },
        saves: Some(|reg| if reg < 8 { 2 } else { 4 }),
        strings: Some(fuse::STRINGS),
    },
    enter: || Instruction::with(Opcode::Syscall), // 0F 05
};
