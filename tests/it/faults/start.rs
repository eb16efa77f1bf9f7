//! Each call of the start fails, one after the other. There is a line with the error's name, exit 1, nothing on
//! standard output, no process left over. Which calls may fail is in one table. `strace` replaces a call by one that
//! there is not, so where the sandbox is set no call behind it is among them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::client::Client;
use super::{spec, strace};
use crate::harness::network::in_own_network;
use crate::harness::none;
use crate::harness::process::{Process, send};
use crate::harness::server::Spec;
use crate::harness::tool::{Variant, tool};

/// Calls that may fail, by what their line in a trace says, and why the server does without.
#[rustfmt::skip] // A table.
const HARMLESS: &[(&str, &str)] = &[
    ("sched_getaffinity(", "then there is one worker"),
    ("prlimit64(", "connections are fewer, as the limit says"),
    ("TCP_NODELAY", "a Unix socket that is passed has none"),
    ("TCP_NOTSENT_LOWAT", "the same; gVisor has none"),
    ("\"/proc/self/exe\"", "without /proc, `send` does what `sendfile` would"),
    ("PR_SET_NO_NEW_PRIVS", "the sandbox is there where the kernel can"),
    ("PR_SET_SECCOMP", "the same"),
    ("lseek(1, ", "standard output is asked before each write whether it takes something"),
    ("\"/proc/self/fd/1\"", "the same"),
    ("sendto(1, ", "who starts it need not read what it says"),
    ("poll(", "the same"),
    ("listening on port", "the same"),
];
/// Of the blocking engine, which checks only the calls about the address.
#[rustfmt::skip] // A table.
const HARMLESS_WHERE_BLOCKING: &[(&str, &str)] = &[
    ("SO_REUSEADDR", "only while connections of an earlier run linger"),
    ("listening on port", "who starts it need not read what it says"),
];
/// And its calls that the kernel has no reason to refuse (kernel/signal.c): its code relies on that.
const NEVER_REFUSED_WHERE_BLOCKING: [&str; 2] = ["rt_sigaction", "rt_sigprocmask"];
/// Calls that name the address where they fail.
const OF_THE_ADDRESS: [&str; 4] = ["socket(", "bind(", "SO_REUSEADDR", "SO_REUSEPORT"];

const ERRORS: [(&str, u32); 5] = [("EPERM", 1), ("EMFILE", 24), ("ENOMEM", 12), ("ENOSPC", 28), ("EINVAL", 22)];
const PORT: u16 = 8080;
/// Port of a socket that is passed.
const PASSED: u16 = 8081;
/// Jobs at once, each in a network of its own.
const AT_ONCE: usize = 6;

/// What takes longer comes never.
const PATIENCE: Duration = Duration::from_secs(10);

/// A way to start.
struct Way {
    name: &'static str,
    keys: &'static str,
    is_passed: bool,
}

const fn way(name: &'static str, keys: &'static str, is_passed: bool) -> Way {
    Way { name, keys, is_passed }
}

#[rustfmt::skip] // A table.
const WAYS: [Way; 9] = [
    way("one worker",          "engine = \"epoll\"\nsandbox = false", false),
    way("workers",             "engine = \"epoll\"\nsandbox = false\nworkers = 3", false),
    way("a worker per core",   "engine = \"epoll\"\nsandbox = false\nworkers = \"cores\"", false),
    way("log",                 "engine = \"epoll\"\nsandbox = false\naccess_log = true", false),
    way("metrics",             "engine = \"epoll\"\nsandbox = false\nmetrics = \"/metrics\"", false),
    way("passed",              "engine = \"epoll\"\nsandbox = false", true),
    way("workers, passed",     "engine = \"epoll\"\nsandbox = false\nworkers = 2\naccess_log = true", true),
    way("sandbox",             "engine = \"epoll\"", false),
    way("blocking",            "engine = \"blocking\"", false),
];

