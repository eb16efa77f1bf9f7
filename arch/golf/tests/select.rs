//! Rules of selection, on small programs.

use super::{Case, Row, Rule, cells};
use crate::ir::op::{Base, Cond, Kind, Label, Mem, Op, Operand, Part, Program, Slot, Width};
use crate::ir::syscall::Call;

pub(super) const ROWS: &[Row] = &[
    Row {
        rule: Rule::Bits,
        wins: || bits("x86_64", 12, 0x4120, 0x40),
        not: &[
            ("a bit is set that may not be", || bits("x86_64", 12, 0x4120, 0x0100_0000)),
            ("a bit is not set that has to be", || bits("x86_64", 12, 0x4160, 0)),
            ("it is too far behind what a register leads to", || bits("x86_64", 128, 0x4120, 0x40)),
            ("the number is as short", || bits("x86_64", 12, 0x20, 0x40)),
            ("the machine has no short loads", || bits("aarch64", 12, 0x4120, 0x40)),
        ],
    },
    Row {
        rule: Rule::Exchange,
        wins: || exchange(false),
        not: &[("a slot is wanted that has the constant", || exchange(true))],
    },
    Row {
        rule: Rule::Not,
        wins: || complement("x86_64", !LARGE & 0xffff_ffff),
        not: &[
            ("one bit is not turned round", || complement("x86_64", !LARGE & 0xffff_fffe)),
            ("the upper half is turned round, too", || complement("x86_64", !LARGE)),
        ],
    },
    Row { rule: Rule::Zero, wins: || zero(false), not: &[("a loop would pop it twice", || zero(true))] },
    Row {
        rule: Rule::Half,
        wins: || half(false),
        not: &[("upper bits may be set after a call that failed", || half(true))],
    },
    Row { rule: Rule::Hold, wins: || hold(5, 0), not: &[("slots come into all registers", || hold(5, 6))] },
    Row {
        rule: Rule::Again,
        wins: || again(|program, start, _| program.push(Op::Jump(start), "")),
        not: &[
            ("the jump is on a condition", || {
                again(|program, start, number| {
                    program.push(Op::Branch { left: number, cond: Cond::Ne, right: Operand::Const(0), to: start }, "");
                })
            }),
            ("nothing near it is left", || {
                again(|program, start, number| {
                    program.call(Call::Close, &[Operand::Slot(number)], None, "");
                    program.push(Op::Jump(start), "");
                })
            }),
        ],
    },
    Row {
        rule: Rule::Stack,
        wins: || stack("x86_64", &SMALL, |_, _| {}),
        not: &[
            ("the machine has no short ways to push", || stack("aarch64", &SMALL, |_, _| {})),
            ("a loop would push it each time", || {
                stack("x86_64", &SMALL, |program, _| {
                    let start = program.label("start");
                    program.place(start);
                })
            }),
            ("it is wanted later, and may not have been pushed", || stack("x86_64", &SMALL, asked_later)),
            ("the frame lies over it when it is wanted again", || stack("x86_64", &SMALL, asked_over_the_frame)),
            ("it is longer as pushes", || stack("i386", &[Part::Bytes(vec![0x33; 24])], |_, _| {})),
            ("its words have more bits than a push takes", || {
                stack("x86_64", &[Part::Bytes(vec![0x33; 24])], |_, _| {})
            }),
            ("its place is more than a word's", || stack("x86_64", &SMALL, |program, datum| program.align(datum, 16))),
            ("somebody writes to it", || stack("x86_64", &SMALL, |program, _| program.data_mut()[0].writable = true)),
            ("the frame is in use already", || {
                stack("x86_64", &SMALL, |program, _| {
                    program.frame_bytes = 8;
                    program.call(Call::Read, &[Operand::Any, Operand::Frame(0), Operand::Any], None, "");
                })
            }),
            ("the frame is too large for what is there at entry", || {
                stack("x86_64", &SMALL, |program, _| program.frame_bytes = crate::ENTRY_SCRATCH_BYTES + 1)
            }),
            ("somebody asks for the stack as it was", || {
                stack("x86_64", &SMALL, |program, datum| {
                    program.call(Call::Nanosleep, &[Operand::Data(datum), Operand::Any], None, "");
                    program.call(Call::Read, &[Operand::Any, Operand::Entry, Operand::Any], None, "");
                })
            }),
        ],
    },
    Row {
        rule: Rule::Needless,
        wins: || needless(Call::Shutdown, &[Call::Close]),
        not: &[
            ("it makes a difference after a failure", || needless(Call::Shutdown, &[])),
            ("the call before returns any number", || needless(Call::Getpid, &[Call::Close])),
        ],
    },
    Row {
        rule: Rule::Words,
        wins: || words("aarch64", 4, 0),
        not: &[
            ("they are too far from what the register leads to", || words("aarch64", 300, 0)),
            ("they have too many bytes that are not 0", || words("aarch64", 4, 7)),
            ("no register holds an address", || words("aarch64", 0, 0)),
            ("the machine has no such load", || words("x86_64", 4, 0)),
        ],
    },
    Row {
        rule: Rule::Registers,
        wins: || registers(false),
        not: &[("a call changes the register that is usual", || registers(true))],
    },
    Row {
        rule: Rule::Constants,
        wins: || constants(Call::Bind),
        not: &[("the number of the call may be below 0", || constants(Call::Numbered))],
    },
];

