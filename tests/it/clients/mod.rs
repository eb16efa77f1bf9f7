//! Programs that fetch files, and how they fetch no more than they need: several ranges, the rest of a file, and what
//! has changed since. The access log says what they asked for and got.

mod apt;
mod dates;
mod zsync;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::harness::server::{Server, Spec};
use crate::harness::tool::Variant;

/// When everything here was modified: as a spec has it, as HTTP has it, and in seconds since 1970.
const MODIFIED: &str = "2026-01-31T12:00:00Z";
const LAST_MODIFIED: &str = "Sat, 31 Jan 2026 12:00:00 GMT";
const MODIFIED_S: u64 = 1_769_860_800;

fn modified() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(MODIFIED_S)
}

/// A server of files, and a folder for its client.
struct Site {
    server: Server,
    client: TempDir,
    // The files that the spec names are read when the server is built.
    _spec: Spec,
}

impl Site {
    /// Serves these files by their names.
    fn new(files: &[(&str, &[u8])]) -> Self {
        let mut text = format!("[server]\naccess_log = true\nmodified = {MODIFIED}\n");
        for (name, _) in files {
            let _ = write!(text, "[[route]]\npath = \"/{name}\"\nfile = \"{name}\"\n");
        }
        let spec = Spec::new(&text);
        for (name, content) in files {
            std::fs::write(spec.path().with_file_name(name), content).unwrap();
        }
        let server = Server::start(Variant::native(&spec.path()));
        Self { server, client: tempfile::tempdir().unwrap(), _spec: spec }
    }

    fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.server.port)
    }

    /// A path in the client's folder.
    fn path(&self, name: &str) -> PathBuf {
        self.client.path().join(name)
    }

    /// What was asked for and got, each as `/path status bytes`; the server ends.
    fn log(mut self) -> Vec<String> {
        assert_eq!(self.server.end(Signal::TERM), None);
        self.server.rest_of_stdout().lines().map(line).collect()
    }
}

fn line(line: &str) -> String {
    let parts: Vec<&str> = line.split('"').collect();
    let [_, request, result] = parts[..] else { panic!("no line of the log: {line}") };
    let path = request.split(' ').nth(1).unwrap_or_else(|| panic!("no request: {line}"));
    format!("{path}{result}")
}

/// Writes a file that was last modified when the site was.
fn write_modified(path: &Path, content: &[u8]) {
    std::fs::write(path, content).unwrap();
    std::fs::File::options().write(true).open(path).unwrap().set_modified(modified()).unwrap();
}
