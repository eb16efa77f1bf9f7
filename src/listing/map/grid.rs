//! The cells of the drawing: where each byte lies, how large it is, what is in it.

use std::fmt::Write;
use std::ops::Range;

use super::cells::{Kind, Map, Run};
use super::escape::{markup, shortened};
use super::sentence;

/// How the cells are laid out; all lengths in pixels at the size of 100 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    /// Cells in a row.
    pub(super) columns: u32,
    /// From one cell to the next.
    pub(super) width: u32,
    /// From one row to the next.
    pub(super) height: u32,
    /// Height of the hex digits' font; 0 where cells are too small for any.
    hex: u32,
    /// Height of the font of what is below the digits; 0 for none.
    label: u32,
    /// Lines below the digits.
    lines: u32,
    /// Radius of corners.
    radius: u32,
    /// Left edge of the first cell.
    pub(super) left: u32,
    /// Upper edge of the first cell.
    pub(super) top: u32,
    /// Length of the file.
    bytes: u32,
}

/// Advance of a fixed-width font's character for its height, in hundredths: 0.60 in all common ones.
const ADVANCE_PERCENT: u32 = 60;

impl Grid {
    /// Large cells for small files.
    pub(super) fn of(bytes: usize, left: u32, top: u32) -> Self {
        let bytes = bytes as u32;
        let grid = |columns, width, height, hex, label, radius| Self {
            columns,
            width,
            height,
            hex,
            label,
            lines: if bytes <= 256 { 2 } else { 1 },
            radius,
            left,
            top,
            bytes,
        };
        match bytes {
            0..=256 => grid(16, 64, 64, 19, 9, 4),
            257..=1024 => grid(32, 36, 40, 14, 7, 3),
            1025..=2048 => grid(64, 20, 24, 11, 0, 2),
            2049..=16_384 => grid(64, 15, 15, 0, 0, 2),
            16_385..=65_536 => grid(128, 10, 10, 0, 0, 1),
            _ => grid(256, 6, 6, 0, 0, 0),
        }
    }

    /// Can a reader see the bytes?
    fn has_hex(&self) -> bool {
        self.hex > 0
    }

    /// Are instructions and fields named in their cells?
    fn has_labels(&self) -> bool {
        self.label > 0
    }

    /// Are jumps' destinations and pieces of data named beside the cells? In the smallest files all is in the cells.
    pub(super) fn names_places(&self) -> bool {
        self.lines < 2
    }

    /// Right edge of the cells.
    pub(super) fn right(&self) -> u32 {
        self.left + self.columns * self.width
    }

    /// Rows of cells.
    pub(super) fn rows(&self) -> u32 {
        self.bytes.div_ceil(self.columns)
    }

    /// Lower edge of the cells.
    pub(super) fn bottom(&self) -> u32 {
        self.top + self.rows() * self.height
    }

    /// Upper edge of the row of a byte.
    pub(super) fn y(&self, offset: u32) -> u32 {
        self.top + offset / self.columns * self.height
    }

    fn x(&self, offset: u32) -> u32 {
        self.left + offset % self.columns * self.width
    }

    /// Left edge, upper edge, width and height of a cell; between runs there is more room than within them.
    fn cell(&self, run: &Run, offset: u32) -> [u32; 4] {
        let wide = if self.has_labels() { 2 } else { 1 };
        let left = if offset == run.range.start { wide } else { 0 };
        let right = if offset + 1 == run.range.end { wide } else { u32::from(self.width > 8) };
        [self.x(offset) + left, self.y(offset) + wide, self.width - left - right, self.height - 2 * wide]
    }

    /// The ring around the first byte that is executed, outside of its cell.
    pub(super) fn ring(&self, offset: u32) -> String {
        let (x, y, width, height) = (self.x(offset), self.y(offset), self.width, self.height);
        format!("<path class=\"entry\" d=\"M{x} {y}h{width}v{height}h-{width}z\"/>\n")
    }

    /// Of the rows that a run is in, the bytes in the one where it is longest; the first of several.
    fn longest(&self, range: &Range<u32>) -> Range<u32> {
        let rows = range.start / self.columns..=(range.end - 1) / self.columns;
        let within = |row: u32| range.start.max(row * self.columns)..range.end.min((row + 1) * self.columns);
        let all: Vec<_> = rows.map(within).collect();
        all.iter().rev().max_by_key(|part| part.len()).cloned().unwrap_or_else(|| range.clone())
    }
}

