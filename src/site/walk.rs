//! A folder on disk. Links inside of it count as what they lead to; links that leave it, loops, devices and pipes are
//! left out. Paths are the bytes of the names, whatever they are.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::files::{Files, Listing, Unread, left_out};
use super::note::Note;

/// Bytes that are read at once.
const PIECE_BYTES: usize = 64 << 10;

/// A folder of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Its path.
    pub folder: PathBuf,
}

/// What tells that a file is as it was: device and number, length, times of the last change in nanoseconds.
#[derive(PartialEq, Eq)]
struct Stamp((u64, u64), u64, (i64, i64), (i64, i64));

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        let of_content = (metadata.mtime(), metadata.mtime_nsec());
        let of_anything = (metadata.ctime(), metadata.ctime_nsec());
        Self((metadata.dev(), metadata.ino()), metadata.len(), of_content, of_anything)
    }
}

impl Files for Disk {
    fn name(&self) -> &Path {
        &self.folder
    }

    fn list(&self) -> Listing {
        let mut listing = Listing::default();
        let root = match self.folder.canonicalize() {
            Ok(root) => root,
            Err(error) => {
                listing.faults.push((Vec::new(), refused(&error)));
                return listing;
            }
        };
        let mut walk = WalkDir::new(&root).follow_links(true).min_depth(1).into_iter();
        while let Some(next) = walk.next() {
            match next {
                Err(error) => failed(&root, &error, &mut listing),
                Ok(entry) if !take(&root, &entry, &mut listing) && entry.file_type().is_dir() => {
                    walk.skip_current_dir();
                }
                Ok(_) => {}
            }
        }
        listing
    }

    fn read(&self, path: &[u8], sink: &mut dyn FnMut(&[u8])) -> Result<(), Unread> {
        let mut file = File::open(self.folder.join(OsStr::from_bytes(path))).map_err(|error| refused(&error))?;
        let before = file.metadata().map_err(|error| refused(&error))?;
        if !before.is_file() {
            return Err(Unread::Changed);
        }
        let (mut piece, mut bytes) = (vec![0; PIECE_BYTES], 0);
        loop {
            match file.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => {
                    bytes += read as u64;
                    sink(&piece[..read]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(refused(&error)),
            }
        }
        let after = file.metadata().map_err(|error| refused(&error))?;
        let is_same = Stamp::of(&before) == Stamp::of(&after) && bytes == before.len();
        if is_same { Ok(()) } else { Err(Unread::Changed) }
    }
}

/// Path of a file from the root on.
fn relative(root: &Path, path: &Path) -> Vec<u8> {
    path.strip_prefix(root).unwrap_or(path).as_os_str().as_bytes().to_vec()
}

fn refused(error: &io::Error) -> Unread {
    Unread::Refused(match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => error.to_string(),
    })
}

/// Notes a file, or why it is left out. Is the content of a folder looked at?
fn take(root: &Path, entry: &DirEntry, listing: &mut Listing) -> bool {
    let path = relative(root, entry.path());
    if let Some(why) = left_out(&path).or_else(|| strange_link(root, entry)).or_else(|| no_file(entry)) {
        listing.notes.insert(Note::left_out(&path, why));
        return false;
    }
    if entry.file_type().is_file() {
        match entry.metadata() {
            Ok(metadata) => drop(listing.files.insert(path, metadata.len())),
            Err(error) => listing.faults.push((path, Unread::Refused(error.to_string()))),
        }
    }
    true
}

/// Does a link leave the root?
fn strange_link(root: &Path, entry: &DirEntry) -> Option<&'static str> {
    let leaves = || !entry.path().canonicalize().is_ok_and(|real| real.starts_with(root));
    (entry.path_is_symlink() && leaves()).then_some("it is a link that leaves the folder")
}

fn no_file(entry: &DirEntry) -> Option<&'static str> {
    let kind = entry.file_type();
    match (kind.is_fifo(), kind.is_socket()) {
        (true, _) => Some("it is a pipe"),
        (_, true) => Some("it is a socket"),
        _ if kind.is_file() || kind.is_dir() => None,
        _ => Some("it is a device"),
    }
}

