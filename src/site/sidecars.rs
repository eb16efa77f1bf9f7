//! Sidecars: compressed files beside the files that they decompress to, as `app.js.gz` beside `app.js`. Each is a
//! variant of the other file, and a file of its own.

use super::files::{Files, Unread};
use super::limits::SIDECAR_BYTES_MAX;
use crate::compress;
use crate::spec::{Coding, Variant as Compressed};

/// Extensions of sidecars.
const EXTENSIONS: [(&[u8], Coding); 3] = [(b".gz", Coding::Gzip), (b".br", Coding::Br), (b".zst", Coding::Zstd)];

/// A content that decompresses to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// How it is compressed.
    pub coding: Coding,
    /// The number of the content.
    pub content: usize,
}

/// The path of the file that a sidecar would be of.
pub(super) fn owner(path: &[u8]) -> Option<(&[u8], Coding)> {
    EXTENSIONS.iter().find_map(|&(end, coding)| Some((path.strip_suffix(end)?, coding)))
}

/// What is true of a file with the name of a sidecar.
pub(super) enum Kind {
    Variant,
    /// It decompresses to something else, or not at all.
    Stale,
    /// It, or its file, is larger than can be compared.
    TooLarge,
}

/// Does a sidecar decompress to its file?
pub(super) fn kind(files: &dyn Files, sidecar: &[u8], file: &[u8], bytes: [u64; 2]) -> Result<Kind, Unread> {
    let (_, coding) = owner(sidecar).ok_or(Unread::Changed)?;
    if bytes.iter().any(|&bytes| bytes > SIDECAR_BYTES_MAX) {
        return Ok(Kind::TooLarge);
    }
    let variant = Compressed { coding, body: files.content(sidecar)? };
    let is_of = compress::is_of(&variant, &files.content(file)?);
    Ok(if is_of { Kind::Variant } else { Kind::Stale })
}
