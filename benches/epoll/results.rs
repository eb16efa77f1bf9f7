//! What was measured.

use serde::Serialize;

use crate::contestant::Contestant;
use crate::proc_fs::Memory;

/// Everything of one run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) date: String,
    pub(crate) rounds: usize,
    pub(crate) asked_ms: u64,
    pub(crate) contestants: Vec<(Contestant, String)>,
    /// Why the engine for many connections is not among them.
    pub(crate) without_epoll: Option<String>,
    pub(crate) page: Vec<Rate>,
    pub(crate) pipelined: Vec<Rate>,
    pub(crate) closing: Vec<Rate>,
    pub(crate) big: Vec<Rate>,
    /// `None`: perf does not count here.
    pub(crate) syscalls: Option<Vec<Syscalls>>,
    pub(crate) memory: Vec<MemoryUse>,
    pub(crate) starts: Vec<Start>,
    pub(crate) workers: Vec<Workers>,
    pub(crate) latency: Vec<LatencyRow>,
}

/// Time to the end of a reply with so many active connections: medians over the rounds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct LatencyRow {
    pub(crate) contestant: Contestant,
    pub(crate) connections: usize,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// Something that belongs to one contestant.
pub(crate) trait Of {
    fn contestant(&self) -> Contestant;
}

/// The row of a contestant.
pub(crate) fn of<T: Of>(rows: &[T], contestant: Contestant) -> Option<&T> {
    rows.iter().find(|row| row.contestant() == contestant)
}

/// One round.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) requests_per_s: f64,
    /// Time that the server ran, per request.
    pub(crate) cpu_us: f64,
    /// Part of the time in which the server ran.
    pub(crate) server_busy: f64,
    /// Part of the time in which the load generator ran.
    pub(crate) load_busy: f64,
}

/// Medians of the rounds of one contestant.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rate {
    pub(crate) contestant: Contestant,
    pub(crate) median: Sample,
    /// CPU per request as a multiple of the floor's in the same round.
    pub(crate) to_floor: Option<f64>,
    pub(crate) samples: Vec<Sample>,
}

/// System calls per request.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Syscalls {
    pub(crate) contestant: Contestant,
    pub(crate) one: f64,
    pub(crate) many: f64,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct MemoryUse {
    pub(crate) contestant: Contestant,
    pub(crate) idle: Memory,
    pub(crate) full: Memory,
    /// User memory for each idle connection.
    pub(crate) bytes_each: f64,
}

/// From before it is started to its first reply.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Start {
    pub(crate) contestant: Contestant,
    pub(crate) median_ms: f64,
    pub(crate) least_ms: f64,
    pub(crate) most_ms: f64,
}

/// Two workers on two cores.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Workers {
    pub(crate) contestant: Contestant,
    /// Why there is nothing else.
    pub(crate) missing: Option<String>,
    pub(crate) requests_per_s: f64,
    /// Requests per second as a multiple of those of one worker on one core.
    pub(crate) rate_ratio: f64,
    /// What two cores could serve as a multiple of what one could, from CPU per request: without the load generator.
    pub(crate) capacity_ratio: f64,
}

macro_rules! of_contestant {
    ($($row:ty),*) => { $(impl Of for $row {
        fn contestant(&self) -> Contestant {
            self.contestant
        }
    })* };
}

of_contestant!(Rate, Syscalls, MemoryUse, Start, Workers);

/// The middle one; of an even number, the higher of both in the middle.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
