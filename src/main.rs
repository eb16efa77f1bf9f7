//! The command line of asmgen: parse, run, say what went wrong, map it to an exit code.

mod cli;
mod commands;
mod output;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match commands::run(cli::Cli::parse()) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("asmgen: {failure}");
            failure.exit_code()
        }
    }
}
