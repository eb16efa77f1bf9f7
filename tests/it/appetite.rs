//! Memory and time that asmgen itself takes for files that are large.

use std::fs::File;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use crate::harness::process::Process;
use crate::harness::tool::asmgen;

/// Of the program itself, whatever it builds: 19 MB without optimization, for two searches for registers run at once.
const BASE_KB: u64 = 20 << 10;

/// A file of so many bytes that look like nothing.
fn noise(file: &Path, bytes: usize) {
    let mut state = 1_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::fs::write(file, (0..bytes).map(next).collect::<Vec<u8>>()).unwrap();
}

/// Runs the command: the most memory that it had at once, in kB, and how it ended.
fn most_memory(arguments: &[&str], folder: &Path) -> (u64, ExitStatus) {
    let mut command = asmgen();
    command.args(arguments).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = Process::spawn(&mut command);
    let status = format!("/proc/{}/status", process.pid());
    let mut most = 0;
    loop {
        // One that has ended and is not waited for has no such line.
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        most = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0).max(most);
        if let Some(ended) = process.child().try_wait().unwrap() {
            return (most, ended);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_large_file_is_held_few_times() {
    const BYTES: usize = 12 << 20;
    let folder = tempfile::tempdir().unwrap();
    noise(&folder.path().join("noise.bin"), BYTES);
    // The description, what is placed, and the file; then a compressed layer and the archive.
    for (arguments, times) in
        [("noise.bin --target x86_64 -o out", 5), ("image noise.bin --platform linux/amd64 -o out", 6)]
    {
        let (most_kb, ended) = most_memory(&arguments.split(' ').collect::<Vec<_>>(), folder.path());
        assert!(ended.success(), "{arguments}: {ended}");
        println!("{arguments}: {most_kb} kB");
        let bound_kb = BASE_KB + times * (BYTES as u64 >> 10);
        assert!(most_kb < bound_kb, "{arguments}: {most_kb} kB, and {bound_kb} is the bound");
    }
}

/// It is refused for its length before it is read.
#[test]
fn a_file_that_is_too_large_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    File::create(folder.path().join("sparse.bin")).unwrap().set_len(3 << 30).unwrap();
    std::fs::write(folder.path().join("route.toml"), "[[route]]\npath = \"/\"\nfile = \"sparse.bin\"\n").unwrap();
    for spec in ["sparse.bin", "route.toml"] {
        let (most_kb, ended) = most_memory(&[spec, "--target", "x86_64", "-o", "out"], folder.path());
        assert_eq!(ended.code(), Some(2), "{spec}");
        assert!(most_kb < BASE_KB, "{spec}: {most_kb} kB");
    }
}
