//! `podman load` and `podman run`, on a storage of the test's own.

use super::docker::HARDENED;
use super::images::{Image, image};
use super::tool::{run, run_anyway, tool};
use std::process::Command;

/// Podman on a storage in the image's folder.
struct Podman<'a>(&'a Image);

impl Podman<'_> {
    fn command(&self) -> Command {
        let folder = self.0.folder.path();
        let mut command = tool("podman");
        command.arg("--root").arg(folder.join("storage")).arg("--runroot").arg(folder.join("run"));
        command.args(["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "file"]);
        command
    }
}

impl Drop for Podman<'_> {
    fn drop(&mut self) {
        // Layers may be mounted, and the folder could then not be removed.
        run_anyway(self.command().args(["rmi", "-af"]));
    }
}

#[test]
fn podman_loads_the_image_under_its_full_name() {
    let image = image("page", "linux/amd64,linux/arm64");
    let podman = Podman(&image);
    let said = run(podman.command().args(["load", "-i"]).arg(&image.tar));
    assert_eq!(said, format!("Loaded image: {}", image.full_reference()));
    let inspect = |template: &str| run(podman.command().args(["image", "inspect", "-f", template, &image.reference]));
    assert_eq!(inspect("{{.Architecture}} {{.User}} {{.Config.Entrypoint}}"), "amd64 65532:65532 [/page]");
}

#[test]
fn podman_runs_a_greeting() {
    greets(&image("hello", "linux/amd64,linux/arm64"));
}

/// Loads the image of `hello` and runs it.
pub(super) fn greets(image: &Image) {
    let podman = Podman(image);
    run(podman.command().args(["load", "-i"]).arg(&image.tar));
    // Podman raises these limits unasked, and fails where the test itself may not raise them.
    let limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
    let options = ["run", "--rm", "--network", "none"];
    assert_eq!(run(podman.command().args(options).args(limits).args(HARDENED).arg(&image.reference)), "Hello, world!");
}
