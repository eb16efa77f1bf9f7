//! Instruction selection for A64: operation by operation. Every instruction is 4 bytes, so what saves is reuse: a
//! register that already holds the value, and branches that test by themselves.

use super::inst::{A64, Size, ZERO_OR_SP};
use super::{REGISTERS, RESULT, SCRATCH, SCRATCH_2, SYSCALL_NUMBER};
use crate::CompileError;
use crate::alloc::{Allocation, Reg};
use crate::code::{Code, Ref};
use crate::facts::{Fact, Facts, Value};
use crate::flow::Selector;
use crate::moves::{self, Move};
use crate::op::{Alu, Arg, Base, Cond, Kind, Label, Mem, Op, Program, Slot, Width};
use crate::syscall::{Call, Returns};
use crate::target::Machine;

/// Selection in progress.
pub(crate) struct Aarch64<'p> {
    program: &'p Program,
    slots: &'p Allocation,
    code: Code,
    facts: Facts,
    why: String,
}

/// Instructions that build a constant, in order: MOVZ or MOVN, then MOVK for every other half that is not 0.
fn constant(d: Reg, value: u64) -> Vec<A64> {
    let half = |at: u8| (value >> (16 * at)) as u16;
    if let Ok(imm16) = u16::try_from(!value) {
        return vec![A64::Movn { d, imm16 }];
    }
    let halves: Vec<u8> = (0..4).filter(|&at| half(at) != 0).collect();
    let Some((&first, rest)) = halves.split_first() else {
        return vec![A64::Movz { d, imm16: 0, shift: 0 }];
    };
    let mut built = vec![A64::Movz { d, imm16: half(first), shift: 16 * first }];
    built.extend(rest.iter().map(|&at| A64::Movk { d, imm16: half(at), shift: 16 * at }));
    built
}

impl<'p> Aarch64<'p> {
    pub(crate) fn new(program: &'p Program, slots: &'p Allocation) -> Self {
        Self { program, slots, code: Code::default(), facts: Facts::UNKNOWN, why: String::new() }
    }

    fn push(&mut self, instruction: A64, why: impl Into<String>) {
        self.code.push(instruction, why.into());
    }

    /// Adds an instruction for the operation's own reason.
    fn plain(&mut self, instruction: A64) {
        let why = self.why.clone();
        self.push(instruction, why);
    }

    fn home(&self, slot: Slot) -> Reg {
        self.slots.home(slot)
    }

    fn wide(&self, slot: Slot) -> bool {
        self.program.kind(slot) == Kind::Pointer
    }

    /// Base register and offset of a memory operand; where the offset is beyond 9 signed bits, by way of a scratch
    /// register.
    fn memory(&mut self, mem: Mem) -> (Reg, i16) {
        let base = match mem.base {
            Base::Slot(slot) => self.home(slot),
            Base::Frame => ZERO_OR_SP,
            Base::Sum(..) => todo!(),
        };
        if (-256..256).contains(&mem.offset) {
            return (base, mem.offset as i16);
        }
        let imm12 = u16::try_from(mem.offset).ok().filter(|offset| *offset < 4096).expect("offsets are below 4 KiB");
        self.push(A64::AddImm { d: SCRATCH_2, n: base, imm12 }, "far in memory");
        self.facts.set(SCRATCH_2, Value::Unknown);
        (SCRATCH_2, 0)
    }

    fn set_constant(&mut self, reg: Reg, value: i64, why: &str) {
        let value = value as u64;
        if self.facts.constant(reg) == Some(value) {
            return;
        }
        let built = constant(reg, value);
        let holder = (0..ZERO_OR_SP).find(|&other| self.facts.constant(other) == Some(value));
        match holder {
            Some(other) if built.len() > 1 => self.push(A64::Mov { wide: true, d: reg, m: other }, why),
            _ => built.into_iter().for_each(|one| self.push(one, why)),
        }
        self.facts.set(reg, Value::Const(value));
    }

