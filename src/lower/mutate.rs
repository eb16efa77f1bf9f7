//! One fault put into a lowered program on purpose, for `make mutants`: is there a test that notices it?
//!
//! A fault is named by the label before it, how many faults stand between, and what it is: `trimmed.4:negate`. So one
//! name means the same place in the programs of all specs. `ASMGEN_MUTANT` holds the name; `list` prints all of them on
//! standard error instead. Only builds with the feature `mutants` have this module.

use asmgen_arch::op::{BinOp, Cond, Op, Operand, Program};

/// The environment's variable.
const VARIABLE: &str = "ASMGEN_MUTANT";

/// A fault that an operation may get: what it is called, and the operation with it; none if it is left out.
type Fault = (&'static str, Option<Op>);

/// Puts the fault that the environment names into a program that has its place.
pub(super) fn heed_environment(program: &mut Program) {
    let Ok(wanted) = std::env::var(VARIABLE) else { return };
    let mut found = None;
    each(program, |name, at, fault| {
        if wanted == "list" {
            eprintln!("{name}");
        } else if wanted == name {
            found = Some((at, fault));
        }
    });
    match found {
        Some((at, Some(op))) => program.insts[at].op = op,
        Some((at, None)) => drop(program.insts.remove(at)),
        None => {}
    }
}

/// Every fault that a program may get: its name, its step, the operation with it.
fn each(program: &Program, mut tell: impl FnMut(String, usize, Option<Op>)) {
    let (mut place, mut count) = ("start".to_owned(), 0);
    for (at, inst) in program.insts.iter().enumerate() {
        if let Op::Label(label) | Op::Routine(label) = inst.op {
            (place, count) = (program.labels[usize::from(label.0)].replace([' ', '\t'], "_"), 0);
        }
        for (what, fault) in faults(&inst.op) {
            tell(format!("{place}.{count}:{what}"), at, fault);
            count += 1;
        }
    }
}

/// What could be wrong with an operation so that the program is still one.
fn faults(op: &Op) -> Vec<Fault> {
    match op {
        Op::Branch { left, cond, right, to } => {
            let with = |cond| Some(Op::Branch { left: *left, cond, right: *right, to: *to });
            let mut faults = vec![("negate", with(negated(*cond)))];
            faults.extend(shifted(*cond).map(|cond| ("boundary", with(cond))));
            faults
        }
        Op::BranchBits { value, bits, any, to } => {
            vec![("negate", Some(Op::BranchBits { value: *value, bits: *bits, any: !any, to: *to }))]
        }
        Op::BranchBytes { at, bytes, equal, to } => {
            vec![("negate", Some(Op::BranchBytes { at: *at, bytes: bytes.clone(), equal: !equal, to: *to }))]
        }
        Op::Binary { operator, to, value: Operand::Const(value) } => {
            let other = match operator {
                BinOp::Add | BinOp::Sub | BinOp::Mul => value + 1,
                BinOp::Shl | BinOp::Shr => value - 1,
                BinOp::And | BinOp::Or | BinOp::Xor => value ^ 1,
            };
            vec![("constant", Some(Op::Binary { operator: *operator, to: *to, value: Operand::Const(other) }))]
        }
        Op::Set { to, value: Operand::Const(value) } => {
            vec![("constant", Some(Op::Set { to: *to, value: Operand::Const(value + 1) }))]
        }
        Op::Store { .. } | Op::StoreBytes { .. } | Op::CallRoutine(_) => vec![("left-out", None)],
        _ => Vec::new(),
    }
}

fn negated(cond: Cond) -> Cond {
    match cond {
        Cond::Eq => Cond::Ne,
        Cond::Ne => Cond::Eq,
        Cond::Lt => Cond::Ge,
        Cond::Le => Cond::Gt,
        Cond::Ge => Cond::Lt,
        Cond::Gt => Cond::Le,
        Cond::Below => Cond::AboveOrEqual,
        Cond::BelowOrEqual => Cond::Above,
        Cond::AboveOrEqual => Cond::Below,
        Cond::Above => Cond::BelowOrEqual,
    }
}

/// The same comparison where equal numbers are taken for the other side.
fn shifted(cond: Cond) -> Option<Cond> {
    Some(match cond {
        Cond::Eq | Cond::Ne => return None,
        Cond::Lt => Cond::Le,
        Cond::Le => Cond::Lt,
        Cond::Ge => Cond::Gt,
        Cond::Gt => Cond::Ge,
        Cond::Below => Cond::BelowOrEqual,
        Cond::BelowOrEqual => Cond::Below,
        Cond::AboveOrEqual => Cond::Above,
        Cond::Above => Cond::AboveOrEqual,
    })
}
