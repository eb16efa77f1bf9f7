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

/// So often a container is started that has not begun.
const STARTS: usize = 3;

impl Container {
    /// Starts a container in the background.
    pub(super) fn start(image: &str, options: &[&str]) -> Self {
        let container = Self(unique("container"));
        let created = |command: &str| {
            let mut docker = tool("docker");
            docker.args([command, "--name", &container.0]).args(HARDENED).args(options).arg(image);
            docker
        };
        run(&mut created("create"));
        // runc's own first process needs some MB, and where memory is least it may be ended before it becomes ours.
        let is_started = || tool("docker").args(["start", &container.0]).output().is_ok_and(|it| it.status.success());
        if !(0..STARTS).any(|_| is_started()) {
            run(tool("docker").args(["start", &container.0]));
        }
        container
    }

    /// A fact about it, by Go template.
    pub(super) fn inspect(&self, template: &str) -> String {
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

/// Ends it as an orchestrator does: it obeys SIGTERM at once, with exit code 0. Docker's own share of the time grows
/// with what else the machine does, so one stop of three must be under the second.
pub(super) fn stops_at_once(container: &Container) {
    let mut shortest = Duration::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        run(tool("docker").args(["stop", "-t", "10", &container.0]));
        shortest = shortest.min(start.elapsed());
        assert_eq!(container.inspect("{{.State.ExitCode}}"), "0");
        if shortest < Duration::from_secs(1) {
            return;
        }
        run(tool("docker").args(["start", &container.0]));
    }
    panic!("docker stop took {shortest:?} at the least");
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

/// Loads the image of `hello` and runs it.
pub(super) fn greets(image: &Image) {
    let _loaded = load(image);
    let said = run(tool("docker").args(["run", "--rm", "--network", "none"]).args(HARDENED).arg(&image.reference));
    assert_eq!(said, "Hello, world!");
}

/// Asks a running server for a path; it may need a moment to start.
pub(super) fn ask(container: &Container, path: &str) -> String {
    ask_port(container, "8080/tcp", path)
}

/// The same of a server on another port.
pub(super) fn ask_port(container: &Container, port: &str, path: &str) -> String {
    let address = run(tool("docker").args(["port", &container.0, port]));
    wait_for("a reply", || get(&address, path).ok().filter(|reply| !reply.is_empty()))
}

#[test]
fn docker_runs_the_page_whose_sizes_are_those_that_docker_shows() {
    let image = image("page", "linux/amd64,linux/arm64");
    let _loaded = load(&image);
    let container = Container::start(&image.reference, &["-p", "127.0.0.1::8080"]);
    assert!(ask(&container, "/health").ends_with("\r\n\r\nOK"));
    let page = ask(&container, "/");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    if !store_is_containerd() {
        let size = format!("{} bytes", inspect(&image.reference, "{{.Size}}"));
        assert_eq!(page.matches(&size).count(), 1, "the page says {size}: {page}");
    }
    stops_at_once(&container);
}

#[test]
fn docker_runs_the_routes_and_stops_them() {
    let image = image("routes", "linux/amd64");
    let _loaded = load(&image);
    let container = Container::start(&image.reference, &["-p", "127.0.0.1::8080"]);
    assert!(ask(&container, "/health").contains(r#"{"status":"ok","#));
    assert!(ask(&container, "/nowhere").starts_with("HTTP/1.1 404 Not Found\r\n"));
    stops_at_once(&container);
}

#[test]
fn docker_runs_the_pause_program_and_stops_it() {
    let image = image("pause", "linux/amd64");
    let _loaded = load(&image);
    let container = Container::start(&image.reference, &["--network", "none"]);
    // A freeze and thaw interrupts what the program waits in; it must wait on.
    for command in ["pause", "unpause"] {
        run(tool("docker").args([command, &container.0]));
    }
    assert_eq!(container.inspect("{{.State.Running}}"), "true");
    stops_at_once(&container);
}

#[test]
fn docker_runs_a_32_bit_greeting() {
    greets(&image("hello", "linux/386"));
}

#[test]
fn docker_runs_the_arm64_image_through_binfmt_misc() {
    qemu::ensure_aarch64();
    // Of several platforms a Docker without containerd loads the first, so the image has this one only.
    let image = image("page", "linux/arm64");
    let _loaded = load(&image);
    assert_eq!(inspect(&image.reference, "{{.Architecture}}/{{.Variant}}"), "arm64/v8");
    let options = ["-p", "127.0.0.1::8080", "--platform", "linux/arm64/v8"];
    let container = Container::start(&image.reference, &options);
    assert!(ask(&container, "/").contains("aarch64"));
    assert!(ask(&container, "/health").ends_with("\r\n\r\nOK"));
    stops_at_once(&container);
}
