//! Conditions with a date (RFC 9110 §13.1.3–5), in programs that have a `Last-Modified`: `If-Modified-Since`,
//! `If-Unmodified-Since`, and `If-Range` with a date.
//!
//! A date is rewritten from the year down, so that two dates compare as texts. A date has three forms (RFC 9110
//! §5.6.7). Each is a text in which codes stand for digits and names, and one loop reads a date by such a text.

use asmgen_arch::op::{Cond, DatumId, Operand, Slot};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, before, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::http::field_names::{IF_MATCH, IF_NONE_MATCH, UNMODIFIED_SINCE, exact_names, seen};
use crate::lower::epoll::startup::byte_classes::class;
use crate::lower::epoll::state::response_table::{DATE_AT, DATE_BYTES, LAST_MODIFIED_BYTES, record};
use crate::lower::epoll::state::vars::var;

/// The bits that tell the two fields with a date apart.
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

/// In a form, 1 + a place stands for a digit. The codes below stand for other things, and every byte from a space on
/// for itself.
const MONTH_NAME: u8 = 0x11;

/// The first digit of a day, or a space.
const DAY_OR_SPACE: u8 = 0x12;

/// Nothing is read here: the century of the year before it is found.
const CENTURY: u8 = 0x13;

const LAST_CODE: u8 = 0x1f;

/// From the beginning of the line with the server's date to its year.
const YEAR_AT: u32 = DATE_AT + 12;

/// A year of two digits is less than so many years ahead of this one; else it is of the century before (RFC 9110
/// §5.6.7).
const YEARS_AHEAD: u32 = 50;

/// Where the date of the request is written, and that of the representation.
const GIVEN: u32 = var::DATES.at;

const STORED: u32 = GIVEN + 16;

const fn two(place: u8) -> [u8; 2] {
    [1 + place, 2 + place]
}

/// A form: what comes before the time, and after it.
fn form(before: &[&[u8]], after: &[&[u8]]) -> Vec<u8> {
    let time = [&two(place::HOUR)[..], b":", &two(place::MINUTE), b":", &two(place::SECOND)].concat();
    [before.concat(), time, after.concat(), vec![0]].concat()
}

/// The three forms of a date.
struct Forms {
    fixed: DatumId,
    dashed: DatumId,
    asctime: DatumId,
}

