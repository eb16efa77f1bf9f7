//! The date of an image: from `SOURCE_DATE_EPOCH` (<https://reproducible-builds.org/specs/source-date-epoch/>), never
//! from a clock.

use super::OciError;

/// Last second that RFC 3339 can write: 9999-12-31T23:59:59Z.
pub const LAST_EPOCH_S: u64 = 253_402_300_799;

const DAY_S: u64 = 86_400;

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

/// The time `epoch_s` seconds after 1970-01-01T00:00:00Z as RFC 3339 writes it, in UTC.
pub fn rfc3339(epoch_s: u64) -> String {
    let (year, month, day) = civil_date(epoch_s / DAY_S);
    let second = epoch_s % DAY_S;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

/// Year, month and day in the Gregorian calendar. Years are counted from March, so that the leap day is the last:
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn civil_date(days_since_1970: u64) -> (u64, u64, u64) {
    const DAYS_FROM_0000_03_01_TO_1970: u64 = 719_468;
    const ERA_YEARS: u64 = 400;
    const ERA_DAYS: u64 = 146_097;
    let days = days_since_1970 + DAYS_FROM_0000_03_01_TO_1970;
    let (era, day_of_era) = (days / ERA_DAYS, days % ERA_DAYS);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / (ERA_DAYS - 1)) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * ERA_YEARS + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_date_does() {
        // Each pair from `date -u -d @N +%FT%TZ`.
        let table = [
            (0, "1970-01-01T00:00:00Z"),
            (59, "1970-01-01T00:00:59Z"),
            (68_169_599, "1972-02-28T23:59:59Z"),
            (68_169_600, "1972-02-29T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_700_000_000, "2023-11-14T22:13:20Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (LAST_EPOCH_S, "9999-12-31T23:59:59Z"),
        ];
        for (epoch_s, text) in table {
            assert_eq!(rfc3339(epoch_s), text, "{epoch_s}");
        }
    }

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
