//! zsync: it has an old file, and asks for the parts that are new, several ranges in one request.

use super::Site;
use crate::harness::random::Random;
use crate::harness::tool::{succeed, tool};

const BYTES: usize = 300_000;
/// Three changes of so many bytes.
const CHANGED_BYTES: usize = 3000;
const CHANGES: [usize; 3] = [50_000, 120_000, 200_000];

#[test]
fn fetches_what_is_new() {
    let mut random = Random::new(2026);
    let new = random.bytes(BYTES);
    let mut old = new.clone();
    for at in CHANGES {
        old[at..at + CHANGED_BYTES].copy_from_slice(&random.bytes(CHANGED_BYTES));
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data"), &new).unwrap();
    // Relative: where the server is, is not known yet.
    let make = ["-u", "data", "-o", "data.zsync", "data"];
    succeed(tool("zsyncmake").args(make).current_dir(folder.path()));
    let index = std::fs::read(folder.path().join("data.zsync")).unwrap();
    let site = Site::new(&[("data", &new), ("data.zsync", &index)]);
    std::fs::write(site.path("old"), old).unwrap();
    let zsync = ["-i", "old", "-o", "new", &site.url("data.zsync")];
    succeed(tool("timeout").args(["60", "zsync"]).args(zsync).current_dir(site.client.path()));
    assert!(std::fs::read(site.path("new")).unwrap() == new, "the file is another one");
    let log = site.log();
    let parts: Vec<usize> =
        log.iter().filter_map(|line| line.strip_prefix("/data 206 ")).map(|bytes| bytes.parse().unwrap()).collect();
    let fetched: usize = parts.iter().sum();
    assert_eq!(parts.len() + 1, log.len(), "it asks for the index, then for parts alone: {log:?}");
    assert!(parts.len() >= CHANGES.len(), "{log:?}");
    assert!((CHANGES.len() * CHANGED_BYTES..BYTES / 10).contains(&fetched), "{fetched} bytes: {log:?}");
}
