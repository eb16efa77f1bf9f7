//! What a small program gets from memory that is near by: an address from what a system call leaves, and a number of
//! which only some bits matter from a datum that a register leads to.
//!
//! ```text
//! push rcx             51          1     the address behind the system call, before a jump
//! pop rsi              5E          1     where the jump leads
//! lodsd                AD          1     rsi moves on by 4: to what stands right behind the jump
//! mov r32, [r + d8]    8B /r ib    3     (+1: REX)
//! ```

use iced_x86::{Code as Opcode, Instruction, Register};

use super::call::label_of;
use super::inst::{self, Operation};
use super::regs::{self, EAX, ECX, ESI, ESP};
use super::select::{Mode, X86};
use crate::alloc::Reg;
use crate::code::Ref;
use crate::facts::Value;
use crate::golf::Rule;
use crate::golf::tuning::BITS;
use crate::op::{Arg, Datum, DatumId, Label, Op, Part, Program};

/// A jump behind a system call, to where nobody else comes and the next call wants the address of a datum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    /// The step that jumps.
    pub(super) from: usize,
    /// The step that wants the address.
    to: usize,
    datum: DatumId,
    /// The label of the system call's instruction.
    call: Label,
}

/// The first byte of `syscall`: no datum that begins with it is walked to, for it could stand where a call does.
const SYSCALL: u8 = 0x0f;

/// The first such jump.
pub(super) fn walk(program: &Program, mode: &Mode, is_kept: impl Fn(DatumId) -> bool) -> Option<Walk> {
    (0..program.steps.len()).find_map(|from| {
        let Op::Jump(label) = program.steps[from].op else { return None };
        let call = program.steps[..from].iter().rposition(|step| matches!(step.op, Op::Call { .. }))?;
        let is_straight = |step: &crate::op::Step| !matches!(step.op, Op::Label(_) | Op::Sub(_) | Op::Gosub(_));
        let at = program.steps.iter().position(|step| step.op == Op::Label(label))?;
        let (before, to) = (program.steps.get(at.checked_sub(1)?)?, at + 1);
        let ways_there = program.steps.iter().filter(|step| step.op.target() == Some(label)).count();
        let is_alone = ways_there == 1 && before.op.ends() && !program.labels_in_data().any(|other| other == label);
        let datum = wanted_in_esi(&program.steps.get(to)?.op, mode).filter(|datum| is_kept(*datum))?;
        let fits = is_alone && program.steps[call..from].iter().all(is_straight);
        let begins_well = first_byte(&program.data[usize::from(datum.0)]).is_some_and(|first| first != SYSCALL);
        (fits && begins_well).then(|| Walk { from, to, datum, call: label_of(program, call) })
    })
}

/// The datum whose address a call wants in esi.
fn wanted_in_esi(op: &Op, mode: &Mode) -> Option<DatumId> {
    let Op::Call { call, args, .. } = op else { return None };
    args.iter().zip(mode.registers.args_of(*call)).find_map(|(arg, reg)| match arg {
        Arg::Data(datum) if reg == ESI => Some(*datum),
        _ => None,
    })
}

fn first_byte(datum: &Datum) -> Option<u8> {
    match datum.parts.first() {
        Some(Part::Bytes(bytes)) => bytes.first().copied(),
        _ => None,
    }
}

/// A number of 4 bytes in a datum that has these bits, and none of those; and how far behind its first byte it stands.
fn with_bits(datum: &Datum, set: u32, clear: u32) -> Option<(i8, u32)> {
    let Some(Part::Bytes(bytes)) = datum.parts.first() else { return None };
    let number = |four: &[u8]| u32::from_le_bytes(four.try_into().expect("windows have 4 bytes"));
    let numbers = (0..).zip(bytes.windows(4).map(number)).take(i8::MAX as usize);
    numbers.into_iter().find(|(_, number)| has_bits(*number, set, clear))
}

fn has_bits(number: u32, set: u32, clear: u32) -> bool {
    number & set == set && number & clear == 0
}

impl X86<'_> {
    /// Before a jump: leaves the address behind the last system call on the stack, if it is wanted where this one leads.
    pub(super) fn leave_address(&mut self, step: usize) {
        let Some(walk) = self.walk.filter(|walk| walk.from == step) else { return };
        if self.facts.get(ECX).value == Value::Behind(walk.call) {
            self.plain(Instruction::with1(Opcode::Push_r64, Register::RCX), "the address of what follows, for later");
        }
    }

    /// Takes it off again and moves it on to the datum, if this is where.
    pub(super) fn walk_to(&mut self, reg: Reg, of: Ref, why: &str) -> bool {
        let is_here = |walk: &Walk| walk.to == self.at && Ref::Data(walk.datum) == of && reg == ESI;
        let Some(walk) = self.walk.filter(is_here) else { return false };
        if self.facts.get(ECX).value != Value::Behind(walk.call) {
            return false;
        }
        self.plain(Instruction::with1(Opcode::Pop_r64, Register::RSI), why);
        let may_load = self.args_set >> EAX & 1 == 0 && !self.slots.is_live(self.at, EAX);
        self.push(Operation::Walk { of, call: walk.call, may_load }, why.into());
        if may_load {
            self.facts.set(EAX, Value::Unknown);
        }
        self.facts.set(reg, Value::Data(walk.datum));
        true
    }

    /// A number that has these bits, and none of those.
    pub(super) fn set_bits(&mut self, reg: Reg, (set, clear): (u32, u32), why: &str) {
        let known = self.facts.constant(reg).and_then(|known| u32::try_from(known).ok());
        if known.is_some_and(|known| has_bits(known, set, clear)) {
            return;
        }
        let may_load = self.tuning.is_golf && self.tuning.has(Rule::Bits);
        if let Some((load, number)) = may_load.then(|| self.near_number(reg, set, clear)).flatten() {
            let constant = self.constant(reg, set.into());
            let least = self.allowed(constant).into_iter().map(|rule| constant.bytes(rule)).min();
            let bytes = inst::bytes(self.address_bits(), &load, 0).map_or(usize::MAX, |it| it.len());
            let usual = usize::from(least.is_none_or(|least| bytes < least));
            if self.tuning.ask((self.at, BITS + u16::from(reg)), 2, usual) == 1 {
                self.plain(Ok(load), why);
                self.facts.set(reg, Value::Const(number.into()));
                return;
            }
        }
        self.set_constant(reg, set.into(), why);
    }

    /// Such a number in a datum that a register leads to: the load, and which it is.
    fn near_number(&self, reg: Reg, set: u32, clear: u32) -> Option<(Instruction, u32)> {
        let registers = (0..if self.mode.is_long { 16 } else { 8 }).filter(|&base| base != ESP);
        let (base, by, number) = registers.into_iter().find_map(|base| match self.facts.get(base).value {
            Value::Data(datum) => {
                let (by, number) = with_bits(&self.program.data[usize::from(datum.0)], set, clear)?;
                Some((base, by, number))
            }
            _ => None,
        })?;
        let memory = self.operand(base, by.into());
        Instruction::with2(Opcode::Mov_r32_rm32, regs::bits_32(reg), memory).ok().map(|load| (load, number))
    }
}
