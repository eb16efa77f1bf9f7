//! The walk over a program that every machine's selection shares: facts flow along the steps, are met at labels,
//! and the walk is repeated until they no longer change. So a fact holds on every turn of a loop.

use crate::alloc::Reg;
use crate::code::Code;
use crate::facts::Facts;
use crate::op::{Arg, Cond, Label, Op, Part, Program, Slot};
use crate::{CompileError, ENTRY_SCRATCH_BYTES};

/// One machine's selection.
pub(crate) trait Selector {
    /// What is known of the registers when the kernel starts the program.
    fn entry(&mut self) -> Facts;
    /// What is known now.
    fn facts(&mut self) -> &mut Facts;
    /// A label stands here.
    fn label(&mut self, label: Label);
    /// Makes room for the frame on the stack.
    fn reserve_frame(&mut self, bytes: u32);
    /// Adds the instructions of an operation.
    fn step(&mut self, at: usize, op: &Op, why: &str) -> Result<(), CompileError>;
    /// The register of a slot.
    fn home(&self, slot: Slot) -> Reg;
    /// The code.
    fn finish(self) -> Code;
}

/// Facts at each label, met over everyone who comes there; `None` where nobody has come yet.
type AtLabels = Vec<Option<Facts>>;

/// Selects the whole program.
pub(crate) fn select<S: Selector>(program: &Program, new: impl Fn() -> S) -> Result<Code, CompileError> {
    let mut at_labels: AtLabels = vec![None; program.labels.len()];
    // The kernel jumps to a label whose address is in data with registers of its own.
    for part in program.data.iter().flat_map(|datum| &datum.parts) {
        if let Part::Code(label) = part {
            at_labels[usize::from(label.0)] = Some(Facts::UNKNOWN);
        }
    }
    loop {
        let before = at_labels.clone();
        let code = walk(program, new(), &mut at_labels)?;
        if at_labels == before {
            return Ok(code);
        }
    }
}

fn arrive(at_labels: &mut AtLabels, label: Label, facts: &Facts) {
    let known = &mut at_labels[usize::from(label.0)];
    *known = Some(known.as_ref().map_or_else(|| facts.clone(), |known| known.meet(facts)));
}

fn walk<S: Selector>(program: &Program, mut selector: S, at_labels: &mut AtLabels) -> Result<Code, CompileError> {
    *selector.facts() = selector.entry();
    if program.frame_bytes > ENTRY_SCRATCH_BYTES {
        selector.reserve_frame(program.frame_bytes);
    }
    let mut reached = true;
    for (at, step) in program.steps.iter().enumerate() {
        if let Op::Label(label) = step.op {
            if reached {
                let facts = selector.facts().clone();
                arrive(at_labels, label, &facts);
            }
            let met = at_labels[usize::from(label.0)].clone();
            reached |= met.is_some();
            *selector.facts() = met.unwrap_or(Facts::UNKNOWN);
            selector.label(label);
            continue;
        }
        if !reached {
            // Nobody comes here as far as this walk knows; a later walk, with a jump from below, will.
            continue;
        }
        selector.step(at, &step.op, &step.why)?;
        if let Some(target) = step.op.target() {
            let facts = selector.facts().clone();
            arrive(at_labels, target, &facts);
        }
        if let Op::Branch { left, cond: Cond::Lt, right: Arg::Const(0), .. } = step.op {
            let home = selector.home(left);
            selector.facts().rule_out_negative(home);
        }
        reached = !step.op.ends();
    }
    Ok(selector.finish())
}
