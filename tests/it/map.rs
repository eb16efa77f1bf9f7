//! `asmgen map`: the text as it was when it was last looked at, drawings that others can read, colours where they are
//! wanted.

use std::collections::BTreeSet;
use std::fs;

use crate::harness::tool::{ASMGEN, asmgen, root, succeed, tool};
use crate::harness::{LAYOUTS, TARGETS, none, snapshot};

/// The map that the arguments ask for.
fn map(arguments: &str) -> String {
    String::from_utf8(succeed(asmgen().arg("map").args(arguments.split_whitespace())).stdout).unwrap()
}

/// The file that it is of.
fn file(arguments: &str) -> Vec<u8> {
    succeed(asmgen().args(arguments.split_whitespace())).stdout
}

/// What is drawn here: small, with headers one over the other, of several targets, large.
fn drawn() -> Vec<String> {
    let small = ["hello.toml", "pause.toml", "routes.toml --engine blocking", "page.toml --engine blocking"];
    let on = |target: &&str| LAYOUTS.map(|elf| format!("--target {target} --elf {elf} --effort quick"));
    let all =
        small.iter().flat_map(|spec| TARGETS.iter().flat_map(on).map(move |rest| format!("examples/{spec} {rest}")));
    all.chain(["examples/page.toml --target x86_64 --effort quick".to_owned()]).collect()
}

#[test]
fn texts() {
    let fault = |target: &str| {
        let text = map(&format!("examples/hello.toml --target {target} --elf portable --effort quick"));
        snapshot::differs(&format!("tests/map/hello.{target}.txt"), &text)
    };
    none(&TARGETS.into_iter().filter_map(fault).collect::<Vec<_>>());
}

#[test]
fn a_text_has_every_byte_once() {
    for arguments in drawn() {
        let (text, file) = (map(&arguments), file(&arguments));
        let rows = text.lines().skip(2).take_while(|line| !line.is_empty());
        let (mut bytes, mut letters) = (Vec::new(), 0);
        for row in rows {
            // Offset, then hex digits where the file is small, then letters, then names.
            let offset = usize::from_str_radix(&row[..4], 16).unwrap();
            assert_eq!(offset, letters, "{arguments}: {row}");
            let (from, columns) = if file.len() <= 1024 { (56, 16) } else { (6, 64) };
            if columns == 16 {
                let digits = row[6..from].split_whitespace();
                bytes.extend(digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()));
            }
            letters += row[from..].chars().take(columns).filter(|letter| "HhCcDdPpSs".contains(*letter)).count();
        }
        assert_eq!(letters, file.len(), "{arguments}");
        assert!(bytes.is_empty() || bytes == file, "{arguments}");
    }
}

#[test]
fn a_drawing_is_xml_with_a_cell_for_every_byte() {
    for arguments in drawn() {
        let (svg, file) = (map(&format!("{arguments} --format svg")), file(&arguments));
        let document = roxmltree::Document::parse(&svg).unwrap_or_else(|error| panic!("{arguments}: {error}"));
        assert_eq!(document.root_element().tag_name().name(), "svg");
        let cells: Vec<_> = document.descendants().filter(|node| node.has_tag_name(cell_name("rect"))).collect();
        let rows: BTreeSet<_> = cells.iter().map(|cell| (cell.attribute("x"), cell.attribute("y"))).collect();
        assert_eq!((cells.len(), rows.len()), (file.len(), file.len()), "{arguments}");
        // Where digits are shown, they are the file's.
        let runs = document
            .descendants()
            .filter(|node| node.attribute("class").is_some_and(|class| class.starts_with("run ")));
        let texts = runs.flat_map(|run| run.children().filter(|node| node.has_tag_name(cell_name("text"))));
        let digits: String =
            texts.filter(|text| text.attribute("class").is_none()).filter_map(|text| text.text()).collect();
        let shown = file.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        assert_eq!(digits, if file.len() <= 2048 { shown } else { String::new() }, "{arguments}");
    }
}

fn cell_name(name: &str) -> (&str, &str) {
    ("http://www.w3.org/2000/svg", name)
}

