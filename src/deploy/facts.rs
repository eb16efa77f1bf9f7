//! What the deployment files need to know of a program: port, health check, times to stop, memory limit.
//!
//! All of it comes from the description, so the files agree with the executable. The memory limit is computed from the
//! limits of the engine, not measured.

use crate::oci::{self, OciError, Reference};
use crate::spec::{About, Description, Engine, EpollSettings, Program, Workers};

/// Below this port number a process needs a right, or a sysctl that waives it (ip(7), `ip_unprivileged_port_start`).
const FIRST_UNPRIVILEGED_PORT: u16 = 1024;

/// Memory that any program gets along with, in MiB: the runtime itself needs some of it to start one.
const MEMORY_MIB: u64 = 16;

/// Memory of the kernel for one connection without data under way, in bytes: the socket, its file and their caches,
/// rounded up.
const CONNECTION_BYTES: u64 = 8192;

/// Added to the time a program takes to stop, in seconds, so that it ends before it is killed.
pub(super) const STOP_RESERVE_S: u32 = 2;

/// A program to deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployRequest {
    /// Name of the objects and of the executable.
    pub name: String,
    /// Facts for people.
    pub about: About,
    /// Full name of the image.
    pub image: Reference,
    /// TCP port the program listens on, if it does.
    pub port: Option<u16>,
    /// Path that is answered with success when all is well; without one a probe only connects.
    pub health_path: Option<String>,
    /// Has the executable a command `healthcheck`?
    pub has_healthcheck: bool,
    /// Time during which it still accepts connections after SIGTERM, in seconds.
    pub drain_s: u32,
    /// Longest time it takes to stop, `drain_s` included, in seconds, where it says so.
    pub stop_s: Option<u32>,
    /// Memory that the program and the kernel's sockets for it may take, in MiB, where that can be said.
    pub memory_mib: Option<u64>,
    /// Does the program end by itself? Then it is run once, not kept running.
    pub runs_once: bool,
    /// The command that makes the file, for its first line: `asmgen k8s examples/page.toml`.
    pub made_by: String,
    /// What of that command says which program is meant: `examples/page.toml --port 80`.
    pub source: String,
}

impl DeployRequest {
    /// A described program with the image name `tag` (`NAME:TAG`, `NAME@sha256:…`), or its own.
    pub fn new(description: &Description, tag: Option<&str>, made_by: &str) -> Result<Self, OciError> {
        Ok(Self {
            name: description.name.clone(),
            about: description.about.clone(),
            image: Reference::parse_existing(tag.unwrap_or(&description.name))?,
            port: oci::tcp_port(&description.program),
            health_path: health_path(&description.program),
            has_healthcheck: description.program.has_healthcheck(),
            drain_s: epoll(&description.program).map_or(0, |epoll| epoll.drain_s),
            stop_s: epoll(&description.program).map(|epoll| epoll.drain_s + epoll.stop_timeout_s),
            memory_mib: memory_mib(&description.program),
            runs_once: matches!(description.program, Program::Hello { .. }),
            made_by: made_by.to_owned(),
            source: String::new(),
        })
    }

    /// Does the port need `net.ipv4.ip_unprivileged_port_start=0`? The sysctl belongs to the pod's own network and
    /// counts as safe (Pod Security Standards). Docker since 20.10 and containerd since 2.0 set it by default; CRI-O
    /// and Podman do not.
    pub(super) fn port_is_privileged(&self) -> bool {
        self.port.is_some_and(|port| port < FIRST_UNPRIVILEGED_PORT)
    }

    /// The comment that begins every file. The command may hold any character that a path may hold.
    pub(super) fn first_line(&self) -> String {
        let made_by = one_line(&self.made_by);
        format!("# Made by `{made_by}`; to change it, change the description and run this again.\n")
    }
}

/// A text for a comment, which ends with its line.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if ends_lines(c) { '?' } else { c }).collect()
}

/// Is it a control character, or one of those that end a comment of YAML 1.1?
fn ends_lines(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn epoll(program: &Program) -> Option<&EpollSettings> {
    match program {
        Program::Server(server) if server.engine == Engine::Epoll => Some(&server.epoll),
        _ => None,
    }
}

/// The memory limit: enough for one connection at a time, and what all connections and incomplete requests may take. It
/// includes what the kernel may hold for them. None if the number of workers depends on the machine.
fn memory_mib(program: &Program) -> Option<u64> {
    let Some(epoll) = epoll(program) else { return Some(MEMORY_MIB) };
    let Workers::Count(workers) = epoll.workers else { return None };
    let of_connections = u64::from(epoll.connections) * CONNECTION_BYTES;
    let of_requests = u64::from(epoll.partial_requests) * u64::from(epoll.head_bytes);
    // What is held is weighed when it may be as much again; and half as much of requests may wait beside it.
    let of_data = 3 * u64::from(epoll.held_bytes());
    Some(MEMORY_MIB + (u64::from(workers) * (of_connections + of_requests + of_data)).div_ceil(1 << 20))
}

fn health_path(program: &Program) -> Option<String> {
    let Program::Server(server) = program else { return None };
    server.health_path().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::sample;

    #[test]
    fn facts_come_from_the_description() {
        let page = sample::server(8080, &["/", "/healthz", "/health"]);
        let request = DeployRequest::new(&page, None, "asmgen k8s page.toml").unwrap();
        assert_eq!(request.image.to_string(), "docker.io/library/page:latest");
        assert_eq!((request.port, request.health_path.as_deref()), (Some(8080), Some("/health")));
        assert!(!request.runs_once && !request.port_is_privileged());
        assert!(DeployRequest::new(&sample::server(80, &[]), None, "").unwrap().port_is_privileged());
        let hello = DeployRequest::new(&sample::hello(), Some("ghcr.io/acme/hello:1"), "").unwrap();
        assert_eq!((hello.image.to_string().as_str(), hello.port), ("ghcr.io/acme/hello:1", None));
        assert!(hello.runs_once);
        assert!(DeployRequest::new(&sample::hello(), Some("Hello"), "").is_err());
    }

    #[test]
    fn a_first_line_is_one_line() {
        let request = DeployRequest::new(&sample::hello(), None, "asmgen k8s 'a\nkind: Evil'").unwrap();
        assert_eq!(
            request.first_line(),
            "# Made by `asmgen k8s 'a?kind: Evil'`; to change it, change the description and run this again.\n"
        );
    }
}
