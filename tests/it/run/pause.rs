//! `pause` on all targets in both layouts: ends on request at once, survives a stop, reaps orphans.

use rustix::process::Signal;
use tempfile::TempDir;

use super::{check_all, verify};
use crate::harness::process::{Process, children, send, stop_and_continue, wait_for_call};
use crate::harness::server::AT_ONCE;
use crate::harness::tool::{Variant, succeed, tool};
use crate::harness::wait_until;

/// The system call a finished `pause` sleeps in, `rt_sigtimedwait`, by its number on the machine that runs it: an
/// emulator's calls are this machine's.
fn sleeps_in(variant: &Variant) -> u32 {
    if variant.target == "i386" && !variant.emulated { 177 } else { 128 }
}

/// A pause that sleeps.
struct Pause {
    /// What was started: the pause itself or the tool around it.
    process: Process,
    pid: u32,
    _folder: TempDir,
}

impl Pause {
    fn start(variant: &Variant) -> Self {
        let (process, folder) = Self::spawn(&[], variant);
        wait_for_call(process.pid(), sleeps_in(variant));
        Self { pid: process.pid(), process, _folder: folder }
    }

    /// As PID 1 of a PID namespace.
    fn start_as_init(variant: &Variant) -> Self {
        let (process, folder) = Self::spawn(&["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"], variant);
        wait_until("the first process of the namespace", || !children(process.pid()).is_empty());
        let pid = children(process.pid())[0];
        wait_for_call(pid, sleeps_in(variant));
        Self { pid, process, _folder: folder }
    }

    fn spawn(wrapper: &[&str], variant: &Variant) -> (Process, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pause");
        variant.build(None, &file);
        verify(&file, variant.elf);
        (Process::spawn(&mut variant.run_under(wrapper, &file)), folder)
    }

    /// The fault, if this signal does not end it at once with exit code 0.
    fn end(&mut self, signal: Signal) -> Option<String> {
        send(self.pid, signal);
        let (status, took) = self.process.wait();
        let fine = status.code() == Some(0) && took < AT_ONCE;
        (!fine).then(|| format!("{signal:?}: {status} after {took:?}"))
    }
}

#[test]
fn ends_on_request_and_survives_a_stop() {
    check_all("pause", |variant| {
        let mut faults = Vec::new();
        for signal in [Signal::TERM, Signal::INT] {
            let mut pause = Pause::start(&variant);
            stop_and_continue(pause.pid);
            wait_for_call(pause.pid, sleeps_in(&variant));
            faults.extend(pause.end(signal));
        }
        faults
    });
}

#[test]
fn ends_on_request_as_the_first_process() {
    check_all("pause", |variant| {
        let mut faults = Vec::new();
        for signal in [Signal::TERM, Signal::INT] {
            let mut pause = Pause::start_as_init(&variant);
            stop_and_continue(pause.pid);
            wait_for_call(pause.pid, sleeps_in(&variant));
            faults.extend(pause.end(signal));
        }
        faults
    });
}

#[test]
fn reaps_orphans_as_the_first_process() {
    check_all("pause", |variant| {
        let mut pause = Pause::start_as_init(&variant);
        let mut into_namespace = tool("nsenter");
        into_namespace.args(["--target", &pause.pid.to_string(), "--pid"]);
        // The shell ends first, so that the namespace's first process inherits its children.
        // They keep no pipe of ours open.
        into_namespace.args(["sh", "-c", "exec >&- 2>&-; sleep 0.4 & sleep 0.4 & sleep 0.4 &"]);
        succeed(&mut into_namespace);
        wait_until("the orphans are inherited", || children(pause.pid).len() == 3);
        wait_until("no zombie stays", || children(pause.pid).is_empty());
        pause.end(Signal::TERM).into_iter().collect()
    });
}