impl Engine<'_> {
    /// A field with a date at the first reading: its bit is set. With a second line of it, the bit by which it does not
    /// count is set, too.
    pub(crate) fn see_dates(&mut self) {
        let (bit, is_second, fields_seen) = (self.s.id, self.s.byte, self.s.fields_seen);
        self.place(At::NoteDate);
        self.and(bit, WHICH, "which of the two");
        self.shl(bit, seen::DATES_SHIFT, "its bit");
        self.set(is_second, bit, "is it set already?");
        self.and(is_second, fields_seen, "then this is a second line");
        self.or(fields_seen, bit, "the request has it");
        self.shl(is_second, 2, "the bit by which it does not count");
        self.or(fields_seen, is_second, "two lines of it are no date");
        self.jump(At::Field, "the next field");
    }

    /// A date does not count beside the field with entity tags that it goes with (RFC 9110 §13.1.3, §13.1.4).
    pub(crate) fn prefer_etags(&mut self) {
        let tags = self.local("fields with tags");
        self.set(tags, self.s.fields_seen, "the fields of the request");
        self.and(tags, IF_MATCH | IF_NONE_MATCH, "those with entity tags");
        self.shl(tags, seen::DATES_SHIFT + 2, "the bits by which dates do not count");
        self.or(self.s.fields_seen, tags, "tags are more exact than dates");
    }

    /// A field with a date at the second reading. The bit of the field with tags that it goes with says what the date
    /// says:
    ///
    /// | field | last modified | bit |
    /// |---|---|---|
    /// | either, but it does not count, or is no date | any time | as it is |
    /// | `If-Unmodified-Since` | by then | as it is: the condition holds |
    /// | `If-Unmodified-Since` | later | `If-Match` is set: 412 |
    /// | `If-Modified-Since` | by then | `If-None-Match` is cleared: 304 |
    /// | `If-Modified-Since` | later | as it is: the condition holds |
    pub(crate) fn dates(&mut self) {
        let (value, value_end, byte, id, fields_seen, compared) =
            (self.s.value, self.s.value_end, self.s.byte, self.s.id, self.s.fields_seen, self.s.v);
        let [which, last_modified, stored_byte] =
            ["which field", "last modified", "byte of the stored date"].map(|name| self.local(name));
        let (to, stored) = (self.local("where a date is written"), self.s.composed);
        self.place(At::DateField);
        self.set(which, id, "the field's number:");
        self.and(which, WHICH, "which of the two");
        self.set(byte, which, "the bit");
        self.shl(byte, seen::DATES_SHIFT + 2, "by which it does not count");
        self.and(byte, fields_seen, "is it set?");
        self.unless_zero(byte, At::Field, "it does not count");
        self.load_last_modified(last_modified);
        self.set(stored, last_modified, "the variant's date");
        self.set(to, Operand::Frame(GIVEN - 1), "places count from 1");
        self.gosub(Routine::HttpDate);
        self.if_zero(id, At::Field, "no date: ignored (RFC 9110 §13.1.3)");
        self.set(value, stored, "read the stored date, too");
        self.set(value_end, stored, "from there");
        self.add(value_end, DATE_BYTES, "to its end");
        self.set(to, Operand::Frame(STORED - 1), "places count from 1");
        self.gosub(Routine::HttpDate);
        self.set(to, Operand::Frame(GIVEN), "the date of the request");
        self.set(compared, 0i64, "from its first byte");
        self.place(At::CompareDates);
        self.byte(byte, sum(to, compared, 0), "a byte of the request's date");
        self.byte(stored_byte, sum(to, compared, STORED - GIVEN), "and of the stored one");
        self.branch(byte, Cond::Ne, stored_byte, At::DatesDiffer, "the first that differs decides");
        self.add(compared, 1i64, "equal so far");
        self.branch(compared, Cond::Ne, place::BYTES, At::CompareDates, "compare the next");
        self.place(At::DatesDiffer);
        self.branch(stored_byte, Cond::Above, byte, At::ModifiedLater, "modified after the date");
        self.branch(which, Cond::Eq, UNMODIFIED_SINCE & WHICH, At::Field, "it holds");
        self.and(fields_seen, !i64::from(IF_NONE_MATCH), "not modified: as if the entity tag were named");
        self.jump(At::Field, "the next field");
        self.place(At::ModifiedLater);
        self.branch(which, Cond::Ne, UNMODIFIED_SINCE & WHICH, At::Field, "it holds");
        self.or(fields_seen, IF_MATCH, "as if there were another entity tag");
        self.jump(At::Field, "the next field");
        self.if_range_date(last_modified, stored_byte);
        self.http_date(to);
    }

    /// `If-Range` with a date, which must be the very text of `Last-Modified` (RFC 9110 §13.1.5).
    fn if_range_date(&mut self, last_modified: Slot, stored_byte: Slot) {
        let (value, byte) = (self.s.value, self.s.byte);
        self.place(At::IfRangeDate);
        self.load_last_modified(last_modified);
        self.place(At::SameDate);
        self.next(byte, value, "a byte of the value");
        self.next(stored_byte, last_modified, "and of the stored date");
        self.branch(byte, Cond::Ne, stored_byte, At::Field, "another date");
        self.branch(value, Cond::Ne, self.s.value_end, At::SameDate, "equal so far");
        self.jump(At::TagFound, "as if the entity tag were named");
    }

    /// The address of the variant's `Last-Modified`; goes to the next field if it has none.
    fn load_last_modified(&mut self, last_modified: Slot) {
        let shared = self.local("shared fields");
        self.four(last_modified, at(self.s.response, record::START), "the variant's head");
        self.two(shared, at(self.s.response, record::SHARED), "where it shares with a 304:");
        self.add(last_modified, shared, "after the line that has the date");
        self.take(last_modified, LAST_MODIFIED_BYTES, "where that line begins");
        // No other line of ours begins so, and no line has a line end in it.
        self.unless_match(before(last_modified, 1), b"\nLas", At::Field, "it has no date");
        self.add(last_modified, LAST_MODIFIED_BYTES - DATE_BYTES - 2, "the date in it");
    }

    /// The forms of a date (RFC 9110 §5.6.7), each after the day of the week.
    fn date_forms(&mut self) -> Forms {
        let (day, year) = (two(place::DAY), two(place::YEAR_IN_CENTURY));
        let (century, gmt): (_, &[u8]) = (two(place::YEAR), b" GMT");
        let fixed = form(&[b", ", &day, b" ", &[MONTH_NAME], b" ", &century, &year, b" "], &[gmt]);
        let dashed = form(&[b", ", &day, b"-", &[MONTH_NAME], b"-", &year, &[CENTURY], b" "], &[gmt]);
        let asctime = form(&[b" ", &[MONTH_NAME], b" ", &[DAY_OR_SPACE], &day[1..], b" "], &[b" ", &century, &year]);
        let [fixed, dashed, asctime] = [("IMF-fixdate", fixed), ("rfc850-date", dashed), ("asctime-date", asctime)]
            .map(|(name, form)| self.bytes(&format!("form: {name}"), &form));
        Forms { fixed, dashed, asctime }
    }

    /// Reads a date from `value` to `value_end`, and writes it after the byte at `to`; `id` is 0 if it is none. Its
    /// form:
    ///
    /// | day of the week | next byte | form |
    /// |---|---|---|
    /// | short | a comma | IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT` |
    /// | short | another | asctime-date: `Sun Nov  6 08:49:37 1994` |
    /// | long | any | rfc850-date: `Sunday, 06-Nov-94 08:49:37 GMT` |
    fn http_date(&mut self, to: Slot) {
        let (value, id, byte, form, code) =
            (self.s.value, self.s.id, self.s.byte, self.local("form of the date"), self.s.d);
        let short = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map(|name| (1, name));
        let long = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"].map(|name| (2, name));
        let days = self.bytes("days of the week", &exact_names(&[short, long].concat()));
        let Forms { fixed, dashed, asctime } = self.date_forms();
        self.sub(Routine::HttpDate);
        self.set(self.s.token, value, "the day of the week");
        self.scan(value, class::TOKEN, At::Weekday);
        self.set(self.s.token_end, value, "after the byte that ends it");
        self.set(self.s.names, Operand::Data(days), "short names, and long ones");
        self.gosub(Routine::Lookup);
        self.if_zero(id, At::DateDone, "no day of the week");
        self.take(value, 1i64, "back to the byte after it");
        self.set(form, Operand::Data(dashed), "rfc850-date");
        self.branch(id, Cond::Ne, 1i64, At::DateItem, "a long name");
        self.set(form, Operand::Data(fixed), "IMF-fixdate");
        self.byte(byte, at(value, 0), "the byte after the name");
        self.branch(byte, Cond::Eq, b',', At::DateItem, "its comma");
        self.set(form, Operand::Data(asctime), "asctime-date");
        self.date_items(to, form, code);
        self.date_month(code);
        self.date_century(to, code);
        self.place(At::DateEnd);
        self.branch(value, Cond::Ne, self.s.value_end, At::NoDate, "more after it");
        self.place(At::DateDone);
        self.ret(Routine::HttpDate);
        self.two_digits_value(code);
    }

    /// Reads a date by its form:
    ///
    /// | code in the form | in the date |
    /// |---|---|
    /// | 0 | the end |
    /// | from a space on | the same byte |
    /// | [`MONTH_NAME`] | the name of a month |
    /// | [`CENTURY`] | nothing: the century is found |
    /// | [`DAY_OR_SPACE`] | a digit, or a space for 0 |
    /// | 1 + a place | a digit |
    fn date_items(&mut self, to: Slot, form: Slot, code: Slot) {
        let (value, id, byte) = (self.s.value, self.s.id, self.s.byte);
        let digit = self.local("digit");
        self.place(At::DateItem);
        self.next(code, form, "what comes next in the form");
        self.if_zero(code, At::DateEnd, "nothing");
        self.next(byte, value, "the byte of the date");
        self.branch(code, Cond::Above, LAST_CODE, At::DateItself, "the same byte is wanted");
        self.branch(code, Cond::Eq, MONTH_NAME, At::DateMonth, "a month is wanted");
        self.branch(code, Cond::Eq, CENTURY, At::DateCentury, "the century is wanted");
        self.branch(code, Cond::Ne, DAY_OR_SPACE, At::DateDigit, "a digit is wanted");
        self.set(code, i64::from(1 + place::DAY), "where the day is written");
        self.branch(byte, Cond::Ne, b' ', At::DateDigit, "a day of two digits");
        self.set(byte, i64::from(b'0'), "a space stands for 0");
        self.place(At::DateDigit);
        self.set(digit, byte, "is it a digit?");
        self.take(digit, i64::from(b'0'), "its value");
        self.branch(digit, Cond::Above, 9i64, At::NoDate, "no digit");
        self.place(At::DateByte);
        self.put_byte(sum(to, code, 0), byte, "at its place from the year down");
        self.jump(At::DateItem, "the next item");
        self.place(At::DateItself);
        self.branch(byte, Cond::Eq, code, At::DateItem, "the next item");
        self.place(At::NoDate);
        self.set(id, 0i64, "no date");
        self.jump(At::DateDone, "done");
    }

    /// The name of a month, three letters in this case (RFC 9110 §5.6.7), becomes its number.
    fn date_month(&mut self, code: Slot) {
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let months: Vec<(u32, &str)> = (1..).zip(names).collect();
        let months = self.bytes("months", &exact_names(&months));
        let (value, id, token_end) = (self.s.value, self.s.id, self.s.token_end);
        self.place(At::DateMonth);
        self.set(token_end, value, "after its first letter:");
        self.add(token_end, 3i64, "after the byte that ends it");
        self.take(value, 1i64, "back to its first letter");
        self.set(self.s.token, value, "the name");
        self.add(value, 3i64, "after the name");
        self.set(self.s.names, Operand::Data(months), "the months");
        self.gosub(Routine::Lookup);
        self.if_zero(id, At::DateDone, "no month");
        self.set(self.s.byte, id, "its number");
        self.set(code, i64::from(1 + place::MONTH), "where the month is written");
        self.jump(At::DateByte, "write it");
    }

    /// The century of a year of two digits. It is the server's, or the one before if that is too far ahead (RFC 9110
    /// §5.6.7).
    fn date_century(&mut self, to: Slot, code: Slot) {
        /// What `Pair` makes of two digits beside their number.
        const CONSTANT: i64 = b'0' as i64 * 11;
        let (byte, digits, ahead) = (self.s.byte, self.s.ptr, self.s.v);
        self.place(At::DateCentury);
        self.take(self.s.value, 1i64, "no byte of the date belongs to it");
        self.set(digits, to, "the date that is written:");
        self.add(digits, 1i64 + i64::from(place::YEAR_IN_CENTURY), "its year");
        self.gosub(Routine::Pair);
        self.set(ahead, byte, "the year of the date,");
        self.date_line(digits, YEAR_AT + 2);
        self.gosub(Routine::Pair);
        self.take(ahead, byte, "years ahead");
        self.take(digits, 2i64, "the server's century");
        self.gosub(Routine::Pair);
        self.branch(ahead, Cond::Lt, YEARS_AHEAD, At::ThisCentury, "in the same century");
        self.take(byte, 1i64, "in the century before");
        self.place(At::ThisCentury);
        self.set(code, byte, "the century, as a number:");
        self.take(code, CONSTANT, "without what the digits add");
        self.set(digits, to, "the date that is written:");
        self.add(digits, 1i64, "its century");
        self.gosub(Routine::Digits2);
        self.jump(At::DateItem, "the next item");
    }

    /// `Pair`: two digits at `ptr`, as their number and a constant, in `byte`.
    fn two_digits_value(&mut self, second: Slot) {
        let (byte, digits) = (self.s.byte, self.s.ptr);
        self.sub(Routine::Pair);
        self.byte(byte, at(digits, 0), "the first digit");
        self.mul(byte, 10i64, "counts ten times");
        self.byte(second, at(digits, 1), "the second digit");
        self.add(byte, second, "counts once");
        self.ret(Routine::Pair);
    }
}
