//! Content by its digest: blobs, and the descriptors that point to them (image-spec, descriptor.md).

use asmgen_arch::Target;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};

/// Media type of an image index.
pub(super) const IMAGE_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Media type of an image manifest.
pub(super) const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of an image configuration.
pub(super) const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// Media type of a layer.
pub(super) const LAYER_TAR_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Annotation of an entry of `index.json`: the full name by which containerd knows the image.
pub(super) const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// Annotations: sorted by key, as Go writes its maps.
pub(super) type Annotations = BTreeMap<&'static str, String>;

/// Points to a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    /// What the blob is.
    pub(super) media_type: &'static str,
    /// `sha256:` and 64 hex digits.
    pub(super) digest: String,
    /// Its length in bytes.
    pub(super) size: usize,
    /// The machine a manifest is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) platform: Option<Platform>,
    /// The image's names, in `index.json`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: Annotations,
}

/// A machine in OCI's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Platform {
    architecture: &'static str,
    os: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'static str>,
}

impl Platform {
    /// The platform of a target.
    pub(super) fn of(target: &Target) -> Self {
        Self { architecture: target.oci_architecture, os: "linux", variant: target.oci_variant }
    }
}

impl Platform {
    /// Without the variant: `arm64` alone means v8 to every tool.
    pub(super) fn without_variant(self) -> Self {
        Self { variant: None, ..self }
    }
}

impl Display for Platform {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}/{}", self.os, self.architecture)?;
        self.variant.map_or(Ok(()), |variant| write!(out, "/{variant}"))
    }
}

/// The blobs of an image: the hex digits of their digests, in order, and their bytes.
#[derive(Debug, Default)]
pub(super) struct Blobs(pub(super) BTreeMap<String, Vec<u8>>);

impl Blobs {
    /// Adds a blob and points to it.
    pub(super) fn add(&mut self, media_type: &'static str, bytes: Vec<u8>) -> Descriptor {
        let (hex, size) = (sha256_hex(&bytes), bytes.len());
        let digest = format!("sha256:{hex}");
        self.0.insert(hex, bytes);
        Descriptor { media_type, digest, size, platform: None, annotations: Annotations::new() }
    }

    /// Bytes of all blobs: what a registry is sent.
    pub(super) fn total_bytes(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Adds a document as compact JSON and points to it.
    pub(super) fn add_json(&mut self, media_type: &'static str, document: &impl Serialize) -> Descriptor {
        self.add(media_type, json(document))
    }
}

/// A document as compact JSON: keys in the order of the struct, no white space.
pub(super) fn json(document: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(document).expect("documents have string keys only")
}

/// Path of a blob in an image layout.
pub(super) fn blob_path(digest: &str) -> String {
    format!("blobs/{}", digest.replacen(':', "/", 1))
}

/// The digest of some bytes, `sha256:` and 64 hex digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256_hex(bytes))
}

fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("strings grow");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_and_paths() {
        // FIPS 180-2, appendix B.1.
        let abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest(b"abc"), abc);
        assert_eq!(blob_path(abc), "blobs/sha256/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn platforms_are_named_as_docker_names_them() {
        let name = |target: &str| Platform::of(Target::by_name(target).unwrap()).to_string();
        assert_eq!(name("x86_64"), "linux/amd64");
        assert_eq!(name("aarch64"), "linux/arm64/v8");
        assert_eq!(name("i386"), "linux/386");
    }
}
