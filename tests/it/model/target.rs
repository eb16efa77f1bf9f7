//! The target of a request, and the path in it.

use super::authority::Authority;

/// A path, decoded once and with its dot segments resolved. An encoded slash is inside of a segment, every other one
/// between two, so they stay different.
pub(crate) type Path = Vec<Vec<u8>>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Path(Path),
    /// `*`
    Server,
    /// The authority-form.
    Tunnel,
}

/// Visible ASCII without four characters.
pub(crate) fn is_character(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~') && !b"\"#<>".contains(&byte)
}

/// Nothing, if it has none of the forms that there are for the method [9112 §3.2].
pub(crate) fn parse(method: &str, target: &[u8]) -> Option<Target> {
    match (method, target) {
        ("CONNECT", _) => tunnel(target),
        ("OPTIONS", b"*") => Some(Target::Server),
        (_, [b'/', ..]) => path(target).map(Target::Path),
        _ => absolute(target),
    }
}

/// `authority-form = uri-host ":" port`, and the port is not empty [9110 §9.3.6].
fn tunnel(target: &[u8]) -> Option<Target> {
    let port = Authority::of(target)?.port?;
    (!port.is_empty()).then_some(Target::Tunnel)
}

/// A URI of `http` or `https` with a host [9110 §4.2].
fn absolute(target: &[u8]) -> Option<Target> {
    let is_scheme =
        |scheme: &&str| target.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme.as_bytes()));
    let scheme = ["http://", "https://"].into_iter().find(is_scheme)?;
    let behind = &target[scheme.len()..];
    let end = behind.iter().position(|byte| b"/?".contains(byte)).unwrap_or(behind.len());
    let (authority, rest) = behind.split_at(end);
    if Authority::of(authority)?.host.is_empty() {
        return None;
    }
    if rest.starts_with(b"/") { path(rest).map(Target::Path) } else { path(b"/").map(Target::Path) }
}

/// The path of a target that begins with `/`; nothing, if a `%` in it is wrong.
pub(crate) fn path(target: &[u8]) -> Option<Path> {
    let raw = target.split(|byte| *byte == b'?').next()?;
    let segments: Option<Vec<Vec<u8>>> = raw[1..].split(|byte| *byte == b'/').map(decoded).collect();
    Some(without_dots(segments?))
}

/// `%XX` is one byte, once.
fn decoded(segment: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = segment;
    while let [first, behind @ ..] = rest {
        if *first != b'%' {
            bytes.push(*first);
            rest = behind;
            continue;
        }
        let [high, low, behind @ ..] = behind else { return None };
        let byte = char::from(*high).to_digit(16)? * 16 + char::from(*low).to_digit(16)?;
        if byte == 0 {
            return None;
        }
        bytes.push(byte as u8);
        rest = behind;
    }
    Some(bytes)
}

/// RFC 3986 §5.2.4, on segments: a dot segment at the end leaves an empty one there.
fn without_dots(segments: Vec<Vec<u8>>) -> Path {
    let last = segments.len() - 1;
    let mut path = Path::new();
    for (index, segment) in segments.into_iter().enumerate() {
        let is_dot = segment == b".";
        let is_dots = segment == b"..";
        if is_dots {
            path.pop();
        }
        if !is_dot && !is_dots {
            path.push(segment);
        } else if index == last {
            path.push(Vec::new());
        }
    }
    path
}

/// What a target has behind its authority, if that is a path.
pub(crate) fn path_and_query(target: &[u8]) -> String {
    let text = String::from_utf8_lossy(target).into_owned();
    let behind = text.split_once("://").filter(|_| !text.starts_with('/')).map_or(text.as_str(), |(_, behind)| behind);
    let end = behind.find(['/', '?']).filter(|&at| behind[at..].starts_with('/'));
    end.map_or("/".to_owned(), |at| behind[at..].to_owned())
}