impl Way {
    fn is_blocking(&self) -> bool {
        self.keys.contains("blocking")
    }

    fn build(&self) -> (Spec, PathBuf) {
        let spec = if self.is_blocking() {
            Spec::new(
                "[server]\nengine = \"blocking\"\nlisten = \"127.0.0.1:8080\"\n\
                 [[route]]\npath = \"/\"\nbody = \"Hello, world!\"\n",
            )
        } else {
            spec(&self.keys.replace("engine = \"epoll\"", ""))
        };
        let file = spec.path().with_file_name("server");
        Variant::native(&spec.path()).build(None, &file);
        (spec, file)
    }

    /// Starts it under `strace` with these arguments; on a socket that is passed if it is that way.
    fn start(&self, file: &Path, strace: &[&str]) -> Process {
        let mut command: Command = if self.is_passed {
            let listener = passed_listener();
            let mut command = tool("bash");
            let script = "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"";
            command.args(["-c", script, "bash"]).args(strace).stdin(OwnedFd::from(listener));
            command
        } else {
            let mut command = tool(strace[0]);
            command.args(&strace[1..]).stdin(Stdio::null());
            command
        };
        command.arg(file).env("PORT", PORT.to_string()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Process::spawn(&mut command)
    }
}

/// What comes from a pipe, until all its writers have ended.
fn all_of(mut pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut text = String::new();
        // Its reader may have given up.
        let _ = pipe.read_to_string(&mut text).map(|_| sender.send(text));
    });
    receiver
}

/// What a process writes.
struct Said {
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Said {
    fn of(process: &mut Process) -> Self {
        let stdout = all_of(process.child().stdout.take().expect("it is a pipe"));
        Self { stdout, stderr: all_of(process.child().stderr.take().expect("it is a pipe")) }
    }

    /// Standard output and error; the fault, if a process still has them.
    fn all(&self) -> Result<[String; 2], String> {
        let text =
            |pipe: &Receiver<String>| pipe.recv_timeout(PATIENCE).map_err(|_| "somebody is left over".to_owned());
        Ok([text(&self.stdout)?, text(&self.stderr)?])
    }
}

/// A call of the start: its name, how many of that name it is in its process, and its lines in a trace.
type Calls = BTreeMap<(String, u32), Vec<String>>;

/// The calls of each process up to the beginning of its loop.
fn calls(trace: &str) -> Calls {
    let mut calls = Calls::new();
    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut served: Vec<&str> = Vec::new();
    for line in trace.lines() {
        let (pid, call) = line.split_once(' ').expect("a line begins with the process");
        let call = call.trim_start();
        let Some((name, _)) = call.split_once('(') else { continue };
        if name.starts_with(['<', '+', '-']) || served.contains(&pid) || name == "execve" {
            continue;
        }
        if ["epoll_wait", "epoll_pwait", "accept"].contains(&name) {
            served.push(pid);
            continue;
        }
        let count = counts.entry((pid, name)).or_default();
        *count += 1;
        // The clock is read once more when all is well already. How often the first has to read until all others are
        // ready depends on them.
        if *count > 1 && ["clock_gettime", "read"].contains(&name) {
            continue;
        }
        calls.entry((name.to_owned(), *count)).or_default().push(call.to_owned());
        // Behind it no call can be replaced.
        if call.contains("PR_SET_SECCOMP") {
            served.push(pid);
        }
    }
    calls
}

/// Does each process of a trace wait for connections, and is the first one of these?
fn all_serve(trace: &str) -> bool {
    let pid = |line: &'_ str| line.split_once(' ').map(|(pid, _)| pid.to_owned());
    let waits = |line: &&str| line.contains("epoll_wait(") || line.contains("epoll_pwait(") || line.contains("accept(");
    let all: BTreeSet<_> = trace.lines().filter_map(pid).collect();
    let waiting: BTreeSet<_> = trace.lines().filter(waits).filter_map(pid).collect();
    !all.is_empty() && all == waiting
}

fn calls_of_a_good_start(way: &Way, file: &Path, folder: &Path) -> Calls {
    let trace = folder.join("trace");
    let trace_text = trace.display().to_string();
    in_own_network(|| {
        let mut process = way.start(file, &["strace", "-D", "-qqq", "-f", "-o", &trace_text]);
        crate::harness::wait_until("everybody serves", || {
            all_serve(&std::fs::read_to_string(&trace).unwrap_or_default())
        });
        process.end(Signal::TERM);
    });
    let calls = calls(&std::fs::read_to_string(&trace).unwrap());
    assert!(calls.len() > 5, "{}: {calls:?}", way.name);
    calls
}

/// Asks again until it is so.
fn comes(what: &str, mut is_so: impl FnMut() -> bool) -> Result<(), String> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if is_so() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(2));
    }
    Err(format!("waited in vain: {what}"))
}

