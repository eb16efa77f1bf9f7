//! The OCI image around the executables, as one tar file that every tool loads. These are Docker (with and without
//! containerd), Podman, Skopeo, Buildah, containerd, kind, ORAS and crane; for one platform umoci, too.
//!
//! The tar is an OCI image layout and a `docker save` archive at once; `layout.rs` says how.

pub mod created;
pub mod reference;
pub mod summary;

mod config;
mod content;
mod docker;
pub(crate) mod healthcheck;
mod index;
mod labels;
mod layout;
mod manifest;
mod tar;
#[cfg(test)]
mod tests;
mod written;

pub use created::created_epoch_from_env;
pub use reference::Reference;
pub use summary::{Content, PlatformSummary, Summary};
pub use written::reference_of;

use crate::spec::{About, Description, Program};
use asmgen_arch::{TARGETS, Target};
use content::{Blobs, Descriptor, IMAGE_INDEX};
use manifest::PlatformBlobs;

/// User and group of the program in its container, by number. The kubelet cannot tell whether a name is root, and an
/// image without `/etc/passwd` has no names. 65532 is the `nonroot` of the distroless images.
pub const USER: &str = "65532:65532";

/// An executable and the machine it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformBinary {
    /// The machine.
    pub target: &'static Target,
    /// The file.
    pub bytes: Vec<u8>,
}

/// All that goes into an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRequest {
    /// File name of the executable, in the root folder of the image; also the image's name where `tags` gives none.
    pub name: String,
    /// Facts for labels and annotations.
    pub about: About,
    /// The executables; the first is the one that a Docker without containerd loads, as it keeps one platform only.
    pub platforms: Vec<PlatformBinary>,
    /// TCP port the program listens on, if it does.
    pub port: Option<u16>,
    /// Has the executable a command `healthcheck`?
    pub has_healthcheck: bool,
    /// Names of the image, `NAME:TAG`; none means the program's name with the tag `latest`. More than one makes
    /// Skopeo ask which one is meant.
    pub tags: Vec<String>,
    /// Date of the image in seconds since 1970-01-01T00:00:00Z.
    pub created_epoch_s: u64,
    /// In as few bytes as tools load: without date, labels, ports and health check, and without the archive's end.
    pub is_golf: bool,
}

impl ImageRequest {
    /// The image of a described program.
    pub fn new(
        description: &Description,
        platforms: Vec<PlatformBinary>,
        tags: Vec<String>,
        created_epoch_s: u64,
    ) -> Self {
        let (name, about) = (description.name.clone(), description.about.clone());
        let (port, has_healthcheck) = (tcp_port(&description.program), description.program.has_healthcheck());
        Self { name, about, platforms, port, has_healthcheck, tags, created_epoch_s, is_golf: false }
    }
}

/// The TCP port a program listens on, if it does.
pub(crate) fn tcp_port(program: &Program) -> Option<u16> {
    program.listen().map(|listen| listen.port)
}

/// A finished image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// The tar file.
    pub tar: Vec<u8>,
    /// What is in it.
    pub summary: Summary,
}

/// Why an image cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OciError {
    /// The request has no executable.
    #[error("an image needs an executable for at least one platform")]
    NoPlatform,
    /// Two executables for one machine: an index cannot tell them apart.
    #[error("the platform {0} is given twice; give each platform once")]
    PlatformTwice(String),
    /// An executable without bytes.
    #[error("the executable for {0} is empty")]
    EmptyBinary(String),
    /// A name that no registry takes.
    #[error("`{text}` is not an image name: {why}; write NAME:TAG, such as `page:1.0` or `ghcr.io/acme/page:1.0`")]
    BadReference {
        /// The name as given.
        text: String,
        /// Which rule it breaks.
        why: &'static str,
    },
    /// The same name twice, after `docker.io/library/` and `:latest` were added.
    #[error("the image name {0} is given twice; give each name once")]
    ReferenceTwice(String),
    /// A file that holds no image.
    #[error("it is not an image that `asmgen image` writes: {0}")]
    BadArchive(&'static str),
    /// A date that is not a count of seconds.
    #[error(
        "SOURCE_DATE_EPOCH is `{0}`; it must be a whole number of seconds since 1970-01-01T00:00:00Z, \
         from 0 to {max} (the year 9999)",
        max = crate::date::LAST_EPOCH_S
    )]
    BadEpoch(String),
}

/// Builds the image. The same request gives the same bytes.
///
/// ```
/// use asmgen::oci::{ImageRequest, PlatformBinary, build};
/// use asmgen::{Options, X86_64};
///
/// let description = asmgen::spec::default_description();
/// let bytes = asmgen::build(&description, Options::new(&X86_64))?.bytes;
/// let platforms = vec![PlatformBinary { target: &X86_64, bytes }];
/// let request = ImageRequest::new(&description, platforms, vec!["page:1.0".into()], 0);
/// let archive = build(&request)?;
/// assert_eq!(archive.summary.references, ["docker.io/library/page:1.0"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn build(request: &ImageRequest) -> Result<Archive, OciError> {
    let references = reference::all(&request.name, &request.tags)?;
    check(&request.platforms)?;
    let mut blobs = Blobs::default();
    let platforms: Vec<_> =
        request.platforms.iter().map(|binary| manifest::add_platform(&mut blobs, request, binary)).collect();
    let root = match platforms.as_slice() {
        // It is the only one, so no tool reads its platform.
        [only] if request.is_golf => Descriptor { platform: None, ..only.manifest.clone() },
        [only] => only.manifest.clone(),
        several => {
            let index = index::of_platforms(in_fixed_order(request, several), labels::of(request));
            blobs.add_json(IMAGE_INDEX, &index)
        }
    };
    let (index, docker) = (index::of_layout(&root, &references), docker::of(&platforms[0], &references));
    let content_bytes = blobs.total_bytes();
    let tar = if request.is_golf {
        layout::write_golf(blobs, index, &docker, platforms.len() == 1)
    } else {
        layout::write(blobs, &index, &docker)
    };
    let summary = Summary::new(&root, &platforms, &references, [tar.len(), content_bytes]);
    Ok(Archive { tar, summary })
}

/// The manifests in the order of [`TARGETS`], whichever platform is the first of the request. The digest of the index
/// therefore depends only on the image's content.
fn in_fixed_order(request: &ImageRequest, platforms: &[PlatformBlobs]) -> Vec<Descriptor> {
    let place = |target: &Target| TARGETS.iter().position(|known| known.machine == target.machine);
    let mut manifests: Vec<_> = request.platforms.iter().zip(platforms).collect();
    manifests.sort_by_key(|(binary, _)| place(binary.target));
    manifests.into_iter().map(|(_, blobs)| blobs.manifest.clone()).collect()
}

fn check(platforms: &[PlatformBinary]) -> Result<(), OciError> {
    if platforms.is_empty() {
        return Err(OciError::NoPlatform);
    }
    for (at, binary) in platforms.iter().enumerate() {
        let name = || content::Platform::of(binary.target).to_string();
        if binary.bytes.is_empty() {
            return Err(OciError::EmptyBinary(name()));
        }
        if platforms[..at].iter().any(|earlier| earlier.target.machine == binary.target.machine) {
            return Err(OciError::PlatformTwice(name()));
        }
    }
    Ok(())
}
