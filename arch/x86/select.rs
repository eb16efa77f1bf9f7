//! Instruction selection for x86, both modes: operation by operation, the shortest known way for what is known of
//! the registers there. No search yet: the first operation's choice is not changed for a later one's sake.

use iced_x86::{Code as Opcode, Instruction, MemoryOperand, Register};

use super::constant;
use super::inst::{Condition, Operation, X86Inst};
use super::regs::{self, EAX, EBP, ECX, EDX, ESP};
use super::stack::{self, Word};
use crate::CompileError;
use crate::alloc::{Allocation, Reg, Registers};
use crate::code::{Code, Ref};
use crate::facts::{Fact, Facts, Value};
use crate::flow::Selector;
use crate::op::{Alu, Arg, Base, Cond, DatumId, Kind, Label, Mem, Op, Program, Slot, Width};
use crate::syscall::{Call, Returns};
use crate::target::{Class, Machine};

/// What differs between long mode and protected mode.
pub(crate) struct Mode {
    pub(crate) machine: Machine,
    pub(crate) long_mode: bool,
    pub(crate) registers: Registers,
    /// The instruction that enters the kernel.
    pub(crate) enter: fn() -> Instruction,
}

impl Mode {
    fn class(&self) -> Class {
        if self.long_mode { Class::Bits64 } else { Class::Bits32 }
    }
}

/// Selection in progress.
pub(crate) struct X86<'p> {
    mode: &'static Mode,
    program: &'p Program,
    slots: &'p Allocation,
    code: Code,
    facts: Facts,
    why: String,
    /// Data to push at their first use.
    to_push: Vec<(DatumId, Vec<Word>)>,
    /// Data on the stack, with their distance from the stack pointer in bytes.
    pushed: Vec<(DatumId, u32)>,
}

type Built = Result<Instruction, iced_x86::IcedError>;

impl<'p> X86<'p> {
    pub(crate) fn new(mode: &'static Mode, program: &'p Program, slots: &'p Allocation) -> Self {
        let to_push = stack::choose(program, mode.class());
        let (code, facts, why) = (Code::default(), Facts::UNKNOWN, String::new());
        Self { mode, program, slots, code, facts, why, to_push, pushed: Vec::new() }
    }

    fn push(&mut self, operation: Operation, why: String) {
        self.code.push(X86Inst { long_mode: self.mode.long_mode, operation }, why);
    }

    /// Adds an instruction whose operands are all known.
    fn plain(&mut self, built: Built, why: impl Into<String>) {
        let instruction = built.expect("operands fit the code");
        if instruction.rflags_modified() != 0 {
            self.facts.set_flags(None);
        }
        self.push(Operation::Plain(instruction), why.into());
    }

    fn home(&self, slot: Slot) -> Reg {
        self.slots.home(slot)
    }

    /// Is the slot as wide as an address of this mode?
    fn wide(&self, slot: Slot) -> bool {
        self.mode.long_mode && self.program.kind(slot) == Kind::Pointer
    }

    fn named(&self, reg: Reg, wide: bool) -> Register {
        if wide { regs::bits_64(reg) } else { regs::bits_32(reg) }
    }

    /// The slot's register at the slot's width.
    fn register(&self, slot: Slot) -> Register {
        self.named(self.home(slot), self.wide(slot))
    }

    fn memory(&self, mem: Mem) -> MemoryOperand {
        let (base, offset) = match mem.base {
            Base::Slot(slot) => (self.home(slot), mem.offset),
            Base::Frame => self.frame_base(mem.offset),
        };
        self.operand(base, offset)
    }

    fn operand(&self, base: Reg, offset: i32) -> MemoryOperand {
        let base = self.named(base, self.mode.long_mode);
        if offset == 0 {
            MemoryOperand::with_base(base)
        } else {
            MemoryOperand::with_base_displ(base, i64::from(offset))
        }
    }

