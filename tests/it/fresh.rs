//! What is generated and committed is what would be generated now, and `make bless` renews the files.

use std::fmt::Write as _;
use std::fs;

use asmgen::sizes::Row;

use crate::harness::tool::{asmgen, measured, root, succeed};
use crate::harness::{none, snapshot};
use crate::pages::{output_of, text_of};

/// The example that the committed files are for.
const DEPLOYED: &str = "examples/page.toml";
#[test]
fn the_page_of_the_keys_is_the_schema() {
    none(&snapshot::differs("docs/spec.md", &asmgen::spec::schema_markdown()).into_iter().collect::<Vec<_>>());
}

#[test]
fn deploy_files_are_those_of_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made/k8s");
    output_of(&["k8s", DEPLOYED, "-o", made.to_str().unwrap()]);
    let mut files: Vec<(String, String)> = fs::read_dir(&made)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .collect();
    files.sort();
    assert!(files.len() >= 3, "{files:?}");
    let mut faults = Vec::new();
    faults.extend(snapshot::differs("docker-compose.yml", &output_of(&["compose", DEPLOYED])));
    faults.extend(snapshot::differs("Dockerfile.scratch", &output_of(&["dockerfile", DEPLOYED])));
    faults.extend(files.iter().filter_map(|(name, text)| snapshot::differs(&format!("k8s/{name}"), text)));
    let entries = fs::read_dir(root().join("k8s")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_left_over = |name: &String| !files.iter().any(|(file, _)| file == name);
    faults.extend(names.filter(is_left_over).map(|name| format!("k8s/{name} is made by nobody; remove it")));
    none(&faults);
}

/// What stands around the table that is written by `asmgen sizes --markdown`.
const TABLE_MARKS: [&str; 2] = ["<!-- sizes -->\n", "<!-- /sizes -->"];
/// The same of the short table of README.md.
const BRIEF_MARKS: [&str; 2] = ["<!-- brief -->\n", "<!-- /brief -->"];
/// The same of the table of images.
const IMAGE_MARKS: [&str; 2] = ["<!-- images -->\n", "<!-- /images -->"];

/// A page with this table in the place that it has for it.
fn with_table(page: &str, [begin, end]: [&str; 2], table: &str) -> Option<String> {
    let (before, rest) = page.split_once(begin)?;
    let (_, behind) = rest.split_once(end)?;
    Some([before, begin, table, end, behind].concat())
}

/// What README.md says of some examples: the layout `strict`, one column per target.
fn brief(rows: &[Row]) -> String {
    let is_shown = |row: &&Row| row.elf == "strict" && ["hello", "pause", "greeting", "page"].contains(&row.example);
    let rows: Vec<&Row> = rows.iter().filter(is_shown).collect();
    let mut table = "| example | engine | x86_64 | aarch64 | i386 |\n|---|---|--:|--:|--:|\n".to_owned();
    for line in rows.chunk_by(|one, other| (one.example, one.engine) == (other.example, other.engine)) {
        let bytes = |target: &str| line.iter().find(|row| row.target == target).expect("it is measured").total;
        let [x86_64, aarch64, i386] = ["x86_64", "aarch64", "i386"].map(bytes);
        let engine = line[0].engine.unwrap_or("-");
        let _ = writeln!(table, "| `{}` | {engine} | {x86_64} | {aarch64} | {i386} |", line[0].example);
    }
    table
}

#[test]
fn size_tables_hold_the_sizes() {
    let (all, brief) = (asmgen::sizes::markdown(measured()), brief(measured()));
    let tables = [
        ("docs/figures.md", TABLE_MARKS, &all),
        ("CHANGELOG.md", TABLE_MARKS, &all),
        ("README.md", BRIEF_MARKS, &brief),
    ];
    let fault = |(file, marks, table): (&str, [&str; 2], &String)| match with_table(&text_of(file), marks, table) {
        Some(text) => snapshot::differs(file, &text),
        None => Some(format!("{file}: there is no table between {marks:?}")),
    };
    none(&tables.into_iter().filter_map(fault).collect::<Vec<_>>());
}

/// Whether a row of the goals says of itself that it is met, and whether its figure and its limit say so.
fn verdicts(row: &str) -> Option<(bool, bool)> {
    let number = |text: &str| text.split_whitespace().next()?.replace(',', "").parse::<f64>().ok();
    let [what, limit, figure, met] = row.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect::<Vec<_>>()[..]
    else {
        return None;
    };
    let says_met = match met {
        "yes" => true,
        "no" => false,
        _ => return None,
    };
    let figure = number(figure).unwrap_or_else(|| panic!("{what}: a verdict without a figure"));
    let is_met = match limit.strip_prefix("≤ ").and_then(number) {
        Some(limit) => figure <= limit,
        None => limit == "ahead of each peer" && figure > 1.0,
    };
    Some((says_met, is_met))
}

