//! Wrong specs: each file of `tests/bad` is refused by the command line with exactly its message.

use std::path::{Path, PathBuf};

use crate::harness::tool::{asmgen, root};
use crate::harness::{none, snapshot};

/// Exit code for input that cannot be used.
const EXIT_WRONG_INPUT: i32 = 2;

/// The wrong specs, or their messages, in order, with paths relative to the package: messages repeat them.
fn files(extension: &str) -> Vec<PathBuf> {
    let folder = Path::new("tests/bad");
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| folder.join(entry.unwrap().file_name())).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == extension));
    files.sort();
    files
}

/// What is unlike what it has to be.
fn faults(spec: &Path, output: &Path) -> Vec<String> {
    let run = asmgen().arg(spec).args(["--target", "x86_64", "-o"]).arg(output).output().unwrap();
    let message = String::from_utf8_lossy(&run.stderr);
    let checks = [
        (run.status.code() == Some(EXIT_WRONG_INPUT), format!("ended with {}", run.status)),
        (run.stdout.is_empty(), "wrote to standard output".to_owned()),
        (!output.exists(), "left an output file".to_owned()),
    ];
    let wrong = checks.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| format!("{}: {fault}", spec.display()));
    let snapshot = spec.with_extension("stderr");
    wrong.chain(snapshot::differs(snapshot.to_str().expect("a name in ASCII"), &message)).collect()
}

#[test]
fn wrong_specs_are_refused_with_their_messages() {
    let folder = tempfile::tempdir().unwrap();
    let specs = files("toml");
    assert!(specs.len() >= 30, "only {} wrong specs", specs.len());
    none(&specs.iter().flat_map(|spec| faults(spec, &folder.path().join("out"))).collect::<Vec<_>>());
}

#[test]
fn snapshots_have_their_specs() {
    let left_over = files("stderr").into_iter().filter(|file| !root().join(file).with_extension("toml").exists());
    none(&left_over.map(|file| format!("{} has no spec", file.display())).collect::<Vec<_>>());
}
