//! Instruction selection: the forward walk that all instruction sets share.
//!
//! Strategy: a must-analysis (Kildall, A unified approach to global program optimization, 1973) that emits instructions
//! on the way. The value state flows along the operations. At a label the states of all paths meet; a branch refines
//! the state on its two sides. The walk is repeated until no state changes, so what is known at a label holds on every
//! turn of a loop. The code of the last walk counts.
//! Invariant: a state at a label only ever loses knowledge, so the number of walks is bounded.

use crate::analysis::assertions::Assertions;
use crate::analysis::cfg::Cfg;
use crate::analysis::value_state::ValueState;
use crate::ir::in_frame;
use crate::ir::op::{BinOp, Cond, FRAME_BELOW_BYTES, Inst, Label, Op, Operand, Program, Slot};
use crate::mach::code::Code;
use crate::reg::Reg;
use crate::{CompileError, ENTRY_SCRATCH_BYTES};

/// One machine's selection.
pub(crate) trait Selector {
    /// What is known of the registers when the kernel starts the program.
    fn entry(&mut self) -> ValueState;
    /// What is known now.
    fn values(&mut self) -> &mut ValueState;
    /// A label stands here.
    fn label(&mut self, label: Label);
    /// Makes room for the frame on the stack.
    fn reserve_frame(&mut self, bytes: u32);
    /// Keeps the frame's address in its register: routines move the stack pointer.
    fn hold_frame(&mut self);
    /// The same for a frame that lies in the state.
    fn hold_frame_in_state(&mut self, at: u32);
    /// Adds the instructions of an operation.
    fn select_op(&mut self, at: usize, op: &Op, why: &str) -> Result<(), CompileError>;
    /// What was known where the operation at hand went to its target before its last instruction, if it may have.
    fn left_early(&mut self) -> Option<ValueState> {
        None
    }
    /// The code so far.
    fn code(&mut self) -> &mut Code;
    /// The register that leads to the frame now, and how far the frame is above what it holds.
    fn frame(&self) -> (Reg, i64);
    /// The register of a slot.
    fn assigned(&self, slot: Slot) -> Reg;
    /// Is all of a slot's register what the slot says?
    fn is_whole(&self, _slot: Slot) -> bool {
        true
    }
    /// The code.
    fn finish(self) -> Code;
}

/// A copy that is changed at once: `to = from`, then `to = to operator value`.
pub(crate) struct Changed {
    pub(crate) operator: BinOp,
    pub(crate) to: Slot,
    pub(crate) from: Slot,
    pub(crate) value: Operand,
}

/// Is the next operation's result that of this one's source, so that the machine may do both at once?
pub(crate) fn changed_at_once(program: &Program, at: usize, assigned: impl Fn(Slot) -> Reg) -> Option<Changed> {
    match (&program.insts[at].op, &program.insts.get(at + 1)?.op) {
        (&Op::Set { to, value: Operand::Slot(from) }, &Op::Binary { operator, to: same, value })
            if same == to
                && value != Operand::Slot(to)
                && assigned(from) != assigned(to)
                && program.kind(from) == program.kind(to) =>
        {
            Some(Changed { operator, to, from, value })
        }
        _ => None,
    }
}

/// Is it a call of a routine with nothing but the end of another after it?
pub(crate) fn is_last(program: &Program, at: usize) -> bool {
    let [call, next] = [at, at + 1].map(|at| program.insts.get(at).map(|inst| &inst.op));
    matches!((call, next), (Some(Op::CallRoutine(_)), Some(Op::ReturnFrom { .. })))
}

/// The value state at each label: the meet of all paths there, `None` before the first. After those of the labels come
/// the states that routines return with.
struct AtLabels {
    values: Vec<Option<ValueState>>,
    /// Has a path arrived that knows less?
    changed: bool,
}

impl AtLabels {
    fn new(program: &Program) -> Self {
        let mut at_labels = Self { values: vec![None; 2 * program.labels.len()], changed: false };
        // The kernel jumps to labels that have their addresses in data, with registers of its own.
        for label in program.labels_in_data() {
            at_labels.values[usize::from(label.0)] = Some(ValueState::UNKNOWN);
        }
        at_labels
    }

    fn get(&self, label: Label) -> Option<&ValueState> {
        self.values[usize::from(label.0)].as_ref()
    }

