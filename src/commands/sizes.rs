//! `asmgen sizes`: the examples' exact sizes.

use std::process::ExitCode;

use asmgen::sizes;

use crate::cli::SizesArgs;
use crate::output::{self, Failure};

pub(super) fn run(args: &SizesArgs) -> Result<ExitCode, Failure> {
    let rows = sizes::measure(&asmgen::build, args.effort).map_err(Failure::failed)?;
    let text = if args.json {
        serde_json::to_string_pretty(&rows).map_err(Failure::failed)? + "\n"
    } else if args.tsv {
        sizes::tsv(&rows)
    } else if args.markdown {
        sizes::markdown(&rows)
    } else {
        sizes::table(&rows)
    };
    output::text(&text)?;
    Ok(ExitCode::SUCCESS)
}