/// A byte that a loader reads, and that is also code or data, shows both. This is which of the two it is beside a
/// header field.
pub(super) fn in_header(map: &Map, run: &Run) -> Option<Kind> {
    let first = map.first(run).kind;
    (run.kind == Kind::Shared && first != Kind::Header).then_some(first)
}

/// Everything about the runs: a group for each, with its sentence, its cells and what is in them.
pub(super) fn cells(map: &Map, grid: &Grid) -> String {
    let mut out = String::new();
    for (index, run) in map.runs.iter().enumerate() {
        let shade = if index % 2 == 1 { " odd" } else { "" };
        let mixed = in_header(map, run).map_or_else(String::new, |kind| format!(" mixed-{}", kind.name()));
        let _ = write!(
            out,
            "<g class=\"run {}{mixed}{shade}\"><title>{}</title>",
            run.kind.name(),
            markup(&sentence(map, run))
        );
        for offset in run.range.clone() {
            let [x, y, width, height] = grid.cell(run, offset);
            let _ = write!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"");
            if grid.radius > 0 {
                let _ = write!(out, " rx=\"{}\"", grid.radius);
            }
            out += "/>";
        }
        out += &inscription(map, grid, run);
        out += "</g>\n";
    }
    out
}

/// Hex digits, and below them the characters of data or the name of everything else.
fn inscription(map: &Map, grid: &Grid, run: &Run) -> String {
    let mut out = String::new();
    if !grid.has_hex() {
        return out;
    }
    let is_text = map.first(run).kind == Kind::Data;
    let (base, below) = baselines(grid);
    let part = grid.longest(&run.range);
    let room = part.len() as u32 * grid.width - 4;
    let most = (room * 100 / (grid.label.max(1) * ADVANCE_PERCENT)) as usize;
    let x = grid.x(part.start) + part.len() as u32 * grid.width / 2;
    for offset in run.range.clone() {
        let (x, y) = (grid.x(offset) + grid.width / 2, grid.y(offset));
        let byte = map.image.bytes[offset as usize];
        let _ = write!(out, "<text x=\"{x}\" y=\"{}\">{byte:02x}</text>", y + base);
        if is_text && grid.has_labels() && byte.is_ascii_graphic() {
            let shown = markup(&char::from(byte).to_string());
            let _ = write!(out, "<text class=\"name\" x=\"{x}\" y=\"{}\">{shown}</text>", y + below);
        }
    }
    if !is_text && grid.has_labels() {
        // Of several owners as many as there is room for, beginning with the one that has its first byte here.
        let lines = run.items.iter().take(grid.lines as usize).zip(0..);
        for (&index, line) in lines {
            let y = grid.y(part.start) + below + line * (grid.label + 2);
            let name = markup(&shortened(name_within(&map.items[index].name, most), most));
            let _ = write!(out, "<text class=\"name\" x=\"{x}\" y=\"{y}\">{name}</text>");
        }
    }
    out
}

/// A name without what can be missed where there is little room: of `array[ELEMENT]` the element, and a header's
/// number.
fn name_within(name: &str, most: usize) -> &str {
    if name.chars().count() <= most {
        return name;
    }
    // An address in an instruction has brackets too.
    let array = name.strip_suffix(']').and_then(|name| name.split_once('[')).filter(|(array, _)| !array.contains(' '));
    match array {
        Some((array, index)) if index.bytes().all(|byte| byte.is_ascii_digit()) => array,
        Some((_, element)) => element,
        None => name,
    }
}

/// Lower edges of the digits and of the first line of what is below them, from the upper edge of the row.
fn baselines(grid: &Grid) -> (u32, u32) {
    let ascent = |height: u32| height * 72 / 100;
    if grid.has_labels() {
        // Half of what is free lies around the digits.
        let lines = grid.lines * (grid.label + 2);
        let free = grid.height - ascent(grid.hex) - lines;
        let base = ascent(grid.hex) + free / 2;
        (base, base + free / 4 + grid.label + 1)
    } else {
        (u32::midpoint(grid.height, ascent(grid.hex)), 0)
    }
}

/// The sizes of the cells' fonts, as a style.
pub(super) fn fonts(grid: &Grid) -> String {
    format!(".run text{{font-size:{}px}}.run .name{{font-size:{}px}}", grid.hex.max(1), grid.label.max(1))
}
