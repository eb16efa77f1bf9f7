//! `slowhttptest`, in its four modes: others are served, and nothing is left behind.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::{Built, descriptors, honest, is_well};
use crate::harness::process::Process;
use crate::harness::tool::tool;

const CONNECTIONS: &str = "200";
const SECONDS: &str = "5";
/// What an honest client may wait while 200 others are slow: the middle of all its waits.
const AT_MOST: Duration = Duration::from_millis(100);

/// Slow clients of this kind, of which at least so many are there at once.
fn under(mode: &[&str], least_open: usize) {
    let limits = "header_timeout = 2\nidle_timeout = 2\nwrite_timeout = 2\npartial_requests = 64\nstop_timeout = 5";
    let mut server = Built::new(limits).start();
    let before = descriptors(server.pid());
    let url = format!("http://127.0.0.1:{}/long", server.port);
    let mut command = tool("slowhttptest");
    // -c connections, -r new ones a second, -l seconds, -i seconds between two pieces, -p patience of its own probe.
    command.args(mode).args(["-c", CONNECTIONS, "-r", "100", "-l", SECONDS, "-i", "1", "-p", "3", "-u", &url]);
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
    assert!(most_open >= before + least_open, "{most_open} descriptors at most");
    assert!(median < AT_MOST, "an honest client waits {median:?}");
    is_well(&mut server, before);
}

/// Slowloris: heads that never end.
#[test]
fn slow_heads() {
    under(&["-H"], 50);
}

/// R-U-Dead-Yet: bodies that never end. They are answered without being waited for.
#[test]
fn slow_bodies() {
    under(&["-B"], 0);
}

/// Apache killer: many ranges.
#[test]
fn many_ranges() {
    under(&["-R", "-a", "10", "-b", "3000"], 0);
}

/// Replies that are read slowly, of several requests at once.
#[test]
fn slow_readers() {
    under(&["-X", "-w", "512", "-y", "1024", "-n", "1", "-z", "32", "-k", "3"], 50);
}
