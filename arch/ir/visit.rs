//! Visitors: which slots an operation reads and writes, where it may jump, and which bytes of the frame it accesses. A
//! new operation must answer here, and every pass follows.

use super::entities::{DatumId, Label, Slot};
use super::operand::{Base, Mem, Operand, Width};
use super::operation::Op;

impl Op {
    /// Slots that it reads.
    pub fn uses(&self) -> Vec<Slot> {
        let mut uses = Vec::new();
        let slot = |arg: &Operand| if let Operand::Slot(slot) = arg { Some(*slot) } else { None };
        match self {
            Self::Label(_)
            | Self::Jump(_)
            | Self::Routine(_)
            | Self::CallRoutine(_)
            | Self::ReturnFrom { .. }
            | Self::Pop { .. } => {}
            Self::Call { args, .. } => uses.extend(args.iter().filter_map(slot)),
            Self::Set { value, .. } => uses.extend(slot(value)),
            Self::Binary { to, value, .. } => uses.extend([Some(*to), slot(value)].into_iter().flatten()),
            Self::Negate { to: slot } | Self::Push { value: slot } => uses.push(*slot),
            Self::Copy { to, from, len } => uses.extend([*to, *from, *len]),
            Self::Divide { value, .. } | Self::BranchBits { value, .. } => uses.push(*value),
            Self::Store { to, value, .. } => uses.extend(to.base.slots().chain(slot(value))),
            Self::Branch { left, right, .. } => uses.extend([Some(*left), slot(right)].into_iter().flatten()),
            Self::Load { from: mem, .. }
            | Self::BranchBytes { at: mem, .. }
            | Self::Match { at: mem, .. }
            | Self::StoreBytes { to: mem, .. } => uses.extend(mem.base.slots()),
        }
        uses
    }

    /// Data that it takes the address of, once for each time.
    pub fn data(&self) -> Vec<DatumId> {
        let args: Vec<&Operand> = match self {
            Self::Call { args, .. } => args.iter().collect(),
            Self::Set { value, .. } => vec![value],
            _ => Vec::new(),
        };
        args.into_iter().filter_map(|arg| if let Operand::Data(datum) = arg { Some(*datum) } else { None }).collect()
    }

    /// Does it read the stack pointer as it was at entry?
    pub(crate) fn asks_for_entry(&self) -> bool {
        match self {
            Self::Call { args, .. } => args.contains(&Operand::Entry),
            Self::Set { value, .. } => *value == Operand::Entry,
            _ => false,
        }
    }

    /// Slots it gives a value.
    pub fn defines(&self) -> Vec<Slot> {
        match self {
            Self::Call { result, .. } => result.iter().copied().collect(),
            Self::Set { to, .. }
            | Self::Binary { to, .. }
            | Self::Negate { to }
            | Self::Load { to, .. }
            | Self::Pop { to } => vec![*to],
            Self::Divide { value, rest, .. } => vec![*value, *rest],
            Self::Copy { to, from, len } => vec![*to, *from, *len],
            _ => Vec::new(),
        }
    }

    /// Tied definitions: slots that it reads and writes in one place, as two-address instructions do.
    pub(crate) fn tied_defs(&self) -> Vec<Slot> {
        match self {
            Self::Binary { to, .. } | Self::Negate { to } | Self::Divide { value: to, .. } => vec![*to],
            Self::Copy { to, from, len } => vec![*to, *from, *len],
            _ => Vec::new(),
        }
    }

    /// The label it may go to.
    pub fn target(&self) -> Option<Label> {
        match self {
            Self::Jump(to)
            | Self::CallRoutine(to)
            | Self::Branch { to, .. }
            | Self::BranchBits { to, .. }
            | Self::BranchBytes { to, .. } => Some(*to),
            Self::Match { miss, .. } => Some(*miss),
            _ => None,
        }
    }

    /// Does the next operation never follow it?
    pub fn is_terminator(&self) -> bool {
        matches!(self, Self::Jump(_) | Self::ReturnFrom { .. })
            || matches!(self, Self::Call { call, .. } if !call.info().returns())
    }
}

/// Visits an operation's slots; told of each whether its new value is meant, which is the old one's place's where an
/// operation changes it there.
pub(crate) fn rename(op: &mut Op, mut slot: impl FnMut(&mut Slot, bool)) {
    fn arg(arg: &mut Operand, slot: &mut impl FnMut(&mut Slot, bool)) {
        if let Operand::Slot(it) = arg {
            slot(it, false);
        }
    }
    fn mem(mem: &mut Mem, slot: &mut impl FnMut(&mut Slot, bool)) {
        match &mut mem.base {
            Base::Slot(it) => slot(it, false),
            Base::Sum(one, other) => {
                slot(one, false);
                slot(other, false);
            }
            Base::Frame => {}
        }
    }
    match op {
        Op::Label(_) | Op::Jump(_) | Op::Routine(_) | Op::CallRoutine(_) | Op::ReturnFrom { .. } => {}
        Op::Call { args, result, .. } => {
            for one in args {
                arg(one, &mut slot);
            }
            if let Some(result) = result {
                slot(result, true);
            }
        }
        Op::Set { to, value } | Op::Binary { to, value, .. } => {
            arg(value, &mut slot);
            slot(to, true);
        }
        Op::Negate { to } | Op::Pop { to } => slot(to, true),
        Op::Push { value } => slot(value, false),
        Op::BranchBits { value, .. } => slot(value, false),
        Op::Copy { to, from, len } => [to, from, len].into_iter().for_each(|it| slot(it, true)),
        Op::Divide { value, rest, .. } => {
            slot(value, true);
            slot(rest, true);
        }
        Op::Load { to, from, .. } => {
            mem(from, &mut slot);
            slot(to, true);
        }
        Op::Store { to, value, .. } => {
            mem(to, &mut slot);
            arg(value, &mut slot);
        }
        Op::Branch { left, right, .. } => {
            slot(left, false);
            arg(right, &mut slot);
        }
        Op::BranchBytes { at: place, .. } | Op::Match { at: place, .. } | Op::StoreBytes { to: place, .. } => {
            mem(place, &mut slot);
        }
    }
}

/// Bytes of the frame that an operation accesses: their offset and how many.
pub(crate) fn in_frame(op: &Op) -> Option<(i32, i32)> {
    let bytes = |width: Width| match width {
        Width::Byte => 1,
        Width::Two => 2,
        Width::Four => 4,
        Width::Word => 8,
    };
    let (mem, len) = match op {
        Op::Load { from: mem, width, .. } | Op::Store { to: mem, width, .. } => (mem, bytes(*width)),
        Op::BranchBytes { at: mem, bytes, .. }
        | Op::Match { at: mem, want: bytes, .. }
        | Op::StoreBytes { to: mem, bytes } => (mem, bytes.len() as i32),
        _ => return None,
    };
    (mem.base == Base::Frame).then_some((mem.offset, len))
}
