//! Tests of selection: which operations become one instruction or none, and where they must not.

use crate::ir::op::{Base, BinOp, Cond, Kind, Mem, Op, Operand, Part, Program, Slot, Width};
use crate::ir::syscall::Call;
use crate::{Target, disasm};

/// A program with two unknown numbers and operations on them. All results are used at the end.
struct Case {
    program: Program,
    one: Slot,
    other: Slot,
}

impl Case {
    fn new() -> Self {
        let mut program = Program { frame_bytes: 64, word_bytes: 16, state_bytes: 4096, ..Program::default() };
        let [one, other] = ["one", "other"].map(|name| program.slot(name, Kind::Int));
        program.call(Call::Getpid, &[], Some(one), "one");
        program.call(Call::Getpid, &[], Some(other), "other");
        Self { program, one, other }
    }

    fn slot(&mut self) -> Slot {
        self.program.slot("another", Kind::Int)
    }

    fn push(&mut self, op: Op) {
        self.program.push(op, "");
    }

    fn alu(&mut self, operator: BinOp, to: Slot, value: Operand) {
        self.push(Op::Binary { operator, to, value });
    }

    /// Goes on elsewhere on a condition.
    fn branch(&mut self, left: Slot, cond: Cond, right: Operand) {
        let end = self.program.labels.len();
        let to = if end == 0 { self.program.label("end") } else { crate::ir::op::Label(0) };
        self.push(Op::Branch { left, cond, right, to });
    }

    /// The code's instructions; these slots are wanted at the end.
    fn text(mut self, machine: &str, wanted: &[Slot]) -> Vec<String> {
        let args: Vec<Operand> = wanted.iter().copied().map(Operand::Slot).collect();
        self.program.call(Call::Prctl, &args, None, "");
        if !self.program.labels.is_empty() {
            self.program.place(crate::ir::op::Label(0));
        }
        self.program.call(Call::Exit, &[Operand::Const(0)], None, "");
        text(&self.program, machine)
    }
}

/// A program's instructions on a machine.
pub(crate) fn text(program: &Program, machine: &str) -> Vec<String> {
    let target = Target::by_name(machine).expect("it is one of them");
    let mut code = crate::compile(target, program).expect("it compiles");
    let placed = code.place(0x1_0078, &|_, _| 0x2_0000).expect("it can be placed");
    let bytes: Vec<u8> = placed.instructions.into_iter().flat_map(|one| one.bytes).collect();
    disasm::decode_all(target, &bytes)
}

pub(crate) fn frame(offset: i32) -> Mem {
    Mem { base: Base::Frame, offset }
}

/// How many instructions have these words in them?
pub(crate) fn count(text: &[String], words: &[&str]) -> usize {
    text.iter().filter(|line| words.iter().all(|word| line.contains(word))).count()
}

const X86: [&str; 2] = ["x86_64", "i386"];

#[test]
fn x86_takes_an_address_that_one_operation_wants_in_its_instruction() {
    for machine in X86 {
        for again in [false, true] {
            let mut case = Case::new();
            let (one, other, address) = (case.one, case.other, case.slot());
            case.push(Op::Set { to: address, value: Operand::State(0) });
            case.alu(BinOp::Add, one, Operand::Slot(address));
            if again {
                case.alu(BinOp::Xor, other, Operand::Slot(address));
            }
            let text = case.text(machine, &[one, other]);
            assert_eq!(count(&text, &["add", "0x20000"]), usize::from(!again), "{machine}: {text:?}");
            assert_eq!(count(&text, &["mov", "0x20000"]), usize::from(again), "{machine}: {text:?}");
        }
        let mut case = Case::new();
        let (one, other, address) = (case.one, case.other, case.slot());
        case.push(Op::Set { to: address, value: Operand::State(0) });
        let base = Base::Sum(address, one);
        case.push(Op::Load { to: other, width: Width::Byte, from: Mem { base, offset: 3 } });
        let text = case.text(machine, &[one, other]);
        assert_eq!(count(&text, &["movzx", "0x20003"]), 1, "{machine}: {text:?}");
    }
}

#[test]
fn x86_changes_the_byte_that_the_bits_are_in() {
    for machine in X86 {
        let bits = |value: i64| {
            let mut case = Case::new();
            let one = case.one;
            case.alu(BinOp::Or, one, Operand::Const(value));
            case.text(machine, &[one])
        };
        assert_eq!(count(&bits(0x1234), &["or", "0x1234"]), 1, "not one byte");
        for text in [bits(0x900), bits(0x100)] {
            assert_eq!(count(&text, &["or", "0x900"]) + count(&text, &["or", "0x100"]), 0, "{machine}: {text:?}");
        }
        let mut case = Case::new();
        let one = case.one;
        let fetched = case.slot();
        case.push(Op::Store { width: Width::Four, to: frame(32), value: Operand::Slot(one) });
        case.push(Op::Load { to: fetched, width: Width::Four, from: frame(32) });
        case.alu(BinOp::Or, fetched, Operand::Const(0x900));
        case.push(Op::Store { width: Width::Four, to: frame(32), value: Operand::Slot(fetched) });
        let text = case.text(machine, &[one]);
        assert_eq!(count(&text, &["or byte", "0x21", "0x9"]), 1, "{machine}: {text:?}");
    }
}

