//! The control-flow graph (CFG), across calls of routines: interprocedural, but each caller for itself. A slot that a
//! routine does not write goes past it, from the call to the operation after the call; all others go through it. So the
//! values of one caller are no concern of the others. Which slots a routine writes is its MOD set (Cooper and Kennedy,
//! Interprocedural side-effect analysis in linear time, 1988).

use crate::bitset::Set;
use crate::ir::op::{Label, Op, Program, Slot};

/// Control flow between operations.
pub(crate) struct Cfg {
    /// Operations that follow each operation in the same body; after a call of a routine, the one it comes back to.
    pub(super) next: Vec<Vec<usize>>,
    /// For a call of a routine: which.
    calls: Vec<Option<usize>>,
    /// For the end of a routine: which.
    returns: Vec<Option<usize>>,
    pub(super) routines: Vec<Routine>,
}

/// A routine.
pub(super) struct Routine {
    /// The operation it begins with.
    pub(super) entry: usize,
    /// Operations that call it.
    pub(super) callers: Vec<usize>,
    /// Operations that may be done while it is.
    pub(super) body: Set,
    /// Slots that it, or a routine that it calls, may write: its MOD set.
    pub(super) writes: Set,
}

pub(super) fn index(slot: Slot) -> usize {
    usize::from(slot.0)
}

impl Cfg {
    pub(crate) fn of(program: &Program) -> Self {
        let insts = &program.insts;
        let mut at_label = vec![None; program.labels.len()];
        let mut routines: Vec<(Label, Routine)> = Vec::new();
        for (at, inst) in insts.iter().enumerate() {
            if let Op::Label(label) | Op::Routine(label) = inst.op {
                at_label[usize::from(label.0)] = Some(at);
            }
            if let Op::Routine(label) = inst.op {
                let writes = Set::with_room(program.slots.len());
                routines.push((label, Routine { entry: at, callers: Vec::new(), body: Set::default(), writes }));
            }
        }
        let mut cfg = Self { next: Vec::new(), calls: Vec::new(), returns: Vec::new(), routines: Vec::new() };
        for (at, inst) in insts.iter().enumerate() {
            let routine_of = |label: Label| routines.iter().position(|(known, _)| *known == label);
            let call = if let Op::CallRoutine(to) = inst.op { routine_of(to) } else { None };
            let target = inst.op.target().filter(|_| call.is_none());
            let target =
                target.map(|label| at_label[usize::from(label.0)].unwrap_or_else(|| panic!("{label:?} is placed")));
            let on = (!inst.op.is_terminator() && at + 1 < insts.len()).then_some(at + 1);
            cfg.next.push(on.into_iter().chain(target).collect());
            cfg.returns.push(if let Op::ReturnFrom { from } = inst.op { routine_of(from) } else { None });
            cfg.calls.push(call);
        }
        cfg.routines = routines.into_iter().map(|(_, routine)| routine).collect();
        for (at, call) in cfg.calls.iter().enumerate() {
            if let Some(routine) = *call {
                cfg.routines[routine].callers.push(at);
            }
        }
        cfg.find_bodies(program);
        cfg
    }

    /// For each routine the operation it begins with, and its insts, without those of others that it calls.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = (usize, &Set)> {
        self.routines.iter().map(|routine| (routine.entry, &routine.body))
    }

    fn find_bodies(&mut self, program: &Program) {
        for routine in &mut self.routines {
            routine.body = Set::with_room(program.insts.len());
            let mut pending = vec![routine.entry];
            while let Some(at) = pending.pop() {
                if !routine.body.contains(at) {
                    routine.body.insert(at);
                    pending.extend(&self.next[at]);
                    program.insts[at].op.defines().into_iter().for_each(|slot| routine.writes.insert(index(slot)));
                }
            }
        }
        loop {
            let before: Vec<Set> = self.routines.iter().map(|routine| routine.writes.clone()).collect();
            for (at, call) in self.calls.iter().enumerate() {
                let Some(called) = *call else { continue };
                for routine in self.routines.iter_mut().filter(|routine| routine.body.contains(at)) {
                    routine.writes.unite(&before[called]);
                }
            }
            if self.routines.iter().zip(&before).all(|(routine, before)| routine.writes == *before) {
                return;
            }
        }
    }

    /// Visits the successors of an operation, each with the slots that go there. `None` means all slots. A set means
    /// the slots in it, or, with `false`, those outside it.
    pub(crate) fn for_each_successor(&self, at: usize, mut visit: impl FnMut(usize, Option<(&Set, bool)>)) {
        match (self.calls[at], self.returns[at]) {
            (Some(routine), _) => {
                visit(self.routines[routine].entry, None);
                self.next[at].iter().for_each(|&next| visit(next, Some((&self.routines[routine].writes, false))));
            }
            (_, Some(routine)) => {
                for next in self.routines[routine].callers.iter().flat_map(|&caller| &self.next[caller]) {
                    visit(*next, Some((&self.routines[routine].writes, true)));
                }
            }
            _ => self.next[at].iter().for_each(|&next| visit(next, None)),
        }
    }
}
