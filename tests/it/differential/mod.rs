//! Random lowered programs do on every machine what a plain interpreter of the operations does: the same output, the
//! same exit code. What the selection believes of registers, where slots live and what was spilled is all in that.
//! Files that were searched for do what plain ones do (`searched.rs`). `make test` runs some programs,
//! `make differential` a thousand, or as many as `PROGRAMS` says, beginning with the seed `SEED`.

mod assertions;
mod generate;
mod interpret;
mod operations;
mod searched;
mod small;
mod trace;

use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use asmgen::elf::Tier;
use asmgen::{Options, TARGETS, assemble};

use crate::harness::images::write;
use crate::harness::random::Random;
use crate::harness::tool::Variant;

/// Programs per run, unless the variable `PROGRAMS` says otherwise; each runs on three machines.
const PROGRAMS: u64 = 200;

/// What ends a program that does not end by itself: a loop that was compiled wrong fails with its seed.
const TIME_LIMIT: [&str; 4] = ["timeout", "--signal=KILL", "--foreground", "20"];

/// Does this with every seed from 1 up, or from that of the variable `SEED`, on all cores. So many if the variable
/// `PROGRAMS` does not say otherwise. Fails behind the last one with the seeds it panicked with. Returns how many there
/// were.
fn for_each_seed(usual: u64, work: impl Fn(u64) + Sync) -> u64 {
    let number = |name: &str, usual| {
        let text = std::env::var(name);
        text.map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
    };
    let (first, programs) = (number("SEED", 1), number("PROGRAMS", usual));
    let (next, faulty) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    let worker = || {
        let seeds = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        for seed in seeds.take_while(|seed| *seed < first + programs) {
            if panic::catch_unwind(AssertUnwindSafe(|| work(seed))).is_err() {
                faulty.lock().expect("nobody panics with it").push(seed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(worker);
        }
    });
    let faulty = faulty.into_inner().expect("nobody panics with it");
    assert!(faulty.is_empty(), "programs with these seeds: {faulty:?}");
    programs
}

#[test]
fn every_machine_does_what_the_operations_say() {
    let folder = tempfile::tempdir().expect("a folder");
    for_each_seed(PROGRAMS, |seed| {
        let mut random = Random::new(seed);
        let program = generate::program(&mut random);
        let expected = interpret::run(&program);
        for (number, target) in TARGETS.into_iter().enumerate() {
            let tier = if (seed + number as u64).is_multiple_of(2) { Tier::Strict } else { Tier::Portable };
            let image = assemble(&program, Options::new(target).tier(tier))
                .unwrap_or_else(|error| panic!("program {seed} on {}: {error}", target.name));
            let file = folder.path().join(format!("{seed}-{}", target.name));
            write(&image, &file);
            let variant = Variant { target: target.name, ..Variant::native(&file) };
            let ran = variant.run_under(&TIME_LIMIT, &file).output();
            let ran = ran.unwrap_or_else(|error| panic!("program {seed} on {}: {error}", target.name));
            let found = (ran.stdout, ran.status.code());
            let wanted = (expected.output.clone(), Some(expected.status));
            assert!(
                found == wanted,
                "program {seed} on {} ({tier}):\nfound  {found:02x?}\nwanted {wanted:02x?}\n{program}\n{}",
                target.name,
                asmgen::listing::text(&image)
            );
        }
    });
}
