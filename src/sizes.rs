//! Exact sizes of the examples, for every engine, target and layout, and where the bytes are.

use std::fmt::Write;

use crate::elf::Tier;
use crate::error::BuildError;
use crate::image::{Image, Owner};
use crate::options::{Builder, Effort, Options};
use crate::spec::Engine;
use crate::{TARGETS, examples};

/// One example on one target in one layout; all sizes in bytes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Row {
    /// Name of the example.
    pub example: &'static str,
    /// Name of the engine of a server.
    pub engine: Option<&'static str>,
    /// Name of the target.
    pub target: &'static str,
    /// Name of the layout.
    pub elf: &'static str,
    /// The file.
    pub total: u32,
    /// Header fields.
    pub header: u32,
    /// Instructions.
    pub code: u32,
    /// Data.
    pub data: u32,
    /// Padding.
    pub padding: u32,
}

impl Row {
    fn of(example: &'static str, engine: Option<Engine>, tier: Tier, image: &Image) -> Self {
        let mut row = Self {
            example,
            engine: engine.map(Engine::name),
            target: image.target.name,
            elf: tier.name(),
            total: image.bytes.len() as u32,
            header: 0,
            code: 0,
            data: 0,
            padding: 0,
        };
        // A byte with several owners counts once: for the code, else for the data.
        let mut owners = vec![3; image.bytes.len()];
        for claim in &image.map {
            let number = match claim.owner {
                Owner::Code { .. } => 0,
                Owner::Data { .. } => 1,
                Owner::Field { .. } => 2,
                Owner::Pad { .. } => 3,
            };
            for owner in &mut owners[claim.offset as usize..(claim.offset + claim.len) as usize] {
                *owner = number.min(*owner);
            }
        }
        for owner in owners {
            *[&mut row.code, &mut row.data, &mut row.header, &mut row.padding][owner] += 1;
        }
        row
    }

    /// The engine as it is shown.
    fn engine(&self) -> &'static str {
        self.engine.unwrap_or(NO_ENGINE)
    }

    fn cells(&self) -> [String; 9] {
        let numbers = [self.total, self.header, self.code, self.data, self.padding].map(|number| number.to_string());
        let [total, header, code, data, padding] = numbers;
        let [example, engine, target, elf] = [self.example, self.engine(), self.target, self.elf].map(String::from);
        [example, engine, target, elf, total, header, code, data, padding]
    }
}

/// What is shown where there is no engine.
const NO_ENGINE: &str = "-";

const COLUMNS: [&str; 9] = ["example", "engine", "target", "elf", "total", "header", "code", "data", "padding"];

/// Builds every example with every engine for every target in every layout.
///
/// # Errors
/// An example that cannot be built: an error in asmgen.
pub fn measure(build: Builder, effort: Effort) -> Result<Vec<Row>, BuildError> {
    let mut rows = Vec::new();
    for example in examples::EXAMPLES {
        for engine in example.engines() {
            let description = example.description(engine);
            for target in TARGETS {
                for tier in Tier::all() {
                    rows.push(Row::of(
                        example.name,
                        engine,
                        tier,
                        &build(&description, Options::new(target).tier(tier).effort(effort))?,
                    ));
                }
            }
        }
    }
    Ok(rows)
}

/// Tab-separated values with a line of column names.
pub fn tsv(rows: &[Row]) -> String {
    let lines = std::iter::once(COLUMNS.join("\t")).chain(rows.iter().map(|row| row.cells().join("\t")));
    lines.fold(String::new(), |text, line| text + &line + "\n")
}

/// Columns for people.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    let lines = std::iter::once(COLUMNS.map(String::from)).chain(rows.iter().map(Row::cells));
    for [example, engine, target, elf, numbers @ ..] in lines {
        let _ = write!(text, "{example:<10} {engine:<9} {target:<8} {elf:<9}");
        for number in numbers {
            let _ = write!(text, "{number:>8}");
        }
        text.push('\n');
    }
    text
}

/// One line per example and engine, one column per target and layout: the table of docs/figures.md.
pub fn markdown(rows: &[Row]) -> String {
    let columns: Vec<(&str, &str)> =
        TARGETS.iter().flat_map(|target| Tier::all().map(|tier| (target.name, tier.name()))).collect();
    let mut text = String::from("| example | engine |");
    for (target, elf) in &columns {
        let _ = write!(text, " {target} {elf} |");
    }
    text += "\n|---|---|";
    text += &"---:|".repeat(columns.len());
    for line in rows.chunk_by(|one, other| (one.example, one.engine) == (other.example, other.engine)) {
        let _ = write!(text, "\n| `{}` | {} |", line[0].example, line[0].engine());
        for &(target, elf) in &columns {
            let total = line.iter().find(|row| (row.target, row.elf) == (target, elf)).map(|row| row.total.to_string());
            let _ = write!(text, " {} |", total.unwrap_or_default());
        }
    }
    text + "\n"
}
