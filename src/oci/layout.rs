//! The archive: an OCI image layout (image-spec, image-layout.md) that is a `docker save` archive as well. Docker 29
//! writes this very shape. `index.json` has one entry, which nests the platforms: flat entries of one name make
//! containerd take the last one, whatever its machine.

use super::content::{Blobs, blob_path, json};
use super::docker::Entry;
use super::index::Index;
use super::tar::Tar;

const BLOB_MODE: u32 = 0o444;
const DOCUMENT_MODE: u32 = 0o644;
const OCI_LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// Writes the archive, entries in a fixed order.
pub(super) fn write(blobs: &Blobs, index: &Index, docker: &[Entry; 1]) -> Vec<u8> {
    let folders = Tar::default().folder("blobs/").folder("blobs/sha256/");
    let with_blobs = blobs
        .0
        .iter()
        .fold(folders, |tar, (hex, bytes)| tar.file(&blob_path(&format!("sha256:{hex}")), BLOB_MODE, bytes));
    with_blobs
        .file("index.json", DOCUMENT_MODE, &json(index))
        .file("manifest.json", DOCUMENT_MODE, &json(docker))
        .file("oci-layout", DOCUMENT_MODE, OCI_LAYOUT)
        .finish()
}
