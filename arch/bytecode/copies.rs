//! Copies that are used at once need not be: where cells are as good as registers, an operation takes the original.

use crate::live::{Live, Paths};
use crate::op::{Arg, Op, Program};
use crate::spill::rename;

/// The operations, where those of cold steps have no such copies; `None` where one has gone.
pub(crate) fn without(program: &Program, cold: &[bool]) -> Vec<Option<Op>> {
    let live = {
        let paths = Paths::of(program);
        paths.live(program)
    };
    let mut copies = Copies { ops: program.steps.iter().map(|step| Some(step.op.clone())).collect(), live, cold };
    for at in (0..cold.len()).rev().filter(|&at| cold[at]) {
        copies.pass_on(at);
    }
    for at in (0..cold.len()).filter(|&at| cold[at]) {
        if !copies.keep_at_once(at) {
            copies.change_in_place(at);
        }
    }
    copies.ops
}

struct Copies<'a> {
    ops: Vec<Option<Op>>,
    live: Live,
    cold: &'a [bool],
}

impl Copies<'_> {
    /// The next operation, if it is cold.
    fn next(&self, at: usize) -> Option<usize> {
        (at + 1..self.ops.len()).find(|&next| self.ops[next].is_some()).filter(|&next| self.cold[next])
    }

    fn op(&self, at: usize) -> &Op {
        self.ops[at].as_ref().expect("it is there")
    }

    fn is_wanted_behind(&self, at: usize, slot: crate::op::Slot) -> bool {
        self.live.behind[at].contains(usize::from(slot.0))
    }

    /// `t = s; op t`: `op s`.
    fn pass_on(&mut self, at: usize) -> Option<()> {
        let Some(Op::Set { to, value: Arg::Slot(from) }) = self.ops[at] else { return None };
        let next = self.next(at)?;
        let op = self.op(next);
        let elsewhere = matches!(op, Op::Label(_) | Op::Sub(_) | Op::Gosub(_));
        if elsewhere || !op.uses().contains(&to) || op.defines().contains(&to) || self.is_wanted_behind(next, to) {
            return None;
        }
        let mut changed = op.clone();
        rename(&mut changed, |slot, writes| {
            if !writes && *slot == to {
                *slot = from;
            }
        });
        self.ops[next] = Some(changed);
        self.ops[at] = None;
        Some(())
    }

    /// `t = …; s = t`: `s = …`.
    fn keep_at_once(&mut self, at: usize) -> bool {
        let (Some(one), Some(second)) = (self.ops[at].clone(), self.next(at)) else { return false };
        let &Op::Set { to, value: Arg::Slot(from) } = self.op(second) else { return false };
        if one.defines() != [from] || !one.changes_in_place().is_empty() || self.is_wanted_behind(second, from) {
            return false;
        }
        let mut changed = one;
        rename(&mut changed, |slot, writes| {
            if writes && *slot == from {
                *slot = to;
            }
        });
        (self.ops[at], self.ops[second]) = (Some(changed), None);
        true
    }

    /// `t = s; t = t + x; s = t`: `s = s + x`.
    fn change_in_place(&mut self, at: usize) -> Option<()> {
        let Some(Op::Set { to: copy, value: Arg::Slot(original) }) = self.ops[at] else { return None };
        let second = self.next(at)?;
        let third = self.next(second)?;
        let &Op::Alu { alu, to, value } = self.op(second) else { return None };
        let back = *self.op(third) == Op::Set { to: original, value: Arg::Slot(copy) };
        if to != copy || value == Arg::Slot(copy) || !back || self.is_wanted_behind(third, copy) {
            return None;
        }
        self.ops[at] = None;
        self.ops[second] = Some(Op::Alu { alu, to: original, value });
        self.ops[third] = None;
        Some(())
    }
}
