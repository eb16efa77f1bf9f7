//! The second time that the fields are gone through, when the variant is known: what `If-Match`, `If-None-Match` and
//! `If-Range` say of it (RFC 9110 §13.1). Each line of a list is looked at by itself.

use asmgen_arch::op::Cond;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, before, frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::http::field_names::{
    IF_MATCH, IF_NONE_MATCH, IF_RANGE, MODIFIED_SINCE, RANGE, UNMODIFIED_SINCE,
};
use crate::lower::epoll::http::method::GET;
use crate::lower::epoll::state::conn_entry::flag;
use crate::lower::epoll::state::response_table::{DATE_BYTES, ETAG_BEFORE_END, ETAG_BYTES, record};
use crate::lower::epoll::state::vars::var;

impl Engine<'_> {
    /// A field whose number is `id`; its bit goes if it names the entity tag.
    pub(crate) fn again(&mut self) {
        let (id, seen, c) = (self.s.id, self.s.fields_seen, self.s.byte);
        self.place(At::Again);
        self.four(self.s.response, frame(var::ROUTE), "the variant");
        if self.has_dates {
            self.branch(id, Cond::Eq, MODIFIED_SINCE, At::DateField, NO_WHY);
            self.branch(id, Cond::Eq, UNMODIFIED_SINCE, At::DateField, NO_WHY);
        }
        self.branch(id, Cond::Above, RANGE, At::Field, NO_WHY);
        self.branch(id, Cond::Eq, RANGE, At::Ranges, NO_WHY);
        self.find_tag();
        self.place(At::TagFound);
        self.set(c, id, NO_WHY);
        self.and(c, seen, NO_WHY);
        self.take(seen, c, NO_WHY);
        self.jump(At::Field, NO_WHY);
        self.ranges();
        self.number();
    }

    /// Is the ETag of `rep` in the list from `q` to `vend`, or the list `*`? A weak one counts in `If-None-Match` alone. In
    /// `If-Range` it stands by itself.
    fn find_tag(&mut self) {
        let (q, vend, c, d, t, u, v, id) =
            (self.s.value, self.s.value_end, self.s.byte, self.s.d, self.s.t, self.s.u, self.s.v, self.s.id);
        self.four(t, at(self.s.response, record::START), NO_WHY);
        self.four(u, at(self.s.response, record::HEAD), NO_WHY);
        self.add(t, u, NO_WHY);
        self.take(t, i64::from(ETAG_BEFORE_END), "its entity tag");
        self.branch(id, Cond::Ne, IF_RANGE, At::TagList, NO_WHY);
        self.set(u, vend, NO_WHY);
        self.take(u, q, NO_WHY);
        if self.has_dates {
            self.branch(u, Cond::Eq, DATE_BYTES, At::IfRangeDate, NO_WHY);
        }
        self.branch(u, Cond::Ne, ETAG_BYTES, At::Field, "no such entity tag");
        self.place(At::TagList);
        self.byte(c, at(q, 0), NO_WHY);
        self.branch(c, Cond::Eq, b'*', At::TagFound, "anything: no list begins so");
        self.place(At::TagSearch);
        self.set(v, 0i64, NO_WHY);
        self.set(u, vend, NO_WHY);
        self.take(u, ETAG_BYTES, NO_WHY);
        self.branch(q, Cond::Gt, u, At::Field, "too little is left");
        self.place(At::TagByte);
        self.byte(c, sum(q, v, 0), NO_WHY);
        self.byte(d, sum(t, v, 0), NO_WHY);
        self.branch(c, Cond::Ne, d, At::TagOther, NO_WHY);
        self.add(v, 1i64, NO_WHY);
        self.branch(v, Cond::Ne, ETAG_BYTES, At::TagByte, NO_WHY);
        self.branch(id, Cond::Eq, IF_NONE_MATCH, At::TagFound, NO_WHY);
        self.unless_match(before(q, 2), b"W/", At::TagFound, "weak");
        self.place(At::TagOther);
        self.add(q, 1i64, NO_WHY);
        self.jump(At::TagSearch, NO_WHY);
    }

    /// What the conditions and the ranges make of it, when their fields have been looked at.
    pub(crate) fn conditions(&mut self) {
        let (fields, flags, t) = (self.s.fields_seen, self.s.flags, self.s.t);
        self.place(At::Conditions);
        let failed = self.beginning(412);
        self.set(self.s.beginning, failed, "412");
        self.if_any(fields, IF_MATCH, At::SendError, "no such entity tag");
        self.if_any(fields, IF_NONE_MATCH, At::NoMatch, NO_WHY);
        let begin = self.beginning(304);
        self.set(self.s.beginning, begin, "304");
        self.gosub(Routine::BeginComposed);
        self.two(self.s.fields_from, at(self.s.response, record::SHARED), "from the fields it shares with a 200 on");
        self.set(self.s.content_len, 0i64, "no content");
        self.jump(At::AppendHeaders, NO_WHY);
        self.place(At::NoMatch);
        self.if_any(fields, IF_RANGE | RANGE, At::Plain, "another representation, or no range at all");
        self.if_any(flags, flag::NO_RANGE, At::Plain, NO_WHY);
        self.four(t, frame(var::METHOD), NO_WHY);
        self.branch(t, Cond::Ne, GET, At::Plain, "for GET, not for HEAD");
        self.partial();
    }
}
