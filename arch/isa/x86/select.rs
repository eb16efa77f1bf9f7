//! Instruction selection for x86, both modes, operation by operation. Each operation takes its shortest code for what
//! is known of the registers. The choice for one operation does not look at later ones; golf varies it.

use iced_x86::{Code as Opcode, Instruction, Register};

use super::ctx::{X86, named};
use super::inst::{Condition, Operation};
use super::memory::pieces;
use super::regs::{self, EAX, ECX, EDX, ESP};
use crate::CompileError;
use crate::analysis::value_state::{Value, ValueState};
use crate::ir::Ref;
use crate::ir::op::{Cond, Label, Op, Operand, Slot};
use crate::isel::{self, Selector};
use crate::mach::code::Code;
use crate::reg::Reg;

impl X86<'_> {
    fn assign(&mut self, at: usize, to: Slot, value: Operand) {
        if self.push_pushed(at, to, value) || self.sum_at_once(at) {
            return;
        }
        let assigned = self.assigned(to);
        let why = self.why.clone();
        match value {
            Operand::Slot(from) if self.assigned(from) != assigned && !self.slots.is_live(at, self.assigned(from)) => {
                self.take(assigned, self.assigned(from), self.wide(to), &why);
            }
            _ => self.set(assigned, value, &why),
        }
        let known = self.values.get(assigned).value;
        self.values.define(to, assigned, known);
    }

    fn divide(&mut self, value: Slot, by: u32, rest: Slot) {
        let why = self.why.clone();
        let (quotient, remainder) = (self.assigned(value), self.assigned(rest));
        if quotient != EAX {
            self.copy(EAX, quotient, false, &why);
            self.values.set(EAX, Value::Unknown);
        }
        self.set_constant(ECX, i64::from(by), "divisor");
        self.set_constant(EDX, 0, "upper half of the dividend");
        self.plain(Instruction::with1(Opcode::Div_rm32, Register::ECX), why);
        let moves = [(quotient, EAX), (remainder, EDX)];
        let order = if quotient == EDX { [moves[1], moves[0]] } else { moves };
        if (quotient, remainder) == (EDX, EAX) {
            let swap = Instruction::with2(Opcode::Xchg_r32_EAX, Register::EDX, Register::EAX);
            self.plain(swap, "results of the division");
        } else {
            for (to, from) in order.into_iter().filter(|(to, from)| to != from) {
                self.copy(to, from, false, "result of the division");
            }
        }
        self.values.set(EAX, Value::Unknown);
        self.values.set(EDX, Value::Unknown);
        self.values.define(value, quotient, Value::Unknown);
        let small = if by <= 256 { Value::Byte } else { Value::Unknown };
        self.values.define(rest, remainder, small);
    }

    pub(super) fn jump(&mut self, condition: Option<Condition>, to: Label) {
        let why = self.program.leads_to(&self.why, to);
        self.push(Operation::Jump { condition, to }, why);
    }

    /// Compares and jumps. On the way on, a result that is not below 0 and is no count is 0.
    fn branch(&mut self, left: Slot, cond: Cond, right: Operand, to: Label) {
        let reg = self.assigned(left);
        let why = self.why.clone();
        let mut condition = match (right, cond) {
            (Operand::Const(0), Cond::Lt) => Condition::Sign,
            (Operand::Const(0), Cond::Ge) => Condition::NotSign,
            _ => cond.into(),
        };
        let (wide, r) = (self.wide(left), self.register(left));
        match right {
            _ if self.is_demanded_byte(left) => condition = self.compare_byte(left, cond, right),
            Operand::Const(0) => {
                let reusable =
                    matches!(cond, Cond::Eq | Cond::Ne | Cond::Lt | Cond::Ge) && self.values.flags() == Some(left);
                if !reusable {
                    let code = if wide { Opcode::Test_rm64_r64 } else { Opcode::Test_rm32_r32 };
                    self.plain(Instruction::with2(code, r, r), why);
                    self.values.set_flags(Some(left));
                }
            }
            Operand::Const(value) => condition = self.compare_constant(reg, wide, value, cond, &why),
            Operand::Slot(other) if self.takes(other) => {
                let code = match (wide, reg) {
                    (true, _) => Opcode::Cmp_rm64_imm32,   // REX.W 81 /7 id
                    (false, EAX) => Opcode::Cmp_EAX_imm32, // 3D id
                    (false, _) => Opcode::Cmp_rm32_imm32,  // 81 /7 id
                };
                self.plain(Instruction::with2(code, r, 0), why);
            }
            Operand::Slot(other) => {
                let code = if wide { Opcode::Cmp_rm64_r64 } else { Opcode::Cmp_rm32_r32 };
                self.plain(Instruction::with2(code, r, named(self.assigned(other), wide)), why);
            }
            _ => unreachable!("a slot is compared with a constant or a slot"),
        }
        self.jump(Some(condition), to);
    }

    /// Compares bytes.
    fn compare_byte(&mut self, left: Slot, cond: Cond, right: Operand) -> Condition {
        let (assigned, why) = (self.assigned(left), self.why.clone());
        let byte = regs::bits_8(assigned);
        let with = |code, value| Instruction::with2(code, byte, value);
        let built = match right {
            Operand::Const(0) if self.values.flags() == Some(left) => return cond.into(),
            Operand::Const(0) => Instruction::with2(Opcode::Test_rm8_r8, byte, byte), // 84 /r
            Operand::Const(value) if assigned == EAX => with(Opcode::Cmp_AL_imm8, value as u32), // 3C ib
            Operand::Const(value) => with(Opcode::Cmp_rm8_imm8, value as u32),        // 80 /7 ib
            Operand::Slot(other) => {
                Instruction::with2(Opcode::Cmp_rm8_r8, byte, regs::bits_8(self.assigned(other))) // 38 /r
            }
            _ => unreachable!("a slot is compared with a constant or a slot"),
        };
        self.plain(built, why);
        if right == Operand::Const(0) {
            self.values.set_flags(Some(left));
        }
        cond.into()
    }

    /// Compares with a constant that is not 0; the condition to jump on, which is the unsigned one for bytes.
    pub(super) fn compare_constant(&mut self, reg: Reg, wide: bool, value: i64, cond: Cond, why: &str) -> Condition {
        let is_byte = self.values.get(reg).value == Value::Byte && (0..=255).contains(&value);
        let whole = named(reg, wide);
        let small = i8::try_from(value).is_ok();
        let has_byte = self.mode.is_long || reg < ESP;
        let unsigned = is_byte && (reg == EAX || !small && has_byte);
        let built = if is_byte && reg == EAX {
            Instruction::with2(Opcode::Cmp_AL_imm8, Register::AL, value as u32)
        } else if unsigned {
            Instruction::with2(Opcode::Cmp_rm8_imm8, regs::bits_8(reg), value as u32)
        } else if small {
            let code = if wide { Opcode::Cmp_rm64_imm8 } else { Opcode::Cmp_rm32_imm8 };
            Instruction::with2(code, whole, value as i32)
        } else if reg == EAX && !wide {
            Instruction::with2(Opcode::Cmp_EAX_imm32, whole, value as i32)
        } else {
            let code = if wide { Opcode::Cmp_rm64_imm32 } else { Opcode::Cmp_rm32_imm32 };
            Instruction::with2(code, whole, value as i32)
        };
        self.plain(built, why);
        if unsigned { cond.of_bytes().into() } else { cond.into() }
    }
}

