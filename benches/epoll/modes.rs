//! This executable is also the floor, a peer and the load generator. Each has to be a process of its own, because CPU
//! time is counted by processes.

use std::process::Command;

use anyhow::{Context as _, bail};
use rustix::process::{Signal, set_parent_process_death_signal};

use crate::{floor, hyper_server, load};

pub(crate) const FLOOR: &str = "--serve-floor";
pub(crate) const FLOOR_CLOSES: &str = "--serve-floor-closing";
pub(crate) const HYPER: &str = "--serve-hyper";
pub(crate) const LOAD: &str = "--load";

/// The command that runs this executable in a mode.
pub(crate) fn ourselves(args: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(args);
    Ok(command)
}

/// Runs the mode that the arguments name; `false` without one. Cargo itself passes `--bench`.
pub(crate) fn run() -> anyhow::Result<bool> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let Some(mode) = args.first() else { return Ok(false) };
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let value = args.get(1).with_context(|| format!("{mode} needs a value"))?;
    match mode.as_str() {
        FLOOR => floor::serve(value.parse()?, false)?,
        FLOOR_CLOSES => floor::serve(value.parse()?, true)?,
        HYPER => hyper_server::serve(value.parse()?)?,
        LOAD => load::generate(&serde_json::from_str(value)?)?,
        _ => bail!("there is no {mode}"),
    }
    Ok(true)
}
