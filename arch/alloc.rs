//! Which register holds which slot. Every web has a slot of its own by now; the graph of those that are alive at the
//! same time is coloured with registers, as Chaitin and Briggs do it: first those that will find one whatever the
//! others get are put aside, the least mentioned first, so that the most mentioned choose first. Each takes the
//! register that costs the fewest bytes. Deterministic.

use crate::live::Paths;
use crate::op::{Arg, Kind, Mem, Op, Program, Slot, Width};
use crate::sets::Set;
use crate::syscall::CallInfo;
use crate::{CompileError, spill, tidy, webs};

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
    /// How many operations behind this step, a load, become one with it, so that the slot needs no register.
    pub(crate) fused: fn(&Program, &[Set], usize) -> usize,
    /// What such a slot has instead.
    pub(crate) nowhere: Reg,
    /// Bytes that a slot's instructions take more if it is in this register.
    pub(crate) price: fn(Reg, &Mentions) -> u32,
}

/// How often a slot is mentioned, and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mentions {
    /// By so many operations.
    pub(crate) all: u32,
    /// As a number, or to count from where no address is moved.
    pub(crate) narrow: u32,
    /// As a byte: tests of bits, stores.
    pub(crate) bytes: u32,
    /// To count from in memory.
    pub(crate) base: u32,
    /// The same, at offset 0.
    pub(crate) base_at_start: u32,
    /// Compared with a constant.
    pub(crate) compared: u32,
    /// The first step that mentions it, and the last.
    span: (usize, usize),
}

/// Which slots are alive after each step, and where each slot lives.
pub(crate) struct Allocation {
    kept: Vec<Set>,
    home: Vec<Reg>,
    /// For each step how many operations behind it are one with it.
    fused: Vec<usize>,
}

impl Allocation {
    /// The register of a slot.
    pub(crate) fn home(&self, slot: Slot) -> Reg {
        self.home[usize::from(slot.0)]
    }

    /// How many operations behind this step are one with it?
    pub(crate) fn fused(&self, step: usize) -> usize {
        self.fused[step]
    }

    /// Is the slot's value still wanted after this step?
    pub(crate) fn lives_after(&self, step: usize, slot: Slot) -> bool {
        self.kept[step].contains(usize::from(slot.0))
    }

    /// Does a slot that is wanted after this step live in this register?
    pub(crate) fn is_live(&self, step: usize, reg: Reg) -> bool {
        self.kept[step].iter().any(|slot| self.home[slot] == reg)
    }
}

/// For each slot: slots it may not share a register with, registers it may not have, registers and slots whose register
/// it would like, how it is mentioned.
struct Constraints {
    neighbours: Vec<Set>,
    forbidden: Vec<u32>,
    wishes: Vec<Vec<Reg>>,
    partners: Vec<Vec<usize>>,
    mentions: Vec<Mentions>,
}

fn index(slot: Slot) -> usize {
    usize::from(slot.0)
}

fn bits(registers: &[Reg]) -> u32 {
    registers.iter().fold(0, |set, reg| set | 1 << reg)
}

fn constraints(program: &Program, registers: &Registers, kept: &[Set]) -> Constraints {
    let slots = program.slots.len();
    let mut found = Constraints {
        neighbours: vec![Set::with_room(slots); slots],
        forbidden: vec![if program.has_subs() { 1 << registers.frame } else { 0 }; slots],
        wishes: vec![Vec::new(); slots],
        partners: vec![Vec::new(); slots],
        mentions: vec![Mentions::default(); slots],
    };
    for (at, (step, kept)) in program.steps.iter().zip(kept).enumerate() {
        let defines = step.op.defines();
        // What one operation writes is written at once: results that nobody wants keep apart from the others, too.
        let mut written = kept.clone();
        for slot in &defines {
            written.insert(index(*slot));
        }
        for &defined in &defines {
            let mut others = written.clone();
            others.remove(index(defined));
            if let Op::Set { value: Arg::Slot(from), .. } = step.op {
                others.remove(index(from));
                found.partners[index(defined)].push(index(from));
                found.partners[index(from)].push(index(defined));
            }
            found.neighbours[index(defined)].unite(&others);
            others.iter().for_each(|other| found.neighbours[other].insert(index(defined)));
        }
        if matches!(step.op, Op::Call { .. } | Op::Divide { .. } | Op::Copy { .. }) {
            for slot in kept.iter().map(|slot| Slot(slot as u16)).filter(|slot| !defines.contains(slot)) {
                found.forbidden[index(slot)] |= clobbered(&step.op, slot, registers);
            }
        }
        wishes(&step.op, registers, &mut found);
        mention(program, at, &mut found.mentions);
    }
    found
}

