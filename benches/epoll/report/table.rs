//! The report as Markdown.

use std::fmt::Write as _;

use super::goals::{goals, seconds_per_gb};
use crate::proc_fs::Memory;
use crate::results::{LatencyRow, Rate, Report};
use crate::{content, settings};

pub(crate) fn render(report: &Report) -> String {
    let mut page = format!("# asmgen {}: side by side\n\n", env!("CARGO_PKG_VERSION"));
    page += &conditions(report);
    page += &goal_table(report);
    let title = |how: &str| format!("{}-byte page, 64 connections, {how}", thousands(content::PAGE_BYTES as f64));
    page += &rate_table(&title("keep-alive"), &report.page);
    page += &rate_table(&title("keep-alive, pipelined ×16"), &report.pipelined);
    page += &rate_table(&title("one connection per request"), &report.closing);
    page += &latency(&report.latency);
    page += &downloads(&report.big);
    page += &system_calls(report);
    page += &memory(report);
    page += &starts(report);
    page += &workers(report);
    page
}

fn conditions(report: &Report) -> String {
    let mut text = format!(
        "{}. {}.\n\n\
         Server on core 0, load generator on core 1, over loopback. Where each request has its own connection, the \
         client is the bottleneck; there a second load generator runs on the server's core, or on a core of its own \
         if there are four. Medians of {} rounds of {} s, with the servers interleaved, after the bodies were compared \
         byte by byte. CPU is the time that the server's processes ran (user and \
         system, from /proc/PID/schedstat); a ratio to the floor is the median of the ratios in each round.\n\n",
        report.date,
        report.machine,
        report.rounds,
        report.asked_ms as f64 / 1e3,
    );
    for (contestant, version) in &report.contestants {
        let _ = writeln!(text, "- {}: {version}", contestant.name());
    }
    if let Some(reason) = &report.without_epoll {
        let _ = writeln!(text, "\nasmgen takes part with the blocking engine, where that is able to: {reason}.");
    }
    text + "\n"
}

fn goal_table(report: &Report) -> String {
    let mut table = "| goal, one worker | limit | measured | met |\n|---|--:|--:|---|\n".to_owned();
    for goal in goals(report) {
        let met = goal.is_met.map_or("–", |is_met| if is_met { "yes" } else { "no" });
        let _ = writeln!(table, "| {} | {} | {} | {met} |", goal.what, goal.limit, goal.figure);
    }
    table + "\n"
}

fn rate_table(title: &str, rows: &[Rate]) -> String {
    let mut table = format!(
        "{title}:\n\n| server | requests/s | CPU per request | ÷ floor | server busy | load generator busy |\n\
         |---|--:|--:|--:|--:|--:|\n"
    );
    for rate in rows {
        let median = rate.median;
        let _ = writeln!(
            table,
            "| {} | {} | {:.2} µs | {} | {:.0} % | {:.0} % |",
            rate.contestant.name(),
            thousands(median.requests_per_s),
            median.cpu_us,
            rate.to_floor.map_or("–".into(), |ratio| format!("{ratio:.3}")),
            median.server_busy * 100.0,
            median.load_busy * 100.0,
        );
    }
    table + "\n"
}

fn latency(rows: &[LatencyRow]) -> String {
    let mut table = format!(
        "Latency in ms, {}-byte page, keep-alive, each connection with one request under way; 50th and 99th percentile \
         of a round, median of the rounds:\n\n| server |",
        thousands(content::PAGE_BYTES as f64)
    );
    for connections in settings::ACTIVE {
        let connections = thousands(connections as f64);
        let _ = write!(table, " {connections}: p50 | {connections}: p99 |");
    }
    table += "\n|---|";
    table += &"--:|".repeat(2 * settings::ACTIVE.len());
    for row in rows.iter().filter(|row| row.connections == settings::ACTIVE[0]) {
        let _ = write!(table, "\n| {} |", row.contestant.name());
        for of_same in rows.iter().filter(|other| other.contestant == row.contestant) {
            let _ = write!(table, " {:.2} | {:.2} |", of_same.p50_ms, of_same.p99_ms);
        }
    }
    table + "\n\n"
}

fn downloads(rows: &[Rate]) -> String {
    let mut table = "1 MB body, 4 connections:\n\n| server | MB/s | CPU per GB |\n|---|--:|--:|\n".to_owned();
    for rate in rows {
        let rate_mb = rate.median.requests_per_s * content::BIG_BYTES as f64 / 1e6;
        let name = rate.contestant.name();
        let _ = writeln!(table, "| {name} | {} | {:.3} s |", thousands(rate_mb), seconds_per_gb(rate));
    }
    table + "\n"
}

fn system_calls(report: &Report) -> String {
    let Some(rows) = &report.syscalls else { return String::new() };
    let mut table = "System calls per request, keep-alive (`perf stat -e raw_syscalls:sys_enter`):\n\n\
                     | server | 1 connection | 64 connections |\n|---|--:|--:|\n"
        .to_owned();
    for row in rows {
        let _ = writeln!(table, "| {} | {:.2} | {:.2} |", row.contestant.name(), row.one, row.many);
    }
    table + "\n"
}

fn memory(report: &Report) -> String {
    let mut table = "Memory in kB, all processes of a server: VmRSS (RssAnon + RssFile), idle and with 10,000 idle \
                     connections that were used once:\n\n\
                     | server | idle | with connections | each |\n|---|--:|--:|--:|\n"
        .to_owned();
    let shown = |memory: Memory| {
        let part = |kb: u64| thousands(kb as f64);
        format!("{} ({} + {})", part(memory.resident), part(memory.anonymous), part(memory.file))
    };
    for row in &report.memory {
        let each = thousands(row.bytes_each);
        let name = row.contestant.name();
        let _ = writeln!(table, "| {name} | {} | {} | {each} bytes |", shown(row.idle), shown(row.full));
    }
    table + "\n"
}

fn starts(report: &Report) -> String {
    let mut table = "Start of the process to its first reply, 21 starts:\n\n\
                     | server | median | least | most |\n|---|--:|--:|--:|\n"
        .to_owned();
    for row in &report.starts {
        let shown = [row.median_ms, row.least_ms, row.most_ms].map(|ms| format!("{ms:.2} ms"));
        let _ = writeln!(table, "| {} | {} |", row.contestant.name(), shown.join(" | "));
    }
    table + "\n"
}

fn workers(report: &Report) -> String {
    let mut table = "Two workers on two cores against one on one. Capacity is 2 × CPU per request of one ÷ that \
                     of two: what is left when the load generators are left out. With fewer than four cores they run \
                     beside the workers, and requests/s say little:\n\n\
                     | server | requests/s | ÷ one worker | capacity ÷ one worker |\n|---|--:|--:|--:|\n"
        .to_owned();
    for row in &report.workers {
        let name = row.contestant.name();
        let _ = if let Some(reason) = &row.missing {
            writeln!(table, "| {name} | n/a: {reason} | | |")
        } else {
            let rate = thousands(row.requests_per_s);
            writeln!(table, "| {name} | {rate} | {:.2} | {:.2} |", row.rate_ratio, row.capacity_ratio)
        };
    }
    table
}

/// A whole number with commas.
pub(crate) fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
