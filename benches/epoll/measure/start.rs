//! Time from the start of a process to its first reply. No core is chosen here: the asking side needs one of its own.

use std::time::Instant;

use anyhow::ensure;

use super::Bench;
use crate::contestant::Contestant;
use crate::results::{Start, median};
use crate::server::Server;
use crate::{ask, content, settings};

pub(crate) fn run(bench: &Bench<'_>) -> anyhow::Result<Vec<Start>> {
    let mut times = vec![Vec::new(); Contestant::REAL.len()];
    for _ in 0..settings::STARTS {
        for (contestant, times) in Contestant::REAL.iter().zip(&mut times) {
            times.push(once(bench, *contestant)?);
        }
    }
    let start = |(contestant, times): (&Contestant, Vec<f64>)| Start {
        contestant: *contestant,
        median_ms: median(times.iter().copied()),
        least_ms: times.iter().copied().fold(f64::INFINITY, f64::min),
        most_ms: times.iter().copied().fold(0.0, f64::max),
    };
    Ok(Contestant::REAL.iter().zip(times).map(start).collect())
}

/// In milliseconds, with the making of the process.
fn once(bench: &Bench<'_>, contestant: Contestant) -> anyhow::Result<f64> {
    let port = ask::free_port()?;
    let mut command = contestant.command(&bench.field, port, true)?;
    let start = Instant::now();
    let server = Server::adopt(command.spawn()?, port);
    // Until it listens, the kernel refuses at once.
    while ask::once(server.port, content::PAGE, true).is_err() {
        ensure!(start.elapsed() < settings::PATIENCE, "{} does not come up", contestant.name());
    }
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
