//! What a program inherits from whoever starts it: descriptors that are closed, signals that are blocked.

use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::harness::http::{self, Expected};
use crate::harness::process::Process;
use crate::harness::server::{Executable, Server, free_port};
use crate::harness::tool::{example, server_variants, tool};
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
