//! What `asmgen golf` says: the examples' smallest sizes beside the published ones, and what each rule saves.

use std::fmt::Write;

use super::Rule;
use super::records::{self, Record};
use crate::elf::Tier;
use crate::error::BuildError;
use crate::examples::{EXAMPLES, Example};
use crate::options::{Builder, Effort, Options};
use crate::spec::{Engine, Program, ProgramKind};
use crate::{TARGETS, Target};

/// An example on a machine in a layout.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Row {
    /// Name of the example; servers have the blocking engine.
    pub example: &'static str,
    /// Name of the machine.
    pub target: &'static str,
    /// Name of the layout.
    pub elf: &'static str,
    /// Bytes of the file.
    pub bytes: u32,
    /// Bytes of the plain strict layout.
    pub strict_bytes: u32,
    /// The smallest published program that does the same.
    pub record: Option<&'static Record>,
    /// Its bytes, at the length of the example's text.
    pub published_bytes: Option<u32>,
    /// Bytes by which ours is larger; negative where it is smaller.
    pub difference: Option<i64>,
}

/// What a rule saves.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Saving {
    /// Name of the rule.
    pub rule: &'static str,
    /// What it does.
    pub what: &'static str,
    /// For each program and machine that was asked for: bytes more without it.
    pub bytes: Vec<i64>,
}

/// Programs to try each rule on.
const RULED: [&str; 4] = ["hello", "pause", "ok", "ok6"];

fn size(build: Builder, example: &Example, options: Options) -> Size {
    let server = example.description(None).program.kind() == ProgramKind::Server;
    let description = example.description(server.then_some(Engine::Blocking));
    Ok(build(&description, options)?.bytes.len() as u32)
}

type Size = Result<u32, BuildError>;

/// Bytes of the text that an example writes and ends.
fn text_bytes(example: &Example) -> usize {
    if let Program::Hello { text } = &example.description(None).program { text.len() } else { 0 }
}

/// Every example on every machine in the layouts that are searched; each is told when it is there.
///
/// # Errors
/// An example that cannot be built: an error in asmgen.
pub fn rows(build: Builder, effort: Effort, tell: &mut dyn FnMut(&Row)) -> Result<Vec<Row>, BuildError> {
    let mut rows = Vec::new();
    for example in EXAMPLES {
        for target in TARGETS {
            let size = |tier, effort| size(build, example, Options::new(target).tier(tier).effort(effort));
            let strict_bytes = size(Tier::Strict, Effort::Default)?;
            for tier in Tier::all().filter(|tier| *tier != Tier::Strict) {
                let bytes = size(tier, effort)?;
                let record = records::record(example.name, target.name);
                let published_bytes = record.map(|record| record.bytes_with(text_bytes(example)));
                let difference = published_bytes.map(|published| i64::from(bytes) - i64::from(published));
                let (example, target, elf) = (example.name, target.name, tier.name());
                let row = Row { example, target, elf, bytes, strict_bytes, record, published_bytes, difference };
                tell(&row);
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

/// The programs and machines of a table of rules.
pub fn rule_columns() -> Vec<(&'static str, &'static str)> {
    RULED.iter().flat_map(|example| TARGETS.iter().map(move |target| (*example, target.name))).collect()
}

/// What each rule saves these programs on these machines in the layout `linux`: the same search without it. Each is
/// told when it is there.
///
/// # Errors
/// An example that cannot be built: an error in asmgen.
pub fn savings(
    build: Builder,
    effort: Effort,
    columns: &[(&str, &str)],
    tell: &mut dyn FnMut(&Saving),
) -> Result<Vec<Saving>, BuildError> {
    let size_of = |name: &str, target: &str, without| {
        let example = EXAMPLES.iter().find(|example| example.name == name).expect("it is an example");
        let target = Target::by_name(target).expect("it is a target");
        size(build, example, Options::new(target).tier(Tier::Linux).effort(effort).without(without))
    };
    let with: Vec<u32> = columns.iter().map(|(name, target)| size_of(name, target, None)).collect::<Result<_, _>>()?;
    let mut saving = |rule: Rule| {
        let without = columns
            .iter()
            .zip(&with)
            .map(|((name, target), with)| Ok(i64::from(size_of(name, target, Some(rule))?) - i64::from(*with)));
        let saving =
            Saving { rule: rule.name(), what: rule.what(), bytes: without.collect::<Result<_, BuildError>>()? };
        tell(&saving);
        Ok(saving)
    };
    Rule::ALL.into_iter().map(&mut saving).collect()
}

/// The heading of the columns of [`text_row`].
pub const TEXT_HEAD: &str = "example    target   elf          bytes  strict  published  difference  source\n";

/// A row as columns for people.
pub fn text_row(row: &Row) -> String {
    let published = row.published_bytes.map_or_else(|| "-".into(), |bytes| bytes.to_string());
    let difference = row.difference.map_or_else(|| "-".into(), |by| format!("{by:+}"));
    let mut text = format!("{:<10} {:<8} {:<9} {:>8}", row.example, row.target, row.elf, row.bytes);
    let _ = write!(text, " {:>7} {published:>10} {difference:>11}", row.strict_bytes);
    if let Some(record) = row.record {
        let _ = write!(text, "  {}", source(record));
    }
    text + "\n"
}

/// The table of docs/golf.md: one line per example and machine.
pub fn markdown(rows: &[Row]) -> String {
    let mut text = String::from("| example | machine | strict | portable | linux | published | source |\n");
    text += "|---|---|---:|---:|---:|---:|---|\n";
    for line in rows.chunk_by(|one, other| (one.example, one.target) == (other.example, other.target)) {
        let of = |tier: Tier| line.iter().find(|row| row.elf == tier.name()).map_or(0, |row| row.bytes);
        let published = line[0].published_bytes.map(|bytes| bytes.to_string()).unwrap_or_default();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {published} | {} |",
            line[0].example,
            line[0].target,
            line[0].strict_bytes,
            of(Tier::Portable),
            of(Tier::Linux),
            line[0].record.map(source).unwrap_or_default(),
        );
    }
    text
}

fn source(record: &Record) -> String {
    let text = record.text.map(|text| format!("{} bytes with its text `{}`", record.bytes, text.escape_debug()));
    let exit = record.exit_code.map(|code| format!("exits with {code}"));
    let lacks = Some(record.lacks.to_owned()).filter(|lacks| !lacks.is_empty());
    [Some(record.source.to_owned()), text, exit, lacks].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The heading of the columns of [`saving_row`].
pub fn savings_head() -> String {
    let mut text = format!("{:<10}", "rule");
    for (example, target) in rule_columns() {
        let _ = write!(text, " {:>13}", format!("{example}.{target}"));
    }
    text + "\n"
}

/// What a rule saves, as columns for people.
pub fn saving_row(saving: &Saving) -> String {
    let mut text = format!("{:<10}", saving.rule);
    for bytes in &saving.bytes {
        let _ = write!(text, " {bytes:>13}");
    }
    text + &format!("  {}\n", saving.what)
}