/// Registers that this operation changes, as bits, for a slot that lives through it.
fn clobbered(op: &Op, slot: Slot, registers: &Registers) -> u32 {
    match op {
        Op::Call { call, args, .. } => {
            let mut set = bits(registers.clobbers) | 1 << registers.result;
            for (index, arg) in args.iter().enumerate() {
                let free = *arg == Arg::Slot(slot) || *arg == Arg::Any || !(registers.looks_at)(call.info(), index);
                set |= if free { 0 } else { 1 << registers.args[index] };
            }
            set
        }
        Op::Divide { value, .. } if slot != *value => bits(registers.divide),
        Op::Copy { .. } => bits(registers.copy),
        _ => 0,
    }
}

fn wishes(op: &Op, registers: &Registers, found: &mut Constraints) {
    let mut wish = |slot: Slot, reg: Reg| found.wishes[index(slot)].push(reg);
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
        Op::Store { width: Width::Byte, value: Arg::Slot(slot), .. } => {
            found.forbidden[index(*slot)] |= bits(registers.no_byte);
        }
        _ => {}
    }
}

/// Counts what a step mentions.
fn mention(program: &Program, at: usize, mentions: &mut [Mentions]) {
    let op = &program.steps[at].op;
    let mut slots = op.uses();
    slots.extend(op.defines());
    slots.sort_unstable();
    slots.dedup();
    for slot in slots {
        let mentions = &mut mentions[index(slot)];
        mentions.span = (if mentions.all == 0 { at } else { mentions.span.0 }, at);
        mentions.all += 1;
        mentions.narrow += u32::from(program.kind(slot) == Kind::Int);
    }
    let base = |mentions: &mut [Mentions], mem: &Mem, width: Width| {
        for slot in mem.base.slots() {
            let (info, mentions) = (program.kind(slot), &mut mentions[index(slot)]);
            mentions.base += 1;
            mentions.base_at_start += u32::from(mem.offset == 0);
            mentions.narrow += u32::from(info == Kind::Pointer && width != Width::Word);
        }
    };
    match op {
        Op::Load { from: mem, width, .. } => base(mentions, mem, *width),
        Op::Store { to: mem, width, value } => {
            base(mentions, mem, *width);
            if let (Width::Byte, Arg::Slot(slot)) = (width, value) {
                mentions[index(*slot)].bytes += 1;
            }
        }
        Op::BranchBytes { at: mem, .. } | Op::Match { at: mem, .. } | Op::StoreBytes { to: mem, .. } => {
            base(mentions, mem, Width::Byte);
        }
        Op::BranchBits { value, bits: 0..=0xff, .. } => {
            mentions[index(*value)].bytes += 1;
            mentions[index(*value)].compared += 1;
        }
        Op::Branch { left, right: Arg::Const(value), .. } if *value != 0 => mentions[index(*left)].compared += 1,
        _ => {}
    }
}

/// Gives every web a register, or a place in the frame where there are not enough.
pub(crate) fn fit(program: &Program, registers: &Registers) -> Result<(Program, Allocation), CompileError> {
    let mut fitted = webs::split(&tidy::tidy(program));
    loop {
        let crowded = match allocate(&fitted, registers) {
            Ok(slots) => return Ok((fitted, slots)),
            Err(crowded) => crowded,
        };
        fitted = spill::to_frame(&fitted, &crowded?);
    }
}

/// Gives every slot a register; or finds slots that do not get one and are to live in the frame.
fn allocate(program: &Program, registers: &Registers) -> Result<Allocation, Result<Vec<Slot>, CompileError>> {
    let paths = Paths::of(program);
    let kept = paths.kept(program, &paths.live(program));
    let mut found = constraints(program, registers, &kept);
    let fused: Vec<usize> = (0..program.steps.len()).map(|at| (registers.fused)(program, &kept, at)).collect();
    let loads = program.steps.iter().zip(&fused).filter(|(_, fused)| **fused > 0);
    let needless: Vec<usize> = loads.flat_map(|(step, _)| step.op.defines()).map(index).collect();
    for &slot in &needless {
        found.forget(slot);
    }
    let mut order = found.order(program, registers);
    let mut home: Vec<Option<Reg>> = vec![None; program.slots.len()];
    let mut crowded = Set::with_room(program.slots.len());
    while let Some(slot) = order.pop() {
        let taken = found.taken(slot, &home);
        let free = registers.general.iter().filter(|&&reg| taken >> reg & 1 == 0);
        home[slot] = free.copied().min_by_key(|&reg| found.price(slot, reg, &home, registers));
        if home[slot].is_none() {
            match found.to_frame(program, slot, &home) {
                Some(slot) => crowded.insert(slot),
                None if crowded.is_empty() => {
                    return Err(Err(CompileError::OutOfRegisters { slot: program.slots[slot].name }));
                }
                // Those that have been found already make room.
                None => {}
            }
        }
    }
    if !crowded.is_empty() {
        return Err(Ok(crowded.iter().map(|slot| Slot(slot as u16)).collect()));
    }
    for slot in needless {
        home[slot] = Some(registers.nowhere);
    }
    let home = home.into_iter().map(|reg| reg.expect("every slot has a register")).collect();
    Ok(Allocation { kept, home, fused })
}