    fn set(&mut self, reg: Reg, arg: Arg, why: &str) {
        match arg {
            Arg::Any => {}
            Arg::State(_) | Arg::Entry => todo!(),
            Arg::Const(value) => self.set_constant(reg, value, why),
            Arg::AtLeast(least) if self.facts.is_at_least(reg, least) => {}
            Arg::AtLeast(least) => self.set_constant(reg, i64::from(least), why),
            Arg::Frame(offset) => {
                if self.facts.get(reg).value != Value::Frame(offset) {
                    let imm12 = u16::try_from(offset).expect("a frame is below 4 KiB");
                    self.push(A64::AddImm { d: reg, n: ZERO_OR_SP, imm12 }, why);
                    self.facts.set(reg, Value::Frame(offset));
                }
            }
            Arg::Data(datum) => {
                if self.facts.get(reg).value != Value::Data(datum) {
                    self.push(A64::Address { d: reg, of: Ref::Data(datum) }, why);
                    self.facts.set(reg, Value::Data(datum));
                }
            }
            Arg::Slot(slot) => {
                let from = self.home(slot);
                if from != reg && self.facts.get(reg).copy_of != Some(slot) {
                    self.push(A64::Mov { wide: self.wide(slot), d: reg, m: from }, why);
                    self.facts.set(reg, Fact { copy_of: Some(slot), ..self.facts.get(from) });
                }
            }
        }
    }

    fn call(&mut self, step: usize, call: Call, args: &[Arg], result: Option<Slot>) {
        let info = call.info();
        let (slots, rest) = moves::in_order(info, Machine::Aarch64, REGISTERS.args, args, |slot| self.slots.home(slot));
        for one in slots {
            self.move_slot(info.name, one);
        }
        for (reg, arg, role) in rest {
            self.set(reg, arg, &format!("{}: {role}", info.name));
        }
        let number = i64::from(info.number(Machine::Aarch64));
        self.set_constant(SYSCALL_NUMBER, number, &format!("{}: call number", info.name));
        self.plain(A64::Svc);
        let returned = if info.result == Returns::Zero { Value::ZeroOrError } else { Value::Unknown };
        self.facts.set(RESULT, returned);
        if let Some(slot) = result {
            let home = self.home(slot);
            if home != RESULT && self.slots.lives_after(step, slot) {
                self.push(A64::Mov { wide: false, d: home, m: RESULT }, "keep the result");
            }
            self.facts.define(slot, home, returned);
        }
    }

    fn move_slot(&mut self, name: &str, one: Move) {
        match one {
            Move::Copy { to, slot, .. } if self.facts.get(to).copy_of == Some(slot) => {}
            Move::Copy { to, from, slot, role } => {
                self.push(A64::Mov { wide: self.wide(slot), d: to, m: from }, format!("{name}: {role}"));
                self.facts.set(to, Fact { copy_of: Some(slot), ..self.facts.get(from) });
            }
            Move::Swap { one, other } => {
                for (d, m) in [(SCRATCH_2, one), (one, other), (other, SCRATCH_2)] {
                    self.push(A64::Mov { wide: true, d, m }, format!("{name}: two arguments change places"));
                }
                let (was, is) = (self.facts.get(one), self.facts.get(other));
                self.facts.set(one, is);
                self.facts.set(other, was);
                self.facts.set(SCRATCH_2, Value::Unknown);
            }
        }
    }

    fn arithmetic(&mut self, alu: Alu, to: Slot, value: Arg) {
        let (d, wide) = (self.home(to), self.wide(to));
        let m = match value {
            Arg::Slot(other) => self.home(other),
            Arg::Const(value) if (0..4096).contains(&value) && wide => {
                let imm12 = value as u16;
                self.plain(match alu {
                    Alu::Add => A64::AddImm { d, n: d, imm12 },
                    Alu::Sub => A64::SubImm { d, n: d, imm12 },
                    _ => todo!(),
                });
                self.facts.define(to, d, Value::Unknown);
                return;
            }
            Arg::Const(value) => {
                self.set_constant(SCRATCH, value, "operand");
                SCRATCH
            }
            _ => unreachable!("arithmetic takes a constant or a slot"),
        };
        self.plain(match alu {
            Alu::Add => A64::Add { wide, d, n: d, m },
            Alu::Sub => A64::Sub { wide, d, n: d, m },
            _ => todo!(),
        });
        self.facts.define(to, d, Value::Unknown);
    }

