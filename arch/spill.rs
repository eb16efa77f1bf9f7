//! Where there are too few registers, a slot lives in the frame: it is loaded before each operation that reads it and
//! stored behind each that writes it. The program stays ISA-neutral, so this is done once for all machines.

use crate::op::{Arg, Base, Kind, Mem, Op, Program, Slot, Step, Width};

/// The program with one slot in the frame instead of a register.
pub(crate) fn to_frame(program: &Program, slot: Slot) -> Program {
    let mut spilled = program.clone();
    let offset = spilled.frame_bytes.next_multiple_of(WORD_BYTES);
    spilled.frame_bytes = offset + WORD_BYTES;
    let place = Mem { base: Base::Frame, offset: offset as i32 };
    let width = match program.kind(slot) {
        Kind::Int => Width::Four,
        Kind::Pointer => Width::Word,
    };
    let passing = spilled.slot(IN_PASSING, program.kind(slot));
    spilled.steps.clear();
    for step in &program.steps {
        let (reads, writes) = (step.op.uses().contains(&slot), step.op.defines().contains(&slot));
        if reads {
            let load = Op::Load { to: passing, width, from: place };
            spilled.push(load, format!("{}, from the frame", program.slots[usize::from(slot.0)].name));
        }
        let op = if reads || writes { rename(&step.op, slot, passing) } else { step.op.clone() };
        spilled.steps.push(Step { op, why: step.why.clone() });
        if writes {
            let store = Op::Store { width, to: place, value: Arg::Slot(passing) };
            spilled.push(store, format!("{}, to the frame", program.slots[usize::from(slot.0)].name));
        }
    }
    spilled
}

/// Bytes of a slot in the frame, on every machine.
const WORD_BYTES: u32 = 8;

/// Name of the slots between the frame and an operation; they are never spilled themselves.
pub(crate) const IN_PASSING: &str = "in passing";

/// The operation with another slot in one slot's place.
fn rename(op: &Op, from: Slot, to: Slot) -> Op {
    let mut op = op.clone();
    let slot = |slot: &mut Slot| {
        if *slot == from {
            *slot = to;
        }
    };
    let arg = |arg: &mut Arg| {
        if let Arg::Slot(it) = arg {
            slot(it);
        }
    };
    let mem = |mem: &mut Mem| match &mut mem.base {
        Base::Slot(it) => slot(it),
        Base::Sum(one, other) => {
            slot(one);
            slot(other);
        }
        Base::Frame => {}
    };
    match &mut op {
        Op::Label(_) | Op::Jump(_) | Op::Sub(_) | Op::Gosub(_) | Op::Return { .. } => {}
        Op::Call { args, result, .. } => {
            args.iter_mut().for_each(arg);
            if let Some(result) = result {
                slot(result);
            }
        }
        Op::Set { to, value } | Op::Alu { to, value, .. } => {
            slot(to);
            arg(value);
        }
        Op::Negate { to: it } | Op::BranchBits { value: it, .. } => slot(it),
        Op::Copy { to, from, len } => [to, from, len].into_iter().for_each(slot),
        Op::Divide { value, rest, .. } => {
            slot(value);
            slot(rest);
        }
        Op::Load { to, from, .. } => {
            slot(to);
            mem(from);
        }
        Op::Store { to, value, .. } => {
            mem(to);
            arg(value);
        }
        Op::Branch { left, right, .. } => {
            slot(left);
            arg(right);
        }
        Op::BranchBytes { at: place, .. } | Op::Match { at: place, .. } | Op::StoreBytes { to: place, .. } => {
            mem(place);
        }
    }
    op
}
