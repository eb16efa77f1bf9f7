//! `modified`: a date-time of TOML, the same as a string, or the environment's `SOURCE_DATE_EPOCH`.

use toml::value::{Datetime, Offset};

use super::error::Wrong;
use crate::date::{LAST_EPOCH_S, days_since_1970};
use crate::oci::{OciError, created_epoch_from_env};

/// The word for what the environment variable of this name says.
pub(super) const FROM_ENVIRONMENT: &str = "SOURCE_DATE_EPOCH";

/// How a date is written.
const FORM: &str = "write a date and a time with an offset, such as 2026-01-31T12:00:00Z";

/// The seconds since 1970 of a string.
pub(super) fn of_text(text: &str) -> Result<i64, Wrong> {
    let fix = || format!("{FORM}, or \"{FROM_ENVIRONMENT}\"");
    let date = text.parse().map_err(|_| Wrong::new(format!("\"{}\" is not a date", text.escape_debug()), fix()))?;
    of_date(&date)
}

/// The seconds since 1970 of a date-time. What a second has more is left out: HTTP has whole seconds.
pub(super) fn of_date(given: &Datetime) -> Result<i64, Wrong> {
    let (Some(date), Some(time)) = (given.date, given.time) else {
        return Err(Wrong::new(format!("{given} is not a date and a time"), FORM));
    };
    let minutes_east = match given.offset {
        Some(Offset::Z) => 0,
        Some(Offset::Custom { minutes }) => i64::from(minutes),
        None => {
            let fix = format!("write {given}Z if it is UTC, else its offset, such as {given}+01:00");
            return Err(Wrong::new(format!("{given} has no offset from UTC"), fix));
        }
    };
    let out_of_range = || Wrong::new(format!("{given} is out of range"), "allowed: the years 1970 to 9999");
    if date.year < 1970 {
        return Err(out_of_range());
    }
    let days = days_since_1970(date.year.into(), date.month.into(), date.day.into()) as i64;
    let minutes = (days * 24 + i64::from(time.hour)) * 60 + i64::from(time.minute) - minutes_east;
    let seconds = minutes * 60 + i64::from(time.second.unwrap_or(0));
    let is_in_range = (0..=LAST_EPOCH_S as i64).contains(&seconds);
    if is_in_range { Ok(seconds) } else { Err(out_of_range()) }
}

/// The seconds since 1970 that the environment says, if it says any. It is read only if a spec asks for it: else the
/// same spec gives the same bytes everywhere.
pub(super) fn of_environment() -> Result<Option<u64>, Wrong> {
    if std::env::var_os(FROM_ENVIRONMENT).is_none() {
        return Ok(None);
    }
    let wrong = |error: OciError| Wrong::new(error.to_string(), format!("set it, unset it, or {FORM}"));
    created_epoch_from_env().map(Some).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_seconds() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-01-31T12:00:00Z", 1_769_860_800),
            ("2026-01-31 12:00:00Z", 1_769_860_800),
            ("2026-01-31T13:00:00.999+01:00", 1_769_860_800),
            ("2026-01-31T02:30:00-09:30", 1_769_860_800),
            ("2024-02-29T23:59:59Z", 1_709_251_199),
            ("1970-01-01T01:00:00+01:00", 0),
            ("9999-12-31T23:59:59Z", LAST_EPOCH_S as i64),
        ] {
            assert_eq!(of_text(text), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn others_are_told_what_would_be_right() {
        for (text, what) in [
            ("yesterday", "\"yesterday\" is not a date"),
            ("", "\"\" is not a date"),
            ("2026-02-30T00:00:00Z", "\"2026-02-30T00:00:00Z\" is not a date"),
            ("Sat, 31 Jan 2026 12:00:00 GMT", "\"Sat, 31 Jan 2026 12:00:00 GMT\" is not a date"),
            ("2026-01-31", "2026-01-31 is not a date and a time"),
            ("12:00:00", "12:00:00 is not a date and a time"),
            ("2026-01-31T12:00:00", "2026-01-31T12:00:00 has no offset from UTC"),
            ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z is out of range"),
            ("1970-01-01T00:59:59+01:00", "1970-01-01T00:59:59+01:00 is out of range"),
            ("9999-12-31T23:59:59-00:01", "9999-12-31T23:59:59-00:01 is out of range"),
        ] {
            assert_eq!(of_text(text).unwrap_err().what, what);
        }
    }
}