    fn join_into_label(&mut self, label: Label, values: &ValueState) {
        let known = &mut self.values[usize::from(label.0)];
        let met = known.as_ref().map_or_else(|| values.clone(), |known| known.meet(values));
        if known.as_ref() != Some(&met) {
            *known = Some(met);
            self.changed = true;
        }
    }
}

/// The place in the list of facts for those that a routine comes back with.
fn after_call(program: &Program, routine: Label) -> Label {
    Label(routine.0 + program.labels.len() as u16)
}

/// Stretches of the program, each from a label or a routine call to the next. For each it has the state of the last
/// walk at its first operation. A walk with the same state would learn nothing new.
struct Stretches {
    walked: Vec<Option<ValueState>>,
    /// May it be passed over? Not if it moves the stack pointer.
    may_pass: Vec<bool>,
    /// Calls that control has come to.
    called: Vec<bool>,
}

impl Stretches {
    fn new(program: &Program) -> Self {
        let insts = program.insts.len();
        let mut may_pass = vec![true; insts];
        let mut begin = 0;
        for (at, inst) in program.insts.iter().enumerate() {
            match inst.op {
                Op::Label(_) | Op::Routine(_) | Op::CallRoutine(_) => begin = at,
                Op::Push { .. } | Op::Pop { .. } => may_pass[begin] = false,
                _ => {}
            }
        }
        Self { walked: vec![None; insts], may_pass, called: vec![false; insts] }
    }

    /// Is there anything new in walking the stretch that begins at this operation?
    fn is_new(&mut self, at: usize, values: &ValueState) -> bool {
        if self.may_pass[at] && self.walked[at].as_ref() == Some(values) {
            return false;
        }
        self.walked[at] = Some(values.clone());
        true
    }
}

/// Selects the whole program; its instructions get assertions if `keeps_assertions` is set.
pub(crate) fn select<S: Selector>(
    program: &Program,
    keeps_assertions: bool,
    new: impl Fn() -> S,
) -> Result<Code, CompileError> {
    refuse_entry_in_routines(program)?;
    let mut at_labels = AtLabels::new(program);
    // With routines a register leads to the frame, so a label is the same however control came there.
    if program.has_frame_register() {
        let mut stretches = Stretches::new(program);
        at_labels.changed = true;
        while std::mem::take(&mut at_labels.changed) {
            walk(program, new(), &mut at_labels, Some(&mut stretches), false)?;
        }
    }
    loop {
        at_labels.changed = false;
        let mut code = walk(program, new(), &mut at_labels, None, keeps_assertions)?;
        if !at_labels.changed {
            code.may_change_order = program.has_frame_register();
            return Ok(code);
        }
    }
}

/// Refuses [`Operand::Entry`] where only the stack pointer could tell it, and has moved by return addresses.
fn refuse_entry_in_routines(program: &Program) -> Result<(), CompileError> {
    if program.frame_at.is_none() || !program.asks_for_entry() {
        return Ok(());
    }
    let cfg = Cfg::of(program);
    let asks = |at: usize| program.insts[at].op.asks_for_entry();
    match cfg.bodies().find(|(_, body)| body.iter().any(asks)).map(|(entry, _)| &program.insts[entry].op) {
        Some(Op::Routine(label)) => {
            Err(CompileError::EntryInRoutine { routine: program.labels[usize::from(label.0)].clone() })
        }
        _ => Ok(()),
    }
}

/// The number that a slot's register has where a branch on this condition is taken, or, for the opposite one, is not.
fn branch_refinement<S: Selector>(selector: &S, op: &Op, on: Cond) -> Option<(Reg, (Slot, u64))> {
    match *op {
        Op::Branch { left, cond, right: Operand::Const(value @ 0..=0x7fff_ffff), .. }
            if cond == on && selector.is_whole(left) =>
        {
            Some((selector.assigned(left), (left, value as u64)))
        }
        _ => None,
    }
}

/// Selects one operation, and names its operands in the frame. If `keeps` is set, its first instruction gets the
/// assertions.
fn select_op<S: Selector>(program: &Program, selector: &mut S, at: usize, keeps: bool) -> Result<(), CompileError> {
    let Inst { op, why, .. } = &program.insts[at];
    let begin = selector.code().units.len();
    let assertions = keeps.then(|| {
        let (values, frame) = (selector.values().clone(), selector.frame());
        Assertions::new(values, frame, program, |slot| selector.is_whole(slot))
    });
    selector.select_op(at, op, why)?;
    if let Some(assertions) = assertions {
        selector.code().assert_values(begin, assertions);
    }
    selector.code().name_frame_bytes(begin, |byte| program.variable_at(at, byte));
    Ok(())
}

