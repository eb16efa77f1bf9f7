//! `If-Modified-Since`, `If-Unmodified-Since`, and `If-Range` with a date (RFC 9110 §13.1.3–5), in programs that have a
//! `Last-Modified`. The texts of the dates are compared, once they are written from the year down.

use asmgen_arch::op::{Cond, Operand};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, before, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::http::field_names::{IF_MATCH, IF_NONE_MATCH, UNMODIFIED_SINCE, exact_names, seen};
use crate::lower::epoll::startup::byte_classes::class;
use crate::lower::epoll::state::response_table::{DATE_AT, DATE_BYTES, LAST_MODIFIED_BYTES, record};
use crate::lower::epoll::state::vars::var;

const WHICH: u32 = 3;

/// A date from the year down: where its parts begin, and its bytes. The month is one byte, its number.
mod place {
    pub(crate) const YEAR: u8 = 0;
    pub(crate) const YEAR_IN_CENTURY: u8 = 2;
    pub(crate) const MONTH: u8 = 4;
    pub(crate) const DAY: u8 = 5;
    pub(crate) const HOUR: u8 = 7;
    pub(crate) const MINUTE: u8 = 9;
    pub(crate) const SECOND: u8 = 11;
    pub(crate) const BYTES: u32 = 13;
}

/// In a form, 1 + a place stands for a digit; and these for other things. Every other byte, all from a space on, for itself.
const MONTH_NAME: u8 = 0x11;

/// The first digit of a day, or a space.
const DAY_OR_SPACE: u8 = 0x12;

/// Nothing; the century of the year in it is found.
const CENTURY: u8 = 0x13;

const LAST_CODE: u8 = 0x1f;

/// From the beginning of the line with the server's date to its year.
const YEAR_AT: u32 = DATE_AT + 12;

/// A year in a century is at most so many years, less one, ahead of this one: else it is the century before (RFC 9110 §5.6.7).
const YEARS_AHEAD: u32 = 50;

/// Where the date of the request, and that of the representation, are written.
const GIVEN: u32 = var::DATES.at;

const STORED: u32 = GIVEN + 16;

const fn two(place: u8) -> [u8; 2] {
    [1 + place, 2 + place]
}

/// A form: what stands before the time, and behind it.
fn form(before: &[&[u8]], behind: &[&[u8]]) -> Vec<u8> {
    let time = [&two(place::HOUR)[..], b":", &two(place::MINUTE), b":", &two(place::SECOND)].concat();
    [before.concat(), time, behind.concat(), vec![0]].concat()
}

