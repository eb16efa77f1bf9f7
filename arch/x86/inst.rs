//! Instructions of x86 with operands that may still be symbolic, and their bytes by iced's encoder.
//! iced's assembler does not choose the shortest form, so every `Code` is named here or at the place of use.

use iced_x86::{Code, Encoder, Instruction, OpKind};

use super::regs;
use crate::CompileError;
use crate::alloc::Reg;
use crate::code::{Encode, Ref};
use crate::op::{Cond, Label};

/// An instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    /// All operands are known.
    Plain(Instruction),
    /// An address below 2 GiB is added to the operand in memory, or is the number.
    Symbolic { instruction: Instruction, of: Ref },
    /// A jump, conditional or not.
    Jump { condition: Option<Condition>, to: Label },
    /// A call of a subroutine.
    Subroutine { to: Label },
    /// A system call that does not return.
    Leave(Instruction),
    /// An address below 4 GiB into a register.
    Address { reg: Reg, of: Ref },
    /// An address below 2 GiB onto the stack.
    PushAddress { of: Ref },
}

/// Conditions of jumps, each with its opposite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Equal,
    NotEqual,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Greater,
    Sign,
    NotSign,
    Below,
    AboveOrEqual,
    BelowOrEqual,
    Above,
}

impl Condition {
    /// The condition that holds where this one does not.
    fn opposite(self) -> Self {
        let opposite = |other: &Condition| *other as u8 == self as u8 ^ 1;
        JUMPS.iter().find_map(|(condition, _)| condition.filter(opposite)).expect("conditions come in pairs")
    }
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
            Operation::Plain(instruction) | Operation::Leave(instruction) => instruction,
            Operation::Symbolic { instruction, of } => {
                let value = i32::try_from(address(of)).map_err(|_| CompileError::AddressTooHigh)?;
                with_address(instruction, value)
            }
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

    fn branch(&self) -> Option<(Label, u8)> {
        self.jump().and_then(|(to, condition)| Some((to, condition?)))
    }

    fn opposite(&self, to: Label) -> Option<Box<dyn Encode>> {
        let Operation::Jump { condition: Some(condition), .. } = self.operation else { return None };
        let operation = Operation::Jump { condition: Some(condition.opposite()), to };
        Some(Box::new(Self { long_mode: self.long_mode, operation }))
    }

    fn identity(&self) -> Option<Vec<u8>> {
        match self.operation {
            Operation::Plain(instruction) => bytes(self.bits(), &instruction, 0).ok(),
            Operation::Leave(instruction) => {
                bytes(self.bits(), &instruction, 0).ok().map(|bytes| [b"leave", bytes.as_slice()].concat())
            }
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

    fn goes_on(&self) -> bool {
        match self.operation {
            Operation::Plain(instruction) => !matches!(instruction.code(), Code::Retnq | Code::Retnd),
            Operation::Jump { condition, .. } => condition.is_some(),
            Operation::Leave(_) => false,
            _ => true,
        }
    }
}

/// The instruction with an address in its operand.
fn with_address(mut instruction: Instruction, value: i32) -> Instruction {
    if (0..instruction.op_count()).any(|operand| instruction.op_kind(operand) == OpKind::Memory) {
        let offset = instruction.memory_displacement64().wrapping_add_signed(i64::from(value));
        instruction.set_memory_displacement64(offset);
    } else {
        instruction.set_immediate_i32(1, value);
    }
    instruction
}

/// The bytes of an instruction at an address.
pub(crate) fn bytes(bits: u32, instruction: &Instruction, at: u64) -> Result<Vec<u8>, CompileError> {
    let mut encoder = Encoder::new(bits);
    encoder.encode(instruction, at).map_err(|error| encoding(&error))?;
    Ok(encoder.take_buffer())
}

fn encoding(error: &iced_x86::IcedError) -> CompileError {
    CompileError::Encoding { message: error.to_string() }
}
