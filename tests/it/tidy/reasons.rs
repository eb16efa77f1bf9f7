//! Every operation of the epoll engine has a reason, which the listing shows after the instruction.

use super::sources;
use crate::harness::none;

/// Lines of code that give an operation an empty reason: it is the last argument of a call.
fn without_reason(code: &str) -> Vec<(usize, &str)> {
    let is_empty = |line: &str| line.contains(", \"\")") || line.trim() == "\"\",";
    (1..).zip(code.lines()).filter(|(_, line)| is_empty(line)).collect()
}

/// Lines of a listing that say nothing of their bytes. A line of data may go on with that of the line before.
fn unexplained(listing: &str) -> Vec<(usize, &str)> {
    let has_bytes = |line: &str| line.starts_with(|first: char| first.is_ascii_hexdigit()) && line.contains("  ");
    let is_explained = |line: &str| line.rsplit_once("; ").is_some_and(|(_, why)| !why.trim().is_empty());
    let is_data = |line: &str| line.ends_with('"') && line.contains("  \"");
    let lines = (1..).zip(listing.lines());
    lines.filter(|(_, line)| has_bytes(line) && !is_explained(line) && !is_data(line)).collect()
}

/// Lines of files that a rule finds.
fn found(folder: &str, extension: &str, rule: fn(&str) -> Vec<(usize, &str)>) -> Vec<String> {
    let files = sources(folder, &[extension]);
    assert!(!files.is_empty(), "{folder} has no .{extension}");
    let in_file = |file: &super::Source| {
        let lines = rule(&file.text).into_iter();
        lines.map(|(number, line)| format!("{}:{number}: no reason: {}", file.path, line.trim())).collect::<Vec<_>>()
    };
    files.iter().flat_map(in_file).collect()
}

#[test]
fn operations_have_reasons() {
    none(&found("src/lower/epoll", "rs", without_reason));
}

#[test]
fn listings_explain_every_instruction() {
    none(&found("tests/golden", "lst", unexplained));
}

#[test]
fn empty_reasons_are_found() {
    let code = "self.set(a, b, \"why\");\nself.set(a, b, \"\");\n    \"\",\n";
    assert_eq!(without_reason(code), [(2, "self.set(a, b, \"\");"), (3, "    \"\",")]);
    let listing = "; 3 bytes\nlabel:\n00b0  ff c6  inc esi  ; the next byte\n00b2  90     nop\n00b3  41     \"A\"\n";
    assert_eq!(unexplained(listing), [(4, "00b2  90     nop")]);
}
