//! The figures to reach, and whether they are reached.

use super::table::thousands;
use crate::contestant::Contestant;
use crate::results::{Rate, Report, of};
use crate::{content, settings};

/// CPU of the server per request, as a multiple of the floor's.
const TO_FLOOR: f64 = 1.05;
const TO_FLOOR_PIPELINED: f64 = 0.90;
/// CPU of the server per request, as a part of the best peer's.
const OF_BEST_PEER: f64 = 0.85;
const SYSCALLS_ONE: f64 = 3.0;
const SYSCALLS_MANY: f64 = 2.2;
const IDLE_KB: u64 = 40;
const BYTES_EACH: f64 = 16.5;
const START_MS: f64 = 1.0;
const START_OF_NGINX: f64 = 0.2;

/// One goal: what, how much, what was measured (or why nothing was), and whether that is enough.
pub(crate) struct Goal {
    pub(crate) what: String,
    pub(crate) limit: String,
    pub(crate) figure: String,
    pub(crate) is_met: Option<bool>,
}

impl Goal {
    /// A value that may be at most as high as the limit; both are compared as they are shown.
    fn at_most(what: &str, limit: f64, value: Option<f64>, unit: &str, reason: &str) -> Self {
        let is_met = value.map(|value| (value * 100.0).round() <= (limit * 100.0).round());
        let figure = value.map_or(reason.to_owned(), |value| format!("{value:.2}{unit}"));
        Self { what: what.to_owned(), limit: format!("≤ {limit:.2}{unit}"), figure, is_met }
    }

    /// Requests per second as a multiple of the fastest peer's.
    fn ahead(what: &str, rows: &[Rate], reason: &str) -> Self {
        let best = peers(rows).map(|rate| rate.median.requests_per_s).fold(0.0, f64::max);
        let ratio = of(rows, Contestant::Asmgen).map(|rate| rate.median.requests_per_s / best);
        let figure = ratio.map_or(reason.to_owned(), |ratio| format!("{ratio:.2} of the fastest peer"));
        Self {
            what: what.to_owned(),
            limit: "ahead of each peer".into(),
            figure,
            is_met: ratio.map(|ratio| ratio > 1.0),
        }
    }
}

fn peers(rows: &[Rate]) -> impl Iterator<Item = &Rate> {
    rows.iter().filter(|rate| Contestant::PEERS.contains(&rate.contestant))
}

fn cpu(rows: &[Rate], contestant: Contestant) -> Option<f64> {
    of(rows, contestant).map(|rate| rate.median.cpu_us)
}

fn of_best_peer(rows: &[Rate]) -> Option<f64> {
    let best = peers(rows).map(|rate| rate.median.cpu_us).fold(f64::INFINITY, f64::min);
    cpu(rows, Contestant::Asmgen).map(|own| own / best)
}

/// Seconds of the server for a billion bytes.
pub(crate) fn seconds_per_gb(rate: &Rate) -> f64 {
    rate.median.cpu_us / 1e6 * (1e9 / content::BIG_BYTES as f64)
}

/// All goals, in the order of their list.
pub(crate) fn goals(report: &Report) -> Vec<Goal> {
    let reason = report.without_epoll.as_deref().map_or("not measured", |_| "skipped: no epoll engine");
    let asmgen = Contestant::Asmgen;
    let to_floor = |rows: &[Rate]| of(rows, asmgen).and_then(|rate| rate.to_floor);
    let mut goals = vec![
        Goal::at_most("CPU per request ÷ floor, 64 connections", TO_FLOOR, to_floor(&report.page), "", reason),
        Goal::at_most("the same, pipelined ×16", TO_FLOOR_PIPELINED, to_floor(&report.pipelined), "", reason),
        Goal::ahead("requests/s, 64 connections", &report.page, reason),
        Goal::ahead("the same, pipelined ×16", &report.pipelined, reason),
    ];
    let best = "CPU per request ÷ best peer, 64 connections";
    goals.push(Goal::at_most(best, OF_BEST_PEER, of_best_peer(&report.page), "", reason));
    let best = "the same, pipelined ×16";
    goals.push(Goal::at_most(best, OF_BEST_PEER, of_best_peer(&report.pipelined), "", reason));
    goals.extend(system_calls(report, reason));
    goals.push(Goal::ahead("one connection per request, requests/s", &report.closing, "not measured"));
    let best = "one connection per request, CPU per request ÷ best peer";
    goals.push(Goal::at_most(best, 1.0, of_best_peer(&report.closing), "", "not measured"));
    goals.extend(latency(report));
    goals.push(download(report, reason));
    goals.extend(memory(report, reason));
    goals.extend(starts(report));
    goals.push(workers(report));
    goals
}

