//! What the kernel holds for all connections together: less than the manifest's limit, whatever the clients do.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Client, SLACK};
use crate::harness::network::in_own_network;
use crate::harness::server::{Executable, Server, Spec};
use crate::harness::tool::{Variant, asmgen, succeed};

/// Connections that the server takes: what they all could hold is more than the limit by far.
const CONNECTIONS: usize = 1500;
const PORT: u16 = 8080;
const CONTENT_BYTES: usize = 50_000;

/// A control group for memory, gone with its test.
struct Group {
    folder: PathBuf,
    is_unified: bool,
}

impl Group {
    /// One with this limit, below that of this process. In version 1 sockets are counted by themselves.
    fn new(limit_bytes: u64) -> Self {
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap();
        let of_memory = groups.lines().find_map(|line| line.split_once(":memory:"));
        let is_unified = of_memory.is_none();
        let (root, below) = match of_memory {
            Some((_, path)) => ("/sys/fs/cgroup/memory", path),
            // Below the root: a group with processes has no children that are limited.
            None => ("/sys/fs/cgroup", ""),
        };
        let name = format!("asmgen-{}", std::process::id());
        let folder = Path::new(root).join(below.trim_start_matches('/')).join(name);
        fs::create_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}: this test needs root", folder.display()));
        let group = Self { folder, is_unified };
        let limits: &[&str] =
            if is_unified { &["memory.max"] } else { &["memory.limit_in_bytes", "memory.kmem.tcp.limit_in_bytes"] };
        for limit in limits {
            fs::write(group.folder.join(limit), limit_bytes.to_string())
                .unwrap_or_else(|error| panic!("{limit}: {error}"));
        }
        group
    }

    fn number(&self, file: &str) -> u64 {
        let text = fs::read_to_string(self.folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        text.trim().parse().unwrap_or_else(|_| panic!("{file}: {text}"))
    }

    /// Most that was used so far, in bytes.
    fn most(&self) -> u64 {
        if self.is_unified {
            return self.number("memory.peak");
        }
        self.number("memory.max_usage_in_bytes") + self.number("memory.kmem.tcp.max_usage_in_bytes")
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The server's end is known here before the group is empty.
        for _ in 0..100 {
            if fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The limit of the manifest, in bytes.
fn limit(spec: &Spec) -> u64 {
    let manifest = succeed(asmgen().arg("k8s").arg(spec.path())).stdout;
    let manifest = String::from_utf8(manifest).unwrap();
    let (_, limits) = manifest.split_once("limits:\n").expect("there are limits");
    let mib = limits.split_whitespace().nth(1).and_then(|value| value.strip_suffix("Mi"));
    mib.and_then(|mib| mib.parse::<u64>().ok()).unwrap_or_else(|| panic!("{manifest}")) << 20
}

/// A client that has room for little, or for much.
fn client(room_bytes: Option<usize>) -> Client {
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    if let Some(bytes) = room_bytes {
        set_socket_recv_buffer_size(&socket, bytes).unwrap();
    }
    rustix::net::connect(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(crate::harness::PATIENCE)).unwrap();
    Client::on(stream)
}

/// All ask for much and read nothing; with more requests behind that than the server reads.
#[test]
fn clients_that_read_nothing() {
    let spec = Spec::new(&format!(
        "[server]\nlisten = \"127.0.0.1:{PORT}\"\nconnections = {CONNECTIONS}\nmetrics = \"/metrics\"\n\
         [[route]]\npath = \"/\"\nfile = \"content.bin\"\n"
    ));
    fs::write(spec.path().with_file_name("content.bin"), &crate::run::bodies::big_body()[..CONTENT_BYTES]).unwrap();
    let descriptors = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: descriptors.maximum, ..descriptors }).unwrap();
    in_own_network(|| {
        let limit_bytes = limit(&spec);
        let group = Group::new(limit_bytes);
        let built = Executable::build(Variant::native(&spec.path()), PORT);
        let enter = format!("echo $$ > {}/cgroup.procs && exec \"$0\"", group.folder.display());
        let server = Server::run_under(&["bash", "-c", &enter], &built.file(), PORT);
        let requests = |count: usize| super::REQUEST.repeat(count);
        let mut clients: Vec<Client> = (0..CONNECTIONS - 10).map(|_| client(Some(4096))).collect();
        for client in &mut clients {
            client.send(&requests(30));
        }
        std::thread::sleep(SLACK * 2);
        let most = group.most();
        assert!(most < limit_bytes, "{most} bytes, and the limit is {limit_bytes}");
        // It is bounded because some had to go, not because little was asked for.
        let mut other = client(None);
        assert_eq!(other.ask(super::REQUEST).body.len(), CONTENT_BYTES);
        let figures = other.ask(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").body;
        let figures = String::from_utf8(figures).unwrap();
        let closed = figures.lines().find_map(|line| line.strip_prefix("asmgen_http_limits_total{limit=\"memory\"} "));
        let closed: usize = closed.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{figures}"));
        assert!((1..CONNECTIONS - 10).contains(&closed), "{closed} of {CONNECTIONS} were closed");
        drop(server);
    });
}
