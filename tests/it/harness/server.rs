//! A running server on a port of its own, ended with its test.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::process::Process;
use super::tool::Variant;

/// Another process may take a port between the moment it was found free and the moment it is bound.
const PORT_TRIES: usize = 5;

/// A finished executable and the folder it is in.
pub(crate) struct Executable {
    folder: TempDir,
    pub(crate) port: u16,
}

impl Executable {
    /// Builds a server for this port of 127.0.0.1.
    pub(crate) fn build(variant: Variant, port: u16) -> Self {
        let built = Self { folder: tempfile::tempdir().unwrap(), port };
        variant.build(Some(&format!("127.0.0.1:{port}")), &built.file());
        built
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("server")
    }
}

/// A spec of a test's own, in a folder of its own.
pub(crate) struct Spec {
    folder: TempDir,
}

impl Spec {
    pub(crate) fn new(text: &str) -> Self {
        let spec = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(spec.path(), text).unwrap();
        spec
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("it.toml")
    }
}

/// A server that answers on 127.0.0.1.
pub(crate) struct Server {
    process: Process,
    pub(crate) port: u16,
    /// What it said when it was ready.
    pub(crate) start_line: String,
    // Kept open, so that no standard output is closed.
    stdout: BufReader<ChildStdout>,
    built: Option<Executable>,
}

/// Are these the last words of a server without a free port? The blocking engine tells the number alone.
pub(crate) fn is_taken(message: &str) -> bool {
    message.ends_with(": EADDRINUSE (98)\n") || message.ends_with(" errno 98\n")
}

impl Server {
    /// Builds and starts it on a free port.
    pub(crate) fn start(variant: Variant) -> Self {
        Self::start_under(&[], variant)
    }

    /// The same, under a tool with these arguments that becomes the server.
    pub(crate) fn start_under(wrapper: &[&str], variant: Variant) -> Self {
        for _ in 0..PORT_TRIES {
            let built = Executable::build(variant, free_port());
            match Self::launch(wrapper, variant, &built.file(), built.port) {
                Ok(server) => return Self { built: Some(built), ..server },
                Err(message) if is_taken(&message) => {}
                Err(message) => panic!("{variant} under {wrapper:?}: {message}"),
            }
        }
        panic!("{PORT_TRIES} ports were taken by others");
    }

    /// Starts a finished executable, in a network where its port is free.
    pub(crate) fn run(variant: Variant, file: &Path, port: u16) -> Self {
        Self::launch(&[], variant, file, port).unwrap_or_else(|message| panic!("{variant}: {message}"))
    }

    /// The same for this machine, under a tool with these arguments.
    pub(crate) fn run_under(wrapper: &[&str], file: &Path, port: u16) -> Self {
        Self::launch(wrapper, Variant::native(file), file, port)
            .unwrap_or_else(|message| panic!("{wrapper:?}: {message}"))
    }

    /// Starts it and waits for its first line; otherwise its last words.
    fn launch(wrapper: &[&str], variant: Variant, file: &Path, port: u16) -> Result<Self, String> {
        let command = &mut variant.run_under(wrapper, file);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::ready(Process::spawn(command), port)
    }

    /// The server that this process becomes.
    pub(crate) fn ready(mut process: Process, port: u16) -> Result<Self, String> {
        let mut stdout = BufReader::new(process.child().stdout.take().expect("it is a pipe"));
        let mut start_line = String::new();
        stdout.read_line(&mut start_line).map_err(|error| error.to_string())?;
        if start_line.is_empty() {
            let mut stderr = String::new();
            let pipe = process.child().stderr.as_mut().expect("it is a pipe");
            pipe.read_to_string(&mut stderr).map_err(|error| error.to_string())?;
            return Err(stderr);
        }
        Ok(Self { process, port, start_line, stdout, built: None })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The executable that was built for it.
    pub(crate) fn file(&self) -> PathBuf {
        self.built.as_ref().expect("it was built for this server").file()
    }

    /// Its exit code; it has ended.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.process.wait().0.code()
    }

    /// The signal that it has ended by.
    pub(crate) fn exit_signal(&mut self) -> Option<i32> {
        self.process.wait().0.signal()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// Ends it with this signal: the fault, if that is not at once and with exit code 0.
    #[must_use]
    pub(crate) fn end(&mut self, signal: Signal) -> Option<String> {
        let (status, took) = self.process.end(signal);
        let fine = status.code() == Some(0) && took < AT_ONCE;
        (!fine).then(|| format!("{signal:?}: {status} after {took:?}"))
    }

    /// What it wrote to standard output behind the start line; it has ended.
    pub(crate) fn rest_of_stdout(&mut self) -> String {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        rest
    }

    /// What it wrote to standard error; it has ended.
    pub(crate) fn stderr(&mut self) -> String {
        let mut text = String::new();
        self.process.child().stderr.as_mut().expect("it is a pipe").read_to_string(&mut text).unwrap();
        text
    }
}

/// Ending takes less: emulators and busy machines included.
pub(crate) const AT_ONCE: Duration = Duration::from_millis(500);

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
