//! Operands of x86 instructions: how a value gets into a register, and which base an access to the frame counts from.
//! What a register holds already is never loaded again.

use iced_x86::{Code as Opcode, Instruction, MemoryOperand, Register};

use super::ctx::{Built, X86, named};
use super::inst::{KnownConstant, Operation, X86Inst};
use super::materialize::{Constant, Rule};
use super::pushed_data::{self, Word};
use super::regs::{self, EAX, EBP, ESP};
use crate::analysis::value_state::{RegValue, Value};
use crate::choice;
use crate::choice::{ENOUGH, HALF};
use crate::ir::Ref;
use crate::ir::op::{Base, DatumId, FrameByte, Kind, Mem, Op, Operand, Slot};
use crate::reg::Reg;

impl X86<'_> {
    pub(super) fn push(&mut self, operation: Operation, why: String) {
        let in_frame =
            operation.near_register().and_then(|(reg, offset, is_indexed)| match self.values.get(reg).value {
                Value::Frame(at) => Some(FrameByte { offset: at as i32 + offset, is_indexed, variable: None }),
                _ => None,
            });
        self.code.push(X86Inst { long_mode: self.mode.is_long, operation }, why, in_frame);
    }

    /// Adds an instruction with known operands.
    pub(super) fn plain(&mut self, built: Built, why: impl Into<String>) {
        let instruction = built.expect("operands fit the code");
        if instruction.rflags_modified() != 0 {
            self.values.set_flags(None);
        }
        let operation = match self.symbol.take() {
            Some(of) if self.is_number => Operation::Number { instruction, of },
            Some(of) => Operation::Symbolic { instruction, of },
            None => Operation::Plain(instruction),
        };
        self.is_number = false;
        self.push(operation, why.into());
    }

    /// Leaves an address to the next operation, or the register that has it already.
    pub(super) fn hold_address(&mut self, slot: Slot, op: &Op) {
        let (of, value) = match *op {
            Op::Set { value: Operand::Data(datum), .. } => (Ref::Data(datum), Value::Data(datum)),
            Op::Set { value: Operand::State(offset), .. } => (Ref::State(offset), Value::State(offset)),
            _ => unreachable!("only addresses outside the stack"),
        };
        let holder = (0..8).filter(|&reg| reg != ESP).find(|&reg| self.values.get(reg).value == value);
        match holder {
            Some(reg) => self.lent = Some((slot, reg)),
            None => self.address = Some((slot, of)),
        }
    }

    /// The operation that an address was left to is done.
    pub(super) fn end_address(&mut self) {
        if self.in_memory.is_none() {
            (self.address, self.lent) = (None, None);
            self.end_parts();
        }
    }

    /// Has the instruction at hand take this slot's address, if it is the one that was left to it.
    pub(super) fn takes(&mut self, slot: Slot) -> bool {
        match self.address {
            Some((held, of)) if held == slot => {
                self.symbol = Some(of);
                true
            }
            _ => false,
        }
    }

    /// A place in memory that counts from an address in the instruction, and from another slot if there is one.
    fn symbolic(&self, index: Option<Slot>, offset: i32) -> MemoryOperand {
        let long = self.mode.is_long;
        let base = match index {
            Some(slot) => named(self.assigned(slot), long),
            None if long => Register::RIP,
            None => Register::None,
        };
        let bytes = if long { 8 } else { 4 };
        MemoryOperand::new(base, Register::None, 1, i64::from(offset), bytes, false, Register::None)
    }

    pub(super) fn assigned(&self, slot: Slot) -> Reg {
        match self.lent {
            Some((lent, reg)) if lent == slot => reg,
            _ => self.slots.assigned(slot),
        }
    }

    /// Is the slot as wide as an address of this mode?
    pub(super) fn wide(&self, slot: Slot) -> bool {
        self.mode.is_long && self.program.kind(slot) == Kind::Pointer
    }

    /// The slot's register at the slot's width.
    pub(super) fn register(&self, slot: Slot) -> Register {
        named(self.assigned(slot), self.wide(slot))
    }

    pub(super) fn memory(&mut self, mem: Mem) -> MemoryOperand {
        let (base, offset) = match mem.base {
            Base::Slot(slot) if self.takes(slot) => return self.symbolic(None, mem.offset),
            Base::Sum(one, other) if self.takes(one) => return self.symbolic(Some(other), mem.offset),
            Base::Sum(one, other) if self.takes(other) => return self.symbolic(Some(one), mem.offset),
            Base::Slot(slot) => (self.assigned(slot), mem.offset),
            Base::Sum(one, other) => {
                if let Some(operand) = self.sum_of_parts(one, other, mem.offset) {
                    return operand;
                }
                let [one, other] = [one, other].map(|slot| named(self.assigned(slot), self.mode.is_long));
                let (bytes, offset) = (u32::from(mem.offset != 0), i64::from(mem.offset));
                return MemoryOperand::with_base_index_scale_displ_size(one, other, 1, offset, bytes);
            }
            Base::Frame => self.frame_base(mem.offset),
        };
        self.operand(base, offset)
    }

    pub(super) fn operand(&self, base: Reg, offset: i32) -> MemoryOperand {
        let base = named(base, self.mode.is_long);
        if offset == 0 {
            MemoryOperand::with_base(base)
        } else {
            MemoryOperand::with_base_displ(base, i64::from(offset))
        }
    }

    /// The cheapest base for a byte of the frame. The stack pointer costs a SIB byte; another register that points into
    /// the frame does not.
    pub(super) fn frame_base(&self, offset: i32) -> (Reg, i32) {
        let pointers = (0..8).filter(|&reg| reg != ESP).filter_map(|reg| match self.values.get(reg).value {
            Value::Frame(at) => Some((reg, offset - at as i32)),
            _ => None,
        });
        let cost = |&(reg, by): &(Reg, i32)| match by {
            0 if reg != EBP => 0,
            -128..=127 => 1,
            _ => 4,
        } + i32::from(reg == ESP);
        let held = self.program.has_frame_register().then_some((self.mode.registers.frame, offset - self.frame_middle));
        held.into_iter()
            .chain(held.is_none().then_some((ESP, offset + self.depth_bytes as i32)))
            .chain(pointers)
            .min_by_key(cost)
            .expect("the stack pointer, or the frame's register, always points there")
    }

    /// A number as a whole register holds it.
    pub(super) fn constant(&self, reg: Reg, value: i64) -> Constant {
        let is_long = self.mode.is_long;
        Constant { reg, value: if is_long { value as u64 } else { u64::from(value as u32) }, is_long }
    }

    pub(super) fn set_constant(&mut self, reg: Reg, value: i64, why: &str) {
        let constant = self.constant(reg, value);
        let rule = self.choose(constant);
        match rule {
            Rule::Exchange { from } => {
                let swap = Instruction::with2(Opcode::Xchg_r32_EAX, regs::bits_32(from.max(reg)), Register::EAX);
                self.plain(swap, why);
                let (was, is) = (self.values.get(reg), self.values.get(from));
                self.values.set(reg, is);
                // Both upper halves are cleared, so only what was known to fit 32 bits stays known.
                let fits = was.value.is_half() || matches!(was.value, Value::Const(0..=0xffff_ffff));
                self.values.set(from, if fits || !self.mode.is_long { was } else { RegValue::UNKNOWN });
                return;
            }
            Rule::PopZero => self.zeros -= 1,
            _ => {}
        }
        self.make(constant, rule, why);
    }

    /// What is left of a register's fact in its copy: in 32 bits, the upper half is cleared.
    pub(super) fn copied(&self, fact: RegValue, wide: bool) -> RegValue {
        if wide || !self.mode.is_long { fact } else { fact.lower_half(self.tuning.is_far) }
    }

    /// Makes a constant by a rule.
    pub(super) fn make(&mut self, constant: Constant, rule: Rule, why: &str) {
        let reg = constant.reg;
        let before = self.values.get(reg).value;
        let built = constant.build(rule);
        let alone = built.len() == 1;
        for instruction in built {
            let known = alone.then(|| KnownConstant::of(reg, before, constant, rule)).flatten();
            match known {
                Some(known) => {
                    if instruction.rflags_modified() != 0 {
                        self.values.set_flags(None);
                    }
                    self.push(Operation::Constant { instruction, known }, why.into());
                }
                None => self.plain(Ok(instruction), why),
            }
        }
        self.values.set(reg, Value::Const(constant.value));
    }

    /// The rule to take: the shortest, or the one that a search asks for.
    fn choose(&self, constant: Constant) -> Rule {
        if !self.tuning.is_golf {
            return constant.shortest(&self.values);
        }
        let mut rules = self.allowed(constant);
        // After an error the upper bits are set: the number is then that of no call (kernel: ENOSYS).
        let known = self.values.get(EAX).value;
        let well = matches!(known, Value::ZeroOrError | Value::ByteOrError) && constant.value < 0x100;
        if self.may_fail
            && self.tuning.has(choice::Rule::Needless)
            && constant.reg == EAX
            && self.args_set >> EAX & 1 == 0
            && well
        {
            rules.push(Rule::LowByte);
        }
        rules.retain(|rule| match rule {
            // Both registers lose their values, so nothing may need them.
            Rule::Exchange { from } => {
                !self.slots.is_live(self.at, *from)
                    && !self.slots.is_live(self.at, constant.reg)
                    && !self.is_arg_set(*from)
            }
            _ => true,
        });
        let may_speculate = rules.contains(&Rule::LowHalf) && !self.calls_before(self.at);
        let point = (self.at, HALF + u16::from(constant.reg));
        if may_speculate && self.tuning.speculates(point, constant.value as u16) {
            return Rule::LowHalf;
        }
        let usual = (0..rules.len()).min_by_key(|&at| constant.bytes(rules[at])).expect("one always fits");
        rules[self.tuning.decide((self.at, u16::from(constant.reg)), rules.len(), usual)]
    }

    /// Is there a system call before this operation? What is there is mostly in other bytes than the header's.
    fn calls_before(&self, at: usize) -> bool {
        self.program.insts[..at].iter().any(|inst| matches!(inst.op, Op::Call { .. }))
    }

    /// The rules for small programs, but for one that is left out.
    pub(super) fn allowed(&self, constant: Constant) -> Vec<Rule> {
        let mut rules = constant.rules(&self.values);
        constant.golf_rules(&self.values, self.zeros > 0, &mut rules);
        rules.retain(|rule| {
            let name = match rule {
                Rule::Not => choice::Rule::Not,
                Rule::LowHalf => choice::Rule::Half,
                Rule::PopZero => choice::Rule::Zero,
                Rule::Exchange { .. } => choice::Rule::Exchange,
                _ => return true,
            };
            self.tuning.has(name)
        });
        rules
    }

    /// Does the register hold an argument of the call at hand already?
    fn is_arg_set(&self, reg: Reg) -> bool {
        self.args_set >> reg & 1 == 1
    }

    /// The address of the frame's byte of this offset.
    pub(super) fn set_frame(&mut self, reg: Reg, offset: u32, why: &str) {
        if self.values.get(reg).value == Value::Frame(offset) {
            return;
        }
        let (base, by) = self.frame_base(offset as i32);
        let long_mode = self.mode.is_long && self.program.frame_at.is_none();
        let to = named(reg, long_mode);
        if base == ESP && by == 0 && long_mode {
            self.plain(Instruction::with1(Opcode::Push_r64, Register::RSP), why);
            self.plain(Instruction::with1(Opcode::Pop_r64, to), why);
        } else if by == 0 {
            self.copy(reg, base, long_mode, why);
        } else {
            let code = if long_mode { Opcode::Lea_r64_m } else { Opcode::Lea_r32_m };
            let from = self.operand(base, by);
            self.plain(Instruction::with2(code, to, from), why);
        }
        self.values.set(reg, Value::Frame(offset));
    }

    /// Puts an operand into a register; slots at their own width.
    pub(super) fn set(&mut self, reg: Reg, arg: Operand, why: &str) {
        match arg {
            Operand::Any => {}
            Operand::Const(value) => self.set_constant(reg, value, why),
            Operand::Bits { set, clear } => self.set_bits(reg, (set, clear), why),
            Operand::NotNegative if self.values.is_not_negative(reg) => {}
            Operand::NotNegative => self.set_constant(reg, 0, why),
            Operand::AtLeast(least) if self.values.is_at_least(reg, least) => {}
            // The kernel reduces a number that is too large to the largest that it allows. The address of a byte on the
            // stack is one of the largest numbers (net/socket.c __sys_listen, lib/iov_iter.c import_ubuf).
            Operand::AtLeast(_) if self.tuning.is_golf && matches!(self.values.get(reg).value, Value::Frame(_)) => {}
            Operand::AtLeast(least) => self.set_at_least(reg, least, why),
            Operand::Frame(offset) => self.set_frame(reg, offset, why),
            Operand::Data(datum) if self.is_on_stack(datum) => {
                self.push_datum(datum, reg);
                let (_, offset) = *self.pushed.iter().find(|(id, _)| *id == datum).expect("it has been pushed");
                self.set_frame(reg, offset, why);
            }
            Operand::Data(datum) => self.set_address(reg, Ref::Data(datum), Value::Data(datum), why),
            Operand::State(offset) => self.set_address(reg, Ref::State(offset), Value::State(offset), why),
            Operand::Image => {
                self.push(Operation::Address { reg, of: Ref::Image }, why.into());
                self.values.set(reg, Value::Unknown);
            }
            // `isel` refuses this in routines, so only what this code has pushed lies below.
            Operand::Entry if self.program.frame_at.is_some() => {
                self.set_above_stack(reg, self.depth_bytes, why);
                self.values.set(reg, Value::Unknown);
            }
            Operand::Entry => self.set_frame(reg, self.reserved_bytes - self.program.below_frame(), why),
            Operand::Slot(slot) => {
                let from = self.assigned(slot);
                if from != reg && self.values.get(reg).copy_of != Some(slot) {
                    self.copy(reg, from, self.wide(slot), why);
                    let copied = self.copied(self.values.get(from), self.wide(slot));
                    self.values.set(reg, RegValue { copy_of: Some(slot), ..copied });
                }
            }
        }
    }

    /// The address so many bytes above the stack pointer.
    fn set_above_stack(&mut self, reg: Reg, bytes: u32, why: &str) {
        let is_long = self.mode.is_long;
        if bytes == 0 {
            return self.copy(reg, ESP, is_long, why);
        }
        let code = if is_long { Opcode::Lea_r64_m } else { Opcode::Lea_r32_m };
        let from = self.operand(ESP, bytes as i32);
        self.plain(Instruction::with2(code, named(reg, is_long), from), why);
    }

    /// A number that is large enough: this one, or what the register's bits are the other way round.
    fn set_at_least(&mut self, reg: Reg, least: u32, why: &str) {
        let inverted = self.values.constant(reg).map(|known| !(known as u32)).filter(|&value| value >= least);
        let value = match inverted {
            Some(value) if self.tuning.decide((self.at, ENOUGH + u16::from(reg)), 2, 1) == 1 => value,
            _ => least,
        };
        self.set_constant(reg, i64::from(value), why);
    }

    /// An address outside the stack: from a register that holds it, or that holds one near it, if there is one.
    fn set_address(&mut self, reg: Reg, of: Ref, address: Value, why: &str) {
        let others = (0..if self.mode.is_long { 16 } else { 8 }).filter(|&other| other != ESP);
        let by = |other: Reg| match (address, self.values.get(other).value) {
            (address, known) if address == known => Some(0),
            (Value::State(to), Value::State(from)) => i8::try_from(i64::from(to) - i64::from(from)).ok(),
            _ => None,
        };
        let near = others.filter_map(|other| by(other).map(|by| (other, by)));
        match near.min_by_key(|&(other, by)| (other != reg, by != 0)) {
            Some((other, 0)) if other == reg => return,
            Some((from, 0)) => self.push(Operation::SameAddress { reg, from }, why.into()),
            Some((other, by)) => {
                let from = self.operand(other, by.into());
                self.plain(Instruction::with2(Opcode::Lea_r32_m, regs::bits_32(reg), from), why);
            }
            None => self.push(Operation::Address { reg, of }, why.into()),
        }
        self.values.set(reg, address);
    }

    pub(super) fn is_on_stack(&self, datum: DatumId) -> bool {
        self.to_push.iter().any(|(id, _)| *id == datum)
    }

    /// Pushes a datum, last word first, unless that has been done. The register that is to hold its address may change.
    pub(super) fn push_datum(&mut self, datum: DatumId, reg: Reg) {
        if self.pushed.iter().any(|(id, _)| *id == datum) {
            return;
        }
        let index = self.to_push.iter().position(|(id, _)| *id == datum).expect("only what is to be pushed");
        let words = self.to_push[index].1.clone();
        let why = self.program.data[datum.at()].name.clone();
        let class = self.mode.class();
        for word in words.iter().rev() {
            self.push_word(*word, reg, &why);
        }
        let bytes = words.len() as u32 * class.word_bytes();
        self.pushed.iter_mut().for_each(|(_, offset)| *offset += bytes);
        self.values.shift_frame(bytes);
        self.pushed.push((datum, 0));
        self.code.builds(datum);
    }

    fn push_word(&mut self, word: Word, reg: Reg, why: &str) {
        let long_mode = self.mode.is_long;
        let value = match word {
            Word::Code(label) => return self.push(Operation::PushAddress { of: Ref::Code(label) }, why.into()),
            Word::Number(value) => pushed_data::signed(value, self.mode.class()),
        };
        let zero = (0..8).find(|&reg| reg != ESP && self.values.constant(reg) == Some(0));
        if let (0, Some(zero)) = (value, zero) {
            let code = if long_mode { Opcode::Push_r64 } else { Opcode::Push_r32 };
            self.plain(Instruction::with1(code, named(zero, long_mode)), why);
        } else if let Ok(value) = i8::try_from(value) {
            let code = if long_mode { Opcode::Pushq_imm8 } else { Opcode::Pushd_imm8 };
            self.plain(Instruction::with1(code, i32::from(value)), why);
        } else if let Ok(value) = i32::try_from(value) {
            let code = if long_mode { Opcode::Pushq_imm32 } else { Opcode::Pushd_imm32 };
            self.plain(Instruction::with1(code, value), why);
        } else {
            self.set_constant(reg, value, why);
            self.plain(Instruction::with1(Opcode::Push_r64, named(reg, true)), why);
        }
    }

    pub(super) fn copy(&mut self, to: Reg, from: Reg, wide: bool, why: &str) {
        let code = if wide { Opcode::Mov_rm64_r64 } else { Opcode::Mov_rm32_r32 };
        self.plain(Instruction::with2(code, named(to, wide), named(from, wide)), why);
    }

    /// Moves a value that is dead in `from` afterwards: `xchg` with the accumulator is shorter than `mov`.
    pub(super) fn take(&mut self, to: Reg, from: Reg, wide: bool, why: &str) {
        let (old, new) = (self.values.get(to), self.values.get(from));
        let other = if to == EAX { from } else { to };
        if (to == EAX || from == EAX) && !wide && other < 8 {
            let r32 = regs::bits_32(other);
            self.plain(Instruction::with2(Opcode::Xchg_r32_EAX, r32, Register::EAX), why);
            // Both upper halves are cleared, so only what was known to fit 32 bits stays known.
            self.values
                .set(from, if matches!(old.value, Value::Const(0..=0xffff_ffff)) { old.value } else { Value::Unknown });
        } else {
            self.copy(to, from, wide, why);
        }
        self.values.set(to, self.copied(new, wide));
    }
}