impl Engine<'_> {
    /// Fields with a date, the first time: is there one, or more than one?
    pub(crate) fn see_dates(&mut self) {
        let (id, c, fields) = (self.s.id, self.s.byte, self.s.fields_seen);
        self.place(At::SeeDate);
        self.and(id, WHICH, NO_WHY);
        self.shl(id, seen::DATES_SHIFT, NO_WHY);
        self.set(c, id, NO_WHY);
        self.and(c, fields, NO_WHY);
        self.or(fields, id, NO_WHY);
        self.shl(c, 2, NO_WHY);
        self.or(fields, c, "two lines of it are no date");
        self.jump(At::Field, NO_WHY);
    }

    /// Fields with a date do not count beside those with entity tags.
    pub(crate) fn prefer_tags(&mut self) {
        let t = self.s.t;
        self.set(t, self.s.fields_seen, NO_WHY);
        self.and(t, IF_MATCH | IF_NONE_MATCH, NO_WHY);
        self.shl(t, seen::DATES_SHIFT + 2, NO_WHY);
        self.or(self.s.fields_seen, t, NO_WHY);
    }

    /// The second time, with `id` and the value from `q` to `vend`: what a date says is said by the bit of the entity tag
    /// in its place.
    pub(crate) fn dates(&mut self) {
        let (id, n, c, d, q, t, v, x, fields) = (
            self.s.id,
            self.s.n,
            self.s.byte,
            self.s.d,
            self.s.value,
            self.s.t,
            self.s.v,
            self.s.composed,
            self.s.fields_seen,
        );
        self.place(At::DateField);
        self.set(n, id, NO_WHY);
        self.and(n, WHICH, NO_WHY);
        self.set(c, n, NO_WHY);
        self.shl(c, seen::DATES_SHIFT + 2, NO_WHY);
        self.and(c, fields, NO_WHY);
        self.unless_zero(c, At::Field, "it does not count");
        self.last_modified();
        self.set(x, t, NO_WHY);
        self.set(self.s.wide, Operand::Frame(GIVEN - 1), NO_WHY);
        self.gosub(Routine::HttpDate);
        self.if_zero(id, At::Field, "no date");
        self.set(q, x, NO_WHY);
        self.set(self.s.value_end, x, NO_WHY);
        self.add(self.s.value_end, DATE_BYTES, NO_WHY);
        self.set(self.s.wide, Operand::Frame(STORED - 1), NO_WHY);
        self.gosub(Routine::HttpDate);
        self.set(self.s.wide, Operand::Frame(GIVEN), NO_WHY);
        self.set(v, 0i64, NO_WHY);
        self.place(At::CompareDates);
        self.byte(c, sum(self.s.wide, v, 0), NO_WHY);
        self.byte(d, sum(self.s.wide, v, STORED - GIVEN), NO_WHY);
        self.branch(c, Cond::Ne, d, At::DatesDiffer, NO_WHY);
        self.add(v, 1i64, NO_WHY);
        self.branch(v, Cond::Ne, place::BYTES, At::CompareDates, NO_WHY);
        self.place(At::DatesDiffer);
        self.branch(d, Cond::Above, c, At::ModifiedLater, NO_WHY);
        self.branch(n, Cond::Eq, UNMODIFIED_SINCE & WHICH, At::Field, "it holds");
        self.and(fields, !i64::from(IF_NONE_MATCH), "not modified: as if the entity tag were named");
        self.jump(At::Field, NO_WHY);
        self.place(At::ModifiedLater);
        self.branch(n, Cond::Ne, UNMODIFIED_SINCE & WHICH, At::Field, NO_WHY);
        self.or(fields, IF_MATCH, "as if there were another entity tag");
        self.jump(At::Field, NO_WHY);
        // `If-Range` is the very text, or another representation's: §13.1.5.
        self.place(At::IfRangeDate);
        self.last_modified();
        self.place(At::SameDate);
        self.next(c, q, NO_WHY);
        self.next(d, t, NO_WHY);
        self.branch(c, Cond::Ne, d, At::Field, NO_WHY);
        self.branch(q, Cond::Ne, self.s.value_end, At::SameDate, NO_WHY);
        self.jump(At::TagFound, NO_WHY);
        self.http_date();
    }

    /// The date of `rep` in `t`; goes on with the next field if it has none.
    fn last_modified(&mut self) {
        let (t, u) = (self.s.t, self.s.u);
        self.four(t, at(self.s.response, record::START), NO_WHY);
        self.two(u, at(self.s.response, record::SHARED), NO_WHY);
        self.add(t, u, "behind the line that has it");
        self.take(t, LAST_MODIFIED_BYTES, NO_WHY);
        // No other line of ours begins so, and no line has a line end in it.
        self.unless_match(before(t, 1), b"\nLas", At::Field, "it has no date");
        self.add(t, LAST_MODIFIED_BYTES - DATE_BYTES - 2, NO_WHY);
    }

    /// Reads a date from `q` to `vend`, in one of the three forms of RFC 9110 §5.6.7, and writes it behind `wide`; `id` is 0 if it
    /// is none.
    fn http_date(&mut self) {
        let (q, vend, tok, tokend, list, id) =
            (self.s.value, self.s.value_end, self.s.token, self.s.token_end, self.s.names, self.s.id);
        let (c, d, u, o) = (self.s.byte, self.s.d, self.s.u, self.s.output);
        let short = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map(|name| (1, name));
        let long = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"].map(|name| (2, name));
        let days = self.bytes("days of the week", &exact_names(&[short, long].concat()));
        let (day, year) = (two(place::DAY), two(place::YEAR_IN_CENTURY));
        let (century, gmt): (_, &[u8]) = (two(place::YEAR), b" GMT");
        let fixed = form(&[b", ", &day, b" ", &[MONTH_NAME], b" ", &century, &year, b" "], &[gmt]);
        let dashed = form(&[b", ", &day, b"-", &[MONTH_NAME], b"-", &year, &[CENTURY], b" "], &[gmt]);
        let asctime = form(&[b" ", &[MONTH_NAME], b" ", &[DAY_OR_SPACE], &day[1..], b" "], &[b" ", &century, &year]);
        let [fixed, dashed, asctime] = [("IMF-fixdate", fixed), ("rfc850-date", dashed), ("asctime-date", asctime)]
            .map(|(name, form)| self.bytes(&format!("form: {name}"), &form));
        self.sub(Routine::HttpDate);
        self.set(tok, q, NO_WHY);
        self.scan(q, class::TOKEN, At::Weekday);
        self.set(tokend, q, NO_WHY);
        self.set(list, Operand::Data(days), NO_WHY);
        self.gosub(Routine::Lookup);
        self.if_zero(id, At::Dated, "no day of the week");
        self.take(q, 1i64, NO_WHY);
        self.set(o, Operand::Data(dashed), NO_WHY);
        self.branch(id, Cond::Ne, 1i64, At::DateItem, "a long name");
        self.set(o, Operand::Data(fixed), NO_WHY);
        self.byte(c, at(q, 0), NO_WHY);
        self.branch(c, Cond::Eq, b',', At::DateItem, NO_WHY);
        self.set(o, Operand::Data(asctime), NO_WHY);
        self.place(At::DateItem);
        self.next(d, o, NO_WHY);
        self.if_zero(d, At::DateEnd, NO_WHY);
        self.next(c, q, NO_WHY);
        self.branch(d, Cond::Above, LAST_CODE, At::DateItself, NO_WHY);
        self.branch(d, Cond::Eq, MONTH_NAME, At::DateMonth, NO_WHY);
        self.branch(d, Cond::Eq, CENTURY, At::DateCentury, NO_WHY);
        self.branch(d, Cond::Ne, DAY_OR_SPACE, At::DateDigit, NO_WHY);
        self.set(d, i64::from(1 + place::DAY), NO_WHY);
        self.branch(c, Cond::Ne, b' ', At::DateDigit, NO_WHY);
        self.set(c, i64::from(b'0'), NO_WHY);
        self.place(At::DateDigit);
        self.set(u, c, NO_WHY);
        self.take(u, i64::from(b'0'), NO_WHY);
        self.branch(u, Cond::Above, 9i64, At::DateBad, "no digit");
        self.place(At::DateByte);
        self.put_byte(sum(self.s.wide, d, 0), c, NO_WHY);
        self.jump(At::DateItem, NO_WHY);
        self.place(At::DateItself);
        self.branch(c, Cond::Eq, d, At::DateItem, NO_WHY);
        self.place(At::DateBad);
        self.set(id, 0i64, NO_WHY);
        self.jump(At::Dated, NO_WHY);
        self.date_month();
        self.date_century();
        self.place(At::DateEnd);
        self.branch(q, Cond::Ne, vend, At::DateBad, "more behind it");
        self.place(At::Dated);
        self.ret(Routine::HttpDate);
        // Two digits at `ptr`, as a number and a constant.
        self.sub(Routine::Pair);
        self.byte(c, at(self.s.ptr, 0), NO_WHY);
        self.mul(c, 10i64, NO_WHY);
        self.byte(d, at(self.s.ptr, 1), NO_WHY);
        self.add(c, d, NO_WHY);
        self.ret(Routine::Pair);
    }

    fn date_month(&mut self) {
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let months: Vec<(u32, &str)> = (1..).zip(names).collect();
        let months = self.bytes("months", &exact_names(&months));
        let (q, id) = (self.s.value, self.s.id);
        self.place(At::DateMonth);
        self.set(self.s.token_end, q, NO_WHY);
        self.add(self.s.token_end, 3i64, NO_WHY);
        self.take(q, 1i64, NO_WHY);
        self.set(self.s.token, q, NO_WHY);
        self.add(q, 3i64, NO_WHY);
        self.set(self.s.names, Operand::Data(months), NO_WHY);
        self.gosub(Routine::Lookup);
        self.if_zero(id, At::Dated, "no month");
        self.set(self.s.byte, id, NO_WHY);
        self.set(self.s.d, i64::from(1 + place::MONTH), NO_WHY);
        self.jump(At::DateByte, NO_WHY);
    }

    /// The century of a year that has two digits, by that of the server's date.
    fn date_century(&mut self) {
        const CONSTANT: i64 = b'0' as i64 * 11;
        let (c, d, ptr, v, wide) = (self.s.byte, self.s.d, self.s.ptr, self.s.v, self.s.wide);
        self.place(At::DateCentury);
        self.take(self.s.value, 1i64, "that was nothing of it");
        self.set(ptr, wide, NO_WHY);
        self.add(ptr, 1i64 + i64::from(place::YEAR_IN_CENTURY), NO_WHY);
        self.gosub(Routine::Pair);
        self.set(v, c, NO_WHY);
        self.date_line(ptr, YEAR_AT + 2);
        self.gosub(Routine::Pair);
        self.take(v, c, "years ahead");
        self.take(ptr, 2i64, NO_WHY);
        self.gosub(Routine::Pair);
        self.branch(v, Cond::Lt, YEARS_AHEAD, At::ThisCentury, NO_WHY);
        self.take(c, 1i64, NO_WHY);
        self.place(At::ThisCentury);
        self.set(d, c, NO_WHY);
        self.take(d, CONSTANT, NO_WHY);
        self.set(ptr, wide, NO_WHY);
        self.add(ptr, 1i64, NO_WHY);
        self.gosub(Routine::Digits2);
        self.jump(At::DateItem, NO_WHY);
    }
}
