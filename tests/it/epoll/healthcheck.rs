//! The command `healthcheck` of a server: 0 where the server of its port is well, else 1.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use super::spec;
use crate::harness::http;
use crate::harness::network::in_own_network;
use crate::harness::process::{Process, send};
use crate::harness::server::{Executable, Server, Spec, free_port};
use crate::harness::tool::{Variant, variants};

fn asks(variant: Variant, file: &Path, variables: &[(&str, &str)]) -> Option<i32> {
    let output = variant.run(file).arg("healthcheck").envs(variables.iter().copied()).output().unwrap();
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{variant}: {output:?}");
    output.status.code()
}

/// The layout changes nothing of it.
fn targets(spec: &Path) -> impl Iterator<Item = Variant<'_>> {
    variants(spec).filter(|variant| variant.elf == "strict")
}

#[test]
fn of_a_server_that_is_well() {
    let spec = spec("");
    for listen in ["0.0.0.0:8080", "[::]:8080", "127.1.2.3:8080", "[::1]:8080"] {
        for variant in targets(&spec.path()) {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("server");
            variant.build(Some(listen), &file);
            in_own_network(|| {
                assert_eq!(asks(variant, &file, &[]), Some(1), "{variant}, nobody listens at {listen}");
                let _server = Server::run(variant, &file, 8080);
                assert_eq!(asks(variant, &file, &[]), Some(0), "{variant} at {listen}");
                assert_eq!(asks(variant, &file, &[("PORT", "8081")]), Some(1), "{variant}, nobody on another port");
            });
        }
    }
}

/// A network without IPv6 has no ::1, and a server of both is reached all the same.
#[test]
fn of_a_server_of_both_families_where_one_is_off() {
    let spec = spec("");
    for variant in targets(&spec.path()) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("server");
        variant.build(Some("[::]:8080"), &file);
        in_own_network(|| {
            std::fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1").unwrap();
            let _server = Server::run(variant, &file, 8080);
            assert_eq!(asks(variant, &file, &[]), Some(0), "{variant}");
        });
    }
}

#[test]
fn on_the_port_of_the_environment() {
    let spec = spec("");
    let server = super::server("");
    let path = spec.path();
    let variant = Variant::native(&path);
    let built = Executable::build(variant, free_port());
    assert_eq!(asks(variant, &built.file(), &[("PORT", &server.port.to_string())]), Some(0));
}

/// A server that answers with an error is not well.
#[test]
fn of_a_server_that_is_not_well() {
    let spec = spec("");
    for status in [404, 503] {
        let ill = Spec::new(&format!("[[route]]\npath = \"*\"\nbody = \"ill\"\nstatus = {status}\n"));
        let server = Server::start(Variant::native(&ill.path()));
        for variant in targets(&spec.path()) {
            let built = Executable::build(variant, server.port);
            assert_eq!(asks(variant, &built.file(), &[]), Some(1), "{variant}: {status}");
        }
    }
}

/// The path of the spec is asked, and no other.
#[test]
fn of_the_path_that_the_spec_gives() {
    let server_of = |root: u32, well: u32| {
        let route = |path, status| format!("[[route]]\npath = \"{path}\"\nbody = \"\"\nstatus = {status}\n");
        let routes = [route("/", root), route("/health", root), route("/well", well)].concat();
        Server::start(Variant::native(&Spec::new(&routes).path()))
    };
    let spec = Spec::new("[server]\nhealthcheck = \"/well\"\n[[route]]\npath = \"/well\"\nbody = \"\"\n");
    for (root, well, code) in [(503, 200, 0), (200, 503, 1)] {
        let server = server_of(root, well);
        for variant in targets(&spec.path()) {
            let built = Executable::build(variant, server.port);
            assert_eq!(asks(variant, &built.file(), &[]), Some(code), "{variant}: / {root}, /well {well}");
        }
    }
}

/// A server that accepts and closes without a word is not well.
#[test]
fn of_a_server_that_closes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let spec = spec("");
    let path = spec.path();
    let variant = Variant::native(&path);
    let built = Executable::build(variant, port);
    let closer = std::thread::spawn(move || drop(listener.accept()));
    assert_eq!(asks(variant, &built.file(), &[]), Some(1));
    closer.join().unwrap();
}

/// A server that is stopped takes connections as long as its queue has room, and never answers; then it takes none.
#[test]
fn of_a_server_that_is_stopped() {
    const PATIENCE: Duration = Duration::from_secs(5);
    let spec = spec("backlog = 1");
    let path = spec.path();
    let check = |variant: Variant| {
        let server = Server::start(variant);
        send(server.pid(), Signal::STOP);
        let asks_in_time = |most| {
            let (status, took) = Process::spawn(variant.run(&server.file()).arg("healthcheck")).wait();
            assert_eq!(status.code(), Some(1), "{variant}");
            let least = Duration::from_millis(4900);
            assert!(took >= least && took < most + super::SLACK, "{variant}: {took:?}");
        };
        asks_in_time(PATIENCE);
        // The queue has room for two: the one that asked is still in it.
        let _fills_it = http::connect(server.port);
        asks_in_time(2 * PATIENCE);
    };
    // They mostly wait: all at the same time.
    std::thread::scope(|scope| targets(&path).for_each(|variant| drop(scope.spawn(move || check(variant)))));
}
