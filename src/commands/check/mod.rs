//! `asmgen check`: what would be served, as a table, and what is left out and why.

mod columns;
mod folder;
mod routes;

use std::process::ExitCode;

use asmgen::site::{Disk, Faults, Settings, Table, read};
use asmgen::spec::Source;
use serde_json::{Value, json};

use crate::cli::{CheckArgs, SiteArgs};
use crate::output::{self, Failure};

/// Exit code for input that cannot be used.
const EXIT_WRONG_INPUT: u8 = 2;

pub(super) fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    if let Source::Folder(path) = Source::of(&args.spec).map_err(Failure::input)? {
        return match read(&Disk { folder: path.clone() }, &settings(&args.site)) {
            Ok(table) => shown(args, || folder::text(&path, &table), || folder::json(&path, &table)),
            Err(faults) => refused(args, &faults),
        };
    }
    if has_settings(&args.site) {
        let what = "is no folder, so --html, --spa, --base and --immutable do not apply";
        return Err(Failure::Input(format!("{}: {what}; remove them", args.spec.display())));
    }
    let description = super::described(&args.spec, None)?;
    shown(args, || routes::text(&description), || routes::json(&description))
}

fn settings(args: &SiteArgs) -> Settings {
    let base = args.base.clone().unwrap_or_default();
    Settings { html: args.html.unwrap_or_default(), spa: args.spa, base, immutable: args.immutable.clone() }
}

fn has_settings(args: &SiteArgs) -> bool {
    args.html.is_some() || args.spa || args.base.is_some() || !args.immutable.is_empty()
}

fn shown(args: &CheckArgs, text: impl Fn() -> String, json: impl Fn() -> Value) -> Result<ExitCode, Failure> {
    output::text(&if args.json { pretty(&json())? } else { text() })?;
    Ok(ExitCode::SUCCESS)
}

fn pretty(value: &Value) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value).map_err(Failure::failed)? + "\n")
}

/// Every fault on standard error, and with `--json` also where programs look.
fn refused(args: &CheckArgs, faults: &Faults) -> Result<ExitCode, Failure> {
    for fault in faults.iter() {
        output::say(format_args!("asmgen: {fault}"));
    }
    if args.json {
        let error = |fault: &asmgen::spec::SpecError| {
            let (line, column) = fault.position().unzip();
            json!({ "line": line, "column": column, "text": fault.to_string() })
        };
        output::text(&pretty(&json!({ "errors": faults.iter().map(error).collect::<Vec<_>>() }))?)?;
    }
    Ok(ExitCode::from(EXIT_WRONG_INPUT))
}

/// Numbers of what is in a table, as its first line.
fn summary(table: &Table) -> String {
    let immutable = table.entries.iter().filter(|entry| entry.is_immutable).count();
    let redirects = table.keys.values().filter(|key| key.profile.is_none()).count();
    let grouped = |number: usize| columns::grouped(number as u64);
    format!(
        "{} files with {} bytes of content, {} of them immutable; {} paths, and {} that lead to these",
        grouped(table.entries.len()),
        columns::grouped(table.bytes()),
        grouped(immutable),
        grouped(table.keys.len() - redirects),
        grouped(redirects),
    )
}
