//! `manifest.json`, the table of contents of `docker save` archives. Dockers that keep images without containerd
//! read nothing else; the OCI tools ignore it.

use super::Reference;
use super::content::blob_path;
use super::manifest::PlatformBlobs;
use serde::Serialize;

/// One image of the archive.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    config: String,
    repo_tags: Vec<String>,
    layers: [String; 1],
}

/// The table of contents: one image, as these Dockers load every entry, and Skopeo takes no more than one. Names are
/// written in full, lest Podman put `localhost/` before them.
pub(super) fn of(primary: &PlatformBlobs, references: &[Reference]) -> [Entry; 1] {
    [Entry {
        config: blob_path(&primary.config.digest),
        repo_tags: references.iter().map(ToString::to_string).collect(),
        layers: [blob_path(&primary.layer.digest)],
    }]
}
