//! Which slots are wanted where. Control flow is told apart for subroutines: what a subroutine does not change does
//! not go through it, so that one caller's values are no concern of the other callers.

use crate::bitset::Set;
use crate::op::{Label, Op, Program, Slot};

/// How control and values go from step to step.
pub(crate) struct Paths {
    /// Steps that follow each step in the same body; behind a call of a subroutine, the one it comes back to.
    next: Vec<Vec<usize>>,
    /// For a call of a subroutine: which.
    calls: Vec<Option<usize>>,
    /// For the end of a subroutine: which.
    ends: Vec<Option<usize>>,
    subs: Vec<Sub>,
}

/// A subroutine.
struct Sub {
    /// The step it begins with.
    entry: usize,
    /// Steps that call it.
    callers: Vec<usize>,
    /// Steps that may be done while it is.
    body: Set,
    /// Slots that it, or what it calls, gives a value.
    changes: Set,
}

/// What is wanted before and behind each step.
pub(crate) struct Live {
    pub(crate) before: Vec<Set>,
    pub(crate) behind: Vec<Set>,
}

fn index(slot: Slot) -> usize {
    usize::from(slot.0)
}

impl Paths {
    pub(crate) fn of(program: &Program) -> Self {
        let steps = &program.steps;
        let mut at_label = vec![None; program.labels.len()];
        let mut subs: Vec<(Label, Sub)> = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            if let Op::Label(label) | Op::Sub(label) = step.op {
                at_label[usize::from(label.0)] = Some(at);
            }
            if let Op::Sub(label) = step.op {
                let changes = Set::with_room(program.slots.len());
                subs.push((label, Sub { entry: at, callers: Vec::new(), body: Set::default(), changes }));
            }
        }
        let mut paths = Self { next: Vec::new(), calls: Vec::new(), ends: Vec::new(), subs: Vec::new() };
        for (at, step) in steps.iter().enumerate() {
            let sub_of = |label: Label| subs.iter().position(|(known, _)| *known == label);
            let call = if let Op::Gosub(to) = step.op { sub_of(to) } else { None };
            let target = step.op.target().filter(|_| call.is_none());
            let target =
                target.map(|label| at_label[usize::from(label.0)].unwrap_or_else(|| panic!("{label:?} is placed")));
            let on = (!step.op.ends() && at + 1 < steps.len()).then_some(at + 1);
            paths.next.push(on.into_iter().chain(target).collect());
            paths.ends.push(if let Op::Return { from } = step.op { sub_of(from) } else { None });
            paths.calls.push(call);
        }
        paths.subs = subs.into_iter().map(|(_, sub)| sub).collect();
        for (at, call) in paths.calls.iter().enumerate() {
            if let Some(sub) = *call {
                paths.subs[sub].callers.push(at);
            }
        }
        paths.find_bodies(program);
        paths
    }

    /// For each subroutine the step it begins with, and its steps, without those of others that it calls.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = (usize, &Set)> {
        self.subs.iter().map(|sub| (sub.entry, &sub.body))
    }

    fn find_bodies(&mut self, program: &Program) {
        for sub in &mut self.subs {
            sub.body = Set::with_room(program.steps.len());
            let mut pending = vec![sub.entry];
            while let Some(at) = pending.pop() {
                if !sub.body.contains(at) {
                    sub.body.insert(at);
                    pending.extend(&self.next[at]);
                    program.steps[at].op.defines().into_iter().for_each(|slot| sub.changes.insert(index(slot)));
                }
            }
        }
        loop {
            let before: Vec<Set> = self.subs.iter().map(|sub| sub.changes.clone()).collect();
            for (at, call) in self.calls.iter().enumerate() {
                let Some(called) = *call else { continue };
                for sub in self.subs.iter_mut().filter(|sub| sub.body.contains(at)) {
                    sub.changes.unite(&before[called]);
                }
            }
            if self.subs.iter().zip(&before).all(|(sub, before)| sub.changes == *before) {
                return;
            }
        }
    }

    /// Every way a value takes from behind one step to before another: told the step, and which slots go there.
    pub(crate) fn ways(&self, at: usize, mut way: impl FnMut(usize, Option<(&Set, bool)>)) {
        match (self.calls[at], self.ends[at]) {
            (Some(sub), _) => {
                way(self.subs[sub].entry, None);
                self.next[at].iter().for_each(|&next| way(next, Some((&self.subs[sub].changes, false))));
            }
            (_, Some(sub)) => {
                for next in self.subs[sub].callers.iter().flat_map(|&caller| &self.next[caller]) {
                    way(*next, Some((&self.subs[sub].changes, true)));
                }
            }
            _ => self.next[at].iter().for_each(|&next| way(next, None)),
        }
    }

    /// Liveness, by the usual backward data flow; only what something has changed behind is looked at again.
    pub(crate) fn live(&self, program: &Program) -> Live {
        let (steps, slots) = (&program.steps, program.slots.len());
        let mut from = vec![Vec::new(); steps.len()];
        for at in 0..steps.len() {
            self.ways(at, |to, _| from[to].push(at));
        }
        let empty = Set::with_room(slots);
        let mut live = Live { before: vec![empty.clone(); steps.len()], behind: vec![empty.clone(); steps.len()] };
        let mut pending = vec![true; steps.len()];
        while pending.contains(&true) {
            for at in (0..steps.len()).rev() {
                if !std::mem::take(&mut pending[at]) {
                    continue;
                }
                let mut set = empty.clone();
                self.ways(at, |to, only| match only {
                    None => set.unite(&live.before[to]),
                    Some((changes, both)) => set.unite_if(&live.before[to], changes, both),
                });
                live.behind[at].clone_from(&set);
                steps[at].op.defines().into_iter().for_each(|slot| set.remove(index(slot)));
                steps[at].op.uses().into_iter().for_each(|slot| set.insert(index(slot)));
                if live.before[at] != set {
                    live.before[at] = set;
                    from[at].iter().for_each(|&at| pending[at] = true);
                }
            }
        }
        live
    }

    /// Slots whose value has to stay behind each step, for whoever it is: beside what is wanted there, what the
    /// callers of a subroutine want back and the subroutine does not change.
    pub(crate) fn kept(&self, program: &Program, live: &Live) -> Vec<Set> {
        let mut across = vec![Set::with_room(program.slots.len()); self.subs.len()];
        loop {
            let before = across.clone();
            for (sub, kept) in self.subs.iter().zip(&mut across) {
                for &caller in &sub.callers {
                    for &next in &self.next[caller] {
                        kept.unite_if(&live.before[next], &sub.changes, false);
                    }
                    let around = self.subs.iter().zip(&before).filter(|(around, _)| around.body.contains(caller));
                    around.for_each(|(_, outer)| kept.unite(outer));
                }
            }
            if across == before {
                break;
            }
        }
        let mut kept = live.behind.clone();
        for (sub, across) in self.subs.iter().zip(&across) {
            sub.body.iter().for_each(|at| kept[at].unite(across));
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::{Alu, Arg, Kind};
    use crate::syscall::Call;

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
        let paths = Paths::of(&program);
        let live = paths.live(&program);
        let slots = |set: &Set| set.iter().collect::<Vec<_>>();
        assert_eq!(slots(&live.behind[1]), [0], "into the subroutine: `other` has no value yet");
        assert_eq!(slots(&live.behind[3]), [0, 1], "`other` goes past it");
        assert_eq!(slots(&live.behind[8]), [0], "`one` is wanted by the next call");
        assert_eq!(slots(&live.behind[6]), [0, 2]);
        assert_eq!(slots(&paths.kept(&program, &live)[6]), [0, 1, 2], "its register must not be anybody's inside");
    }
}
