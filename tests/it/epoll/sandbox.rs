//! What a running server may not do any more.

use super::{Client, server, spec};
use crate::harness::process::status;
use crate::harness::server::Server;
use crate::harness::tool::{Variant, variants};

#[test]
fn a_filter_is_set_unless_the_spec_says_otherwise() {
    for (keys, expected) in [("", [2, 1]), ("sandbox = false", [0, 0])] {
        let server = server(keys);
        Client::new(server.port).hello();
        assert_eq!(["Seccomp", "NoNewPrivs"].map(|name| status(server.pid(), name)), expected, "{keys}");
    }
}

#[test]
fn every_worker_has_it() {
    let server = server("workers = 2");
    crate::harness::wait_until("the other worker", || !crate::harness::process::children(server.pid()).is_empty());
    std::thread::sleep(std::time::Duration::from_millis(100));
    for pid in crate::harness::process::children(server.pid()) {
        assert_eq!(status(pid, "Seccomp"), 2);
    }
}

/// No page may be written and executed. A file for i386 that is not strict has no header that says so of the stack, and
/// Linux then makes every page of such programs executable.
#[test]
fn no_page_is_writable_and_executable() {
    let spec = spec("");
    let emulated = |variant: &Variant| variant.target == "aarch64";
    let old_rules = |variant: &Variant| variant.target == "i386" && variant.elf != "strict";
    for variant in variants(&spec.path()).filter(|variant| !emulated(variant) && !old_rules(variant)) {
        let server = Server::start(variant);
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", server.pid())).unwrap();
        assert!(maps.lines().count() > 2, "{maps}");
        for line in maps.lines() {
            let rights = line.split_whitespace().nth(1).unwrap_or_default();
            assert!(!(rights.contains('w') && rights.contains('x')), "{variant}: {line}");
        }
    }
}
