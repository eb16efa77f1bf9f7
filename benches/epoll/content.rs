//! What is served and what is asked for, the same for every contestant.

use std::fs;
use std::path::Path;

/// Length of the page: that of an ordinary small page.
pub(crate) const PAGE_BYTES: usize = 2807;
/// Length of the download, 1 MB.
pub(crate) const BIG_BYTES: usize = 1_000_000;
/// The page. Not `/`: servers of folders would look for its index file first, and pay for it.
pub(crate) const PAGE: &str = "/index.html";
/// The download.
pub(crate) const BIG: &str = "/big.bin";

pub(crate) fn page() -> Vec<u8> {
    let mut page = b"<!doctype html>\n<html lang=\"en\">\n<title>A page</title>\n".to_vec();
    while page.len() < PAGE_BYTES {
        let line = format!("<p>Paragraph {} of a page of an ordinary length.</p>\n", page.len());
        page.extend_from_slice(line.as_bytes());
    }
    page.truncate(PAGE_BYTES);
    page
}

/// Every eight bytes differ from the others, so that a piece at a wrong place is seen.
pub(crate) fn big() -> Vec<u8> {
    (0..BIG_BYTES as u64 / 8).flat_map(u64::to_le_bytes).collect()
}

/// Writes both files, readable for those users that servers become when root starts them.
pub(crate) fn write(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    fs::write(folder.join(PAGE.trim_start_matches('/')), page())?;
    fs::write(folder.join(BIG.trim_start_matches('/')), big())?;
    Ok(())
}

/// A request as a simple client sends it.
pub(crate) fn request(path: &str, close: bool) -> Vec<u8> {
    let close = if close { "Connection: close\r\n" } else { "" };
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{close}\r\n").into_bytes()
}
