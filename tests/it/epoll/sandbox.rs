//! What a running server may not do any more.

use std::path::Path;

use asmgen::{Options, Owner};

use super::{Client, server, spec};
use crate::harness::images::image;
use crate::harness::process::status;
use crate::harness::server::Server;
use crate::harness::tool::{Variant, variants};

#[test]
fn a_filter_is_set_unless_the_spec_says_otherwise() {
    for (keys, expected) in [("", [2, 1]), ("sandbox = false", [0, 0])] {
        let server = server(keys);
        Client::new(server.port).hello();
        assert_eq!(["Seccomp", "NoNewPrivs"].map(|name| status(server.pid(), name)), expected, "{keys}");
    }
}

#[test]
fn every_worker_has_it() {
    let server = server("workers = 2");
    crate::harness::wait_until("the other worker", || !crate::harness::process::children(server.pid()).is_empty());
    std::thread::sleep(std::time::Duration::from_millis(100));
    for pid in crate::harness::process::children(server.pid()) {
        assert_eq!(status(pid, "Seccomp"), 2);
    }
}

/// No page may be written and executed. A file for i386 that is not strict has no header about the stack. Linux then
/// makes every page of such programs executable.
#[test]
fn no_page_is_writable_and_executable() {
    let spec = spec("");
    let emulated = |variant: &Variant| variant.target == "aarch64";
    let old_rules = |variant: &Variant| variant.target == "i386" && variant.elf != "strict";
    for variant in variants(&spec.path()).filter(|variant| !emulated(variant) && !old_rules(variant)) {
        let server = Server::start(variant);
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", server.pid())).unwrap();
        assert!(maps.lines().count() > 2, "{maps}");
        for line in maps.lines() {
            let rights = line.split_whitespace().nth(1).unwrap_or_default();
            assert!(!(rights.contains('w') && rights.contains('x')), "{variant}: {line}");
        }
    }
}

/// A call that no part of the loop makes ends the server. `strace` makes one of another.
#[test]
fn a_forbidden_call_ends_it() {
    let wrapper = ["strace", "-D", "-qqq", "-o", "/dev/null", "-e", "inject=recvfrom:error=EPERM:syscall=getuid"];
    let spec = spec("");
    let mut server = Server::start_under(&wrapper, Variant::native(&spec.path()));
    let mut client = Client::new(server.port);
    client.send(super::REQUEST);
    assert_eq!(server.exit_signal(), Some(rustix::process::Signal::SYS.as_raw()));
}

/// The filter's verdict on a call (Documentation/userspace-api/seccomp_filter.rst): an interpreter of the instructions
/// that filters of system calls consist of.
fn verdict(filter: &[u8], machine: u32, number: u32) -> u32 {
    let word = |at: usize| u32::from_le_bytes(filter[at..at + 4].try_into().unwrap());
    let (mut at, mut loaded) = (0, 0);
    loop {
        let [code, if_true, if_false] =
            [u16::from_le_bytes([filter[at], filter[at + 1]]), filter[at + 2].into(), filter[at + 3].into()];
        let value = word(at + 4);
        at += 8;
        let jumps = match code {
            // BPF_LD | BPF_W | BPF_ABS, of a struct seccomp_data.
            0x20 => {
                loaded = match value {
                    0 => number,
                    4 => machine,
                    _ => panic!("it looks at byte {value}"),
                };
                continue;
            }
            // BPF_RET | BPF_K.
            0x06 => return value,
            // BPF_JMP and BPF_JEQ, BPF_JGT, BPF_JGE.
            0x15 => loaded == value,
            0x25 => loaded > value,
            0x35 => loaded >= value,
            _ => panic!("instruction {code:#x}"),
        };
        at += 8 * usize::from(if jumps { if_true } else { if_false });
    }
}

/// The filter of a spec's executable.
fn filter(spec: &Path, target: &str) -> Vec<u8> {
    let description = asmgen::spec::from_path(spec).unwrap();
    let target = asmgen::TARGETS.into_iter().find(|known| known.name == target).expect("there is one");
    let options = Options::new(target);
    let image = image(&description, options).unwrap();
    let is_filter = |owner: &Owner| matches!(owner, Owner::Data { name } if name == "filter of system calls");
    let claim = image.map.iter().find(|claim| is_filter(&claim.owner)).expect("there is a filter");
    image.bytes[claim.offset as usize..][..claim.len as usize].to_vec()
}

/// What the loop needs, by name, and the numbers on each machine (arch/*/syscall tables of Linux).
#[rustfmt::skip] // A table.
const CALLS: [(&str, [u32; 3]); 14] = [
    //               x86_64 aarch64 i386
    ("accept4",       [288, 242, 364]),
    ("clock_gettime", [228, 113, 265]),
    ("close",         [  3,  57,   6]),
    ("epoll_ctl",     [233,  21, 255]),
    ("epoll_wait",    [232,  22, 256]),
    ("exit",          [ 60,  93,   1]),
    ("getsockopt",    [ 55, 209, 365]),
    ("poll",          [  7,  73, 168]),
    ("read",          [  0,  63,   3]),
    ("recvfrom",      [ 45, 207, 371]),
    ("setsockopt",    [ 54, 208, 366]),
    ("shutdown",      [ 48, 210, 373]),
    ("write",         [  1,  64,   4]),
    ("writev",        [ 20,  66, 146]),
];
/// AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64, AUDIT_ARCH_I386 (include/uapi/linux/audit.h).
const MACHINES: [(&str, u32); 3] = [("x86_64", 0xc000_003e), ("aarch64", 0xc000_00b7), ("i386", 0x4000_0003)];
const ALLOW: u32 = 0x7fff_0000;
const KILL_PROCESS: u32 = 0x8000_0000;

/// The loop's calls are allowed. Every other call of the machine and all of other machines end the process. So do those
/// of x32, which have a bit of their own in their numbers.
#[test]
fn every_call_has_its_verdict() {
    const X32: u32 = 0x4000_0000;
    for (index, (target, machine)) in MACHINES.into_iter().enumerate() {
        let spec = spec("");
        let filter = filter(&spec.path(), target);
        for number in (0..1024).chain((0..1024).map(|number| X32 + number)).chain([u32::MAX]) {
            let call = CALLS.iter().find(|(_, numbers)| numbers[index] == number).map(|(name, _)| name);
            let wanted = if call.is_some() { ALLOW } else { KILL_PROCESS };
            assert_eq!(verdict(&filter, machine, number), wanted, "{target}: call {number}, {call:?}");
            for (_, other) in MACHINES.into_iter().filter(|(_, other)| *other != machine) {
                assert_eq!(verdict(&filter, other, number), KILL_PROCESS, "{target}: call {number} of {other:#x}");
            }
        }
    }
}
