//! What a server is started with: `PORT`.

use std::path::Path;
use std::process::Stdio;

use super::{Client, spec};
use crate::harness::none;
use crate::harness::process::Process;
use crate::harness::server::{Executable, Server, free_port};
use crate::harness::tool::{Variant, variants};

/// A server of this file with these variables, or its last words.
fn start(variant: Variant, file: &Path, variables: &[(&str, &str)], port: u16) -> Result<Server, String> {
    let mut command = variant.run(file);
    command.envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Server::ready(Process::spawn(&mut command), port)
}

#[test]
fn port_overrides_the_port() {
    let spec = spec("");
    for variant in variants(&spec.path()) {
        let built = Executable::build(variant, 1);
        let port = free_port();
        let server = start(variant, &built.file(), &[("SUPPORT", "x"), ("PORT", &port.to_string())], port).unwrap();
        assert!(server.start_line.ends_with(&format!(" listening on port {port}\n")), "{}", server.start_line);
        Client::new(server.port).hello();
    }
}

/// Compose writes an empty one where nothing is set.
#[test]
fn an_empty_port_is_none() {
    let spec = spec("");
    for variant in variants(&spec.path()) {
        let built = Executable::build(variant, free_port());
        let server = start(variant, &built.file(), &[("PORT", ""), ("LISTEN_FDS", "")], built.port).unwrap();
        assert!(server.start_line.ends_with(&format!(" listening on port {}\n", built.port)), "{}", server.start_line);
        Client::new(server.port).hello();
    }
}

#[test]
fn a_port_that_is_none_is_refused() {
    let spec = spec("");
    let mut faults = Vec::new();
    for variant in variants(&spec.path()) {
        let built = Executable::build(variant, free_port());
        for port in ["0", "00", "65536", "99999999999999999999", "-1", "+80", " 80", "80 ", "80x", "http", "4294967376"]
        {
            let output = variant.run(&built.file()).env("PORT", port).output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            let is_right =
                output.status.code() == Some(1) && output.stdout.is_empty() && stderr == "PORT must be 1 to 65535\n";
            faults.extend((!is_right).then(|| format!("{variant}: PORT={port:?}: {output:?}")));
        }
    }
    none(&faults);
}

#[test]
fn port_is_ignored_where_the_spec_says_so() {
    let spec = spec("port_env = false");
    let path = spec.path();
    let variant = Variant::native(&path);
    let built = Executable::build(variant, free_port());
    let server = start(variant, &built.file(), &[("PORT", "http")], built.port).unwrap();
    Client::new(server.port).hello();
}
