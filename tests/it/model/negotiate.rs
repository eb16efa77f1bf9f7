//! `Accept-Encoding`: which variant of a representation is sent.

use super::fields::{elements, trimmed};
use super::site::{Coding, Representation};

/// The codings that are known by name, `*` beside them.
const NAMES: [(&str, Name); 6] = [
    ("br", Name::Coding(Coding::Br)),
    ("zstd", Name::Coding(Coding::Zstd)),
    ("gzip", Name::Coding(Coding::Gzip)),
    ("x-gzip", Name::Coding(Coding::Gzip)),
    ("identity", Name::Identity),
    ("*", Name::Every),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    Coding(Coding),
    Identity,
    Every,
}

/// An order of the q values, in thousandths, with one between 0 and 0.001.
const NOT_ACCEPTABLE: u32 = 0;
const LESS_THAN_ANY: u32 = 1;
fn rank(thousandths: u32) -> u32 {
    if thousandths == 0 { NOT_ACCEPTABLE } else { thousandths + LESS_THAN_ANY }
}

/// The coding of the variant for the values of these lines; nothing is identity.
pub(crate) fn choose<'h>(of: &Representation, lines: impl Iterator<Item = &'h [u8]>) -> Option<Coding> {
    let named: Vec<(Name, u32)> = lines.flat_map(elements).filter_map(element).collect();
    let q = |name: Name| named.iter().rev().find(|(named, _)| *named == name).map(|(_, q)| rank(*q));
    let of_every = q(Name::Every);
    let identity = q(Name::Identity).or(of_every).unwrap_or(LESS_THAN_ANY);
    let coded = of.variants.iter().map(|(coding, content)| {
        let q = q(Name::Coding(*coding)).or(of_every).unwrap_or(NOT_ACCEPTABLE);
        // By q; of equals the fewest bytes; of those, the first.
        (q, std::cmp::Reverse(content.bytes.len()), *coding)
    });
    let best = coded.reduce(|best, next| if (next.0, next.1) > (best.0, best.1) { next } else { best });
    best.filter(|(q, _, _)| *q > NOT_ACCEPTABLE && *q >= identity).map(|(_, _, coding)| coding)
}

/// A known coding and its q in thousandths.
fn element(element: &[u8]) -> Option<(Name, u32)> {
    let (name, weight) = match element.iter().position(|byte| *byte == b';') {
        Some(at) => (trimmed(&element[..at]), Some(trimmed(&element[at + 1..]))),
        None => (element, None),
    };
    let (_, name) = NAMES.into_iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name))?;
    // In ABNF a literal is without regard to case [RFC 5234 §2.3].
    let q = match weight {
        None => 1000,
        Some([b'q' | b'Q', b'=', value @ ..]) => qvalue(value)?,
        Some(_) => return None,
    };
    Some((name, q))
}

/// `0` or `1`, optionally `.` and up to three digits, all 0 behind a 1; in thousandths.
fn qvalue(value: &[u8]) -> Option<u32> {
    let (whole, digits) = match value {
        [whole @ (b'0' | b'1')] => (whole, &b""[..]),
        [whole @ (b'0' | b'1'), b'.', digits @ ..] => (whole, digits),
        _ => return None,
    };
    if digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let places = digits.iter().map(|digit| u32::from(digit - b'0')).chain(std::iter::repeat(0)).take(3);
    let thousandths = places.fold(u32::from(whole - b'0'), |number, digit| number * 10 + digit);
    (thousandths <= 1000).then_some(thousandths)
}