/// A link that leads nowhere or in a circle is left out; what cannot be read is a fault.
fn failed(root: &Path, error: &walkdir::Error, listing: &mut Listing) {
    let path = error.path().unwrap_or(root);
    let name = relative(root, path);
    let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    if let Some(why) = left_out(&name).filter(|_| !name.is_empty()) {
        listing.notes.insert(Note::left_out(&name, why));
    } else if error.loop_ancestor().is_some() {
        listing.notes.insert(Note::left_out(&name, "it is a link to a folder that it is in"));
    } else if is_link {
        listing.notes.insert(Note::left_out(&name, "it is a link that leads nowhere"));
    } else {
        let why = error.io_error().map_or_else(|| Unread::Refused(error.to_string()), refused);
        listing.faults.push((name, why));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn folder(files: &[&[u8]]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for path in files {
            let path = folder.path().join(OsStr::from_bytes(path));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "content").unwrap();
        }
        folder
    }

    fn listing(folder: &tempfile::TempDir) -> (Vec<Vec<u8>>, Vec<String>) {
        let listing = Disk { folder: folder.path().to_path_buf() }.list();
        assert_eq!(listing.faults, []);
        (listing.files.into_keys().collect(), listing.notes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn names_are_bytes() {
        let names: [&[u8]; 5] = [b"\xff", b"a\nb", b"d/e\xcc\x81", b"d/\xc3\xa9", b"x y"];
        let folder = folder(&names);
        let mut sorted = names.map(<[u8]>::to_vec);
        sorted.sort();
        assert_eq!(listing(&folder), (sorted.to_vec(), Vec::new()));
        let disk = Disk { folder: folder.path().to_path_buf() };
        assert!(names.iter().all(|name| disk.content(name).unwrap() == b"content"));
    }

    #[test]
    fn links_inside_are_files() {
        let folder = folder(&[b"a/x", b".git/config"]);
        symlink("a", folder.path().join("b")).unwrap();
        symlink("../a/x", folder.path().join("a/y")).unwrap();
        symlink(folder.path(), folder.path().join("a/up")).unwrap();
        symlink("/etc/hostname", folder.path().join("out")).unwrap();
        symlink("/etc", folder.path().join("etc")).unwrap();
        symlink("nowhere", folder.path().join("lost")).unwrap();
        symlink("me", folder.path().join("me")).unwrap();
        let (files, notes) = listing(&folder);
        assert_eq!(files, [b"a/x", b"a/y", b"b/x", b"b/y"]);
        let notes: Vec<&str> = notes.iter().map(String::as_str).collect();
        assert_eq!(
            notes,
            [
                ".git: left out: its name begins with a dot",
                "a/up: left out: it is a link to a folder that it is in",
                "b/up: left out: it is a link to a folder that it is in",
                "etc: left out: it is a link that leaves the folder",
                "lost: left out: it is a link that leads nowhere",
                "me: left out: it is a link that leads nowhere",
                "out: left out: it is a link that leaves the folder",
            ]
        );
    }

    #[test]
    fn what_is_no_file_is_left_out() {
        let folder = folder(&[b"a"]);
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, folder.path().join("pipe"), rustix::fs::Mode::RUSR).unwrap();
        assert_eq!(
            listing(&folder),
            (
                vec![b"a".to_vec()],
                vec!["pipe: left out: it is a pipe".into(), "socket: left out: it is a socket".into()]
            )
        );
    }

    #[test]
    fn a_file_that_changes_meanwhile_is_noticed() {
        let folder = folder(&[b"a"]);
        let disk = Disk { folder: folder.path().to_path_buf() };
        let mut change = |_: &[u8]| fs::write(folder.path().join("a"), "other content").unwrap();
        assert_eq!(disk.read(b"a", &mut change), Err(Unread::Changed));
        assert_eq!(disk.read(b"a", &mut |_| ()), Ok(()));
        fs::remove_file(folder.path().join("a")).unwrap();
        assert_eq!(disk.read(b"a", &mut |_| ()), Err(Unread::Refused("no such file".to_owned())));
    }
}
