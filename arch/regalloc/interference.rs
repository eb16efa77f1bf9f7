//! The constraints on registers, found from the program once for each colouring. Two slots interfere if one is written
//! while the other is live (Chaitin 1982).

use crate::bitset::Set;
use crate::ir::op::{Base, BinOp, Kind, Mem, Op, Operand, Program, Slot, Width};
use crate::reg::Reg;
use crate::regalloc::parallel_move;
use crate::regalloc::{Registers, Strings, Uses};

/// What limits the registers of each slot: slots that it interferes with, and registers that it may not have. What
/// makes them cheaper: hints, copy partners, and how operations use it.
pub(crate) struct Constraints {
    pub(crate) interferes: Vec<Set>,
    pub(crate) forbidden: Vec<u32>,
    /// How many operations clobber each register while the slot lives.
    pub(crate) clobbers_survived: Vec<[u32; 32]>,
    /// Accesses and increments that may be one instruction: the address with its register, the value with its own.
    pub(crate) strings: Vec<Vec<Pair>>,
    pub(crate) hints: Vec<Vec<Reg>>,
    pub(crate) copy_partners: Vec<Vec<usize>>,
    pub(crate) uses: Vec<Uses>,
    /// What each register costs each slot whatever the others have: empty until [`Constraints::compute_own_costs`].
    pub(crate) own_costs: Vec<[u32; 32]>,
}

/// A slot's part in a string instruction: the register that it should have; the other slot, if there is one, and its
/// register.
#[derive(Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) own: Reg,
    pub(crate) other: Option<(usize, Reg)>,
}

pub(crate) fn index(slot: Slot) -> usize {
    usize::from(slot.0)
}

pub(crate) fn bits(registers: &[Reg]) -> u32 {
    registers.iter().fold(0, |set, reg| set | 1 << reg)
}

pub(crate) fn constraints(program: &Program, registers: &Registers, live_out: &[Set]) -> Constraints {
    let slots = program.slots.len();
    let mut found = Constraints {
        interferes: vec![Set::with_room(slots); slots],
        forbidden: vec![if program.has_frame_register() { 1 << registers.frame } else { 0 }; slots],
        clobbers_survived: vec![[0; 32]; slots],
        strings: vec![Vec::new(); slots],
        hints: vec![Vec::new(); slots],
        copy_partners: vec![Vec::new(); slots],
        uses: vec![Uses::default(); slots],
        own_costs: Vec::new(),
    };
    for (at, (inst, live_out)) in program.insts.iter().zip(live_out).enumerate() {
        let defines = inst.op.defines();
        // An operation writes all its results at once, so dead results interfere with the others, too.
        let mut written = live_out.clone();
        for slot in &defines {
            written.insert(index(*slot));
        }
        for &defined in &defines {
            let mut others = written.clone();
            others.remove(index(defined));
            if let Op::Set { value: Operand::Slot(from), .. } = inst.op {
                others.remove(index(from));
                found.copy_partners[index(defined)].push(index(from));
                found.copy_partners[index(from)].push(index(defined));
            }
            found.interferes[index(defined)].unite(&others);
            others.iter().for_each(|other| found.interferes[other].insert(index(defined)));
        }
        for slot in through(&inst.op, live_out) {
            let set = clobbered(&inst.op, slot, registers);
            if program.has_frame_register() && registers.saves.is_some() {
                for (reg, times) in found.clobbers_survived[index(slot)].iter_mut().enumerate() {
                    *times += set >> reg & 1;
                }
            } else {
                found.forbidden[index(slot)] |= set;
            }
        }
        if let Some(strings) = registers.strings {
            string(program, at, strings, &mut found.strings);
        }
        hints(&inst.op, registers, &mut found);
        count_uses(program, at, &mut found.uses);
    }
    found
}

/// Slots that live through an operation that clobbers registers.
pub(crate) fn through<'a>(op: &Op, live_out: &'a Set) -> impl Iterator<Item = Slot> + use<'a> {
    let uses_up = matches!(op, Op::Call { .. } | Op::Divide { .. } | Op::Copy { .. });
    let defines = op.defines();
    let slots = uses_up.then(|| live_out.iter()).into_iter().flatten();
    slots.map(|slot| Slot(slot as u16)).filter(move |slot| !defines.contains(slot))
}

/// Is this an access, and does the next operation increment its address by its size? Returns the slot with the address.
pub(crate) fn moves_on(program: &Program, at: usize) -> Option<Slot> {
    let (mem, bytes) = match &program.insts[at].op {
        Op::Load { from: mem, width: Width::Byte, .. } | Op::Store { to: mem, width: Width::Byte, .. } => (*mem, 1),
        Op::Load { from: mem, width: Width::Four, .. } | Op::Store { to: mem, width: Width::Four, .. } => (*mem, 4),
        Op::StoreBytes { to: mem, bytes } => (*mem, bytes.len() as i64),
        _ => return None,
    };
    let Mem { base: Base::Slot(base), offset: 0 } = mem else { return None };
    let on = Op::Binary { operator: BinOp::Add, to: base, value: Operand::Const(bytes) };
    (program.insts.get(at + 1)?.op == on && !program.insts[at].op.defines().contains(&base)).then_some(base)
}

