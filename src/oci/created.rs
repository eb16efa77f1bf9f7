//! The date of an image: from `SOURCE_DATE_EPOCH` (<https://reproducible-builds.org/specs/source-date-epoch/>), never
//! from a clock.

use super::OciError;
use crate::date::LAST_EPOCH_S;

/// Seconds since 1970-01-01T00:00:00Z in the environment variable `SOURCE_DATE_EPOCH`; 0 where it is not set.
pub fn created_epoch_from_env() -> Result<u64, OciError> {
    match std::env::var_os("SOURCE_DATE_EPOCH") {
        None => Ok(0),
        Some(text) => parse_epoch(&text.to_string_lossy()),
    }
}

/// Reads a count of seconds since 1970: decimal digits and nothing else.
pub fn parse_epoch(text: &str) -> Result<u64, OciError> {
    let digits_only = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|seconds| digits_only && *seconds <= LAST_EPOCH_S)
        .ok_or_else(|| OciError::BadEpoch(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_digits_within_the_years_that_can_be_written() {
        assert_eq!(parse_epoch("0"), Ok(0));
        assert_eq!(parse_epoch("1700000000"), Ok(1_700_000_000));
        assert_eq!(parse_epoch("253402300799"), Ok(LAST_EPOCH_S));
        for bad in ["", " 1", "+1", "-1", "1.5", "now", "0x10", "253402300800", "99999999999999999999999"] {
            assert_eq!(parse_epoch(bad), Err(OciError::BadEpoch(bad.to_owned())));
        }
        assert_eq!(
            parse_epoch("now").unwrap_err().to_string(),
            "SOURCE_DATE_EPOCH is `now`; it must be a whole number of seconds since 1970-01-01T00:00:00Z, \
             from 0 to 253402300799 (the year 9999)"
        );
    }
}
