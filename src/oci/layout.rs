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
pub(super) fn write(blobs: Blobs, index: &Index, docker: &[Entry; 1]) -> Vec<u8> {
    let folders = Tar::default().folder("blobs/").folder("blobs/sha256/");
    with_blobs(folders, blobs)
        .file("index.json", DOCUMENT_MODE, &json(index))
        .file("manifest.json", DOCUMENT_MODE, &json(docker))
        .file("oci-layout", DOCUMENT_MODE, OCI_LAYOUT)
        .finish()
}

/// Each blob goes as soon as it is in the archive.
fn with_blobs(tar: Tar, blobs: Blobs) -> Tar {
    let add =
        |tar: Tar, (hex, bytes): (String, Vec<u8>)| tar.file(&blob_path(&format!("sha256:{hex}")), BLOB_MODE, &bytes);
    blobs.0.into_iter().fold(tar, add)
}

/// Writes the archive in the fewest blocks: no folders, no end. For a single platform the layout file is a link to the
/// index. containerd does not follow links: it reads the archive as Docker's, and finds the same image. Several
/// platforms it would not find so.
pub(super) fn write_golf(blobs: Blobs, index: Index, docker: &[Entry; 1], has_one_platform: bool) -> Vec<u8> {
    let index = if has_one_platform { index.golfed().and_layout() } else { index.golfed() };
    let documents = Tar::default().file("index.json", DOCUMENT_MODE, &json(&index));
    let documents = if has_one_platform {
        documents.link("oci-layout", "index.json")
    } else {
        documents.file("oci-layout", DOCUMENT_MODE, OCI_LAYOUT)
    };
    let documents = documents.file("manifest.json", DOCUMENT_MODE, &json(docker));
    with_blobs(documents, blobs).without_end()
}