    /// The cheapest base for a byte of the frame: the stack pointer costs a SIB byte, a register that is known to
    /// point into the frame does not.
    fn frame_base(&self, offset: i32) -> (Reg, i32) {
        let pointers = (0..8).filter(|&reg| reg != ESP).filter_map(|reg| match self.facts.get(reg).value {
            Value::Frame(at) => Some((reg, offset - at as i32)),
            _ => None,
        });
        let cost = |&(reg, by): &(Reg, i32)| match by {
            0 if reg != EBP => 0,
            -128..=127 => 1,
            _ => 4,
        } + i32::from(reg == ESP);
        std::iter::once((ESP, offset)).chain(pointers).min_by_key(cost).expect("the stack pointer always points there")
    }

    fn set_constant(&mut self, reg: Reg, value: i64, why: &str) {
        let value = if self.mode.long_mode { value as u64 } else { u64::from(value as u32) };
        let way = constant::shortest(reg, value, &self.facts, self.mode.long_mode);
        for instruction in way.instructions {
            self.plain(Ok(instruction), why);
        }
        self.facts.set(reg, Value::Const(value));
    }

    /// The address of the frame's byte of this offset.
    fn set_frame(&mut self, reg: Reg, offset: u32, why: &str) {
        if self.facts.get(reg).value == Value::Frame(offset) {
            return;
        }
        let (base, by) = self.frame_base(offset as i32);
        let long_mode = self.mode.long_mode;
        let to = self.named(reg, long_mode);
        if offset == 0 && long_mode {
            self.plain(Instruction::with1(Opcode::Push_r64, Register::RSP), why);
            self.plain(Instruction::with1(Opcode::Pop_r64, to), why);
        } else if offset == 0 {
            self.plain(Instruction::with2(Opcode::Mov_rm32_r32, to, Register::ESP), why);
        } else {
            let code = if long_mode { Opcode::Lea_r64_m } else { Opcode::Lea_r32_m };
            let from = self.operand(base, by);
            self.plain(Instruction::with2(code, to, from), why);
        }
        self.facts.set(reg, Value::Frame(offset));
    }

    /// Puts an operand into a register; slots at their own width.
    fn set(&mut self, reg: Reg, arg: Arg, why: &str) {
        match arg {
            Arg::Any => {}
            Arg::Const(value) => self.set_constant(reg, value, why),
            Arg::AtLeast(least) => match self.facts.get(reg).value {
                Value::Const(known) if (u64::from(least)..1 << 31).contains(&known) => {}
                Value::Data(_) if least <= crate::LOWEST_ADDRESS => {}
                _ => self.set_constant(reg, i64::from(least), why),
            },
            Arg::Frame(offset) => self.set_frame(reg, offset, why),
            Arg::Data(datum) if self.is_on_stack(datum) => {
                self.push_datum(datum);
                let (_, offset) = *self.pushed.iter().find(|(id, _)| *id == datum).expect("it has been pushed");
                self.set_frame(reg, offset, why);
            }
            Arg::Data(datum) => {
                if self.facts.get(reg).value != Value::Data(datum) {
                    self.push(Operation::Address { reg, of: Ref::Data(datum) }, why.into());
                    self.facts.set(reg, Value::Data(datum));
                }
            }
            Arg::Slot(slot) => {
                let from = self.home(slot);
                if from != reg && self.facts.get(reg).copy_of != Some(slot) {
                    self.copy(reg, from, self.wide(slot), why);
                    self.facts.set(reg, Fact { copy_of: Some(slot), ..self.facts.get(from) });
                }
            }
        }
    }

    fn is_on_stack(&self, datum: DatumId) -> bool {
        self.to_push.iter().any(|(id, _)| *id == datum)
    }