/// The 99th percentile of latency as a part of the best peer's, for each number of active connections.
fn latency(report: &Report) -> Vec<Goal> {
    let row = |connections: usize| {
        let rows = || report.latency.iter().filter(move |row| row.connections == connections);
        let best = rows().filter(|row| Contestant::PEERS.contains(&row.contestant)).map(|row| row.p99_ms);
        let best = best.fold(f64::INFINITY, f64::min);
        let own = rows().find(|row| row.contestant == Contestant::Asmgen).map(|row| row.p99_ms / best);
        let what = format!("p99 latency ÷ best peer, {} active connections", thousands(connections as f64));
        Goal::at_most(&what, 1.0, own, "", "not measured")
    };
    settings::ACTIVE.map(row).into()
}

fn system_calls(report: &Report, reason: &str) -> [Goal; 2] {
    let reason = if report.syscalls.is_none() { "perf does not count here" } else { reason };
    let calls = report.syscalls.as_deref().and_then(|rows| of(rows, Contestant::Asmgen));
    let one = calls.map(|calls| calls.one);
    let many = calls.map(|calls| calls.many);
    [
        Goal::at_most("system calls per request, 1 connection", SYSCALLS_ONE, one, "", reason),
        Goal::at_most("system calls per request, 64 connections", SYSCALLS_MANY, many, "", reason),
    ]
}

fn download(report: &Report, reason: &str) -> Goal {
    let [own, nginx] = [Contestant::Asmgen, Contestant::Nginx].map(|one| of(&report.big, one).map(seconds_per_gb));
    Goal::at_most("1 MB body, CPU per GB", nginx.unwrap_or(0.0), own, " s", reason)
}

fn memory(report: &Report, reason: &str) -> [Goal; 2] {
    let own = of(&report.memory, Contestant::Asmgen);
    let idle = own.map(|row| row.idle.resident);
    let each = own.map(|row| row.bytes_each);
    let figure = idle.map_or(reason.to_owned(), |idle| format!("{idle} kB"));
    let is_met = idle.map(|idle| idle <= IDLE_KB);
    let what = "memory of an idle server (VmRSS)";
    [
        Goal { what: what.to_owned(), limit: format!("≤ {IDLE_KB} kB"), figure, is_met },
        Goal::at_most("memory per idle connection, of 10,000", BYTES_EACH, each, " bytes", reason),
    ]
}

fn starts(report: &Report) -> [Goal; 2] {
    let [own, nginx] = [Contestant::Asmgen, Contestant::Nginx].map(|one| of(&report.starts, one));
    let own = own.map(|start| start.median_ms);
    let part = own.zip(nginx).map(|(own, nginx)| own / nginx.median_ms);
    [
        Goal::at_most("start to first reply", START_MS, own, " ms", "not measured"),
        Goal::at_most("start to first reply ÷ nginx", START_OF_NGINX, part, "", "not measured"),
    ]
}

fn workers(report: &Report) -> Goal {
    let own = of(&report.workers, Contestant::Asmgen);
    let figure = match own.map(|workers| (workers.capacity_ratio, &workers.missing)) {
        Some((ratio, None)) => format!("{ratio:.2}, the load generator left out"),
        Some((_, Some(reason))) => format!("n/a: {reason}"),
        None => "not measured".into(),
    };
    Goal { what: "two workers on two cores ÷ one on one".to_owned(), limit: "report".into(), figure, is_met: None }
}
