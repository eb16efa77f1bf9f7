//! Instructions of x86 with operands that may still be symbolic, and their bytes by iced's encoder.
//! iced's assembler does not choose the shortest form, so every `Code` is named here or at the place of use.

use iced_x86::{Code, Encoder, Instruction, InstructionInfoFactory, MemoryOperand, OpAccess, OpKind, Register};

use std::ops::Range;

use super::materialize::{Constant, Rule};
use super::regs;
use crate::CompileError;
use crate::analysis::value_state::Value;
use crate::ir::Ref;
use crate::ir::op::{Cond, Label};
use crate::mach::inst::MachInst;
use crate::mach::inst::{ControlFlow, Effects};
use crate::reg::Reg;

/// An instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    /// All operands are known.
    Plain(Instruction),
    /// An address below 2 GiB is added to the operand in memory, or is the number.
    Symbolic { instruction: Instruction, of: Ref },
    /// The same for the number of an instruction that has an operand in memory, too.
    Number { instruction: Instruction, of: Ref },
    /// A jump, conditional or not.
    Jump { condition: Option<Condition>, to: Label },
    /// A call of a routine.
    CallRoutine { to: Label },
    /// A system call that does not return.
    Leave(Instruction),
    /// An address below 4 GiB into a register.
    Address { reg: Reg, of: Ref },
    /// An address from another register.
    SameAddress { reg: Reg, from: Reg },
    /// A constant, with what is known of the register before.
    Constant { instruction: Instruction, known: KnownConstant },
    /// An address below 2 GiB onto the stack.
    PushAddress { of: Ref },
}

impl Operation {
    /// The register and the offset that it finds its operand in memory by, and whether an index is added.
    pub(super) fn near_register(&self) -> Option<(Reg, i32, bool)> {
        let (Self::Plain(instruction) | Self::Number { instruction, .. }) = self else { return None };
        let (base, index) = (instruction.memory_base(), instruction.memory_index());
        let is_indexed = index != Register::None;
        (base != Register::None).then(|| (base.number() as Reg, instruction.memory_displacement64() as i32, is_indexed))
    }
}

/// A constant that a register gets, and whether the register was 0 before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownConstant {
    reg: Reg,
    value: u32,
    was_zero: bool,
}

impl KnownConstant {
    /// None if there is but one way.
    pub(crate) fn of(reg: Reg, before: Value, constant: Constant, rule: Rule) -> Option<Self> {
        let value = u32::try_from(constant.value).ok()?;
        let plain = matches!(rule, Rule::LowByte | Rule::Imm32 | Rule::Inc | Rule::Zero);
        (plain && reg < 8).then_some(Self { reg, value, was_zero: before == Value::Const(0) })
    }

