//! The files of a virtual machine: an archive that the kernel unpacks into memory and runs `/init` from
//! (Documentation/driver-api/early-userspace/buffer-format.rst, format `newc`).

use std::fs;

use crate::harness::tool::{root, succeed, tool};

/// Type and permissions of an entry (inode(7)).
const FOLDER: u32 = 0o040_755;
const EXECUTABLE: u32 = 0o100_755;
const DEVICE: u32 = 0o020_666;

/// An archive that is being written.
struct Archive(Vec<u8>);

/// The archive of these files, which every user can read and execute, of `/init`, and of the devices that all programs
/// need.
pub(super) fn initramfs(compiler: &str, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = Archive(Vec::new());
    archive.entry("dev", FOLDER, (0, 0), &[]);
    // Documentation/admin-guide/devices.txt.
    archive.entry("dev/console", DEVICE, (5, 1), &[]);
    archive.entry("dev/null", DEVICE, (1, 3), &[]);
    archive.entry("init", EXECUTABLE, (0, 0), &init(compiler));
    for (path, content) in files {
        archive.entry(path, EXECUTABLE, (0, 0), content);
    }
    archive.entry("TRAILER!!!", 0, (0, 0), &[]);
    archive.0
}

impl Archive {
    fn entry(&mut self, path: &str, mode: u32, (major, minor): (u32, u32), content: &[u8]) {
        let (content_bytes, name_bytes) = (content.len() as u32, path.len() as u32 + 1);
        // c_ino, c_mode, c_uid, c_gid, c_nlink, c_mtime, c_filesize, c_maj, c_min, c_rmaj, c_rmin, c_namesize, c_chksum
        let fields = [0, mode, 0, 0, 1, 0, content_bytes, 0, 0, major, minor, name_bytes, 0];
        self.0.extend(b"070701");
        self.0.extend(fields.iter().flat_map(|field| format!("{field:08x}").into_bytes()));
        self.0.extend(path.as_bytes());
        self.0.push(0);
        self.pad();
        self.0.extend(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }
}

/// The first process, compiled from tests/kernels.
pub(super) fn init(compiler: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (file, sources) = (folder.path().join("init"), root().join("tests/kernels"));
    let mut command = tool(compiler);
    command.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-static", "-o"]).arg(&file);
    command.args(["init.c", "guest.c"].map(|name| sources.join(name)));
    succeed(&mut command);
    fs::read(&file).unwrap()
}
