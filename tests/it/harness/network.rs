//! A network of a test's own: any port of it is free, and no other process can reach it.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::process::Stdio;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::process::Process;
use super::tool::tool;

/// Does the work on a thread in a network namespace of its own, together with its children. That network has only the
/// loopback device.
pub(crate) fn in_own_network<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let ip = tool("ip").get_program().to_string_lossy().into_owned();
    let loopback_up = format!("{ip} link set lo up && echo && exec sleep infinity");
    let holder_command = &mut tool("unshare");
    holder_command.args(["--net", "sh", "-c", &loopback_up]).stdout(Stdio::piped());
    let mut holder = Process::spawn(holder_command);
    // It says one line when the loopback device is up.
    let ready = holder.child().stdout.as_mut().expect("it is a pipe").read(&mut [0]);
    assert_eq!(ready.ok(), Some(1), "no network namespace: these tests need root, or CAP_SYS_ADMIN");
    let namespace = File::open(format!("/proc/{}/ns/net", holder.pid())).unwrap();
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            work()
        });
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
