//! The application shell: `index.html` for paths that the application makes up, but never for an asset that is missing.
//! A browser that gets a page in place of a script shows nothing, and caches may keep it.

use std::collections::BTreeSet;

use super::names::{extension, last_segment};

/// Extensions of assets, whatever files there are.
#[rustfmt::skip] // By kind.
const OF_ASSETS: [&str; 29] = [
    "js", "mjs", "css", "map", "json", "wasm", "webmanifest", "xml", "txt", "pdf",
    "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico",
    "woff", "woff2", "ttf", "otf", "eot",
    "mp4", "webm", "mp3",
    "zip", "gz", "br",
];

/// The shell, and which paths are assets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spa {
    /// The number of `index.html`.
    pub entry: usize,
    /// Extensions of assets, in lower case.
    pub extensions: BTreeSet<Vec<u8>>,
}

impl Spa {
    /// The shell of a folder with these files.
    pub(super) fn of<'f>(entry: usize, files: impl Iterator<Item = &'f [u8]>) -> Self {
        let of_files = files.filter_map(|file| extension(last_segment(file)));
        let extensions = of_files.chain(OF_ASSETS.map(|name| name.as_bytes().to_vec())).collect();
        Self { entry, extensions }
    }

    /// Is it a path that the application makes up? It depends on the path alone, so caches stay right.
    pub fn is_page(&self, path: &[u8]) -> bool {
        extension(last_segment(path)).is_none_or(|extension| !self.extensions.contains(&extension))
    }
}
