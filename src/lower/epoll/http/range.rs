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
        let (flags, last, tok) = (self.s.flags, self.s.n, self.s.token);
        let [first, content_len] = ["first of the range", "content length"].map(|name| self.local(name));
        self.place(At::Ranges);
        self.match_text("bytes=");
        self.unless_zero(self.s.mismatch, At::NoRange, "another unit");
        self.four(content_len, at(self.s.response, record::BODY_LEN), "bytes of the content");
        self.put_four(frame(var::NUMBERS.at + 8), content_len, "the length");
        self.place(At::Range);
        self.gosub(Routine::Element);
        self.if_zero(tok, At::Field, "no more");
        self.and(self.s.fields_seen, !i64::from(RANGE), "there is one");
        self.unless_byte(b',', At::NoRange, "something else behind it");
        self.gosub(Routine::Number);
        self.branch(self.s.byte, Cond::Ne, i64::from(b'-') - i64::from(b'0'), At::NoRange, "no dash");
        self.set(first, last, "first");
        self.gosub(Routine::Number);
        self.branch(tok, Cond::Ne, self.s.token_end, At::NoRange, "something else in it");
        self.branch(first, Cond::Lt, 0i64, At::Suffix, "no number before the dash");
        self.branch(last, Cond::Ge, 0i64, At::FirstLast, "a number on each side");
        self.place(At::ToEnd);
        self.set(last, NUMBER_MAX, "to the end");
        self.place(At::FirstLast);
        self.branch(first, Cond::Above, last, At::NoRange, "first behind last");
        self.branch(first, Cond::AboveOrEqual, content_len, At::Range, "behind the end");
        self.if_any(flags, flag::PARTIAL, At::Range, "not the first");
        self.or(flags, flag::PARTIAL, "this range can be had");
        self.put_four(frame(var::NUMBERS), first, "first");
        self.branch(last, Cond::Below, content_len, At::RangeFound, "it ends before the content does");
        self.set(last, content_len, "to the end of the content:");
        self.take(last, 1i64, "the last byte there is");
        self.place(At::RangeFound);
        self.put_four(frame(var::NUMBERS.at + 4), last, "last");
        self.take(last, first, "from the first to the last:");
        self.add(last, 1i64, "bytes");
        self.put_four(frame(var::NUMBERS.at + 12), last, "how many");
        self.jump(At::Range, "the next range");
        self.place(At::Suffix);
        self.branch(last, Cond::Lt, 0i64, At::NoRange, "no number at all");
        self.set(first, content_len, "from the end:");
        self.take(first, last, "so many from the end; nothing begins behind it");
        self.branch(last, Cond::BelowOrEqual, content_len, At::ToEnd, "so many are there");
        self.set(first, 0i64, "all of it");
        self.unless_zero(content_len, At::ToEnd, "there is some content");
        // All of nothing can be had, and no 206 says so.
        self.place(At::NoRange);
        self.or(flags, flag::NO_RANGE, "the whole content is sent");
        self.jump(At::Field, "the next field");
    }

    /// A number from `tok` on, in `n`, or something below 0; the byte behind it in `c`, less `0`. The cursor is behind that.
    pub(crate) fn number(&mut self) {
        let (tok, n, c) = (self.s.token, self.s.n, self.s.byte);
        self.sub(Routine::Number);
        self.set(n, NO_NUMBER, "no digit");
        self.place(At::NumberDigit);
        self.next(c, tok, "the next byte");
        self.take(c, i64::from(b'0'), "the digit's value");
        self.branch(c, Cond::Above, 9i64, At::NumberEnd, "no digit");
        self.branch(n, Cond::Gt, NUMBER_MAX / 10 - 1, At::NumberLarge, "one digit more is too many");
        self.mul(n, 10i64, "the digits before count ten times");
        self.add(n, c, "and this one once");
        self.jump(At::NumberDigit, "the next digit");
        self.place(At::NumberLarge);
        self.set(n, NUMBER_MAX, "larger than anything here");
        self.jump(At::NumberDigit, "the next digit");
        self.place(At::NumberEnd);
        self.ret(Routine::Number);
    }

    /// A part of the content, or none of it.
    pub(crate) fn partial(&mut self) {
        let t = self.s.t;
        let refused = self.beginning(416);
        self.set(self.s.beginning, refused, "416");
        self.if_none(self.s.flags, flag::PARTIAL, At::SendError, "nothing of it");
        let begin = self.beginning(206);
        self.set(self.s.beginning, begin, "206");
        self.gosub(Routine::BeginComposed);
        self.four(t, frame(var::NUMBERS), NO_WHY);
        self.four(self.s.content, at(self.s.response, record::BODY), NO_WHY);
        self.add(self.s.content, t, "the first byte");
        self.four(self.s.content_len, frame(var::NUMBERS.at + 12), NO_WHY);
        self.two(self.s.fields_from, at(self.s.response, record::TYPE), "from the fields behind the length on");
        self.jump(At::AppendHeaders, NO_WHY);
    }
}
