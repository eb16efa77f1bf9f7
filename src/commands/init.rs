//! `asmgen init`: a spec with comments, to begin with.

use std::process::ExitCode;

use crate::cli::InitArgs;
use crate::output::{self, Failure};

const FILE_MODE: u32 = 0o644;

/// The spec. Everything in it that is not a comment is what holds anyway, but the routes.
const SPEC: &str = include_str!("init.toml");

pub(super) fn run(args: &InitArgs) -> Result<ExitCode, Failure> {
    output::create(&args.file, SPEC.as_bytes(), FILE_MODE)?;
    let file = args.file.display();
    output::say(format_args!("asmgen: wrote {file}; asmgen run {file} builds it for this machine and runs it"));
    Ok(ExitCode::SUCCESS)
}
