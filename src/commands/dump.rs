//! `asmgen dump`: the program after a pass.

use std::process::ExitCode;

use asmgen::Options;

use crate::cli::DumpArgs;
use crate::output::{self, Failure};

pub(super) fn run(args: &DumpArgs) -> Result<ExitCode, Failure> {
    let description = super::describe(&args.source)?;
    let options = Options::new(super::target_or_host(args.target)?).tier(args.elf);
    output::text(&asmgen::dump(&description, options, args.after).map_err(super::of_build)?)?;
    Ok(ExitCode::SUCCESS)
}
