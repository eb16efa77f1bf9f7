//! Instructions of x86 with operands that may still be symbolic, and their bytes by iced's encoder.
//! iced's assembler does not choose the shortest form, so every `Code` is named here or at the place of use.

use iced_x86::{Code, Encoder, Instruction, InstructionInfoFactory, MemoryOperand, OpAccess, Register};

use std::ops::Range;

use super::regs;
use crate::CompileError;
use crate::alloc::Reg;
use crate::code::{Encode, Ref};
use crate::golf::Effects;
use crate::op::{Cond, Label};

/// An instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    /// All operands are known.
    Plain(Instruction),
    /// A jump, conditional or not.
    Jump { condition: Option<Condition>, to: Label },
    /// A call of a subroutine.
    Subroutine { to: Label },
    /// An address below 4 GiB into a register.
    Address { reg: Reg, of: Ref },
    /// An address below 2 GiB onto the stack.
    PushAddress { of: Ref },
}

/// Conditions of jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    GreaterOrEqual,
    Greater,
    Sign,
    NotSign,
    Below,
    BelowOrEqual,
    AboveOrEqual,
    Above,
}

impl From<Cond> for Condition {
    fn from(cond: Cond) -> Self {
        match cond {
            Cond::Eq => Self::Equal,
            Cond::Ne => Self::NotEqual,
            Cond::Lt => Self::Less,
            Cond::Le => Self::LessOrEqual,
            Cond::Ge => Self::GreaterOrEqual,
            Cond::Gt => Self::Greater,
            Cond::Below => Self::Below,
            Cond::BelowOrEqual => Self::BelowOrEqual,
            Cond::AboveOrEqual => Self::AboveOrEqual,
            Cond::Above => Self::Above,
        }
    }
}

/// An instruction for one of the two modes.
pub(crate) struct X86Inst {
    pub(crate) long_mode: bool,
    pub(crate) operation: Operation,
}

impl X86Inst {
    fn bits(&self) -> u32 {
        if self.long_mode { 64 } else { 32 }
    }
}

/// Codes of a jump: short and near in protected mode, short and near in long mode.
#[rustfmt::skip] // One jump per line; bytes in the margin.
#[allow(clippy::enum_glob_use)] // Fifty-two codes of one enumeration, nothing else.
const JUMPS: [(Option<Condition>, [Code; 4]); 13] = {
    use Code::*;
    [
        (None,                            [Jmp_rel8_32, Jmp_rel32_32, Jmp_rel8_64, Jmp_rel32_64]),  // EB cb   E9 cd
        (Some(Condition::Equal),          [Je_rel8_32,  Je_rel32_32,  Je_rel8_64,  Je_rel32_64]),   // 74 cb   0F 84 cd
        (Some(Condition::NotEqual),       [Jne_rel8_32, Jne_rel32_32, Jne_rel8_64, Jne_rel32_64]),  // 75 cb   0F 85 cd
        (Some(Condition::Less),           [Jl_rel8_32,  Jl_rel32_32,  Jl_rel8_64,  Jl_rel32_64]),   // 7C cb   0F 8C cd
        (Some(Condition::LessOrEqual),    [Jle_rel8_32, Jle_rel32_32, Jle_rel8_64, Jle_rel32_64]),  // 7E cb   0F 8E cd
        (Some(Condition::GreaterOrEqual), [Jge_rel8_32, Jge_rel32_32, Jge_rel8_64, Jge_rel32_64]),  // 7D cb   0F 8D cd
        (Some(Condition::Greater),        [Jg_rel8_32,  Jg_rel32_32,  Jg_rel8_64,  Jg_rel32_64]),   // 7F cb   0F 8F cd
        (Some(Condition::Sign),           [Js_rel8_32,  Js_rel32_32,  Js_rel8_64,  Js_rel32_64]),   // 78 cb   0F 88 cd
        (Some(Condition::NotSign),        [Jns_rel8_32, Jns_rel32_32, Jns_rel8_64, Jns_rel32_64]),  // 79 cb   0F 89 cd
        (Some(Condition::Below),          [Jb_rel8_32,  Jb_rel32_32,  Jb_rel8_64,  Jb_rel32_64]),   // 72 cb   0F 82 cd
        (Some(Condition::BelowOrEqual),   [Jbe_rel8_32, Jbe_rel32_32, Jbe_rel8_64, Jbe_rel32_64]),  // 76 cb   0F 86 cd
        (Some(Condition::AboveOrEqual),   [Jae_rel8_32, Jae_rel32_32, Jae_rel8_64, Jae_rel32_64]),  // 73 cb   0F 83 cd
        (Some(Condition::Above),          [Ja_rel8_32,  Ja_rel32_32,  Ja_rel8_64,  Ja_rel32_64]),   // 77 cb   0F 87 cd
    ]
};

/// Bytes of a short jump and of the longest near one.
const SHORT_JUMP_BYTES: u64 = 2;

