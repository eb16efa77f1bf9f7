//! The command line of asmgen: parse, run, say what went wrong, map it to an exit code.

mod cli;
mod commands;
mod output;
mod values;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    commands::complete();
    match commands::run(cli::Cli::parse()) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("asmgen: {failure}");
            failure.exit_code()
        }
    }
}
