//! i386 Linux: registers and system calls of protected mode.
//!
//! `int 0x80` takes its number in eax and its arguments in ebx, ecx, edx, esi, edi, ebp; it returns in eax and
//! changes nothing else. Every general register but esp is 0 at entry.

use iced_x86::{Code as Opcode, Instruction};

use super::regs::{EAX, EBP, EBX, ECX, EDI, EDX, ESI};
use super::{Mode, fuse};
use crate::regalloc::Registers;
use crate::target::{I386, Machine};

/// How it differs from the other mode.
pub(crate) static MODE: Mode = Mode {
    machine: Machine::I386,
    target: &I386,
    is_long: false,
    registers: Registers {
        general: &[EBX, ESI, EDI, EAX, EDX, ECX, EBP],
        args: &[EBX, ECX, EDX, ESI, EDI, EBP],
        number: EAX,
        result: EAX,
        clobbers: &[EAX],
        divide: &[EAX, EDX, ECX],
        copy: &[EDI, ESI, ECX],
        frame: EBP,
        narrows: true,
        no_byte: &[ESI, EDI, EBP],
        fused: fuse::fused,
        nowhere: fuse::NOWHERE,
        looks_at: |info, args, index| info.looks_at(Machine::I386, args, index),
        extra_bytes: |reg, of| {
            let second = if reg > EBX { of.second_byte } else { 0 };
            second + super::regs::base_extra_bytes(reg, of) + if reg == EAX { 0 } else { of.compared }
        },
        saves: Some(|_| 2),
        strings: Some(fuse::STRINGS),
    },
    enter: || Instruction::with1(Opcode::Int_imm8, 0x80).expect("int takes a byte"), // CD 80
};
