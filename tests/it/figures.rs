//! The figures to reach: time of a whole process, sizes of the examples and of the image.

use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::harness::none;
use crate::harness::tool::{ASMGEN, asmgen, root, succeed};

/// Runs of which the middle one counts.
const RUNS: usize = 11;
/// The other tests keep caches and memory busy: a figure is reached if one of so many series reaches it.
const SERIES: usize = 5;

/// What an image is made for.
const PLATFORMS: &str = "linux/amd64,linux/arm64";
/// The epoll engine is thirty times as much code, and most of the time goes into code that is always optimized.
const EPOLL: Duration = Duration::from_millis(1500);

/// So many times as long a build without optimization may take. `make bench` holds a release build to the figures
/// themselves; to make one here would take longer than most tests together.
const UNOPTIMIZED: u32 = if cfg!(debug_assertions) { 10 } else { 1 };

/// The median of the time that a whole process runs, without its wait for the processor. It is from /proc/PID/schedstat
/// (Documentation/scheduler/sched-stats.rst), nanoseconds, once it has ended and before it is reaped.
fn median(args: &[&str]) -> Duration {
    let run = |_| {
        let mut command = Command::new(ASMGEN);
        let mut child = command.args(args).current_dir(root()).stdout(Stdio::null()).spawn().unwrap();
        let pid = Pid::from_child(&child);
        waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
        let ran = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap();
        let status = child.wait().unwrap();
        assert!(status.success(), "{args:?}: {status}");
        Duration::from_nanos(ran.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number"))
    };
    let mut times: Vec<Duration> = (0..RUNS).map(run).collect();
    times.sort();
    times[RUNS / 2]
}

/// The fault, if no series has a median within the limit.
fn too_slow(args: &[&str], limit: Duration) -> Option<String> {
    let mut least = Duration::MAX;
    for _ in 0..SERIES {
        least = least.min(median(args));
        if least <= limit {
            break;
        }
    }
    println!("asmgen {}: median of {RUNS} runs {least:?}, limit {limit:?}", args.join(" "));
    (least > limit).then(|| format!("{args:?}: {least:?}, more than {limit:?}"))
}

#[test]
fn time_of_a_whole_process() {
    let (executable, image) = (Duration::from_millis(20) * UNOPTIMIZED, Duration::from_millis(50) * UNOPTIMIZED);
    let faults = [
        too_slow(&["--engine", "blocking", "--target", "x86_64"], executable),
        too_slow(&["--engine", "blocking", "--target", "aarch64"], executable),
        too_slow(&["--engine", "blocking", "--target", "i386"], executable),
        too_slow(&["image", "--engine", "blocking", "--platform", PLATFORMS], image),
        too_slow(&["--engine", "epoll", "--target", "x86_64"], EPOLL),
        too_slow(&["--engine", "epoll", "--target", "aarch64"], EPOLL),
        too_slow(&["--engine", "epoll", "--target", "i386"], EPOLL),
    ];
    none(&faults.into_iter().flatten().collect::<Vec<_>>());
}

fn size_of(args: &[&str]) -> usize {
    succeed(asmgen().args(args)).stdout.len()
}

/// Largest strict size for `x86_64`, in bytes. `routes` has the 9 bytes that hear signals which a parent has blocked.
const STRICT_MAX: [(&str, &[&str], usize); 4] =
    [("hello", &[], 165), ("pause", &[], 190), ("routes", &BLOCKING, 801), ("page", &BLOCKING, 3 * 1024 - 1)];
const BLOCKING: [&str; 2] = ["--engine", "blocking"];
/// The portable layout saves at least this many bytes.
const PORTABLE_SAVES: usize = 16;

#[test]
fn sizes_of_the_examples() {
    let mut faults = Vec::new();
    for (name, engine, max) in STRICT_MAX {
        let spec = format!("examples/{name}.toml");
        let size = |elf| size_of(&[&[&spec, "--target", "x86_64", "--elf", elf], engine].concat());
        let [strict, portable] = ["strict", "portable"].map(size);
        println!("{name}: strict {strict}, portable {portable} bytes; at most {max}");
        faults.extend((strict > max).then(|| format!("{name}: {strict} bytes, more than {max}")));
        let saved = strict.saturating_sub(portable);
        faults.extend((saved < PORTABLE_SAVES).then(|| format!("{name}: portable saves only {saved} bytes")));
    }
    none(&faults);
}

#[test]
fn size_of_the_image() {
    for (engine, max) in [("blocking", 20 * 1024), ("epoll", 32 * 1024)] {
        let bytes = size_of(&["image", "--engine", engine, "--platform", PLATFORMS]);
        println!("image of two platforms, {engine}: {bytes} bytes");
        assert!(bytes <= max, "{engine}: {bytes} bytes, more than {max}");
    }
}
