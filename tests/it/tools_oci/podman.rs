//! `podman load` and `podman run`, on a storage of the test's own.

use super::docker::HARDENED;
use super::images::{Image, image};
use super::tool::{run, run_anyway, tool, unique, wait_for};
use crate::harness::tool::root;
use std::process::Command;

/// Podman raises these limits unasked, and fails where the test itself may not raise them.
const LIMITS: [&str; 4] = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];

/// Podman on a storage in the image's folder.
pub(super) struct Podman<'a>(pub(super) &'a Image);

impl Podman<'_> {
    pub(super) fn command(&self) -> Command {
        let folder = self.0.folder.path();
        let mut command = tool("podman");
        command.arg("--root").arg(folder.join("storage")).arg("--runroot").arg(folder.join("run"));
        command.args(["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "file"]);
        command
    }

    /// A container in the background, with no network but loopback; the image is to follow.
    pub(super) fn run_detached(&self, name: &str) -> Command {
        let mut command = self.command();
        command.args(["run", "-d", "--network", "none", "--name", name]).args(LIMITS).args(HARDENED);
        command
    }

    /// A fact about a container, by Go template.
    pub(super) fn inspect(&self, container: &str, template: &str) -> String {
        run(self.command().args(["inspect", "-f", template, container]))
    }
}

impl Drop for Podman<'_> {
    fn drop(&mut self) {
        // Layers may be mounted, and the folder could then not be removed.
        run_anyway(self.command().args(["pod", "rm", "-af", "-t", "0"]));
        run_anyway(self.command().args(["rm", "-af", "-t", "0"]));
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

/// Podman drops the health check of an OCI image; with what README says it has one, without a shell.
#[test]
fn podman_checks_the_health_that_it_is_told() {
    const COMMAND: &str = r#"["/page", "healthcheck"]"#;
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    assert!(readme.contains(&format!("podman run --health-cmd '{COMMAND}'")));
    let image = image("page", "linux/amd64");
    let podman = Podman(&image);
    run(podman.command().args(["load", "-i"]).arg(&image.tar));
    let container = unique("container");
    run(podman.run_detached(&container).args(["--health-cmd", COMMAND]).arg(image.full_reference()));
    wait_for("it is healthy", || {
        let check = podman.command().args(["healthcheck", "run", &container]).output().expect("podman runs");
        check.status.success().then_some(())
    });
    assert_eq!(podman.inspect(&container, "{{.State.Health.Status}}"), "healthy");
}

/// Loads the image of `hello` and runs it.
pub(super) fn greets(image: &Image) {
    let podman = Podman(image);
    run(podman.command().args(["load", "-i"]).arg(&image.tar));
    let options = ["run", "--rm", "--network", "none"];
    assert_eq!(run(podman.command().args(options).args(LIMITS).args(HARDENED).arg(&image.reference)), "Hello, world!");
}
