//! What a program inherits: closed descriptors and blocked signals from its parent; orphans as the first process of a
//! namespace.

use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::http::{self, Expected};
use crate::harness::process::{Process, children};
use crate::harness::server::{Executable, Server, Spec, free_port};
use crate::harness::tool::{example, server_variants, succeed, tool, variants};
use crate::harness::{none, wait_until};

/// Closes descriptors of which the server's sockets get the numbers.
const CLOSED: [&str; 4] = [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"];

#[test]
fn closed_descriptors() {
    let spec = example("greeting");
    let mut faults = Vec::new();
    for variant in server_variants(&spec) {
        let built = Executable::build(variant, free_port());
        let run: Command = variant.run(&built.file());
        for closed in CLOSED {
            let mut command = tool("bash");
            command.args(["-c", &format!("exec \"$@\" {closed}"), "bash"]);
            command.arg(run.get_program()).args(run.get_args());
            let mut process = Process::spawn(command.stdout(Stdio::null()).stderr(Stdio::null()));
            let connects = || TcpStream::connect((Ipv4Addr::LOCALHOST, built.port)).is_ok();
            wait_until("the server listens, or has ended", || !process.is_running() || connects());
            let what = format!("{variant}, {closed}");
            if process.is_running() {
                let greeting = Expected::ok("text/plain", "Hello, world!\n");
                faults.extend(greeting.fault(&what, &http::get(built.port, "/")));
                let (status, _) = process.end(Signal::TERM);
                faults.extend((status.code() != Some(0)).then(|| format!("{what}: {status}")));
            } else {
                faults.push(format!("{what}: {}", process.wait().0));
            }
        }
    }
    none(&faults);
}

#[test]
fn blocked_signals() {
    let spec = example("greeting");
    let mut faults = Vec::new();
    for variant in server_variants(&spec) {
        for signal in [Signal::TERM, Signal::INT] {
            let mut server = Server::start_under(&["env", "--block-signal=TERM,INT"], variant);
            faults.extend(server.end(signal).map(|fault| format!("{variant}: {fault}")));
        }
    }
    none(&faults);
}

/// The blocking engine does not, to save bytes.
#[test]
fn orphans_are_reaped() {
    let mut faults = Vec::new();
    for workers in 1..=2 {
        let spec = Spec::new(&format!("[server]\nworkers = {workers}\n[[route]]\npath = \"/\"\nbody = \"\"\n"));
        for variant in variants(&spec.path()) {
            let server = Server::start_under(&["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"], variant);
            let first = children(server.pid())[0];
            let own = children(first).len();
            let mut into_namespace = tool("nsenter");
            into_namespace.args(["--target", &first.to_string(), "--pid"]);
            into_namespace.args(["sh", "-c", "exec >&- 2>&-; sleep 0.4 & sleep 0.4 & sleep 0.4 &"]);
            succeed(&mut into_namespace);
            wait_until("the orphans are inherited", || children(first).len() == own + 3);
            let start = Instant::now();
            while children(first).len() > own && start.elapsed() < Duration::from_secs(4) {
                std::thread::sleep(Duration::from_millis(20));
            }
            let left = children(first).len() - own;
            faults.extend((left > 0).then(|| format!("{variant}, workers = {workers}: {left} zombies")));
        }
    }
    none(&faults);
}
