//! What once made wrong programs.

use super::{BASE, Case, target};
use crate::choice::{ChoicePoint, Decisions, ORDER, Tuning, ZEROS};
use crate::disasm;
use crate::golf::groups::{DependenceGroup, dependence_groups};
use crate::ir::op::{BinOp, Cond, Kind, Op, Operand, Part, Program};
use crate::ir::syscall::Call;

/// The groups of a program with a routine that changes a number; what comes back is compared with 0.
fn of_sub(machine: &str) -> Vec<DependenceGroup> {
    let mut program = Program::default();
    let number = program.slot("number", Kind::Int);
    let [routine, end] = ["routine", "end"].map(|name| program.label(name));
    program.call(Call::Getpid, &[], Some(number), "");
    for _ in 0..2 {
        program.push(Op::CallRoutine(routine), "");
        program.push(Op::Branch { left: number, cond: Cond::Eq, right: Operand::Const(0), to: end }, "");
    }
    program.place(end);
    program.call(Call::Exit, &[Operand::Slot(number)], None, "");
    program.routine(routine);
    program.call(Call::Getpid, &[], None, "");
    program.push(Op::Binary { operator: BinOp::Sub, to: number, value: Operand::Const(3) }, "");
    program.push(Op::ReturnFrom { from: routine }, "");
    let code = crate::compile(target(machine), &program).expect("it compiles");
    dependence_groups(&code, &vec![1; code.units.len()], BASE, None).expect("it can be encoded")
}

#[test]
fn nothing_changes_places_with_the_end_of_a_subroutine() {
    for machine in ["x86_64", "i386", "aarch64"] {
        let all = of_sub(machine);
        let last = all.last().expect("there is a group");
        assert_eq!(last.insts.len(), 1, "{machine}");
        assert!(!last.insts[0].falls_through, "{machine}");
    }
}

#[test]
fn flags_are_wanted_behind_a_subroutine() {
    for machine in ["x86_64", "i386"] {
        let all = of_sub(machine);
        let last = all.last().expect("there is a group");
        assert!(last.insts[0].flags_wanted, "{machine}: it is compared nowhere else");
    }
}

/// Where addresses have more than 32 bits.
const HIGH: u64 = 0x5_0000_0000;

/// A text, which is pushed nowhere.
fn text(program: &mut Program) -> Operand {
    Operand::Data(program.datum("text", vec![Part::Bytes((b'A'..=b'Z').collect())], 0))
}

/// What is selected with one answer that is not the usual one.
fn tuned(machine: &str, program: &Program, decision: (ChoicePoint, usize)) -> Vec<String> {
    let tuning = Tuning::golf(u64::from(crate::LOWEST_ADDRESS), Decisions::from([decision]), Vec::new());
    let mut code = crate::compile_tuned(target(machine), program, &tuning).expect("it compiles");
    let placed = code.place(BASE, &|_, end| end).expect("it can be placed");
    let bytes: Vec<u8> = placed.instructions.into_iter().flat_map(|one| one.bytes).collect();
    disasm::decode_all(target(machine), &bytes)
}

#[test]
fn an_address_is_copied_whole() {
    let mut program = Program::default();
    let text = text(&mut program);
    program.call(Call::Nanosleep, &[text, text], None, "");
    program.call(Call::Exit, &[Operand::Any], None, "");
    let mut case = Case::of_program("x86_64", program);
    let copies = |case: &Case| case.text().into_iter().filter(|line| line.starts_with("mov r")).collect::<Vec<_>>();
    assert_eq!(copies(&case), [""; 0]);
    case.template.base = HIGH;
    assert_eq!(copies(&case).len(), 1);
}

#[test]
fn an_exchange_leaves_no_whole_address() {
    let mut program = Program { cannot_fail: vec![Call::Nanosleep], frame_bytes: 4, ..Program::default() };
    let text = text(&mut program);
    program.call(Call::Nanosleep, &[text, Operand::Any], None, "");
    program.call(Call::Write, &[Operand::Const(0), text, Operand::Any], None, "");
    program.call(Call::Exit, &[Operand::Any], None, "");
    // Of the number, the 0 and the address, the 0 comes first.
    let text = tuned("x86_64", &program, ((1, ORDER + 3), 1));
    assert!(text.contains(&"xchg eax, edi".to_owned()), "{text:?}");
    assert!(!text.contains(&"mov esi, eax".to_owned()), "{text:?}");
}

#[test]
fn zeros_are_not_between_a_program_and_its_arguments() {
    let mut program = Program::default();
    let arguments = program.slot("arguments", Kind::Pointer);
    program.call(Call::Close, &[Operand::Const(5)], None, "");
    program.push(Op::Set { to: arguments, value: Operand::Entry }, "");
    program.call(Call::Write, &[Operand::Const(0), Operand::Slot(arguments), Operand::Const(0)], None, "");
    program.call(Call::Exit, &[Operand::Const(0)], None, "");
    for machine in ["x86_64", "i386"] {
        let text = tuned(machine, &program, ((0, ZEROS), 1));
        assert!(!text.iter().any(|line| line.starts_with("push") && line.ends_with("ax")), "{machine}: {text:?}");
    }
}
