//! Judges written in Python, in environments of their own in the target folder.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use super::tool::succeed;

/// The note in an environment of what is installed there.
const INSTALLED: &str = "installed.txt";

/// An environment.
pub(crate) struct Venv {
    /// Its folder in the target folder, beside the `tmp` that Cargo makes for tests.
    pub(crate) folder: &'static str,
    /// The file with the versions, all of them.
    pub(crate) requirements: &'static str,
}

impl Venv {
    /// A program of the environment, which is made first if need be.
    pub(crate) fn program(&self, name: &str) -> Command {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _guard = ONE_AT_A_TIME.lock();
        let wanted = std::fs::read_to_string(self.requirements).expect("requirements");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(self.folder);
        if std::fs::read_to_string(folder.join(INSTALLED)).is_ok_and(|installed| installed == wanted) {
            return Command::new(folder.join("bin").join(name));
        }
        let python = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder).output();
        let is_made = python.as_ref().is_ok_and(|output| output.status.success());
        assert!(is_made, "python3 -m venv: {python:?}: apt-get install python3-venv");
        // A failure shows this command, and what it said.
        succeed(Command::new(folder.join("bin/pip")).args([
            "install",
            "--quiet",
            "--no-deps",
            "-r",
            self.requirements,
        ]));
        std::fs::write(folder.join(INSTALLED), wanted).expect("a note");
        Command::new(folder.join("bin").join(name))
    }
}
