//! `asmgen list`: the annotated listing.

use std::process::ExitCode;

use asmgen::listing;

use crate::cli::ExecutableArgs;
use crate::output::{self, Failure};

pub(super) fn run(args: &ExecutableArgs) -> Result<ExitCode, Failure> {
    let image = super::executable(args)?;
    output::text(&listing::text(&image))?;
    Ok(ExitCode::SUCCESS)
}
