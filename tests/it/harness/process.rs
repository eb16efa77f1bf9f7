//! Processes that never outlive their test, and what the kernel says about them.

use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::wait_until;

/// A process that ends with its owner.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        Self { child: command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")) }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end; tells how it ended and how long that took.
    pub(crate) fn wait(&mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        wait_until("the process ends", || !self.is_running());
        (self.child.wait().unwrap(), start.elapsed())
    }

    /// What it has written to standard output and to standard error, which are pipes; it has ended.
    pub(crate) fn output(&mut self) -> [String; 2] {
        let stdout = self.child.stdout.take().expect("it is a pipe");
        let stderr = self.child.stderr.take().expect("it is a pipe");
        [std::io::read_to_string(stdout).unwrap(), std::io::read_to_string(stderr).unwrap()]
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn end(&mut self, signal: Signal) -> (ExitStatus, Duration) {
        send(self.pid(), signal);
        self.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process that is there.
pub(crate) fn send(pid: u32, signal: Signal) {
    kill_process(pid_of(pid), signal).unwrap_or_else(|error| panic!("{signal:?} to {pid}: {error}"));
}

pub(crate) fn pid_of(pid: u32) -> Pid {
    Pid::from_raw(pid as i32).expect("no process has the number 0")
}

/// A file of `/proc/PID`; empty if the process is gone.
fn proc(pid: u32, name: &str) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default()
}

/// The fields of `/proc/PID/stat` from the state on (proc(5) numbers it 3).
fn stat(pid: u32) -> Vec<String> {
    let stat = proc(pid, "stat");
    let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    behind_name.split_whitespace().map(str::to_owned).collect()
}

/// `R`, `S`, `T`, `Z` …; empty if the process is gone.
pub(crate) fn state(pid: u32) -> String {
    stat(pid).first().cloned().unwrap_or_default()
}

/// Time on the processor so far.
pub(crate) fn cpu_time(pid: u32) -> Duration {
    let stat = stat(pid);
    // utime and stime, fields 14 and 15, in ticks of 10 ms on every Linux.
    let ticks: u64 = stat[11..13].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

/// Descriptors that a process has open.
pub(crate) fn descriptors(pid: u32) -> usize {
    let folder = std::fs::read_dir(format!("/proc/{pid}/fd"));
    folder.unwrap_or_else(|error| panic!("process {pid}: {error}")).count()
}

/// Its children.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    proc(pid, &format!("task/{pid}/children")).split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

/// A number of `/proc/PID/status`, such as `VmRSS` in kB.
pub(crate) fn status(pid: u32, name: &str) -> u64 {
    let status = proc(pid, "status");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no {name} in\n{status}"))
}

/// Waits until the process sleeps in the system call of this number (that of its own machine; an emulator's, the
/// emulator's).
pub(crate) fn wait_for_call(pid: u32, number: u32) {
    let prefix = format!("{number} ");
    wait_until(&format!("process {pid} is in system call {number}"), || proc(pid, "syscall").starts_with(&prefix));
}

/// Stops a process and lets it continue.
pub(crate) fn stop_and_continue(pid: u32) {
    send(pid, Signal::STOP);
    wait_until("the process stops", || state(pid) == "T");
    send(pid, Signal::CONT);
    wait_until("the process continues", || state(pid) != "T");
}