    /// Pushes a datum, last word first, unless that has been done.
    fn push_datum(&mut self, datum: DatumId) {
        if self.pushed.iter().any(|(id, _)| *id == datum) {
            return;
        }
        let index = self.to_push.iter().position(|(id, _)| *id == datum).expect("only what is to be pushed");
        let words = self.to_push[index].1.clone();
        let why = self.program.data[usize::from(datum.0)].name.clone();
        let class = self.mode.class();
        for word in words.iter().rev() {
            self.push_word(*word, &why);
        }
        let bytes = words.len() as u32 * class.word_bytes();
        self.pushed.iter_mut().for_each(|(_, offset)| *offset += bytes);
        self.facts.shift_frame(bytes);
        self.pushed.push((datum, 0));
        self.code.builds(datum);
    }

    fn push_word(&mut self, word: Word, why: &str) {
        let long_mode = self.mode.long_mode;
        let value = match word {
            Word::Code(label) => return self.push(Operation::PushAddress { of: Ref::Code(label) }, why.into()),
            Word::Number(value) => stack::signed(value, self.mode.class()),
        };
        if let Ok(value) = i8::try_from(value) {
            let code = if long_mode { Opcode::Pushq_imm8 } else { Opcode::Pushd_imm8 };
            self.plain(Instruction::with1(code, i32::from(value)), why);
        } else if let Ok(value) = i32::try_from(value) {
            let code = if long_mode { Opcode::Pushq_imm32 } else { Opcode::Pushd_imm32 };
            self.plain(Instruction::with1(code, value), why);
        } else {
            self.set_constant(EAX, value, why);
            self.plain(Instruction::with1(Opcode::Push_r64, Register::RAX), why);
        }
    }

    fn copy(&mut self, to: Reg, from: Reg, wide: bool, why: &str) {
        let code = if wide { Opcode::Mov_rm64_r64 } else { Opcode::Mov_rm32_r32 };
        self.plain(Instruction::with2(code, self.named(to, wide), self.named(from, wide)), why);
    }

    /// Moves a value that nobody wants in `from` any more: `xchg` with the accumulator is shorter than `mov`.
    fn take(&mut self, to: Reg, from: Reg, wide: bool, why: &str) {
        let (old, new) = (self.facts.get(to), self.facts.get(from));
        let other = if to == EAX { from } else { to };
        if (to == EAX || from == EAX) && !wide && other < 8 {
            let r32 = regs::bits_32(other);
            self.plain(Instruction::with2(Opcode::Xchg_r32_EAX, r32, Register::EAX), why);
            // Both upper halves are cleared, so only what was known to fit 32 bits stays known.
            self.facts
                .set(from, if matches!(old.value, Value::Const(0..=0xffff_ffff)) { old.value } else { Value::Unknown });
        } else {
            self.copy(to, from, wide, why);
        }
        self.facts.set(to, new);
    }

    fn call(&mut self, step: usize, call: Call, args: &[Arg], result: Option<Slot>) {
        let info = call.info();
        let machine = self.mode.machine;
        let mut pending: Vec<(Reg, Arg, &str)> = args
            .iter()
            .enumerate()
            .filter(|&(index, arg)| *arg != Arg::Any && info.looks_at(machine, index))
            .map(|(index, &arg)| (self.mode.registers.args[index], arg, info.args[index]))
            .collect();
        self.move_slots(info.name, &mut pending);
        for (_, arg, _) in &pending {
            if let Arg::Data(datum) = arg {
                if self.is_on_stack(*datum) {
                    self.push_datum(*datum);
                }
            }
        }
        self.set_constant(EAX, i64::from(info.number(machine)), &format!("{}: call number", info.name));
        self.set_cheapest_first(info.name, pending);
        let why = self.why.clone();
        self.plain(Ok((self.mode.enter)()), why);
        for &reg in self.mode.registers.clobbers {
            self.facts.set(reg, Fact::UNKNOWN);
        }
        let returned = if info.result == Returns::Zero { Value::ZeroOrError } else { Value::Unknown };
        self.facts.set(EAX, returned);
        if let Some(slot) = result {
            let home = self.home(slot);
            if home != EAX && self.slots.lives_after(step, slot) {
                self.take(home, EAX, false, "keep the result");
            }
            let value = self.facts.get(home).value;
            self.facts.define(slot, home, value);
        }
    }

