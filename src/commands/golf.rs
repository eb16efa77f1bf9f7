//! `asmgen golf`: the examples beside the published records.

use std::process::ExitCode;

use asmgen::BuildError;
use asmgen::golf::report;

use crate::cli::GolfArgs;
use crate::output::{self, Failure};

pub(super) fn run(args: &GolfArgs) -> Result<ExitCode, Failure> {
    let is_text = !args.json && !args.markdown;
    let mut page = Page { is_text, written: Ok(()) };
    let rest = if args.rules {
        page.add(&report::savings_head());
        let mut tell = |saving: &report::Saving| page.add(&report::saving_row(saving));
        let columns = report::rule_columns();
        of_build(report::savings(&asmgen::build, args.effort, &columns, &mut tell)).and_then(|rows| json(&rows))?
    } else {
        page.add(report::TEXT_HEAD);
        let mut tell = |row: &report::Row| page.add(&report::text_row(row));
        let rows = of_build(report::rows(&asmgen::build, args.effort, &mut tell))?;
        if args.markdown { report::markdown(&rows) } else { json(&rows)? }
    };
    page.written?;
    if !is_text {
        output::text(&rest)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Columns for people, which appear row by row: all of them take minutes.
struct Page {
    is_text: bool,
    /// The first thing that could not be written.
    written: Result<(), Failure>,
}

impl Page {
    fn add(&mut self, row: &str) {
        if self.is_text && self.written.is_ok() {
            self.written = output::text(row);
        }
    }
}

fn of_build<T>(built: Result<T, BuildError>) -> Result<T, Failure> {
    built.map_err(Failure::failed)
}

fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value).map_err(Failure::failed)? + "\n")
}
