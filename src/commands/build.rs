//! `asmgen [SPEC]`: the executable.

use std::process::ExitCode;

use crate::cli::BuildArgs;
use crate::output::{self, Failure};

/// Anyone may run it, its owner may replace it.
const EXECUTABLE_MODE: u32 = 0o755;

pub(super) fn run(args: &BuildArgs) -> Result<ExitCode, Failure> {
    output::is_not(args.output.as_deref(), args.executable.source.spec.as_deref())?;
    let image = super::executable(&args.executable)?;
    output::binary(&image.bytes, args.output.as_deref(), EXECUTABLE_MODE)?;
    Ok(ExitCode::SUCCESS)
}
