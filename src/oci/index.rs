//! Image indexes (image-spec, image-index.md): the one that lists an image's platforms, and `index.json`, which
//! names what is in the archive.

use super::Reference;
use super::content::{Annotations, CONTAINERD_NAME, Descriptor, IMAGE_INDEX};
use serde::Serialize;
use std::collections::BTreeMap;

/// Version of the image layout.
const LAYOUT_VERSION: &str = "1.0.0";

/// A list of descriptors.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Index {
    /// Where the document is the file `oci-layout` as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    image_layout_version: Option<&'static str>,
    schema_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'static str>,
    manifests: Vec<Descriptor>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: Annotations,
}

/// The index of an image for several platforms. It keeps its media type in the fewest bytes, too: a registry may refuse
/// it without, as Amazon ECR does with manifests.
pub(super) fn of_platforms(manifests: Vec<Descriptor>, annotations: Annotations) -> Index {
    Index { image_layout_version: None, schema_version: 2, media_type: Some(IMAGE_INDEX), manifests, annotations }
}

impl Index {
    /// The same without its media type: `index.json` stays in the archive, where its name says what it is.
    pub(super) fn golfed(self) -> Self {
        Self { media_type: None, ..self }
    }

    /// The same as a document that is the file `oci-layout` too: both formats say that unknown fields are ignored.
    pub(super) fn and_layout(self) -> Self {
        Self { image_layout_version: Some(LAYOUT_VERSION), ..self }
    }
}

/// `index.json`: one entry per name, all for the same image. containerd needs the full name; Skopeo and umoci need the
/// tag. With only one of them some tool finds no image, or gives it a name that it cannot run.
pub(super) fn of_layout(root: &Descriptor, references: &[Reference]) -> Index {
    let named = |reference: &Reference| {
        let annotations = Annotations::from([
            (CONTAINERD_NAME, reference.to_string()),
            ("org.opencontainers.image.ref.name", reference.tag().to_owned()),
        ]);
        Descriptor { annotations, ..root.clone() }
    };
    of_platforms(references.iter().map(named).collect(), Annotations::new())
}
