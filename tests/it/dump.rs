//! The text form of programs, on every example: the output after any pass over operations is read back as it was.
//! Machine code is printed with the bytes that the file has.

use asmgen::elf::Tier;
use asmgen::examples::EXAMPLES;
use asmgen::op::Program;
use asmgen::{Effort, Options, Pass, TARGETS, lower};
use asmgen_arch::pass::Observer;

use crate::harness::none;

/// Reads back what passes print.
#[derive(Default)]
struct ReadBack {
    seen: Vec<Pass>,
    faults: Vec<String>,
}

impl Observer for ReadBack {
    fn wants(&self, pass: Pass) -> bool {
        pass <= Pass::Assign
    }

    fn see(&mut self, pass: Pass, text: String) {
        // What registers hold is said in comments.
        let program: String = text.split_inclusive('\n').skip_while(|line| line.starts_with('#')).collect();
        match text.parse::<Program>() {
            Ok(read) if read.to_string() == program => self.seen.push(pass),
            Ok(_) => self.faults.push(format!("{}: it is read back as another", pass.name())),
            Err(error) => self.faults.push(format!("{}: {error}", pass.name())),
        }
    }
}

#[test]
fn the_text_of_every_example_is_read_back() {
    let mut faults = Vec::new();
    for example in EXAMPLES {
        let engines = example.engines();
        for (engine, target) in engines.into_iter().flat_map(|engine| TARGETS.map(|target| (engine, target))) {
            for program in lower::lower(&example.description(engine), target, Tier::Strict) {
                let name = format!("{}, {engine:?}, {}", example.name, target.name);
                let text = program.to_string();
                if text.parse().as_ref() != Ok(&program) {
                    faults.push(format!("{name}: it is read back as another"));
                }
                let mut passes = ReadBack::default();
                // A variant that wants more registers than there are has passes up to there.
                let _ = asmgen_arch::compile_observed(target, &program, &mut passes);
                faults.extend(passes.faults.iter().map(|fault| format!("{name}, {fault}")));
                assert!(passes.seen.contains(&Pass::SplitWebs), "{name}: {:?}", passes.seen);
            }
        }
    }
    none(&faults);
}

/// The bytes in a text of machine code: its second column, in lines that are no labels.
fn bytes(text: &str) -> Vec<u8> {
    let instructions = text.lines().filter(|line| line.as_bytes().get(8..10) == Some(b"  "));
    let instructions = instructions.filter_map(|line| line.get(10..)?.split("  ").next());
    let byte = |byte: &str| u8::from_str_radix(byte, 16).expect("it is a byte");
    instructions.flat_map(|bytes| bytes.split(' ').map(byte).collect::<Vec<u8>>()).collect()
}

#[test]
fn the_last_dump_has_the_bytes_of_the_file() {
    for (example, target) in EXAMPLES.iter().flat_map(|example| TARGETS.map(|target| (example, target))) {
        let description = example.description(None);
        let options = Options::new(target).effort(Effort::Quick);
        let file = asmgen::build(&description, options).expect("it is built").bytes;
        let text = asmgen::dump(&description, options, Pass::Relax).expect("it is built");
        let (code, name) = (bytes(&text), format!("{}, {}", example.name, target.name));
        assert!(code.len() > 10, "{name}: {text}");
        assert!(file.windows(code.len()).any(|window| window == code), "{name}: the file has other bytes:\n{text}");
    }
}

/// A program that is read from its text compiles to the same file.
#[test]
fn a_text_is_compiled_to_the_same_file() {
    for target in TARGETS {
        let description =
            EXAMPLES.iter().find(|example| example.name == "greeting").expect("there is one").description(None);
        let options = Options::new(target).effort(Effort::Quick);
        let text = asmgen::dump(&description, options, Pass::Lower).expect("it is built");
        let program: Program = text.parse().expect("it is read back");
        let again = asmgen::assemble(&program, options).expect("it is built").bytes;
        assert!(again == asmgen::build(&description, options).expect("it is built").bytes, "{}", target.name);
    }
}
