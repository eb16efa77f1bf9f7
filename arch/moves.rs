//! The order in which a system call's arguments reach their registers.

use crate::alloc::Reg;
use crate::op::{Arg, Slot};
use crate::syscall::CallInfo;
use crate::target::Machine;

/// An argument on its way: its register, what goes there, what it is called.
pub(crate) type Argument = (Reg, Arg, &'static str);

/// Splits the arguments that the kernel looks at into slots, in an order in which no move overwrites what a later one
/// reads, and the rest, which reads no register.
pub(crate) fn in_order(
    info: &'static CallInfo,
    machine: Machine,
    registers: &[Reg],
    args: &[Arg],
    home: impl Fn(Slot) -> Reg,
) -> (Vec<Argument>, Vec<Argument>) {
    let looked_at = args.iter().enumerate().filter(|&(index, arg)| *arg != Arg::Any && info.looks_at(machine, index));
    let all = looked_at.map(|(index, &arg)| (registers[index], arg, info.args[index]));
    let (mut slots, rest): (Vec<Argument>, Vec<Argument>) = all.partition(|(_, arg, _)| matches!(arg, Arg::Slot(_)));
    let source = |&(_, arg, _): &Argument| match arg {
        Arg::Slot(slot) => home(slot),
        _ => unreachable!("these are slots"),
    };
    let mut ordered = Vec::new();
    while !slots.is_empty() {
        let is_free = |at: usize| {
            let (target, ..) = slots[at];
            slots.iter().enumerate().all(|(other, argument)| other == at || source(argument) != target)
        };
        let free = (0..slots.len()).find(|&at| is_free(at)).expect("no two arguments swap registers");
        ordered.push(slots.remove(free));
    }
    (ordered, rest)
}
