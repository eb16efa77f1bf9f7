//! Random lowered programs do on every machine what a plain interpreter of the operations does: the same output, the
//! same exit code. What the selection believes of registers, where slots live and what was spilled is all in that.

mod generate;
mod interpret;
mod operations;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use asmgen::elf::Tier;
use asmgen::{Options, TARGETS, assemble};

use crate::harness::random::Random;

/// Programs per run, unless the variable `PROGRAMS` says otherwise; each runs on three machines.
const PROGRAMS: u64 = 200;

#[test]
fn every_machine_does_what_the_operations_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let programs = std::env::var("PROGRAMS").map_or(PROGRAMS, |count| count.parse().expect("PROGRAMS is a number"));
    for seed in 1..=programs {
        let mut random = Random::new(seed);
        let program = generate::program(&mut random);
        let expected = interpret::run(&program);
        for (number, target) in TARGETS.into_iter().enumerate() {
            let tier = if (seed + number as u64).is_multiple_of(2) { Tier::Strict } else { Tier::Portable };
            let image = assemble(&program, Options { target, tier, effort: asmgen::Effort::Default })
                .unwrap_or_else(|error| panic!("program {seed} on {}: {error}", target.name));
            let file = folder.path().join(format!("{seed}.{}", target.name));
            fs::write(&file, &image.bytes).expect("the program is written");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it may run");
            let mut command = match target.name {
                "aarch64" => {
                    let mut qemu = Command::new("qemu-aarch64-static");
                    qemu.arg(&file);
                    qemu
                }
                _ => Command::new(&file),
            };
            let ran = command.output().unwrap_or_else(|error| {
                panic!("program {seed} on {} does not start: {error} (apt-get install qemu-user-static)", target.name)
            });
            let found = (ran.stdout, ran.status.code());
            let wanted = (expected.output.clone(), Some(expected.status));
            assert!(
                found == wanted,
                "program {seed} on {} ({tier}):\nfound  {found:02x?}\nwanted {wanted:02x?}\n{program:#?}\n{}",
                target.name,
                asmgen::listing::text(&image)
            );
        }
    }
}
