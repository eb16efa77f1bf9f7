//! `Range` [RFC 9110 §14.2]: one range of bytes, or it is ignored.

/// What a range asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Range {
    Ignored,
    NotSatisfiable,
    /// The first and the last byte.
    Part(usize, usize),
}

/// Numbers above it count as it.
const MAX: u64 = (1 << 31) - 1;

pub(crate) fn range(field: &[u8], length: usize) -> Range {
    let Some((unit, range)) = field.split_at_checked(b"bytes=".len()) else { return Range::Ignored };
    let mut halves = range.split(|byte| *byte == b'-');
    let (Some(first), Some(last), None) = (halves.next(), halves.next(), halves.next()) else { return Range::Ignored };
    let is_number = |half: &[u8]| half.iter().all(u8::is_ascii_digit);
    if !unit.eq_ignore_ascii_case(b"bytes=") || !is_number(first) || !is_number(last) {
        return Range::Ignored;
    }
    match (number(first), number(last)) {
        (None, None) => Range::Ignored,
        (Some(a), Some(b)) if a > b => Range::Ignored,
        (Some(a), _) if a >= length => Range::NotSatisfiable,
        (Some(a), b) => Range::Part(a, b.unwrap_or(usize::MAX).min(length - 1)),
        (None, Some(n)) if n == 0 || length == 0 => Range::NotSatisfiable,
        (None, Some(n)) => Range::Part(length - n.min(length), length - 1),
    }
}

/// Nothing, if there are no digits.
fn number(digits: &[u8]) -> Option<usize> {
    let add = |number: u64, digit: &u8| (number * 10 + u64::from(digit - b'0')).min(MAX);
    (!digits.is_empty()).then(|| digits.iter().fold(0, add) as usize)
}
