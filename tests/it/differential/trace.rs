//! The system calls of a run, from the logs of strace and of qemu: names, numbers, what is read and written, results.
//! Addresses are left out, because they differ from image to image.

use asmgen::syscall::CALLS;

use crate::harness::tool::tool;

/// What the numbers of a call that is given any number are at least.
const LEAST: u64 = 3;
/// Numbers from here up are addresses.
const LOWEST_ADDRESS: u64 = 0x1_0000;
/// No generated program writes more at once.
const LONGEST_TEXT: &str = "128";

/// What a program does, as it is seen from outside.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ran {
    pub(super) output: Vec<u8>,
    pub(super) status: Option<i32>,
    pub(super) calls: Vec<String>,
}

/// Runs a file for a machine, which is this one or emulated.
pub(super) fn run(file: &std::path::Path, machine: &str) -> Ran {
    if machine == "aarch64" {
        let ran = tool("qemu-aarch64-static").arg("-strace").arg(file).output().expect("the emulator starts");
        let calls = of_qemu(&String::from_utf8_lossy(&ran.stderr));
        return Ran { output: ran.stdout, status: ran.status.code(), calls };
    }
    let log = file.with_extension("log");
    // Every byte of a string as a number.
    let options = ["-qq", "-xx", "-s", LONGEST_TEXT, "-e", "signal=none", "-o"];
    let ran = tool("strace").args(options).arg(&log).arg(file).output().expect("strace starts");
    let text = std::fs::read_to_string(&log).expect("strace writes its log");
    Ran { output: ran.stdout, status: ran.status.code(), calls: of_strace(&text) }
}

/// The calls behind the one that starts the program. A line in brackets tells of the machine.
fn of_strace(log: &str) -> Vec<String> {
    let lines = log.lines().filter(|line| !line.starts_with('['));
    lines.filter_map(|line| call(line, usize::MAX)).filter(|call| !call.starts_with("execve(")).collect()
}

/// Each line begins with the number of the process. Of some calls it has as many arguments as any call has.
fn of_qemu(log: &str) -> Vec<String> {
    let of_line = |line: &str| {
        let line = line.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ' ');
        let args = CALLS.iter().find(|info| line.starts_with(&format!("{}(", info.name)))?.args.len();
        call(line, args)
    };
    log.lines().filter_map(of_line).collect()
}

/// A call with so many arguments at most, without what differs between images that do the same; none if the line tells
/// of none.
fn call(line: &str, most: usize) -> Option<String> {
    let (name, rest) = line.split_once('(')?;
    let (args, result) = rest.split_once(')')?;
    let number = |arg: &str| match arg.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => arg.parse::<i64>().ok().map(|number| number as u64),
    };
    let mut args: Vec<String> = args.split(',').take(most).map(|arg| arg.trim().to_owned()).collect();
    match (name, &mut args[..]) {
        // The kernel looks at the lowest byte alone.
        ("exit", [status]) => *status = number(status)?.to_le_bytes()[0].to_string(),
        ("listen", [_, backlog]) if number(backlog)? >= LEAST => *backlog = format!("{LEAST} or more"),
        // Any flags will do that have some bits and not others, and any length of no address.
        ("sendto", [_, _, _, flags, rest @ ..]) => {
            "flags".clone_into(flags);
            if let [_, len] = rest {
                "length".clone_into(len);
            }
        }
        _ => {}
    }
    for arg in &mut args {
        if number(arg).is_some_and(|number| number >= LOWEST_ADDRESS) {
            "address".clone_into(arg);
        }
    }
    let result: Vec<&str> = result.split_whitespace().collect();
    Some(format!("{name}({}) {}", args.join(", "), result.join(" ")))
}

#[test]
fn calls_are_compared_without_addresses() {
    let strace = "execve(\"\\x2f\", [\"\\x2f\"], 0x7ffd04660668 /* 35 vars */) = 0\n\
                  [ Process PID=7 runs in 32 bit mode. ]\n\
                  listen(99, 77) = -1 EBADF (Bad file descriptor)\n\
                  write(1, \"\\x01\\x02\", 2)               = 2\n\
                  exit(-1)                                = ?\n";
    let calls =
        ["listen(99, 3 or more) = -1 EBADF (Bad file descriptor)", "write(1, \"\\x01\\x02\", 2) = 2", "exit(255) = ?"];
    assert_eq!(of_strace(strace), calls);
    let qemu =
        "7950 write(1,0x14000078,14) = 14\n7950 setsockopt(99,1,2,65607,4,0) = -1 errno=9 (Bad)\n7950 exit(258)\n";
    let calls = ["write(1, address, 14) = 14", "setsockopt(99, 1, 2, address, 4) = -1 errno=9 (Bad)", "exit(2) "];
    assert_eq!(of_qemu(qemu), calls);
}
