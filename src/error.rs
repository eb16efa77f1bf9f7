//! Why a description has no executable.

use asmgen_arch::CompileError;

use crate::canvas::CanvasError;
use crate::spec::DescriptionError;
use crate::spec::template::TemplateError;

/// Largest program, in bytes: every address stays below 2 GiB, where all machines' instructions reach.
pub(crate) const MOST_BYTES: u64 = 0x7000_0000;

/// Why there is no image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The description is wrong; one that a spec gives is not.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// A placeholder could not be filled in.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The machine cannot do what the program asks for.
    #[error("{target}: {source}")]
    Compile {
        /// The machine's name.
        target: &'static str,
        /// Why.
        source: CompileError,
    },
    /// Two owners of one byte: an error in asmgen.
    #[error("internal error in the layout: {0}")]
    Canvas(#[from] CanvasError),
    /// Addresses have 31 bits.
    #[error("the program would be {bytes} bytes long; at most {MOST_BYTES} are possible, so serve less")]
    TooLarge {
        /// Its length.
        bytes: u64,
    },
    /// The sizes that the content states never became those of the file that holds it.
    #[error("the content states its own size in a way that no size makes true")]
    NoFixedPoint,
}
