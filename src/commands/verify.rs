//! `asmgen verify`: which loaders accept a file.

use std::fmt::Write;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::ExitCode;

use asmgen::elf::{self, Loader, Outcome, Tier, Verdict};
use serde_json::{Value, json};

use crate::cli::VerifyArgs;
use crate::output::{self, Failure};

/// The name of standard input.
const STDIN: &str = "-";
/// What every ELF file begins with (`EI_MAG0`).
const MAGIC: [u8; 4] = *b"\x7fELF";

/// A file and its verdicts.
struct Judged {
    name: String,
    len_bytes: u64,
    verdicts: Vec<Verdict>,
}

/// Judges each file; one that cannot be judged does not keep the others from it.
pub(super) fn run(args: &VerifyArgs) -> Result<ExitCode, Failure> {
    let mut judged = Vec::new();
    let mut is_input_wrong = false;
    for file in &args.file {
        match judge(file) {
            Ok(one) => judged.push(one),
            Err(failure) if args.file.len() == 1 => return Err(failure),
            Err(failure) => {
                is_input_wrong = true;
                output::say(format_args!("asmgen: {failure}"));
            }
        }
    }
    let text = match (args.json, &judged[..]) {
        (true, [one]) if args.file.len() == 1 => pretty(&json_of(one))?,
        (true, all) => pretty(&all.iter().map(json_of).collect())?,
        (false, all) => all.iter().map(|one| titled(one, args.file.len())).collect::<Vec<_>>().join("\n"),
    };
    output::text(&text)?;
    let is_good = judged.iter().all(|one| is_good(&one.verdicts, args.elf));
    Ok(if is_input_wrong { ExitCode::from(2) } else { ExitCode::from(u8::from(!is_good)) })
}

fn judge(path: &Path) -> Result<Judged, Failure> {
    let name = if path.as_os_str() == STDIN { "standard input".into() } else { path.display().to_string() };
    let wrong = |what: String| Failure::Input(format!("{name}: {what}; name an ELF file"));
    let mut file = open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => wrong("no such file".to_owned()),
        _ => wrong(error.to_string()),
    })?;
    let mut magic = Vec::new();
    let begun = (&mut file).take(MAGIC.len() as u64).read_to_end(&mut magic);
    begun.map_err(|error| wrong(error.to_string()))?;
    if magic != MAGIC {
        let bytes: Vec<String> = magic.iter().map(|byte| format!("{byte:02x}")).collect();
        let found = if bytes.is_empty() { "is empty".into() } else { format!("begins with {}", bytes.join(" ")) };
        return Err(wrong(format!("is not an ELF file: it {found}, not with 7f 45 4c 46")));
    }
    let verdicts = elf::verify_file(&mut file).map_err(|error| wrong(error.to_string()))?;
    let len_bytes = file.seek(SeekFrom::End(0)).map_err(Failure::failed)?;
    Ok(Judged { name, len_bytes, verdicts })
}

/// A regular file, or a copy of standard input that can be read in any order.
fn open(path: &Path) -> io::Result<File> {
    if path.as_os_str() == STDIN {
        let mut copy = tempfile::tempfile()?;
        io::copy(&mut io::stdin().lock(), &mut copy)?;
        copy.rewind()?;
        return Ok(copy);
    }
    if path.metadata()?.is_file() { File::open(path) } else { Err(io::Error::other("is not a regular file")) }
}

/// The layout's loaders decide; without a layout, the kernel.
fn is_good(verdicts: &[Verdict], tier: Option<Tier>) -> bool {
    match tier {
        Some(tier) => elf::accepted_by_tier(verdicts, tier),
        None => verdicts.iter().any(|verdict| verdict.loader == Loader::Linux && verdict.accepted()),
    }
}

fn json_of(judged: &Judged) -> Value {
    let verdicts = &judged.verdicts;
    let tiers: serde_json::Map<String, Value> =
        Tier::all().map(|tier| (tier.name().to_owned(), elf::accepted_by_tier(verdicts, tier).into())).collect();
    json!({ "file": judged.name, "layouts": tiers, "loaders": verdicts })
}

fn pretty(value: &Value) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(Failure::failed)
}

/// The table, below its file's name where there are several.
fn titled(judged: &Judged, files: usize) -> String {
    let title = if files > 1 { format!("{}:\n", judged.name) } else { String::new() };
    title + &table(judged)
}

fn table(judged: &Judged) -> String {
    let mut text = String::new();
    for verdict in &judged.verdicts {
        let outcome = match &verdict.outcome {
            Outcome::Accepted => "accepts",
            Outcome::OtherMachine => "does not run programs for this machine",
            Outcome::Refused { .. } => "refuses",
        };
        let _ = writeln!(text, "{:<24} {outcome}", verdict.loader);
        for refusal in verdict.refusals() {
            let _ = writeln!(text, "    {}: {} ({})", refusal.rule, refusal.right, refusal.source);
            for place in &refusal.places {
                let _ = writeln!(text, "        {}", shown(place, judged.len_bytes));
            }
        }
    }
    for tier in Tier::all() {
        let word = if elf::accepted_by_tier(&judged.verdicts, tier) { "yes" } else { "no" };
        let _ = writeln!(text, "--elf {:<18} {word}", tier.name());
    }
    text
}

/// Where a field is and what it holds, if the file has it.
fn shown(place: &elf::Place, len_bytes: u64) -> String {
    let (first, last) = (place.offset, place.offset + place.len.max(1) - 1);
    if first >= len_bytes {
        return format!("{} is past the end: the file has {len_bytes} bytes", place.field);
    }
    let bytes = if first == last { format!("byte {first:#x}") } else { format!("bytes {first:#x}–{last:#x}") };
    format!("{bytes} {} = {}", place.field, place.found)
}
