//! How long and how often is measured, and where the two sides run.

use std::time::Duration;

use anyhow::Context as _;

/// Connections of the measures with many clients.
pub(crate) const CONNECTIONS: usize = 64;
/// Connections that each have a request under way, of the measures of latency.
pub(crate) const ACTIVE: [usize; 3] = [64, 1_000, 8_000];
/// Requests that a pipelining client sends at once.
pub(crate) const DEPTH: usize = 16;
/// Connections of the downloads.
pub(crate) const DOWNLOADS: usize = 4;
/// Connections that only stay open.
pub(crate) const IDLE: usize = 10_000;
/// Descriptors that both sides may have: lighttpd wants two for each connection.
pub(crate) const DESCRIPTORS: u64 = 20_000;
/// Starts of which the middle one counts.
pub(crate) const STARTS: usize = 21;
/// The longest wait for anything that should come at once.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// What the caller may shorten.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Rounds of which the middle one counts.
    pub(crate) rounds: usize,
    /// How long a server is asked in each round.
    pub(crate) asked_ms: u64,
}

impl Settings {
    /// From `BENCH_ROUNDS` and `BENCH_SECONDS`.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let rounds = number("BENCH_ROUNDS", 5.0)?.max(1.0) as usize;
        let asked_ms = (number("BENCH_SECONDS", 1.5)? * 1e3).max(50.0) as u64;
        Ok(Self { rounds, asked_ms })
    }
}

fn number(name: &str, default: f64) -> anyhow::Result<f64> {
    match std::env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name}={text}: give a number")),
        Err(_) => Ok(default),
    }
}

/// The cores of the two sides.
#[derive(Clone, Debug)]
pub(crate) struct Cores {
    /// Where a server with one worker runs.
    pub(crate) server: Vec<usize>,
    /// Where its load generator runs.
    pub(crate) load: Vec<usize>,
    /// Where a server with two workers runs.
    pub(crate) two: Vec<usize>,
    /// Where each of its two load generators runs; with less than four cores they share those of the server.
    pub(crate) two_loads: [Vec<usize>; 2],
}

impl Cores {
    pub(crate) fn of_this_machine() -> Self {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        let core = |wanted: usize| vec![wanted % count];
        let two = if count > 1 { vec![0, 1] } else { vec![0] };
        let shift = if count >= 4 { 2 } else { 0 };
        Self { server: core(0), load: core(1), two, two_loads: [core(shift), core(shift + 1)] }
    }
}
