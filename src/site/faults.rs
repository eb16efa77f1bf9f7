//! What is wrong with a site: all faults that were found, up to a limit.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::files::{Files, Unread};
use super::limits::FAULTS_MAX;
use super::names::shown;
use crate::spec::{SpecError, Wrong};

/// Why a folder has no table. Each fault says what is wrong and what would be right, and its file with the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(Vec<SpecError>);

impl Faults {
    /// These faults, if there are any.
    pub(super) fn check(faults: &mut Vec<SpecError>) -> Result<(), Self> {
        faults.truncate(FAULTS_MAX);
        if faults.is_empty() { Ok(()) } else { Err(Self(std::mem::take(faults))) }
    }

    /// One fault after another.
    pub fn iter(&self) -> impl Iterator<Item = &SpecError> {
        self.0.iter()
    }
}

/// A fault a line, each with the line of its file below.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            write!(f, "{}{fault}", if index > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// How messages name a file of the folder.
pub(super) fn name_of(files: &dyn Files, path: &[u8]) -> PathBuf {
    let path = files.name().join(OsStr::from_bytes(path));
    shown(path.as_os_str().as_bytes()).into()
}

/// A fault of a file as a whole, or, with an empty path, of the folder.
pub(super) fn of_file(files: &dyn Files, path: &[u8], wrong: Wrong) -> SpecError {
    let name = if path.is_empty() { files.name().to_path_buf() } else { name_of(files, path) };
    let name = if name.as_os_str().is_empty() { Path::new(".") } else { &name };
    SpecError::of_file(name, wrong.what, wrong.fix)
}

/// A file that could not be read.
pub(crate) fn unread(files: &dyn Files, path: &[u8], why: &Unread) -> SpecError {
    let wrong = match why {
        Unread::Refused(reason) => {
            Wrong::new(format!("cannot be read: {reason}"), "let it be read, or move it out of the folder")
        }
        Unread::Changed => Wrong::new("changed while it was read", "wait until the folder is complete, and try again"),
    };
    of_file(files, path, wrong)
}
