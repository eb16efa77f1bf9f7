//! The date of a reply (RFC 9110 §5.6.7), at seconds where days, months, years and leap days begin and end. strace
//! tells the server the time.

use std::time::{Duration, UNIX_EPOCH};

use super::{Client, REQUEST, server_under};
use crate::harness::none;
use crate::harness::tool::tool;
use crate::model::date;

const DAY: u64 = 86_400;

/// Seconds since 1970 at the beginning of a day.
fn beginning(year: u64, month: u64, day: u64) -> u64 {
    let leap_days = (year - 1969) / 4;
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month as usize - 1];
    let leap_day = u64::from(year.is_multiple_of(4) && month > 2);
    ((year - 1970) * 365 + leap_days + before + leap_day + day - 1) * DAY
}

#[test]
fn every_day_has_its_date() {
    // It is there, or the test says what to install.
    drop(tool("strace"));
    let first_days = (1..=12).map(|month| beginning(2026, month, 1));
    let mut times: Vec<u64> =
        first_days.chain([1970, 1972, 1999, 2000, 2001].map(|year| beginning(year, 1, 1))).collect();
    times.extend([1972, 2000, 2023, 2024, 2096].map(|year| beginning(year, 3, 1)));
    times.extend([beginning(2100, 2, 28), 1 << 31, 1_709_210_096]);
    // And the second before each.
    let before: Vec<u64> = times.iter().filter_map(|time| time.checked_sub(1)).collect();
    times.extend(before);
    let mut faults = Vec::new();
    for time in times {
        let clock = format!("inject=clock_gettime:poke_exit=@arg2={:016x}", time.swap_bytes());
        // What strace changes it does by way of a call that the sandbox does not know.
        let strace = ["strace", "-D", "-qqq", "-o", "/dev/null", "-e", &clock];
        let server = server_under(&strace, "sandbox = false");
        let mut client = Client::new(server.port);
        client.send(REQUEST);
        let reply = client.reply_to(false).expect("a reply");
        let (found, wanted) = (reply.field("Date"), date(UNIX_EPOCH + Duration::from_secs(time)));
        faults.extend((found != Some(wanted.as_str())).then(|| format!("{time}: {found:?} for {wanted}")));
    }
    none(&faults);
}