#[test]
fn x86_clears_nothing_above_a_byte_that_is_compared_alone() {
    for machine in X86 {
        for more in [false, true] {
            let mut case = Case::new();
            let (one, byte) = (case.one, case.slot());
            let from = Mem { base: Base::Slot(one), offset: 0 };
            case.push(Op::Load { to: byte, width: Width::Byte, from });
            case.alu(BinOp::Sub, byte, Operand::Const(0x30));
            case.branch(byte, Cond::Above, Operand::Const(9));
            case.branch(byte, Cond::Eq, Operand::Const(if more { 255 } else { 1 }));
            let text = case.text(machine, &[one]);
            assert_eq!(count(&text, &["movzx"]), usize::from(more), "{machine}: 255 would be −1: {text:?}");
        }
        let mut case = Case::new();
        let (one, byte) = (case.one, case.slot());
        case.push(Op::Load { to: byte, width: Width::Byte, from: Mem { base: Base::Slot(one), offset: 0 } });
        let text = case.text(machine, &[one, byte]);
        assert_eq!(count(&text, &["movzx"]), 1, "{machine}: the kernel looks at all of it: {text:?}");
    }
}

#[test]
fn a_word_of_the_frame_that_a_register_holds_is_not_loaded() {
    for machine in ["x86_64", "i386", "aarch64"] {
        for changed in [false, true] {
            let mut case = Case::new();
            let (one, other, again) = (case.one, case.other, case.slot());
            case.push(Op::Store { width: Width::Four, to: frame(4), value: Operand::Slot(one) });
            if changed {
                case.push(Op::Store { width: Width::Four, to: frame(4), value: Operand::Const(7000) });
            }
            case.push(Op::Load { to: again, width: Width::Four, from: frame(4) });
            case.alu(BinOp::Add, again, Operand::Slot(other));
            let text = case.text(machine, &[one, again]);
            let loads = text.iter().filter(|line| {
                let memory = line.find('[').unwrap_or(usize::MAX);
                line.contains("sp + 0x4]") && memory > 12 || line.contains("ldur") && line.contains("[sp, #0x4]")
            });
            assert_eq!(loads.count(), usize::from(changed), "{machine}: {text:?}");
        }
    }
}

#[test]
fn what_a_branch_tells_is_known() {
    for machine in X86 {
        for cond in [Cond::Ne, Cond::Lt] {
            let mut case = Case::new();
            let one = case.one;
            case.branch(one, cond, Operand::Const(3));
            case.push(Op::Set { to: one, value: Operand::Const(3) });
            let text = case.text(machine, &[one]);
            let is_set = text.iter().any(|line| line.ends_with("0x3") && !line.starts_with("cmp"));
            assert_eq!(is_set, cond == Cond::Lt, "{machine}: {text:?}");
        }
    }
}

#[test]
fn aarch64_shifts_and_multiplies_what_it_adds() {
    for wanted in [false, true] {
        let product = |operator: BinOp, by: i64| {
            let mut case = Case::new();
            let (one, other) = (case.one, case.other);
            case.alu(operator, one, Operand::Const(by));
            case.alu(BinOp::Add, other, Operand::Slot(one));
            let slots = if wanted { [other, one] } else { [other, other] };
            case.text("aarch64", &slots)
        };
        let (shifted, summed) = (product(BinOp::Shl, 4), product(BinOp::Mul, 100));
        assert_eq!(count(&shifted, &["add", "lsl #4"]), usize::from(!wanted), "{shifted:?}");
        assert_eq!(count(&summed, &["madd"]), usize::from(!wanted), "{summed:?}");
    }
}

#[test]
fn aarch64_compares_on_a_condition_where_both_go_to_one_place() {
    for (first, second, together) in [(5, 7, 1), (5, -7, 1), (5, 32, 0), (5, 0, 0), (0, 5, 0)] {
        let mut case = Case::new();
        let one = case.one;
        case.branch(one, Cond::Eq, Operand::Const(first));
        case.branch(one, Cond::Eq, Operand::Const(second));
        let text = case.text("aarch64", &[one]);
        assert_eq!(count(&text, &["ccm"]), together, "{first} {second}: {text:?}");
        assert_eq!(count(&text, &["b.eq"]) + count(&text, &["cbz"]), 2 - together, "{text:?}");
    }
}