    /// Other encodings, longer ones included; the second of each says whether it changes the flags.
    fn others(self) -> Vec<(Vec<u8>, bool)> {
        let (value, number) = (self.value, self.value.to_le_bytes());
        let with = |opcode: u8| [&[opcode][..], &number].concat();
        let mut others = vec![(with(0xb8 + self.reg), false)]; // B8+r id: mov r32, imm32
        if value < 0x80 {
            others.push((vec![0x6a, value as u8, 0x58 + self.reg], false)); // 6A ib 58+r: push imm8; pop r
        }
        if self.was_zero && self.reg == regs::EAX {
            for opcode in [0x05, 0x0d, 0x35] {
                others.push((with(opcode), true)); // 05 id, 0D id, 35 id: add, or, xor eax, imm32
            }
            if value < 0x100 {
                // 04 ib, 0C ib, 34 ib: add, or, xor al, imm8
                others.extend([0x04, 0x0c, 0x34].map(|opcode| (vec![opcode, value as u8], true)));
            }
        }
        if self.was_zero {
            let registers = [0xc0, 0xc8, 0xf0].map(|modrm| modrm + self.reg);
            if value < 0x80 {
                others.extend(registers.map(|modrm| (vec![0x83, modrm, value as u8], true))); // 83 /0, /1, /6 ib
            }
            others.extend(registers.map(|modrm| ([&[0x81, modrm][..], &number].concat(), true))); // 81 /0, /1, /6 id
        }
        others
    }
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

/// Bytes of the longest instruction (Intel SDM volume 1, 2.2.1).
const MOST_BYTES: usize = 15;
/// Bytes of a short jump and of the longest near one.
const SHORT_JUMP_BYTES: u64 = 2;

impl MachInst for X86Inst {
    fn encode(&self, form: u8, at: u64, address: &dyn Fn(Ref) -> u64) -> Result<Option<Vec<u8>>, CompileError> {
        let instruction = match self.operation {
            Operation::Plain(instruction) | Operation::Leave(instruction) => instruction,
            Operation::Symbolic { instruction, of } => {
                let value = i32::try_from(address(of)).map_err(|_| CompileError::AddressTooHigh)?;
                with_address(instruction, value)
            }
            Operation::Number { mut instruction, of } => {
                let value = i32::try_from(address(of)).map_err(|_| CompileError::AddressTooHigh)?;
                instruction.set_immediate_i32(1, value);
                instruction
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
            Operation::CallRoutine { to } => {
                let code = if self.long_mode { Code::Call_rel32_64 } else { Code::Call_rel32_32 }; // E8 cd
                Instruction::with_branch(code, address(Ref::Code(to))).map_err(|error| encoding(&error))?
            }
            Operation::Constant { instruction, .. } => instruction,
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
            // 89 /r; above 4 GiB all of the register: REX.W.
            Operation::SameAddress { reg, from } if form == 0 => {
                if self.long_mode && u32::try_from(address(Ref::Image)).is_err() {
                    return Ok(None);
                }
                Instruction::with2(Code::Mov_rm32_r32, regs::bits_32(reg), regs::bits_32(from))
                    .map_err(|error| encoding(&error))?
            }
            Operation::SameAddress { reg, from } => {
                Instruction::with2(Code::Mov_rm64_r64, regs::bits_64(reg), regs::bits_64(from))
                    .map_err(|error| encoding(&error))?
            }
            Operation::PushAddress { of } => {
                let value = i32::try_from(address(of)).map_err(|_| CompileError::AddressTooHigh)?;
                let code = if self.long_mode { Code::Pushq_imm32 } else { Code::Pushd_imm32 };
                Instruction::with1(code, value).map_err(|error| encoding(&error))?
            }
        };
        bytes(self.bits(), &instruction, at).map(Some)
    }

    fn control_flow(&self) -> ControlFlow {
        match self.operation {
            Operation::Jump { condition: None, to } => ControlFlow::Jump(to),
            Operation::Jump { condition: Some(condition), to } => {
                ControlFlow::CondJump { to, condition: condition as u8 }
            }
            Operation::CallRoutine { .. } => ControlFlow::Call,
            Operation::Plain(instruction) if goes_back(&instruction) => ControlFlow::Return,
            Operation::Leave(_) => ControlFlow::Never,
            _ => ControlFlow::FallThrough,
        }
    }

    fn may_be_chained(&self) -> bool {
        matches!(self.operation, Operation::Jump { .. })
    }

    fn jump_to(&self, to: Label) -> Option<Box<dyn MachInst>> {
        Some(Box::new(Self { long_mode: self.long_mode, operation: Operation::Jump { condition: None, to } }))
    }

    fn inverted(&self, to: Label) -> Option<Box<dyn MachInst>> {
        let Operation::Jump { condition: Some(condition), .. } = self.operation else { return None };
        let operation = Operation::Jump { condition: Some(condition.opposite()), to };
        Some(Box::new(Self { long_mode: self.long_mode, operation }))
    }

    fn merge_key(&self) -> Option<Vec<u8>> {
        match self.operation {
            Operation::Plain(instruction) | Operation::Constant { instruction, .. } => {
                bytes(self.bits(), &instruction, 0).ok()
            }
            Operation::Leave(instruction) => {
                bytes(self.bits(), &instruction, 0).ok().map(|bytes| [b"leave", bytes.as_slice()].concat())
            }
            Operation::SameAddress { .. } => self.encode(0, 0, &|_| 0).ok().flatten(),
            operation => Some(format!("{operation:?}").into_bytes()),
        }
    }

    fn cloned_return(&self) -> Option<Box<dyn MachInst>> {
        let Operation::Plain(instruction) = self.operation else { return None };
        let operation = Operation::Plain(instruction);
        goes_back(&instruction).then(|| Box::new(Self { long_mode: self.long_mode, operation }) as Box<dyn MachInst>)
    }

    fn max_jump_bytes(&self) -> u32 {
        5
    }

    fn reads_flags(&self) -> bool {
        match self.operation {
            Operation::Plain(instruction) if goes_back(&instruction) => true,
            Operation::Plain(instruction) => instruction.rflags_read() != 0 && !enters_kernel(&instruction),
            Operation::Jump { .. }
            | Operation::CallRoutine { .. }
            | Operation::Symbolic { .. }
            | Operation::Number { .. } => true,
            _ => false,
        }
    }

    fn alternatives(&self, changes_flags: bool) -> Vec<Vec<u8>> {
        let Operation::Constant { known, .. } = self.operation else { return Vec::new() };
        known.others().into_iter().filter(|(_, changes)| changes_flags || !changes).map(|(bytes, _)| bytes).collect()
    }

    fn relocated_bytes(&self, form: u8) -> Range<usize> {
        match (self.operation, form) {
            (
                Operation::Plain(_) | Operation::Constant { .. } | Operation::Leave(_) | Operation::SameAddress { .. },
                _,
            ) => 0..0,
            (Operation::Symbolic { .. } | Operation::Number { .. }, _) => 0..MOST_BYTES,
            (Operation::Jump { .. }, 0) => 1..2,
            (Operation::Jump { condition: None, .. } | Operation::CallRoutine { .. }, _) => 1..5,
            (Operation::Jump { .. }, _) => 2..6,
            (Operation::Address { .. }, 0) | (Operation::PushAddress { .. }, _) => 1..5,
            (Operation::Address { .. }, _) => 3..7,
        }
    }

    fn effects(&self) -> Effects {
        match self.operation {
            Operation::Plain(instruction) | Operation::Constant { instruction, .. } => effects(&instruction),
            Operation::Symbolic { .. } | Operation::Number { .. } | Operation::Leave(_) => Effects::ALL,
            Operation::Address { reg, .. } => Effects { reads: 0, writes: 1 << reg },
            Operation::SameAddress { reg, from } => Effects { reads: 1 << from, writes: 1 << reg },
            // The stack pointer is register 4.
            Operation::PushAddress { .. } => Effects { reads: 1 << 4, writes: 1 << 4 | Effects::MEMORY },
            Operation::Jump { condition: Some(_), .. } => Effects { reads: u64::MAX, writes: u64::MAX },
            Operation::Jump { .. } | Operation::CallRoutine { .. } => Effects::ALL,
        }
    }

    fn touched_regs(&self) -> u64 {
        match self.operation {
            Operation::Plain(instruction) | Operation::Leave(instruction) if enters_kernel(&instruction) => {
                // The kernel reads and changes no other register (arch/x86/entry/entry_64.S). `int 80h` reads all but
                // the stack pointer.
                if self.long_mode { !(1 << 3 | 1 << 5 | 0xf << 12) } else { u64::MAX }
            }
            Operation::Jump { .. } => 0,
            _ => {
                let effects = self.effects();
                effects.reads | effects.writes
            }
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

/// Is it the end of a routine?
fn goes_back(instruction: &Instruction) -> bool {
    matches!(instruction.code(), Code::Retnq | Code::Retnd)
}

fn enters_kernel(instruction: &Instruction) -> bool {
    matches!(instruction.code(), Code::Syscall | Code::Int_imm8)
}

/// What an instruction reads and writes, by iced's tables; everything for those that go elsewhere.
fn effects(instruction: &Instruction) -> Effects {
    if enters_kernel(instruction) || goes_back(instruction) {
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
