//! Random programs through the compiler and back. An independent decoder decodes every placed instruction to exactly
//! its own bytes. The decoded instructions do to the registers what the program says.

mod machine;
mod programs;

use asmgen_arch::op::{Operand, Program};
use asmgen_arch::syscall::Call;
use asmgen_arch::{CompileError, Place, PlacedCode, TARGETS, Target, compile, disasm};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

/// Where programs are placed: a multiple of 64 KiB, after a header.
const ORIGIN: u64 = 0x1_0078;

/// Compiles and places a program. Its data stand after the code, 64 bytes each, and its state is far away.
fn place(target: &Target, program: &Program) -> Result<PlacedCode, CompileError> {
    compile(target, program)?.place(ORIGIN, &|place, end| match place {
        Place::Datum(datum) => end + 64 * u64::from(datum.0),
        Place::Image => ORIGIN & !0xffff,
        Place::State(offset) => ORIGIN + 0x20_0000 + u64::from(offset),
    })
}

/// The texts of all instructions, each of exactly its own length.
fn texts(target: &Target, code: &PlacedCode) -> Vec<String> {
    let mut texts = Vec::new();
    let mut end = ORIGIN;
    for placed in &code.instructions {
        assert_eq!(placed.at, end, "{}: a gap before `{}`", target.name, placed.why);
        let mut rest = placed.bytes.as_slice();
        while !rest.is_empty() {
            let line = disasm::decode(target, rest);
            let line = line.unwrap_or_else(|| panic!("{}: {:02x?} is no instruction", target.name, placed.bytes));
            assert!((1..=rest.len()).contains(&line.len), "{}: {:02x?} is {line:?}", target.name, placed.bytes);
            rest = &rest[line.len..];
            texts.push(line.text);
        }
        end += placed.bytes.len() as u64;
    }
    assert_eq!(code.end, end, "{}: the end is elsewhere", target.name);
    texts
}

/// The same programs on every machine and every run.
fn config() -> Config {
    Config { cases: 256, rng_seed: RngSeed::Fixed(0x00a5_93e2), failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    /// Whatever operations follow each other.
    #[test]
    fn every_instruction_decodes_to_its_own_length(program in programs::program()) {
        for target in TARGETS {
            match place(target, &program) {
                Ok(code) => drop(texts(target, &code)),
                Err(CompileError::OutOfRegisters { .. }) => {}
                Err(error) => prop_assert!(false, "{}: {error}", target.name),
            }
        }
    }

    /// A program that is printed is read back as it was, whatever things are called.
    #[test]
    fn text_is_read_back(mut program in programs::program(), names in prop::collection::vec(any::<String>(), 1..9)) {
        let mut names = names.into_iter().cycle();
        let mut name = || names.next().expect("there is always another");
        program.slots.iter_mut().for_each(|slot| slot.name = name().into());
        program.labels.iter_mut().for_each(|label| *label = name());
        program.data_mut().iter_mut().for_each(|datum| datum.name = name());
        program.insts.iter_mut().for_each(|inst| inst.why = name());
        let text = program.to_string();
        prop_assert_eq!(text.parse(), Ok(program), "{}", text);
    }

    /// The same program gives the same bytes.
    #[test]
    fn compiling_again_changes_nothing(program in programs::program()) {
        for target in TARGETS {
            prop_assert_eq!(place(target, &program), place(target, &program));
        }
    }

    /// Whatever is known of the registers before: each call finds the constants that it was given.
    #[test]
    fn calls_find_their_constants(arguments in prop::collection::vec(programs::constants(), 1..6)) {
        let mut program = Program::default();
        for values in &arguments {
            let args: Vec<Operand> = values.iter().map(|&value| Operand::Const(value)).collect();
            program.call(Call::Recvfrom, &args, None, "a call");
        }
        for target in TARGETS {
            let code = place(target, &program).unwrap();
            let texts = texts(target, &code);
            let calls = machine::calls(target, &texts);
            prop_assert_eq!(calls.len(), arguments.len(), "{}: {:?}", target.name, texts);
            for (call, values) in calls.iter().zip(&arguments) {
                let number = u64::from(Call::Recvfrom.info().number(target.machine));
                prop_assert_eq!(call.number, number, "{}: {:?}", target.name, &texts);
                for (found, &value) in call.args.iter().zip(values) {
                    // Arguments of these calls are ints: the kernel looks at the lower 32 bits.
                    let is_it = found.is_some_and(|found| found as u32 == value as u32);
                    prop_assert!(is_it, "{}: {:x?} in place of {value:#x}: {:?}", target.name, found, &texts);
                }
            }
        }
    }
}
