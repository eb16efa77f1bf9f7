//! Payloads as text: `\r`, `\n`, `\t`, `\0`, `\\`, `\{`, `\xHH` are one byte each; `{8000*a}` is the text behind the
//! `*` so many times; `{etag /text br}` is the ETag of that route's variant, `{etag /}` of its identity. Also the way
//! back, for messages.

use std::fmt::Write;

use crate::model::site::{Coding, Site};

/// The bytes that this text means; a mistake in it is a panic that shows it.
pub(crate) fn bytes(text: &str, site: &Site) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        match first {
            '\\' => {
                let (byte, behind) = escaped(rest).unwrap_or_else(|| panic!("no escape: \\{rest}"));
                bytes.push(byte);
                rest = behind;
            }
            '{' => {
                let (inside, behind) = rest.split_once('}').unwrap_or_else(|| panic!("no end: {{{rest}"));
                bytes.extend(expanded(inside, site));
                rest = behind;
            }
            _ => bytes.extend(first.to_string().as_bytes()),
        }
    }
    bytes
}

fn escaped(rest: &str) -> Option<(u8, &str)> {
    let byte = match rest.as_bytes().first()? {
        b'r' => b'\r',
        b'n' => b'\n',
        b't' => b'\t',
        b'0' => 0,
        b'\\' => b'\\',
        b'{' => b'{',
        b'x' => return Some((u8::from_str_radix(rest.get(1..3)?, 16).ok()?, &rest[3..])),
        _ => return None,
    };
    Some((byte, &rest[1..]))
}

fn expanded(inside: &str, site: &Site) -> Vec<u8> {
    if let Some(names) = inside.strip_prefix("etag ") {
        let mut names = names.split(' ');
        let of = &site.route(names.next().unwrap_or_default()).representation;
        let name = names.next();
        let coding = name.map(|name| Coding::ALL.into_iter().find(|known| known.name() == name).expect("a coding"));
        return of.of(coding).etag.clone().into_bytes();
    }
    let (count, text) = inside.split_once('*').unwrap_or_else(|| panic!("neither a number nor an ETag: {inside}"));
    bytes(text, site).repeat(count.parse().expect("a number of times"))
}

/// Bytes as such a text.
pub(crate) fn text(bytes: &[u8]) -> String {
    /// From so many equal bytes on, their number is shown.
    const MANY: usize = 40;
    let mut text = String::new();
    for run in bytes.chunk_by(|one, other| one == other) {
        let one = match run[0] {
            b'\r' => "\\r".to_owned(),
            b'\n' => "\\n".to_owned(),
            b'\t' => "\\t".to_owned(),
            b'\\' => "\\\\".to_owned(),
            b'{' => "\\{".to_owned(),
            byte @ b' '..=b'~' => char::from(byte).to_string(),
            byte => format!("\\x{byte:02x}"),
        };
        let is_run = run.len() >= MANY && run[0] != b'}';
        let _ =
            if is_run { write!(text, "{{{}*{one}}}", run.len()) } else { write!(text, "{}", one.repeat(run.len())) };
    }
    text
}