/// Finds what may become a string instruction.
fn string(program: &Program, at: usize, registers: Strings, found: &mut [Vec<Pair>]) {
    let Some(base) = moves_on(program, at).map(index) else { return };
    let (reg, value) = match program.insts[at].op {
        Op::Load { to, .. } => (registers.from, Some(to)),
        Op::Store { value: Operand::Slot(slot), .. } => (registers.to, Some(slot)),
        _ => (registers.to, None),
    };
    found[base].push(Pair { own: reg, other: value.map(|slot| (index(slot), registers.value)) });
    if let Some(slot) = value {
        found[index(slot)].push(Pair { own: registers.value, other: Some((base, reg)) });
    }
}

/// Registers that this operation changes, as bits, for a slot that lives through it.
pub(crate) fn clobbered(op: &Op, slot: Slot, registers: &Registers) -> u32 {
    match op {
        Op::Call { call, args, .. } => {
            let mut set = bits(registers.clobbers) | 1 << registers.result;
            set |= if call.is_numbered() { 0 } else { 1 << registers.number };
            for ((index, arg), reg) in args.iter().enumerate().zip(registers.args_of(*call)) {
                let is_wanted = *arg != Operand::Any && (registers.looks_at)(call.info(), args, index);
                let is_count = *arg == Operand::NotNegative && parallel_move::counts(args).any(|other| other == slot);
                let free = *arg == Operand::Slot(slot) || is_count || !is_wanted;
                set |= if free { 0 } else { 1 << reg };
            }
            set
        }
        Op::Divide { value, .. } if slot != *value => bits(registers.divide),
        Op::Copy { .. } => bits(registers.copy),
        _ => 0,
    }
}

fn hints(op: &Op, registers: &Registers, found: &mut Constraints) {
    let mut hint = |slot: Slot, reg: Reg| found.hints[index(slot)].push(reg);
    match op {
        Op::Call { call, args, result } => {
            if let Some(slot) = result {
                hint(*slot, registers.result);
            }
            for (arg, reg) in args.iter().zip(registers.args_of(*call)) {
                if let Operand::Slot(slot) = arg {
                    hint(*slot, reg);
                }
            }
        }
        Op::Divide { value, rest, .. } => {
            for (&slot, &reg) in [value, rest].into_iter().zip(registers.divide) {
                hint(slot, reg);
            }
        }
        Op::Copy { to, from, len } => {
            for (&slot, &reg) in [to, from, len].into_iter().zip(registers.copy) {
                hint(slot, reg);
            }
        }
        Op::Store { width: Width::Byte, value: Operand::Slot(slot), .. } => {
            found.forbidden[index(*slot)] |= bits(registers.no_byte);
        }
        _ => {}
    }
}

/// Counts how an operation uses each slot.
fn count_uses(program: &Program, at: usize, uses: &mut [Uses]) {
    let op = &program.insts[at].op;
    let mut slots = op.uses();
    slots.extend(op.defines());
    slots.sort_unstable();
    slots.dedup();
    for slot in slots {
        let uses = &mut uses[index(slot)];
        uses.span = (if uses.all == 0 { at } else { uses.span.0 }, at);
        uses.all += 1;
        uses.narrow += u32::from(program.kind(slot) == Kind::Int);
    }
    let base = |uses: &mut [Uses], mem: &Mem, width: Width| {
        for slot in mem.base.slots() {
            let (info, uses) = (program.kind(slot), &mut uses[index(slot)]);
            uses.base += 1;
            uses.base_at_start += u32::from(mem.offset == 0);
            uses.narrow += u32::from(info == Kind::Pointer && width != Width::Word);
        }
    };
    match op {
        Op::Load { from: mem, width, .. } => base(uses, mem, *width),
        Op::Store { to: mem, width, value } => {
            base(uses, mem, *width);
            if let (Width::Byte, Operand::Slot(slot)) = (width, value) {
                uses[index(*slot)].bytes += 1;
            }
        }
        Op::BranchBytes { at: mem, .. } | Op::Match { at: mem, .. } | Op::StoreBytes { to: mem, .. } => {
            base(uses, mem, Width::Byte);
        }
        Op::BranchBits { value, bits: 0..=0xff, .. } => {
            uses[index(*value)].bytes += 1;
            uses[index(*value)].compared += 1;
        }
        Op::BranchBits { value, bits, .. } => uses[index(*value)].second_byte += second_byte(*bits),
        Op::Binary { operator: BinOp::Or | BinOp::Xor, to, value: Operand::Const(value) } => {
            uses[index(*to)].second_byte += second_byte(*value as u32);
        }
        Op::Binary { operator: BinOp::And, to, value: Operand::Const(value) } => {
            uses[index(*to)].second_byte += second_byte(!*value as u32);
        }
        Op::Branch { left, right: Operand::Const(value), .. } if *value != 0 => uses[index(*left)].compared += 1,
        _ => {}
    }
}

/// Extra bytes to change or test these bits if they are all in the second byte: with one bit, or with 32.
fn second_byte(bits: u32) -> u32 {
    match bits {
        0x100..=0xffff if bits.trailing_zeros() >= 8 => {
            if bits.is_power_of_two() {
                1
            } else {
                3
            }
        }
        _ => 0,
    }
}
