//! No descriptors left: the server rests instead of spinning. And how much memory it holds.

use std::io::Write;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, prlimit};

use super::{SLACK, TIMEOUT, health, healthy_within, server_under, spec};
use crate::harness::http;
use crate::harness::process::{cpu_time, pid_of, status};
use crate::harness::server::Server;
use crate::harness::tool::{Variant, variants};

/// Bounds of the resident memory (`VmRSS`).
const RESIDENT_KB: u64 = 24;

#[test]
fn no_descriptor_left() {
    // Standard input, output and error, the listening socket: none is left for a connection.
    let server = server_under(&["prlimit", "--nofile=4:1024"]);
    let mut waiting = http::connect(server.port);
    waiting.write_all(&http::request("GET", "/health")).unwrap();
    let (start, before) = (Instant::now(), cpu_time(server.pid()));
    std::thread::sleep(Duration::from_millis(1500));
    let spent = cpu_time(server.pid()).saturating_sub(before);
    assert!(spent <= Duration::from_millis(30), "{spent:?} of processor time in {:?}", start.elapsed());
    prlimit(Some(pid_of(server.pid())), Resource::Nofile, Rlimit { current: Some(1024), maximum: Some(1024) }).unwrap();
    let reply = http::read_all(&mut waiting).unwrap();
    assert_eq!(health().fault("who waited", &reply), None);
    drop(waiting);
    healthy_within(server.port, TIMEOUT + SLACK);
}

/// Measured after requests of every kind: all pages that it will ever touch.
#[test]
fn resident_memory() {
    let spec = spec();
    for variant in
        variants(&spec.path()).map(|variant| variant.on("blocking")).filter(|variant| variant.target != "aarch64")
    {
        check_resident(variant);
    }
    let page = crate::harness::tool::example("page");
    check_resident(Variant::blocking(&page));
}

fn check_resident(variant: Variant) {
    let server = Server::start(variant);
    for target in ["/", "/health", "/missing"] {
        http::get(server.port, target);
        http::head(server.port, target);
    }
    let resident_kb = status(server.pid(), "VmRSS");
    println!("{variant}: VmRSS {resident_kb} kB");
    assert!(resident_kb <= RESIDENT_KB, "{variant}: VmRSS {resident_kb} kB, more than {RESIDENT_KB} kB");
}
