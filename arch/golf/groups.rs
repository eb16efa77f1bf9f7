//! Dependence groups: runs of instructions that the search may place in several orders, as list schedulers do (Gibbons
//! and Muchnick, Efficient instruction scheduling, 1986).
//!
//! The bytes of an instruction are known as far as they depend on no place.
//!
//! Invariant: within a group any order is right that keeps each instruction after those it depends on; which those are
//! follows from `Effects`. Bundled instructions and labels are groups of their own.
//! Cost: groups are small (`GROUP_INSTS`), for the search tries their orders.

use std::collections::BTreeSet;

use crate::CompileError;
use crate::choice::Rule;
use crate::ir::Ref;
use crate::ir::op::{DatumId, Label};
use crate::mach::code::{Code, Unit};
use crate::mach::inst::{ControlFlow, Effects};

/// An instruction or a label of a group.
pub(super) struct GroupInst {
    /// Its place in the list of units.
    pub(super) unit: usize,
    /// The label, if it is one.
    pub(super) label: Option<Label>,
    /// Its bytes, `None` where they depend on places; nothing for a label.
    pub(super) bytes: Vec<Option<u8>>,
    /// Other encodings that do the same.
    pub(super) others: Vec<Vec<u8>>,
    /// Can control fall through?
    pub(super) falls_through: bool,
    /// Must it stand right after the one before?
    pub(super) is_glued: bool,
    /// Are condition flags wanted right before it?
    pub(super) flags_wanted: bool,
}

/// Instructions of which any may come first as long as each comes after those that it needs.
pub(super) struct DependenceGroup {
    pub(super) insts: Vec<GroupInst>,
    /// For each instruction the bits of those that have to come before it.
    pub(super) before: Vec<u32>,
}

/// The most instructions in a group.
const GROUP_INSTS: usize = 8;

/// Splits the code into groups. `forms` are the forms of the units.
pub(super) fn dependence_groups(
    code: &Code,
    forms: &[u8],
    base: u64,
    without: Option<Rule>,
) -> Result<Vec<DependenceGroup>, CompileError> {
    let mut groups: Vec<DependenceGroup> = Vec::new();
    let mut effects: Vec<Vec<Effects>> = Vec::new();
    let mut glued = 0usize;
    for (unit, &form) in code.units.iter().zip(forms) {
        let number = groups.iter().map(|group| group.insts.len()).sum();
        let is_glued = glued > 0;
        glued = glued.saturating_sub(1);
        let (inst, effect) = match unit {
            Unit::Label(label) => (label_inst(number, *label), Effects::ALL),
            Unit::Instruction { instruction, .. } => {
                glued = glued.max(instruction.bundled_with_next());
                let near = |_: Ref| base;
                let bytes = instruction.encode(form, base, &near)?.unwrap_or_default();
                let open = instruction.relocated_bytes(form);
                let byte = |(at, byte): (usize, &u8)| if open.contains(&at) { None } else { Some(*byte) };
                let inst = GroupInst {
                    unit: number,
                    label: None,
                    bytes: bytes.iter().enumerate().map(byte).collect(),
                    others: Vec::new(),
                    falls_through: instruction.control_flow().falls_through(),
                    is_glued,
                    flags_wanted: false,
                };
                (inst, if is_glued || glued > 0 { Effects::ALL } else { instruction.effects() })
            }
        };
        match (groups.last_mut(), effects.last_mut()) {
            (Some(group), Some(effects)) if without != Some(Rule::Order) && joins(group, effects, effect) => {
                let before = (0..).zip(&*effects).filter(|(_, one)| !one.commutes(effect));
                group.before.push(before.fold(0, |bits, (at, _)| bits | 1 << at));
                group.insts.push(inst);
                effects.push(effect);
            }
            _ => {
                groups.push(DependenceGroup { insts: vec![inst], before: vec![0] });
                effects.push(vec![effect]);
            }
        }
    }
    want_flags(code, &mut groups, &effects);
    Ok(groups)
}

fn joins(group: &DependenceGroup, effects: &[Effects], effect: Effects) -> bool {
    group.insts.len() < GROUP_INSTS && effect != Effects::ALL && !effects.contains(&Effects::ALL)
}

fn label_inst(unit: usize, label: Label) -> GroupInst {
    let (bytes, others) = (Vec::new(), Vec::new());
    GroupInst { unit, label: Some(label), bytes, others, falls_through: true, is_glued: false, flags_wanted: false }
}

/// Flags are wanted from the instruction that sets them to the one that reads them; before a jump, if they are wanted
/// at its label.
fn want_flags(code: &Code, groups: &mut [DependenceGroup], effects: &[Vec<Effects>]) {
    let mut labels: BTreeSet<Label> = BTreeSet::new();
    loop {
        let before = labels.len();
        want_flags_once(code, groups, effects, &mut labels);
        if labels.len() == before {
            return;
        }
    }
}

/// The same, where they are wanted at these labels; adds those at which they turn out to be, too.
fn want_flags_once(
    code: &Code,
    groups: &mut [DependenceGroup],
    effects: &[Vec<Effects>],
    labels: &mut BTreeSet<Label>,
) {
    let mut wanted = false;
    for (group, effects) in groups.iter_mut().zip(effects).rev() {
        for (inst, effect) in group.insts.iter_mut().zip(effects).rev() {
            let wanted_behind = wanted;
            match &code.units[inst.unit] {
                Unit::Label(label) if wanted => _ = labels.insert(*label),
                Unit::Label(_) => {}
                Unit::Instruction { instruction, .. } => {
                    // What reads them, too, may leave them as they are.
                    if effect.writes & !effect.reads & Effects::FLAGS != 0 {
                        wanted = false;
                    }
                    wanted = match instruction.control_flow() {
                        ControlFlow::Jump(to) => labels.contains(&to),
                        flow => wanted && flow.falls_through() || instruction.reads_flags(),
                    };
                    inst.others = instruction.alternatives(!wanted_behind);
                }
            }
            inst.flags_wanted = wanted;
        }
    }
}

/// A datum to place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Which one.
    pub datum: DatumId,
    /// Its bytes, `None` where they are addresses.
    pub bytes: Vec<Option<u8>>,
    /// Bytes after it that the kernel copies and ignores.
    pub overread_bytes: u32,
    /// Its address is a multiple of this.
    pub align: u32,
    /// Has the code brought it along, because it may be in the file already?
    pub is_brought: bool,
}

/// The fewest bytes that a datum takes. Zeros at its end may lie after the file's end. All of a brought datum may be in
/// the file already.
pub(super) fn least_bytes(blob: &Blob) -> u32 {
    if blob.is_brought {
        return 0;
    }
    blob.bytes.iter().rposition(|byte| *byte != Some(0)).map_or(0, |last| last as u32 + 1)
}
