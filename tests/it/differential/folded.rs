//! Random programs of which some steps are bytecode do what the same programs do without: subroutines as a whole, and
//! runs of other steps, wherever they begin and end.

use asmgen::bytecode;
use asmgen::elf::Tier;
use asmgen::op::{Alu, Arg, Base, Kind, Mem, Op, Program, Width};
use asmgen::syscall::Call;
use asmgen::{Options, TARGETS, assemble};

use super::generate::{self, USED_BYTES};
use super::{for_each_seed, interpret, write};
use crate::harness::random::Random;
use crate::harness::tool::Variant;

/// Programs per run.
const PROGRAMS: u64 = 60;
/// Bytes at the frame's beginning for cells.
const CELLS_BYTES: u32 = 160;
/// Where the frame lies in the state: behind what programs use of it, and what lies below a frame.
const FRAME_AT: u32 = USED_BYTES + 512;

/// The program with its frame in the state, room for cells in it, and nothing that bytecode does not have.
fn with_frame_in_state(mut program: Program) -> Program {
    for step in &mut program.steps {
        move_frame(&mut step.op);
        if let Op::Alu { alu: alu @ (Alu::Xor | Alu::Shr), .. } = &mut step.op {
            *alu = if *alu == Alu::Xor { Alu::Or } else { Alu::Shl };
        }
        // An address of the stack has no room in a cell.
        if let Op::Set { value: value @ Arg::Entry, .. } = &mut step.op {
            *value = Arg::State(0);
        }
        if let Op::Load { width: width @ Width::Word, .. } | Op::Store { width: width @ Width::Word, .. } = &mut step.op {
            *width = Width::Four;
        }
        if let Op::Push { value: to } | Op::Pop { to } = step.op {
            step.op = Op::Alu { alu: Alu::Add, to, value: Arg::Const(1) };
        }
        // Six arguments are more than bytecode gives to a call.
        if let Op::Call { call: call @ Call::Sendto, args, .. } = &mut step.op {
            *call = Call::Close;
            args.truncate(1);
        }
        if let Op::Divide { by, .. } = &mut step.op
            && !matches!(by, Arg::Const(1..=255))
        {
            *by = Arg::Const(7);
        }
    }
    program.slots.iter_mut().for_each(|slot| slot.kind = Kind::Int);
    program.word_bytes = CELLS_BYTES;
    program.frame_bytes += CELLS_BYTES;
    program.frame_at = Some(FRAME_AT);
    program.state_bytes = FRAME_AT + program.frame_bytes;
    program
}

/// Everything in the frame stands behind the cells.
fn move_frame(op: &mut Op) {
    let up = |mem: &mut Mem| {
        if mem.base == Base::Frame {
            mem.offset += CELLS_BYTES as i32;
        }
    };
    let address = |arg: &mut Arg| {
        if let Arg::Frame(offset) = arg {
            *offset += CELLS_BYTES;
        }
    };
    match op {
        Op::Load { from: mem, .. }
        | Op::Store { to: mem, .. }
        | Op::StoreBytes { to: mem, .. }
        | Op::BranchBytes { at: mem, .. }
        | Op::Match { at: mem, .. } => up(mem),
        Op::Set { value, .. } => address(value),
        Op::Call { args, .. } => args.iter_mut().for_each(address),
        _ => {}
    }
}

/// Which steps are cold: about half of the subroutines, and runs of the others.
fn cold(program: &Program, random: &mut Random) -> Vec<bool> {
    let mut cold = vec![false];
    let (mut is_cold, mut is_sub) = (false, false);
    for step in &program.steps[1..] {
        if matches!(step.op, Op::Sub(_)) {
            is_sub = true;
            is_cold = random.below(2) == 0;
        } else if !is_sub && random.below(12) == 0 {
            is_cold = !is_cold;
        }
        cold.push(is_cold);
    }
    cold
}

#[test]
fn bytecode_does_what_the_operations_say() {
    let folder = tempfile::tempdir().expect("a folder");
    for_each_seed(PROGRAMS, |seed| {
        let mut random = Random::new(seed);
        let program = with_frame_in_state(generate::program(&mut random));
        let mut cold = cold(&program, &mut random);
        if let (Ok(a), Ok(b)) = (std::env::var("CA"), std::env::var("CB")) {
            let (a, b): (usize, usize) = (a.parse().unwrap(), b.parse().unwrap());
            for (at, c) in cold.iter_mut().enumerate() { if at < a || at >= b { *c = false; } }
        }
        if std::env::var("SHOW").is_ok() { for (at, step) in program.steps.iter().enumerate() { eprintln!("{at} {} {:?}", if cold[at] {'c'} else {' '}, step.op); } }
        let expected = interpret::run(&program);
        for target in TARGETS {
            let folded = bytecode::fold(&program, &cold, target.machine);
            let options = Options { target, tier: Tier::Strict, effort: asmgen::Effort::Quick, without: None };
            let image =
                assemble(&folded, options).unwrap_or_else(|error| panic!("program {seed} on {}: {error}", target.name));
            let file = folder.path().join(format!("{seed}-{}", target.name));
            write(&image, &file);
            let variant = Variant { target: target.name, ..Variant::native(&file) };
            let ran = variant.run(&file).output();
            let ran = ran.unwrap_or_else(|error| panic!("program {seed} on {}: {error}", target.name));
            let found = (ran.stdout, ran.status.code());
            let wanted = (expected.output.clone(), Some(expected.status));
            assert!(
                found == wanted,
                "program {seed} on {}:\nfound  {found:02x?}\nwanted {wanted:02x?}\n{}",
                target.name,
                asmgen::listing::text(&image)
            );
        }
    });
}
