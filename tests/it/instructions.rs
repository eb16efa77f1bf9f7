//! How much work compiling is: instructions of whole processes, as valgrind counts them. The count is the same in
//! every run, but for some in ten thousand. A change of a tenth is a failure: up, and something has become slow; down,
//! and the file wants the new number.

use std::fmt::Write as _;
use std::path::Path;

use crate::harness::snapshot;
use crate::harness::tool::{ASMGEN, root, succeed, tool};

/// The counts: a command and its millions of instructions a line.
const FILE: &str = "tests/instructions.tsv";

/// The default page with each engine, in the build of the tests: a release build takes about two thirds of it.
const COMMANDS: [&[&str]; 2] = [
    &["examples/page.toml", "--target", "x86_64"],
    &["examples/page.toml", "--target", "x86_64", "--engine", "blocking"],
];

/// By so much, in percent, a count may differ.
const MOST_PERCENT: u64 = 10;

/// Millions of instructions that a process takes.
fn millions(arguments: &[&str], folder: &Path) -> u64 {
    let mut command = tool("valgrind");
    command.current_dir(root()).args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(ASMGEN).args(arguments).arg("-o").arg(folder.join("program"));
    let output = succeed(&mut command);
    let report = String::from_utf8_lossy(&output.stderr);
    let count = report.split_once("Collected : ").and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok());
    count.map_or_else(|| panic!("valgrind has counted nothing:\n{report}"), |count: u64| count / 1_000_000)
}

/// The committed count of a command.
fn committed(file: &str, command: &str) -> Option<u64> {
    let mut lines = file.lines().filter_map(|line| line.split_once('\t'));
    lines.find(|(known, _)| *known == command).and_then(|(_, count)| count.parse().ok())
}

#[test]
fn compiling_takes_as_many_instructions_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::read_to_string(root().join(FILE)).unwrap_or_default();
    let mut now = "command\tmillions of instructions\n".to_owned();
    for arguments in COMMANDS {
        let (command, count) = (arguments.join(" "), millions(arguments, folder.path()));
        let was = committed(&file, &command).filter(|was| count.abs_diff(*was) * 100 <= was * MOST_PERCENT);
        let _ = writeln!(now, "{command}\t{}", was.unwrap_or(count));
    }
    if let Some(fault) = snapshot::differs(FILE, &now) {
        panic!("compiling takes more than {MOST_PERCENT} % more or fewer instructions than before: {fault}");
    }
}
