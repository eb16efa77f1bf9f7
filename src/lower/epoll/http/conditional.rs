//! Conditions on the variant (RFC 9110 §13.1): `If-Match`, `If-None-Match` and `If-Range`.
//!
//! The fields are read a second time, once the variant is known. Each line of a list is read by itself. The bit of a
//! field stays until one of its lines names the variant's entity tag.

use asmgen_arch::op::{Cond, Slot};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, before, frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::http::field_names::{
    IF_MATCH, IF_NONE_MATCH, IF_RANGE, MODIFIED_SINCE, RANGE, UNMODIFIED_SINCE,
};
use crate::lower::epoll::http::method::GET;
use crate::lower::epoll::state::conn_entry::flag;
use crate::lower::epoll::state::response_table::{DATE_BYTES, ETAG_BEFORE_END, ETAG_BYTES, record};
use crate::lower::epoll::state::vars::var;

impl Engine<'_> {
    /// A field at the second reading, by its number in `id`:
    ///
    /// | field | what happens |
    /// |---|---|
    /// | `If-Modified-Since`, `If-Unmodified-Since` | the date is compared, where a representation has one |
    /// | `Range` | its ranges are read |
    /// | `If-Match`, `If-None-Match`, `If-Range` | its bit is cleared if it names the entity tag |
    /// | any other | nothing |
    pub(crate) fn second_reading(&mut self) {
        let (id, fields_seen, named) = (self.s.id, self.s.fields_seen, self.s.byte);
        self.place(At::SecondReading);
        self.four(self.s.response, frame(var::ROUTE), "the variant");
        if self.has_dates {
            self.branch(id, Cond::Eq, MODIFIED_SINCE, At::DateField, "its date is compared");
            self.branch(id, Cond::Eq, UNMODIFIED_SINCE, At::DateField, "its date is compared");
        }
        self.branch(id, Cond::Above, RANGE, At::Field, "no condition");
        self.branch(id, Cond::Eq, RANGE, At::Ranges, "its ranges are read");
        self.match_etag();
        self.place(At::TagFound);
        self.set(named, id, "the field's bit,");
        self.and(named, fields_seen, "if it is set,");
        self.take(fields_seen, named, "is cleared: the tag is named");
        self.jump(At::Field, "the next field");
        let last = self.ranges();
        self.number(last);
    }

    /// Is the variant's entity tag in the value, or is that `*`?
    ///
    /// | field | value | does it name the tag? |
    /// |---|---|---|
    /// | `If-Match`, `If-None-Match` | `*` | yes, for there is a representation |
    /// | `If-None-Match` | has the tag, weak or strong | yes: weak comparison (RFC 9110 §13.1.2) |
    /// | `If-Match` | has the tag, strong | yes: strong comparison (§13.1.1) |
    /// | `If-Range` | is the tag, strong | yes (§13.1.5) |
    /// | `If-Range` | has the length of a date | compared as text, where a representation has a date |
    /// | any | anything else | no |
    fn match_etag(&mut self) {
        let (value, end, byte, id, compared) = (self.s.value, self.s.value_end, self.s.byte, self.s.id, self.s.v);
        let [tag, last, tag_byte] = ["entity tag", "last place", "byte of the tag"].map(|name| self.local(name));
        self.load_etag(tag, last);
        self.branch(id, Cond::Ne, IF_RANGE, At::TagList, "a list");
        self.set(last, end, "If-Range has a single value:");
        self.take(last, value, "its length");
        if self.has_dates {
            self.branch(last, Cond::Eq, DATE_BYTES, At::IfRangeDate, "it may be a date");
        }
        self.branch(last, Cond::Ne, ETAG_BYTES, At::Field, "no such entity tag");
        self.place(At::TagList);
        self.byte(byte, at(value, 0), "its first byte");
        self.branch(byte, Cond::Eq, b'*', At::TagFound, "anything: no list begins so");
        self.place(At::TagSearch);
        self.set(compared, 0i64, "from the tag's first byte");
        self.set(last, end, "the value's end,");
        self.take(last, ETAG_BYTES, "less a tag: the last place for one");
        self.branch(value, Cond::Gt, last, At::Field, "too little is left");
        self.place(At::TagByte);
        self.byte(byte, sum(value, compared, 0), "a byte of the value");
        self.byte(tag_byte, sum(tag, compared, 0), "and of the tag");
        self.branch(byte, Cond::Ne, tag_byte, At::TagOther, "the tag is not here");
        self.add(compared, 1i64, "one byte more is equal");
        self.branch(compared, Cond::Ne, ETAG_BYTES, At::TagByte, "compare the next");
        self.branch(id, Cond::Eq, IF_NONE_MATCH, At::TagFound, "a weak one counts, too");
        self.unless_match(before(value, 2), b"W/", At::TagFound, "a strong one");
        self.place(At::TagOther);
        self.add(value, 1i64, "perhaps a byte further");
        self.jump(At::TagSearch, "search on");
    }

    /// The address of the variant's entity tag, which has a fixed place before the end of its head.
    fn load_etag(&mut self, tag: Slot, head_bytes: Slot) {
        self.four(tag, at(self.s.response, record::START), "the variant's head,");
        self.four(head_bytes, at(self.s.response, record::HEAD), "its length:");
        self.add(tag, head_bytes, "its end");
        self.take(tag, i64::from(ETAG_BEFORE_END), "its entity tag");
    }

    /// What the conditions make of the request, in the order of RFC 9110 §13.2.2. A bit that is still set means that no
    /// line named the tag. For `If-None-Match` and `Range` it is also set if the request has no such field.
    ///
    /// | first that holds | reply |
    /// |---|---|
    /// | `If-Match` is set | 412 |
    /// | `If-None-Match` is cleared | 304 |
    /// | `If-Range` or `Range` is set | the whole representation |
    /// | the range does not count, or the method is not GET | the whole representation |
    /// | else | 206, or 416 |
    pub(crate) fn conditions(&mut self) {
        let (fields, flags, method) = (self.s.fields_seen, self.s.flags, self.local("method"));
        self.place(At::Conditions);
        let failed = self.beginning(412);
        self.set(self.s.beginning, failed, "412");
        self.if_any(fields, IF_MATCH, At::SendError, "no such entity tag");
        self.if_any(fields, IF_NONE_MATCH, At::NoTagMatches, "not one that the client has");
        let begin = self.beginning(304);
        self.set(self.s.beginning, begin, "304");
        self.gosub(Routine::BeginComposed);
        self.two(self.s.fields_from, at(self.s.response, record::SHARED), "from the fields it shares with a 200 on");
        self.set(self.s.content_len, 0i64, "no content");
        self.jump(At::AppendHeaders, "its fields");
        self.place(At::NoTagMatches);
        self.if_any(fields, IF_RANGE | RANGE, At::SendStored, "another representation, or no range at all");
        self.if_any(flags, flag::NO_RANGE, At::SendStored, "the range does not count");
        self.four(method, frame(var::METHOD), "its method");
        self.branch(method, Cond::Ne, GET, At::SendStored, "ranges are for GET (RFC 9110 §14.2)");
        self.partial();
    }
}
