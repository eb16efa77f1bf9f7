//! Bytes of paths as text: shown to people without loss, and percent-encoded for clients.
//!
//! A file name in Unix is any bytes but NUL and the slash. So is a segment of a request's path once it is decoded, but
//! that an encoded slash may be in it. [`ENCODED_SLASH`] stands for that one.

use std::fmt::Write;

use crate::spec::byte_of_digits;

/// What an encoded slash, `%2F`, becomes in a decoded path. No file name has this byte, and `%00` is refused.
pub const ENCODED_SLASH: u8 = 0;

/// ASCII bytes beside controls and the space that a `Location` must not have as they are.
const ENCODED: &[u8] = b"\"<>\\^`{|}%?#";

/// A path for people: text as it is, but controls and bytes that are no UTF-8 as escapes.
pub fn shown(path: &[u8]) -> String {
    let mut out = String::new();
    for chunk in path.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || c == '\\' {
                out.extend(c.escape_default());
            } else {
                out.push(c);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02X}");
        }
    }
    out
}

/// Adds bytes of a decoded path as a `Location` has them.
pub(super) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        match byte {
            ENCODED_SLASH => out.extend(b"%2F"),
            b'!'..=b'~' if !ENCODED.contains(&byte) => out.push(byte),
            _ => out.extend(format!("%{byte:02X}").bytes()),
        }
    }
}

/// A decoded path as a `Location` has it.
pub(super) fn encoded(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    encode(bytes, &mut out);
    out
}

/// A decoded path as a client sends it.
pub fn encoded_path(path: &[u8]) -> String {
    encoded(path).into_iter().map(char::from).collect()
}

/// Why a segment cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undecodable {
    /// A `%` without two hexadecimal digits.
    Percent,
    /// `%00`.
    Nul,
}

/// Decodes `%XX` once; a slash that comes of it is [`ENCODED_SLASH`].
pub(super) fn decoded(segment: &[u8]) -> Result<Vec<u8>, Undecodable> {
    let (mut rest, mut out) = (segment, Vec::with_capacity(segment.len()));
    while let [byte, behind @ ..] = rest {
        rest = behind;
        if *byte != b'%' {
            out.push(*byte);
            continue;
        }
        let byte = behind.get(..2).and_then(byte_of_digits).ok_or(Undecodable::Percent)?;
        rest = &behind[2..];
        match byte {
            0 => return Err(Undecodable::Nul),
            b'/' => out.push(ENCODED_SLASH),
            _ => out.push(byte),
        }
    }
    Ok(out)
}

/// What follows the last dot of a name, in lower case; nothing where that is empty.
pub(super) fn extension(name: &[u8]) -> Option<Vec<u8>> {
    let at = name.iter().rposition(|&byte| byte == b'.')?;
    (at + 1 < name.len()).then(|| name[at + 1..].to_ascii_lowercase())
}

/// The last segment of a path.
pub(super) fn last_segment(path: &[u8]) -> &[u8] {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    path.rsplit(|&byte| byte == b'/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_without_loss() {
        for (name, text) in [
            (&b"a b.txt"[..], "a b.txt"),
            ("日本".as_bytes(), "日本"),
            (b"a\nb", "a\\nb"),
            (b"\xff\xc3.txt", "\\xFF\\xC3.txt"),
            (b"a\\xFF", "a\\\\xFF"),
        ] {
            assert_eq!(shown(name), text);
        }
    }

    #[test]
    fn decoding_and_encoding() {
        assert_eq!(decoded(b"a%20%2f%2Fb%25").unwrap(), b"a \0\0b%");
        assert_eq!(encoded(b"/a \0\0b%?#\\\x7f\xff~:@!$&'()*+,;="), b"/a%20%2F%2Fb%25%3F%23%5C%7F%FF~:@!$&'()*+,;=");
        for bad in [&b"%"[..], b"%4", b"%zz", b"a%"] {
            assert_eq!(decoded(bad), Err(Undecodable::Percent));
        }
        assert_eq!(decoded(b"%00"), Err(Undecodable::Nul));
    }

    #[test]
    fn extensions() {
        for (name, end) in [(&b"a.B.Js"[..], Some(&b"js"[..])), (b".env", Some(b"env")), (b"a.", None), (b"a", None)] {
            assert_eq!(extension(name).as_deref(), end);
        }
        assert_eq!((last_segment(b"/a/b/"), last_segment(b"/"), last_segment(b"c")), (&b"b"[..], &b""[..], &b"c"[..]));
    }
}
