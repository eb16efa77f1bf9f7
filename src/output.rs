//! Where results go: a file that is complete or as it was, or standard output.
//!
//! A command that fails, or is stopped, must not leave half an executable to be run. So a file is written beside
//! the old one and renamed over it. Devices and pipes are written to directly. What a result is, is not known here.

use std::fmt;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::ExitCode;

/// Why a command ended without its result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Wrong usage or wrong input: exit code 2.
    Input(String),
    /// Anything else: exit code 1.
    Failed(String),
}

impl Failure {
    pub(crate) fn input(error: impl fmt::Display) -> Self {
        Self::Input(error.to_string())
    }

    pub(crate) fn failed(error: impl fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Input(_) => 2,
            Self::Failed(_) => 1,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Input(text) | Self::Failed(text)) = self;
        f.write_str(text)
    }
}

/// Writes bytes to a file with this mode, or to standard output if no file is named; never to a terminal.
pub(crate) fn binary(bytes: &[u8], file: Option<&Path>, mode: u32) -> Result<(), Failure> {
    match file {
        Some(file) => put(file, bytes, mode),
        None if io::stdout().is_terminal() => {
            Err(Failure::input("standard output is a terminal; name a file with -o FILE, or redirect it: > FILE"))
        }
        None => standard_output(bytes),
    }
}

/// Refuses to write a result over the spec that it is of.
pub(crate) fn is_not(file: Option<&Path>, spec: Option<&Path>) -> Result<(), Failure> {
    let (Some(file), Some(spec)) = (file, spec) else { return Ok(()) };
    let number = |path: &Path| fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|it| (it.dev(), it.ino()));
    if number(file).is_some_and(|there| Some(there) == number(spec)) {
        return Err(Failure::Input(format!("{}: is the spec itself; name another file with -o", file.display())));
    }
    Ok(())
}

/// Writes text to standard output.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    standard_output(text.as_bytes())
}

/// Says something on standard error, if anybody can hear it there.
pub(crate) fn say(line: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn standard_output(bytes: &[u8]) -> Result<(), Failure> {
    finished(io::stdout().lock().write_all(bytes))
}

/// What became of something that was written to standard output.
pub(crate) fn finished(written: io::Result<()>) -> Result<(), Failure> {
    match written.and_then(|()| io::stdout().flush()) {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::Failed(format!("standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// Puts a file in place. An existing device or pipe is written to directly. For a link, the file that it leads to is
/// meant.
fn put(file: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::Failed(format!("{}: {error}", file.display()));
    match fs::metadata(file) {
        Ok(there) if there.is_dir() => Err(Failure::Input(format!("{}: is a folder; name a file", file.display()))),
        // `/dev/stdout`, redirected: the shell that opened it expects the output there, after what is there already.
        Ok(there) if is_open_as(&there, &io::stdout()) => standard_output(bytes),
        Ok(there) if is_open_as(&there, &io::stderr()) => io::stderr().write_all(bytes).map_err(failed),
        Ok(there) if there.is_file() => replace(&fs::canonicalize(file).map_err(failed)?, bytes, mode),
        Ok(_) => {
            fs::OpenOptions::new().write(true).open(file).and_then(|mut open| open.write_all(bytes)).map_err(failed)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::read_link(file) {
            // A link that leads nowhere yet.
            Ok(target) => put(&folder_of(file).join(target), bytes, mode),
            Err(_) => replace(file, bytes, mode),
        },
        Err(error) => Err(failed(error)),
    }
}

/// Is it what that descriptor is, and a file?
fn is_open_as(there: &fs::Metadata, descriptor: &impl AsFd) -> bool {
    let is_it = |stat: rustix::fs::Stat| (stat.st_dev, stat.st_ino) == (there.dev(), there.ino());
    there.is_file() && rustix::fs::fstat(descriptor).is_ok_and(is_it)
}

/// An error of the system, without the path that `tempfile` adds to it.
fn without_path(error: io::Error) -> io::Error {
    if error.raw_os_error().is_some() { error } else { error.kind().into() }
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a new file, unless something has its name.
pub(crate) fn create(file: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let exists = || {
        let file = file.display();
        Failure::Input(format!("{file}: exists, and is left as it is; name another file, or move this one away"))
    };
    if fs::symlink_metadata(file).is_ok() {
        return Err(exists());
    }
    let temporary = written_beside(file, bytes, mode)?;
    let persisted = temporary.persist_noclobber(file);
    persisted.map(|_| ()).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => exists(),
        _ => Failure::Failed(format!("{}: {}", file.display(), without_path(error.error))),
    })
}

/// Puts a finished file in place at once: it is written beside the old one and renamed over it.
fn replace(file: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let persisted = written_beside(file, bytes, mode)?.persist(file);
    persisted.map(|_| ()).map_err(|error| Failure::Failed(format!("{}: {}", file.display(), without_path(error.error))))
}

/// A finished file with a name of its own, in the folder of the file that it is to become.
fn written_beside(file: &Path, bytes: &[u8], mode: u32) -> Result<tempfile::NamedTempFile, Failure> {
    let folder = folder_of(file);
    if !folder.is_dir() {
        return Err(Failure::Input(format!("{}: there is no folder {}", file.display(), folder.display())));
    }
    // The temporary file has a name of its own, which messages do not mention.
    let failed = |error: io::Error| Failure::Failed(format!("{}: {}", file.display(), without_path(error)));
    let mut temporary = tempfile::Builder::new().prefix(".asmgen-").tempfile_in(folder).map_err(failed)?;
    temporary.write_all(bytes).map_err(failed)?;
    temporary.as_file().set_permissions(fs::Permissions::from_mode(mode)).map_err(failed)?;
    Ok(temporary)
}
