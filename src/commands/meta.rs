//! `asmgen completions` and `asmgen man`: what belongs to the tool itself.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::output::{self, Failure};

pub(super) fn completions(shell: Shell) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "asmgen", &mut script);
    output::text(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

/// The page of asmgen, then one section for each command.
pub(super) fn man() -> Result<ExitCode, Failure> {
    let mut page = Vec::new();
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page).map_err(Failure::failed)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let man = clap_mangen::Man::new(sub.clone());
        man.render_name_section(&mut page).map_err(Failure::failed)?;
        man.render_synopsis_section(&mut page).map_err(Failure::failed)?;
        man.render_options_section(&mut page).map_err(Failure::failed)?;
    }
    output::text(&String::from_utf8_lossy(&page))?;
    Ok(ExitCode::SUCCESS)
}
