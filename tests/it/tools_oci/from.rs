//! Images to build on: `FROM` one of ours and `COPY`, and the same on top of the result, with every builder.

use std::path::Path;
use std::process::Command;

use super::docker::{self, Container, Loaded};
use super::images::{Image, golfed, image};
use super::podman::Podman;
use super::tool::{run, tool, unique, wait_for};

/// From this version on, Docker's client leaves `BuildKit` to a component of its own.
const BUILDX_SINCE: u32 = 23;

/// An image as it is usually, and in the fewest bytes.
fn pages() -> [Image; 2] {
    [image("page", "linux/amd64"), golfed("page", "linux/amd64")]
}

/// Builds one image on another, to which a file is added; the command wants a name and the folder.
fn build(mut command: Command, base: &str, file: &str, folder: &Path, name: &str) {
    std::fs::write(folder.join(file), file).expect("a file");
    std::fs::write(folder.join("Dockerfile"), format!("FROM {base}\nCOPY {file} /{file}\n")).expect("a file");
    run(command.args(["build", "-t", name]).arg(folder));
}

/// Docker's client with its builder chosen.
type Docker = fn() -> Command;

fn classic() -> Command {
    let mut command = tool("docker");
    command.env("DOCKER_BUILDKIT", "0");
    command
}

/// Of several clients the first that can do it.
fn buildkit() -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let clients = std::env::split_paths(&path).map(|folder| folder.join("docker")).filter(|file| file.is_file());
    let can_build = |client: &std::path::PathBuf| {
        let succeeds =
            |arguments: &[&str]| Command::new(client).args(arguments).output().ok().filter(|o| o.status.success());
        let version = succeeds(&["version", "-f", "{{.Client.Version}}"]);
        let major = version.and_then(|said| String::from_utf8_lossy(&said.stdout).split('.').next()?.parse().ok());
        major.is_some_and(|major: u32| major < BUILDX_SINCE) || succeeds(&["buildx", "version"]).is_some()
    };
    let client = clients.into_iter().find(can_build);
    let client = client.expect("no docker builds with BuildKit; install it: apt-get install docker-buildx");
    let mut command = Command::new(client);
    command.env("DOCKER_BUILDKIT", "1");
    command
}

/// Both images that are built one on the other hold their files, serve and stop.
fn docker_builds_twice_over(docker: Docker) {
    for image in pages() {
        let _base = docker::load(&image);
        let folder = tempfile::tempdir().expect("a folder");
        let built = ["one", "two"].map(|what| Loaded(format!("{}:v1", unique(what))));
        build(docker(), &image.reference, "one", folder.path(), &built[0].0);
        build(docker(), &built[0].0, "two", folder.path(), &built[1].0);
        for (at, name) in built.iter().enumerate() {
            let container = Container::start(&name.0, &["-p", "127.0.0.1::8080"]);
            assert!(docker::ask(&container, "/health").ends_with("\r\n\r\nOK"));
            for file in ["one", "two"].iter().take(at + 1) {
                let copy = folder.path().join("copy");
                run(tool("docker").args(["cp", &format!("{}:/{file}", container.0)]).arg(&copy));
                assert_eq!(std::fs::read_to_string(copy).expect("a file"), *file);
            }
        }
    }
}

#[test]
fn the_classic_builder_builds_on_it_twice_over() {
    docker_builds_twice_over(classic);
}

#[test]
fn buildkit_builds_on_it_twice_over() {
    docker_builds_twice_over(buildkit);
}

#[test]
fn podman_builds_on_it_twice_over() {
    for image in pages() {
        let podman = Podman(&image);
        run(podman.command().args(["load", "-i"]).arg(&image.tar));
        let folder = tempfile::tempdir().expect("a folder");
        let names = ["one", "two"].map(|what| format!("localhost/{}:v1", unique(what)));
        build(podman.command(), &image.full_reference(), "one", folder.path(), &names[0]);
        build(podman.command(), &names[0], "two", folder.path(), &names[1]);
        for name in &names {
            let container = unique("container");
            run(podman.run_detached(&container).arg(name));
            assert_eq!(asked_within(&podman, &container), "OK");
            run(podman.command().args(["stop", "-t", "10", &container]));
            assert_eq!(podman.inspect(&container, "{{.State.ExitCode}}"), "0");
        }
    }
}

/// The reply to `/health` in a container that has no network but loopback.
fn asked_within(podman: &Podman, container: &str) -> String {
    let pid = podman.inspect(container, "{{.State.Pid}}");
    let curl = ["--net", "--target", &pid, "curl", "--silent", "http://127.0.0.1:8080/health"];
    wait_for("a reply", || {
        let output = tool("nsenter").args(curl).output().expect("nsenter runs");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    })
}