/// Nothing is fetched: the only addresses are names of vocabularies.
#[test]
fn drawings_and_pages_need_nothing_else() {
    for format in ["svg", "html"] {
        let form = map(&format!("examples/hello.toml --format {format}"));
        let rest = form.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for outside in ["http:", "https:", "//cdn", "@import", "src=", "<link rel=\"stylesheet", "<!ENTITY"] {
            assert!(!rest.contains(outside), "{format} has {outside}");
        }
    }
}

/// A legend that leaves a colour out, or names one that no cell has, misleads.
#[test]
fn the_legend_has_every_colour_of_the_cells() {
    for arguments in drawn() {
        let svg = map(&format!("{arguments} --format svg"));
        let document = roxmltree::Document::parse(&svg).unwrap();
        let classes = |node: roxmltree::Node| node.attribute("class").unwrap_or_default().to_owned();
        // Of a cell the last class of those that give it a fill counts.
        let colour = |class: String| {
            let words: Vec<String> = class.split(' ').map(str::to_owned).filter(|word| word != "odd").collect();
            words.last().cloned().unwrap_or_default()
        };
        let cells = document.descendants().map(classes).filter(|class| class.starts_with("run ")).map(colour);
        let legend = document.descendants().find(|node| classes(*node) == "legend").expect("a legend");
        let swatches = legend.children().map(classes).filter(|class| class.starts_with("swatch ")).map(colour);
        assert_eq!(cells.collect::<BTreeSet<_>>(), swatches.collect::<BTreeSet<_>>(), "{arguments}");
        // It fits a narrower window than its own width.
        assert!(svg.contains("max-width: 100%"), "{arguments}");
    }
}

#[test]
fn a_file_is_written_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.svg");
    succeed(asmgen().args(["map", "examples/pause.toml", "--format", "svg", "-o"]).arg(&path));
    assert_eq!(fs::read_to_string(&path).unwrap(), map("examples/pause.toml --format svg"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A terminal has colours, unless NO_COLOR asks for none; pipes and files have none.
#[test]
fn colours_are_for_terminals_that_want_them() {
    let on_terminal = |set: &[(&str, &str)]| {
        let command = format!("{ASMGEN} map examples/hello.toml");
        let mut script = tool("script");
        script.args(["-qec", &command, "/dev/null"]).current_dir(root()).env("TERM", "xterm").env_remove("NO_COLOR");
        let shown = succeed(script.envs(set.iter().copied())).stdout;
        String::from_utf8(shown).unwrap().replace('\r', "")
    };
    let plain = map("examples/hello.toml");
    assert!(!plain.contains('\x1b'));
    assert!(on_terminal(&[]).contains("\x1b[38;5;16;48;5;74m7f"));
    assert!(on_terminal(&[("NO_COLOR", "")]).contains('\x1b'));
    assert_eq!(on_terminal(&[("NO_COLOR", "1")]), plain);
    assert_eq!(on_terminal(&[("TERM", "dumb")]), plain);
    // Colours that are asked for are there in a pipe, too.
    let coloured = on_terminal(&[]);
    let in_pipe = |args: &[&str], set: &[(&str, &str)]| {
        let mut command = asmgen();
        command.args(["map", "examples/hello.toml"]).args(args).envs(set.iter().copied());
        String::from_utf8(succeed(&mut command).stdout).unwrap()
    };
    assert_eq!(in_pipe(&["--color", "always"], &[]), coloured);
    assert_eq!(in_pipe(&[], &[("CLICOLOR_FORCE", "1")]), coloured);
    assert_eq!(in_pipe(&[], &[("CLICOLOR_FORCE", "0")]), plain);
    assert_eq!(in_pipe(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), plain);
    assert_eq!(in_pipe(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]), plain);
}

#[test]
fn a_file_too_large_is_not_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let big = folder.path().join("big.bin");
    fs::write(&big, vec![7; 200_000]).unwrap();
    let output = asmgen().arg("map").arg(&big).args(["--engine", "blocking", "--format", "svg"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{said}");
    assert!(said.contains("at most 131072; take --format text"), "{said}");
}
