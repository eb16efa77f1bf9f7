//! Wrong specs: each file of `tests/bad` is refused by the command line with exactly its message.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Exit code for input that cannot be used.
const EXIT_WRONG_INPUT: i32 = 2;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The wrong specs, in order, with paths relative to the package: messages repeat them.
fn specs() -> Vec<PathBuf> {
    let folder = Path::new("tests/bad");
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let mut specs: Vec<PathBuf> = entries.map(|entry| folder.join(entry.unwrap().file_name())).collect();
    specs.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    specs.sort();
    specs
}

/// What is unlike what it has to be, if anything is.
fn fault(spec: &Path, output: &Path) -> Result<(), String> {
    let run = Command::new(env!("CARGO_BIN_EXE_asmgen"))
        .current_dir(root())
        .arg(spec)
        .args(["--target", "x86_64", "-o"])
        .arg(output)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&run.stderr);
    let snapshot = root().join(spec).with_extension("stderr");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&snapshot, stderr.as_bytes()).unwrap();
    }
    let expected = std::fs::read_to_string(&snapshot).unwrap_or_default();
    let checks = [
        (run.status.code() == Some(EXIT_WRONG_INPUT), format!("ended with {}", run.status)),
        (run.stdout.is_empty(), "wrote to standard output".to_owned()),
        (!output.exists(), "left an output file".to_owned()),
        (stderr == expected, format!("said\n{stderr}in place of\n{expected}(bless with `BLESS=1 cargo test`)")),
    ];
    checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, fault)| Err(fault))
}

#[test]
fn wrong_specs_are_refused_with_their_messages() {
    let folder = tempfile::tempdir().unwrap();
    let specs = specs();
    let check =
        |spec: &PathBuf| fault(spec, &folder.path().join("out")).err().map(|f| format!("{}: {f}", spec.display()));
    let faults: Vec<String> = specs.iter().filter_map(check).collect();
    assert!(specs.len() >= 30, "only {} wrong specs", specs.len());
    assert!(faults.is_empty(), "{} of {} specs:\n{}", faults.len(), specs.len(), faults.join("\n"));
}
