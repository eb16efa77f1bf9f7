//! Do all contestants serve the same bytes? Without this, no figure means anything.

use anyhow::{Context as _, ensure};

use super::Bench;
use crate::contestant::Contestant;
use crate::{ask, content};

/// Fails if one of them serves something else.
pub(crate) fn run(bench: &Bench<'_>) -> anyhow::Result<()> {
    for contestant in Contestant::ALL {
        let server = bench.start(contestant, true)?;
        let expected: &[(&str, Vec<u8>)] = &[(content::PAGE, content::page()), (content::BIG, content::big())];
        // The floor has the page only.
        let bodies = if contestant == Contestant::Floor { &expected[..1] } else { expected };
        for (path, body) in bodies {
            let what = || format!("{}, {path}", contestant.name());
            let reply = ask::once(server.port, path, true).with_context(what)?;
            ensure!(reply.body == *body, "{}: the body differs", what());
        }
    }
    Ok(())
}
