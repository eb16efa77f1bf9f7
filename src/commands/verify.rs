//! `asmgen verify`: which loaders accept a file.

use std::fmt::Write;
use std::process::ExitCode;

use asmgen::elf::{self, Loader, Outcome, Tier, Verdict};

use crate::cli::VerifyArgs;
use crate::output::{self, Failure};

pub(super) fn run(args: &VerifyArgs) -> Result<ExitCode, Failure> {
    let wrong = |what: String| Failure::Input(format!("{}: {what}; name an ELF file", args.file.display()));
    let is_file = std::fs::metadata(&args.file).map_err(|error| wrong(error.to_string()))?.is_file();
    if !is_file {
        return Err(wrong("is no regular file".into()));
    }
    let file = std::fs::read(&args.file).map_err(|error| wrong(error.to_string()))?;
    let verdicts = elf::verify(&file);
    if args.json {
        output::text(&json(&verdicts)?)?;
    } else {
        output::text(&table(&verdicts))?;
    }
    Ok(if is_good(&verdicts, args.elf) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The layout's loaders decide; without a layout, the kernel.
fn is_good(verdicts: &[Verdict], tier: Option<Tier>) -> bool {
    match tier {
        Some(tier) => elf::accepted_by_tier(verdicts, tier),
        None => verdicts.iter().any(|verdict| verdict.loader == Loader::Linux && verdict.accepted()),
    }
}

fn json(verdicts: &[Verdict]) -> Result<String, Failure> {
    let tiers: serde_json::Map<String, serde_json::Value> =
        Tier::all().map(|tier| (tier.name().to_owned(), elf::accepted_by_tier(verdicts, tier).into())).collect();
    let value = serde_json::json!({ "layouts": tiers, "loaders": verdicts });
    serde_json::to_string_pretty(&value).map(|text| text + "\n").map_err(Failure::failed)
}

fn table(verdicts: &[Verdict]) -> String {
    let mut text = String::new();
    for verdict in verdicts {
        let outcome = match &verdict.outcome {
            Outcome::Accepted => "accepts",
            Outcome::OtherMachine => "runs no programs of this machine",
            Outcome::Refused { .. } => "refuses",
        };
        let _ = writeln!(text, "{:<24} {outcome}", verdict.loader);
        for refusal in verdict.refusals() {
            let _ = writeln!(text, "    {}: {} ({})", refusal.rule, refusal.right, refusal.source);
            for place in &refusal.places {
                let last = place.offset + place.len.max(1) - 1;
                let _ = writeln!(text, "        bytes {:#x}–{last:#x} {} = {}", place.offset, place.field, place.found);
            }
        }
    }
    for tier in Tier::all() {
        let word = if elf::accepted_by_tier(verdicts, tier) { "yes" } else { "no" };
        let _ = writeln!(text, "--elf {:<18} {word}", tier.name());
    }
    text
}
