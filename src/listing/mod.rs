//! The annotated listing: every byte of an image with its offset, its instruction, its reason, and the header fields
//! it overlays.

pub mod map;

use std::fmt::Write;

use asmgen_arch::disasm;

use crate::image::{Claim, Image, Owner};

/// Bytes of data in one row.
const DATA_ROW_BYTES: u32 = 16;
/// Bytes of code or header shown in the bytes' column before it grows.
const BYTES_COLUMN: usize = 30;

/// A row of the listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Offset in the file.
    pub offset: u32,
    /// Labels before it.
    pub labels: Vec<String>,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Instruction, field or data.
    pub what: String,
    /// The reason.
    pub why: String,
    /// Names of the other owners of these bytes: header fields overlaid.
    pub overlays: Vec<String>,
}

/// All rows, in the order of the file; together they hold every byte once.
pub fn rows(image: &Image) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut offset = 0;
    while (offset as usize) < image.bytes.len() {
        let row = row_at(image, offset);
        offset += row.bytes.len() as u32;
        rows.push(row);
    }
    rows
}

/// The row that begins at this offset: a whole instruction; a line of data; of a header's bytes as many as have the
/// same owners.
fn row_at(image: &Image, offset: u32) -> Row {
    let mut owners: Vec<&Claim> = image.map.iter().filter(|claim| covers(claim, offset)).collect();
    owners.sort_by_key(|claim| match claim.owner {
        Owner::Code { .. } => 0,
        Owner::Data { .. } | Owner::Pad { .. } => 1,
        Owner::Field { .. } => 2,
    });
    let first = owners[0];
    let is_field = matches!(first.owner, Owner::Field { .. });
    let mut end = first.offset + first.len;
    if matches!(first.owner, Owner::Data { .. } | Owner::Pad { .. }) {
        end = end.min(offset + DATA_ROW_BYTES);
    }
    // Another owner's edge ends a row of a header, and code that begins ends anything.
    for claim in &image.map {
        let is_code = matches!(claim.owner, Owner::Code { .. });
        for edge in [claim.offset, claim.offset + claim.len] {
            if (offset + 1..end).contains(&edge) && (is_field || is_code && edge == claim.offset) {
                end = edge;
            }
        }
    }
    let bytes = image.bytes[offset as usize..end as usize].to_vec();
    let others =
        image.map.iter().filter(|claim| *claim != first && claim.offset < end && offset < claim.offset + claim.len);
    let overlays = others.map(|claim| name(&claim.owner)).collect();
    let labels = image.labels.iter().filter(|(at, _)| *at == offset).map(|(_, name)| name.clone()).collect();
    let (what, why) = describe(image, first, offset, &bytes);
    Row { offset, labels, bytes, what, why, overlays }
}

fn covers(claim: &Claim, offset: u32) -> bool {
    (claim.offset..claim.offset + claim.len).contains(&offset)
}

fn name(owner: &Owner) -> String {
    match owner {
        Owner::Field { name, .. } | Owner::Data { name } => name.clone(),
        Owner::Code { why, .. } | Owner::Pad { why } => why.clone(),
    }
}

fn describe(image: &Image, claim: &Claim, offset: u32, bytes: &[u8]) -> (String, String) {
    match &claim.owner {
        Owner::Code { why, variable } => {
            let mut text = disasm::decode_all(image.target, bytes).join("; ");
            if let Some(variable) = variable {
                text = with_variable(&text, variable);
            }
            (text, why.clone())
        }
        Owner::Field { name, meaning } => (name.clone(), meaning.clone()),
        Owner::Data { name } if offset == claim.offset => (ascii(bytes), name.clone()),
        Owner::Data { .. } => (ascii(bytes), String::new()),
        Owner::Pad { why } => ("padding".into(), why.clone()),
    }
}

/// An instruction with the name of its operand in memory in place of a register and an offset. An index stays: it is
/// the operand's second register.
fn with_variable(text: &str, variable: &str) -> String {
    let operand = text.split_once('[').and_then(|(before, rest)| {
        let (address, behind) = rest.split_once(']')?;
        Some((before, address, behind))
    });
    let Some((before, address, behind)) = operand else { return text.to_owned() };
    let address = address.replace(", ", " + ").replace(" - ", " + ");
    let registers = address.split(" + ").filter(|part| part.starts_with(|first: char| first.is_ascii_alphabetic()));
    let index = registers.skip(1).fold(String::new(), |text, index| text + " + " + index.trim_end_matches(" * 1"));
    let dot = if variable.is_empty() { "" } else { "." };
    format!("{before}[vars{dot}{variable}{index}]{behind}")
}

/// Printable characters as they are, others as a dot.
fn ascii(bytes: &[u8]) -> String {
    let character = |&byte: &u8| if (b' '..=b'~').contains(&byte) { char::from(byte) } else { '.' };
    format!("\"{}\"", bytes.iter().map(character).collect::<String>())
}

/// The listing as text: what the image is, then one line per row.
///
/// ```
/// # let description = asmgen::spec::default_description();
/// let image = asmgen::build(&description, asmgen::Options::new(&asmgen::AARCH64))?;
/// let text = asmgen::listing::text(&image);
/// assert!(text.lines().any(|line| line.starts_with("0000  7f 45 4c 46 ") && line.contains("e_ident[EI_MAG]")));
/// # Ok::<(), asmgen::BuildError>(())
/// ```
pub fn text(image: &Image) -> String {
    let rows = rows(image);
    let what_column = rows.iter().map(|row| row.what.chars().count()).max().unwrap_or(0);
    let mut text = format!(
        "; {} bytes for {}, loaded at {:#x}, entry {:#x}\n",
        image.bytes.len(),
        image.target.name,
        image.base(),
        image.entry
    );
    for load in &image.loads[1..] {
        let zeros = load.memory_bytes - load.file.len() as u64;
        let (first, last) = (load.file.start, load.file.end - 1);
        let _ = writeln!(text, "; {first:04x} to {last:04x} at {:#x}, writable, {zeros} zeros behind", load.address);
    }
    for row in &rows {
        for label in &row.labels {
            let _ = writeln!(text, "{label}:");
        }
        let hex = row.bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
        let mut line = format!("{:04x}  {hex:<BYTES_COLUMN$}", row.offset);
        if hex.len() > BYTES_COLUMN {
            line = format!("{:04x}  {hex:<47}", row.offset);
        }
        let _ = write!(line, "  {:<what_column$}  ; {}", row.what, row.why);
        if !row.overlays.is_empty() {
            let _ = write!(line, "  [{}]", row.overlays.join(", "));
        }
        text += line.trim_end_matches([' ', ';']);
        text.push('\n');
    }
    text
}
