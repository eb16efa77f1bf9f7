//! The map for terminals. Small files are shown as hex digits with a letter for each byte beside them, large ones as
//! letters alone. The first byte of a run has a capital letter, so that runs can be told apart without colours.

use std::fmt::Write;
use std::ops::Range;

use super::cells::{Kind, Map, Part, Run};

/// Files up to this length are shown with their bytes.
const HEX_BYTES_MAX: usize = 1024;
/// Bytes in a row of hex digits.
const HEX_COLUMNS: u32 = 16;
/// Bytes in a row of letters.
const LETTER_COLUMNS: u32 = 64;
/// ANSI: back to the terminal's own colours.
const RESET: &str = "\x1b[0m";

/// The letter of a kind.
fn letter(kind: Kind) -> char {
    match kind {
        Kind::Header => 'h',
        Kind::Code => 'c',
        Kind::Data => 'd',
        Kind::Padding => 'p',
        Kind::Shared => 's',
    }
}

/// The colour of a kind as a background, with black in front: xterm's 256 colours nearest to those of the drawing.
fn paint(kind: Kind) -> &'static str {
    match kind {
        Kind::Header => "\x1b[38;5;16;48;5;74m",
        Kind::Code => "\x1b[38;5;16;48;5;214m",
        Kind::Data => "\x1b[38;5;16;48;5;36m",
        Kind::Padding => "\x1b[38;5;16;48;5;250m",
        Kind::Shared => "\x1b[38;5;16;48;5;175m",
    }
}

/// A byte as it is shown.
struct Cell {
    offset: u32,
    kind: Kind,
    letter: char,
}

fn cells(map: &Map) -> Vec<Cell> {
    let of_run = |run: &Run| {
        let (kind, first) = (run.kind, run.range.start);
        run.range.clone().map(move |offset| {
            let letter = letter(kind);
            Cell { offset, kind, letter: if offset == first { letter.to_ascii_uppercase() } else { letter } }
        })
    };
    map.runs.iter().flat_map(of_run).collect()
}

/// The map as text, with colours for a terminal or without.
///
/// ```
/// let description = asmgen::spec::from_toml("program = 'pause'", std::path::Path::new("pause.toml"))?;
/// let image = asmgen::build(&description, asmgen::Options::new(&asmgen::X86_64))?;
/// let map = asmgen::listing::map::Map::new("pause", &image);
/// let text = asmgen::listing::map::text(&map, false);
/// assert!(text.contains("\n0000  7f 45 4c 46 02 01 01 03  00 00 00 00 00 00 00 00  HhhhHHHHHhhhhhhh"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn text(map: &Map, is_coloured: bool) -> String {
    let mut text = format!("{}: {}\n{}\n", map.name, map.facts(), legend(map, is_coloured));
    let is_small = map.image.bytes.len() <= HEX_BYTES_MAX;
    let columns = if is_small { HEX_COLUMNS } else { LETTER_COLUMNS };
    for row in cells(map).chunks(columns as usize) {
        let offset = row[0].offset;
        let _ = write!(text, "{offset:04x}  ");
        if is_small {
            text += &hex(map, row, is_coloured);
            text += "  ";
        }
        let shown: String = painted(row, is_coloured, |cell| cell.letter.to_string());
        let (gap, labels) = (" ".repeat(columns as usize - row.len()), labels(map, offset..offset + columns, is_small));
        text += format!("{shown}{gap}  {labels}").trim_end();
        text.push('\n');
    }
    text + &shared(map)
}

fn legend(map: &Map, is_coloured: bool) -> String {
    let entry = |kind: Kind| {
        let letter = letter(kind).to_ascii_uppercase().to_string();
        let letter = if is_coloured { format!("{} {letter} {RESET}", paint(kind)) } else { letter };
        format!("{letter} {} {}", kind.name(), map.count(kind))
    };
    Kind::ALL.map(entry).join("   ")
}

/// The bytes of a row, in two halves.
fn hex(map: &Map, row: &[Cell], is_coloured: bool) -> String {
    let half = HEX_COLUMNS as usize / 2;
    let digits = |cell: &Cell| format!("{:02x}", map.image.bytes[cell.offset as usize]);
    let mut hex = String::new();
    for column in 0..HEX_COLUMNS as usize {
        if column > 0 {
            hex += if column == half { "  " } else { " " };
        }
        match row.get(column) {
            Some(cell) => hex += &painted(std::slice::from_ref(cell), is_coloured, digits),
            None => hex += "  ",
        }
    }
    hex
}

/// Cells side by side; neighbours of one kind share a colour's beginning and end.
fn painted(row: &[Cell], is_coloured: bool, shown: impl Fn(&Cell) -> String) -> String {
    let mut text = String::new();
    for same in row.chunk_by(|one, other| one.kind == other.kind) {
        let cells: String = same.iter().map(&shown).collect();
        if is_coloured {
            let _ = write!(text, "{}{cells}{RESET}", paint(same[0].kind));
        } else {
            text += &cells;
        }
    }
    text
}

/// What begins in a row: every run of a small file, the parts and the places of a large one.
fn labels(map: &Map, row: Range<u32>, is_small: bool) -> String {
    let begins = |range: &Range<u32>| row.contains(&range.start);
    let mut names: Vec<String> = Vec::new();
    if is_small {
        // An instruction that lies over several fields is in several runs.
        let mut firsts: Vec<usize> = map.runs.iter().filter(|run| begins(&run.range)).map(|run| run.items[0]).collect();
        firsts.dedup();
        names.extend(firsts.into_iter().map(|index| map.items[index].name.clone()));
    } else {
        let sized = |part: &Part| format!("[{}: {} bytes]", part.name, part.range.len());
        names.extend(map.parts.iter().filter(|part| begins(&part.range)).map(sized));
        names.extend(map.places.iter().filter(|place| begins(&place.range)).map(|place| place.name.clone()));
    }
    names.join(", ")
}

/// All owners of the bytes that have several.
fn shared(map: &Map) -> String {
    let runs = map.runs.iter().filter(|run| run.kind == Kind::Shared);
    let lines = runs.map(|run| {
        let names: Vec<&str> = run.items.iter().map(|&index| map.items[index].name.as_str()).collect();
        let (first, last) = (run.range.start, run.range.end - 1);
        let last = if first == last { "      ".to_owned() } else { format!(" {last:04x}") };
        format!("{first:04x}{last:<6} {}\n", names.join(" = "))
    });
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("\nBytes with several owners:\n{lines}") }
}
