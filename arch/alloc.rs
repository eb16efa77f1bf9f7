//! Which register holds which slot: liveness over the program, then the first register that no neighbour and no
//! system call in between needs. Deterministic; an operation's wish (an argument's own register) comes first.

use crate::op::{Arg, Label, Op, Program, Slot, Step};
use crate::syscall::CallInfo;
use crate::{CompileError, spill};

/// A machine register, by the machine's own number.
pub(crate) type Reg = u8;

/// What allocation needs to know of a machine.
pub(crate) struct Registers {
    /// Registers slots may have, cheapest first.
    pub(crate) general: &'static [Reg],
    /// Registers of a system call's arguments.
    pub(crate) args: &'static [Reg],
    /// Register of a system call's result.
    pub(crate) result: Reg,
    /// Registers a system call changes.
    pub(crate) clobbers: &'static [Reg],
    /// Registers a division uses up: dividend first, then the remainder's.
    pub(crate) divide: &'static [Reg],
    /// Registers a copy uses up: where to, from where, how much.
    pub(crate) copy: &'static [Reg],
    /// Register that holds the frame's address in a program with subroutines.
    pub(crate) frame: Reg,
    /// Registers whose lowest byte cannot be stored.
    pub(crate) no_byte: &'static [Reg],
    /// Does the kernel look at this argument of this call?
    pub(crate) looks_at: fn(&CallInfo, usize) -> bool,
}

/// Sets of slots as bits.
type SlotSet = u128;

fn bit(slot: Slot) -> SlotSet {
    1 << slot.0
}

/// Which slots are alive before and after each step, and where each slot lives.
pub(crate) struct Allocation {
    live_out: Vec<SlotSet>,
    home: Vec<Reg>,
}

impl Allocation {
    /// The register of a slot.
    pub(crate) fn home(&self, slot: Slot) -> Reg {
        self.home[usize::from(slot.0)]
    }

    /// Is the slot's value still wanted after this step?
    pub(crate) fn lives_after(&self, step: usize, slot: Slot) -> bool {
        self.live_out[step] & bit(slot) != 0
    }

    /// Does a slot that is wanted after this step live in this register?
    pub(crate) fn is_live(&self, step: usize, reg: Reg) -> bool {
        (0..self.home.len()).any(|slot| self.home[slot] == reg && self.live_out[step] >> slot & 1 == 1)
    }
}

/// Slots alive after each step, by the usual backward data flow.
fn live_out(program: &Program) -> Vec<SlotSet> {
    let steps = &program.steps;
    let at_label = |label| {
        let is_here = |step: &Step| step.op == Op::Label(label) || step.op == Op::Sub(label);
        steps.iter().position(is_here).unwrap_or_else(|| panic!("label {label:?} is placed"))
    };
    let targets: Vec<Option<usize>> = steps.iter().map(|step| step.op.target().map(at_label)).collect();
    // A subroutine goes on behind each of its calls, whichever it was: what any of them wants lives through it.
    let comes_back = |from: Label| {
        let calls = move |(at, step): (usize, &Step)| (step.op == Op::Gosub(from)).then_some(at + 1);
        steps.iter().enumerate().filter_map(calls).collect::<Vec<_>>()
    };
    let returns: Vec<Vec<usize>> = steps
        .iter()
        .map(|step| if let Op::Return { from } = step.op { comes_back(from) } else { Vec::new() })
        .collect();
    let mut live_in = vec![0; steps.len() + 1];
    let mut live_out = vec![0; steps.len()];
    loop {
        let mut changed = false;
        for (at, step) in steps.iter().enumerate().rev() {
            let next = if step.op.ends() || matches!(step.op, Op::Gosub(_)) { 0 } else { live_in[at + 1] };
            let back = returns[at].iter().fold(0, |set, &next| set | live_in[next]);
            let out = next | back | targets[at].map_or(0, |target| live_in[target]);
            let defined = step.op.defines().into_iter().fold(0, |set, slot| set | bit(slot));
            let used = step.op.uses().into_iter().fold(0, |set, slot| set | bit(slot));
            let into = (out & !defined) | used;
            changed |= live_in[at] != into || live_out[at] != out;
            (live_in[at], live_out[at]) = (into, out);
        }
        if !changed {
            return live_out;
        }
    }
}

/// For each slot: slots it may not share a register with, registers it may not have, registers it would like.
struct Constraints {
    neighbours: Vec<SlotSet>,
    forbidden: Vec<u32>,
    wishes: Vec<Vec<Reg>>,
}

