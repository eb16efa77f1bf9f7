//! The library as other programs use it: `examples/site.rs`.

#[path = "../../examples/site.rs"]
#[expect(dead_code, unreachable_pub, reason = "it is a program of its own, with a `main`")]
mod site;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use asmgen::{AARCH64, Target, X86_64};

use crate::harness::http::get;
use crate::harness::server::{Server, free_port};
use crate::harness::tool::succeed;

/// Unpacks an archive and its layers, and returns the executables.
fn unpacked(archive: &Path) -> Vec<PathBuf> {
    let folder = archive.parent().unwrap();
    succeed(Command::new("tar").arg("xf").arg(archive).arg("-C").arg(folder));
    let layer = |blob: fs::DirEntry| {
        let to = folder.join(blob.file_name()).with_extension("layer");
        fs::create_dir(&to).unwrap();
        let unpacked = Command::new("tar").arg("xzf").arg(blob.path()).arg("-C").arg(&to).output().unwrap();
        unpacked.status.success().then(|| to.join("site"))
    };
    fs::read_dir(folder.join("blobs/sha256")).unwrap().filter_map(|blob| layer(blob.unwrap())).collect()
}

fn is_for(file: &Path, target: &Target) -> bool {
    // `e_machine`.
    fs::read(file).unwrap()[0x12..0x14] == target.machine_number.to_le_bytes()
}

#[test]
fn a_folder_becomes_an_image_that_serves_it() {
    let folder = tempfile::tempdir().unwrap();
    let (site, archive) = (folder.path().join("site"), folder.path().join("site.tar"));
    fs::create_dir_all(site.join("a b")).unwrap();
    fs::write(site.join("index.html"), "<p>Hello").unwrap();
    fs::write(site.join("a b/100%.css"), "p { color: red }").unwrap();
    site::pack(&site, &archive).unwrap();
    let files = unpacked(&archive);
    let [file, _] = [&X86_64, &AARCH64].map(|target| files.iter().find(|file| is_for(file, target)).expect("a layer"));
    let port = free_port();
    let server = Server::run_under(&["env", &format!("PORT={port}")], file, port);
    for (path, content) in [
        ("/", "<p>Hello"),
        ("/index.html", "<p>Hello"),
        ("/a%20b/100%25.css", "p { color: red }"),
        ("/healthz", "ok\n"),
    ] {
        let reply = String::from_utf8(get(server.port, path)).unwrap();
        assert!(
            reply.starts_with("HTTP/1.1 200 ") && reply.ends_with(&format!("\r\n\r\n{content}")),
            "{path}: {reply}"
        );
    }
}
