//! The ranges of a request (RFC 9110 §14.2), and the reply with a part of the content.

use asmgen_arch::op::Cond;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::http::field_names::RANGE;
use crate::lower::epoll::state::conn_entry::flag;
use crate::lower::epoll::state::response_table::record;
use crate::lower::epoll::state::vars::var;

/// Largest number that is told from larger ones.
const NUMBER_MAX: u32 = i32::MAX as u32;

/// No digit yet: below 0, and ten times that is 0.
const NO_NUMBER: u32 = 1 << 31;

impl Engine<'_> {
    /// The first range that can be had is kept; the others only have to be ranges. The field's bit goes if there is one.
    pub(crate) fn ranges(&mut self) {
        let (flags, t, n, tok, blen) = (self.s.flags, self.s.t, self.s.n, self.s.tok, self.s.blen);
        self.place(At::Ranges);
        self.begins_with("bytes=");
        self.unless_zero(self.s.d, At::NoRange, "another unit");
        self.four(blen, at(self.s.rep, record::BODY_LEN), NO_WHY);
        self.put_four(frame(var::NUMBERS.at + 8), blen, "the length");
        self.place(At::Range);
        self.gosub(Routine::Element);
        self.if_zero(tok, At::Field, "no more");
        self.and(self.s.seen, !i64::from(RANGE), "there is one");
        self.unless(b',', At::NoRange, "something else behind it");
        self.gosub(Routine::Number);
        self.branch(self.s.c, Cond::Ne, i64::from(b'-') - i64::from(b'0'), At::NoRange, "no dash");
        self.set(t, n, "first");
        self.gosub(Routine::Number);
        self.branch(tok, Cond::Ne, self.s.tokend, At::NoRange, "something else in it");
        self.branch(t, Cond::Lt, 0i64, At::Suffix, NO_WHY);
        self.branch(n, Cond::Ge, 0i64, At::FirstLast, NO_WHY);
        self.place(At::ToEnd);
        self.set(n, NUMBER_MAX, "to the end");
        self.place(At::FirstLast);
        self.branch(t, Cond::Above, n, At::NoRange, "first behind last");
        self.branch(t, Cond::AboveOrEqual, blen, At::Range, "behind the end");
        self.if_any(flags, flag::PARTIAL, At::Range, "not the first");
        self.or(flags, flag::PARTIAL, NO_WHY);
        self.put_four(frame(var::NUMBERS), t, "first");
        self.branch(n, Cond::Below, blen, At::RangeFound, NO_WHY);
        self.set(n, blen, NO_WHY);
        self.take(n, 1i64, "the last byte there is");
        self.place(At::RangeFound);
        self.put_four(frame(var::NUMBERS.at + 4), n, "last");
        self.take(n, t, NO_WHY);
        self.add(n, 1i64, "bytes");
        self.put_four(frame(var::NUMBERS.at + 12), n, NO_WHY);
        self.jump(At::Range, NO_WHY);
        self.place(At::Suffix);
        self.branch(n, Cond::Lt, 0i64, At::NoRange, "no number at all");
        self.set(t, blen, NO_WHY);
        self.take(t, n, "so many from the end; nothing begins behind it");
        self.branch(n, Cond::BelowOrEqual, blen, At::ToEnd, NO_WHY);
        self.set(t, 0i64, "all of it");
        self.unless_zero(blen, At::ToEnd, NO_WHY);
        // All of nothing can be had, and no 206 says so.
        self.place(At::NoRange);
        self.or(flags, flag::NO_RANGE, NO_WHY);
        self.jump(At::Field, NO_WHY);
    }

    /// A number from `tok` on, in `n`, or something below 0; the byte behind it in `c`, less `0`. The cursor is behind that.
    pub(crate) fn number(&mut self) {
        let (tok, n, c) = (self.s.tok, self.s.n, self.s.c);
        self.sub(Routine::Number);
        self.set(n, NO_NUMBER, "no digit");
        self.place(At::NumberDigit);
        self.next(c, tok, NO_WHY);
        self.take(c, i64::from(b'0'), NO_WHY);
        self.branch(c, Cond::Above, 9i64, At::NumberEnd, NO_WHY);
        self.branch(n, Cond::Gt, NUMBER_MAX / 10 - 1, At::NumberLarge, NO_WHY);
        self.mul(n, 10i64, NO_WHY);
        self.add(n, c, NO_WHY);
        self.jump(At::NumberDigit, NO_WHY);
        self.place(At::NumberLarge);
        self.set(n, NUMBER_MAX, "larger than anything here");
        self.jump(At::NumberDigit, NO_WHY);
        self.place(At::NumberEnd);
        self.ret(Routine::Number);
    }

    /// A part of the content, or none of it.
    pub(crate) fn partial(&mut self) {
        let t = self.s.t;
        let refused = self.beginning(416);
        self.set(self.s.tok, refused, "416");
        self.if_none(self.s.flags, flag::PARTIAL, At::SendError, "nothing of it");
        let begin = self.beginning(206);
        self.set(self.s.tok, begin, "206");
        self.gosub(Routine::BeginComposed);
        self.four(t, frame(var::NUMBERS), NO_WHY);
        self.four(self.s.body, at(self.s.rep, record::BODY), NO_WHY);
        self.add(self.s.body, t, "the first byte");
        self.four(self.s.blen, frame(var::NUMBERS.at + 12), NO_WHY);
        self.two(self.s.v, at(self.s.rep, record::TYPE), "from the fields behind the length on");
        self.jump(At::AppendHeaders, NO_WHY);
    }
}