fn constraints(program: &Program, registers: &Registers, live_out: &[SlotSet]) -> Constraints {
    let slots = program.slots.len();
    let mut found =
        Constraints { neighbours: vec![0; slots], forbidden: vec![0; slots], wishes: vec![Vec::new(); slots] };
    for (step, &out) in program.steps.iter().zip(live_out) {
        // What one operation writes is written at once: results that nobody wants keep apart from the others, too.
        let written = step.op.defines().into_iter().fold(out, |set, slot| set | bit(slot));
        for defined in step.op.defines() {
            let copied = match &step.op {
                Op::Set { value: Arg::Slot(from), .. } => bit(*from),
                _ => 0,
            };
            let others = written & !bit(defined) & !copied;
            found.neighbours[usize::from(defined.0)] |= others;
            for other in 0..slots {
                if others >> other & 1 == 1 {
                    found.neighbours[other] |= bit(defined);
                }
            }
        }
        let defined = step.op.defines();
        let across = (0..slots).filter(|&slot| out >> slot & 1 == 1 && !defined.contains(&Slot(slot as u8)));
        for slot in across {
            found.forbidden[slot] |= clobbered(&step.op, Slot(slot as u8), registers);
        }
        wishes(&step.op, registers, &mut found);
    }
    found
}

/// Registers that this operation changes, as bits, for a slot that lives through it.
fn clobbered(op: &Op, slot: Slot, registers: &Registers) -> u32 {
    let mut set = 0;
    match op {
        Op::Call { call, args, .. } => {
            set = registers.clobbers.iter().fold(1 << registers.result, |set, reg| set | 1 << reg);
            for (index, arg) in args.iter().enumerate() {
                let free = *arg == Arg::Slot(slot) || *arg == Arg::Any || !(registers.looks_at)(call.info(), index);
                set |= if free { 0 } else { 1 << registers.args[index] };
            }
        }
        Op::Divide { value, .. } if slot != *value => {
            set = registers.divide.iter().fold(0, |set, reg| set | 1 << reg);
        }
        Op::Copy { .. } => set = registers.copy.iter().fold(0, |set, reg| set | 1 << reg),
        _ => {}
    }
    set
}

fn wishes(op: &Op, registers: &Registers, found: &mut Constraints) {
    let mut wish = |slot: Slot, reg: Reg| found.wishes[usize::from(slot.0)].push(reg);
    match op {
        Op::Call { args, result, .. } => {
            if let Some(slot) = result {
                wish(*slot, registers.result);
            }
            for (arg, &reg) in args.iter().zip(registers.args) {
                if let Arg::Slot(slot) = arg {
                    wish(*slot, reg);
                }
            }
        }
        Op::Divide { value, rest, .. } => {
            for (&slot, &reg) in [value, rest].into_iter().zip(registers.divide) {
                wish(slot, reg);
            }
        }
        Op::Copy { to, from, len } => {
            for (&slot, &reg) in [to, from, len].into_iter().zip(registers.copy) {
                wish(slot, reg);
            }
        }
        Op::Load { to, .. } => wish(*to, registers.result),
        Op::Store { width: crate::op::Width::Byte, value: Arg::Slot(slot), .. } => {
            let barred = registers.no_byte.iter().fold(0, |set, reg| set | 1 << reg);
            found.forbidden[usize::from(slot.0)] |= barred;
        }
        _ => {}
    }
}

/// Gives every slot a register, or a place in the frame where there are not enough.
pub(crate) fn fit(program: &Program, registers: &Registers) -> Result<(Program, Allocation), CompileError> {
    let mut fitted = program.clone();
    loop {
        let crowded = match allocate(&fitted, registers) {
            Ok(slots) => return Ok((fitted, slots)),
            Err(crowded) => crowded,
        };
        let uses = |slot: Slot| {
            fitted
                .steps
                .iter()
                .flat_map(|step| [step.op.uses(), step.op.defines()])
                .flatten()
                .filter(|it| *it == slot)
                .count()
        };
        let candidates = (0..fitted.slots.len()).map(|slot| Slot(slot as u8)).filter(|slot| {
            crowded.slots & bit(*slot) != 0 && fitted.slots[usize::from(slot.0)].name != spill::IN_PASSING
        });
        let name = fitted.slots[crowded.first].name;
        let slot = candidates.min_by_key(|&slot| uses(slot)).ok_or(CompileError::OutOfRegisters { slot: name })?;
        fitted = spill::to_frame(&fitted, slot);
    }
}

/// Slots that want registers at the same time and do not all get one.
struct Crowded {
    first: usize,
    slots: SlotSet,
}

