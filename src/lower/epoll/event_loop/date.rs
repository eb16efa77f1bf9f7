//! The date of replies (RFC 9110 §5.6.7), written once a second.

use asmgen_arch::op::{Cond, Operand, Slot};
use asmgen_arch::syscall::Call;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::response_table::DATE_AT;
use crate::lower::epoll::state::vars::var;

/// From 1 March 1968 to 1 January 1970.
const DAYS_BEFORE_1970: u32 = 306 + 365;

/// `Thu, 01 Jan 1970 00:00:00 GMT`: where its parts begin. Hours, minutes, seconds and the year's last digits stand 3 bytes
/// one behind the other.
mod part {
    pub(crate) const DAY: u32 = 5;
    pub(crate) const MONTH: u32 = 8;
    pub(crate) const CENTURY: u32 = 12;
    pub(crate) const SECOND: u32 = 23;
}

impl Engine<'_> {
    /// Writes the date (RFC 9110 §5.6.7). From 1970 to 28 February 2100 every fourth year is a leap year.
    pub(crate) fn write_date(&mut self) {
        let (n, d, t, u) = (self.s.n, self.s.d, self.s.t, self.s.u);
        self.sub(Routine::Date);
        let clock = [Operand::Const(abi::CLOCK_REALTIME), Operand::Frame(var::SCRATCH.at)];
        self.call(Call::ClockGettime, &clock, None, "seconds since 1970");
        self.four(n, frame(var::SCRATCH), NO_WHY);
        let ptr = self.s.ptr;
        self.date_line(ptr, DATE_AT + part::SECOND);
        self.set(self.s.v, 2i64, NO_WHY);
        self.place(At::Sixtieths);
        self.divide(n, 60, d, "seconds, minutes");
        self.gosub(Routine::Digits2);
        self.take(self.s.v, 1i64, NO_WHY);
        self.unless_zero(self.s.v, At::Sixtieths, NO_WHY);
        self.divide(n, 24, d, "hours");
        self.gosub(Routine::Digits2);
        // Day of the week: 1 January 1970 was a Thursday.
        self.set(t, n, "days");
        self.divide(t, 7, d, NO_WHY);
        self.put_four(frame(var::SCRATCH), d, "day of the week");
        self.year_and_month();
        self.divide(t, 100, d, NO_WHY);
        self.gosub(Routine::Digits2);
        self.set(d, t, "the century");
        self.add(ptr, 1i64, "stands beside the year");
        self.gosub(Routine::Digits2);
        self.take(ptr, part::CENTURY - 3 - part::DAY, NO_WHY);
        self.set(d, n, NO_WHY);
        self.add(d, 1i64, "day of the month");
        self.gosub(Routine::Digits2);
        let months = self.text("MarAprMayJunJulAugSepOctNovDecJanFeb");
        self.add(ptr, part::MONTH + 3 - part::DAY, NO_WHY);
        self.set(self.s.v, u, NO_WHY);
        self.three_letters(months);
        let names = self.text("ThuFriSatSunMonTueWed");
        self.take(ptr, part::MONTH, NO_WHY);
        self.four(self.s.v, frame(var::SCRATCH), NO_WHY);
        self.three_letters(names);
        self.ret(Routine::Date);
        self.sub(Routine::Letters);
        self.mul(self.s.v, 3i64, NO_WHY);
        self.add(self.s.q, self.s.v, "its name");
        self.two(self.s.c, at(self.s.q, 0), NO_WHY);
        self.put_two(at(ptr, 0), self.s.c, NO_WHY);
        self.byte(self.s.c, at(self.s.q, 2), NO_WHY);
        self.put_byte(at(ptr, 2), self.s.c, NO_WHY);
        self.ret(Routine::Letters);
    }

    /// The address of a byte of the line with the date.
    pub(crate) fn date_line(&mut self, to: Slot, at: u32) {
        let line = self.records.date_line;
        let place = if at == 0 { line } else { self.program.datum_within(line, at) };
        self.set(to, Operand::Data(place), "the line with the date");
    }

    /// Of the day `n` since 1970: the year in `t`, the month in `u`, the day of the month in `n`, the last two from 0. Years
    /// and days are counted from a 1 March before a leap day, so that this is a year's last: then 1461 days are four years,
    /// and 153 days five months, whose lengths come again.
    fn year_and_month(&mut self) {
        let (n, d, t, u) = (self.s.n, self.s.d, self.s.t, self.s.u);
        self.set(t, n, NO_WHY);
        self.add(t, DAYS_BEFORE_1970, "from 1 March 1968 on");
        self.shl(t, 2, NO_WHY);
        self.add(t, 3i64, NO_WHY);
        self.divide(t, 1461, d, "years");
        self.shr(d, 2, "the day of that year");
        self.set(u, d, NO_WHY);
        self.mul(u, 5i64, NO_WHY);
        self.add(u, 2i64, NO_WHY);
        self.divide(u, 153, n, "months");
        self.divide(n, 5, d, "the day of the month");
        self.branch(u, Cond::Below, 10i64, At::SameYear, NO_WHY);
        self.add(t, 1i64, "January and February are the next year's");
        self.place(At::SameYear);
        self.add(t, 1968i64, NO_WHY);
    }

    /// Copies the name of number `v` to `ptr`.
    fn three_letters(&mut self, names: asmgen_arch::op::DatumId) {
        self.set(self.s.q, Operand::Data(names), NO_WHY);
        self.gosub(Routine::Letters);
    }

    /// Writes `d`, below 100, as two digits at `ptr`; what stands before them is 3 bytes further down.
    pub(crate) fn two_digits(&mut self) {
        let (d, c, ptr) = (self.s.d, self.s.c, self.s.ptr);
        self.sub(Routine::Digits2);
        self.divide(d, 10, c, NO_WHY);
        self.add(d, i64::from(b'0'), NO_WHY);
        self.put_byte(at(ptr, 0), d, NO_WHY);
        self.add(c, i64::from(b'0'), NO_WHY);
        self.put_byte(at(ptr, 1), c, NO_WHY);
        self.take(ptr, 3i64, NO_WHY);
        self.ret(Routine::Digits2);
    }
}
