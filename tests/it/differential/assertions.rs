//! What selection believes of registers is true. Every program runs in an emulator that shows all registers before each
//! instruction. At the beginning of an operation they are compared with what is believed there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use asmgen::elf::Tier;
use asmgen::{Content, Known, TARGETS, Target, assemble_with_assertions};

use super::{TIME_LIMIT, for_each_seed, generate, small, write};
use crate::harness::random::Random;
use crate::harness::tool::tool;

/// Programs per run, unless the variable `PROGRAMS` says otherwise; each runs on three machines.
const PROGRAMS: u64 = 10;
/// A program has at least so many comparisons on each machine, all in all.
const LEAST_CHECKS: u64 = 100;

/// A machine as its emulator shows it.
struct Machine {
    name: &'static str,
    emulator: &'static str,
    /// Names of the registers, by their numbers.
    registers: &'static [&'static str],
    /// What is shown first, and the address of the next instruction.
    first: &'static str,
    next: &'static str,
    /// Bits of a register.
    mask: u64,
}

#[rustfmt::skip] // Registers in rows.
static MACHINES: [Machine; 3] = [
    Machine {
        name: "x86_64", emulator: "qemu-x86_64-static", first: "RAX", next: "RIP", mask: u64::MAX,
        registers: &[
            "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
            "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15",
        ],
    },
    Machine {
        name: "i386", emulator: "qemu-i386-static", first: "EAX", next: "EIP", mask: u32::MAX as u64,
        registers: &["EAX", "ECX", "EDX", "EBX", "ESP", "EBP", "ESI", "EDI"],
    },
    Machine {
        name: "aarch64", emulator: "qemu-aarch64-static", first: "PC", next: "PC", mask: u64::MAX,
        registers: &[
            "X00", "X01", "X02", "X03", "X04", "X05", "X06", "X07",
            "X08", "X09", "X10", "X11", "X12", "X13", "X14", "X15",
            "X16", "X17", "X18", "X19", "X20", "X21", "X22", "X23",
            "X24", "X25", "X26", "X27", "X28", "X29", "X30", "SP",
        ],
    },
];

/// The registers before an instruction.
#[derive(Clone, Debug, Default)]
struct State {
    at: u64,
    registers: BTreeMap<u8, u64>,
}

impl Machine {
    fn of(target: &Target) -> &'static Self {
        MACHINES.iter().find(|machine| machine.name == target.name).expect("every target is one of them")
    }

    /// Runs a file: the registers before each of its instructions.
    fn run(&self, file: &Path) -> Vec<State> {
        let help = tool(self.emulator).arg("-h").output().expect("the emulator starts").stdout;
        // The name since version 8.1.
        let new = "-one-insn-per-tb";
        let single = if String::from_utf8_lossy(&help).contains(new) { new } else { "-singlestep" };
        let log = file.with_extension("log");
        let emulator = tool(self.emulator);
        tool(TIME_LIMIT[0])
            .args(&TIME_LIMIT[1..])
            .arg(emulator.get_program())
            .args([single, "-d", "cpu,nochain", "-D"])
            .arg(&log)
            .arg(file)
            .output()
            .expect("the emulator starts");
        let text = std::fs::read_to_string(&log).expect("the emulator writes its log");
        std::fs::remove_file(&log).expect("it is there");
        self.states(&text)
    }

    /// The states in a log: `R8 =0000000000000001 R9 =…`.
    fn states(&self, log: &str) -> Vec<State> {
        let mut states: Vec<State> = Vec::new();
        for line in log.lines() {
            let line = line.replace(" =", "=");
            for (name, value) in line.split_whitespace().filter_map(|word| word.split_once('=')) {
                let number = || u64::from_str_radix(value, 16).unwrap_or_else(|_| panic!("{line}: {value}"));
                if name == self.first {
                    states.push(State::default());
                }
                let Some(state) = states.last_mut() else { continue };
                if name == self.next {
                    state.at = number();
                } else if let Some(register) = self.registers.iter().position(|register| *register == name) {
                    state.registers.insert(register as u8, number());
                }
            }
        }
        states
    }

    /// Is what is believed so?
    fn holds(&self, content: Content, register: u8, state: &State) -> bool {
        let value = |register: u8| state.registers[&register] & self.mask;
        let found = value(register);
        match content {
            Content::Number { least, most } => (least & self.mask..=most & self.mask).contains(&found),
            Content::NumberOrError { most } => found <= most || found & 1 << 31 != 0,
            Content::Above { register, bytes } => found == value(register).wrapping_add_signed(bytes) & self.mask,
            Content::Same { register, bytes } => (found ^ value(register)) << (64 - 8 * bytes) == 0,
        }
    }

    /// Compares: how often, and what is not so.
    fn compare(&self, known: &[Known], states: &[State]) -> (u64, Vec<String>) {
        let mut by_address: BTreeMap<u64, Vec<&Known>> = BTreeMap::new();
        for one in known {
            by_address.entry(one.at).or_default().push(one);
        }
        let (mut checks, mut faults, mut before) = (0, Vec::new(), None);
        for state in states {
            // An instruction that repeats itself (rep movsb) is shown before every turn.
            let is_again = before.replace(state.at) == Some(state.at);
            for one in by_address.get(&state.at).into_iter().flatten().filter(|_| !is_again) {
                checks += 1;
                if !self.holds(one.content, one.register, state) {
                    let register = self.registers[usize::from(one.register)];
                    faults
                        .push(format!("{:#x}: {register} is not {:x?}: {:x?}", state.at, one.content, state.registers));
                }
            }
        }
        (checks, faults)
    }
}

