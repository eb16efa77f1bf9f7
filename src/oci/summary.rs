//! What to tell about a finished image: names, digests, sizes.

use super::Reference;
use super::content::Descriptor;
use super::manifest::PlatformBlobs;
use std::fmt::{self, Display};

/// A blob: its digest and its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// `sha256:` and 64 hex digits.
    pub digest: String,
    /// Length in bytes.
    pub bytes: usize,
}

/// The blobs of one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformSummary {
    /// The machine, `linux/arm64/v8`.
    pub platform: String,
    /// The manifest.
    pub manifest: Content,
    /// The configuration; its digest is Docker's image id.
    pub config: Content,
    /// The layer as it is stored, compressed.
    pub layer: Content,
    /// Length of the executable in bytes: what `docker images` shows where it counts files.
    pub program_bytes: usize,
}

/// A finished image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its full names, `docker.io/library/page:latest`.
    pub references: Vec<String>,
    /// What the names point to: the index, or the only platform's manifest. Its digest is the one a registry shows.
    pub root: Content,
    /// The platforms in the order of the request.
    pub platforms: Vec<PlatformSummary>,
    /// Length of the tar file in bytes.
    pub tar_bytes: usize,
    /// Length of all blobs in bytes: what a registry is sent.
    pub content_bytes: usize,
}

impl Content {
    fn of(descriptor: &Descriptor) -> Self {
        Self { digest: descriptor.digest.clone(), bytes: descriptor.size }
    }
}

impl Summary {
    pub(super) fn new(
        root: &Descriptor,
        platforms: &[PlatformBlobs],
        references: &[Reference],
        [tar_bytes, content_bytes]: [usize; 2],
    ) -> Self {
        let platform = |blobs: &PlatformBlobs| PlatformSummary {
            platform: blobs.manifest.platform.as_ref().map(ToString::to_string).unwrap_or_default(),
            manifest: Content::of(&blobs.manifest),
            config: Content::of(&blobs.config),
            layer: Content::of(&blobs.layer),
            program_bytes: blobs.program_bytes,
        };
        Self {
            references: references.iter().map(ToString::to_string).collect(),
            root: Content::of(root),
            platforms: platforms.iter().map(platform).collect(),
            tar_bytes,
            content_bytes,
        }
    }
}

impl Display for Summary {
    /// One line per blob: what it is, its digest, its length in bytes.
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let mut line =
            |what: &str, content: &Content| writeln!(out, "{what:<24} {} {:>7} bytes", content.digest, content.bytes);
        if self.platforms.len() > 1 {
            line("index", &self.root)?;
        }
        for PlatformSummary { platform, manifest, config, layer, .. } in &self.platforms {
            line(&format!("{platform} manifest"), manifest)?;
            line(&format!("{platform} config"), config)?;
            line(&format!("{platform} layer"), layer)?;
        }
        let names = self.references.join(" ");
        write!(out, "{names}: {} bytes of content in {} bytes of tar", self.content_bytes, self.tar_bytes)
    }
}