    /// Moves slots into argument registers, none before everyone who still reads the register has done so.
    fn move_slots(&mut self, name: &str, pending: &mut Vec<(Reg, Arg, &str)>) {
        loop {
            let is_read_later = |reg: Reg, at: usize| {
                pending.iter().enumerate().any(|(other, (target, arg, _))| {
                    other != at && *target != reg && matches!(arg, Arg::Slot(slot) if self.home(*slot) == reg)
                })
            };
            let ready = pending
                .iter()
                .enumerate()
                .position(|(at, (reg, arg, _))| matches!(arg, Arg::Slot(_)) && !is_read_later(*reg, at));
            let Some(at) = ready else { break };
            let (reg, arg, role) = pending.remove(at);
            self.set(reg, arg, &format!("{name}: {role}"));
        }
        assert!(!pending.iter().any(|(_, arg, _)| matches!(arg, Arg::Slot(_))), "no two arguments swap registers");
    }

    /// Sets the remaining arguments, at each turn the one that costs least now: what it leaves may help the next.
    fn set_cheapest_first(&mut self, name: &str, mut pending: Vec<(Reg, Arg, &str)>) {
        while !pending.is_empty() {
            let cost = |&(reg, arg, _): &(Reg, Arg, &str)| match arg {
                Arg::Const(value) => {
                    constant::shortest(reg, value as u64, &self.facts, self.mode.long_mode).len(self.mode.long_mode)
                }
                _ => 0,
            };
            let at = (0..pending.len()).min_by_key(|&at| cost(&pending[at])).expect("something is pending");
            let (reg, arg, role) = pending.remove(at);
            self.set(reg, arg, &format!("{name}: {role}"));
        }
    }

    fn assign(&mut self, step: usize, to: Slot, value: Arg) {
        let home = self.home(to);
        let why = self.why.clone();
        match value {
            Arg::Slot(from) if self.home(from) != home && !self.slots.is_live(step, self.home(from)) => {
                self.take(home, self.home(from), self.wide(to), &why);
            }
            _ => self.set(home, value, &why),
        }
        let known = self.facts.get(home).value;
        self.facts.define(to, home, known);
    }

    fn arithmetic(&mut self, alu: Alu, to: Slot, value: Arg) {
        let (reg, wide, why) = (self.register(to), self.wide(to), self.why.clone());
        let built = match (alu, value) {
            (_, Arg::Const(1)) => Instruction::with1(self.step_code(alu, wide), reg),
            (_, Arg::Const(value)) if i8::try_from(value).is_ok() => {
                Instruction::with2(alu_codes(alu, wide)[0], reg, value as i32)
            }
            (_, Arg::Const(value)) => Instruction::with2(alu_codes(alu, wide)[1], reg, value as i32),
            (_, Arg::Slot(other)) => {
                Instruction::with2(alu_codes(alu, wide)[2], reg, self.named(self.home(other), wide))
            }
            _ => unreachable!("arithmetic takes a constant or a slot"),
        };
        self.plain(built, why);
        self.facts.define(to, self.home(to), Value::Unknown);
        self.facts.set_flags(Some(to));
    }

    /// `inc` or `dec`; protected mode has a form of one byte.
    fn step_code(&self, alu: Alu, wide: bool) -> Opcode {
        match (alu, wide, self.mode.long_mode) {
            (Alu::Add, true, _) => Opcode::Inc_rm64,     // REX.W FF /0
            (Alu::Add, false, true) => Opcode::Inc_rm32, // FF /0
            (Alu::Add, false, false) => Opcode::Inc_r32, // 40+r
            (Alu::Sub, true, _) => Opcode::Dec_rm64,     // REX.W FF /1
            (Alu::Sub, false, true) => Opcode::Dec_rm32, // FF /1
            (Alu::Sub, false, false) => Opcode::Dec_r32, // 48+r
        }
    }

