//! The map as a page, in use. The panel follows the pointer, the search finds what it is asked for, and nothing is
//! loaded from elsewhere.

use std::path::Path;

use tempfile::TempDir;

use super::devtools::{Browser, Tab};
use crate::harness::tool::{asmgen, succeed};
use crate::harness::wait_until;

/// The page of a spec.
fn page(folder: &Path, spec: &str, options: &[&str]) -> std::path::PathBuf {
    let file = folder.join("map.html");
    let mut command = asmgen();
    command
        .args(["map", spec, "--target", "x86_64", "--effort", "quick", "--format", "html", "-o"])
        .arg(&file)
        .args(options);
    succeed(&mut command);
    file
}

/// The cell of a byte.
fn cell(offset: u32) -> String {
    format!("document.querySelectorAll('#map .run rect')[{offset}]")
}

fn panel(tab: &mut Tab) -> String {
    tab.evaluate("document.querySelector('aside').innerText")
}

fn assert_panel(tab: &mut Tab, wanted: &[&str]) {
    let panel = panel(tab);
    let missing: Vec<_> = wanted.iter().filter(|text| !panel.contains(**text)).collect();
    assert!(missing.is_empty(), "{missing:?} is missing in {panel:?}");
}

/// Types into the search; the offsets of the cells that light up, and what is said of them.
fn search(tab: &mut Tab, text: &str) -> (String, String) {
    tab.evaluate("document.getElementById('search').focus(), document.getElementById('search').select(), ''");
    tab.type_text(text);
    let hits = "[...document.querySelectorAll('#map .run rect')].flatMap((cell, offset) => \
                cell.classList.contains('hit') ? [offset.toString(16)] : []).join(' ')";
    (tab.evaluate(hits), tab.evaluate("document.getElementById('status').textContent"))
}

#[test]
fn the_panel_tells_about_the_byte_under_the_pointer() {
    let folder = TempDir::new().unwrap();
    let mut browser = Browser::start();
    let mut tab = browser.tab();
    let file = page(folder.path(), "examples/hello.toml", &["--elf", "portable"]);
    let asked = tab.open(&file);
    let is_own = |address: &String| *address == format!("file://{}", file.display()) || address.starts_with("data:");
    assert!(asked.iter().all(is_own), "{asked:?}");
    assert_panel(&mut tab, &["hello", "Hover over a byte"]);
    tab.point_at(&cell(0x69));
    assert_panel(
        &mut tab,
        &["0x69 · 105", "0x10069", "0xbe · 190 · 10111110", "mov esi, 0x1007b", "write: buf", "code"],
    );
    // Both owners of a byte that has two.
    tab.point_at(&cell(0x33));
    assert_panel(&mut tab, &["2 owners", "e_flags", "p_flags[0]", "ELF header › program header 0"]);
    tab.point_at("document.getElementById('search')");
    assert_panel(&mut tab, &["Hover over a byte"]);
}

