//! Judges written in Python, in an environment of their own under `target/`.

use super::tool::{run, tool};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// The versions, all of them, and the file that says which are installed.
const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oci/requirements.txt");
const INSTALLED: &str = "installed.txt";

/// A program of the environment, which is made first if need be.
pub(super) fn venv(program: &str) -> Command {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let wanted = std::fs::read_to_string(REQUIREMENTS).expect("requirements");
    let folder = folder();
    if std::fs::read_to_string(folder.join(INSTALLED)).is_ok_and(|installed| installed == wanted) {
        return Command::new(folder.join("bin").join(program));
    }
    run(tool("python3").args(["-m", "venv", "--clear"]).arg(&folder));
    run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", "--no-deps", "-r", REQUIREMENTS]));
    std::fs::write(folder.join(INSTALLED), wanted).expect("a note");
    Command::new(folder.join("bin").join(program))
}

/// `venv` in the target folder, beside the `tmp` that Cargo makes for tests.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("venv")
}