/// Gives every slot a register, the most constrained first.
fn allocate(program: &Program, registers: &Registers) -> Result<Allocation, Crowded> {
    let slots = program.slots.len();
    assert!(slots <= 128, "a program has at most 128 slots");
    let live_out = live_out(program);
    let found = constraints(program, registers, &live_out);
    let mut order: Vec<usize> = (0..slots).collect();
    order.sort_by_key(|&slot| {
        (std::cmp::Reverse(found.forbidden[slot].count_ones()), std::cmp::Reverse(found.neighbours[slot].count_ones()))
    });
    let mut home: Vec<Option<Reg>> = vec![None; slots];
    let frame = if program.has_subs() { 1 << registers.frame } else { 0 };
    for slot in order {
        let taken = (0..slots)
            .filter(|&other| found.neighbours[slot] >> other & 1 == 1)
            .fold(found.forbidden[slot] | frame, |set, other| home[other].map_or(set, |reg| set | 1 << reg));
        let mut wanted = found.wishes[slot].iter().chain(registers.general);
        let free = wanted.find(|&&reg| taken >> reg & 1 == 0 && registers.general.contains(&reg));
        let slots = found.neighbours[slot] | bit(Slot(slot as u8));
        home[slot] = Some(*free.ok_or(Crowded { first: slot, slots })?);
    }
    Ok(Allocation { live_out, home: home.into_iter().map(|reg| reg.expect("every slot has a register")).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TARGETS;
    use crate::op::{Alu, Kind};
    use crate::syscall::Call;

    /// Enough for allocation: no machine.
    fn few(general: &'static [Reg]) -> Registers {
        Registers {
            general,
            args: &[3, 1, 2],
            result: 0,
            clobbers: &[0],
            divide: &[],
            copy: &[],
            frame: 7,
            no_byte: &[],
            looks_at: |_, _| true,
        }
    }

    #[test]
    fn a_slot_lives_through_a_subroutine_if_any_caller_wants_it() {
        let mut program = Program::default();
        let [one, other, inner] = ["one", "other", "inner"].map(|name| program.slot(name, Kind::Int));
        let sub = program.label("sub");
        let set = |to, value| Op::Set { to, value: Arg::Const(value) };
        program.push(set(one, 1), "begin"); // 0
        program.push(Op::Gosub(sub), "first"); // 1
        program.push(set(other, 2), "between"); // 2
        program.push(Op::Gosub(sub), "second"); // 3
        program.call(Call::Exit, &[Arg::Slot(other)], None, "exit"); // 4
        program.sub(sub); // 5
        program.push(set(inner, 3), "inside"); // 6
        program.push(Op::Alu { alu: Alu::Add, to: one, value: Arg::Slot(inner) }, "inside"); // 7
        program.push(Op::Return { from: sub }, "back"); // 8
        let live = live_out(&program);
        assert_eq!(live[1], bit(one) | bit(other), "into the subroutine");
        assert_eq!(live[8], bit(one) | bit(other), "out of it: `one` is wanted by the next call, `other` by the exit");
        assert_eq!(live[6], bit(one) | bit(other) | bit(inner));
        assert_eq!(live[3], live[1], "the second call goes to the same place");
        let (_, slots) = fit(&program, &few(&[3, 5, 7])).expect("all find a register, some in the frame");
        assert!((0..3).all(|slot| slots.home(Slot(slot)) != 7), "the frame's register is nobody's");
    }

    #[test]
    fn results_of_one_operation_keep_apart_even_if_nobody_wants_them() {
        let mut program = Program::default();
        let [to, from, len] = ["to", "from", "length"].map(|name| program.slot(name, Kind::Pointer));
        program.push(Op::Set { to, value: Arg::Frame(0) }, "begin");
        program.push(Op::Set { to: from, value: Arg::Slot(to) }, "the same until the copy moves both");
        program.push(Op::Set { to: len, value: Arg::Const(4) }, "begin");
        program.push(Op::Copy { to, from, len }, "copy");
        program.call(Call::Exit, &[Arg::Const(0)], None, "exit");
        let (_, slots) = fit(&program, &few(&[3, 5, 6])).expect("three registers are enough");
        assert_ne!(slots.home(to), slots.home(from));
    }

    /// So many sums that are all wanted at the end.
    fn sums(count: usize) -> Program {
        let mut program = Program::default();
        let slots: Vec<Slot> = (0..count).map(|_| program.slot("sum", Kind::Int)).collect();
        for (at, &slot) in slots.iter().enumerate() {
            program.push(Op::Set { to: slot, value: Arg::Const(at as i64) }, "begin");
        }
        for pair in slots.windows(2) {
            program.push(Op::Alu { alu: Alu::Add, to: pair[1], value: Arg::Slot(pair[0]) }, "add");
        }
        let last = Arg::Slot(slots[count - 1]);
        program.call(Call::Exit, &[last], None, "exit");
        program
    }

    #[test]
    fn what_finds_no_register_lives_in_the_frame() {
        for target in TARGETS {
            for count in [1, 4, 8, 40] {
                assert!(crate::compile(target, &sums(count)).is_ok(), "{} {count}", target.name);
            }
        }
        let (fitted, _) = fit(&sums(6), &few(&[3, 5])).expect("the frame has room");
        assert!(fitted.frame_bytes > 0);
    }
}