    fn divide(&mut self, value: Slot, by: u32, rest: Slot) {
        let (n, d) = (self.home(value), self.home(rest));
        self.set_constant(SCRATCH, i64::from(by), "divisor");
        self.plain(A64::Udiv { d: SCRATCH_2, n, m: SCRATCH });
        self.push(A64::Msub { d, n: SCRATCH_2, m: SCRATCH, a: n }, "remainder");
        self.push(A64::Mov { wide: false, d: n, m: SCRATCH_2 }, "quotient");
        self.facts.set(SCRATCH_2, Value::Unknown);
        self.facts.define(value, n, Value::Unknown);
        self.facts.define(rest, d, if by <= 256 { Value::Byte } else { Value::Unknown });
    }

    fn load(&mut self, to: Slot, width: Width, from: Mem) {
        let (n, simm9) = self.memory(from);
        let t = self.home(to);
        self.plain(A64::Ldur { size: size(width), t, n, simm9 });
        self.facts.define(to, t, if width == Width::Byte { Value::Byte } else { Value::Unknown });
    }

    fn store(&mut self, width: Width, to: Mem, value: Arg) {
        let (n, simm9) = self.memory(to);
        let t = match value {
            Arg::Const(0) => ZERO_OR_SP,
            Arg::Const(value) => {
                self.set_constant(SCRATCH, value, "what is stored");
                SCRATCH
            }
            Arg::Slot(slot) => self.home(slot),
            _ => unreachable!("a constant or a slot is stored"),
        };
        self.plain(A64::Stur { size: size(width), t, n, simm9 });
    }

    fn labelled(&self, to: Label) -> String {
        format!("{} → {}", self.why, self.program.labels[usize::from(to.0)])
    }

    fn branch(&mut self, left: Slot, cond: Cond, right: Arg, to: Label) {
        let (n, wide, why) = (self.home(left), self.wide(left), self.labelled(to));
        let sign = if wide { 63 } else { 31 };
        match (right, cond) {
            (Arg::Const(0), Cond::Eq) => return self.push(A64::Cbz { wide, zero: true, t: n, to }, why),
            (Arg::Const(0), Cond::Ne) => return self.push(A64::Cbz { wide, zero: false, t: n, to }, why),
            (Arg::Const(0), Cond::Lt) if !wide => {
                return self.push(A64::Tbz { set: true, t: n, bit: sign, to }, why);
            }
            (Arg::Const(0), Cond::Ge) if !wide => {
                return self.push(A64::Tbz { set: false, t: n, bit: sign, to }, why);
            }
            (Arg::Const(value), _) if (0..4096).contains(&value) => {
                self.plain(A64::CmpImm { wide, n, imm12: value as u16 });
            }
            (Arg::Const(value), _) if (-4095..0).contains(&value) => {
                self.plain(A64::CmnImm { wide, n, imm12: value.unsigned_abs() as u16 });
            }
            (Arg::Const(value), _) => {
                self.set_constant(SCRATCH, value, "compared with");
                self.plain(A64::Cmp { wide, n, m: SCRATCH });
            }
            (Arg::Slot(other), _) => self.plain(A64::Cmp { wide, n, m: self.home(other) }),
            _ => unreachable!("a slot is compared with a constant or a slot"),
        }
        self.push(A64::Bcond { cond, to }, why);
    }

