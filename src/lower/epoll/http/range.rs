//! The ranges of a request (RFC 9110 §14.2), and the reply with a part of the content.

use asmgen_arch::op::{Cond, Slot};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, frame};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::http::field_names::RANGE;
use crate::lower::epoll::state::conn_entry::flag;
use crate::lower::epoll::state::response_table::record;
use crate::lower::epoll::state::vars::{Spot, var};

/// The largest number that differs from larger ones.
const NUMBER_MAX: u32 = i32::MAX as u32;

/// No digit yet: negative, and ten times that is 0.
const NO_NUMBER: u32 = 1 << 31;

/// The numbers of a `Content-Range`, in the order in which its format names them, and the length of the part.
const FIRST: Spot = var::NUMBERS.byte(0);

const LAST: Spot = var::NUMBERS.byte(4);

const CONTENT_LEN: Spot = var::NUMBERS.byte(8);

const COUNT: Spot = var::NUMBERS.byte(12);

impl Engine<'_> {
    /// Reads `bytes=` and its ranges. The first that can be satisfied is kept; the others only have to be ranges. The
    /// bit of `Range` is cleared if there is one. A range, where `len` is the content's length:
    ///
    /// | before `-` | after it | bytes |
    /// |---|---|---|
    /// | first ≤ last | last, or nothing | first to last, at most to the end; not satisfiable from `len` on |
    /// | first > last | last | no range: all ranges are ignored |
    /// | nothing | n ≤ `len` | the last n; none if n is 0: not satisfiable |
    /// | nothing | n > `len` | all; of an empty content no 206 can say so, so the ranges are ignored |
    /// | anything else | anything else | no range: all ranges are ignored |
    ///
    /// Returns the slot of the number that [`Self::number`] reads.
    pub(crate) fn ranges(&mut self) -> Slot {
        let (flags, token) = (self.s.flags, self.s.token);
        let [first, last, content_len] =
            ["first of the range", "last of the range", "content length"].map(|name| self.local(name));
        self.place(At::Ranges);
        self.match_text("bytes=");
        self.unless_zero(self.s.mismatch, At::NoRange, "another unit");
        self.four(content_len, at(self.s.response, record::BODY_LEN), "bytes of the content");
        self.put_four(frame(CONTENT_LEN), content_len, "the length");
        self.place(At::Range);
        self.gosub(Routine::Element);
        self.if_zero(token, At::Field, "no more");
        self.and(self.s.fields_seen, !i64::from(RANGE), "there is one");
        self.unless_byte(b',', At::NoRange, "something else after it");
        self.gosub(Routine::Number);
        self.branch(self.s.byte, Cond::Ne, i64::from(b'-') - i64::from(b'0'), At::NoRange, "no dash");
        self.set(first, last, "first");
        self.gosub(Routine::Number);
        self.branch(token, Cond::Ne, self.s.token_end, At::NoRange, "something else in it");
        self.branch(first, Cond::Lt, 0i64, At::Suffix, "no number before the dash");
        self.branch(last, Cond::Ge, 0i64, At::FirstLast, "a number on each side");
        self.place(At::ToEnd);
        self.set(last, NUMBER_MAX, "to the end");
        self.place(At::FirstLast);
        self.branch(first, Cond::Above, last, At::NoRange, "first after last");
        self.branch(first, Cond::AboveOrEqual, content_len, At::Range, "after the content's end");
        self.if_any(flags, flag::PARTIAL, At::Range, "not the first");
        self.or(flags, flag::PARTIAL, "this range can be satisfied");
        self.put_four(frame(FIRST), first, "first");
        self.branch(last, Cond::Below, content_len, At::RangeFound, "it ends before the content does");
        self.set(last, content_len, "to the end of the content:");
        self.take(last, 1i64, "the last byte there is");
        self.place(At::RangeFound);
        self.put_four(frame(LAST), last, "last");
        self.take(last, first, "from the first to the last:");
        self.add(last, 1i64, "bytes");
        self.put_four(frame(COUNT), last, "how many");
        self.jump(At::Range, "the next range");
        self.place(At::Suffix);
        self.branch(last, Cond::Lt, 0i64, At::NoRange, "no number at all");
        self.set(first, content_len, "from the end:");
        self.take(first, last, "so many bytes; of 0 the first is at the end");
        self.branch(last, Cond::BelowOrEqual, content_len, At::ToEnd, "the content has so many");
        self.set(first, 0i64, "all of it");
        self.unless_zero(content_len, At::ToEnd, "there is some content");
        // All of nothing can be satisfied, and no 206 says so.
        self.place(At::NoRange);
        self.or(flags, flag::NO_RANGE, "the whole content is sent");
        self.jump(At::Field, "the next field");
        last
    }

    /// Reads a number at `token`: its value, or something negative if there is no digit. The byte after it is in
    /// `byte`, less `0`, and `token` is after that.
    pub(crate) fn number(&mut self, number: Slot) {
        let (token, byte) = (self.s.token, self.s.byte);
        self.sub(Routine::Number);
        self.set(number, NO_NUMBER, "no digit");
        self.place(At::NumberDigit);
        self.next(byte, token, "the next byte");
        self.take(byte, i64::from(b'0'), "the digit's value");
        self.branch(byte, Cond::Above, 9i64, At::NumberEnd, "no digit");
        self.branch(number, Cond::Gt, NUMBER_MAX / 10 - 1, At::NumberLarge, "one digit more is too many");
        self.mul(number, 10i64, "the digits before count ten times");
        self.add(number, byte, "and this one once");
        self.jump(At::NumberDigit, "the next digit");
        self.place(At::NumberLarge);
        self.set(number, NUMBER_MAX, "larger than anything here");
        self.jump(At::NumberDigit, "the next digit");
        self.place(At::NumberEnd);
        self.ret(Routine::Number);
    }

    /// A part of the content, or 416 if no range can be satisfied (RFC 9110 §15.5.17).
    pub(crate) fn partial(&mut self) {
        let first = self.local("first of the range");
        let refused = self.beginning(416);
        self.set(self.s.beginning, refused, "416");
        self.if_none(self.s.flags, flag::PARTIAL, At::SendError, "no range can be satisfied");
        let begin = self.beginning(206);
        self.set(self.s.beginning, begin, "206");
        self.gosub(Routine::BeginComposed);
        self.four(first, frame(FIRST), "where the part begins");
        self.four(self.s.content, at(self.s.response, record::BODY), "the content,");
        self.add(self.s.content, first, "from the part's first byte");
        self.four(self.s.content_len, frame(COUNT), "bytes of the part");
        self.two(self.s.fields_from, at(self.s.response, record::TYPE), "from the fields after the length on");
        self.jump(At::AppendHeaders, "its fields");
    }
}