fn listens(process: &mut Process, port: u16) -> Result<(), String> {
    comes("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok() || !process.is_running())?;
    if process.is_running() { Ok(()) } else { Err(format!("it has ended: {:?}", process.wait().0.code())) }
}

fn ends(process: &mut Process) -> Result<ExitStatus, String> {
    comes("it ends", || !process.is_running())?;
    Ok(process.wait().0)
}

/// A server with a refused call says so, and ends.
fn refused(way: &Way, process: &mut Process, lines: &[String], error: (&str, u32)) -> Result<(), String> {
    let said = Said::of(process);
    let status = ends(process)?;
    let [stdout, stderr] = said.all()?;
    let of_the_address = lines.iter().all(|line| OF_THE_ADDRESS.iter().any(|part| line.contains(part)));
    let right = match of_the_address {
        _ if way.is_blocking() => format!("listen: errno {}", error.1),
        true => format!("cannot listen on 127.0.0.1:{PORT}: {} ({})", error.0, error.1),
        false => format!("cannot serve: {} ({})", error.0, error.1),
    };
    let is_right = !stderr.is_empty() && stderr.lines().all(|line| line == right);
    let is_right = is_right && stderr.ends_with('\n') && stdout.is_empty() && status.code() == Some(1);
    if is_right { Ok(()) } else { Err(format!("{status}, {stdout:?}, {stderr:?}")) }
}

/// The socket that is passed. Workers of the server before may end a little later than the first: until then they
/// still have the port.
fn passed_listener() -> TcpListener {
    let start = Instant::now();
    loop {
        match TcpListener::bind(("127.0.0.1", PASSED)) {
            Ok(listener) => return listener,
            Err(error) if error.kind() == ErrorKind::AddrInUse && start.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) => panic!("port {PASSED}: {error}"),
        }
    }
}

/// It serves, and says nothing of the error.
fn serves(way: &Way, process: &mut Process) -> Result<(), String> {
    let said = Said::of(process);
    let port = if way.is_passed { PASSED } else { PORT };
    if let Err(fault) = listens(process, port) {
        return Err(format!("{fault}, {:?}", said.all()?));
    }
    // Calls are counted by process: what the first worker does without may be another worker's first reply.
    let ask = || Client::new(port).ask("/");
    ask().or_else(|_| ask()).or_else(|_| ask()).map_err(|fault| format!("{fault:?}"))?;
    send(process.pid(), Signal::TERM);
    let status = ends(process)?;
    let [_, stderr] = said.all()?;
    let is_right = stderr.is_empty() && (status.code() == Some(0) || way.is_blocking());
    if is_right { Ok(()) } else { Err(format!("{status}, {stderr:?}")) }
}

/// A way, its file, a call with its lines, and an error.
type Job<'a> = (&'a Way, &'a Path, &'a (String, u32), &'a [String], (&'static str, u32));

