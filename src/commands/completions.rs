//! `asmgen completions`: the words of a command line, completed.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_complete::env::{CompleteEnv, Shells};

use crate::cli::Cli;
use crate::output::{self, Failure};

/// The variable that tells asmgen to complete the words of a command line instead of running it.
const COMPLETE: &str = "_ASMGEN_COMPLETE";

/// Completes the words of a command line and ends, if the shell asks for that ([`run`]).
pub(crate) fn complete() {
    CompleteEnv::with_factory(Cli::command).var(COMPLETE).complete();
}

/// The script that makes a shell ask asmgen itself. Generated tables of words (`clap_complete::generate`) know neither
/// what follows SPEC nor, in zsh, the subcommands beside it.
pub(super) fn run(shell: Shell) -> Result<ExitCode, Failure> {
    let shell = shell.to_string();
    let completer = Shells::builtins();
    let completer = completer.completer(&shell).ok_or_else(|| Failure::failed(format!("{shell}: no completer")))?;
    let mut script = Vec::new();
    completer.write_registration(COMPLETE, "asmgen", "asmgen", "asmgen", &mut script).map_err(Failure::failed)?;
    output::text(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
