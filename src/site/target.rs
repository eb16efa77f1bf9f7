//! The target of a request: its authority, its path in the one form that everything else compares, its query.

use super::limits::PATH_BYTES_MAX;
use super::names::decoded;

/// Why a request has no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadTarget {
    /// It is no target, or has a `%` without two hexadecimal digits, or `%00`: status 400.
    Malformed,
    /// Its path has more than [`PATH_BYTES_MAX`] decoded bytes: status 414.
    TooLong,
}

/// A target, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target<'r> {
    /// Of a target in absolute-form (RFC 9112 §3.2.2): the host and the port.
    pub(super) authority: Option<&'r [u8]>,
    /// The [`canonical`] path.
    pub(super) path: Vec<u8>,
    /// From its `?` on, as sent, or empty.
    pub(super) query: &'r [u8],
}

impl<'r> Target<'r> {
    pub(super) fn of(target: &'r [u8]) -> Result<Self, BadTarget> {
        let (authority, rest) = split_authority(target).ok_or(BadTarget::Malformed)?;
        let end = rest.iter().position(|&byte| byte == b'?').unwrap_or(rest.len());
        let (path, query) = rest.split_at(end);
        let path = canonical(path)?;
        if path.len() > PATH_BYTES_MAX { Err(BadTarget::TooLong) } else { Ok(Self { authority, path, query }) }
    }
}

/// The authority of a target in absolute-form, and what follows it.
fn split_authority(target: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    if target.starts_with(b"/") {
        return Some((None, target));
    }
    let has = |scheme: &&&[u8]| target.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
    let scheme = [&b"http://"[..], b"https://"].iter().find(has).copied()?;
    let rest = &target[scheme.len()..];
    let end = rest.iter().position(|byte| b"/?".contains(byte)).unwrap_or(rest.len());
    Some((Some(&rest[..end]), &rest[end..]))
}

/// The one form of a path: decoded once, without empty segments and dot segments (RFC 3986 §5.2.4). It begins with a
/// slash, and ends with one if it names a folder. Runs of slashes are merged before dot segments are resolved.
pub(super) fn canonical(path: &[u8]) -> Result<Vec<u8>, BadTarget> {
    let mut segments: Vec<Vec<u8>> = Vec::new();
    let mut is_folder = true;
    for raw in path.split(|&byte| byte == b'/') {
        let segment = decoded(raw).map_err(|_| BadTarget::Malformed)?;
        is_folder = matches!(segment.as_slice(), b"" | b"." | b"..");
        match segment.as_slice() {
            b"" | b"." => {}
            b".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    let mut out = segments.iter().flat_map(|segment| [b"/", segment.as_slice()].concat()).collect::<Vec<u8>>();
    if is_folder || out.is_empty() {
        out.push(b'/');
    }
    Ok(out)
}

/// Host names are compared in this form: in lower case, without the port and the dot at the end (RFC 9110 §4.2.3).
pub(super) fn host_of(authority: &[u8]) -> Vec<u8> {
    let is_port = |digits: &[u8]| digits.iter().all(u8::is_ascii_digit);
    let host = match authority.iter().rposition(|&byte| byte == b':') {
        Some(colon) if is_port(&authority[colon + 1..]) => &authority[..colon],
        _ => authority,
    };
    host.strip_suffix(b".").unwrap_or(host).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_form() {
        for (path, form) in [
            ("/", &b"/"[..]),
            ("", b"/"),
            ("//a//b", b"/a/b"),
            ("/a/", b"/a/"),
            ("/a/.", b"/a/"),
            ("/a/..", b"/"),
            ("/a//../b", b"/b"),
            ("/%2e%2e/a", b"/a"),
            ("/a/%2E/b", b"/a/b"),
            ("/a%2Fb", b"/a\0b"),
            ("/%2F", b"/\0"),
            ("/%25", b"/%"),
        ] {
            assert_eq!(canonical(path.as_bytes()).unwrap(), form, "{path}");
        }
        assert_eq!(canonical(b"/%"), Err(BadTarget::Malformed));
    }

    #[test]
    fn targets_are_taken_apart() {
        let target = Target::of(b"/a?b?c").unwrap();
        assert_eq!((target.authority, &*target.path, target.query), (None, &b"/a"[..], &b"?b?c"[..]));
        let target = Target::of(b"HTTP://a.example:80?b").unwrap();
        assert_eq!(
            (target.authority, &*target.path, target.query),
            (Some(&b"a.example:80"[..]), &b"/"[..], &b"?b"[..])
        );
        assert_eq!(Target::of(b"a"), Err(BadTarget::Malformed));
        let long = [b"/".as_slice(), &b"a".repeat(PATH_BYTES_MAX)].concat();
        assert_eq!(Target::of(&long), Err(BadTarget::TooLong));
        assert!(Target::of(&long[..PATH_BYTES_MAX]).is_ok());
    }

    #[test]
    fn hosts_have_one_form() {
        for (authority, host) in
            [("A.EXAMPLE:8080", "a.example"), ("a.example.", "a.example"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]")]
        {
            assert_eq!(host_of(authority.as_bytes()), host.as_bytes(), "{authority}");
        }
    }
}
