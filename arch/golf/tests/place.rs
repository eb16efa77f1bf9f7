//! Rules of placing, on hand-made code.

use super::{Case, Effects, Made, Row, Rule, made};
use crate::ir::op::Part;

/// Bytes that mean nothing here.
const TWO: &[u8] = &[0xf1, 0xf2];
const THREE: &[u8] = &[0xf3, 0xf4, 0xf5];
const FOUR: &[u8] = &[0xf6, 0xf7, 0xf8, 0xf9];

pub(super) const ROWS: &[Row] = &[
    Row {
        rule: Rule::AbsorbAsImmediate,
        wins: || absorb(made(TWO), made(FOUR)),
        not: &[
            ("flags are wanted behind it", || {
                absorb(made(TWO).with_effects(0, Effects::FLAGS), made(FOUR).wanting_flags())
            }),
            ("two instructions are glued", || absorb(made(TWO).bundled(1), made(FOUR))),
            ("the machine has one length of instructions", || {
                let free = ".. .. .. .. .. .. .. 11 .. .. .. ..";
                Case::of_code("aarch64", free, [made(FOUR), made(FOUR)])
            }),
        ],
    },
    Row {
        rule: Rule::Sum,
        wins: || sum("x86_64", "3e 00", made(THREE), 0),
        not: &[
            ("flags are wanted behind it", || sum("x86_64", "3e 00", made(THREE).wanting_flags(), 0)),
            ("every register with a byte of its own is somebody's", || sum("x86_64", "3e 00", made(THREE), 0xf)),
            ("nobody knows what registers an instruction has", || sum("x86_64", "3e 00", made(THREE), u64::MAX)),
            ("it is no prefix", || sum("x86_64", "3d 00", made(THREE), 0)),
            ("it is no addition", || sum("x86_64", "3e 10", made(THREE), 0)),
            ("its operands are decided", || sum("x86_64", "3e 00 11", made(THREE), 0)),
            ("the machine has other instructions", || sum("aarch64", "3e 00", made(THREE), 0)),
        ],
    },
    Row {
        rule: Rule::Prefix,
        wins: || prefix("x86_64", LETTERS, &[0x6a, 1]), // push 1
        not: &[
            ("R extends a register: mov edi, eax", || prefix("x86_64", LETTERS, &[0x89, 0xc7])),
            ("X extends a register: lea eax, [rax + rax]", || prefix("x86_64", LETTERS, &[0x8d, 0x04, 0x00])),
            ("any has another byte: or ah, 9", || prefix("x86_64", LETTERS, &[0x80, 0xcc, 9])),
            ("any has another byte: mov ah, 9", || prefix("x86_64", LETTERS, &[0xb4, 9])),
            ("B extends a register: push rax", || prefix("x86_64", "45 4c 41", &[0x50])),
            ("W has a longer number: mov eax, 1", || prefix("x86_64", "45 4c 48", &[0xb8, 1, 0, 0, 0])),
            ("the machine has none", || prefix("i386", LETTERS, &[0x6a, 1])),
        ],
    },
    Row {
        rule: Rule::Branch,
        wins: || branch("03 00 00 14"), // b +12
        not: &[
            ("it leads to bytes that are not free", || branch("01 00 00 14")), // b +4
            ("it leads to itself", || branch("00 00 00 14")),
            ("it leads before the file", || branch("00 ff ff 17")),
            ("it leads far behind the file", || branch("00 00 00 15")),
            ("it leads somewhere on a condition", || branch("60 00 00 54")), // b.eq +12
        ],
    },
    Row {
        rule: Rule::JumpToHole,
        wins: || jump_to_hole([made(&[0x7f, 1]), made(THREE)]),
        not: &[("two instructions are glued", || jump_to_hole([made(&[0x7f, 1]).bundled(1), made(THREE)]))],
    },
    Row {
        rule: Rule::Back,
        wins: || back("aarch64", 3, 0),
        not: &[
            ("two words are not worth two jumps", || back("aarch64", 2, 0)),
            ("all instructions are glued", || back("aarch64", 3, 4)),
            ("instructions have many lengths", || back("i386", 3, 0)),
        ],
    },
    Row {
        rule: Rule::Order,
        wins: || order([made(THREE).with_effects(0, 1), made(TWO).with_effects(0, 2)]),
        not: &[
            ("one reads what the other writes", || {
                order([made(THREE).with_effects(0, 1), made(TWO).with_effects(1, 2)])
            }),
            ("one writes what the other reads", || {
                order([made(THREE).with_effects(2, 1), made(TWO).with_effects(0, 2)])
            }),
            ("both write the same", || order([made(THREE).with_effects(0, 3), made(TWO).with_effects(0, 2)])),
            ("one needs and changes everything", || order([made(THREE), made(TWO).with_effects(0, 2)])),
            ("they are glued", || order([made(THREE).with_effects(0, 1).bundled(1), made(TWO).with_effects(0, 2)])),
        ],
    },
    Row {
        rule: Rule::Encoding,
        wins: || encoding(true, made(TWO)),
        not: &[("it changes flags that are wanted", || encoding(true, made(TWO).wanting_flags()))],
    },
    Row {
        rule: Rule::Share,
        wins: || share("41 42 43 >.. .."),
        not: &[
            ("a byte is decided otherwise", || share("41 42 44 >.. ..")),
            ("a byte is known later", || share("41 42 ?? >.. ..")),
        ],
    },
];

