//! Addresses and ways to start: every IPv4 address, both families, `asmgen run`, a file without a spec, a port that
//! is taken.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::process::Stdio;

use rustix::process::Signal;

use super::native_executable;
use crate::harness::http::{self, Expected};
use crate::harness::network::in_own_network;
use crate::harness::process::{Process, children};
use crate::harness::server::{Executable, Server, Spec, free_port};
use crate::harness::tool::{asmgen, example, root, server_variants, succeed, tool, variants};
use crate::harness::{ENGINES, none};

/// What `examples/greeting.toml` answers.
fn greeting() -> Expected {
    Expected::ok("text/plain", "Hello, world!\n")
}

fn ask(address: SocketAddr) -> Vec<u8> {
    use std::io::Write;
    let mut stream = http::connect_to(address);
    stream.write_all(&http::request("GET", "/")).unwrap();
    http::read_all(&mut stream).unwrap()
}

/// Builds the greeting for this listen address with both engines and asks it at all of these.
fn check_address(listen: Option<&str>, addresses: &[SocketAddr]) {
    for engine in ENGINES {
        check_address_of(engine, listen, addresses);
    }
}

fn check_address_of(engine: &str, listen: Option<&str>, addresses: &[SocketAddr]) {
    let spec = example("greeting");
    let mut faults = Vec::new();
    for variant in variants(&spec).map(|variant| variant.on(engine)) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("server");
        variant.build(listen, &file);
        faults.extend(in_own_network(|| {
            let mut server = Server::run(variant, &file, 8080);
            let differs = |address| greeting().fault(&format!("{variant} at {address}"), &ask(address));
            let mut faults: Vec<String> = addresses.iter().copied().filter_map(differs).collect();
            faults.extend(server.end(Signal::TERM));
            faults
        }));
    }
    none(&faults);
}

const V4: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const OTHER_V4: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(127, 1, 2, 3)), 8080);
const V6: SocketAddr = SocketAddr::new(std::net::IpAddr::V6(Ipv6Addr::LOCALHOST), 8080);

#[test]
fn every_address_by_default() {
    check_address_of("epoll", None, &[V4, OTHER_V4, V6]);
    check_address_of("epoll", Some("8080"), &[V4, OTHER_V4, V6]);
    check_address_of("blocking", None, &[V4, OTHER_V4]);
}

#[test]
fn every_ipv4_address() {
    check_address(Some("0.0.0.0:8080"), &[V4, OTHER_V4]);
}

#[test]
fn both_families() {
    check_address(Some("[::]:8080"), &[V4, V6, OTHER_V4]);
}

#[test]
fn ipv6_alone() {
    check_address(Some("[::1]:8080"), &[V6]);
}

/// Some hosts make IPv6 sockets take IPv6 alone: the server says what it wants.
#[test]
fn both_families_whatever_the_host_prefers() {
    let spec = example("greeting");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server");
    for variant in server_variants(&spec) {
        variant.build(Some("[::]:8080"), &file);
        in_own_network(|| {
            std::fs::write("/proc/sys/net/ipv6/bindv6only", "1").unwrap();
            let _server = Server::run(variant, &file, 8080);
            assert_eq!(greeting().fault(&variant.to_string(), &ask(V4)), None);
        });
    }
}

/// A machine may have no IPv6, or have it switched off, or have nothing else.
#[test]
fn the_family_that_there_is() {
    const NO_V6: &str = "inject=socket:error=EAFNOSUPPORT:when=1";
    const KEYS: &str = "access_log = true\nmetrics = \"/metrics\"";
    let spec = Spec::new(&format!("[server]\n{KEYS}\n[[route]]\npath = \"/\"\nbody = \"Hello\"\n"));
    for variant in variants(&spec.path()).filter(|variant| variant.elf == "strict") {
        let file = spec.path().with_file_name("server");
        variant.build(None, &file);
        let check = |what: &str, wrapper: &[&str], before: &(dyn Fn() + Sync), address: SocketAddr| {
            let (log, health) = in_own_network(|| {
                before();
                let command = &mut variant.run_under(wrapper, &file);
                command.stdout(Stdio::piped()).stderr(Stdio::piped());
                let mut server = Server::ready(Process::spawn(command), 8080).unwrap();
                assert!(ask(address).ends_with(b"\r\n\r\nHello"), "{variant}, {what}");
                let health = variant.run(&file).arg("healthcheck").status().unwrap().code();
                assert_eq!(server.end(Signal::TERM), None, "{variant}, {what}");
                (server.rest_of_stdout(), health)
            });
            assert!(log.starts_with(&format!("{} - - [", address.ip())), "{variant}, {what}: {log}");
            (address == V4).then(|| assert_eq!(health, Some(0), "{variant}, {what}: health"));
        };
        check("both", &[], &|| {}, V6);
        check("both", &[], &|| {}, V4);
        let strace = ["strace", "-D", "-qqq", "-o", "/dev/null", "-e", NO_V6];
        check("without IPv6", &strace, &|| {}, V4);
        let switch_off = || std::fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1").unwrap();
        check("with IPv6 switched off", &[], &switch_off, V4);
        let remove = || drop(succeed(tool("ip").args(["address", "del", "127.0.0.1/8", "dev", "lo"])));
        check("without IPv4", &[], &remove, V6);
    }
}

