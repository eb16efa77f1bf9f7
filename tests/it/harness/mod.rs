//! What the tests share: the command line and the tools around it, servers that end with their test, a client that sees
//! every byte, snapshots.

pub(crate) mod client;
pub(crate) mod http;
pub(crate) mod images;
pub(crate) mod network;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod server;
pub(crate) mod snapshot;
pub(crate) mod tool;
pub(crate) mod venv;

use std::time::{Duration, Instant};

/// Names of the targets, as `--target` takes them.
pub(crate) const TARGETS: [&str; 3] = ["x86_64", "aarch64", "i386"];
/// Names of the engines, as `--engine` takes them.
pub(crate) const ENGINES: [&str; 2] = ["epoll", "blocking"];
/// Names of the layouts, as `--elf` takes them.
pub(crate) const LAYOUTS: [&str; 3] = ["strict", "portable", "linux"];
/// Names of the examples: `examples/NAME.toml`.
pub(crate) const EXAMPLES: [&str; 8] = ["hello", "pause", "ok", "ok6", "greeting", "routes", "page", "file"];

/// No wait of a test is longer; what takes so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Asks until the answer is yes.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Fails with every fault found, one per line.
pub(crate) fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
