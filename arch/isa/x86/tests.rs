//! Code for a program with its frame in the state: which shorter forms it uses, and where it must not.

use crate::ir::op::{Base, BinOp, Cond, Kind, Label, Mem, Op, Operand, Program, Slot, Width};
use crate::ir::syscall::Call;
use crate::selected::{self, count, frame};

/// A program with a routine, an unknown number, and a byte.
struct Case {
    program: Program,
    number: Slot,
    byte: Slot,
    /// The routine, and a label at the end.
    routine: Label,
    end: Label,
}

impl Case {
    fn new() -> Self {
        let mut program =
            Program { frame_bytes: 224, word_bytes: 16, frame_at: Some(256), state_bytes: 4096, ..Program::default() };
        let [number, byte] = ["number", "byte"].map(|name| program.slot(name, Kind::Int));
        let [routine, end] = ["routine", "end"].map(|name| program.label(name));
        program.push(Op::CallRoutine(routine), "");
        program.push(Op::CallRoutine(routine), "");
        program.call(Call::Getpid, &[], Some(number), "number");
        program.push(Op::Load { to: byte, width: Width::Byte, from: frame(100) }, "");
        Self { program, number, byte, routine, end }
    }

    fn slot(&mut self) -> Slot {
        self.program.slot("another", Kind::Int)
    }

    fn push(&mut self, op: Op) {
        self.program.push(op, "");
    }

    /// Adds a number to a word of the frame.
    fn add_to_word(&mut self, operator: BinOp, value: i64) {
        let word = self.slot();
        self.push(Op::Load { to: word, width: Width::Four, from: frame(0) });
        self.push(Op::Binary { operator, to: word, value: Operand::Const(value) });
        self.push(Op::Store { width: Width::Four, to: frame(0), value: Operand::Slot(word) });
    }

    /// Goes to the end if a word of the frame is this number.
    fn branch_on_word(&mut self, value: i64) {
        let (word, to) = (self.slot(), self.end);
        self.push(Op::Load { to: word, width: Width::Four, from: frame(0) });
        self.push(Op::Branch { left: word, cond: Cond::Eq, right: Operand::Const(value), to });
    }

    /// The code's instructions; these slots are wanted at the end.
    fn text(mut self, wanted: &[Slot]) -> Vec<String> {
        let args: Vec<Operand> = wanted.iter().copied().map(Operand::Slot).collect();
        self.program.call(Call::Prctl, &args, None, "");
        self.program.place(self.end);
        self.program.call(Call::Exit, &[Operand::Const(0)], None, "");
        self.program.routine(self.routine);
        self.program.call(Call::Getpid, &[], None, "");
        self.program.push(Op::ReturnFrom { from: self.routine }, "");
        selected::text(&self.program, "x86_64")
    }
}

/// A word of a table in the frame, by a number from 0 up.
fn look_up(case: &mut Case, number: Slot, found: Slot) -> Slot {
    let table = case.slot();
    case.push(Op::Set { to: table, value: Operand::Frame(100) });
    case.push(Op::Binary { operator: BinOp::Shl, to: number, value: Operand::Const(2) });
    let from = Mem { base: Base::Sum(table, number), offset: 4 };
    case.push(Op::Load { to: found, width: Width::Four, from });
    table
}

#[test]
fn parts_of_an_address_that_one_access_wants_are_in_it() {
    let mut case = Case::new();
    let (byte, found) = (case.byte, case.slot());
    look_up(&mut case, byte, found);
    let text = case.text(&[found]);
    assert_eq!((count(&text, &["mov", "rbp", "* 4"]), count(&text, &["shl"])), (1, 0), "{text:?}");
    let mut case = Case::new();
    let (number, found) = (case.number, case.slot());
    look_up(&mut case, number, found);
    let text = case.text(&[found]);
    assert_eq!((count(&text, &["* 4"]), count(&text, &["shl"])), (0, 1), "it may not fit then: {text:?}");
    let mut case = Case::new();
    let (byte, found) = (case.byte, case.slot());
    let table = look_up(&mut case, byte, found);
    let text = case.text(&[found, table, byte]);
    assert_eq!((count(&text, &["* 4"]), count(&text, &["shl"])), (0, 1), "wanted: {text:?}");
    assert_eq!(count(&text, &["lea"]), 1, "wanted: {text:?}");
}

