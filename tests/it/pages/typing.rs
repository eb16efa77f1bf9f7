//! What `--help` tells people to type works, and `make` lists what there is.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Signal, kill_process_group};
use tempfile::TempDir;

use super::output_of;
use crate::harness::http;
use crate::harness::network::in_own_network;
use crate::harness::process::{Process, pid_of};
use crate::harness::tool::{ASMGEN, root, succeed, tool};
use crate::harness::{none, wait_until};

/// The commands under `Examples:`, without the words beside them.
fn examples(help: &str) -> Vec<&str> {
    let (_, section) = help.split_once("\nExamples:\n").expect("there are examples");
    let lines = section.lines().take_while(|line| !line.is_empty());
    let commands = lines.filter_map(|line| line.strip_prefix("  ").filter(|line| line.starts_with("asmgen")));
    commands.map(|line| line.split("  ").next().unwrap_or(line)).collect()
}

/// A folder in which the examples can be typed. Where they go on with Docker or a cluster, a stand-in takes what comes.
fn desk() -> TempDir {
    let desk = tempfile::tempdir().unwrap();
    for folder in ["bin", "examples", "out"] {
        fs::create_dir(desk.path().join(folder)).unwrap();
    }
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let file = entry.unwrap().path();
        fs::copy(&file, desk.path().join("examples").join(file.file_name().expect("it has a name"))).unwrap();
    }
    fs::copy(root().join("examples/notes.txt"), desk.path().join("notes.txt")).unwrap();
    std::os::unix::fs::symlink(ASMGEN, desk.path().join("bin/asmgen")).unwrap();
    for program in ["docker", "kubectl"] {
        let file = desk.path().join("bin").join(program);
        // `docker load -i FILE` has to find its file, `kubectl apply -f -` has to be sent something.
        let stand_in = "#!/bin/sh\nif [ \"$1\" = load ]; then test -s \"$3\"; else grep -q .; fi\n";
        fs::write(&file, stand_in).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    desk
}

/// Types a command. It ends well by itself, or it becomes a server that answers and then ends when it is told to.
fn fault_of_typing(command: &str, desk: &Path, port: u16) -> Option<String> {
    let path = format!("{}:{}", desk.join("bin").display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = tool("bash");
    shell.args(["-o", "pipefail", "-c", command]).current_dir(desk).env("PATH", path);
    let complaints = desk.join("stderr");
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&complaints).unwrap());
    let mut typed = Process::spawn(shell.process_group(0));
    let answers = || std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
    wait_until(command, || !typed.is_running() || answers());
    if !typed.is_running() {
        let (status, _) = typed.wait();
        let said = || fs::read_to_string(&complaints).unwrap();
        return (!status.success()).then(|| format!("`{command}`: {status}\n{}", said()));
    }
    let reply = http::get(port, "/");
    kill_process_group(pid_of(typed.pid()), Signal::TERM).unwrap();
    typed.wait();
    (!reply.starts_with(b"HTTP/1.1 200 OK\r\n")).then(|| format!("`{command}` says {}", http::shown(&reply)))
}

#[test]
fn examples_of_the_help_work() {
    const DEFAULT_PORT: u16 = 8080;
    let help = output_of(&["--help"]);
    let examples = examples(&help);
    assert!(examples.len() >= 5, "only {examples:?}");
    let desk = desk();
    let type_all = || {
        let faults = examples.iter().filter_map(|command| fault_of_typing(command, desk.path(), DEFAULT_PORT));
        faults.collect::<Vec<_>>()
    };
    none(&in_own_network(type_all));
}

/// `make` alone lists every goal that has a description.
#[test]
fn make_lists_its_goals() {
    let output = succeed(Command::new("make").current_dir(root()).env_remove("MAKEFLAGS"));
    let list = String::from_utf8(output.stdout).unwrap();
    let goals = ["image", "test", "run", "sizes", "bless", "bench", "k8s", "install", "clean"];
    let missing = goals.into_iter().filter(|goal| !list.contains(&format!("make {goal} ")));
    none(&missing.map(|goal| format!("`make {goal}` is not in\n{list}")).collect::<Vec<_>>());
}
