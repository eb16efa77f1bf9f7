//! Requests per second and CPU time per request, in interleaved rounds: what disturbs the machine for a while disturbs
//! all contestants.

use anyhow::Context as _;

use super::Bench;
use crate::contestant::Contestant;
use crate::driver::Driver;
use crate::load::{Load, Outcome};
use crate::results::{Rate, Sample, median};
use crate::server::Server;
use crate::{content, settings};

/// How clients behave.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    path: &'static str,
    body_bytes: usize,
    connections: usize,
    depth: usize,
    close: bool,
}

impl Shape {
    pub(crate) const PAGE: Self = Self {
        path: content::PAGE,
        body_bytes: content::PAGE_BYTES,
        connections: settings::CONNECTIONS,
        depth: 1,
        close: false,
    };
    pub(crate) const PIPELINED: Self = Self { depth: settings::DEPTH, ..Self::PAGE };
    pub(crate) const CLOSING: Self = Self { close: true, ..Self::PAGE };
    pub(crate) const BIG: Self =
        Self { path: content::BIG, body_bytes: content::BIG_BYTES, connections: settings::DOWNLOADS, ..Self::PAGE };

    pub(crate) fn connections(self, connections: usize) -> Self {
        Self { connections, ..self }
    }

    pub(crate) fn load(self, port: u16, asked_ms: u64) -> Load {
        let Self { path, body_bytes, connections, depth, close } = self;
        Load { port, path: path.into(), body_bytes, connections, depth, close, asked_ms, timed: false }
    }
}

/// All rounds of these contestants.
pub(crate) fn run(bench: &Bench<'_>, shape: Shape, contestants: &[Contestant]) -> anyhow::Result<Vec<Rate>> {
    let able = bench.able(contestants, shape.close);
    let servers = able.map(|one| Ok((one, bench.start(one, shape.close)?))).collect::<anyhow::Result<Vec<_>>>()?;
    let mut samples = vec![Vec::new(); servers.len()];
    for round in 0..bench.settings.rounds {
        // No server always comes after the same one.
        for turn in 0..servers.len() {
            let place = (round + turn) % servers.len();
            let (contestant, server) = &servers[place];
            samples[place].push(sample(bench, shape, server).with_context(|| contestant.name())?);
        }
    }
    let names: Vec<Contestant> = servers.iter().map(|(contestant, _)| *contestant).collect();
    Ok(rates(&names, samples))
}

/// Connections cost a client more than a server: one load generator could not keep any server busy with them. There are
/// two then, which share the connections.
fn sample(bench: &Bench<'_>, shape: Shape, server: &Server) -> anyhow::Result<Sample> {
    let cores = if shape.close { &bench.cores.two_loads[..] } else { std::slice::from_ref(&bench.cores.load) };
    let load = shape.connections(shape.connections / cores.len()).load(server.port, bench.settings.asked_ms);
    let mut drivers = cores.iter().map(|core| Driver::start(&load, core)).collect::<anyhow::Result<Vec<_>>>()?;
    let cpu_ns = |drivers: &[Driver]| drivers.iter().map(Driver::cpu_ns).sum::<anyhow::Result<u64>>();
    let before = (server.cpu_ns()?, cpu_ns(&drivers)?);
    drivers.iter_mut().try_for_each(Driver::go)?;
    let outcomes = drivers.iter_mut().map(Driver::outcome).collect::<anyhow::Result<Vec<_>>>()?;
    let after = (server.cpu_ns()?, cpu_ns(&drivers)?);
    drivers.into_iter().try_for_each(Driver::leave)?;
    Ok(of_run(together(&outcomes), after.0 - before.0, after.1 - before.1))
}

/// What load generators did that ran at the same time.
pub(crate) fn together(outcomes: &[Outcome]) -> Outcome {
    let ns = outcomes.iter().map(|outcome| outcome.ns).max().unwrap_or(0);
    Outcome { requests: outcomes.iter().map(|outcome| outcome.requests).sum(), ns, latency: None }
}

/// The figures of a run from CPU times in nanoseconds.
pub(crate) fn of_run(outcome: Outcome, server_ns: u64, load_ns: u64) -> Sample {
    let (requests, ns) = (outcome.requests as f64, outcome.ns as f64);
    Sample {
        requests_per_s: requests / ns * 1e9,
        cpu_us: server_ns as f64 / requests / 1e3,
        server_busy: server_ns as f64 / ns,
        load_busy: load_ns as f64 / ns,
    }
}

fn rates(names: &[Contestant], samples: Vec<Vec<Sample>>) -> Vec<Rate> {
    let floor = names.iter().position(|name| *name == Contestant::Floor).map(|place| samples[place].clone());
    let rate = |(contestant, samples): (&Contestant, Vec<Sample>)| {
        let middle = |value: fn(&Sample) -> f64| median(samples.iter().map(value));
        let ratio =
            |floor: &Vec<Sample>| median(samples.iter().zip(floor).map(|(sample, floor)| sample.cpu_us / floor.cpu_us));
        let median = Sample {
            requests_per_s: middle(|sample| sample.requests_per_s),
            cpu_us: middle(|sample| sample.cpu_us),
            server_busy: middle(|sample| sample.server_busy),
            load_busy: middle(|sample| sample.load_busy),
        };
        Rate { contestant: *contestant, median, to_floor: floor.as_ref().map(ratio), samples }
    };
    names.iter().zip(samples).map(rate).collect()
}
