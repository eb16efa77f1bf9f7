//! The benchmark's end of the conversation with a load generator.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::load::{Load, Outcome};
use crate::{modes, proc_fs, settings};

/// Between two looks at whether it has left.
const PAUSE: Duration = Duration::from_millis(1);

/// A running load generator, ended with this value.
pub(crate) struct Driver {
    child: Child,
    /// `None` once it is told to leave.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    patience: Duration,
}

/// The command that generates this load.
pub(crate) fn command(load: &Load) -> anyhow::Result<Command> {
    modes::ourselves(&[modes::LOAD, &serde_json::to_string(load)?])
}

impl Driver {
    /// Starts it on these cores and waits until all of its connections are there.
    pub(crate) fn start(load: &Load, cores: &[usize]) -> anyhow::Result<Self> {
        Self::start_as(command(load)?, load, cores)
    }

    /// The same under another program, which has the load generator as its child.
    pub(crate) fn start_as(mut command: Command, load: &Load, cores: &[usize]) -> anyhow::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = proc_fs::spawn_on(&mut command, cores)?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("no standard output")?);
        let patience = settings::PATIENCE + Duration::from_millis(load.asked_ms);
        let mut driver = Self { child, input, output, patience };
        let line = driver.line()?;
        ensure!(line == "ready\n", "the load generator says {line:?}");
        Ok(driver)
    }

    pub(crate) fn go(&mut self) -> anyhow::Result<()> {
        Ok(self.input.as_mut().context("no standard input")?.write_all(b"go\n")?)
    }

    pub(crate) fn outcome(&mut self) -> anyhow::Result<Outcome> {
        Ok(serde_json::from_str(&self.line()?)?)
    }

    pub(crate) fn run(&mut self) -> anyhow::Result<Outcome> {
        self.go()?;
        self.outcome()
    }

    /// The time it ran so far.
    pub(crate) fn cpu_ns(&self) -> anyhow::Result<u64> {
        Ok(proc_fs::cpu_ns(&[self.child.id()])?)
    }

    /// Lets it end by itself.
    pub(crate) fn leave(mut self) -> anyhow::Result<()> {
        drop(self.input.take());
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            ensure!(start.elapsed() < self.patience, "the load generator does not leave");
            sleep(PAUSE);
        };
        ensure!(status.success(), "the load generator: {status}");
        Ok(())
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let timeout = Timespec { tv_sec: self.patience.as_secs() as i64, tv_nsec: 0 };
        let mut fds = [PollFd::new(self.output.get_ref(), PollFlags::IN)];
        if poll(&mut fds, Some(&timeout))? == 0 {
            bail!("the load generator is silent for {:?}", self.patience);
        }
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        ensure!(!line.is_empty(), "the load generator failed; its message is above");
        Ok(line)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
