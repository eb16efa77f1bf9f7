//! `asmgen list`: the annotated listing.

use std::process::ExitCode;

use asmgen::listing;

use crate::cli::ListArgs;
use crate::output::{self, Failure};

pub(super) fn run(args: &ListArgs) -> Result<ExitCode, Failure> {
    let description = super::describe(&args.source)?;
    let image = super::build(&description, super::target_or_host(args.target)?, args.elf)?;
    output::text(&listing::text(&image))?;
    Ok(ExitCode::SUCCESS)
}
