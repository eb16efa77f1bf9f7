//! `asmgen golf`: the examples beside the published records.

use std::process::ExitCode;

use asmgen::golf::report;

use crate::cli::GolfArgs;
use crate::output::{self, Failure};

pub(super) fn run(args: &GolfArgs) -> Result<ExitCode, Failure> {
    let text = if args.rules {
        let savings = report::savings(&asmgen::build, args.effort, &report::rule_columns()).map_err(Failure::failed)?;
        if args.json { json(&savings)? } else { report::savings_text(&savings) }
    } else {
        let rows = report::rows(&asmgen::build, args.effort).map_err(Failure::failed)?;
        match (args.json, args.markdown) {
            (true, _) => json(&rows)?,
            (_, true) => report::markdown(&rows),
            _ => report::text(&rows),
        }
    };
    output::text(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value).map_err(Failure::failed)? + "\n")
}
