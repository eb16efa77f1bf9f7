//! What the files of this folder share: a selection in progress, and how a value gets into a register.
//!
//! Every file adds methods to `Aarch64` for one kind of operations, and imports none of the others for them.

use super::inst::{A64, ZERO_OR_SP, takes};
use super::{REGISTERS, SCRATCH};
use crate::analysis::cfg::Cfg;
use crate::analysis::value_state::{Value, ValueState};
use crate::choice::Tuning;
use crate::ir::Ref;
use crate::ir::op::{BinOp, FrameByte, Kind, Label, Op, Operand, Program, Slot};
use crate::isel;
use crate::mach::code::Code;
use crate::reg::Reg;
use crate::regalloc::Allocation;

/// Selection in progress.
pub(crate) struct Aarch64<'p> {
    pub(super) program: &'p Program,
    pub(super) slots: &'p Allocation,
    pub(super) tuning: &'p Tuning,
    pub(super) code: Code,
    pub(super) values: ValueState,
    pub(super) why: String,
    /// Routines that call others which come back to them.
    pub(super) calling: Vec<Label>,
    /// Bytes of the frame that were taken from the stack.
    pub(super) reserved_bytes: u32,
    /// Where the left operand of the operation at hand is, if its copy has been left out.
    pub(super) source: Option<Reg>,
    /// What was known at each of the branches of the operation at hand, if it has several.
    pub(super) early: Option<ValueState>,
    /// Has the operation at hand been done with the one before it?
    pub(super) skip: bool,
}

/// Instructions that build a constant: one for a repeated run of ones; else MOVZ or MOVN, whichever leaves fewer halves
/// for MOVK.
pub(super) fn constant(d: Reg, value: u64) -> Vec<A64> {
    let half = |at: u8| (value >> (16 * at)) as u16;
    let other_than = |fill: u16| (0..4).filter(|&at| half(at) != fill).collect::<Vec<u8>>();
    let (set, clear) = (other_than(0), other_than(0xffff));
    let inverted = clear.len() < set.len();
    let left = if inverted { clear } else { set };
    let first = left.first().copied().unwrap_or(0);
    if left.len() > 1 && takes(BinOp::Or, true, value) {
        return vec![A64::MovPattern { d, pattern: value }];
    }
    let mut built = vec![if inverted {
        A64::Movn { d, imm16: !half(first), shift: 16 * first }
    } else {
        A64::Movz { d, imm16: half(first), shift: 16 * first }
    }];
    built.extend(left.iter().skip(1).map(|&at| A64::Movk { d, imm16: half(at), shift: 16 * at }));
    built
}

/// Routines that call others which come back to them.
fn callers(program: &Program) -> Vec<Label> {
    let insts = &program.insts;
    let calls = |at: usize| matches!(insts[at].op, Op::CallRoutine(_)) && !isel::is_last(program, at);
    let cfg = Cfg::of(program);
    let calling = cfg.bodies().filter(|(_, body)| body.iter().any(calls));
    calling
        .filter_map(|(entry, _)| if let Op::Routine(routine) = insts[entry].op { Some(routine) } else { None })
        .collect()
}

impl<'p> Aarch64<'p> {
    pub(crate) fn new(program: &'p Program, slots: &'p Allocation, tuning: &'p Tuning) -> Self {
        let (code, values, why) = (Code::default(), ValueState::UNKNOWN, String::new());
        let calling = callers(program);
        let reserved_bytes = 0;
        let (source, early, skip) = (None, None, false);
        Self { program, slots, tuning, code, values, why, calling, reserved_bytes, source, early, skip }
    }

    pub(super) fn push(&mut self, instruction: A64, why: impl Into<String>) {
        let in_frame =
            instruction.near_register().and_then(|(reg, offset, is_indexed)| match self.values.get(reg).value {
                Value::Frame(at) => Some(FrameByte { offset: at as i32 + offset, is_indexed, variable: None }),
                _ => None,
            });
        self.code.push(instruction, why.into(), in_frame);
    }

    /// Adds an instruction for the operation's own reason.
    pub(super) fn plain(&mut self, instruction: A64) {
        let why = self.why.clone();
        self.push(instruction, why);
    }

    pub(super) fn assigned(&self, slot: Slot) -> Reg {
        self.slots.assigned(slot)
    }

