//! Spilling: a slot without a register moves to the frame. Operations load it before they read it, and store it after
//! they write it.
//!
//! A slot with a constant or an address as its only definition is not stored. Each use makes the value again
//! (rematerialization; Briggs, Cooper and Torczon 1992).

use crate::ir::op::{Base, Inst, Kind, Mem, Op, Operand, Program, Slot, SlotInfo, Width};
use crate::ir::rename;

/// The program with these slots in the frame instead of registers.
pub(crate) fn to_frame(program: &Program, slots: &[Slot]) -> Program {
    let mut spilled = Program { insts: Vec::new(), ..program.clone() };
    let locations: Vec<(Slot, Location)> =
        slots.iter().map(|&slot| (slot, location(program, slot, &mut spilled))).collect();
    for inst in &program.insts {
        if !direct(inst, &locations, &mut spilled) {
            through_temporaries(inst, &locations, &mut spilled);
        }
    }
    spilled
}

/// Where the value of a slot without a register is.
#[derive(Clone, Copy)]
enum Location {
    /// Memory, of this width.
    Frame(Mem, Width),
    /// Its only definition.
    Known(Operand),
}

fn location(program: &Program, slot: Slot, spilled: &mut Program) -> Location {
    let mut definitions = program.insts.iter().filter(|inst| inst.op.defines().contains(&slot));
    let known = match (definitions.next().map(|inst| &inst.op), definitions.next()) {
        (Some(Op::Set { value, .. }), None) => Some(*value),
        _ => None,
    };
    let known = known.filter(|value| match value {
        Operand::Slot(_) | Operand::AtLeast(_) | Operand::NotNegative => false,
        // In a routine no register leads there any more.
        Operand::Entry => program.frame_at.is_none(),
        _ => true,
    });
    if let Some(value) = known {
        return Location::Known(value);
    }
    let (width, bytes) = match program.kind(slot) {
        Kind::Int => (Width::Four, 4),
        Kind::Pointer => (Width::Word, 8),
    };
    // Below the frame's own part, the nearest first, if a register holds its address; else after it.
    let offset = if program.has_frame_register() {
        spilled.spilled_bytes = (spilled.spilled_bytes + bytes).next_multiple_of(bytes);
        -(spilled.spilled_bytes as i32)
    } else {
        let offset = spilled.frame_bytes.next_multiple_of(bytes);
        spilled.frame_bytes = offset + bytes;
        offset as i32
    };
    Location::Frame(Mem { base: Base::Frame, offset }, width)
}

fn location_of(locations: &[(Slot, Location)], slot: Slot) -> Option<Location> {
    locations.iter().find(|(known, _)| *known == slot).map(|&(_, location)| location)
}

/// Does an operation on memory directly, if possible.
fn direct(inst: &Inst, locations: &[(Slot, Location)], spilled: &mut Program) -> bool {
    let Op::Set { to, value } = inst.op else { return false };
    let from = if let Operand::Slot(from) = value { Some(from) } else { None };
    let kind = |slot: Slot| spilled.kind(slot);
    let op = match (location_of(locations, to), from.map(|from| (from, location_of(locations, from)))) {
        (Some(Location::Known(_)), _) => return true,
        (Some(Location::Frame(place, width)), None) => match value {
            Operand::Const(value) if i32::try_from(value).is_ok() => {
                Op::Store { width, to: place, value: Operand::Const(value) }
            }
            _ => return false,
        },
        (Some(Location::Frame(place, width)), Some((from, None))) if kind(from) == kind(to) => {
            Op::Store { width, to: place, value: Operand::Slot(from) }
        }
        (None, Some((_, Some(Location::Known(value))))) => Op::Set { to, value },
        (None, Some((from, Some(Location::Frame(place, width))))) if kind(from) == kind(to) => {
            Op::Load { to, width, from: place }
        }
        _ => return false,
    };
    let passed = if let Some(from) = from.filter(|from| location_of(locations, *from).is_some()) { from } else { to };
    let why =
        if inst.why.is_empty() { spilled.slots[usize::from(passed.0)].name.to_string() } else { inst.why.clone() };
    spilled.push(op, why);
    true
}

/// Loads what an operation reads, stores what it writes.
fn through_temporaries(inst: &Inst, locations: &[(Slot, Location)], spilled: &mut Program) {
    let (uses, defines) = (inst.op.uses(), inst.op.defines());
    let mut op = inst.op.clone();
    replace_known(&mut op, locations);
    let mut passing: Vec<(Slot, Slot)> = Vec::new();
    let mut mentioned = Vec::new();
    rename(&mut op, |slot, _| mentioned.push(*slot));
    let mut stores = Vec::new();
    for &(slot, location) in locations.iter().filter(|(slot, _)| mentioned.contains(slot)) {
        let SlotInfo { name, kind } = spilled.slots[usize::from(slot.0)].clone();
        let temporary = spilled.slot(IN_PASSING, kind);
        passing.push((slot, temporary));
        if uses.contains(&slot) {
            match location {
                Location::Frame(from, width) => {
                    spilled.push(Op::Load { to: temporary, width, from }, format!("{name}, from the frame"));
                }
                Location::Known(value) => spilled.push(Op::Set { to: temporary, value }, name.clone()),
            }
        }
        if let (Location::Frame(to, width), true) = (location, defines.contains(&slot)) {
            stores.push((Op::Store { width, to, value: Operand::Slot(temporary) }, format!("{name}, to the frame")));
        }
    }
    rename(&mut op, |slot, _| {
        if let Some((_, temporary)) = passing.iter().find(|(known, _)| known == slot) {
            *slot = *temporary;
        }
    });
    spilled.insts.push(Inst { op, why: inst.why.clone(), variable: inst.variable });
    for (op, why) in stores {
        spilled.push(op, why);
    }
}

/// Replaces slots by known values where an operand may be one.
fn replace_known(op: &mut Op, locations: &[(Slot, Location)]) {
    let known = |arg: &Operand| match *arg {
        Operand::Slot(slot) => match location_of(locations, slot) {
            Some(Location::Known(value)) => Some(value),
            _ => None,
        },
        _ => None,
    };
    match op {
        Op::Call { args, .. } => {
            for arg in args {
                if let Some(value) = known(arg) {
                    *arg = value;
                }
            }
        }
        Op::Binary { value: arg, .. } | Op::Store { value: arg, .. } | Op::Branch { right: arg, .. } => {
            if let Some(Operand::Const(value)) = known(arg)
                && i32::try_from(value).is_ok()
            {
                *arg = Operand::Const(value);
            }
        }
        _ => {}
    }
}

/// Name of the slots between the frame and an operation; they are never spilled themselves.
pub(crate) const IN_PASSING: &str = "in passing";
