//! The command line of asmgen: parse, run, say what went wrong, map it to an exit code.

mod cli;
mod commands;
mod output;
mod values;

use std::process::ExitCode;

use clap::Parser;

use output::Failure;

fn main() -> ExitCode {
    commands::complete();
    if let Some(failure) = commands::of_others() {
        return refused(&failure);
    }
    match cli::Cli::try_parse() {
        Ok(cli) => commands::run(cli).unwrap_or_else(|failure| refused(&failure)),
        Err(message) => shown(&message),
    }
}

fn refused(failure: &Failure) -> ExitCode {
    output::say(format_args!("asmgen: {failure}"));
    failure.exit_code()
}

/// Help and the version go to standard output, wrong usage to standard error.
fn shown(message: &clap::Error) -> ExitCode {
    let written = message.print();
    if message.use_stderr() {
        return ExitCode::from(message.exit_code() as u8);
    }
    output::finished(written).map_or_else(|failure| refused(&failure), |()| ExitCode::SUCCESS)
}
