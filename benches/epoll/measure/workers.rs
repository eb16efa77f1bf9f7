//! Two workers on two cores, against one worker on one.
//!
//! On two cores the load generators run beside the workers. So the requests per second say little; what two cores could
//! serve follows from the CPU time that a request costs when both run.

use anyhow::Context as _;

use super::Bench;
use super::throughput::{Shape, of_run, together};
use crate::contestant::Contestant;
use crate::driver::Driver;
use crate::results::{Rate, Sample, Workers, median, of};
use crate::server::Server;
use crate::{ask, configs, settings};

/// Asmgen, and nginx for comparison. `page` holds what one worker did.
pub(crate) fn run(bench: &Bench<'_>, page: &[Rate]) -> Vec<Workers> {
    let row = |contestant| match compare(bench, contestant, page) {
        Ok(workers) => workers,
        Err(error) => Workers {
            contestant,
            missing: Some(format!("{error:#}")),
            requests_per_s: 0.0,
            rate_ratio: 0.0,
            capacity_ratio: 0.0,
        },
    };
    [Contestant::Asmgen, Contestant::Nginx].into_iter().map(row).collect()
}

fn compare(bench: &Bench<'_>, contestant: Contestant, page: &[Rate]) -> anyhow::Result<Workers> {
    let port = ask::free_port()?;
    let command = match contestant {
        Contestant::Asmgen => bench.field.subject.two_workers(bench.field.folder, port)?,
        _ => configs::nginx(bench.field.folder, port, 2)?,
    };
    let one = of(page, contestant).context("one worker was not measured")?.median;
    let server = Server::start(&command, port, &bench.cores.two)?;
    let samples = (0..bench.settings.rounds).map(|_| sample(bench, &server)).collect::<anyhow::Result<Vec<_>>>()?;
    let requests_per_s = median(samples.iter().map(|sample| sample.requests_per_s));
    let cpu_us = median(samples.iter().map(|sample| sample.cpu_us));
    Ok(Workers {
        contestant,
        missing: None,
        requests_per_s,
        rate_ratio: requests_per_s / one.requests_per_s,
        capacity_ratio: 2.0 * one.cpu_us / cpu_us,
    })
}

fn sample(bench: &Bench<'_>, server: &Server) -> anyhow::Result<Sample> {
    let load = Shape::PAGE.connections(settings::CONNECTIONS / 2).load(server.port, bench.settings.asked_ms);
    let [mut left, mut right] =
        [Driver::start(&load, &bench.cores.two_loads[0])?, Driver::start(&load, &bench.cores.two_loads[1])?];
    let before = server.cpu_ns()?;
    left.go()?;
    right.go()?;
    let (first, second) = (left.outcome()?, right.outcome()?);
    let spent = server.cpu_ns()? - before;
    left.leave()?;
    right.leave()?;
    Ok(of_run(together(&[first, second]), spent, 0))
}