#[test]
fn what_is_believed_of_registers_is_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let checks = AtomicU64::new(0);
    let programs = for_each_seed(PROGRAMS, |seed| {
        let mut random = Random::new(seed);
        // Some that have no routines and may push their data.
        let make = if seed.is_multiple_of(3) { small::program } else { generate::program };
        let program = make(&mut random);
        for target in TARGETS {
            let (image, known) = assemble_with_assertions(&program, target, Tier::Strict).expect("it compiles");
            let file = folder.path().join(format!("{seed}-{}", target.name));
            write(&image, &file);
            let machine = Machine::of(target);
            // What it does is not compared: qemu looks at the memory first where the kernel looks at the descriptor.
            let states = machine.run(&file);
            let (done, faults) = machine.compare(&known, &states);
            checks.fetch_add(done, Ordering::Relaxed);
            assert!(
                faults.is_empty(),
                "program {seed} on {}: {} of {done} are not so:\n{}\n{program}\n{}",
                target.name,
                faults.len(),
                faults[..faults.len().min(10)].join("\n"),
                asmgen::listing::text(&image)
            );
        }
    });
    let checks = checks.into_inner();
    println!("{checks} beliefs of {programs} programs are so");
    assert!(checks >= programs * LEAST_CHECKS * TARGETS.len() as u64, "only {checks} comparisons");
}

/// Every kind of belief, once as it is and once as it is not.
#[test]
fn what_is_not_so_is_found() {
    let machine = &MACHINES[0];
    let log = "RAX=0000000000000007 RBX=00000000ffffffff RCX=0000000000010007 RDX=0000000000000000\n\
               RSP=0000004000800040 R8 =0000004000800050\nRIP=0000000000010078 RFL=00000202 [-------] CPL=3\n";
    let states = machine.states(log);
    let number = |least, most| Content::Number { least, most };
    let [rax, rcx, rdx, rbx, rsp, r8] = [0, 1, 2, 3, 4, 8];
    let error = |most| Content::NumberOrError { most };
    let above = |bytes| Content::Above { register: rsp, bytes };
    let same = |bytes| Content::Same { register: rax, bytes };
    let table = [
        (rax, number(7, 7), number(8, 8)),
        (rax, number(0, 255), number(0, 6)),
        (rcx, number(0x1_0007, 0x1_0007), number(7, 7)),
        (rbx, error(0), number(u64::MAX, u64::MAX)),
        (rdx, error(0), number(1, 1)),
        (rax, error(7), error(6)),
        (r8, above(16), above(15)),
        (rcx, same(1), same(4)),
    ];
    for (register, right, wrong) in table {
        let faults = |content| machine.compare(&[Known { at: 0x1_0078, register, content }], &states);
        assert_eq!(faults(right), (1, Vec::new()));
        assert_eq!((faults(wrong).0, faults(wrong).1.len()), (1, 1), "{wrong:?}");
    }
}