/// A number that takes four bytes.
const LARGE: i64 = 0x1234_5678;

/// A slot with an unknown number.
fn unknown(program: &mut Program) -> Slot {
    let number = program.slot("number", Kind::Int);
    program.call(Call::Getpid, &[], Some(number), "");
    number
}

/// A structure of small numbers.
const SMALL: [Part; 2] = [Part::Word(1), Part::Word(2)];

/// Closes these descriptors.
fn close(program: &mut Program, descriptors: impl IntoIterator<Item = i64>) {
    for descriptor in descriptors {
        program.call(Call::Close, &[Operand::Const(descriptor)], None, "");
    }
}

/// Ends.
fn end(mut program: Program, machine: &str) -> Case {
    program.call(Call::Exit, &[Operand::Any], None, "");
    Case::of_program(machine, program)
}

/// A text with a number in it at this offset, and a number that has some of its bits.
fn bits(machine: &str, offset: usize, set: u32, clear: u32) -> Case {
    let mut program = Program::default();
    let text = [vec![0x81; offset], 0x0d4b_4f20_u32.to_le_bytes().into()].concat();
    let text = program.datum("text", vec![Part::Bytes(text)], 0);
    let args = [Operand::Any, Operand::Data(text), Operand::Any, Operand::Bits { set, clear }];
    program.call(Call::Sendto, &args, None, "");
    end(program, machine)
}

/// The number of a call is the last argument before it, which may be wanted again.
fn exchange(wanted: bool) -> Case {
    let mut program = Program::default();
    let number = program.slot("number", Kind::Int);
    let getpid = i64::from(Call::Getpid.info().number(crate::Machine::X86_64));
    program.push(Op::Set { to: number, value: Operand::Const(getpid) }, "");
    program.call(Call::Close, &[Operand::Slot(number)], None, "");
    program.call(Call::Getpid, &[], None, "");
    let last = if wanted { Operand::Slot(number) } else { Operand::Any };
    program.call(Call::Close, &[last], None, "");
    end(program, "x86_64")
}

/// A large number, and another after it.
fn complement(machine: &str, other: i64) -> Case {
    let mut program = Program::default();
    close(&mut program, [LARGE, other]);
    end(program, machine)
}

/// A hole that instructions without a pushed zero do not fill, and a zero, perhaps in a loop.
fn zero(in_loop: bool) -> Case {
    let mut program = Program::default();
    let start = program.label("start");
    close(&mut program, [5]);
    if in_loop {
        program.place(start);
    }
    close(&mut program, [0]);
    if !in_loop {
        program.place(start);
    }
    program.call(Call::Getpid, &[], None, "");
    program.push(Op::Jump(start), "");
    Case { template: cells(".. .. .. .. .. .. .. .. .. 11 11"), ..Case::of_program("i386", program) }
}

/// The first number of a call that takes two bytes; perhaps in a loop.
fn half(in_loop: bool) -> Case {
    let mut program = Program::default();
    let start = program.label("start");
    if in_loop {
        program.place(start);
    }
    program.call(Call::EpollCreate1, &[], None, "");
    if !in_loop {
        program.place(start);
    }
    program.push(Op::Jump(start), "");
    Case::of_program("x86_64", program)
}

