//! How files look: short, without trailing white space, with a reason for every exception.

use super::{Exemption, judge, sources};
use crate::harness::none;

const LINES_MAX: usize = 500;
const COLUMNS_MAX: usize = 120;
/// Text that people write.
const TEXT: [&str; 17] = [
    "rs", "c", "h", "toml", "md", "html", "txt", "lst", "tsv", "stderr", "yml", "yaml", "sh", "py", "json", "scratch",
    "svg",
];

const MAY_BE_LONG: &[Exemption] = &[];

/// Where white space may be other than it should.
const MAY_BE_UNTIDY: &[Exemption] = &[];

#[test]
fn no_file_is_long() {
    let mut faults = Vec::new();
    for file in sources("", &["rs", "c", "md"]) {
        let lines = file.text.lines().count();
        if lines > LINES_MAX {
            faults.push((file.path, "too long".to_owned(), format!(": {lines} lines, more than {LINES_MAX}")));
        }
    }
    none(&judge(faults, MAY_BE_LONG));
}

/// Lines of source and prose fit beside each other on a screen. A row of a table cannot be broken.
#[test]
fn lines_have_120_columns() {
    let mut wide = Vec::new();
    for file in sources("", &["rs", "md"]) {
        let is_wide = |line: &str| line.chars().count() > COLUMNS_MAX && !line.starts_with('|');
        let lines = file.lines().filter(|(_, line)| is_wide(line));
        wide.extend(lines.map(|(number, line)| format!("{}:{number}: {} columns", file.path, line.chars().count())));
    }
    none(&wide);
}

#[test]
fn white_space() {
    let mut faults = Vec::new();
    for file in sources("", &TEXT) {
        let mut fault = |what: &str, detail: String| faults.push((file.path.clone(), what.to_owned(), detail));
        if file.text.contains('\r') {
            fault(" carriage return", String::new());
        }
        if !file.text.is_empty() && !file.text.ends_with('\n') {
            fault(" no line feed at the end", String::new());
        }
        if file.text.ends_with("\n\n") {
            fault(" empty line at the end", String::new());
        }
        let trailing = file.lines().find(|(_, line)| line.ends_with([' ', '\t']));
        if let Some((number, _)) = trailing {
            fault(" trailing white space", format!(" in line {number}"));
        }
    }
    none(&judge(faults, MAY_BE_UNTIDY));
}

/// Every lint that is switched off says why, in the attribute, behind it or in the comment above.
#[test]
fn every_allowed_lint_has_a_reason() {
    let mut faults = Vec::new();
    for file in ["src", "arch", "tests", "benches"].iter().flat_map(|folder| sources(folder, &["rs"])) {
        let mut before = "";
        for (number, line) in file.lines() {
            let code = line.trim_start();
            let is_attribute = code.starts_with("#[") || code.starts_with("#![");
            let switches_off = is_attribute && (code.contains("allow(") || code.contains("expect("));
            let is_explained =
                line.contains("reason =") || line.contains("// ") || before.trim_start().starts_with("//");
            if switches_off && !is_explained {
                faults.push(format!("{}:{number}: {line}", file.path));
            }
            before = line;
        }
    }
    for file in sources("", &["toml"]).into_iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        let mut has_reason = false;
        for (number, line) in file.lines() {
            let switches_off = line.ends_with("\"allow\"");
            has_reason = line.starts_with('#') || has_reason && switches_off;
            if switches_off && !has_reason {
                faults.push(format!("{}:{number}: {line}", file.path));
            }
        }
    }
    none(&faults);
}

/// A file begins with what it is for.
#[test]
fn every_file_has_a_head() {
    let all = ["src", "arch", "tests", "benches", "examples"].iter().flat_map(|folder| sources(folder, &["rs"]));
    none(&all.filter(|file| !file.text.starts_with("//! ")).map(|file| file.path).collect::<Vec<_>>());
}