impl Selector for X86<'_> {
    fn entry(&mut self) -> ValueState {
        // The kernel zeroes every general register at exec (ELF_PLAT_INIT), all but the stack pointer.
        let count = if self.mode.is_long { 16 } else { 8 };
        ValueState::zero((0..count).filter(|&reg| reg != ESP))
    }

    fn values(&mut self) -> &mut ValueState {
        &mut self.values
    }

    fn label(&mut self, label: Label) {
        // Another path to the label may have another stack.
        self.zeros = 0;
        self.code.label(label);
    }

    fn reserve_frame(&mut self, bytes: u32) {
        let bytes = bytes.next_multiple_of(16);
        self.reserved_bytes = bytes;
        let (code, sp) = if self.mode.is_long {
            (Opcode::Sub_rm64_imm32, Register::RSP)
        } else {
            (Opcode::Sub_rm32_imm32, Register::ESP)
        };
        self.plain(Instruction::with2(code, sp, bytes as i32), "room for the frame");
    }

    fn hold_frame_in_state(&mut self, at: u32) {
        let frame = self.mode.registers.frame;
        let middle = self.frame_middle as u32;
        self.push(Operation::Address { reg: frame, of: Ref::State(at + middle) }, "the frame".into());
        self.values.set(frame, Value::Frame(middle));
    }

    fn hold_frame(&mut self) {
        let (frame, below, wide) = (self.mode.registers.frame, self.program.below_frame(), self.mode.is_long);
        let why = "the frame, wherever the stack is";
        if below == 0 {
            self.copy(frame, ESP, wide, why);
        } else {
            let (code, from) =
                (if wide { Opcode::Lea_r64_m } else { Opcode::Lea_r32_m }, self.operand(ESP, below as i32));
            self.plain(Instruction::with2(code, named(frame, wide), from), why);
        }
        self.values.set(frame, Value::Frame(0));
    }

    fn select_op(&mut self, at: usize, op: &Op, why: &str) -> Result<(), CompileError> {
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(());
        }
        why.clone_into(&mut self.why);
        if at == 0 {
            self.prepare();
        }
        self.at = at;
        if self.branch_in_memory(op) {
            self.end_address();
            return Ok(());
        }
        if self.string(at, op) {
            return Ok(());
        }
        let saved = self.slots.saved(at);
        let values = saved.iter().map(|&reg| self.save(reg)).collect::<Vec<_>>();
        match op {
            Op::Label(_) => unreachable!("the flow places labels"),
            Op::Jump(to) => {
                self.begin_again();
                self.jump(None, *to);
            }
            Op::Routine(_) => {}
            // What a routine does last may go back in its place: a jump, or nothing if it follows anyway.
            Op::CallRoutine(to) if isel::is_last(self.program, at) => {
                if self.program.insts.get(at + 2).is_none_or(|inst| inst.op != Op::Routine(*to)) {
                    self.jump(None, *to);
                }
            }
            Op::ReturnFrom { .. } if at > 0 && isel::is_last(self.program, at - 1) => {}
            Op::CallRoutine(to) => {
                let why = self.program.leads_to(&self.why, *to);
                self.push(Operation::CallRoutine { to: *to }, why);
            }
            Op::ReturnFrom { .. } => {
                let code = if self.mode.is_long { Opcode::Retnq } else { Opcode::Retnd };
                self.plain(Ok(Instruction::with(code)), why); // C3
            }
            Op::Copy { to, from, len } => self.copy_bytes(at, [*to, *from, *len]),
            Op::BranchBits { value, bits, any, to } => self.branch_bits(*value, *bits, *any, *to),
            Op::Call { call, args, result } => self.call(at, *call, args, *result),
            Op::Set { to, value: Operand::Data(_) | Operand::State(_) } if self.slots.fused(at) > 0 => {
                self.hold_address(*to, op);
                return Ok(());
            }
            Op::Set { to, value: Operand::Frame(offset) } if self.slots.fused(at) > 0 => self.leave_frame(*to, *offset),
            Op::Set { to, value } => self.assign(at, *to, *value),
            Op::Binary { .. } if self.leave_multiple(at, None) => {}
            Op::Binary { operator, to, value } => self.arithmetic(*operator, *to, *value),
            Op::Push { value } => self.put(*value),
            Op::Pop { to } => self.take_off(*to),
            Op::Negate { to } => {
                self.plain(Instruction::with1(Opcode::Neg_rm32, regs::bits_32(self.assigned(*to))), why);
                self.values.define(*to, self.assigned(*to), Value::Unknown);
            }
            Op::Divide { value, by, rest } => self.divide(*value, *by, *rest),
            Op::Load { to, width, from } => self.load_for(at, *to, *width, *from),
            Op::Store { width, to, value } => self.store(*width, *to, *value),
            Op::Branch { left, cond, right, to } => self.branch(*left, *cond, *right, *to),
            Op::BranchBytes { at, bytes, equal, to } => {
                self.compare_memory(*at, bytes);
                self.jump(Some(if *equal { Condition::Equal } else { Condition::NotEqual }), *to);
            }
            Op::Match { at, want, miss } => {
                for (offset, piece) in pieces(want) {
                    self.compare_memory(at.plus(offset), piece);
                    self.jump(Some(Condition::NotEqual), *miss);
                }
            }
            Op::StoreBytes { to, bytes } => {
                for (offset, piece) in pieces(bytes) {
                    self.store_memory(to.plus(offset), piece);
                }
            }
        }
        for (&reg, fact) in saved.iter().zip(values).rev() {
            self.restore(reg, fact, op);
        }
        self.end_address();
        Ok(())
    }

    fn code(&mut self) -> &mut Code {
        &mut self.code
    }

    fn frame(&self) -> (Reg, i64) {
        if self.program.has_frame_register() {
            (self.mode.registers.frame, -i64::from(self.frame_middle))
        } else {
            (ESP, i64::from(self.depth_bytes))
        }
    }

    fn assigned(&self, slot: Slot) -> Reg {
        self.slots.assigned(slot)
    }

    fn is_whole(&self, slot: Slot) -> bool {
        !self.is_demanded_byte(slot)
    }

    fn finish(self) -> Code {
        self.code
    }
}
