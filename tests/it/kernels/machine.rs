//! Kernels of Debian's, and the machines that they are booted on: software emulation by qemu, one processor.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::process::Process;
use crate::harness::tool::tool;

/// A kernel that `.ci/kernels` fetches.
pub(super) struct Kernel {
    /// Its name there.
    pub(super) name: &'static str,
    pub(super) machine: &'static Machine,
    /// Is it one of those that `make test` boots?
    pub(super) is_for_test: bool,
}

/// What a kernel is booted on.
pub(super) struct Machine {
    /// The targets of the programs that it runs.
    pub(super) targets: &'static [&'static str],
    /// What compiles its first process.
    pub(super) compiler: &'static str,
    qemu: &'static str,
    options: &'static [&'static str],
    console: &'static str,
}

static AMD64: Machine = Machine {
    targets: &["x86_64", "i386"],
    compiler: "x86_64-linux-gnu-gcc",
    qemu: "qemu-system-x86_64",
    options: &["-machine", "q35", "-cpu", "max"],
    console: "ttyS0",
};

static ARM64: Machine = Machine {
    targets: &["aarch64"],
    compiler: "aarch64-linux-gnu-gcc",
    qemu: "qemu-system-aarch64",
    // One with pages of 16 KiB; the signatures of pointers that later ones have take long to emulate.
    options: &["-machine", "virt", "-cpu", "cortex-a76"],
    console: "ttyAMA0",
};

const fn kernel(name: &'static str, machine: &'static Machine, is_for_test: bool) -> Kernel {
    Kernel { name, machine, is_for_test }
}

/// The same list as in `.ci/kernels`, those that take longest first.
pub(super) static KERNELS: [Kernel; 7] = [
    kernel("amd64-6.12", &AMD64, false),
    kernel("amd64-6.1", &AMD64, true),
    kernel("amd64-5.10", &AMD64, false),
    kernel("arm64-6.12-16k", &ARM64, false),
    kernel("arm64-6.12", &ARM64, false),
    kernel("arm64-6.1", &ARM64, true),
    kernel("arm64-5.10", &ARM64, false),
];

/// A file that `.ci/kernels` has fetched.
pub(super) fn fetched(name: &str, file: &str) -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("there is a home folder")).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map_or_else(home, PathBuf::from);
    let path = cache.join("asmgen/kernels").join(name).join(file);
    assert!(path.is_file(), "{} is missing: .ci/kernels {name}", path.display());
    path
}

/// The package that something fetched is from, and its version.
pub(super) fn version(name: &str) -> String {
    fs::read_to_string(fetched(name, "version")).unwrap().trim().to_owned()
}

/// What a machine or a container said before it ended.
pub(super) struct Talk {
    pub(super) console: String,
    pub(super) took: Duration,
}

impl Talk {
    /// Runs this until it ends; what it says goes to this file.
    pub(super) fn of(command: &mut Command, file: &Path, patience: Duration) -> Self {
        let start = Instant::now();
        let mut process = Process::spawn(command);
        while process.is_running() && start.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(20));
        }
        let took = start.elapsed();
        drop(process);
        let console = fs::read(file).unwrap_or_default();
        Self { console: String::from_utf8_lossy(&console).replace('\r', ""), took }
    }
}

impl Kernel {
    /// Boots it with these files, and waits until it has gone off.
    pub(super) fn boot(&self, initramfs: &[u8], patience: Duration) -> Talk {
        let folder = tempfile::tempdir().unwrap();
        let [files, console] = ["initramfs", "console"].map(|name| folder.path().join(name));
        fs::write(&files, initramfs).unwrap();
        let mut command = tool(self.machine.qemu);
        command.args(["-accel", "tcg", "-m", "512", "-nodefaults", "-no-user-config", "-display", "none"]);
        command.args(self.machine.options).arg("-no-reboot").arg("-kernel").arg(fetched(self.name, "vmlinuz"));
        command.arg("-initrd").arg(&files).arg("-serial").arg(format!("file:{}", console.display()));
        // A kernel that panics ends; loglevel: nothing less is to be among the facts.
        command.args(["-append", &format!("console={} panic=-1 quiet loglevel=1", self.machine.console)]);
        Talk::of(&mut command, &console, patience)
    }
}