#[test]
fn the_search_finds_names_bytes_addresses_and_offsets() {
    let folder = TempDir::new().unwrap();
    let mut browser = Browser::start();
    let mut tab = browser.tab();
    tab.open(&page(folder.path(), "examples/hello.toml", &["--elf", "portable"]));
    let one = |hits: &str| (hits.to_owned(), "1 hit".to_owned());
    assert_eq!(search(&mut tab, "e_machine"), one("12 13"));
    assert_eq!(search(&mut tab, "0x12"), one("12"));
    assert_eq!(search(&mut tab, "0069"), one("69"));
    // The placeholder's own words, with as many digits as one likes; and content, upper and lower case told apart.
    assert_eq!(search(&mut tab, "offset 0067"), one("67"));
    assert_eq!(search(&mut tab, "Offset 0x7"), one("7"));
    assert_eq!(search(&mut tab, "Hello"), one("7b 7c 7d 7e 7f"));
    assert_eq!(search(&mut tab, "hELLO"), (String::new(), "nothing found".to_owned()));
    assert_eq!(search(&mut tab, "shared").0.split(' ').count(), 17);
    // The byte itself comes before the field that speaks of it.
    let both = ("18 19 1a 1b 1c 1d 1e 1f 67".to_owned(), "1 of 2 hits".to_owned());
    assert_eq!(search(&mut tab, "0x10067"), both);
    assert_eq!(tab.evaluate("location.hash"), "#0x67");
    assert_eq!(search(&mut tab, "48 65 6C"), one("7b 7c 7d"));
    assert_eq!(search(&mut tab, "exit: status"), one("77 78"));
    assert_eq!(search(&mut tab, "no such thing"), (String::new(), "nothing found".to_owned()));
    // The next hit, around the end and back.
    assert_eq!(search(&mut tab, "0f05"), ("72 73 79 7a".to_owned(), "1 of 2 hits".to_owned()));
    let at = "location.hash";
    assert_eq!(tab.evaluate(at), "#0x72");
    for hash in ["#0x79", "#0x72"] {
        tab.press("Enter");
        assert_eq!(tab.evaluate(at), hash);
    }
    tab.press("Escape");
    assert_eq!(tab.evaluate("String(document.querySelectorAll('.hit').length)"), "0");
    // What was found stays selected; the arrow keys walk from there.
    assert_panel(&mut tab, &["0x72 · 114"]);
    for (key, offset) in [("ArrowRight", "0x73"), ("ArrowUp", "0x63"), ("ArrowDown", "0x73"), ("ArrowLeft", "0x72")] {
        tab.press(key);
        assert_eq!(tab.evaluate(at), format!("#{offset}"));
    }
}

/// Arrows and the buttons walk from the first byte where none is chosen; an address that a person types is heeded.
#[test]
fn a_reader_walks_without_a_pointer() {
    let folder = TempDir::new().unwrap();
    let mut browser = Browser::start();
    let mut tab = browser.tab();
    tab.open(&page(folder.path(), "examples/hello.toml", &["--elf", "portable"]));
    let at = "location.hash";
    for (key, offset) in [("ArrowDown", "0x0"), ("ArrowRight", "0x1"), ("ArrowDown", "0x11"), ("ArrowLeft", "0x10")] {
        tab.press(key);
        assert_eq!(tab.evaluate(at), format!("#{offset}"));
    }
    let click =
        |tab: &mut Tab, id: &str| tab.evaluate(&format!("document.getElementById('{id}').click(), location.hash"));
    assert_eq!(click(&mut tab, "forward"), "#0x11");
    assert_eq!(click(&mut tab, "back"), "#0x10");
    tab.evaluate("location.hash = '#0x12', ''");
    wait_until("the page hears of its address", || panel(&mut tab).contains("0x12"));
    assert_panel(&mut tab, &["0x12 · 18", "e_machine"]);
    tab.press("Escape");
    assert_eq!(click(&mut tab, "forward"), "#0x0");
}

#[test]
fn a_large_file_has_all_its_cells_in_light_and_dark() {
    let folder = TempDir::new().unwrap();
    let mut browser = Browser::start();
    let mut tab = browser.tab();
    let file = page(folder.path(), "examples/page.toml", &[]);
    tab.prefer("dark");
    tab.open(&file);
    let program = succeed(asmgen().args(["examples/page.toml", "--target", "x86_64", "--effort", "quick"])).stdout;
    let count = "String(document.querySelectorAll('#map .run rect').length)";
    assert_eq!(tab.evaluate(count), program.len().to_string());
    let paper = "getComputedStyle(document.querySelector('#map .paper')).fill + \
                 getComputedStyle(document.body).backgroundColor";
    assert_eq!(tab.evaluate(paper), "rgb(21, 23, 28)rgb(21, 23, 28)");
    tab.prefer("light");
    assert_eq!(tab.evaluate(paper), "rgb(251, 250, 247)rgb(251, 250, 247)");
    // A place that only jumps name.
    let (hits, _) = search(&mut tab, "wait_for_events");
    assert!(!hits.is_empty());
    assert_panel(&mut tab, &["code"]);
    let width = "String(document.getElementById('map').getBoundingClientRect().width)";
    let [before, after] = [(); 2].map(|()| {
        let width = tab.evaluate(width).parse::<f64>().unwrap();
        tab.evaluate("document.getElementById('larger').click(), ''");
        width
    });
    assert!((after / before - 1.25).abs() < 0.01, "{before} {after}");
}