/// A byte of the header between two holes, the first of which holds one instruction and a byte.
fn absorb(first: Made, second: Made) -> Case {
    Case::of_code("i386", ".. .. .. 11 .. .. .. ..", [first, second])
}

/// Bytes of the header after a hole for one instruction; the other mentions these registers.
fn sum(machine: &str, between: &str, second: Made, mentions: u64) -> Case {
    let code = [made(TWO).mentioning(0), second.mentioning(mentions)];
    Case::of_code(machine, &format!(".. .. {between} .. .. .. .."), code)
}

/// The last letters of the magic number: prefixes of which the last has R and X.
const LETTERS: &str = "45 4c 46";

/// Prefixes after a hole for one instruction, and another instruction.
fn prefix(machine: &str, prefixes: &str, second: &[u8]) -> Case {
    Case::of_code(machine, &format!(".. .. {prefixes} .. .."), [made(TWO), made(second)])
}

/// A word of the header after a hole for one instruction, and a hole for a datum and another instruction. A jump of
/// ours leads to the beginning of that.
fn branch(word: &str) -> Case {
    let template = format!(".. .. .. .. {word} 11 11 11 11 .. .. .. .. .. .. .. ..");
    let mut case = Case::of_code("aarch64", &template, [made(FOUR), made(FOUR)]);
    case.program.datum("letters", vec![Part::Bytes(b"ABCD".into())], 0);
    case
}

/// The first instruction stands where the header has its first byte; after it there is room for a jump.
fn jump_to_hole(code: [Made; 2]) -> Case {
    Case::of_code("x86_64", "7f .. .. .. 11 11", code)
}

/// Five instructions; before the entry at the header's end there is a hole of some words.
fn back(machine: &str, words: usize, glued: usize) -> Case {
    let template = format!("{} 11 11 11 11 >.. .. .. ..", ".. .. .. .. ".repeat(words));
    let rest = [(); 4].map(|()| made(FOUR));
    Case::of_code(machine, &template, [made(FOUR).bundled(glued)].into_iter().chain(rest))
}

/// A hole that holds the shorter of two instructions and a jump.
fn order(code: [Made; 2]) -> Case {
    Case::of_code("i386", ".. .. .. .. 11 11", code.into_iter().chain([made(TWO)]))
}

/// Zeros that the longer encoding of the first instruction ends in.
fn encoding(changes_flags: bool, second: Made) -> Case {
    let first = made(&[0xb0, 0x3c]).with_effects(0, 1).or(&[0xb8, 0x3c, 0, 0, 0], changes_flags);
    Case::of_code("i386", ".. .. 00 00 00", [first, second])
}

/// A datum that the header may have already.
fn share(template: &str) -> Case {
    let mut case = Case::of_code("i386", template, [made(TWO)]);
    case.program.datum("letters", vec![Part::Bytes(b"ABC".into())], 0);
    case
}

#[test]
fn an_encoding_that_changes_no_flags_may_stand_where_they_are_wanted() {
    let case = encoding(false, made(TWO).wanting_flags());
    assert_eq!(case.bytes(None).map(|bytes| bytes.len()), Some(7));
}

#[test]
fn what_is_glued_follows_at_once() {
    let glued = [made(FOUR).bundled(1), made(THREE), made(TWO)];
    let case = Case::of_code("i386", ".. .. .. .. .. .. 11 11", glued);
    let packed = case.packed(None).expect("there is a file");
    let at = |bytes: &[u8]| packed.code.instructions.iter().find(|one| one.bytes == bytes).map(|one| one.at);
    assert_eq!(at(FOUR).map(|at| at + 4), at(THREE));
}
