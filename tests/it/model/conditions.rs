//! `If-Match` and `If-None-Match` against the ETag of the chosen variant. A list may be in several lines: these are
//! about one of them.

/// Does `If-Match` hold by this line?
pub(crate) fn if_match_holds(field: &[u8], etag: &str) -> bool {
    field.starts_with(b"*") || places(field, etag).any(|at| !field[..at].ends_with(b"W/"))
}

/// Does `If-None-Match` name it in this line?
pub(crate) fn if_none_match_names(field: &[u8], etag: &str) -> bool {
    field.starts_with(b"*") || places(field, etag).next().is_some()
}

/// Where the ETag, with both its quotes, stands in the field value.
fn places(field: &[u8], etag: &str) -> impl Iterator<Item = usize> {
    field.windows(etag.len()).enumerate().filter(|(_, window)| *window == etag.as_bytes()).map(|(at, _)| at)
}