#[test]
fn parts_of_an_address_are_in_several_stores() {
    let mut case = Case::new();
    let (number, byte, table) = (case.number, case.byte, case.slot());
    case.push(Op::Set { to: table, value: Operand::Frame(100) });
    case.push(Op::Binary { operator: BinOp::Shl, to: byte, value: Operand::Const(3) });
    for offset in [0, 4] {
        let to = Mem { base: Base::Sum(table, byte), offset };
        case.push(Op::Store { width: Width::Four, to, value: Operand::Slot(number) });
    }
    let text = case.text(&[]);
    assert_eq!((count(&text, &["mov dword", "rbp", "* 8"]), count(&text, &["shl"])), (2, 0), "{text:?}");
}

#[test]
fn flags_tell_of_a_word_that_was_changed() {
    let compared = |change: &dyn Fn(&mut Case), value: i64| {
        let mut case = Case::new();
        change(&mut case);
        case.branch_on_word(value);
        let text = case.text(&[]);
        count(&text, &["cmp dword"]) + count(&text, &["test"])
    };
    assert_eq!(compared(&|case| case.add_to_word(BinOp::Sub, 1), 0), 0);
    assert_eq!(compared(&|case| case.add_to_word(BinOp::And, 6), 0), 0);
    assert_eq!(compared(&|case| case.add_to_word(BinOp::Sub, 1), 2), 1, "another number");
    assert_eq!(compared(&|case| case.add_to_word(BinOp::Or, 0x8000), 0), 1, "flags of a byte");
    assert_eq!(compared(&|case| case.add_to_word(BinOp::Shl, 0), 0), 1, "flags that may be older");
    let label = |case: &mut Case| {
        case.add_to_word(BinOp::Sub, 1);
        let label = case.program.label("label");
        case.program.place(label);
    };
    assert_eq!(compared(&label, 0), 1, "others may come here");
}

#[test]
fn a_word_that_a_register_holds_is_compared_there() {
    for (value, other) in [(0, "test"), (5, "cmp")] {
        let mut case = Case::new();
        let number = case.number;
        case.push(Op::Store { width: Width::Four, to: frame(0), value: Operand::Slot(number) });
        case.branch_on_word(value);
        let text = case.text(&[number]);
        assert_eq!((count(&text, &["cmp dword"]), count(&text, &[other])), (0, 1), "{text:?}");
    }
    let mut case = Case::new();
    let number = case.number;
    case.push(Op::Store { width: Width::Four, to: frame(0), value: Operand::Slot(number) });
    case.push(Op::Store { width: Width::Byte, to: frame(2), value: Operand::Const(7) });
    case.branch_on_word(0);
    let text = case.text(&[number]);
    assert_eq!(count(&text, &["cmp dword"]), 1, "it has changed: {text:?}");
}

#[test]
fn small_constants_are_stored_by_way_of_a_register() {
    let stored = |value: i64| {
        let mut case = Case::new();
        case.push(Op::Store { width: Width::Four, to: frame(8), value: Operand::Const(value) });
        case.push(Op::Store { width: Width::Four, to: frame(12), value: Operand::Slot(case.number) });
        let text = case.text(&[]);
        count(&text, &["mov dword", ", 0x"])
    };
    assert_eq!((stored(3), stored(0x1234_5678)), (0, 1));
}

#[test]
fn an_address_that_is_stored_is_in_the_instruction() {
    for again in [false, true] {
        let mut case = Case::new();
        let address = case.slot();
        case.push(Op::Set { to: address, value: Operand::State(0) });
        case.push(Op::Store { width: Width::Four, to: frame(8), value: Operand::Slot(address) });
        let wanted: &[Slot] = if again { &[address] } else { &[] };
        let text = case.text(wanted);
        assert_eq!(count(&text, &["mov dword", "rbp", "0x20000"]), usize::from(!again), "{text:?}");
    }
}

#[test]
fn the_frame_is_within_reach_on_both_sides() {
    let mut case = Case::new();
    let number = case.number;
    case.push(Op::Store { width: Width::Four, to: frame(220), value: Operand::Slot(number) });
    let text = case.text(&[number]);
    assert_eq!(count(&text, &["mov dword", "rbp + 0x5c"]), 1, "220 less 128: {text:?}");
}
