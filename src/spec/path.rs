//! Paths of routes: what a client can send in a request line.

use std::path::Path;

use super::error::Wrong;
use super::limits::PATH_MAX;

/// Stands for every path.
pub(super) const EVERY: &str = "*";

/// What an encoded slash is decoded to by the epoll engine; no UTF-8 text has that byte.
pub(crate) const NO_SLASH: u8 = 0xff;

/// The first byte of a prefix among paths, which all begin with a slash.
pub(crate) const PREFIX: u8 = b'*';

/// Of `/api/*`: `/api/`.
pub(super) fn prefix(path: &str) -> Option<&str> {
    path.strip_suffix('*').filter(|prefix| prefix.ends_with('/'))
}

/// What tells a route from others: its decoded path, or its decoded prefix with [`PREFIX`] in place of the slash.
pub(crate) fn key(path: &str) -> Vec<u8> {
    match prefix(path).map(decoded) {
        Some(prefix) => [&[PREFIX], &prefix[1..]].concat(),
        None => decoded(path),
    }
}

/// An asterisk is the whole path or its last segment: there are no other patterns.
pub(super) fn check_asterisk(path: &str) -> Result<(), Wrong> {
    if path == "/*" {
        return Err(Wrong::new("\"/*\" is every path", format!("write \"{EVERY}\"")));
    }
    if prefix(path).unwrap_or(path).contains('*') {
        let what = "has a `*` that is not all of its last segment";
        return Err(Wrong::new(what, "write /…/* for all that begins with /…/, or %2A for the character itself"));
    }
    Ok(())
}

/// Can a request have that path? The schema has checked the length.
pub(super) fn check(path: &str) -> Result<(), Wrong> {
    if !path.starts_with('/') {
        let fix = format!("write \"/{}\"; \"{EVERY}\" alone is every path", path.trim_start_matches('*'));
        return Err(Wrong::new(format!("{path:?} does not start with a slash"), fix));
    }
    if let Some((bad, remedy)) = path.chars().find_map(|c| Some((c, remedy(c)?))) {
        return Err(Wrong::new(format!("has the character {bad:?}"), remedy));
    }
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(Wrong::new(
            "has a `.` or `..` segment, which clients resolve before they send",
            "write the path that is left",
        ));
    }
    Ok(())
}

/// Is it a path of the epoll engine, which compares decoded paths? [`check`] covers the rest.
pub(super) fn check_decoded(path: &str) -> Result<(), Wrong> {
    let encoded = path.split('%').skip(1);
    for digits in encoded.map(|behind| behind.as_bytes().get(..2)) {
        match digits.and_then(byte_of_digits) {
            None => {
                let what = "has a `%` without two hexadecimal digits after it";
                return Err(Wrong::new(what, "write a percent sign as clients send it: %25"));
            }
            Some(0) => return Err(Wrong::new("has `%00`, which is refused in requests", "leave it out")),
            Some(b'/') => {
                let what = "has an encoded slash, which differs from every slash of a route";
                return Err(Wrong::new(what, "write / in place of %2F"));
            }
            Some(NO_SLASH) => {
                return Err(Wrong::new(
                    "has `%FF`, a byte that is not part of any UTF-8 text",
                    "write the text as UTF-8",
                ));
            }
            Some(_) => {}
        }
    }
    if decoded(path).split(|&byte| byte == b'/').any(|segment| matches!(segment, b"." | b"..")) {
        let what = "has an encoded `.` or `..` segment, which is resolved like a plain one";
        return Err(Wrong::new(what, "write the path that is left"));
    }
    Ok(())
}

/// The path with each `%XX` as its byte; other `%` are left as they are.
pub(crate) fn decoded(path: &str) -> Vec<u8> {
    let (mut rest, mut decoded) = (path.as_bytes(), Vec::new());
    while let [byte, behind @ ..] = rest {
        let encoded = behind.get(..2).filter(|_| *byte == b'%').and_then(byte_of_digits);
        decoded.push(encoded.unwrap_or(*byte));
        rest = if encoded.is_some() { &behind[2..] } else { behind };
    }
    decoded
}

/// A character as a URI has it.
pub(super) fn encoded(c: char) -> String {
    let mut bytes = [0; 4];
    let encoded = c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}"));
    encoded.collect::<Vec<_>>().concat()
}

/// A path of files as a client sends it: what no path may have, and `%` and `*`, is encoded.
pub(super) fn as_sent(path: &str) -> String {
    let is_sent = |c: char| c.is_ascii_alphanumeric() || "/-._~!$&'()+,;=:@".contains(c);
    path.chars().map(|c| if is_sent(c) { c.to_string() } else { encoded(c) }).collect()
}

/// Has every `%` two hexadecimal digits after it?
pub(super) fn is_encoded(text: &str) -> bool {
    text.split('%').skip(1).all(|behind| behind.as_bytes().get(..2).and_then(byte_of_digits).is_some())
}

