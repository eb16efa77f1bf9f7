//! The image manifest (image-spec, manifest.md) and what it points to.

use super::config::Config;
use super::content::{Annotations, Blobs, Descriptor, IMAGE_CONFIG, IMAGE_MANIFEST, LAYER_TAR_GZIP, Platform, digest};
use super::tar::{self, Tar};
use super::{ImageRequest, PlatformBinary, labels};
use crate::compress::gzip;
use serde::Serialize;

/// Every user may read and run the program, none may change it. 0111 would do for most runtimes, but the file could not
/// be copied out.
const PROGRAM_MODE: u32 = 0o555;

/// The blobs of one platform.
#[derive(Debug)]
pub(super) struct PlatformBlobs {
    /// The manifest, with its platform.
    pub(super) manifest: Descriptor,
    /// The configuration.
    pub(super) config: Descriptor,
    /// The layer.
    pub(super) layer: Descriptor,
    /// Length of the executable in bytes.
    pub(super) program_bytes: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    schema_version: u32,
    /// Optional in image-spec; Amazon ECR refuses a manifest without it.
    media_type: &'static str,
    config: &'a Descriptor,
    layers: [&'a Descriptor; 1],
    #[serde(skip_serializing_if = "Annotations::is_empty")]
    annotations: Annotations,
}

/// Adds the layer, the configuration and the manifest of one platform.
pub(super) fn add_platform(blobs: &mut Blobs, request: &ImageRequest, binary: &PlatformBinary) -> PlatformBlobs {
    let full = Platform::of(binary.target);
    let platform = if request.is_golf { full.without_variant() } else { full };
    let (layer_tar, packed) = layer(request, binary);
    let layer = blobs.add(LAYER_TAR_GZIP, packed);
    let config = blobs.add_json(IMAGE_CONFIG, &Config::new(request, platform.clone(), digest(&layer_tar)));
    let document = Manifest {
        schema_version: 2,
        media_type: IMAGE_MANIFEST,
        config: &config,
        layers: [&layer],
        annotations: labels::of(request),
    };
    let manifest = Descriptor { platform: Some(platform), ..blobs.add_json(IMAGE_MANIFEST, &document) };
    PlatformBlobs { manifest, config, layer, program_bytes: binary.bytes.len() }
}

/// The layer, and the same compressed.
fn layer(request: &ImageRequest, binary: &PlatformBinary) -> (Vec<u8>, Vec<u8>) {
    if request.is_golf {
        let layer = tar::bare(&request.name, PROGRAM_MODE, &binary.bytes);
        let packed = gzip::compress_smallest(&layer);
        return (layer, packed);
    }
    let layer = Tar::default().file(&request.name, PROGRAM_MODE, &binary.bytes).finish();
    let packed = gzip::compress(&layer);
    (layer, packed)
}