#[test]
fn aarch64_accesses_neighbours_at_once() {
    for (second, together) in [(36, 1), (28, 1), (40, 0), (34, 0)] {
        let mut case = Case::new();
        let (one, other) = (case.one, case.other);
        case.push(Op::Store { width: Width::Four, to: frame(32), value: Operand::Slot(one) });
        case.push(Op::Store { width: Width::Four, to: frame(second), value: Operand::Slot(other) });
        case.push(Op::Load { to: one, width: Width::Four, from: frame(32) });
        case.push(Op::Load { to: other, width: Width::Four, from: frame(second) });
        let text = case.text("aarch64", &[one, other]);
        assert_eq!((count(&text, &["ldp"]), count(&text, &["stp"])), (together, together), "{text:?}");
    }
}

#[test]
fn data_that_a_slot_leads_to_later_are_in_the_file() {
    for machine in X86 {
        let mut case = Case::new();
        let data = case.program.datum("data", vec![Part::Bytes(vec![1, 0, 0, 0])], 0);
        let [address, loaded] = [Kind::Pointer, Kind::Int].map(|kind| case.program.slot("another", kind));
        let args = [Operand::Const(3), Operand::Const(1), Operand::Const(2), Operand::Data(data), Operand::Const(4)];
        case.program.call(Call::Setsockopt, &args, None, "");
        let needs = |program: &Program| {
            let target = Target::by_name(machine).expect("it is one of them");
            crate::compile(target, program).expect("it compiles").needs(data)
        };
        assert!(!needs(&case.program), "it is pushed");
        let next = case.program.label("next");
        case.program.place(next);
        case.push(Op::Set { to: address, value: Operand::Data(data) });
        case.push(Op::Load { to: loaded, width: Width::Byte, from: Mem { base: Base::Slot(address), offset: 0 } });
        case.program.call(Call::Exit, &[Operand::Slot(loaded)], None, "");
        assert!(needs(&case.program), "an instruction takes its address");
    }
}

/// Every argument that the kernel looks at is in its register. On i386 the sixth is in the frame's register, which gets
/// its own value back.
#[test]
fn calls_pass_all_their_arguments() {
    for (target, has_routine) in crate::TARGETS.into_iter().flat_map(|target| [(target, false), (target, true)]) {
        for info in crate::ir::syscall::CALLS.iter().filter(|info| !info.call.is_numbered()) {
            let numbers: Vec<i64> = (1..=info.args.len() as i64).map(|number| 0x1000 * number + 0x123).collect();
            let args: Vec<Operand> = numbers.iter().copied().map(Operand::Const).collect();
            let mut program = Program::default();
            let routine = program.label("routine");
            if has_routine {
                program.push(Op::CallRoutine(routine), "");
                program.push(Op::CallRoutine(routine), "");
            }
            program.call(info.call, &args, None, "");
            program.call(Call::Exit, &[Operand::Any], None, "");
            if has_routine {
                program.routine(routine);
                program.call(Call::Getpid, &[], None, "");
                program.push(Op::ReturnFrom { from: routine }, "");
            }
            let text = text(&program, target.name);
            let is_saved = count(&text, &["push", "ebp"]) > 0 && count(&text, &["pop", "ebp"]) > 0;
            let is_overwritten =
                has_routine && target.name == "i386" && numbers.len() == 6 && info.call != Call::EpollWait;
            assert_eq!(is_saved, is_overwritten, "{} on {}: {text:?}", info.name, target.name);
            for (number, name) in numbers.iter().zip(info.args) {
                // Calls that share their rows with `accept4`, `epoll_pwait` and `ppoll`, but have fewer arguments.
                let wanted = match info.call {
                    Call::Accept => target.name == "i386" || *name != "flags",
                    Call::EpollWait | Call::Poll => target.name == "aarch64" || !name.starts_with("sig"),
                    _ => true,
                };
                let found = count(&text, &[&format!("{number:#x}")]);
                assert_eq!(found, usize::from(wanted), "{} {name} on {}: {text:?}", info.name, target.name);
            }
        }
    }
}

/// Without an address the length is a number that every kernel takes: it is not negative, whatever the register held
/// before.
#[test]
fn no_address_has_no_negative_length() {
    for (machine, length) in [("x86_64", "r9d"), ("i386", "ebp"), ("aarch64", "5")] {
        let case = |before: i64| {
            let mut case = Case::new();
            let before = [0, 0, 0, 0, 1, before].map(Operand::Const);
            case.program.call(Call::Recvfrom, &before, None, "");
            let args = [
                Operand::Slot(case.one),
                Operand::State(0),
                Operand::Const(9),
                Operand::Const(0),
                Operand::Const(0),
                Operand::NotNegative,
            ];
            case.program.call(Call::Sendto, &args, None, "");
            count(&case.text(machine, &[]), &[length])
        };
        assert!(case(-7) > case(7), "{machine}: it has to be set anew");
    }
}