/// Makes room for the frame where the program needs it, and has a register lead to it if there are routines.
fn place_frame<S: Selector>(program: &Program, selector: &mut S) {
    if let Some(at) = program.frame_at {
        assert!(program.spilled_bytes <= FRAME_BELOW_BYTES, "the frame has room below for slots without a register");
        selector.hold_frame_in_state(at);
    } else {
        // What is read as it was at entry is no scratch.
        let reads_entry = program.asks_for_entry() && program.frame_bytes > 0;
        if program.frame_bytes > ENTRY_SCRATCH_BYTES || program.has_frame_register() || reads_entry {
            selector.reserve_frame(program.frame_bytes + program.below_frame());
        }
        if program.has_frame_register() {
            selector.hold_frame();
        }
    }
}

/// Passes the state to where an operation may jump, refined by the branch, and refines it for the other side.
fn follow_branch<S: Selector>(selector: &mut S, op: &Op, at_labels: &mut AtLabels) {
    if let Some(target) = op.target() {
        let mut values = selector.values().clone();
        if let Some((assigned, number)) = branch_refinement(selector, op, Cond::Eq) {
            values.refine(assigned, number);
        }
        at_labels.join_into_label(target, &values);
        if let Some(values) = selector.left_early() {
            at_labels.join_into_label(target, &values);
        }
    }
    if let Some((assigned, number)) = branch_refinement(selector, op, Cond::Ne) {
        selector.values().refine(assigned, number);
    }
    if let Op::Branch { left, cond: Cond::Lt | Cond::Le, right: Operand::Const(0), .. } = *op {
        let assigned = selector.assigned(left);
        selector.values().rule_out_negative(assigned);
    }
}

/// Walks over the whole program once, and selects its instructions.
fn walk<S: Selector>(
    program: &Program,
    mut selector: S,
    at_labels: &mut AtLabels,
    mut stretches: Option<&mut Stretches>,
    keeps_assertions: bool,
) -> Result<Code, CompileError> {
    *selector.values() = selector.entry();
    place_frame(program, &mut selector);
    let mut reached = true;
    for (at, inst) in program.insts.iter().enumerate() {
        if let Op::Label(label) | Op::Routine(label) = inst.op {
            if reached {
                at_labels.join_into_label(label, selector.values());
            }
            let met = at_labels.get(label).cloned();
            reached |= met.is_some();
            *selector.values() = met.unwrap_or(ValueState::UNKNOWN);
            selector.label(label);
            if let Some(stretches) = &mut stretches {
                reached = reached && stretches.is_new(at, selector.values());
            }
            if inst.op == Op::Routine(label) && reached {
                self::select_op(program, &mut selector, at, keeps_assertions)?;
            }
            continue;
        }
        if !reached {
            // This walk has found no path to here. A later walk may, by a jump from below. Or an earlier walk was here
            // with the same state; but what a routine returns with may be new.
            if let (Some(stretches), Op::CallRoutine(to)) = (&mut stretches, &inst.op)
                && stretches.called[at]
                && let Some(values) = at_labels.get(after_call(program, *to))
                && stretches.is_new(at, values)
            {
                *selector.values() = values.clone();
                reached = true;
            }
            continue;
        }
        if let (Op::Store { .. } | Op::StoreBytes { .. }, Some((offset, bytes))) = (&inst.op, in_frame(&inst.op)) {
            selector.values().change_frame(offset, bytes);
        }
        self::select_op(program, &mut selector, at, keeps_assertions)?;
        follow_branch(&mut selector, &inst.op, at_labels);
        reached = !inst.op.is_terminator();
        match inst.op {
            Op::ReturnFrom { from } => {
                at_labels.join_into_label(after_call(program, from), selector.values());
            }
            Op::CallRoutine(to) => {
                let values = at_labels.get(after_call(program, to));
                reached = values.is_some();
                if let Some(values) = values {
                    *selector.values() = values.clone();
                }
                if let Some(stretches) = &mut stretches {
                    stretches.called[at] = true;
                    reached = reached && stretches.is_new(at, selector.values());
                }
            }
            _ => {}
        }
    }
    Ok(selector.finish())
}
