//! From a description to an image in one call.

use asmgen_arch::Target;

use crate::compile::build_all;
use crate::error::BuildError;
use crate::image::Image;
use crate::oci::{self, Archive, ImageRequest, OciError, PlatformBinary};
use crate::options::Options;
use crate::spec::Description;

/// Why there is no image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// There is no executable.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The executables cannot be packed.
    #[error(transparent)]
    Oci(#[from] OciError),
}

/// Builds the executables of a description for these machines, and the OCI image around them. It is named for the
/// description, with the tag `latest`, and dated 1970. [`ImageRequest`] has names, dates and layouts to choose from.
///
/// # Errors
/// The description is wrong, or too large; no machine is named, or one twice.
///
/// ```
/// use asmgen::spec::{Description, Reply, Server};
/// use asmgen::{AARCH64, X86_64};
///
/// let server = Server::default().with_route("/", Reply::text("Hello\n"));
/// let image = asmgen::image(&Description::new("greeting", server), &[&X86_64, &AARCH64])?;
/// assert_eq!(image.summary.references, ["docker.io/library/greeting:latest"]);
/// # Ok::<(), asmgen::ImageError>(())
/// ```
pub fn image(description: &Description, targets: &[&'static Target]) -> Result<Archive, ImageError> {
    let options: Vec<Options> = targets.iter().map(|&target| Options::new(target)).collect();
    let images = build_all(description, &options)?;
    let binary = |(&target, image): (&&'static Target, Image)| PlatformBinary { target, bytes: image.bytes };
    let platforms = targets.iter().zip(images).map(binary).collect();
    Ok(oci::build(&ImageRequest::new(description, platforms, Vec::new(), 0))?)
}

#[cfg(test)]
mod tests {
    use asmgen_arch::target::{AARCH64, I386, X86_64};

    use super::*;
    use crate::spec::Program;

    #[test]
    fn an_image_has_the_machines_that_are_named() {
        let pause = Description::new("pause", Program::Pause);
        let archive = image(&pause, &[&I386, &X86_64, &AARCH64]).unwrap();
        assert_eq!(archive.summary.platforms.len(), 3);
        assert_eq!(image(&pause, &[]), Err(ImageError::Oci(OciError::NoPlatform)));
        let twice = image(&pause, &[&X86_64, &X86_64]);
        assert_eq!(twice, Err(ImageError::Oci(OciError::PlatformTwice("linux/amd64".into()))));
    }

    #[test]
    fn what_is_wrong_is_packed_nowhere() {
        let wrong = image(&Description::new("No name", Program::Pause), &[&X86_64]);
        let Err(ImageError::Build(BuildError::Description(error))) = wrong else { panic!("{wrong:?}") };
        assert_eq!(error.place(), "name");
    }
}
