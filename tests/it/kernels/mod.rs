//! The examples on real kernels: Debian's, booted under qemu without hardware's help. tests/kernels is the first
//! process of the machine and does what its plan says; what it tells is judged here.
//!
//! `make test` boots one kernel per machine, `make kernels` (`KERNELS=all`) every one, with every change of the header
//! bytes, and writes out/kernels/report.md.

mod gvisor;
mod headers;
mod initramfs;
mod machine;
mod replies;
mod report;
mod tasks;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use asmgen::elf::Loader;
use asmgen::spec::ProgramKind;

use self::headers::{Extent, Headers};
use self::initramfs::initramfs;
use self::machine::{KERNELS, Kernel};
use self::replies::Known;
use self::report::Run;
use self::tasks::{Plan, Program, programs};
use crate::harness::none;

/// Machines that run at the same time: emulation keeps a processor busy.
const MACHINES: usize = 2;
/// The name that the machine tells its own facts under.
const SELF: &str = "machine";
/// What it says when it is set up: the most that any kernel asks of users without privileges.
const SET_UP: &str = r"mmap_min_addr 65536\x0a";

/// What is run.
fn extent() -> Extent {
    match std::env::var("KERNELS").as_deref() {
        Err(_) => Extent::Short,
        Ok("all") => Extent::Full,
        Ok(other) => panic!("KERNELS={other}: it is `all`, or not there"),
    }
}

/// A machine that takes longer has failed.
fn patience(extent: Extent) -> Duration {
    match extent {
        Extent::Short => Duration::from_secs(600),
        Extent::Full => Duration::from_secs(3600),
    }
}

#[test]
fn programs_run_on_real_kernels() {
    let extent = extent();
    let kernels: Vec<&Kernel> = KERNELS.iter().filter(|k| extent == Extent::Full || k.is_for_test).collect();
    let mut known = Known::default();
    let mut plans: HashMap<&str, (Plan, Vec<u8>)> = HashMap::new();
    for kernel in &kernels {
        let machine = kernel.machine;
        plans.entry(machine.compiler).or_insert_with(|| {
            let wanted = |name: &str| extent == Extent::Full || tasks::SHORT.contains(&name);
            let programs: Vec<_> = machine.targets.iter().flat_map(|target| programs(target, wanted)).collect();
            let plan = plan(&programs, Loader::Linux, extent, &mut known);
            let archive = initramfs(machine.compiler, &plan.files());
            (plan, archive)
        });
    }
    let waiting = Mutex::new(kernels.iter());
    let runs = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..MACHINES {
            scope.spawn(|| {
                while let Some(kernel) = { waiting.lock().unwrap().next() } {
                    let (plan, archive) = &plans[kernel.machine.compiler];
                    let talk = kernel.boot(archive, patience(extent));
                    let run = Run::new(kernel.name, &[SET_UP], plan, &talk);
                    eprintln!("{}", run.summary());
                    runs.lock().unwrap().push(run);
                }
            });
        }
    });
    let runs = runs.into_inner().unwrap();
    if extent == Extent::Full {
        report::write(&runs, &plans.values().map(|(plan, _)| plan).collect::<Vec<_>>());
    }
    assert_eq!(runs.len(), kernels.len());
    none(&runs.iter().flat_map(|run| run.faults.clone()).collect::<Vec<_>>());
}

fn plan(programs: &[Program], loader: Loader, extent: Extent, known: &mut Known) -> Plan {
    let hellos = programs.iter().filter(|program| program.kind() == ProgramKind::Hello);
    let maps = hellos.map(|program| Headers::new(program, loader, extent)).collect();
    Plan::new(programs, maps, known)
}
