//! The map as a drawing: one element for each byte, readable where there is no colour and in the dark.

use std::fmt::Write;

use super::cells::{Kind, Map};
use super::escape::markup;
use super::grid::{self, Grid};
use super::gutter;

/// Colours and fonts.
const STYLE: &str = include_str!("poster.css");
/// Around everything.
const MARGIN: u32 = 36;
/// Column of the offsets.
const OFFSETS: u32 = 48;
/// Lower edges of the title, of the facts, of the legend.
const TITLE: u32 = MARGIN + 26;
const FACTS: u32 = TITLE + 26;
const LEGEND: u32 = FACTS + 34;
/// Upper edge of the cells.
const TOP: u32 = LEGEND + 44;
/// An entry of the legend, by its number of characters.
const LEGEND_CHARACTER: u32 = 8;
const LEGEND_ROOM: u32 = 48;

/// The drawing, a file of its own.
///
/// ```
/// let description = asmgen::spec::from_toml("program = 'pause'", std::path::Path::new("pause.toml"))?;
/// let image = asmgen::build(&description, asmgen::Options::new(&asmgen::X86_64))?;
/// let svg = asmgen::listing::map::svg(&asmgen::listing::map::Map::new("pause", &image));
/// assert_eq!(svg.matches("<rect ").count(), image.bytes.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn svg(map: &Map) -> String {
    let grid = Grid::of(map.image.bytes.len(), MARGIN + OFFSETS, TOP);
    let parts = gutter::parts(map, &grid);
    let mut drawings = vec![gutter::offsets(&grid), grid::cells(map, &grid)];
    drawings.extend(map.entry().map(|offset| grid.ring(offset)));
    let (mut right, mut bottom) = (parts.right, parts.bottom.max(grid.bottom()));
    drawings.push(parts.drawing);
    if grid.names_places() {
        let places = gutter::places(map, &grid, right);
        (right, bottom) = (places.right, bottom.max(places.bottom));
        drawings.push(places.drawing);
    }
    let (width, height) = (right + MARGIN, bottom + MARGIN);
    let title = format!("{}: {}", map.name, map.facts());
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"map\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{}\">\n",
        markup(&title)
    );
    let _ = write!(out, "<style>\n{STYLE}{}\n</style>\n", grid::fonts(&grid));
    let [code, data] = [Kind::Code, Kind::Data].map(Kind::name);
    let patterns = [("", "stripe-ground", "stripe"), ("-code", code, "header"), ("-data", data, "header")];
    let _ = writeln!(out, "<defs>{}</defs>", patterns.map(stripes).concat());
    let _ = writeln!(out, "<path class=\"paper\" d=\"M0 0h{width}v{height}h-{width}z\"/>");
    out += &head(map);
    out += &drawings.concat();
    out + "</svg>\n"
}

/// A pattern of slanted stripes, by the end of its name and by the classes of its two colours.
fn stripes((end, ground, stripe): (&str, &str, &str)) -> String {
    format!(
        "<pattern id=\"stripes{end}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><g stroke=\"none\"><path class=\"swatch {ground}\" d=\"M0 0h6v6h-6z\"/>\
         <path class=\"swatch {stripe}\" d=\"M0 0h2v6h-2z\"/></g></pattern>"
    )
}

/// Every colour that the cells have: its class, its label, how many bytes have it.
fn legend(map: &Map) -> Vec<(String, String, u32)> {
    let count = |kind: Kind, mixed: Option<Kind>| {
        let runs = map.runs.iter().filter(|run| run.kind == kind && grid::in_header(map, run) == mixed);
        runs.map(|run| run.range.len() as u32).sum()
    };
    let alone = Kind::ALL.map(|kind| (kind.name().to_owned(), kind.name().to_owned(), count(kind, None)));
    let mixed = [Kind::Code, Kind::Data].map(|kind| {
        let name = kind.name();
        (format!("mixed-{name}"), format!("{name} in headers"), count(Kind::Shared, Some(kind)))
    });
    alone.into_iter().chain(mixed).filter(|(_, _, count)| *count > 0).collect()
}

/// Title, facts, legend.
fn head(map: &Map) -> String {
    let (name, facts) = (markup(map.name), markup(&map.facts()));
    let mut out = format!("<text class=\"ink title\" x=\"{MARGIN}\" y=\"{TITLE}\">{name}</text>\n");
    let _ = writeln!(out, "<text class=\"soft facts\" x=\"{MARGIN}\" y=\"{FACTS}\">{facts}</text>");
    out += "<g class=\"legend\">";
    let mut x = MARGIN;
    for (class, label, count) in legend(map) {
        let label = format!("{label} {count}");
        let y = LEGEND - 13;
        let _ = write!(out, "<path class=\"swatch {class}\" d=\"M{x} {y}h16v16h-16z\"/>");
        let _ = write!(out, "<text class=\"ink\" x=\"{}\" y=\"{LEGEND}\">{label}</text>", x + 23);
        x += label.len() as u32 * LEGEND_CHARACTER + LEGEND_ROOM;
    }
    let _ = write!(out, "<path class=\"entry\" d=\"M{x} {}h16v16h-16z\"/>", LEGEND - 13);
    let _ = write!(out, "<text class=\"ink\" x=\"{}\" y=\"{LEGEND}\">starts here</text>", x + 23);
    out + "</g>\n"
}
