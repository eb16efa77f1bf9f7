//! `asmgen map`: the poster of the file.

use std::io::IsTerminal;
use std::process::ExitCode;

use asmgen::listing::map::{Map, render};
use clap::ColorChoice;

use crate::cli::MapArgs;
use crate::output::{self, Failure};

const FILE_MODE: u32 = 0o644;

pub(super) fn run(args: &MapArgs) -> Result<ExitCode, Failure> {
    let executable = &args.executable;
    output::is_not(args.output.as_deref(), executable.source.spec.as_deref())?;
    let description = super::describe_for(&executable.source, &executable.layout)?;
    let target = super::target_or_host(executable.target)?;
    let image = super::build(&description, target, super::layout(&executable.layout))?;
    let is_coloured = match args.color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => args.output.is_none() && shows_colours(),
    };
    let map = render(&Map::new(&description.name, &image), args.format, is_coloured).map_err(Failure::input)?;
    match args.output.as_deref() {
        Some(file) => output::binary(map.as_bytes(), Some(file), FILE_MODE)?,
        None => output::text(&map)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A terminal with colours, and a user who has not switched them off (<https://no-color.org>,
/// <https://bixense.com/clicolors>).
fn shows_colours() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    let is_forced = std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0");
    !is_set("NO_COLOR") && (is_forced || std::io::stdout().is_terminal() && !is_dumb)
}
