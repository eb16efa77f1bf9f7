//! The words and signs of the text form, for the printer and the parser alike.

use crate::ir::op::{BinOp, Cond, Width};
use crate::ir::syscall::{CALLS, Call};

/// Words that begin a line or a value: a name that is one of them stands in backquotes.
#[rustfmt::skip] // In rows.
pub(super) const KEYWORDS: [&str; 24] = [
    "any", "at_least", "bits", "call", "cannot_fail", "copy", "data", "entry", "frame", "goto", "if", "image", "int",
    "label", "match", "non_negative", "pointer", "pop", "push", "return", "routine", "skip_after_failure", "state",
    "variable",
];

/// Arithmetic: `n += 1`.
pub(super) const ALUS: [(BinOp, &str); 8] = [
    (BinOp::Add, "+="),
    (BinOp::Sub, "-="),
    (BinOp::And, "&="),
    (BinOp::Or, "|="),
    (BinOp::Xor, "^="),
    (BinOp::Mul, "*="),
    (BinOp::Shl, "<<="),
    (BinOp::Shr, ">>="),
];

/// Comparisons: of two's complement numbers, and, after a `u`, of unsigned ones.
pub(super) const CONDS: [(Cond, &str); 10] = [
    (Cond::Eq, "=="),
    (Cond::Ne, "!="),
    (Cond::Lt, "<"),
    (Cond::Le, "<="),
    (Cond::Ge, ">="),
    (Cond::Gt, ">"),
    (Cond::Below, "u<"),
    (Cond::BelowOrEqual, "u<="),
    (Cond::AboveOrEqual, "u>="),
    (Cond::Above, "u>"),
];

/// Widths of memory accesses: `n = u8[p]`.
pub(super) const WIDTHS: [(Width, &str); 4] =
    [(Width::Byte, "u8"), (Width::Two, "u16"), (Width::Four, "u32"), (Width::Word, "usize")];

/// The text of one of these.
pub(super) fn text<T: Copy + PartialEq>(table: &[(T, &'static str)], what: T) -> &'static str {
    table.iter().find(|(one, _)| *one == what).map(|(_, text)| *text).expect("the table is complete")
}

/// What has this text.
pub(super) fn meaning<T: Copy>(table: &[(T, &'static str)], text: &str) -> Option<T> {
    table.iter().find(|(_, known)| *known == text).map(|(one, _)| *one)
}

/// The name of a system call. Calls by number share a name in the table, and have one each here.
pub(super) fn call_name(call: Call) -> &'static str {
    match call {
        Call::Numbered => "syscall",
        Call::NumberedZero => "syscall_zero",
        _ => call.info().name,
    }
}

/// The system call of that name.
pub(super) fn call_named(name: &str) -> Option<Call> {
    CALLS.iter().map(|info| info.call).find(|&call| call_name(call) == name)
}
