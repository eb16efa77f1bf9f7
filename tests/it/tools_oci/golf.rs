//! The images in the fewest bytes under every tool: loaded, and run.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::containerd::{self, Containerd};
use super::docker::{self, Container};
use super::images::{Image, golfed, program};
use super::podman;
use super::registry::round_trip;
use super::tool::{run, tool, untar};

const ONE: &str = "linux/amd64";
const TWO: &str = "linux/amd64,linux/arm64";

/// The image of `hello` for one platform and for two.
fn hello() -> [Image; 2] {
    [ONE, TWO].map(|platforms| golfed("hello", platforms))
}

/// Unpacks an image of a layout, and runs what is in it.
fn greets_out_of(layout: &Path, image: &Image) {
    let bundle = layout.with_extension("bundle");
    let source = format!("{}:{}", layout.display(), image.tag);
    run(tool("umoci").args(["unpack", "--rootless", "--image", &source]).arg(&bundle));
    let unpacked = bundle.join("rootfs/hello");
    let compiled = program("hello", "x86_64", &image.folder.path().join("program"));
    assert_eq!(std::fs::read(&unpacked).expect("the executable"), compiled);
    assert_eq!(run(&mut Command::new(unpacked)), "Hello, world!");
}

#[test]
fn they_are_as_small_as_is_said() {
    let bytes = |image: &Image| std::fs::metadata(&image.tar).expect("a file").len();
    assert_eq!(hello().map(|image| bytes(&image)), [5632, 10_240]);
    assert_eq!(bytes(&golfed("pause", ONE)), 5632);
}

#[test]
fn docker_runs_them() {
    hello().iter().for_each(docker::greets);
}

#[test]
fn docker_runs_and_stops_a_server() {
    let image = golfed("page", ONE);
    let _loaded = docker::load(&image);
    let container = Container::start(&image.reference, &["-p", "127.0.0.1::8080"]);
    assert!(docker::ask(&container, "/health").ends_with("\r\n\r\nOK"));
    docker::stops_at_once(&container);
}

#[test]
fn podman_runs_them() {
    hello().iter().for_each(podman::greets);
}

#[test]
fn skopeo_copies_them_from_both_kinds_of_archive() {
    for image in hello() {
        for transport in ["docker-archive", "oci-archive"] {
            let layout: PathBuf = image.folder.path().join(transport);
            let copy = ["--insecure-policy", "copy"];
            let from = format!("{transport}:{}", image.tar.display());
            run(tool("skopeo").args(copy).args([&from, &format!("oci:{}:{}", layout.display(), image.tag)]));
            greets_out_of(&layout, &image);
        }
    }
}

#[test]
fn umoci_unpacks_a_single_platform() {
    let image = golfed("hello", ONE);
    let layout = image.folder.path().join("layout");
    std::fs::create_dir(&layout).expect("a folder");
    untar(&image.tar, &layout);
    greets_out_of(&layout, &image);
}

/// As one of Docker's images, because it follows no links to `oci-layout`.
#[test]
fn containerd_runs_a_single_platform() {
    let image = golfed("hello", ONE);
    let daemon = Containerd::start(image.folder.path());
    containerd::import(&daemon, &image);
    let row = containerd::row(&daemon, &image);
    assert!(row.contains("application/vnd.docker.distribution.manifest.v2+json"), "{row}");
    assert_eq!(containerd::said_by(&daemon, &image), "Hello, world!");
}

#[test]
fn containerd_keeps_both_of_two_platforms() {
    let image = golfed("hello", TWO);
    let daemon = Containerd::start(image.folder.path());
    containerd::import(&daemon, &image);
    let row = containerd::row(&daemon, &image);
    assert!(row.contains(&image.root_digest()) && row.contains("linux/amd64,linux/arm64"), "{row}");
    assert_eq!(containerd::said_by(&daemon, &image), "Hello, world!");
}

#[test]
fn a_registry_shows_the_digest_that_is_printed() {
    hello().iter().for_each(round_trip);
}

#[test]
fn it_goes_with_every_other_option() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, port) = (folder.path().join("image.tar"), "9000");
    let mut command = super::images::asmgen();
    command.args(["image", "examples/routes.toml", "--golf", "--engine", "blocking", "--elf", "portable"]);
    command.args(["--port", port, "--platform", "linux/386", "--tag", "a:1", "--tag", "ghcr.io/acme/b:2", "-o"]);
    let said = run(command.arg(&file).env("SOURCE_DATE_EPOCH", "1700000000"));
    assert!(said.contains("docker.io/library/a:1 ghcr.io/acme/b:2: "), "{said}");
    // Names that Docker knows it by afterwards.
    let loaded = run(tool("docker").args(["load", "-i"]).arg(&file));
    let _both = ["a:1", "ghcr.io/acme/b:2"].map(|name| docker::Loaded(name.to_owned()));
    assert_eq!(loaded, "Loaded image: a:1\nLoaded image: ghcr.io/acme/b:2");
    let container = Container::start("ghcr.io/acme/b:2", &["-p", "127.0.0.1::9000"]);
    assert!(docker::ask_port(&container, "9000/tcp", "/health").contains(r#"{"status":"ok","#));
}
