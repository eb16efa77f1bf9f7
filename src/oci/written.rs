//! The name of an image in an archive that is there already: what `index.json` says of it.

use std::io::{Read, Seek, SeekFrom};

use serde::Deserialize;

use super::content::CONTAINERD_NAME;
use super::tar::{self, Member};
use super::{OciError, Reference, reference};

/// Longest `index.json` that is read, in bytes.
const INDEX_BYTES_MAX: u64 = 1 << 20;

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    digest: String,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
}

/// The first name of the image in an archive, or the name `tag`, with the digest that a registry shows of it.
pub fn reference_of(archive: impl Read + Seek, tag: Option<&str>) -> Result<Reference, OciError> {
    let index = index_of(archive).ok_or(OciError::BadArchive("there is no `index.json` in it"))?;
    let index: Index = serde_json::from_slice(&index).map_err(|_| OciError::BadArchive("its index cannot be read"))?;
    let root = index.manifests.first().ok_or(OciError::BadArchive("its index is empty"))?;
    if index.manifests.iter().any(|other| other.digest != root.digest) {
        return Err(OciError::BadArchive("it holds several images"));
    }
    if !reference::is_digest(&root.digest) {
        return Err(OciError::BadArchive("its index has no digest"));
    }
    let name = tag.or(root.annotations.get(CONTAINERD_NAME).map(String::as_str));
    let name = name.ok_or(OciError::BadArchive("the image has no name in it"))?;
    Ok(Reference::parse(name)?.pinned(&root.digest))
}

/// The file `index.json`. What is no archive has none.
fn index_of(mut archive: impl Read + Seek) -> Option<Vec<u8>> {
    let mut header = [0; tar::BLOCK_BYTES];
    loop {
        archive.read_exact(&mut header).ok()?;
        let Member { name, bytes } = tar::member(&header)?;
        if name == "index.json" && bytes <= INDEX_BYTES_MAX {
            let mut content = vec![0; usize::try_from(bytes).ok()?];
            archive.read_exact(&mut content).ok()?;
            return Some(content);
        }
        let blocks = i64::try_from(bytes.checked_next_multiple_of(tar::BLOCK_BYTES as u64)?).ok()?;
        archive.seek(SeekFrom::Current(blocks)).ok()?;
    }
}
