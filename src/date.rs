//! Times as numbers and as texts: RFC 3339, and HTTP's dates (RFC 9110 §5.6.7). All are UTC; no clock is read.

/// Last second that RFC 3339 can write: 9999-12-31T23:59:59Z.
pub(crate) const LAST_EPOCH_S: u64 = 253_402_300_799;

const DAY_S: u64 = 86_400;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The time `epoch_s` seconds after 1970-01-01T00:00:00Z as RFC 3339 writes it, in UTC.
pub(crate) fn rfc3339(epoch_s: u64) -> String {
    let (year, month, day) = civil_date(epoch_s / DAY_S);
    format!("{year:04}-{month:02}-{day:02}T{}Z", time_of_day(epoch_s))
}

/// The same time as HTTP writes it, an IMF-fixdate.
pub(crate) fn imf_fixdate(epoch_s: u64) -> String {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let days = epoch_s / DAY_S;
    let (year, month, day) = civil_date(days);
    let (weekday, month) = (WEEKDAYS[(days % 7) as usize], MONTHS[month as usize - 1]);
    format!("{weekday}, {day:02} {month} {year:04} {} GMT", time_of_day(epoch_s))
}

/// The second of an IMF-fixdate from 1970 on; none if the text is not exactly one, or its day does not exist.
pub(crate) fn epoch_of_imf_fixdate(text: &str) -> Option<u64> {
    let number = |from: usize, digits: usize| text.get(from..from + digits)?.parse::<u64>().ok();
    let month = 1 + MONTHS.iter().position(|month| text.get(8..11) == Some(month))? as u64;
    let (day, year) = (number(5, 2).filter(|&day| day > 0)?, number(12, 4).filter(|&year| year >= 1970)?);
    let seconds = number(17, 2)? * 3600 + number(20, 2)? * 60 + number(23, 2)?;
    Some(days_since_1970(year, month, day) * DAY_S + seconds).filter(|&epoch_s| imf_fixdate(epoch_s) == text)
}

fn time_of_day(epoch_s: u64) -> String {
    let second = epoch_s % DAY_S;
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// Days from 1970-01-01 to that day of the Gregorian calendar, from 1970 on: the days of the years before it, then
/// those of the months.
pub(crate) fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let before = |year: u64| 365 * year + year / 4 - year / 100 + year / 400;
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let february = if is_leap { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30];
    let months: u64 = lengths[..month as usize - 1].iter().sum();
    before(year - 1) - before(1969) + months + day - 1
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
    fn http_dates_are_written_as_date_does() {
        // Each pair from `date -u -d @N '+%a, %d %b %Y %T GMT'`.
        let table = [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_769_860_800, "Sat, 31 Jan 2026 12:00:00 GMT"),
            (LAST_EPOCH_S, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ];
        for (epoch_s, text) in table {
            assert_eq!(imf_fixdate(epoch_s), text, "{epoch_s}");
        }
    }

    #[test]
    fn days_are_counted_both_ways() {
        for days in (0..LAST_EPOCH_S / DAY_S).step_by(13).chain(0..2000) {
            let (year, month, day) = civil_date(days);
            assert_eq!(days_since_1970(year, month, day), days, "{year}-{month}-{day}");
        }
    }
}
