//! `If-Modified-Since`, `If-Unmodified-Since`, and dates in `If-Range` [RFC 9110 §13.1.3–5].

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::head::Head;
use super::reply::date;
use super::site::Representation;

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Year, month, day, hour, minute, second: numbers as they are written, in the order in which they are compared.
type Date = [u32; 6];

/// The value of `Last-Modified`.
pub(crate) fn last_modified(of: &Representation) -> Option<String> {
    of.modified.map(|(_, epoch_s)| date(UNIX_EPOCH + Duration::from_secs(epoch_s)))
}

/// Was it modified at this line's date, or before? Nothing, if that cannot be said: there is not exactly one line of
/// this field, or no date in it, or none of the representation.
pub(crate) fn is_unmodified(head: &Head, field: &str, of: &Representation) -> Option<bool> {
    let given = parse(head.only(field)?)?;
    Some(parse(last_modified(of)?.as_bytes()).expect("dates are written as they are read") <= given)
}

/// One of the three forms [RFC 9110 §5.6.7].
pub(crate) fn parse(value: &[u8]) -> Option<Date> {
    let text = std::str::from_utf8(value).ok()?;
    let (day, rest) = text.split_at_checked(text.find([',', ' '])?)?;
    if let Some(rest) = rest.strip_prefix(", ") {
        let (rest, between) = (rest.strip_suffix(" GMT")?, if DAYS.contains(&day) { '-' } else { ' ' });
        let (date, time) = rest.rsplit_once(' ')?;
        let [day_of_month, month, year] = parts(date, between)?;
        let year = match between {
            '-' => near(digits(year, 2)?),
            _ => digits(year, 4).filter(|_| is_short(day))?,
        };
        return complete(year, month, digits(day_of_month, 2)?, time);
    }
    // The day of the month is two bytes, of which the first may be a space.
    let rest = rest.strip_prefix(' ').filter(|_| is_short(day))?;
    let (month, rest) = (rest.get(..3)?, rest.get(3..)?.strip_prefix(' ')?);
    let (day_of_month, rest) = (rest.get(..2)?, rest.get(2..)?.strip_prefix(' ')?);
    let day_of_month = match day_of_month.strip_prefix(' ') {
        Some(digit) => digits(digit, 1)?,
        None => digits(day_of_month, 2)?,
    };
    let (time, year) = rest.split_once(' ')?;
    complete(digits(year, 4)?, month, day_of_month, time)
}

fn is_short(day: &str) -> bool {
    day.len() == 3 && DAYS.iter().any(|long| long.starts_with(day))
}

fn complete(year: u32, month: &str, day: u32, time: &str) -> Option<Date> {
    let month = MONTHS.iter().position(|name| *name == month)? as u32;
    let [hour, minute, second] = parts(time, ':')?;
    Some([year, month, day, digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?])
}

fn parts(text: &str, between: char) -> Option<[&str; 3]> {
    text.split(between).collect::<Vec<_>>().try_into().ok()
}

/// A number of so many digits.
fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Of a year with two digits: that of this century, unless that is 50 years ahead or more; then of the one before.
fn near(year: u32) -> u32 {
    let now: u32 = date(SystemTime::now())[12..16].parse().expect("a year has four digits");
    let this = now / 100 * 100 + year;
    if this >= now + 50 { this - 100 } else { this }
}

#[test]
fn the_three_forms_are_one_date() {
    let of = |text: &str| parse(text.as_bytes());
    // The examples of RFC 9110 §5.6.7.
    let expected = Some([1994, 10, 6, 8, 49, 37]);
    assert_eq!(of("Sun, 06 Nov 1994 08:49:37 GMT"), expected);
    assert_eq!(of("Sunday, 06-Nov-94 08:49:37 GMT"), expected);
    assert_eq!(of("Sun Nov  6 08:49:37 1994"), expected);
    for wrong in ["Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37", "sun, 06 Nov 1994 08:49:37 GMT", "0", ""]
    {
        assert_eq!(of(wrong), None, "{wrong}");
    }
}
