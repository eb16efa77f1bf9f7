//! The spec that a command line names: where it comes from, what is said of it, and what it is called when it runs.

use std::fs;
use std::process::Stdio;

use crate::harness::process::{Process, children};
use crate::harness::tool::{asmgen, succeed};
use crate::harness::wait_until;

/// Exit code for input that cannot be used.
const WRONG_INPUT: i32 = 2;

/// Runs with this text on standard input.
fn with_input(args: &[&str], input: &str) -> std::process::Output {
    let mut child =
        asmgen().args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// A spec has no name on standard input and in a pipe; in a file it is told by its extension.
#[test]
fn a_spec_without_a_name() {
    let spec = "program = \"hello\"\ntext = \"from a pipe\"\n";
    let target = ["--target", "x86_64"];
    for file in ["-", "/dev/stdin"] {
        let built = with_input(&[&[file], &target[..]].concat(), spec);
        assert!(built.status.success() && built.stderr.is_empty(), "{file}: {built:?}");
        assert!(built.stdout.windows(11).any(|text| text == b"from a pipe"), "{file}");
        // Hundreds of bytes: it is the program, and no server of a text.
        assert!(built.stdout.len() < 500, "{file}: {} bytes", built.stdout.len());
    }
    let wrong = with_input(&["-", "--target", "x86_64"], "prot = 1\n");
    assert_eq!(wrong.status.code(), Some(WRONG_INPUT));
    assert!(String::from_utf8_lossy(&wrong.stderr).starts_with("asmgen: -:1:1: prot: unknown key; "), "{wrong:?}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spec");
    fs::write(&file, spec).unwrap();
    let served = succeed(asmgen().arg(&file).args(target));
    let message = String::from_utf8_lossy(&served.stderr).into_owned();
    let name = file.display();
    assert_eq!(
        message,
        format!("asmgen: {name}: looks like a spec, but is served as text; rename it to {name}.toml\n")
    );
    assert_eq!(stderr_of(&["examples/notes.txt", "--target", "x86_64"]), "");
}

fn stderr_of(args: &[&str]) -> String {
    String::from_utf8(succeed(asmgen().args(args)).stderr).unwrap()
}

/// In a container an address of one machine cannot be reached.
#[test]
fn a_container_that_listens_to_itself_is_warned_of() {
    for command in ["image", "k8s", "compose", "dockerfile"] {
        for (listen, words) in [
            (
                "127.0.0.1:81",
                "listens on 127.0.0.1:81: it cannot be reached from outside the container; \
                              write listen = \"0.0.0.0:81\", or give --listen 0.0.0.0\n",
            ),
            (
                "[::1]",
                "listens on [::1]:8080: it cannot be reached from outside the container; \
                       write listen = \"[::]:8080\", or give --listen [::]\n",
            ),
            ("192.0.2.1", "listens on 192.0.2.1:8080: a container seldom has that address; "),
        ] {
            let message = stderr_of(&[command, "examples/greeting.toml", "--listen", listen]);
            assert!(message.starts_with("asmgen: warning: it ") && message.contains(words), "{command}: {message}");
        }
        for listen in ["0.0.0.0", "[::]", "9090"] {
            assert_eq!(stderr_of(&[command, "examples/greeting.toml", "--listen", listen]), "", "{command}");
        }
        assert_eq!(stderr_of(&[command, "examples/hello.toml"]), "", "{command}");
    }
    assert_eq!(stderr_of(&["examples/greeting.toml", "--listen", "127.0.0.1", "--target", "x86_64"]), "");
}

/// What `ps` shows, and nothing is left of how that came.
#[test]
fn a_program_that_is_run_has_its_name() {
    let temporary = tempfile::tempdir().unwrap();
    let mut command = asmgen();
    command.args(["run", "examples/pause.toml"]).env("TMPDIR", temporary.path());
    let running = Process::spawn(&mut command);
    let comm = format!("/proc/{}/comm", running.pid());
    wait_until("the program runs", || fs::read_to_string(&comm).is_ok_and(|name| name == "pause\n"));
    wait_until("the link is gone", || fs::read_dir(temporary.path()).unwrap().next().is_none());
    assert_eq!(children(running.pid()), [0u32; 0], "the program has a child that it has not made");
}
