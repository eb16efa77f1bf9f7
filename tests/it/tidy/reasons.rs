//! Every operation of the epoll engine has a reason, which the listing shows.

use super::sources;
use crate::harness::none;

/// Lines of code that give an operation an empty reason, which ends a call of the engine's methods.
fn without_reason(code: &str) -> Vec<(usize, &str)> {
    (1..).zip(code.lines()).filter(|(_, line)| line.contains(", \"\")")).collect()
}

#[test]
fn operations_have_reasons() {
    let files = sources("src/lower/epoll", &["rs"]);
    let in_file = |file: &super::Source| {
        let lines = without_reason(&file.text).into_iter();
        lines.map(|(number, line)| format!("{}:{number}: no reason: {}", file.path, line.trim())).collect::<Vec<_>>()
    };
    none(&files.iter().flat_map(in_file).collect::<Vec<_>>());
}

#[test]
fn empty_reasons_are_found() {
    assert_eq!(without_reason("self.set(a, b, \"why\");\nself.set(a, b, \"\");"), [(2, "self.set(a, b, \"\");")]);
}