/// Calls of large numbers while so many slots are wanted.
fn hold(calls: usize, slots: usize) -> Case {
    let mut program = Program::default();
    let slots: Vec<Operand> = (0..slots).map(|_| Operand::Slot(unknown(&mut program))).collect();
    for call in [Call::Listen, Call::Bind, Call::Connect, Call::Socket, Call::Shutdown].into_iter().take(calls) {
        program.call(call, &[], None, "");
    }
    program.call(Call::EpollWait, &slots, None, "");
    end(program, "i386")
}

/// A loop that begins with a large number and goes on with the next; what does it end with?
fn again(ends: fn(&mut Program, Label, Slot)) -> Case {
    let mut program = Program::default();
    let number = unknown(&mut program);
    close(&mut program, [LARGE]);
    let start = program.label("start");
    program.place(start);
    close(&mut program, [LARGE, LARGE + 1]);
    ends(&mut program, start, number);
    end(program, "x86_64")
}

/// A structure that a call looks at, after something else.
fn stack(machine: &str, parts: &[Part], before: fn(&mut Program, crate::ir::op::DatumId)) -> Case {
    let mut program = Program::default();
    let datum = program.datum("structure", parts.to_vec(), 0);
    before(&mut program, datum);
    program.call(Call::Nanosleep, &[Operand::Data(datum), Operand::Any], None, "");
    end(program, machine)
}

/// A way in passes the structure's first use, and comes to its second.
fn asked_later(program: &mut Program, datum: crate::ir::op::DatumId) {
    let number = unknown(program);
    let label = program.label("label");
    program.push(Op::Branch { left: number, cond: Cond::Eq, right: Operand::Const(0), to: label }, "");
    program.call(Call::Nanosleep, &[Operand::Data(datum), Operand::Any], None, "");
    program.place(label);
}

/// Something is written to the frame between the structure's first use and its second.
fn asked_over_the_frame(program: &mut Program, datum: crate::ir::op::DatumId) {
    program.frame_bytes = 16;
    program.call(Call::Nanosleep, &[Operand::Data(datum), Operand::Any], None, "");
    let label = program.label("label");
    program.place(label);
    let to = Mem { base: Base::Frame, offset: 8 };
    program.push(Op::Store { width: Width::Four, to, value: Operand::Const(3) }, "");
}

/// Another call, then one that may be needless.
fn needless(first: Call, needless: &[Call]) -> Case {
    let mut program = Program { needless_after_failure: needless.to_vec(), ..Program::default() };
    program.call(first, &[], None, "");
    program.call(Call::Close, &[Operand::Any], None, "");
    end(program, "x86_64")
}

/// Constants for which neither the cheapest first nor the call number first is shortest. Once the number follows from
/// an argument, once an argument from the number.
fn constants(last: Call) -> Case {
    let mut program = Program { frame_bytes: 4, ..Program::default() };
    let number = unknown(&mut program);
    let connect = i64::from(Call::Connect.info().number(crate::Machine::X86_64));
    for len in [5, connect] {
        program.call(Call::Connect, &[Operand::Any, Operand::Any, Operand::Const(len)], None, "");
    }
    let which = (last == Call::Numbered).then_some(Operand::Slot(number));
    let args: Vec<Operand> = which.into_iter().chain([Operand::Any, Operand::Any, Operand::Const(0)]).collect();
    program.call(last, &args, None, "");
    end(program, "x86_64")
}

/// A number that is an argument twice; perhaps there is another call before that.
fn registers(behind: bool) -> Case {
    let mut program = Program::default();
    let number = unknown(&mut program);
    if behind {
        program.call(Call::Getpid, &[], None, "");
    }
    program.call(Call::Shutdown, &[Operand::Slot(number), Operand::Slot(number)], None, "");
    end(program, "x86_64")
}

/// A call that takes text, if there is any, then `exit`. Its number is 93. Words of 93 and 0 take one byte at the
/// file's end.
fn words(machine: &str, text_bytes: usize, status: i64) -> Case {
    let mut program = Program::default();
    let text = (text_bytes > 0).then(|| program.datum("text", vec![Part::Bytes(vec![b'x'; text_bytes])], 0));
    program.call(Call::Write, &[Operand::Any, text.map_or(Operand::Const(7), Operand::Data)], None, "");
    program.call(Call::Exit, &[Operand::Const(status)], None, "");
    Case::of_program(machine, program)
}