    /// Loads 1, 2, 4 or 8 bytes and compares them with a constant.
    fn compare_memory(&mut self, at: Mem, bytes: &[u8]) {
        let (n, simm9) = self.memory(at);
        let (size, wide) = size_of(bytes.len());
        self.plain(A64::Ldur { size, t: SCRATCH_2, n, simm9 });
        self.facts.set(SCRATCH_2, Value::Unknown);
        let want = little_endian(bytes);
        if want < 4096 {
            self.plain(A64::CmpImm { wide, n: SCRATCH_2, imm12: want as u16 });
        } else {
            self.set_constant(SCRATCH, want as i64, "compared with");
            self.plain(A64::Cmp { wide, n: SCRATCH_2, m: SCRATCH });
        }
    }
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

fn size(width: Width) -> Size {
    match width {
        Width::Byte => Size::Byte,
        Width::Four => Size::Four,
        Width::Two => Size::Half,
        Width::Word => Size::Eight,
    }
}

/// Size of an access of so many bytes, and whether it needs the X form.
fn size_of(bytes: usize) -> (Size, bool) {
    match bytes {
        1 => (Size::Byte, false),
        2 => (Size::Half, false),
        4 => (Size::Four, false),
        8 => (Size::Eight, true),
        _ => unreachable!("memory is accessed by 1, 2, 4 or 8 bytes"),
    }
}

/// Splits bytes into pieces of 8, 4, 2 and 1, with the offset of each.
fn pieces(bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let len = [8, 4, 2, 1].into_iter().find(|&len| at + len <= bytes.len()).expect("1 fits");
        pieces.push((at, &bytes[at..at + len]));
        at += len;
    }
    pieces
}

impl Selector for Aarch64<'_> {
    fn entry(&mut self) -> Facts {
        // The kernel zeroes x0–x30 at exec (start_thread_common, arch/arm64/include/asm/processor.h).
        Facts::zero(0..ZERO_OR_SP)
    }

    fn facts(&mut self) -> &mut Facts {
        &mut self.facts
    }

    fn label(&mut self, label: Label) {
        self.code.label(label);
    }

    fn reserve_frame(&mut self, bytes: u32) {
        let imm12 = u16::try_from(bytes.next_multiple_of(16)).expect("a frame is below 4 KiB");
        self.push(A64::SubImm { d: ZERO_OR_SP, n: ZERO_OR_SP, imm12 }, "room for the frame");
    }

    fn hold_frame(&mut self) {
        todo!()
    }

    fn step(&mut self, at: usize, op: &Op, why: &str) -> Result<(), CompileError> {
        why.clone_into(&mut self.why);
        match op {
            Op::Sub(_) | Op::Gosub(_) | Op::Return { .. } | Op::Copy { .. } | Op::BranchBits { .. } => todo!(),
            Op::Label(_) => unreachable!("the flow places labels"),
            Op::Jump(to) => {
                let why = self.labelled(*to);
                self.push(A64::B { to: *to }, why);
            }
            Op::Call { call, args, result } => self.call(at, *call, args, *result),
            Op::Set { to, value } => {
                let home = self.home(*to);
                self.set(home, *value, why);
                let known = self.facts.get(home).value;
                self.facts.define(*to, home, known);
            }
            Op::Alu { alu, to, value } => self.arithmetic(*alu, *to, *value),
            Op::Negate { to } => {
                let d = self.home(*to);
                self.plain(A64::Sub { wide: false, d, n: ZERO_OR_SP, m: d });
                self.facts.define(*to, d, Value::Unknown);
            }
            Op::Divide { value, by, rest } => self.divide(*value, *by, *rest),
            Op::Load { to, width, from } => self.load(*to, *width, *from),
            Op::Store { width, to, value } => self.store(*width, *to, *value),
            Op::Branch { left, cond, right, to } => self.branch(*left, *cond, *right, *to),
            Op::BranchBytes { at, bytes, equal, to } => {
                self.compare_memory(*at, bytes);
                let why = self.labelled(*to);
                self.push(A64::Bcond { cond: if *equal { Cond::Eq } else { Cond::Ne }, to: *to }, why);
            }
            Op::Match { at, want, miss } => {
                for (offset, piece) in pieces(want) {
                    self.compare_memory(at.behind(offset), piece);
                    let why = self.labelled(*miss);
                    self.push(A64::Bcond { cond: Cond::Ne, to: *miss }, why);
                }
            }
            Op::StoreBytes { to, bytes } => {
                for (offset, piece) in pieces(bytes) {
                    let (n, simm9) = self.memory(to.behind(offset));
                    self.set_constant(SCRATCH, little_endian(piece) as i64, "what is stored");
                    self.plain(A64::Stur { size: size_of(piece.len()).0, t: SCRATCH, n, simm9 });
                }
            }
        }
        Ok(())
    }

    fn home(&self, slot: Slot) -> Reg {
        self.slots.home(slot)
    }

    fn finish(self) -> Code {
        self.code
    }
}
