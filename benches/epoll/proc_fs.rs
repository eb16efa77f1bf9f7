//! What the kernel tells of processes, and where they run.

use std::fs;
use std::io;
use std::process::{Child, Command};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::Serialize;

/// Memory of a server with its workers, in kB. What they share is counted in each of them.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    pub(crate) anonymous: u64,
    pub(crate) file: u64,
}

/// A process and all that descend from it.
pub(crate) fn family(of: u32) -> io::Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Ok(pid) = entry?.file_name().to_string_lossy().parse::<u32>() else { continue };
        // It may have ended since.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        // The name may hold spaces; it ends at the last parenthesis. Then come the state and the parent.
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
        parents.push((pid, parent.and_then(|text| text.parse::<u32>().ok()).unwrap_or(0)));
    }
    let mut family = vec![of];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    Ok(family)
}

/// The time that these processes ran, user and system, in nanoseconds: the first field of each thread's schedstat.
pub(crate) fn cpu_ns(processes: &[u32]) -> io::Result<u64> {
    let mut sum = 0;
    for pid in processes {
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            let stat = fs::read_to_string(task?.path().join("schedstat"))?;
            sum += stat.split_whitespace().next().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        }
    }
    Ok(sum)
}

pub(crate) fn memory(processes: &[u32]) -> io::Result<Memory> {
    let mut sum = Memory::default();
    for pid in processes {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0)
        };
        sum.resident += field("VmRSS:");
        sum.anonymous += field("RssAnon:");
        sum.file += field("RssFile:");
    }
    Ok(sum)
}

/// Starts a process that may run on these cores only: it inherits this from us, so no `unsafe` is needed.
pub(crate) fn spawn_on(command: &mut Command, cores: &[usize]) -> io::Result<Child> {
    let ours = sched_getaffinity(None)?;
    let mut theirs = CpuSet::new();
    for core in cores {
        theirs.set(*core);
    }
    sched_setaffinity(None, &theirs)?;
    let child = command.spawn();
    sched_setaffinity(None, &ours)?;
    child
}
