//! Running other programs.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Programs and the Debian packages that bring them.
const PACKAGES: &[(&str, &str)] = &[
    ("busybox", "busybox"),
    ("containerd", "containerd"),
    ("ctr", "containerd"),
    ("docker", "docker.io"),
    ("docker-compose", "docker-compose"),
    ("docker-registry", "docker-registry"),
    ("git", "git"),
    // `kubectl` is in kubernetes-client from Debian 12 on.
    ("kubectl", "kubernetes-client"),
    ("make", "make"),
    ("nsenter", "util-linux"),
    ("podman", "podman"),
    ("python3", "python3-venv"),
    ("skopeo", "skopeo"),
    ("tar", "tar"),
    ("umoci", "umoci"),
];

/// A command, once it is certain that the program is installed.
pub(super) fn tool(program: &str) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_installed = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    let package = PACKAGES.iter().find(|(name, _)| *name == program).map_or(program, |(_, package)| package);
    assert!(is_installed, "{program} is not installed; install it: apt-get install {package}");
    Command::new(program)
}

/// A name that no other process and no other test has.
pub(super) fn unique(what: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("asmgen-test-{what}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Runs to the end; it must succeed. Gives its standard output, both ends trimmed.
pub(super) fn run(command: &mut Command) -> String {
    String::from_utf8(run_bytes(command)).expect("UTF-8").trim().to_owned()
}

/// Runs to the end; it must succeed. Gives its standard output.
pub(super) fn run_bytes(command: &mut Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Runs to the end, whatever comes of it: for cleaning up.
pub(super) fn run_anyway(command: &mut Command) {
    drop(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status());
}

/// Unpacks a tar file into a folder.
pub(super) fn untar(tar: &Path, folder: &Path) {
    run(tool("tar").arg("-xf").arg(tar).arg("-C").arg(folder));
}

/// Asks again and again until there is an answer.
pub(super) fn wait_for<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "waited 20 s for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A service of this test, ended with it.
pub(super) struct Service(pub(super) Child);

impl Drop for Service {
    fn drop(&mut self) {
        // SIGTERM first: a service may have folders to unmount.
        run_anyway(Command::new("kill").arg(self.0.id().to_string()));
        let start = Instant::now();
        while matches!(self.0.try_wait(), Ok(None)) && start.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
