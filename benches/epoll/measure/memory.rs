//! Memory of a server that waits, alone and with many connections that wait too.

use anyhow::Context as _;

use super::Bench;
use super::throughput::Shape;
use crate::contestant::Contestant;
use crate::driver::Driver;
use crate::results::MemoryUse;
use crate::settings;

pub(crate) fn run(bench: &Bench<'_>) -> anyhow::Result<Vec<MemoryUse>> {
    bench.able(&Contestant::REAL, false).map(|one| of(bench, one).with_context(|| one.name())).collect()
}

/// Each connection has been used once before it waits, as that of a browser.
fn of(bench: &Bench<'_>, contestant: Contestant) -> anyhow::Result<MemoryUse> {
    let server = match contestant {
        // The large body is in the file systems of the others, and not in their memory.
        Contestant::Asmgen => bench.start_page_alone()?,
        _ => bench.start(contestant, false)?,
    };
    let idle = server.memory()?;
    let driver = Driver::start(&Shape::PAGE.connections(settings::IDLE).load(server.port, 0), &bench.cores.load)?;
    let full = server.memory()?;
    driver.leave()?;
    let grown = full.resident.saturating_sub(idle.resident) * 1024;
    Ok(MemoryUse { contestant, idle, full, bytes_each: grown as f64 / settings::IDLE as f64 })
}