/// A program that reads the stack at entry has a frame of its own below it. An inlined routine is no other reason for a
/// frame.
#[test]
fn a_frame_leaves_the_entry_alone_that_is_read() {
    for machine in ["x86_64", "i386", "aarch64"] {
        for (asks, called) in [(true, false), (true, true), (false, false)] {
            let mut case = Case::new();
            let (one, entry) = (case.one, case.program.slot("entry", Kind::Pointer));
            case.push(Op::Store { width: Width::Four, to: frame(32), value: Operand::Slot(one) });
            if asks {
                case.push(Op::Set { to: entry, value: Operand::Entry });
                let from = Mem { base: Base::Slot(entry), offset: 0 };
                case.push(Op::Load { to: one, width: Width::Four, from });
            }
            let routine = case.program.label("routine");
            if called {
                case.push(Op::CallRoutine(routine));
            }
            case.program.call(Call::Prctl, &[Operand::Slot(one)], None, "");
            case.program.call(Call::Exit, &[Operand::Const(0)], None, "");
            if called {
                case.program.routine(routine);
                case.push(Op::ReturnFrom { from: routine });
            }
            let text = text(&case.program, machine);
            let room = count(&text, &["sub", "sp, ", "40"]);
            assert_eq!(room, usize::from(asks), "{machine}: {text:?}");
            let reads = count(&text, &["sp + 0x40"]) + count(&text, &["sp, #0x40"]);
            assert_eq!(reads > 0, asks, "{machine}: {text:?}");
        }
    }
}

/// With a frame in the state only the stack pointer tells where the arguments are, and a routine's return address lies
/// below them.
#[test]
fn routines_cannot_ask_for_the_entry_if_the_frame_is_in_the_state() {
    for (target, in_routine) in crate::TARGETS.into_iter().flat_map(|target| [(target, false), (target, true)]) {
        let mut program = Program { frame_bytes: 64, state_bytes: 4096, frame_at: Some(1024), ..Program::default() };
        let entry = program.slot("entry", Kind::Pointer);
        let routine = program.label("look");
        let ask = Op::Set { to: entry, value: Operand::Entry };
        if !in_routine {
            program.push(ask.clone(), "");
        }
        program.push(Op::CallRoutine(routine), "");
        program.push(Op::CallRoutine(routine), "");
        program.call(Call::Exit, &[Operand::Slot(entry)], None, "");
        program.routine(routine);
        if in_routine {
            program.push(ask, "");
        }
        program.call(Call::Close, &[Operand::Slot(entry)], None, "");
        program.push(Op::ReturnFrom { from: routine }, "");
        let error = crate::compile(target, &program).err();
        let expected = in_routine.then(|| crate::CompileError::EntryInRoutine { routine: "look".into() });
        assert_eq!(error, expected, "{}", target.name);
    }
}

/// A register leads to a frame in the state, whether there are routines, one that is inlined, or none.
#[test]
fn a_frame_in_the_state_needs_no_routine() {
    for (target, calls) in crate::TARGETS.into_iter().flat_map(|target| [(target, 0), (target, 1), (target, 2)]) {
        let mut program = Program { frame_bytes: 64, state_bytes: 4096, frame_at: Some(1024), ..Program::default() };
        let [slot, loaded] = ["slot", "loaded"].map(|name| program.slot(name, Kind::Int));
        let routine = program.label("routine");
        program.call(Call::Getpid, &[], Some(slot), "");
        program.push(Op::Store { width: Width::Four, to: frame(32), value: Operand::Slot(slot) }, "");
        (0..calls).for_each(|_| program.push(Op::CallRoutine(routine), ""));
        program.push(Op::Load { to: loaded, width: Width::Two, from: frame(32) }, "");
        program.call(Call::Exit, &[Operand::Slot(loaded)], None, "");
        if calls > 0 {
            program.routine(routine);
            program.call(Call::Getppid, &[], None, "");
            program.push(Op::ReturnFrom { from: routine }, "");
        }
        let text = text(&program, target.name);
        let stack = count(&text, &["[rsp"]) + count(&text, &["[esp"]) + count(&text, &["[sp"]);
        assert_eq!(stack, 0, "{} {calls}: {text:?}", target.name);
        let accesses = count(&text, &["bp"]) + count(&text, &["x29"]);
        assert!(accesses > 1, "{} {calls}: {text:?}", target.name);
    }
}