/// Neither family is there.
#[test]
fn no_family() {
    let spec = example("greeting");
    for variant in variants(&spec).filter(|variant| variant.elf == "strict") {
        let built = Executable::build(variant, 8080);
        variant.build(None, &built.file());
        let strace = ["strace", "-D", "-qqq", "-o", "/dev/null", "-e", "inject=socket:error=EAFNOSUPPORT"];
        let mut process =
            Process::spawn(variant.run_under(&strace, &built.file()).stdout(Stdio::piped()).stderr(Stdio::piped()));
        let (status, _) = process.wait();
        let [stdout, stderr] = process.output();
        assert_eq!((status.code(), stdout.as_str()), (Some(1), ""), "{variant}: {stderr}");
        assert!(stderr.starts_with("cannot listen on [::]:8080: ERRNO (97)"), "{variant}: {stderr}");
    }
}

#[test]
fn asmgen_run() {
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    let mut command = asmgen();
    command.args(["run", "examples/greeting.toml", "--listen", &listen]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut server = Server::ready(Process::spawn(&mut command), port).unwrap();
    assert_eq!(server.start_line, format!("greeting listening on port {port}\n"));
    assert_eq!(greeting().fault("GET", &http::get(port, "/")), None);
    assert_eq!(server.end(Signal::TERM), None);
    assert_eq!(server.stderr(), format!("http://{listen}/\n"));
}

#[test]
fn asmgen_run_hello() {
    let output = asmgen().args(["run", "examples/hello.toml"]).output().unwrap();
    assert_eq!(output.stdout, b"Hello, world!\n");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

/// A file that is no spec is served as it is, at `/` and under its name.
#[test]
fn a_file_without_a_spec() {
    let file = root().join("examples/notes.txt");
    let notes = std::fs::read(&file).unwrap();
    let expected = Expected::ok("text/plain; charset=utf-8", notes);
    let mut faults = Vec::new();
    for variant in server_variants(&file) {
        let server = Server::start(variant);
        for path in ["/", "/notes.txt"] {
            faults.extend(expected.fault(&format!("{variant} {path}"), &http::get(server.port, path)));
        }
    }
    none(&faults);
}

/// The fault, if a server that cannot listen does not say so in one line. It has the address and the error's name and
/// number, or only the number.
fn refusal_fault(listen: &str, name: &str, errno: u32) -> Vec<String> {
    let spec = example("greeting");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server");
    let mut faults = Vec::new();
    for variant in server_variants(&spec) {
        variant.build(Some(listen), &file);
        let output = variant.run(&file).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let right = match variant.engine {
            Some("blocking") => format!("listen: errno {errno}\n"),
            _ => format!("cannot listen on {listen}: {name} ({errno})\n"),
        };
        let is_right = stderr == right && output.status.code() == Some(1) && output.stdout.is_empty();
        faults.extend((!is_right).then(|| format!("{variant}: {output:?}")));
    }
    faults
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    none(&refusal_fault(&taken.local_addr().unwrap().to_string(), "EADDRINUSE", 98));
}

/// Another number in the same line.
#[test]
fn an_address_of_another_machine() {
    none(&refusal_fault("192.0.2.1:8080", "EADDRNOTAVAIL", 99));
}

/// The first process of a PID namespace is sent no signal that it has not asked for.
#[test]
fn ends_on_request_as_the_first_process() {
    let all = ENGINES.into_iter().flat_map(|engine| [Signal::TERM, Signal::INT].map(|signal| (engine, signal)));
    for (engine, signal) in all {
        let built = native_executable("routes", engine, 8080);
        in_own_network(|| {
            let command = &mut tool("unshare");
            command.args(["--pid", "--fork", "--kill-child", "--mount-proc"]).arg(built.file());
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut server = Server::ready(Process::spawn(command), built.port).unwrap();
            let first = children(server.pid())[0];
            crate::harness::process::send(first, signal);
            let start = std::time::Instant::now();
            crate::harness::wait_until("the first process ends", || !server.is_running());
            assert!(start.elapsed() < crate::harness::server::AT_ONCE, "{:?}", start.elapsed());
            assert_eq!(server.exit_code(), Some(0));
        });
    }
}
