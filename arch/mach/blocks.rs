//! Code cut into basic blocks, and put together again in the order that `block_order.rs` finds: with the jumps that
//! this order needs, and with conditional jumps inverted where their target follows.
//!
//! Invariant: a block begins with its labels, control enters it only there, and its jumps are kept apart from its
//! instructions. A block that is nothing but a jump goes; its labels move to where it leads.

use std::collections::HashMap;

use crate::ir::op::Label;
use crate::mach::block_order::{self, Block, End};
use crate::mach::code::{Unit, next_label};
use crate::mach::inst::{ControlFlow, MachInst};
use crate::mach::jumps::Jumps;

/// A block: its units, labels first, without the jumps at its end.
struct Part {
    units: Vec<Unit>,
    /// Its first label.
    label: Label,
    bytes: u32,
    way: Way,
}

/// How control leaves it.
enum Way {
    Stops,
    /// By a jump, or because what is there follows.
    Goes {
        to: Label,
        jump: Option<Unit>,
    },
    /// By a jump on a condition, or because what is there follows.
    Either {
        branch: Unit,
        to: Label,
        on: Label,
    },
}

/// The units in a better order. `lens` are their lengths in bytes; `turn` says which search to make, if any.
pub(crate) fn in_order(units: Vec<Unit>, lens: &[u32], turn: Option<usize>) -> Vec<Unit> {
    let Some(maker) = units.iter().filter_map(instruction).find_map(|one| one.jump_to(Label(0))) else { return units };
    let jump = |to: Label| {
        let instruction = maker.jump_to(to).expect("it is a jump, which makes others");
        Unit::new(instruction, "goes on there")
    };
    let has_short = units.iter().filter_map(instruction).any(MachInst::may_be_chained);
    let jumps = if has_short { Jumps::Short } else { Jumps::Alike };
    let parts = without_empty(cut(units, lens));
    let blocks = numbered(&parts);
    let order = block_order::arrange(&blocks, jumps, turn);
    let labels: Vec<Label> = parts.iter().map(|part| part.label).collect();
    let returns: Vec<Option<Box<dyn MachInst>>> = parts.iter().map(lone_return).collect();
    let mut places = vec![0; order.len()];
    for (place, &block) in order.iter().enumerate() {
        places[block] = place;
    }
    let mut left: Vec<Option<Part>> = parts.into_iter().map(Some).collect();
    let mut units = Vec::new();
    for (place, &block) in order.iter().enumerate() {
        let part = left[block].take().expect("each stands once");
        units.extend(part.units);
        let next = order.get(place + 1).map(|&next| labels[next]);
        match (part.way, blocks[block].end) {
            (Way::Goes { jump: was, .. }, End::Goes(to)) if next != Some(labels[to]) => {
                let back = returns[to].as_ref().and_then(|one| one.cloned_return());
                let back = back.map(|instruction| Unit::new(instruction, "goes back"));
                units.push(back.or(was).unwrap_or_else(|| jump(labels[to])));
            }
            (Way::Either { branch, .. }, End::Either { to, on, .. }) => {
                let is_nearer = places[on].abs_diff(place) < places[to].abs_diff(place);
                let [to, on] = [to, on].map(|block| labels[block]);
                let turn = next == Some(to) || (next != Some(on) && is_nearer);
                let (first, second) = if turn { (opposite(branch, on), to) } else { (branch, on) };
                units.push(first);
                if next != Some(second) {
                    units.push(jump(second));
                }
            }
            _ => {}
        }
    }
    units
}

/// The way back from a routine that a part is, if it is nothing else.
fn lone_return(part: &Part) -> Option<Box<dyn MachInst>> {
    let mut instructions = part.units.iter().filter_map(instruction);
    let back = instructions.next()?.cloned_return();
    back.filter(|_| instructions.next().is_none() && matches!(part.way, Way::Stops))
}

