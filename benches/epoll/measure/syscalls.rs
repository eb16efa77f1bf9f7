//! System calls per request, counted by the kernel: `strace` would slow the server down, and a slower server finds more
//! requests in each wait.

use std::fs;
use std::process::Command;

use anyhow::Context as _;

use super::Bench;
use super::throughput::Shape;
use crate::contestant::Contestant;
use crate::driver::{self, Driver};
use crate::results::Syscalls;
use crate::server::Server;
use crate::settings;

const EVENT: &str = "raw_syscalls:sys_enter";

/// `None` where perf does not count.
pub(crate) fn run(bench: &Bench<'_>) -> anyhow::Result<Option<Vec<Syscalls>>> {
    let probe = Command::new("perf").args(["stat", "-e", EVENT, "true"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        return Ok(None);
    }
    let count = |contestant| {
        let server = bench.start(contestant, false)?;
        let one = per_request(bench, &server, 1)?;
        let many = per_request(bench, &server, settings::CONNECTIONS)?;
        anyhow::Ok(Syscalls { contestant, one, many })
    };
    bench.able(&Contestant::ALL, false).map(count).collect::<anyhow::Result<_>>().map(Some)
}

/// perf counts while the load generator runs, so it counts the coming and the first request of each client as well.
fn per_request(bench: &Bench<'_>, server: &Server, connections: usize) -> anyhow::Result<f64> {
    let load = Shape::PAGE.connections(connections).load(server.port, bench.settings.asked_ms);
    let report = bench.field.folder.join("perf.csv");
    let processes: Vec<String> = server.processes()?.iter().map(u32::to_string).collect();
    let generator = driver::command(&load)?;
    let mut command = Command::new("perf");
    command.args(["stat", "-x", ",", "-e", EVENT, "-p", &processes.join(","), "-o"]).arg(&report).arg("--");
    command.arg(generator.get_program()).args(generator.get_args());
    let mut driver = Driver::start_as(command, &load, &bench.cores.load)?;
    let outcome = driver.run()?;
    driver.leave()?;
    let text = fs::read_to_string(&report)?;
    let line = text.lines().find(|line| line.contains(EVENT)).context("perf has counted nothing")?;
    let calls: f64 = line.split(',').next().unwrap_or_default().parse().with_context(|| line.to_owned())?;
    // One request finds out how long a reply is, on a connection of its own.
    let first = connections + 1;
    Ok(calls / (outcome.requests + first as u64) as f64)
}
