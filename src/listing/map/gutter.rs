//! What is beside the cells: offsets on the left, and on the right the parts of the file and the places in it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::cells::{Map, Part};
use super::escape::{markup, shortened};
use super::grid::Grid;

/// From one bar to the next where parts overlap.
const LANE: u32 = 12;
/// Width of a bar.
const BAR: u32 = 6;
/// Room between columns.
const ROOM: u32 = 14;
/// Names of parts are cut to so many characters, and each has so much room.
const PART_CHARACTERS: usize = 24;
const PART_CHARACTER: u32 = 8;
/// Two lines of a part: its name, its length.
const PART_LINES: u32 = 34;
/// Column of the places' names.
const PLACE_COLUMN: u32 = 284;
const PLACE_CHARACTERS: usize = 36;
/// Line of a place.
const PLACE_LINE: u32 = 13;
/// From a row's upper edge to the first line's base.
const FIRST_LINE: u32 = 14;

/// A finished column: its drawing, its right edge, its lower edge.
pub(super) struct Column {
    pub(super) drawing: String,
    pub(super) right: u32,
    pub(super) bottom: u32,
}

/// Offsets of rows, and of columns where cells are wide enough.
pub(super) fn offsets(grid: &Grid) -> String {
    let mut out = String::from("<g class=\"soft offsets\">");
    // As many rows as there are lines of text.
    let step = PLACE_LINE.div_ceil(grid.height).next_power_of_two();
    for row in (0..grid.rows()).step_by(step as usize) {
        let offset = row * grid.columns;
        let _ = write!(
            out,
            "<text x=\"{}\" y=\"{}\">{offset:04x}</text>",
            grid.left - 8,
            grid.y(offset) + u32::midpoint(grid.height, 8)
        );
    }
    out += "</g><g class=\"soft columns\">";
    for column in (0..grid.columns).filter(|column| grid.width >= 20 || column % 8 == 0) {
        let x = grid.left + column * grid.width + grid.width / 2;
        let _ = write!(out, "<text x=\"{x}\" y=\"{}\">{column:x}</text>", grid.top - 7);
    }
    out + "</g>\n"
}

/// The parts: a bar each, beside one another where they share rows, then names and lengths.
pub(super) fn parts(map: &Map, grid: &Grid) -> Column {
    let mut lanes: Vec<u32> = Vec::new();
    let mut bars = String::new();
    let left = grid.right() + ROOM;
    for part in &map.parts {
        let (y, end) = (grid.y(part.range.start), grid.y(part.range.end - 1) + grid.height);
        let lane = lanes.iter().position(|&used| used <= y).unwrap_or(lanes.len());
        if lane == lanes.len() {
            lanes.push(0);
        }
        lanes[lane] = end;
        let (x, kind) = (left + lane as u32 * LANE + BAR / 2, part.kind.name());
        let height = end - y - 4;
        let _ = write!(bars, "<path class=\"bar {kind}\" d=\"M{x} {}v{height}\"/>", y + 2);
    }
    let x = left + lanes.len() as u32 * LANE + 4;
    let (mut bottom, mut longest) = (0, 0);
    let mut out = format!("<g class=\"parts\">{bars}");
    for part in &map.parts {
        let y = grid.y(part.range.start).max(bottom);
        bottom = y + PART_LINES;
        let (name, count) = (shortened(&part.name, PART_CHARACTERS), part.range.len());
        longest = longest.max(name.chars().count() as u32);
        let name = markup(&name);
        let bytes = if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") };
        let (first, second) = (y + FIRST_LINE, y + FIRST_LINE + 14);
        let _ = write!(out, "<text class=\"ink\" x=\"{x}\" y=\"{first}\">{name}</text>");
        let _ = write!(out, "<text class=\"soft\" x=\"{x}\" y=\"{second}\">{bytes}</text>");
    }
    Column { drawing: out + "</g>\n", right: x + longest * PART_CHARACTER + ROOM, bottom }
}

/// The places, each beside the row where it begins; where there is not a line for each, the larger ones.
pub(super) fn places(map: &Map, grid: &Grid, left: u32) -> Column {
    let mut rows: BTreeMap<u32, Vec<&Part>> = BTreeMap::new();
    // Rows that are lower than a line share one.
    let rows_of_line = PLACE_LINE.div_ceil(grid.height);
    for place in &map.places {
        rows.entry(place.range.start / grid.columns / rows_of_line).or_default().push(place);
    }
    let lines = (grid.height / PLACE_LINE).max(1) as usize;
    let (mut out, mut bottom) = (String::from("<g class=\"places\">"), 0);
    for (row, mut places) in rows {
        places.sort_by_key(|place| std::cmp::Reverse(place.range.len()));
        places.truncate(lines);
        places.sort_by_key(|place| place.range.start);
        let used = places.len() as u32 * PLACE_LINE;
        let top = grid.top + row * rows_of_line * grid.height + (rows_of_line * grid.height).saturating_sub(used) / 2;
        for (place, line) in places.into_iter().zip(1..) {
            bottom = top + line * PLACE_LINE - 3;
            out += &name_of(place, left, bottom);
        }
    }
    Column { drawing: out + "</g>\n", right: left + PLACE_COLUMN, bottom }
}

fn name_of(place: &Part, x: u32, y: u32) -> String {
    let (offset, name) = (place.range.start, markup(&shortened(&place.name, PLACE_CHARACTERS)));
    format!(
        "<path class=\"dot {}\" d=\"M{x} {}v8\"/><text class=\"soft\" x=\"{}\" y=\"{y}\">{offset:04x}</text>\
         <text class=\"ink\" x=\"{}\" y=\"{y}\">{name}</text>",
        place.kind.name(),
        y - 8,
        x + 9,
        x + 42
    )
}
