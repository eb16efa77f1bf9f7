//! The servers that asmgen makes, side by side with others and with the least that a server can do. `make bench` runs
//! it; it writes out/bench/epoll.md, epoll.svg and epoll.json. `BENCH_ROUNDS` and `BENCH_SECONDS` shorten it.
//!
//! A server runs on one core and the load generator on another. The measure is the CPU time of the server per request,
//! as the kernel has it in /proc. It does not depend on how fast the load generator is.

#![expect(clippy::cast_precision_loss, reason = "figures for people have three digits, not sixteen")]

mod ask;
mod configs;
mod content;
mod contestant;
mod driver;
mod floor;
mod hyper_server;
mod load;
mod measure;
mod modes;
mod proc_fs;
mod report;
mod results;
mod server;
mod settings;
mod subject;

use std::path::Path;
use std::process::Command;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use contestant::{Contestant, Field};
use measure::throughput::{self, Shape};
use measure::{Bench, compare, latency, memory, start, syscalls, workers};
use results::Report;
use settings::{Cores, Settings};
use subject::Subject;

fn main() -> anyhow::Result<()> {
    if modes::run()? {
        return Ok(());
    }
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR"))?;
    allow_descriptors()?;
    let folder = tempfile::tempdir()?;
    content::write(folder.path())?;
    let subject = Subject::find(folder.path());
    let field = Field { folder: folder.path(), subject: &subject };
    let bench = Bench { field, settings: Settings::read()?, cores: Cores::of_this_machine() };
    report::write(&measure(&bench)?, Path::new("out/bench"))
}

/// Servers and load generators inherit it.
fn allow_descriptors() -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let wanted = Some(settings::DESCRIPTORS);
    // None is no limit.
    let maximum = limit.maximum.map(|maximum| maximum.max(settings::DESCRIPTORS));
    Ok(setrlimit(Resource::Nofile, Rlimit { current: wanted, maximum })?)
}

fn measure(bench: &Bench<'_>) -> anyhow::Result<Report> {
    let say = |what: &str| eprintln!("epoll: {what}");
    say("comparing bodies");
    compare::run(bench)?;
    say("a page, 64 connections");
    let page = throughput::run(bench, Shape::PAGE, &Contestant::ALL)?;
    say("the same, pipelined");
    let pipelined = throughput::run(bench, Shape::PIPELINED, &Contestant::ALL)?;
    say("a connection for each request");
    let closing = throughput::run(bench, Shape::CLOSING, &Contestant::ALL)?;
    say("downloads");
    let big = throughput::run(bench, Shape::BIG, &Contestant::REAL)?;
    say("latency");
    let latency = latency::run(bench)?;
    say("system calls");
    let syscalls = syscalls::run(bench)?;
    say("memory");
    let memory = memory::run(bench)?;
    say("starts");
    let starts = start::run(bench)?;
    say("two workers");
    let workers = workers::run(bench, &page);
    let subject = bench.field.subject;
    Ok(Report {
        machine: machine(),
        date: date()?,
        rounds: bench.settings.rounds,
        asked_ms: bench.settings.asked_ms,
        contestants: Contestant::ALL.map(|one| (one, one.version(subject))).to_vec(),
        without_epoll: subject.without_epoll.clone(),
        page,
        pipelined,
        closing,
        big,
        syscalls,
        memory,
        starts,
        workers,
        latency,
    })
}

fn machine() -> String {
    let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = file("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown processor", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {cores} cores, Linux {}", file("/proc/sys/kernel/osrelease").trim())
}

fn date() -> anyhow::Result<String> {
    let output = Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
