//! Latency: how long a client waits for its reply while so many others wait for theirs, in interleaved rounds.
//!
//! Each connection has one request under way at any time (a closed loop). A server that is twice as fast therefore
//! halves all latencies. The percentiles are those of a round; the middle round of each is shown.

use anyhow::Context as _;

use super::Bench;
use super::throughput::Shape;
use crate::contestant::Contestant;
use crate::driver::Driver;
use crate::load::{Latency, Load};
use crate::results::{LatencyRow, median};
use crate::server::Server;
use crate::settings;

pub(crate) fn run(bench: &Bench<'_>) -> anyhow::Result<Vec<LatencyRow>> {
    let able = bench.able(&Contestant::REAL, false);
    let servers = able.map(|one| Ok((one, bench.start(one, false)?))).collect::<anyhow::Result<Vec<_>>>()?;
    let mut rows = Vec::new();
    for connections in settings::ACTIVE {
        let mut samples = vec![Vec::new(); servers.len()];
        for round in 0..bench.settings.rounds {
            for turn in 0..servers.len() {
                let place = (round + turn) % servers.len();
                let (contestant, server) = &servers[place];
                samples[place].push(sample(bench, server, connections).with_context(|| contestant.name())?);
            }
        }
        let row = |((contestant, _), samples): (&(Contestant, Server), Vec<Latency>)| LatencyRow {
            contestant: *contestant,
            connections,
            p50_ms: median(samples.iter().map(|sample| sample.p50_ms)),
            p99_ms: median(samples.iter().map(|sample| sample.p99_ms)),
        };
        rows.extend(servers.iter().zip(samples).map(row));
    }
    Ok(rows)
}

fn sample(bench: &Bench<'_>, server: &Server, connections: usize) -> anyhow::Result<Latency> {
    let load = Shape::PAGE.connections(connections).load(server.port, bench.settings.asked_ms);
    let mut driver = Driver::start(&Load { timed: true, ..load }, &bench.cores.load)?;
    let outcome = driver.run()?;
    driver.leave()?;
    outcome.latency.context("no request was timed")
}