/// The goals of `make bench`, as docs/figures.md has them.
#[test]
fn the_table_of_goals_is_true_to_its_figures() {
    let page = text_of("docs/figures.md");
    let (_, table) = page.split_once("\n| goal, one worker | limit | measured | met |\n").expect("a table of goals");
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let judged: Vec<_> = rows.iter().copied().filter_map(|row| verdicts(row).map(|verdicts| (row, verdicts))).collect();
    assert!(judged.len() >= 10, "only {judged:?}");
    let mut faults: Vec<String> = judged
        .into_iter()
        .filter(|(_, (says_met, is_met))| says_met != is_met)
        .map(|(row, (_, is_met))| format!("docs/figures.md: {row}: is it met? {is_met}"))
        .collect();
    // These goals are withdrawn.
    let of_code = rows.iter().filter(|row| row.starts_with("| code"));
    faults.extend(of_code.map(|row| format!("docs/figures.md: {row}: bytes of code have no goal")));
    none(&faults);
}

#[test]
fn a_verdict_is_read() {
    assert_eq!(verdicts("| CPU | ≤ 1.05 | 1.04 | yes |"), Some((true, true)));
    assert_eq!(verdicts("| start | ≤ 1.00 ms | 1.12 ms | yes |"), Some((true, false)));
    assert_eq!(verdicts("| memory | ≤ 1,040 kB | 40 kB | no |"), Some((false, true)));
    assert_eq!(verdicts("| requests/s | ahead of each peer | 0.90 of the fastest peer | yes |"), Some((true, false)));
    assert_eq!(verdicts("| workers | report | 2.11, the load generator left out | – |"), None);
}

/// Bytes of content and of tar, as `asmgen image` says them.
fn image_sizes(example: &str, platforms: &str, options: &[&str]) -> [String; 2] {
    let (folder, spec) = (tempfile::tempdir().unwrap(), format!("examples/{example}.toml"));
    let mut command = asmgen();
    command.args(["image", &spec, "--platform", platforms, "-o"]).arg(folder.path().join("image.tar")).args(options);
    let said = String::from_utf8(succeed(&mut command).stdout).unwrap();
    let words: Vec<&str> = said.lines().last().expect("a summary").split_whitespace().collect();
    let [.., content, "bytes", "of", "content", "in", tar, "bytes", "of", "tar"] = words.as_slice() else {
        panic!("{said}")
    };
    [content, tar].map(|number| (*number).to_owned())
}

#[test]
fn the_table_of_images_holds_their_sizes() {
    let mut table = "| example | platforms | tar | tar, `--golf` | content | content, `--golf` |\n\
                     |---|---|--:|--:|--:|--:|\n"
        .to_owned();
    for example in ["hello", "pause", "page"] {
        for platforms in ["linux/amd64", "linux/amd64,linux/arm64"] {
            let [content, tar] = image_sizes(example, platforms, &[]);
            let [golf_content, golf_tar] = image_sizes(example, platforms, &["--golf"]);
            let platforms = platforms.replace("linux/", "").replace(',', ", ");
            let cells = [format!("`{example}`"), platforms, tar, golf_tar, content, golf_content];
            table += &["| ", &cells.join(" | "), " |\n"].concat();
        }
    }
    let page = "docs/golf.md";
    let text = with_table(&text_of(page), IMAGE_MARKS, &table).expect("it has a place for the table");
    none(&snapshot::differs(page, &text).into_iter().collect::<Vec<_>>());
}

/// The map that README.md shows.
#[test]
fn the_map_of_the_readme_is_that_of_the_example() {
    let (file, spec) = ("docs/hello.svg", "examples/hello.toml");
    let map = output_of(&["map", spec, "--target", "x86_64", "--elf", "portable", "--format", "svg"]);
    assert!(text_of("README.md").contains(&format!("]({file})")), "README.md does not show {file}");
    none(&snapshot::differs(file, &map).into_iter().collect::<Vec<_>>());
}

#[test]
fn tables_have_their_places() {
    assert_eq!(
        with_table("a <!-- sizes -->\nold<!-- /sizes --> b", TABLE_MARKS, "new\n").unwrap(),
        "a <!-- sizes -->\nnew\n<!-- /sizes --> b"
    );
}
