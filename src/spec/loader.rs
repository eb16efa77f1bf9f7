//! Where the files that a spec names come from: the disk, or this executable.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::Wrong;

/// Reads the files that a spec names.
pub trait Loader {
    /// The content of a file of at most `max` bytes; the path is as the spec has it.
    fn load(&self, path: &Path, max: usize) -> Result<Vec<u8>, Wrong>;

    /// Is there anything of that name?
    fn has(&self, path: &Path) -> bool;
}

/// Files on disk; their paths are relative to the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The folder of the spec.
    pub folder: PathBuf,
}

impl Disk {
    /// Files beside that one.
    pub fn beside(file: &Path) -> Self {
        Self { folder: file.parent().unwrap_or(Path::new("")).to_path_buf() }
    }
}

impl Loader for Disk {
    fn load(&self, path: &Path, max: usize) -> Result<Vec<u8>, Wrong> {
        let place = self.folder.join(path);
        read(&place, max).map_err(|reason| Wrong::new(format!("cannot read {}: {reason}", place.display()), REMEDY))
    }

    fn has(&self, path: &Path) -> bool {
        self.folder.join(path).exists()
    }
}

/// What to do about a file that cannot be read.
pub(super) const REMEDY: &str = "name a regular file that can be read";

/// The content of a regular file of at most `max` bytes, or why it cannot be had.
pub(super) fn read(path: &Path, max: usize) -> Result<Vec<u8>, String> {
    let metadata = path.metadata().map_err(|error| reason(&error))?;
    if !metadata.is_file() {
        // A pipe or a device may never end.
        return Err(format!("it is a {}", if metadata.is_dir() { "folder" } else { "device" }));
    }
    let too_large = || Err(format!("it is larger than {max} bytes"));
    if metadata.len() > max as u64 {
        return too_large();
    }
    // One byte more than allowed shows that there is too much, even where the file grows meanwhile.
    let mut content = Vec::with_capacity(metadata.len() as usize);
    let read = File::open(path).and_then(|file| file.take(max as u64 + 1).read_to_end(&mut content));
    read.map_err(|error| reason(&error))?;
    if content.len() > max { too_large() } else { Ok(content) }
}

/// Files in this executable, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded(pub &'static [(&'static str, &'static [u8])]);

impl Loader for Embedded {
    fn load(&self, path: &Path, _max: usize) -> Result<Vec<u8>, Wrong> {
        let found = self.0.iter().find(|(name, _)| Path::new(name) == path);
        found.map(|(_, content)| content.to_vec()).ok_or_else(|| {
            let names: Vec<&str> = self.0.iter().map(|&(name, _)| name).collect();
            Wrong::new(format!("{} is not embedded", path.display()), format!("embedded: {}", names.join(", ")))
        })
    }

    fn has(&self, path: &Path) -> bool {
        self.0.iter().any(|(name, _)| Path::new(name) == path)
    }
}

/// An error of the operating system, in words that are the same everywhere for the common ones.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disk_files_are_relative_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.txt"), "1234").unwrap();
        let disk = Disk::beside(&folder.path().join("spec.toml"));
        assert_eq!(disk.load(Path::new("a.txt"), 4).unwrap(), b"1234");
        assert!(disk.has(Path::new("a.txt")) && !disk.has(Path::new("b.txt")));
        assert!(disk.load(Path::new("a.txt"), 3).unwrap_err().what.ends_with("a.txt: it is larger than 3 bytes"));
        assert!(disk.load(Path::new("b.txt"), 3).unwrap_err().what.ends_with("b.txt: no such file"));
        assert!(disk.load(Path::new("."), 3).unwrap_err().what.ends_with("it is a folder"));
        assert!(disk.load(Path::new("/dev/zero"), 3).unwrap_err().what.ends_with("it is a device"));
    }

    #[test]
    fn embedded_files_are_found_by_name() {
        let embedded = Embedded(&[("a.txt", b"a")]);
        assert_eq!(embedded.load(Path::new("a.txt"), 0).unwrap(), b"a");
        assert!(embedded.load(Path::new("b.txt"), 0).unwrap_err().to_string().contains("embedded: a.txt"));
    }
}
