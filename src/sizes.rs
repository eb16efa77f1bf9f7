//! Exact sizes of the examples, for every target and layout, and where the bytes are.

use std::fmt::Write;

use crate::elf::Tier;
use crate::image::{Image, Owner};
use crate::{BuildError, Options, TARGETS, build, examples};

/// One example on one target in one layout; all sizes in bytes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Row {
    /// Name of the example.
    pub example: &'static str,
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
    fn of(example: &'static str, tier: Tier, image: &Image) -> Self {
        let mut row = Self {
            example,
            target: image.target.name,
            elf: tier.name(),
            total: image.bytes.len() as u32,
            header: 0,
            code: 0,
            data: 0,
            padding: 0,
        };
        // A byte with several owners counts once, for the first of them in the file's order.
        let mut counted_to = 0;
        for claim in &image.map {
            let end = claim.offset + claim.len;
            let new = end.saturating_sub(claim.offset.max(counted_to));
            counted_to = counted_to.max(end);
            *match claim.owner {
                Owner::Field { .. } => &mut row.header,
                Owner::Code { .. } => &mut row.code,
                Owner::Data { .. } => &mut row.data,
                Owner::Pad { .. } => &mut row.padding,
            } += new;
        }
        row
    }

    fn cells(&self) -> [String; 8] {
        let numbers = [self.total, self.header, self.code, self.data, self.padding].map(|number| number.to_string());
        let [total, header, code, data, padding] = numbers;
        [self.example.into(), self.target.into(), self.elf.into(), total, header, code, data, padding]
    }
}

const COLUMNS: [&str; 8] = ["example", "target", "elf", "total", "header", "code", "data", "padding"];

/// Builds every example for every target in every layout.
///
/// # Errors
/// An example that cannot be built: an error in asmgen.
pub fn measure() -> Result<Vec<Row>, BuildError> {
    let mut rows = Vec::new();
    for example in examples::EXAMPLES {
        let description = example.description();
        for target in TARGETS {
            for tier in Tier::all() {
                rows.push(Row::of(example.name, tier, &build(&description, Options { target, tier })?));
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
    for [example, target, elf, numbers @ ..] in lines {
        let _ = write!(text, "{example:<10} {target:<8} {elf:<9}");
        for number in numbers {
            let _ = write!(text, "{number:>8}");
        }
        text.push('\n');
    }
    text
}

/// One line per example, one column per target and layout: the table of README.md.
pub fn markdown(rows: &[Row]) -> String {
    let columns: Vec<(&str, &str)> =
        TARGETS.iter().flat_map(|target| Tier::all().map(|tier| (target.name, tier.name()))).collect();
    let mut text = String::from("| example |");
    for (target, elf) in &columns {
        let _ = write!(text, " {target} {elf} |");
    }
    text += "\n|---|";
    text += &"---:|".repeat(columns.len());
    for example in examples::EXAMPLES {
        let _ = write!(text, "\n| `{}` |", example.name);
        for &(target, elf) in &columns {
            let is_it = |row: &&Row| (row.example, row.target, row.elf) == (example.name, target, elf);
            let total = rows.iter().find(is_it).map_or_else(String::new, |row| row.total.to_string());
            let _ = write!(text, " {total} |");
        }
    }
    text + "\n"
}