    fn divide(&mut self, value: Slot, by: u32, rest: Slot) {
        let why = self.why.clone();
        let (quotient, remainder) = (self.home(value), self.home(rest));
        if quotient != EAX {
            self.copy(EAX, quotient, false, &why);
            self.facts.set(EAX, Value::Unknown);
        }
        self.set_constant(ECX, i64::from(by), "divisor");
        self.set_constant(EDX, 0, "upper half of the dividend");
        self.plain(Instruction::with1(Opcode::Div_rm32, Register::ECX), why);
        assert!(remainder != EAX || quotient != EDX, "quotient and remainder do not swap");
        let moves = [(quotient, EAX), (remainder, EDX)];
        let order = if quotient == EDX { [moves[1], moves[0]] } else { moves };
        for (to, from) in order {
            if to != from {
                self.copy(to, from, false, "result of the division");
            }
        }
        self.facts.set(EAX, Value::Unknown);
        self.facts.set(EDX, Value::Unknown);
        self.facts.define(value, quotient, Value::Unknown);
        let small = if by <= 256 { Value::Byte } else { Value::Unknown };
        self.facts.define(rest, remainder, small);
    }

    fn load(&mut self, to: Slot, width: Width, from: Mem) {
        let (memory, why, wide) = (self.memory(from), self.why.clone(), self.mode.long_mode && width == Width::Word);
        let reg = self.named(self.home(to), wide);
        let (code, value) = match width {
            Width::Byte => (Opcode::Movzx_r32_rm8, Value::Byte),
            Width::Four => (Opcode::Mov_r32_rm32, Value::Unknown),
            Width::Word if wide => (Opcode::Mov_r64_rm64, Value::Unknown),
            Width::Word => (Opcode::Mov_r32_rm32, Value::Unknown),
        };
        self.plain(Instruction::with2(code, reg, memory), why);
        self.facts.define(to, self.home(to), value);
    }

    fn store(&mut self, width: Width, to: Mem, value: Arg) {
        let (memory, why) = (self.memory(to), self.why.clone());
        let wide = self.mode.long_mode && width == Width::Word;
        let built = match (width, value) {
            (Width::Byte, Arg::Const(value)) => {
                Instruction::with2(Opcode::Mov_rm8_imm8, memory, i32::from(value as u8))
            }
            (Width::Byte, Arg::Slot(slot)) => {
                Instruction::with2(Opcode::Mov_rm8_r8, memory, regs::bits_8(self.home(slot)))
            }
            (_, Arg::Const(value)) if wide => Instruction::with2(Opcode::Mov_rm64_imm32, memory, value as i32),
            (_, Arg::Const(value)) => Instruction::with2(Opcode::Mov_rm32_imm32, memory, value as i32),
            (_, Arg::Slot(slot)) if wide => {
                Instruction::with2(Opcode::Mov_rm64_r64, memory, regs::bits_64(self.home(slot)))
            }
            (_, Arg::Slot(slot)) => Instruction::with2(Opcode::Mov_rm32_r32, memory, regs::bits_32(self.home(slot))),
            _ => unreachable!("a constant or a slot is stored"),
        };
        self.plain(built, why);
    }

    fn jump(&mut self, condition: Option<Condition>, to: Label) {
        let why = format!("{} → {}", self.why, self.program.labels[usize::from(to.0)]);
        self.push(Operation::Jump { condition, to }, why);
    }

