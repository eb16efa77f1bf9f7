//! `Range` [RFC 9110 §14.2]: the first of its ranges of bytes that can be had, or it is ignored.

use super::fields::elements;

/// What a field asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Range {
    Ignored,
    NotSatisfiable,
    /// The first and the last byte.
    Part(usize, usize),
}

/// Numbers above it count as it.
const MAX: u64 = (1 << 31) - 1;

/// Of one range: nothing, if it is none; no part, if that cannot be had.
type One = Option<Option<(usize, usize)>>;

pub(crate) fn range(field: &[u8], length: usize) -> Range {
    let Some((unit, list)) = field.split_at_checked(b"bytes=".len()) else { return Range::Ignored };
    let ranges = elements(list).filter(|element| !element.is_empty()).map(|element| one(element, length));
    let Some(ranges) = ranges.collect::<Option<Vec<_>>>() else { return Range::Ignored };
    if !unit.eq_ignore_ascii_case(b"bytes=") || ranges.is_empty() {
        return Range::Ignored;
    }
    let first = ranges.into_iter().flatten().next();
    first.map_or(Range::NotSatisfiable, |(first, last)| Range::Part(first, last))
}

fn one(range: &[u8], length: usize) -> One {
    let mut halves = range.split(|byte| *byte == b'-');
    let (Some(first), Some(last), None) = (halves.next(), halves.next(), halves.next()) else { return None };
    let is_number = |half: &[u8]| half.iter().all(u8::is_ascii_digit);
    if !is_number(first) || !is_number(last) {
        return None;
    }
    match (number(first), number(last)) {
        (None, None) => None,
        (Some(a), Some(b)) if a > b => None,
        (Some(a), _) if a >= length => Some(None),
        (Some(a), b) => Some(Some((a, b.unwrap_or(usize::MAX).min(length - 1)))),
        (None, Some(0)) => Some(None),
        // All of nothing can be had, and no 206 says so.
        (None, Some(_)) if length == 0 => None,
        (None, Some(n)) => Some(Some((length - n.min(length), length - 1))),
    }
}

/// Nothing, if there are no digits.
fn number(digits: &[u8]) -> Option<usize> {
    let add = |number: u64, digit: &u8| (number * 10 + u64::from(digit - b'0')).min(MAX);
    (!digits.is_empty()).then(|| digits.iter().fold(0, add) as usize)
}
