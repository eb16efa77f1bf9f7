//! The map as a page that needs nothing else: the drawing, and a script that tells about the byte under the pointer
//! and searches. The page around them is `page.html`.

use serde_json::json;

use super::cells::{Kind, Map, Part};
use super::escape::{markup, script};
use super::grid::Grid;
use super::svg;

const PAGE: &str = include_str!("page.html");

/// The page, a file of its own.
///
/// ```
/// let description = asmgen::spec::from_toml("program = 'pause'", std::path::Path::new("pause.toml"))?;
/// let image = asmgen::build(&description, asmgen::Options::new(&asmgen::X86_64))?;
/// let page = asmgen::listing::map::html(&asmgen::listing::map::Map::new("pause", &image));
/// assert!(page.starts_with("<!doctype html>") && page.contains("<svg "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn html(map: &Map) -> String {
    let title = markup(&format!("{}: {}", map.name, map.facts()));
    let mut page = String::new();
    let mut rest = PAGE;
    // In the order of the page; text that has been inserted is not searched again.
    for (mark, text) in [("{{title}}", title), ("{{map}}", svg(map)), ("{{data}}", script(&data(map)))] {
        let (before, behind) = rest.split_once(mark).expect("the page has a place for each");
        page += before;
        page += &text;
        rest = behind;
    }
    page + rest
}

/// What the script knows: the bytes as hex digits, where they are in memory, owners, runs, parts and places.
fn data(map: &Map) -> String {
    let image = map.image;
    let load = |load: &crate::image::Load| json!([load.file.start, load.file.end, load.address, load.writable]);
    let part = |part: &Part| json!([part.range.start, part.range.end, part.name]);
    let kind = |of: Kind| Kind::ALL.iter().position(|kind| *kind == of);
    let items =
        map.items.iter().map(|item| json!([kind(item.kind), item.range.start, item.range.end, item.name, item.why]));
    let runs = map.runs.iter().map(|run| json!([run.range.start, run.range.end, run.items]));
    json!({
        "columns": Grid::of(image.bytes.len(), 0, 0).columns,
        "kinds": Kind::ALL.map(Kind::name),
        "bytes": image.bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat(),
        "loads": image.loads.iter().map(load).collect::<Vec<_>>(),
        "items": items.collect::<Vec<_>>(),
        "runs": runs.collect::<Vec<_>>(),
        "parts": map.parts.iter().map(part).collect::<Vec<_>>(),
        "places": map.places.iter().map(part).collect::<Vec<_>>(),
    })
    .to_string()
}
