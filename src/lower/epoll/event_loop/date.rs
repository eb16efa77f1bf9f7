//! The date of replies (RFC 9110 §5.6.7), written once a second into the line that all replies share.

use asmgen_arch::op::{Cond, DatumId, Operand, Slot};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::response_table::DATE_AT;
use crate::lower::epoll::state::vars::var;

/// Days from 1 March 1968 to 1 January 1970.
const DAYS_BEFORE_1970: u32 = 306 + 365;

/// Where the parts of `Thu, 01 Jan 1970 00:00:00 GMT` begin. Hours, minutes, seconds and the last digits of the year
/// are 3 bytes apart.
mod part {
    pub(crate) const DAY: u32 = 5;
    pub(crate) const MONTH: u32 = 8;
    pub(crate) const CENTURY: u32 = 12;
    pub(crate) const SECOND: u32 = 23;
}

impl Engine<'_> {
    /// Writes the date, from its last part to its first. It is right up to 28 February 2100: from 1970 to then every
    /// fourth year is a leap year.
    pub(crate) fn write_date(&mut self) {
        let (time, two_digits, year, month, place) = (self.s.n, self.s.d, self.s.t, self.s.u, self.s.ptr);
        self.sub(Routine::Date);
        let clock = [Operand::Const(abi::CLOCK_REALTIME), Operand::Frame(var::SCRATCH.at)];
        self.call(Call::ClockGettime, &clock, None, "seconds since 1970");
        self.four(time, frame(var::SCRATCH), "lower half of tv_sec: unsigned, good until 2106");
        self.date_line(place, DATE_AT + part::SECOND);
        let rounds = self.s.v;
        self.set(rounds, 2i64, "seconds, then minutes");
        self.place(At::Sixtieths);
        self.divide(time, 60, two_digits, "what is left are minutes, then hours");
        self.gosub(Routine::Digits2);
        self.take(rounds, 1i64, "one of the two");
        self.unless_zero(rounds, At::Sixtieths, "minutes are left");
        self.divide(time, 24, two_digits, "what is left are days");
        self.gosub(Routine::Digits2);
        let days = year;
        self.set(days, time, "days since 1970 are needed once more");
        self.divide(days, 7, two_digits, "1 January 1970 was a Thursday");
        self.put_four(frame(var::SCRATCH), two_digits, "day of the week: its name is written last");
        self.year_and_month();
        self.divide(year, 100, two_digits, "last two digits of the year");
        self.gosub(Routine::Digits2);
        self.set(two_digits, year, "the century");
        self.add(place, 1i64, "no separator between century and year");
        self.gosub(Routine::Digits2);
        let day = time;
        self.take(place, part::CENTURY - 3 - part::DAY, "back to the day");
        self.set(two_digits, day, "day of the month, from 0");
        self.add(two_digits, 1i64, "and from 1");
        self.gosub(Routine::Digits2);
        let months = self.text("MarAprMayJunJulAugSepOctNovDecJanFeb");
        let name = self.s.v;
        self.add(place, part::MONTH + 3 - part::DAY, "forward to the month");
        self.set(name, month, "months are counted from March");
        self.three_letters(months);
        let names = self.text("ThuFriSatSunMonTueWed");
        self.take(place, part::MONTH, "back to the date's beginning");
        self.four(name, frame(var::SCRATCH), "days are counted from Thursday");
        self.three_letters(names);
        self.ret(Routine::Date);
        self.letters();
    }

    /// Copies name `v` of the list at `q` to `ptr`.
    fn letters(&mut self) {
        let (name, list, place, letters) = (self.s.v, self.s.q, self.s.ptr, self.s.c);
        self.sub(Routine::Letters);
        self.mul(name, 3i64, "a name has three letters");
        self.add(list, name, "where it begins");
        self.two(letters, at(list, 0), "two letters");
        self.put_two(at(place, 0), letters, "of the name");
        self.byte(letters, at(list, 2), "the third");
        self.put_byte(at(place, 2), letters, "of the name");
        self.ret(Routine::Letters);
    }

    /// Loads the address of a byte of the line with the date.
    pub(crate) fn date_line(&mut self, to: Slot, at: u32) {
        let line = self.records.date_line;
        let place = if at == 0 { line } else { self.program.datum_within(line, at) };
        self.set(to, Operand::Data(place), "in the line with the date, which all replies share");
    }

    /// Divides the day `n` since 1970 into the year `t`, the month `u` and the day of the month `n`. Months count from
    /// 0 for March, days from 0.
    ///
    /// Years begin on 1 March here, so a leap day is the last of a year. Then 1461 days are four years, and 153 days
    /// are five months: the lengths of months repeat (31, 30, 31, 30, 31).
    fn year_and_month(&mut self) {
        let (day, day_of_year, year, month) = (self.s.n, self.s.d, self.s.t, self.s.u);
        self.set(year, day, "year = (4 days + 3) / 1461");
        self.add(year, DAYS_BEFORE_1970, "days since 1 March 1968");
        self.shl(year, 2, "in quarters of days: a year has 1461");
        self.add(year, 3i64, "so that a leap day ends the fourth year");
        self.divide(year, 1461, day_of_year, "years since March 1968");
        self.shr(day_of_year, 2, "day of that year, from 0");
        self.set(month, day_of_year, "month = (5 days + 2) / 153");
        self.mul(month, 5i64, "in fifths of days: a month has 153 / 5");
        self.add(month, 2i64, "so that months have 31, 30, 31, 30, 31 days");
        self.divide(month, 153, day, "months since March");
        self.divide(day, 5, day_of_year, "day of the month, from 0");
        self.branch(month, Cond::Below, 10i64, At::SameYear, "March to December");
        self.add(year, 1i64, "January and February are of the next year");
        self.place(At::SameYear);
        self.add(year, 1968i64, "the year that the count began");
    }

    /// Copies the name of number `v` in this list to `ptr`.
    fn three_letters(&mut self, names: DatumId) {
        self.set(self.s.q, Operand::Data(names), "the list of names");
        self.gosub(Routine::Letters);
    }

    /// Writes `d`, which is below 100, as two digits at `ptr`. Then `ptr` is where the part before them has its digits.
    pub(crate) fn two_digits(&mut self) {
        let (value, last, place) = (self.s.d, self.s.c, self.s.ptr);
        self.sub(Routine::Digits2);
        self.divide(value, 10, last, "tens and ones");
        self.add(value, i64::from(b'0'), "as a digit");
        self.put_byte(at(place, 0), value, "the tens");
        self.add(last, i64::from(b'0'), "as a digit");
        self.put_byte(at(place, 1), last, "the ones");
        self.take(place, 3i64, "a separator and two digits back");
        self.ret(Routine::Digits2);
    }
}
