//! The second time that the fields are gone through, when the variant is known: what `If-Match`, `If-None-Match`, `If-Range`
//! and `Range` say of it (RFC 9110 §13.1, §14.2). Each line of a list is looked at by itself.

use asmgen_arch::op::Cond;

use super::Engine;
use super::build::{at, before, frame, sum};
use super::dates::{MODIFIED_SINCE, UNMODIFIED_SINCE};
use super::layout::{DATE_BYTES, ETAG_BEFORE_END, ETAG_BYTES, IF_NONE_MATCH, IF_RANGE, RANGE, flag, record, var};

/// Largest number that is told from larger ones.
const NUMBER_MAX: u32 = i32::MAX as u32;
/// No digit yet: below 0, and ten times that is 0.
const NO_NUMBER: u32 = 1 << 31;

impl Engine<'_> {
    /// A field whose number is `id`; its bit goes if it names the entity tag.
    pub(super) fn again(&mut self) {
        let (id, seen, c) = (self.s.id, self.s.seen, self.s.c);
        self.place("again");
        self.four(self.s.rep, frame(var::ROUTE), "the variant");
        if self.has_dates {
            self.branch(id, Cond::Eq, MODIFIED_SINCE, "date_field", "");
            self.branch(id, Cond::Eq, UNMODIFIED_SINCE, "date_field", "");
        }
        self.branch(id, Cond::Above, RANGE, "field", "");
        self.branch(id, Cond::Eq, RANGE, "ranges", "");
        self.find_tag();
        self.place("tag_found");
        self.set(c, id, "");
        self.and(c, seen, "");
        self.take(seen, c, "");
        self.jump("field", "");
        self.ranges();
        self.number();
    }

    /// Is the ETag of `rep` in the list from `q` to `vend`, or the list `*`? A weak one counts in `If-None-Match` alone. In
    /// `If-Range` it stands by itself.
    fn find_tag(&mut self) {
        let (q, vend, c, d, t, u, v, id) =
            (self.s.q, self.s.vend, self.s.c, self.s.d, self.s.t, self.s.u, self.s.v, self.s.id);
        self.four(t, at(self.s.rep, record::START), "");
        self.four(u, at(self.s.rep, record::HEAD), "");
        self.add(t, u, "");
        self.take(t, i64::from(ETAG_BEFORE_END), "its entity tag");
        self.branch(id, Cond::Ne, IF_RANGE, "tag_list", "");
        self.set(u, vend, "");
        self.take(u, q, "");
        if self.has_dates {
            self.branch(u, Cond::Eq, DATE_BYTES, "if_range_date", "");
        }
        self.branch(u, Cond::Ne, ETAG_BYTES, "field", "no such entity tag");
        self.place("tag_list");
        self.byte(c, at(q, 0), "");
        self.branch(c, Cond::Eq, b'*', "tag_found", "anything: no list begins so");
        self.place("tag_search");
        self.set(v, 0i64, "");
        self.set(u, vend, "");
        self.take(u, ETAG_BYTES, "");
        self.branch(q, Cond::Gt, u, "field", "too little is left");
        self.place("tag_byte");
        self.byte(c, sum(q, v, 0), "");
        self.byte(d, sum(t, v, 0), "");
        self.branch(c, Cond::Ne, d, "tag_other", "");
        self.add(v, 1i64, "");
        self.branch(v, Cond::Ne, ETAG_BYTES, "tag_byte", "");
        self.branch(id, Cond::Eq, IF_NONE_MATCH, "tag_found", "");
        self.unless_match(before(q, 2), b"W/", "tag_found", "weak");
        self.place("tag_other");
        self.add(q, 1i64, "");
        self.jump("tag_search", "");
    }

    /// The first range that can be had is kept; the others only have to be ranges. The field's bit goes if there is one.
    fn ranges(&mut self) {
        let (flags, t, n, tok, blen) = (self.s.flags, self.s.t, self.s.n, self.s.tok, self.s.blen);
        self.place("ranges");
        self.begins_with("bytes=");
        self.unless_zero(self.s.d, "no_range", "another unit");
        self.four(blen, at(self.s.rep, record::BODY_LEN), "");
        self.put_four(frame(var::NUMBERS + 8), blen, "the length");
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
        self.put_four(frame(var::NUMBERS + 4), n, "last");
        self.take(n, t, "");
        self.add(n, 1i64, "bytes");
        self.put_four(frame(var::NUMBERS + 12), n, "");
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
    fn number(&mut self) {
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
}