    /// Compares and jumps. On the way on, a result that is not below 0 and is no count is 0.
    fn branch(&mut self, left: Slot, cond: Cond, right: Arg, to: Label) {
        let reg = self.home(left);
        let why = self.why.clone();
        let condition = match (right, cond) {
            (Arg::Const(0), Cond::Lt) => Condition::Sign,
            (Arg::Const(0), Cond::Ge) => Condition::NotSign,
            _ => cond.into(),
        };
        let (wide, r) = (self.wide(left), self.register(left));
        match right {
            Arg::Const(0) => {
                let reusable = !matches!(cond, Cond::Le | Cond::Gt) && self.facts.flags() == Some(left);
                if !reusable {
                    let code = if wide { Opcode::Test_rm64_r64 } else { Opcode::Test_rm32_r32 };
                    self.plain(Instruction::with2(code, r, r), why);
                    self.facts.set_flags(Some(left));
                }
            }
            Arg::Const(value) => self.compare_constant(reg, wide, value, cond, &why),
            Arg::Slot(other) => {
                let code = if wide { Opcode::Cmp_rm64_r64 } else { Opcode::Cmp_rm32_r32 };
                self.plain(Instruction::with2(code, r, self.named(self.home(other), wide)), why);
            }
            _ => unreachable!("a slot is compared with a constant or a slot"),
        }
        self.jump(Some(condition), to);
    }

    fn compare_constant(&mut self, reg: Reg, wide: bool, value: i64, cond: Cond, why: &str) {
        let is_byte = self.facts.get(reg).value == Value::Byte && (0..=255).contains(&value);
        let whole = self.named(reg, wide);
        let built = if is_byte && reg == EAX && matches!(cond, Cond::Eq | Cond::Ne) {
            Instruction::with2(Opcode::Cmp_AL_imm8, Register::AL, value as i32)
        } else if i8::try_from(value).is_ok() {
            let code = if wide { Opcode::Cmp_rm64_imm8 } else { Opcode::Cmp_rm32_imm8 };
            Instruction::with2(code, whole, value as i32)
        } else {
            let code = if wide { Opcode::Cmp_rm64_imm32 } else { Opcode::Cmp_rm32_imm32 };
            Instruction::with2(code, whole, value as i32)
        };
        self.plain(built, why);
    }

    fn compare_memory(&mut self, at: Mem, bytes: &[u8]) {
        let (memory, why) = (self.memory(at), self.why.clone());
        let built = match *bytes {
            [a] => Instruction::with2(Opcode::Cmp_rm8_imm8, memory, i32::from(a)),
            [a, b] => Instruction::with2(Opcode::Cmp_rm16_imm16, memory, u32::from(u16::from_le_bytes([a, b]))),
            [a, b, c, d] => Instruction::with2(Opcode::Cmp_rm32_imm32, memory, u32::from_le_bytes([a, b, c, d])),
            _ => unreachable!("memory is compared by 1, 2 or 4 bytes"),
        };
        self.plain(built, why);
    }

    fn store_memory(&mut self, to: Mem, bytes: &[u8]) {
        let (memory, why) = (self.memory(to), self.why.clone());
        let built = match *bytes {
            [a] => Instruction::with2(Opcode::Mov_rm8_imm8, memory, i32::from(a)),
            [a, b] => Instruction::with2(Opcode::Mov_rm16_imm16, memory, u32::from(u16::from_le_bytes([a, b]))),
            [a, b, c, d] => Instruction::with2(Opcode::Mov_rm32_imm32, memory, u32::from_le_bytes([a, b, c, d])),
            _ => unreachable!("memory is written by 1, 2 or 4 bytes"),
        };
        self.plain(built, why);
    }
}

/// Codes of an arithmetic operation with imm8, imm32 and a register.
#[rustfmt::skip] // One row per line.
fn alu_codes(alu: Alu, wide: bool) -> [Opcode; 3] {
    match (alu, wide) {
        (Alu::Add, false) => [Opcode::Add_rm32_imm8, Opcode::Add_rm32_imm32, Opcode::Add_rm32_r32], // 83 /0 ib  81 /0 id  01 /r
        (Alu::Add, true)  => [Opcode::Add_rm64_imm8, Opcode::Add_rm64_imm32, Opcode::Add_rm64_r64], // REX.W
        (Alu::Sub, false) => [Opcode::Sub_rm32_imm8, Opcode::Sub_rm32_imm32, Opcode::Sub_rm32_r32], // 83 /5 ib  81 /5 id  29 /r
        (Alu::Sub, true)  => [Opcode::Sub_rm64_imm8, Opcode::Sub_rm64_imm32, Opcode::Sub_rm64_r64], // REX.W
    }
}

