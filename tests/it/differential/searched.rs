//! Golfed random programs do what their plain layout does: the same output, the same exit code, the same system calls
//! with the same arguments and results.

use std::sync::atomic::{AtomicU64, Ordering};

use asmgen::elf::Tier;
use asmgen::op::Program;
use asmgen::{Effort, Image, Options, TARGETS, Target, assemble};

use super::{for_each_seed, interpret, small, trace, write};
use crate::harness::random::Random;

/// Programs per run, unless the variable `PROGRAMS` says otherwise; each is searched for three machines.
const PROGRAMS: u64 = 4;

/// The layout to search: the smallest that runs here. The emulator takes no file that only the kernel takes.
fn tier(target: &Target) -> Tier {
    if target.name == "aarch64" { Tier::Portable } else { Tier::Linux }
}

fn build(program: &Program, target: &'static Target, tier: Tier, effort: Effort) -> Image {
    assemble(program, Options::new(target).tier(tier).effort(effort))
        .unwrap_or_else(|error| panic!("{} {tier}: {error}\n{program}", target.name))
}

#[test]
fn what_is_searched_does_what_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let smaller = TARGETS.map(|_| AtomicU64::new(0));
    let programs = for_each_seed(PROGRAMS, |seed| {
        let program = small::program(&mut Random::new(seed));
        let expected = interpret::run(&program);
        for (target, smaller) in TARGETS.into_iter().zip(&smaller) {
            let tier = tier(target);
            let searched = build(&program, target, tier, Effort::Default);
            let plain_bytes = build(&program, target, tier, Effort::Quick).bytes.len();
            smaller.fetch_add((searched.bytes.len() < plain_bytes).into(), Ordering::Relaxed);
            let unsearched = build(&program, target, Tier::Strict, Effort::Quick);
            let [found, wanted] = [("searched", &searched), ("unsearched", &unsearched)].map(|(name, image)| {
                let file = folder.path().join(format!("{seed}-{name}-{}", target.name));
                write(image, &file);
                trace::run(&file, target.name)
            });
            let is_right = wanted.output == expected.output && wanted.status == Some(expected.status);
            assert!(
                is_right && found == wanted,
                "program {seed} on {} ({tier}):\nsearched {found:?}\nunsearched {wanted:?}\nexpected {:?}, {}\n\
                 {program}\n{}\n{}",
                target.name,
                expected.output,
                expected.status,
                asmgen::listing::text(&searched),
                asmgen::listing::text(&unsearched)
            );
        }
    });
    for (target, smaller) in TARGETS.into_iter().zip(smaller) {
        let smaller = smaller.into_inner();
        println!("{}: {smaller} of {programs} programs became smaller", target.name);
        assert!(smaller * 10 >= programs * 9, "{}: the search made {smaller} of {programs} smaller", target.name);
    }
}
