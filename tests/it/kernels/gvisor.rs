//! The examples under gVisor, on the network that it makes itself. The first process and its tasks are those of the
//! virtual machines, in a container that has nothing else.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use asmgen::elf::Loader;
use serde_json::json;

use super::initramfs::init;
use super::machine::{Talk, fetched, version};
use super::replies::Known;
use super::report::Run;
use super::tasks::{Plan, programs};
use super::{extent, plan};
use crate::harness::none;

/// gVisor runs x86-64 programs, and is fetched for that machine.
const TARGET: &str = "x86_64";
const COMPILER: &str = "x86_64-linux-gnu-gcc";
/// Name of the container; its state is in a folder of its own.
const CONTAINER: &str = "asmgen";
const PATIENCE: Duration = Duration::from_secs(300);

#[test]
fn programs_run_under_gvisor() {
    let mut programs = programs(TARGET, |_| true);
    programs.retain(|program| program.tier.loaders().contains(&Loader::Gvisor));
    let plan = plan(&programs, Loader::Gvisor, extent(), &mut Known::default());
    let folder = tempfile::tempdir().unwrap();
    make_bundle(folder.path(), &plan);
    let talk = run(folder.path());
    // It has no such setting.
    let run = Run::new("gVisor", &[r"mmap_min_addr 4096\x0a"], &plan, &talk);
    eprintln!("{}, {}", run.summary(), version("runsc"));
    none(&run.faults);
}

/// The files of a container and its settings, as the OCI's runtime specification has them.
fn make_bundle(folder: &Path, plan: &Plan) {
    let files = folder.join("rootfs");
    fs::create_dir(&files).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    for (name, content) in plan.files().into_iter().chain([("init".to_owned(), init(COMPILER))]) {
        fs::write(files.join(&name), content).unwrap();
        fs::set_permissions(files.join(&name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let capabilities = ["CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_NET_ADMIN", "CAP_KILL"];
    let namespaces = ["pid", "mount", "ipc", "uts", "network"].map(|kind| json!({ "type": kind }));
    let config = json!({
        "ociVersion": "1.0.2",
        "process": {
            "user": { "uid": 0, "gid": 0 },
            "args": ["/init"],
            "cwd": "/",
            "capabilities": { "bounding": capabilities, "effective": capabilities, "permitted": capabilities },
        },
        "root": { "path": "rootfs", "readonly": false },
        "mounts": [{ "destination": "/proc", "type": "proc", "source": "proc" }],
        "linux": { "namespaces": namespaces },
    });
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
}

fn run(folder: &Path) -> Talk {
    let said = folder.join("said");
    let output = File::create(&said).unwrap();
    let mut command = runsc(folder);
    command.args(["run", "--bundle"]).arg(folder).arg(CONTAINER);
    command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
    let talk = Talk::of(&mut command, &said, PATIENCE);
    // Where it came to its end, there is nothing to delete.
    let _ = runsc(folder).args(["delete", "--force", CONTAINER]).output();
    talk
}

/// gVisor with its own loopback device alone.
fn runsc(folder: &Path) -> Command {
    let mut command = Command::new(fetched("runsc", "runsc"));
    command.arg("--root").arg(folder.join("state")).args(["--network=none", "--ignore-cgroups"]);
    command
}