fn check(&(way, file, (name, count), lines, error): &Job<'_>) -> Result<(), String> {
    let fault = format!("inject={name}:error={}:when={count}", error.0);
    let mut process = way.start(file, &strace(&[fault]));
    let table = if way.is_blocking() { HARMLESS_WHERE_BLOCKING } else { HARMLESS };
    let is_harmless = |line: &String| table.iter().any(|(part, _)| line.contains(part));
    let result = if lines.iter().all(is_harmless) {
        serves(way, &mut process)
    } else {
        refused(way, &mut process, lines, error)
    };
    result.map_err(|fault| format!("{}: {} of {name} {count}, {:?}: {fault}", way.name, error.0, lines[0]))
}

/// The faults of all jobs, several at once, each in a network of its own.
fn at_once<Job: Sync>(jobs: &[Job], work: impl Fn(&Job) -> Result<(), String> + Sync) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let faults = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                in_own_network(|| {
                    while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let fault = work(job).err();
                        faults.lock().unwrap().extend(fault);
                    }
                });
            });
        }
    });
    faults.into_inner().unwrap()
}

#[test]
fn every_call_of_the_start_may_fail() {
    let built: Vec<(Spec, PathBuf)> = WAYS.iter().map(Way::build).collect();
    let calls: Vec<Calls> = WAYS
        .iter()
        .zip(&built)
        .map(|(way, (_, file))| calls_of_a_good_start(way, file, file.parent().expect("it is in a folder")))
        .collect();
    let mut jobs: Vec<Job<'_>> = Vec::new();
    for (index, (way, calls)) in WAYS.iter().zip(&calls).enumerate() {
        for (number, (call, lines)) in calls.iter().enumerate() {
            if way.is_blocking() && NEVER_REFUSED_WHERE_BLOCKING.contains(&&*call.0) {
                continue;
            }
            // Every error the first way, one of them the others.
            let errors =
                ERRORS.iter().enumerate().filter(|(at, _)| index == 0 || (number + index) % ERRORS.len() == *at);
            jobs.extend(errors.map(|(_, error)| (way, &*built[index].1, call, &**lines, *error)));
        }
    }
    for (part, why) in HARMLESS {
        let is_there = jobs.iter().any(|job| job.3.iter().any(|line| line.contains(part)));
        assert!(is_there, "no call is {part}: {why}");
    }
    println!("{} starts", jobs.len());
    none(&at_once(&jobs, check));
}

/// What the loop cannot do without: events, the clock, signals.
#[test]
fn calls_of_the_loop_may_fail() {
    let built: Vec<(Spec, PathBuf)> = WAYS[..2].iter().map(Way::build).collect();
    let calls = [("/^epoll_p?wait$", None), ("read", None), ("read", Some(Signal::TERM))];
    // A signal that the first of several workers reads may be any of its first reads.
    let jobs = calls.iter().zip(ERRORS).flat_map(|it| [(it, 0), (it, 1)]);
    let jobs: Vec<_> = jobs.filter(|((call, _), way)| call.1.is_none() || *way == 0).collect();
    let faults = at_once(&jobs, |&((&(call, signal), error), way)| {
        // The first of several workers reads before its loop, once for each of the others at most.
        let when = if call == "read" && way == 1 { "3+" } else { "1+" };
        let fault = format!("inject={call}:error={}:when={when}", error.0);
        let mut process = WAYS[way].start(&built[way].1, &strace(&[fault]));
        let said = Said::of(&mut process);
        if let Some(signal) = signal {
            listens(&mut process, PORT)?;
            send(process.pid(), signal);
        }
        let status = ends(&mut process)?;
        let [stdout, stderr] = said.all()?;
        let right = format!("cannot serve: {} ({})", error.0, error.1);
        let is_right = !stderr.is_empty() && stderr.lines().all(|line| line == right);
        let is_right = is_right && stdout.lines().count() == 1 && status.code() == Some(1);
        let fault = || format!("{}: {call}, {signal:?}: {status}, {stdout:?}, {stderr:?}", WAYS[way].name);
        if is_right { Ok(()) } else { Err(fault()) }
    });
    none(&faults);
}
