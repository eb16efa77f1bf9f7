//! `docker load`, and the image at work under a daemon.

use super::images::{Image, image, program};
use super::qemu;
use super::tool::{run, run_anyway, tool, unique, wait_for};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// All rights taken away, as the manifests do.
pub(super) const HARDENED: [&str; 5] = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];

/// An image that a daemon holds until the test is over.
pub(super) struct Loaded(pub(super) String);

impl Drop for Loaded {
    fn drop(&mut self) {
        run_anyway(tool("docker").args(["rmi", "-f", &self.0]));
    }
}

/// A container that lives until the test is over.
pub(super) struct Container(pub(super) String);

impl Container {
    /// Starts a container in the background.
    fn start(image: &str, options: &[&str]) -> Self {
        let container = Self(unique("container"));
        run(tool("docker").args(["run", "-d", "--name", &container.0]).args(HARDENED).args(options).arg(image));
        container
    }

    /// A fact about it, by Go template.
    fn inspect(&self, template: &str) -> String {
        run(tool("docker").args(["inspect", "-f", template, &self.0]))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        run_anyway(tool("docker").args(["rm", "-f", "-v", &self.0]));
    }
}

/// Loads an image under its own name.
pub(super) fn load(image: &Image) -> Loaded {
    let said = run(tool("docker").args(["load", "-i"]).arg(&image.tar));
    assert_eq!(said, format!("Loaded image: {}", image.reference));
    Loaded(image.reference.clone())
}

/// A fact about an image, by Go template.
pub(super) fn inspect(image: &str, template: &str) -> String {
    run(tool("docker").args(["image", "inspect", "-f", template, image]))
}

/// Dockers that keep images in containerd count and name them otherwise.
fn store_is_containerd() -> bool {
    run(tool("docker").args(["info", "-f", "{{.DriverStatus}}"])).contains("io.containerd.snapshotter")
}

/// Ends it as an orchestrator does: it must obey SIGTERM, not be killed after the ten seconds of grace.
fn stops_by_itself(container: &Container) {
    let start = Instant::now();
    run(tool("docker").args(["stop", "-t", "10", &container.0]));
    let elapsed = start.elapsed();
    assert_eq!(container.inspect("{{.State.ExitCode}}"), "0");
    assert!(elapsed < Duration::from_secs(5), "docker stop took {elapsed:?}");
}

fn get(address: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

#[test]
fn docker_shows_what_the_image_says() {
    let image = image("page", "linux/amd64,linux/arm64");
    let _loaded = load(&image);
    let config = |field: &str| inspect(&image.reference, &format!("{{{{json .Config.{field}}}}}"));
    assert_eq!(config("User"), r#""65532:65532""#);
    assert_eq!(config("Entrypoint"), r#"["/page"]"#);
    assert_eq!(config("ExposedPorts"), r#"{"8080/tcp":{}}"#);
    assert!(config("Labels").contains("org.opencontainers.image.title"));
    assert_eq!(inspect(&image.reference, "{{.Architecture}}"), "amd64");
    if !store_is_containerd() {
        let bytes = program("page", "x86_64", &image.folder.path().join("program"));
        assert_eq!(inspect(&image.reference, "{{.Size}}"), bytes.len().to_string());
        assert_eq!(inspect(&image.reference, "{{.Id}}"), image.primary_config_digest());
    }
}

#[test]
fn docker_runs_the_server_and_stops_it() {
    let image = image("page", "linux/amd64,linux/arm64");
    let _loaded = load(&image);
    let container = Container::start(&image.reference, &["-p", "127.0.0.1::8080"]);
    let address = run(tool("docker").args(["port", &container.0, "8080/tcp"]));
    let reply = wait_for("a reply", || get(&address, "/health").ok().filter(|reply| !reply.is_empty()));
    assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
    stops_by_itself(&container);
}

#[test]
fn docker_runs_the_pause_program_and_stops_it() {
    let image = image("pause", "linux/amd64");
    let _loaded = load(&image);
    let container = Container::start(&image.reference, &["--network", "none"]);
    assert_eq!(container.inspect("{{.State.Running}}"), "true");
    stops_by_itself(&container);
}

#[test]
fn docker_runs_a_32_bit_greeting() {
    let image = image("hello", "linux/386");
    let _loaded = load(&image);
    let said = run(tool("docker").args(["run", "--rm", "--network", "none"]).args(HARDENED).arg(&image.reference));
    assert_eq!(said, "Hello, world!");
}

#[test]
fn docker_runs_the_arm64_image_through_binfmt_misc() {
    qemu::ensure_aarch64();
    // Of several platforms a Docker without containerd loads the first, so the image has this one only.
    let image = image("pause", "linux/arm64");
    let _loaded = load(&image);
    assert_eq!(inspect(&image.reference, "{{.Architecture}}/{{.Variant}}"), "arm64/v8");
    let options = ["--network", "none", "--platform", "linux/arm64/v8"];
    let container = Container::start(&image.reference, &options);
    assert_eq!(container.inspect("{{.State.Running}}"), "true");
    stops_by_itself(&container);
}