/// Splits bytes into pieces of 4, 2 and 1, with the offset of each; the last 4 may overlap the ones before.
pub(crate) fn pieces(bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let whole = bytes.len() / 4 * 4;
    let mut pieces: Vec<(usize, &[u8])> = (0..whole).step_by(4).map(|at| (at, &bytes[at..at + 4])).collect();
    match bytes.len() - whole {
        0 => {}
        3 if whole > 0 => pieces.push((bytes.len() - 4, &bytes[bytes.len() - 4..])),
        3 => pieces.extend([(whole, &bytes[whole..whole + 2]), (whole + 2, &bytes[whole + 2..])]),
        _ => pieces.push((whole, &bytes[whole..])),
    }
    pieces
}

fn behind(mem: Mem, bytes: usize) -> Mem {
    Mem { offset: mem.offset + bytes as i32, ..mem }
}

impl Selector for X86<'_> {
    fn entry(&mut self) -> Facts {
        // The kernel zeroes every general register at exec (ELF_PLAT_INIT), all but the stack pointer.
        let count = if self.mode.long_mode { 16 } else { 8 };
        Facts::zero((0..count).filter(|&reg| reg != ESP))
    }

    fn facts(&mut self) -> &mut Facts {
        &mut self.facts
    }

    fn label(&mut self, label: Label) {
        self.code.label(label);
    }

    fn reserve_frame(&mut self, bytes: u32) {
        let bytes = bytes.next_multiple_of(16);
        let (code, sp) = if self.mode.long_mode {
            (Opcode::Sub_rm64_imm32, Register::RSP)
        } else {
            (Opcode::Sub_rm32_imm32, Register::ESP)
        };
        self.plain(Instruction::with2(code, sp, bytes as i32), "room for the frame");
    }

    fn step(&mut self, at: usize, op: &Op, why: &str) -> Result<(), CompileError> {
        why.clone_into(&mut self.why);
        match op {
            Op::Label(_) => unreachable!("the flow places labels"),
            Op::Jump(to) => self.jump(None, *to),
            Op::Call { call, args, result } => self.call(at, *call, args, *result),
            Op::Set { to, value } => self.assign(at, *to, *value),
            Op::Alu { alu, to, value } => self.arithmetic(*alu, *to, *value),
            Op::Negate { to } => {
                self.plain(Instruction::with1(Opcode::Neg_rm32, regs::bits_32(self.home(*to))), why);
                self.facts.define(*to, self.home(*to), Value::Unknown);
            }
            Op::Divide { value, by, rest } => self.divide(*value, *by, *rest),
            Op::Load { to, width, from } => self.load(*to, *width, *from),
            Op::Store { width, to, value } => self.store(*width, *to, *value),
            Op::Branch { left, cond, right, to } => self.branch(*left, *cond, *right, *to),
            Op::BranchBytes { at, bytes, equal, to } => {
                self.compare_memory(*at, bytes);
                self.jump(Some(if *equal { Condition::Equal } else { Condition::NotEqual }), *to);
            }
            Op::Match { at, want, miss } => {
                for (offset, piece) in pieces(want) {
                    self.compare_memory(behind(*at, offset), piece);
                    self.jump(Some(Condition::NotEqual), *miss);
                }
            }
            Op::StoreBytes { to, bytes } => {
                for (offset, piece) in pieces(bytes) {
                    self.store_memory(behind(*to, offset), piece);
                }
            }
        }
        Ok(())
    }

    fn after_branch(&mut self, left: Slot, cond: Cond, right: Arg) {
        let home = self.slots.home(left);
        if (cond, right) == (Cond::Lt, Arg::Const(0)) && self.facts.get(home).value == Value::ZeroOrError {
            let copy_of = self.facts.get(home).copy_of;
            self.facts.set(home, Fact { value: Value::Const(0), copy_of });
        }
    }

    fn finish(self) -> Code {
        self.code
    }
}