impl Constraints {
    /// A slot that needs no register is in nobody's way.
    fn forget(&mut self, slot: usize) {
        let neighbours = std::mem::replace(&mut self.neighbours[slot], Set::with_room(self.mentions.len()));
        neighbours.iter().for_each(|other| self.neighbours[other].remove(slot));
        self.forbidden[slot] = 0;
    }

    /// Registers that a slot cannot have now, as bits.
    fn taken(&self, slot: usize, home: &[Option<Reg>]) -> u32 {
        let neighbours = self.neighbours[slot].iter().filter_map(|other| home[other]);
        neighbours.fold(self.forbidden[slot], |set, reg| set | 1 << reg)
    }

    /// What a register costs a slot, in quarters of a byte.
    fn price(&self, slot: usize, reg: Reg, home: &[Option<Reg>], registers: &Registers) -> u32 {
        // Moves from and to the result's register have a form that is a byte shorter, where nobody wants the source.
        let moved = |other: Reg| if reg == registers.result || other == registers.result { 6 } else { 8 };
        let unmet = self.wishes[slot].iter().filter(|&&wish| wish != reg);
        let mut price = 4 * (registers.price)(reg, &self.mentions[slot]) + unmet.map(|&wish| moved(wish)).sum::<u32>();
        for &partner in &self.partners[slot] {
            price += match home[partner] {
                Some(other) if other == reg => 0,
                Some(other) => moved(other),
                None if self.taken(partner, home) >> reg & 1 == 1 => moved(reg) / 2,
                None if self.wishes[partner].iter().any(|&wish| wish != reg) => moved(reg) / 4,
                None => 0,
            }
        }
        let robbed = self.neighbours[slot].iter().filter(|&other| home[other].is_none());
        price + 2 * robbed.filter(|&other| self.wishes[other].contains(&reg)).count().min(3) as u32
    }

    /// The slot that gives way where a slot finds no register: itself, or the least mentioned of those in its way.
    fn to_frame(&self, program: &Program, slot: usize, home: &[Option<Reg>]) -> Option<usize> {
        if self.may_spill(program, slot) {
            return Some(slot);
        }
        let others = || self.neighbours[slot].iter().filter(|&other| home[other].is_some());
        let least = |slots: &mut dyn Iterator<Item = usize>| slots.min_by_key(|&slot| self.mentions[slot].all);
        least(&mut others().filter(|&other| self.may_spill(program, other))).or_else(|| {
            let is_own = |slot: &usize| program.slots[*slot].name != spill::IN_PASSING;
            least(&mut others().chain([slot]).filter(is_own))
        })
    }

    /// Is anything won if this slot lives in the frame? Not if it is used at once, as those between the frame and an
    /// operation are.
    fn may_spill(&self, program: &Program, slot: usize) -> bool {
        let (first, last) = self.mentions[slot].span;
        program.slots[slot].name != spill::IN_PASSING && last > first + 1
    }

    /// The slots, the first to get a register last.
    fn order(&self, program: &Program, registers: &Registers) -> Vec<usize> {
        let general = bits(registers.general);
        let slots = program.slots.len();
        let free: Vec<usize> = (0..slots).map(|slot| (general & !self.forbidden[slot]).count_ones() as usize).collect();
        let mut degree: Vec<usize> = (0..slots).map(|slot| self.neighbours[slot].iter().count()).collect();
        let mut left: Vec<usize> = (0..slots).collect();
        left.sort_by_key(|&slot| self.mentions[slot].all);
        let mut order = Vec::with_capacity(slots);
        while !left.is_empty() {
            let sure = left.iter().position(|&slot| degree[slot] < free[slot]);
            // Where nobody is sure to find one, whoever is in most others' way for the fewest mentions waits longest.
            let at = sure.unwrap_or_else(|| {
                let burden = |&at: &usize| {
                    let slot = left[at];
                    let mentions = if self.may_spill(program, slot) { self.mentions[slot].all } else { 1 << 20 };
                    u64::from(mentions) * 1_000_000 / (degree[slot].max(1) as u64).pow(2)
                };
                (0..left.len()).min_by_key(burden).expect("some are left")
            });
            let slot = left.remove(at);
            self.neighbours[slot].iter().for_each(|other| degree[other] = degree[other].saturating_sub(1));
            order.push(slot);
        }
        order
    }
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
            fused: |_, _, _| 0,
            nowhere: 0,
            price: |_, _| 0,
        }
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