/// What the epoll engine makes of a path in a request: [`decoded`], but for slashes that stay encoded, and without dot
/// segments (RFC 3986 §5.2.4).
pub(super) fn resolved(path: &str) -> Vec<u8> {
    let segments = path.split('/').skip(1).map(|segment| {
        let bytes = decoded(segment);
        bytes.into_iter().map(|byte| if byte == b'/' { NO_SLASH } else { byte }).collect::<Vec<u8>>()
    });
    let segments: Vec<Vec<u8>> = segments.collect();
    let mut kept: Vec<Vec<u8>> = Vec::new();
    let last = segments.len().saturating_sub(1);
    for (index, segment) in segments.into_iter().enumerate() {
        if segment == b".." {
            kept.pop();
        }
        match segment.as_slice() {
            b"." | b".." if index == last => kept.push(Vec::new()),
            b"." | b".." => {}
            _ => kept.push(segment),
        }
    }
    kept.iter().flat_map(|segment| [&b"/"[..], segment].concat()).collect()
}

/// May it be in a request line as it is (docs/http.md)? [`check`] covers the rest.
pub(super) fn is_sendable(path: &str) -> bool {
    !path.contains(['"', '<', '>'])
}

/// Two hexadecimal digits as their byte.
pub(crate) fn byte_of_digits(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(digits[0])? << 4 | digit(digits[1])?) as u8)
}

/// The path under which a file can be asked for by its name, unless clients would change the name on the way.
pub(super) fn of_file(path: &Path) -> Option<String> {
    let route = format!("/{}", path.file_name()?.to_str()?);
    let as_sent = !route.contains(['%', '"', '<', '>', '\\', '^', '`', '{', '|', '}']);
    (as_sent && route.len() <= PATH_MAX && check(&route).is_ok()).then_some(route)
}

/// What to write in place of a character that no request path has; nothing for the others.
fn remedy(c: char) -> Option<String> {
    match c {
        '?' => Some("leave out the query: routes do not depend on it".to_owned()),
        '#' => Some("leave out the fragment: clients do not send it".to_owned()),
        '!'..='~' => None,
        other => Some(format!("write it as clients send it: {}", encoded(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_requests() {
        for good in ["/", "/a", "/a/b.html", "/%20", "/.well-known/x", "//", "/a/"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "a", "*a", "/a b", "/a?b", "/a#b", "/ä", "/\n", "/\u{7f}", "/../a", "/a/."] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert!(check("/ä").unwrap_err().fix.ends_with(": %C3%A4"));
    }

    #[test]
    fn paths_are_decoded_once() {
        for (path, bytes) in [
            ("/", &b"/"[..]),
            ("/%61%2fb", b"/a/b"),
            ("/%2561", b"/%61"),
            ("/%C3%a4", "/ä".as_bytes()),
            ("/100%", b"/100%"),
            ("/%4", b"/%4"),
            ("/%+1", b"/%+1"),
            ("/%%41", b"/%A"),
        ] {
            assert_eq!(decoded(path), bytes, "{path}");
        }
    }

    #[test]
    fn paths_are_resolved_as_the_engine_does() {
        for (path, bytes) in [
            ("/", &b"/"[..]),
            ("/a/./b", b"/a/b"),
            ("/a/%2e%2E/b", b"/b"),
            ("/../a/..", b"/"),
            ("/a/.", b"/a/"),
            ("/a%2fb", b"/a\xffb"),
            ("//a", b"//a"),
        ] {
            assert_eq!(resolved(path), bytes, "{path}");
        }
    }

    #[test]
    fn asterisks_are_last() {
        for (path, begin) in [("/a/*", Some("/a/")), ("//*", Some("//")), ("/a*", None), ("/a", None), ("/a/%2A", None)]
        {
            assert_eq!(prefix(path), begin, "{path}");
        }
        for good in ["/a", "/a/*", "/a/b/*", "/a/%2A", "//*"] {
            assert_eq!(check_asterisk(good), Ok(()), "{good}");
        }
        for bad in ["/*", "/a*", "/*/a", "/a/*.html", "/a/**", "/*/*", "/a/*/"] {
            assert!(check_asterisk(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_that_no_decoded_request_has() {
        for good in ["/", "/%61", "/%25", "/%2e%2e%2e", "/a%3Fb", "/%fe"] {
            assert_eq!(check_decoded(good), Ok(()), "{good}");
        }
        for bad in ["/%", "/%4", "/%zz", "/%00", "/%ff", "/a%2Fb", "/a%2f", "/%2e", "/%2E./a", "/.%2e"] {
            assert!(check_decoded(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_of_files() {
        for (path, route) in [
            ("a/notes.txt", Some("/notes.txt")),
            ("my notes.txt", None),
            ("50%.txt", None),
            ("日本.txt", None),
            ("a?b", None),
            ("..", None),
        ] {
            assert_eq!(of_file(Path::new(path)).as_deref(), route, "{path}");
        }
        assert_eq!(of_file(Path::new(&"a".repeat(PATH_MAX))), None);
    }
}
