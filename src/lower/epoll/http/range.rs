//! The ranges of a request (RFC 9110 §14.2), and the reply with a part of the content.

use asmgen_arch::op::Cond;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, frame};
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
        self.place("ranges");
        self.begins_with("bytes=");
        self.unless_zero(self.s.d, "no_range", "another unit");
        self.four(blen, at(self.s.rep, record::BODY_LEN), "");
        self.put_four(frame(var::NUMBERS.at + 8), blen, "the length");
        self.place("range");
        self.gosub("element");
        self.if_zero(tok, "field", "no more");
        self.and(self.s.seen, !i64::from(RANGE), "there is one");
        self.unless(b',', "no_range", "something else behind it");
        self.gosub("number");
        self.branch(self.s.c, Cond::Ne, i64::from(b'-') - i64::from(b'0'), "no_range", "no dash");
        self.set(t, n, "first");
        self.gosub("number");
        self.branch(tok, Cond::Ne, self.s.tokend, "no_range", "something else in it");
        self.branch(t, Cond::Lt, 0i64, "suffix", "");
        self.branch(n, Cond::Ge, 0i64, "first_last", "");
        self.place("to_end");
        self.set(n, NUMBER_MAX, "to the end");
        self.place("first_last");
        self.branch(t, Cond::Above, n, "no_range", "first behind last");
        self.branch(t, Cond::AboveOrEqual, blen, "range", "behind the end");
        self.if_any(flags, flag::PARTIAL, "range", "not the first");
        self.or(flags, flag::PARTIAL, "");
        self.put_four(frame(var::NUMBERS), t, "first");
        self.branch(n, Cond::Below, blen, "range_found", "");
        self.set(n, blen, "");
        self.take(n, 1i64, "the last byte there is");
        self.place("range_found");
        self.put_four(frame(var::NUMBERS.at + 4), n, "last");
        self.take(n, t, "");
        self.add(n, 1i64, "bytes");
        self.put_four(frame(var::NUMBERS.at + 12), n, "");
        self.jump("range", "");
        self.place("suffix");
        self.branch(n, Cond::Lt, 0i64, "no_range", "no number at all");
        self.set(t, blen, "");
        self.take(t, n, "so many from the end; nothing begins behind it");
        self.branch(n, Cond::BelowOrEqual, blen, "to_end", "");
        self.set(t, 0i64, "all of it");
        self.unless_zero(blen, "to_end", "");
        // All of nothing can be had, and no 206 says so.
        self.place("no_range");
        self.or(flags, flag::NO_RANGE, "");
        self.jump("field", "");
    }

    /// A number from `tok` on, in `n`, or something below 0; the byte behind it in `c`, less `0`. The cursor is behind that.
    pub(crate) fn number(&mut self) {
        let (tok, n, c) = (self.s.tok, self.s.n, self.s.c);
        self.sub("number");
        self.set(n, NO_NUMBER, "no digit");
        self.place("number_digit");
        self.next(c, tok, "");
        self.take(c, i64::from(b'0'), "");
        self.branch(c, Cond::Above, 9i64, "number_end", "");
        self.branch(n, Cond::Gt, NUMBER_MAX / 10 - 1, "number_large", "");
        self.mul(n, 10i64, "");
        self.add(n, c, "");
        self.jump("number_digit", "");
        self.place("number_large");
        self.set(n, NUMBER_MAX, "larger than anything here");
        self.jump("number_digit", "");
        self.place("number_end");
        self.ret("number");
    }

    /// A part of the content, or none of it.
    pub(crate) fn partial(&mut self) {
        let t = self.s.t;
        let refused = self.beginning(416);
        self.set(self.s.tok, refused, "416");
        self.if_none(self.s.flags, flag::PARTIAL, "refuse", "nothing of it");
        let begin = self.beginning(206);
        self.set(self.s.tok, begin, "206");
        self.gosub("begin_composed");
        self.four(t, frame(var::NUMBERS), "");
        self.four(self.s.body, at(self.s.rep, record::BODY), "");
        self.add(self.s.body, t, "the first byte");
        self.four(self.s.blen, frame(var::NUMBERS.at + 12), "");
        self.two(self.s.v, at(self.s.rep, record::TYPE), "from the fields behind the length on");
        self.jump("finish", "");
    }
}