impl Encode for X86Inst {
    fn encode(&self, form: u8, at: u64, address: &dyn Fn(Ref) -> u64) -> Result<Option<Vec<u8>>, CompileError> {
        let instruction = match self.operation {
            Operation::Plain(instruction) => instruction,
            Operation::Jump { condition, to } => {
                let target = address(Ref::Code(to));
                let distance = target.wrapping_sub(at + SHORT_JUMP_BYTES) as i64;
                if form == 0 && i8::try_from(distance).is_err() {
                    return Ok(None);
                }
                let (_, codes) =
                    JUMPS.iter().find(|(known, _)| *known == condition).expect("every condition is listed");
                let code = codes[usize::from(self.long_mode) * 2 + usize::from(form.min(1))];
                Instruction::with_branch(code, target).map_err(|error| encoding(&error))?
            }
            Operation::Subroutine { to } => {
                let code = if self.long_mode { Code::Call_rel32_64 } else { Code::Call_rel32_32 }; // E8 cd
                Instruction::with_branch(code, address(Ref::Code(to))).map_err(|error| encoding(&error))?
            }
            // Above 4 GiB the address is counted from the instruction's end: 48 8D /r with a displacement of 4 bytes.
            Operation::Address { reg, of } if form > 0 && self.long_mode => {
                let from = MemoryOperand::with_base_displ(Register::RIP, address(of) as i64);
                Instruction::with2(Code::Lea_r64_m, regs::bits_64(reg), from).map_err(|error| encoding(&error))?
            }
            Operation::Address { .. } if self.long_mode && form == 0 && u32::try_from(address(Ref::Image)).is_err() => {
                return Ok(None);
            }
            Operation::Address { reg, of } => {
                let value = u32::try_from(address(of)).map_err(|_| CompileError::AddressTooHigh)?;
                Instruction::with2(Code::Mov_r32_imm32, regs::bits_32(reg), value).map_err(|error| encoding(&error))?
            }
            Operation::PushAddress { of } => {
                let value = i32::try_from(address(of)).map_err(|_| CompileError::AddressTooHigh)?;
                let code = if self.long_mode { Code::Pushq_imm32 } else { Code::Pushd_imm32 };
                Instruction::with1(code, value).map_err(|error| encoding(&error))?
            }
        };
        bytes(self.bits(), &instruction, at).map(Some)
    }

    fn jump(&self) -> Option<(Label, Option<u8>)> {
        match self.operation {
            Operation::Jump { condition, to } => Some((to, condition.map(|condition| condition as u8))),
            _ => None,
        }
    }

    fn island(&self, to: Label) -> Option<Box<dyn Encode>> {
        Some(Box::new(Self { long_mode: self.long_mode, operation: Operation::Jump { condition: None, to } }))
    }

    fn identity(&self) -> Option<Vec<u8>> {
        match self.operation {
            Operation::Plain(instruction) => bytes(self.bits(), &instruction, 0).ok(),
            operation => Some(format!("{operation:?}").into_bytes()),
        }
    }

    fn jump_bytes(&self) -> u32 {
        5
    }

    fn leads_to(&self) -> Option<Label> {
        match self.operation {
            Operation::Jump { condition: None, to } => Some(to),
            _ => None,
        }
    }

    fn wants_flags(&self) -> bool {
        match self.operation {
            Operation::Plain(instruction) => instruction.rflags_read() != 0,
            operation => matches!(operation, Operation::Jump { .. }),
        }
    }

    fn symbolic(&self, form: u8) -> Range<usize> {
        match (self.operation, form) {
            (Operation::Plain(_), _) => 0..0,
            (Operation::Jump { .. }, 0) => 1..2,
            (Operation::Jump { condition: None, .. } | Operation::Subroutine { .. }, _) => 1..5,
            (Operation::Jump { .. }, _) => 2..6,
            (Operation::Address { .. }, 0) | (Operation::PushAddress { .. }, _) => 1..5,
            (Operation::Address { .. }, _) => 3..7,
        }
    }

    fn effects(&self) -> Effects {
        match self.operation {
            Operation::Plain(instruction) => effects(&instruction),
            Operation::Address { reg, .. } => Effects { reads: 0, writes: 1 << reg },
            // The stack pointer is register 4.
            Operation::PushAddress { .. } => Effects { reads: 1 << 4, writes: 1 << 4 | Effects::MEMORY },
            Operation::Jump { condition: Some(_), .. } => Effects { reads: u64::MAX, writes: u64::MAX },
            Operation::Jump { .. } | Operation::Subroutine { .. } => Effects::ALL,
        }
    }

    fn goes_on(&self) -> bool {
        match self.operation {
            Operation::Plain(instruction) => !matches!(instruction.code(), Code::Retnq | Code::Retnd),
            Operation::Jump { condition, .. } => condition.is_some(),
            _ => true,
        }
    }
}

/// The bytes of an instruction at an address.
pub(crate) fn bytes(bits: u32, instruction: &Instruction, at: u64) -> Result<Vec<u8>, CompileError> {
    let mut encoder = Encoder::new(bits);
    encoder.encode(instruction, at).map_err(|error| encoding(&error))?;
    Ok(encoder.take_buffer())
}

/// What an instruction reads and writes, by iced's tables; everything for those that enter the kernel.
fn effects(instruction: &Instruction) -> Effects {
    if matches!(instruction.code(), Code::Syscall | Code::Int_imm8) {
        return Effects::ALL;
    }
    let mut factory = InstructionInfoFactory::new();
    let info = factory.info(instruction);
    let mut effects = Effects { reads: 0, writes: 0 };
    for used in info.used_registers() {
        let number = used.register().full_register().number() as u64;
        let bit = if used.register().is_gpr() { 1 << number } else { Effects::MEMORY };
        if !matches!(used.access(), OpAccess::Write) {
            effects.reads |= bit;
        }
        if !matches!(used.access(), OpAccess::Read | OpAccess::CondRead) {
            effects.writes |= bit;
        }
    }
    for used in info.used_memory() {
        let reads = matches!(used.access(), OpAccess::Read | OpAccess::CondRead);
        if reads { effects.reads |= Effects::MEMORY } else { effects.writes |= Effects::MEMORY }
    }
    if instruction.rflags_read() != 0 {
        effects.reads |= Effects::FLAGS;
    }
    if instruction.rflags_modified() != 0 {
        effects.writes |= Effects::FLAGS;
    }
    effects
}

fn encoding(error: &iced_x86::IcedError) -> CompileError {
    CompileError::Encoding { message: error.to_string() }
}
