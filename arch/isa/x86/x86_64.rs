//! `x86_64` Linux: registers and system calls of long mode.
//!
//! `syscall` takes its number in rax and its arguments in rdi, rsi, rdx, r10, r8, r9, and returns in rax. rcx and r11
//! are unknown after it. Most processors leave the next rip and rflags there (Intel SDM volume 2, SYSCALL). Those with
//! FRED, and qemu-user, leave them as they were. Every general register but rsp is 0 at entry.

use iced_x86::{Code as Opcode, Instruction};

use super::regs::{EAX, EBP, EBX, ECX, EDI, EDX, ESI};
use super::{Mode, fuse};
use crate::regalloc::Registers;
use crate::target::{Machine, X86_64};

/// How it differs from the other mode.
pub(crate) static MODE: Mode = Mode {
    machine: Machine::X86_64,
    target: &X86_64,
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
        extra_bytes: |reg, of| {
            let rex = if reg >= 8 {
                of.narrow
            } else if reg > EBX {
                of.bytes
            } else {
                0
            };
            let second = if reg > EBX { of.second_byte } else { 0 };
            rex + second + super::regs::base_extra_bytes(reg, of) + if reg == EAX { 0 } else { of.compared }
        },
        saves: Some(|reg| if reg < 8 { 2 } else { 4 }),
        strings: Some(fuse::STRINGS),
    },
    enter: || Instruction::with(Opcode::Syscall), // 0F 05
};
