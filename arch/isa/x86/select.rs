//! Instruction selection for x86, both modes: operation by operation, the shortest known way for what is known of
//! the registers there. No search yet: the first operation's choice is not changed for a later one's sake.

use iced_x86::{Code as Opcode, Instruction, Register};

use super::access::pieces;
use super::inst::{Condition, Operation};
use super::regs::{self, EAX, ECX, EDX, ESP};
use super::stack::{self, Word};
use super::sums::Parts;
use crate::CompileError;
use crate::analysis::value_state::{Value, ValueState};
use crate::bitset::Set;
use crate::choice::Rule;
use crate::choice::{STACK, Tuning};
use crate::ir::Ref;
use crate::isel::{self, Selector};
use crate::mach::code::Code;
use crate::op::{Cond, DatumId, Label, Mem, Op, Operand, Program, Slot, Width};
use crate::reg::Reg;
use crate::regalloc::{Allocation, Registers};
use crate::target::{Class, Machine, Target};

/// What differs between long mode and protected mode.
pub(crate) struct Mode {
    pub(crate) machine: Machine,
    pub(crate) target: &'static Target,
    /// Is it long mode? Otherwise protected mode.
    pub(crate) is_long: bool,
    pub(crate) registers: Registers,
    /// The instruction that enters the kernel.
    pub(crate) enter: fn() -> Instruction,
}

impl Mode {
    pub(super) fn class(&self) -> Class {
        if self.is_long { Class::Bits64 } else { Class::Bits32 }
    }
}

/// Selection in progress.
pub(crate) struct X86<'p> {
    pub(super) mode: &'static Mode,
    pub(super) program: &'p Program,
    pub(super) slots: &'p Allocation,
    /// Slots of which only the lowest byte matters.
    low: &'p Set,
    pub(super) code: Code,
    pub(super) values: ValueState,
    /// Why the operation at hand is there.
    pub(super) why: String,
    /// Data to push at their first use.
    pub(super) to_push: Vec<(DatumId, Vec<Word>)>,
    /// Data on the stack, with their distance from the stack pointer in bytes.
    pub(super) pushed: Vec<(DatumId, u32)>,
    /// The byte of the frame that its register points to: so that more of it is within reach of a signed byte.
    pub(super) frame_middle: i32,
    /// Bytes of values on the stack, below the frame.
    pub(super) depth_bytes: u32,
    /// Bytes of the frame that were taken from the stack.
    pub(super) reserved_bytes: u32,
    /// Where the slot is that the branch at hand looks at, if it is in no register.
    pub(super) in_memory: Option<(Width, Mem)>,
    /// The slot whose address the operation at hand takes in its instruction.
    pub(super) address: Option<(Slot, Ref)>,
    /// The slot that is in a register of others for the operation at hand.
    pub(super) lent: Option<(Slot, Reg)>,
    /// What an access makes of its address itself.
    pub(super) parts: Parts,
    /// The word of the frame whose comparison with 0 the flags hold behind this operation.
    pub(super) compared: Option<(i32, usize)>,
    /// What the instruction at hand adds to its operand in memory, or has for its number.
    pub(super) symbol: Option<Ref>,
    /// Is that the number, although there is an operand in memory?
    pub(super) is_number: bool,
    /// So many operations have been done with one before them.
    pub(super) skip: usize,
    /// Which way where there are several.
    pub(super) tuning: &'p Tuning,
    /// The operation at hand.
    pub(super) at: usize,
    /// Zeros on top of the stack, as long as nothing else is there.
    pub(super) zeros: u32,
    /// May the call at hand come to nothing if the one before it failed?
    pub(super) may_fail: bool,
    /// Registers that hold arguments of the call at hand; all, where there is none.
    pub(super) args_set: u32,
}

/// An instruction that iced may refuse.
pub(super) type Built = Result<Instruction, iced_x86::IcedError>;

impl<'p> X86<'p> {
    pub(crate) fn new(
        mode: &'static Mode,
        program: &'p Program,
        slots: &'p Allocation,
        (low, tuning): (&'p Set, &'p Tuning),
    ) -> Self {
        let mut to_push = stack::choose(program, mode.class());
        let may_push = tuning.has(Rule::Stack);
        to_push.retain(|(datum, _)| may_push && tuning.decide((datum.at(), STACK), 2, 1) == 1);
        let (code, values, why) = (Code::default(), ValueState::UNKNOWN, String::new());
        let (pushed, reserved_bytes, in_memory, skip) = (Vec::new(), 0, None, 0);
        let (at, zeros) = (0, 0);
        let frame_middle = program.frame_at.map_or(0, |_| 128 - program.spilled_bytes.min(128) as i32);
        let (address, lent, symbol) = (None, None, None);
        Self {
            mode,
            program,
            slots,
            low,
            code,
            values,
            why,
            to_push,
            pushed,
            frame_middle,
            depth_bytes: 0,
            reserved_bytes,
            in_memory,
            address,
            lent,
            parts: Parts::default(),
            compared: None,
            symbol,
            is_number: false,
            skip,
            tuning,
            at,
            zeros,
            may_fail: false,
            args_set: u32::MAX,
        }
    }

    /// Is only the lowest byte of this slot what it says?
    pub(super) fn is_low(&self, slot: Slot) -> bool {
        self.low.contains(usize::from(slot.0))
    }

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
            _ if self.is_low(left) => condition = self.compare_low(left, cond, right),
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
    fn compare_low(&mut self, left: Slot, cond: Cond, right: Operand) -> Condition {
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

/// A register at one of two widths.
pub(super) fn named(reg: Reg, wide: bool) -> Register {
    if wide { regs::bits_64(reg) } else { regs::bits_32(reg) }
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
        // Whoever comes from elsewhere may have another stack.
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
                    self.compare_memory(at.behind(offset), piece);
                    self.jump(Some(Condition::NotEqual), *miss);
                }
            }
            Op::StoreBytes { to, bytes } => {
                for (offset, piece) in pieces(bytes) {
                    self.store_memory(to.behind(offset), piece);
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
        if self.program.has_routines() {
            (self.mode.registers.frame, -i64::from(self.frame_middle))
        } else {
            (ESP, i64::from(self.depth_bytes))
        }
    }

    fn assigned(&self, slot: Slot) -> Reg {
        self.slots.assigned(slot)
    }

    fn is_whole(&self, slot: Slot) -> bool {
        !self.is_low(slot)
    }

    fn finish(self) -> Code {
        self.code
    }
}
