//! apt, with folders of its own: it asks whether an index has changed, and goes on with a package that it has a part
//! of.

use std::path::Path;
use std::process::Command;

use sha2::{Digest, Sha256};

use super::{Site, write_modified};
use crate::harness::random::Random;
use crate::harness::tool::{succeed, tool};

/// Content of the package, and how much of it is there already.
const BYTES: usize = 200_000;
const PART_BYTES: usize = 50_000;

const CONTROL: &str =
    "Package: tiny\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: nothing\n";

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn package() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("tiny");
    std::fs::create_dir_all(root.join("DEBIAN")).unwrap();
    std::fs::write(root.join("DEBIAN/control"), CONTROL).unwrap();
    std::fs::write(root.join("data"), Random::new(1).bytes(BYTES)).unwrap();
    succeed(tool("dpkg-deb").args(["-Znone", "--build", "tiny"]).current_dir(folder.path()));
    std::fs::read(folder.path().join("tiny.deb")).unwrap()
}

/// apt that sees this folder and nothing of the machine's own.
fn apt(folder: &Path) -> Command {
    let mut command = tool("apt-get");
    command.env("APT_CONFIG", "/dev/null").env("LC_ALL", "C").current_dir(folder);
    let folder = folder.display();
    let settings = [
        format!("Dir={folder}"),
        format!("Dir::State={folder}/state"),
        format!("Dir::State::status={folder}/status"),
        format!("Dir::Cache={folder}/cache"),
        format!("Dir::Etc={folder}/etc"),
        "Dir::Etc::sourceparts=-".to_owned(),
        "Dir::Bin::methods=/usr/lib/apt/methods".to_owned(),
        // The user _apt may not write where tests do.
        "APT::Sandbox::User=".to_owned(),
        "APT::Architecture=amd64".to_owned(),
        "Acquire::Languages=none".to_owned(),
        "Acquire::http::Proxy=DIRECT".to_owned(),
        "Acquire::Retries=0".to_owned(),
    ];
    command.args(settings.iter().flat_map(|setting| ["-o", setting]));
    command
}

#[test]
fn asks_for_what_is_new_and_for_the_rest() {
    let package = package();
    let packages =
        format!("{CONTROL}Filename: tiny.deb\nSize: {}\nSHA256: {}\n", package.len(), sha256(&package)).into_bytes();
    let release =
        format!("Date: Sat, 31 Jan 2026 12:00:00 UTC\nSHA256:\n {} {} Packages\n", sha256(&packages), packages.len());
    let site = Site::new(&[("Release", release.as_bytes()), ("Packages", &packages), ("tiny.deb", &package)]);
    for folder in ["state/lists/partial", "cache/archives/partial", "etc/preferences.d"] {
        std::fs::create_dir_all(site.path(folder)).unwrap();
    }
    std::fs::write(site.path("status"), "").unwrap();
    std::fs::write(site.path("etc/sources.list"), format!("deb [trusted=yes] {} ./\n", site.url(""))).unwrap();
    let folder = site.client.path();
    succeed(apt(folder).arg("update"));
    succeed(apt(folder).arg("update"));
    write_modified(&site.path("cache/archives/partial/tiny_1_all.deb"), &package[..PART_BYTES]);
    succeed(apt(folder).args(["-y", "--download-only", "install", "tiny"]));
    let whole = std::fs::read(site.path("cache/archives/tiny_1_all.deb")).unwrap();
    assert!(whole == package, "the package is another one");
    let log: Vec<String> = site.log().into_iter().filter(|line| !line.contains(" 404 ")).collect();
    let expected = [
        format!("/./Release 200 {}", release.len()),
        format!("/./Packages 200 {}", packages.len()),
        "/./Release 304 0".to_owned(),
        format!("/tiny.deb 206 {}", package.len() - PART_BYTES),
    ];
    assert_eq!(log, expected);
}
