//! A running server, ended with this value.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};

use crate::proc_fs::{self, Memory};
use crate::{ask, content, settings};

/// How long a server may take to end by itself.
const FAREWELL: Duration = Duration::from_secs(2);
/// Between two looks at something that takes a while.
const PAUSE: Duration = Duration::from_millis(2);

pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Starts it on these cores and waits until it answers.
    pub(crate) fn start(command: &Command, port: u16, cores: &[usize]) -> anyhow::Result<Self> {
        let child = proc_fs::spawn_on(&mut mortal(command), cores).with_context(|| format!("{command:?}"))?;
        let mut server = Self { child, port };
        let start = Instant::now();
        while let Err(error) = ask::once(port, content::PAGE, true) {
            let ended = server.child.try_wait()?;
            if ended.is_some() || start.elapsed() > settings::PATIENCE {
                return Err(error.context(format!("{command:?} does not come up: {ended:?}")));
            }
            sleep(PAUSE);
        }
        Ok(server)
    }

    /// For a server that was started otherwise.
    pub(crate) fn adopt(child: Child, port: u16) -> Self {
        Self { child, port }
    }

    pub(crate) fn processes(&self) -> std::io::Result<Vec<u32>> {
        proc_fs::family(self.child.id())
    }

    pub(crate) fn cpu_ns(&self) -> anyhow::Result<u64> {
        Ok(proc_fs::cpu_ns(&self.processes()?)?)
    }

    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        Ok(proc_fs::memory(&self.processes()?)?)
    }
}

/// The same command, but the kernel ends it if this process dies without a farewell.
fn mortal(command: &Command) -> Command {
    let mut wrapped = Command::new("setpriv");
    wrapped.args(["--pdeathsig", "TERM"]).arg(command.get_program()).args(command.get_args());
    wrapped.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    wrapped
}

impl Drop for Server {
    fn drop(&mut self) {
        let family = self.processes().unwrap_or_default();
        let send = |pid: u32, signal| Pid::from_raw(pid as i32).map(|pid| kill_process(pid, signal));
        send(self.child.id(), Signal::TERM);
        let start = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && start.elapsed() < FAREWELL {
            sleep(PAUSE);
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            for pid in family {
                send(pid, Signal::KILL);
            }
            // There is nothing left to do if it cannot be waited for.
            let _ = self.child.wait();
        }
    }
}
