//! `slowhttptest`, in its four modes: others are served, and nothing is left behind.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::{Built, descriptors, honest, is_well, settles};
use crate::harness::process::{Process, cpu_time, status};
use crate::harness::tool::tool;

const CONNECTIONS: &str = "200";
const SECONDS: &str = "5";
/// What an honest client may wait while 200 others are slow: the middle of all its waits.
const AT_MOST: Duration = Duration::from_millis(100);

/// So many are held, of those that a server has to hold.
const HELD: usize = 50;
/// So many are answered and closed, of those that it has not; and no more than a few are there at once.
const ANSWERED: usize = 50;
const AT_ONCE: usize = 30;
/// What ranges may cost all in all: time, and memory in kB.
const RANGES_CPU: Duration = Duration::from_millis(500);
const RANGES_KB: u64 = 64;

/// What has become of the slow clients.
struct Seen {
    /// Most that were there at once.
    held: usize,
    /// Connections that were closed on them, until the last whole second.
    closed: usize,
    cpu: Duration,
    /// How much memory the server has taken besides.
    grown_kb: u64,
}

/// Slow clients of this kind; others are served meanwhile, and nothing is left behind.
fn under(mode: &[&str]) -> Seen {
    let limits = "header_timeout = 2\nidle_timeout = 2\nwrite_timeout = 2\npartial_requests = 64\nstop_timeout = 5";
    let mut server = Built::new(limits).start();
    let before = descriptors(server.pid());
    honest(server.port, Duration::from_secs(2));
    settles(&server, before);
    let (cpu_before, kb_before) = (cpu_time(server.pid()), status(server.pid(), "VmHWM"));
    let url = format!("http://127.0.0.1:{}/long", server.port);
    let folder = tempfile::tempdir().unwrap();
    let mut command = tool("slowhttptest");
    // -c connections, -r new ones a second, -l seconds, -i seconds between two pieces, -p patience of its own probe. -g
    // -o: figures of each second.
    command.args(mode).args(["-c", CONNECTIONS, "-r", "100", "-l", SECONDS, "-i", "1", "-p", "3", "-u", &url]);
    command.args(["-g", "-o"]).arg(folder.path().join("figures"));
    let mut attack = Process::spawn(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()));
    let mut waits = Vec::new();
    let mut most_open = 0;
    let start = Instant::now();
    while attack.is_running() {
        waits.push(honest(server.port, Duration::from_secs(2)));
        most_open = most_open.max(descriptors(server.pid()));
        thread::sleep(Duration::from_millis(20));
    }
    waits.sort();
    let (median, most) = (waits[waits.len() / 2], waits[waits.len() - 1]);
    println!("{mode:?}: {median:?} in the middle, {most:?} at most, {most_open} descriptors, {:?}", start.elapsed());
    assert!(median < AT_MOST, "an honest client waits {median:?}");
    let seen = Seen {
        held: most_open - before,
        closed: closed(&std::fs::read_to_string(folder.path().join("figures.csv")).unwrap()),
        cpu: cpu_time(server.pid()).saturating_sub(cpu_before),
        grown_kb: status(server.pid(), "VmHWM") - kb_before,
    };
    is_well(&mut server, before);
    seen
}

/// The last figure in the column of those that are closed.
fn closed(figures: &str) -> usize {
    assert!(figures.starts_with("Seconds,Closed,"), "{figures}");
    let last = figures.lines().last().and_then(|line| line.split(',').nth(1));
    last.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no number: {figures}"))
}

/// They were answered at once: hardly any has been there for longer than that.
fn are_answered(seen: &Seen) {
    assert!(seen.closed >= ANSWERED, "only {} were closed", seen.closed);
    assert!(seen.held <= AT_ONCE, "{} were held", seen.held);
}

/// Slowloris: heads that never end.
#[test]
fn slow_heads() {
    let seen = under(&["-H"]);
    assert!(seen.held >= HELD, "only {} were held", seen.held);
}

/// R-U-Dead-Yet: bodies that never end. They are answered without being waited for.
#[test]
fn slow_bodies() {
    are_answered(&under(&["-B"]));
}

/// Apache killer: many ranges. They cost what a reply costs.
#[test]
fn many_ranges() {
    let seen = under(&["-R", "-a", "10", "-b", "3000"]);
    are_answered(&seen);
    assert!(seen.cpu <= RANGES_CPU, "{:?} on the processor", seen.cpu);
    assert!(seen.grown_kb <= RANGES_KB, "{} kB more", seen.grown_kb);
}

/// Replies that are read slowly, of several requests at once.
#[test]
fn slow_readers() {
    let seen = under(&["-X", "-w", "512", "-y", "1024", "-n", "1", "-z", "32", "-k", "3"]);
    assert!(seen.held >= HELD, "only {} were held", seen.held);
}