fn instruction(unit: &Unit) -> Option<&dyn MachInst> {
    match unit {
        Unit::Instruction { instruction, .. } => Some(instruction.as_ref()),
        Unit::Label(_) => None,
    }
}

/// The branch to another place where its condition does not hold.
fn opposite(branch: Unit, to: Label) -> Unit {
    let Unit::Instruction { instruction, why, in_frame, assertions, .. } = branch else {
        unreachable!("labels are no branches")
    };
    let instruction = instruction.inverted(to).expect("every branch has an opposite");
    Unit::Instruction { instruction, form: 0, why, in_frame, through: None, assertions }
}

/// Cuts the code before labels and behind jumps.
fn cut(units: Vec<Unit>, lens: &[u32]) -> Vec<Part> {
    let mut next = next_label(&units);
    let mut parts: Vec<Part> = Vec::new();
    let mut is_open = false;
    for (unit, &len) in units.into_iter().zip(lens) {
        let label = if let Unit::Label(label) = unit { Some(label) } else { None };
        let is_begun = parts.last().is_some_and(|part| part.units.last().and_then(instruction).is_some());
        if !is_open || (label.is_some() && is_begun) {
            let begin = label.unwrap_or(Label(next));
            let own = if label.is_none() { vec![Unit::Label(begin)] } else { Vec::new() };
            next += own.len() as u16;
            match parts.last_mut().map(|part| &mut part.way) {
                Some(way @ Way::Stops) if is_open => *way = Way::Goes { to: begin, jump: None },
                // What is behind a branch has its name now.
                Some(Way::Either { on, .. }) => *on = begin,
                _ => {}
            }
            parts.push(Part { units: own, label: begin, bytes: 0, way: Way::Stops });
        }
        let part = parts.last_mut().expect("one is open");
        let flow = instruction(&unit).map_or(ControlFlow::FallThrough, MachInst::control_flow);
        match flow {
            ControlFlow::CondJump { to, .. } => part.way = Way::Either { branch: unit, to, on: to },
            ControlFlow::Jump(to) => part.way = Way::Goes { to, jump: Some(unit) },
            _ => {
                part.units.push(unit);
                part.bytes += len;
            }
        }
        is_open = matches!(part.way, Way::Stops) && flow.falls_through();
    }
    parts
}

/// The parts without those that have nothing but a jump: their labels stand where it leads.
fn without_empty(mut parts: Vec<Part>) -> Vec<Part> {
    let mut at = 1;
    while at < parts.len() {
        let to = match parts[at].way {
            Way::Goes { to, .. } if parts[at].bytes == 0 => to,
            _ => {
                at += 1;
                continue;
            }
        };
        let has = |part: &Part| part.units.iter().any(|unit| matches!(unit, Unit::Label(label) if *label == to));
        let target = parts.iter().position(has).expect("every label is placed");
        if target == at {
            at += 1;
            continue;
        }
        let mut labels = std::mem::take(&mut parts[at].units);
        labels.append(&mut parts[target].units);
        parts[target].units = labels;
        parts.remove(at);
    }
    parts
}

/// The same with numbers for labels.
fn numbered(parts: &[Part]) -> Vec<Block> {
    let mut numbers = HashMap::new();
    for (number, part) in parts.iter().enumerate() {
        for unit in &part.units {
            if let Unit::Label(label) = unit {
                numbers.insert(*label, number);
            }
        }
    }
    let end = |way: &Way| match way {
        Way::Stops => End::Stops,
        Way::Goes { to, .. } => End::Goes(numbers[to]),
        Way::Either { branch, to, on } => {
            let condition = match instruction(branch).map(MachInst::control_flow) {
                Some(ControlFlow::CondJump { condition, .. }) => condition,
                _ => 0,
            };
            End::Either { condition, to: numbers[to], on: numbers[on] }
        }
    };
    parts.iter().map(|part| Block { bytes: part.bytes, end: end(&part.way) }).collect()
}
