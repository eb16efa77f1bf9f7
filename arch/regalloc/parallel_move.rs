//! Parallel copies: the order in which the arguments of a system call reach their registers.
//!
//! Problem: the moves happen as if at once, but one register may be both source and destination.
//! Strategy: a move goes first if no other reads its destination. What is left are cycles, and each needs swaps
//! (Boissinot et al., Revisiting out-of-SSA translation, 2009).

use crate::ir::op::{Operand, Slot};
use crate::ir::syscall::CallInfo;
use crate::reg::Reg;
use crate::target::Machine;

/// A slot on its way to an argument register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// From one register to the other.
    Copy { to: Reg, from: Reg, slot: Slot, role: &'static str },
    /// Two registers change their values.
    Swap { one: Reg, other: Reg },
}

/// An argument that reads no register: where it goes, what it is, what it is called.
pub(crate) type Argument = (Reg, Operand, &'static str);

/// What is still to be moved.
struct Pending {
    to: Reg,
    from: Reg,
    slot: Slot,
    role: &'static str,
}

/// The arguments, with a slot for each number that must not be negative, if a count or descriptor of the same call has
/// its register. If that slot is negative, the call fails in any case.
pub(crate) fn settled(args: &[Operand], registers: &[Reg], assigned: impl Fn(Slot) -> Reg) -> Vec<Operand> {
    let settle = |(&arg, &reg): (&Operand, &Reg)| match arg {
        Operand::NotNegative => counts(args).find(|&slot| assigned(slot) == reg).map_or(arg, Operand::Slot),
        _ => arg,
    };
    args.iter().zip(registers).map(settle).collect()
}

/// The slots with the descriptor and the length of what is sent: the first argument and the third.
pub(crate) fn counts(args: &[Operand]) -> impl Iterator<Item = Slot> {
    args.iter().step_by(2).take(2).filter_map(|arg| if let Operand::Slot(slot) = arg { Some(*slot) } else { None })
}

/// Splits the arguments that the kernel looks at into moves of slots, none of which overwrites what a later one
/// reads, and the rest.
pub(crate) fn in_order(
    info: &'static CallInfo,
    machine: Machine,
    registers: &[Reg],
    args: &[Operand],
    assigned: impl Fn(Slot) -> Reg,
) -> (Vec<Move>, Vec<Argument>) {
    let (mut pending, mut rest) = (Vec::new(), Vec::new());
    for (index, &arg) in args.iter().enumerate().filter(|&(index, _)| info.looks_at(machine, args, index)) {
        let (to, role) = (registers[index], info.args[index]);
        match arg {
            Operand::Any => {}
            Operand::Slot(slot) => pending.push(Pending { to, from: assigned(slot), slot, role }),
            _ => rest.push((to, arg, role)),
        }
    }
    (sequentialize(pending), rest)
}

/// Registers that take each other's values at once: where to, where from.
pub(crate) fn all_at_once(moves: impl Iterator<Item = (Reg, Reg)>) -> Vec<Move> {
    sequentialize(moves.map(|(to, from)| Pending { to, from, slot: Slot(0), role: "" }).collect())
}

fn sequentialize(mut pending: Vec<Pending>) -> Vec<Move> {
    let mut moves = Vec::new();
    loop {
        pending.retain(|one| one.to != one.from);
        if pending.is_empty() {
            return moves;
        }
        let is_read = |reg: Reg| pending.iter().any(|other| other.from == reg);
        if let Some(free) = pending.iter().position(|one| !is_read(one.to)) {
            let Pending { to, from, slot, role } = pending.remove(free);
            moves.push(Move::Copy { to, from, slot, role });
        } else {
            // All that are left wait for each other in circles; a swap brings one of them home.
            let Pending { to, from, .. } = pending[0];
            moves.push(Move::Swap { one: to, other: from });
            for one in &mut pending {
                one.from = match one.from {
                    reg if reg == to => from,
                    reg if reg == from => to,
                    reg => reg,
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moves slots from register to register and looks what arrives.
    fn check(tangle: &[(Reg, Reg)], swaps: usize) {
        let pending =
            tangle.iter().map(|&(to, from)| Pending { to, from, slot: Slot(from.into()), role: "" }).collect();
        let moves = sequentialize(pending);
        let mut registers: Vec<Reg> = (0..16).collect();
        for one in &moves {
            match *one {
                Move::Copy { to, from, .. } => registers[usize::from(to)] = registers[usize::from(from)],
                Move::Swap { one, other } => registers.swap(one.into(), other.into()),
            }
        }
        for &(to, from) in tangle {
            assert_eq!(registers[usize::from(to)], from, "{tangle:?} by {moves:?}");
        }
        assert_eq!(moves.iter().filter(|one| matches!(one, Move::Swap { .. })).count(), swaps, "{moves:?}");
    }

    #[test]
    fn every_value_arrives() {
        check(&[], 0);
        check(&[(1, 1)], 0);
        check(&[(1, 2), (2, 3), (3, 4)], 0);
        check(&[(3, 4), (2, 3), (1, 2)], 0);
        check(&[(1, 2), (2, 1)], 1);
        check(&[(1, 2), (2, 3), (3, 1)], 2);
        check(&[(1, 2), (2, 1), (3, 1), (4, 2)], 1);
        check(&[(1, 2), (2, 1), (3, 4), (4, 3)], 2);
        check(&[(1, 5), (2, 5), (3, 5)], 0);
    }
}