    pub(super) fn wide(&self, slot: Slot) -> bool {
        self.program.kind(slot) == Kind::Pointer
    }

    /// The register that holds the frame's address.
    pub(super) fn frame(&self) -> Reg {
        if self.program.has_frame_register() { REGISTERS.frame } else { ZERO_OR_SP }
    }

    /// A constant as the operand of an instruction of this width sees it.
    pub(super) fn operand(value: i64, wide: bool) -> u64 {
        if wide { value as u64 } else { u64::from(value as u32) }
    }

    /// `d = n + by`, in as many instructions as it takes.
    pub(super) fn add(&mut self, d: Reg, n: Reg, by: i32, why: &str) {
        let operator = if by < 0 { BinOp::Sub } else { BinOp::Add };
        let by = u64::from(by.unsigned_abs());
        let (low, high) = (by & 0xfff, by & !0xfff);
        let parts: &[u64] = if low == 0 || high == 0 { &[by] } else { &[high, low] };
        let mut n = n;
        for &imm in parts {
            self.push(A64::AluImm { operator, wide: true, d, n, imm }, why);
            n = d;
        }
    }

    pub(super) fn set_constant(&mut self, reg: Reg, value: i64, why: &str) {
        let value = value as u64;
        if self.values.constant(reg) == Some(value) {
            return;
        }
        let built = constant(reg, value);
        let holder = (0..ZERO_OR_SP).find(|&other| self.values.constant(other) == Some(value));
        match holder {
            Some(other) if built.len() > 1 => self.push(A64::Mov { wide: true, d: reg, m: other }, why),
            _ => built.into_iter().for_each(|one| self.push(one, why)),
        }
        self.values.set(reg, Value::Const(value));
    }

    /// A register that holds a number: one that does already, or a scratch register.
    pub(super) fn number(&mut self, value: i64, wide: bool, why: &str) -> Reg {
        let mask = if wide { u64::MAX } else { u64::from(u32::MAX) };
        let holds = |reg: &Reg| self.values.constant(*reg).is_some_and(|known| (known ^ value as u64) & mask == 0);
        if let Some(reg) = (0..ZERO_OR_SP).find(holds) {
            return reg;
        }
        self.set_constant(SCRATCH, value, why);
        SCRATCH
    }

    pub(super) fn set(&mut self, reg: Reg, arg: Operand, why: &str) {
        match arg {
            Operand::Any => {}
            Operand::Bits { set: value, .. } => self.set(reg, Operand::Const(value.into()), why),
            Operand::Const(value) => self.set_constant(reg, value, why),
            Operand::NotNegative if self.values.is_not_negative(reg) => {}
            Operand::NotNegative => self.set_constant(reg, 0, why),
            Operand::AtLeast(least) if self.values.is_at_least(reg, least) => {}
            Operand::AtLeast(least) => self.set_constant(reg, i64::from(least), why),
            Operand::Frame(offset) => {
                if self.values.get(reg).value != Value::Frame(offset) {
                    self.add(reg, self.frame(), offset as i32, why);
                    self.values.set(reg, Value::Frame(offset));
                }
            }
            Operand::Data(datum) => {
                if self.values.get(reg).value != Value::Data(datum) {
                    self.push(A64::Address { d: reg, of: Ref::Data(datum) }, why);
                    self.values.set(reg, Value::Data(datum));
                }
            }
            Operand::State(offset) => {
                self.push(A64::Address { d: reg, of: Ref::State(offset) }, why);
                self.values.set(reg, Value::Unknown);
            }
            Operand::Image => {
                self.push(A64::Address { d: reg, of: Ref::Image }, why);
                self.values.set(reg, Value::Unknown);
            }
            Operand::Entry if self.program.frame_at.is_some() => {
                self.add(reg, ZERO_OR_SP, 0, why);
                self.values.set(reg, Value::Unknown);
            }
            Operand::Entry => {
                self.add(reg, self.frame(), (self.reserved_bytes - self.program.below_frame()) as i32, why);
                self.values.set(reg, Value::Unknown);
            }
            Operand::Slot(slot) => {
                let from = self.assigned(slot);
                if from != reg && self.values.get(reg).copy_of != Some(slot) {
                    self.push(A64::Mov { wide: self.wide(slot), d: reg, m: from }, why);
                    self.values.set(reg, self.copied(from, slot));
                }
            }
        }
    }
}
