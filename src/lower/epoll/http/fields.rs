//! Field lines (RFC 9112 §5): names and values byte by byte, then those that mean something here.

use asmgen_arch::op::{Arg, Cond};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, before, frame, sum};
use crate::lower::epoll::http::field_names::{
    ACCEPT_ENCODING, DATED, EXACT, IF_MATCH, IF_NONE_MATCH, IF_RANGE, LOWER, MODIFIED_SINCE, RANGE, UNMODIFIED_SINCE,
    names, seen,
};
use crate::lower::epoll::startup::byte_classes::class;
use crate::lower::epoll::state::conn_entry::flag;
use crate::lower::epoll::state::vars::var;

/// Most digits of a `Content-Length`.
const LENGTH_DIGITS: i64 = 18;

/// The fields whose order does not matter and which are looked at when the variant is known. In the list of names their
/// numbers, and those of fields that count once, are their bits.
const CONDITIONS: [(u32, &str); 4] =
    [(IF_MATCH, "if-match"), (IF_NONE_MATCH, "if-none-match"), (IF_RANGE, "if-range"), (RANGE, "range")];

/// The number of a field that has no bit.
const CONNECTION: u32 = 0x1f;

impl Engine<'_> {
    pub(crate) fn fields(&mut self) {
        let (p, c, tok, tokend, q, vend) = (self.s.p, self.s.c, self.s.tok, self.s.tokend, self.s.q, self.s.vend);
        self.place("field");
        self.four(p, frame(var::CURSOR), "");
        self.next(c, p, "");
        self.branch(c, Cond::Eq, b'\r', "last_line", "the empty line");
        self.unless_token("no name");
        self.set(tok, p, "");
        self.take(tok, 1i64, "its name");
        self.scan(p, class::TOKEN, "name");
        self.unless(b':', "bad", "no colon");
        self.set(tokend, p, "");
        self.scan(p, class::BLANK, "value_blank");
        self.take(p, 1i64, "");
        self.set(q, p, "the value");
        self.scan(p, class::VALUE, "value");
        self.set(vend, p, "");
        self.take(p, 1i64, "");
        self.line_end();
        self.place("trim");
        self.take(vend, 1i64, "its end");
        self.branch(vend, Cond::Eq, q, "trimmed", "an empty value");
        self.byte(c, before(vend, 1), "");
        self.byte(c, sum(self.s.classes, c, 0), "");
        self.if_any(c, class::BLANK, "trim", "without blanks");
        self.place("trimmed");
        self.leave_cursor();
        self.known();
        self.place("last_line");
        self.next(c, p, "");
        self.unless(b'\n', "bad", "a CR alone");
        self.leave_cursor();
        self.jump("head", "");
        self.lookup();
        self.elements();
    }

    /// Looks a field up.
    fn known(&mut self) {
        let (tok, c, id, list, seen, q, vend) =
            (self.s.tok, self.s.c, self.s.id, self.s.list, self.s.seen, self.s.q, self.s.vend);
        self.byte(c, at(tok, 0), "");
        self.or(c, LOWER, "");
        self.byte(c, sum(self.s.classes, c, 0), "");
        self.if_none(c, class::FIRST, "field", "no name that matters begins so");
        let mut known: Vec<(u32, &str)> = vec![(seen::HOST, "host"), (CONNECTION, "connection")];
        known.extend(CONDITIONS);
        known.extend(self.has_variants.then_some((ACCEPT_ENCODING, "accept-encoding")));
        if self.has_dates {
            known.extend([(MODIFIED_SINCE, "if-modified-since"), (UNMODIFIED_SINCE, "if-unmodified-since")]);
        }
        known.extend([(seen::LENGTH, "content-length"), (seen::CODING, "transfer-encoding")]);
        let names = self.bytes("names of fields", &names(&known));
        self.set(list, Arg::Data(names), "");
        self.gosub("lookup");
        self.if_zero(id, "field", "none that matters");
        self.if_any(self.s.flags, flag::AGAIN, "again", "");
        self.branch(id, Cond::Eq, CONNECTION, "connection", "");
        if self.has_variants {
            self.branch(id, Cond::Eq, ACCEPT_ENCODING, "accept_encoding", "");
        }
        if self.has_dates {
            self.if_any(id, DATED, "see_date", "");
        }
        self.set(c, id, "");
        self.and(c, seen, "is it there already?");
        self.or(seen, id, "");
        self.branch(id, Cond::Above, ACCEPT_ENCODING, "once", "");
        self.if_none(c, IF_RANGE | RANGE, "field", "");
        self.or(self.s.flags, flag::NO_RANGE, "two lines of it make no range, and no entity tag");
        self.jump("field", "");
        self.place("once");
        self.branch(id, Cond::Eq, seen::CODING, "transfer_coding", "");
        self.unless_zero(c, "400", "a second one");
        self.branch(id, Cond::Eq, seen::HOST, "host_field", "");
        self.length();
        self.place("transfer_coding");
        self.coding();
        self.connection();
        if self.has_variants {
            self.accept_encoding();
        }
        self.again();
        if self.has_dates {
            self.see_dates();
            self.dates();
        }
        self.place("host_field");
        self.branch(q, Cond::Eq, vend, "field", "an empty one");
        self.host();
    }

    /// A line of codings; `c` is 0 if it is the first. `chunked` is the last one of all lines (RFC 9112 §6.3), which is seen
    /// at the end of the head.
    fn coding(&mut self) {
        let (c, flags) = (self.s.c, self.s.flags);
        self.if_any(flags, flag::OLD, "400", "not in HTTP/1.0");
        self.if_any(self.s.seen, seen::LENGTH, "400", "not beside a length");
        self.unless_zero(c, "codings", "");
        self.or(flags, flag::NOT_CHUNKED | flag::CLOSING, "");
        self.place("codings");
        self.gosub("element");
        self.if_zero(self.s.tok, "field", "no more");
        self.if_none(flags, flag::NOT_CHUNKED, "400", "something behind it");
        self.unless(b',', "400", "no coding, or one with parameters");
        let chunked = self.bytes("codings of a request", &names(&[(flag::NOT_CHUNKED, "chunked")]));
        self.set(self.s.list, Arg::Data(chunked), "");
        self.gosub("lookup");
        self.take(flags, self.s.id, "");
        self.unless_zero(self.s.id, "codings", "");
        self.or(flags, flag::UNKNOWN, "no other coding is known");
        self.jump("codings", "");
    }

    fn length(&mut self) {
        let (q, vend, flags, t, c) = (self.s.q, self.s.vend, self.s.flags, self.s.t, self.s.c);
        self.if_any(self.s.seen, seen::CODING, "400", "beside a coding");
        self.set(t, vend, "");
        self.take(t, q, "");
        self.take(t, 1i64, "");
        self.branch(t, Cond::AboveOrEqual, LENGTH_DIGITS, "400", "none, or too many digits");
        self.place("digit");
        self.next(c, q, "");
        self.take(c, i64::from(b'0'), "");
        self.branch(c, Cond::Above, 9i64, "400", "no digit");
        self.if_zero(c, "digit_0", "");
        self.or(flags, flag::CLOSING, "more than nothing");
        self.place("digit_0");
        self.branch(q, Cond::Ne, vend, "digit", "");
        self.jump("field", "");
    }

    fn connection(&mut self) {
        let (flags, id) = (self.s.flags, self.s.id);
        self.place("connection");
        self.gosub("element");
        self.if_zero(self.s.tok, "field", "no more");
        let options = self.bytes("connection options", &names(&[(flag::CLOSE, "close"), (flag::KEEP, "keep-alive")]));
        self.unless(b',', "no_option", "something else behind it");
        self.set(self.s.list, Arg::Data(options), "");
        self.gosub("lookup");
        self.if_zero(id, "connection", "none that matters");
        self.or(flags, id, "close or keep-alive");
        self.jump("connection", "");
        self.place("no_option");
        self.gosub("next_comma");
        self.jump("connection", "");
    }

    /// Looks the token from `tok` on, whose next byte stands before `tokend`, up in a list: its number in `id`, or 0. The
    /// frame keeps `q` meanwhile: registers are scarce here.
    fn lookup(&mut self) {
        let (tok, tokend, list, id, c, d, t, q) =
            (self.s.tok, self.s.tokend, self.s.list, self.s.id, self.s.c, self.s.d, self.s.t, self.s.q);
        self.sub("lookup");
        self.put_four(frame(var::VALUE), q, "");
        self.place("lookup_entry");
        self.next(id, list, "");
        self.if_zero(id, "looked_up", "the list's end");
        self.set(t, tok, "");
        self.place("lookup_byte");
        self.next(c, t, "");
        self.next(d, list, "");
        self.if_zero(d, "lookup_end", "the name's end");
        if self.has_dates {
            self.if_none(d, u32::from(EXACT), "any_case", "");
            self.or(c, EXACT, "");
            self.jump("this_case", "");
            self.place("any_case");
        }
        self.if_none(d, u32::from(LOWER), "this_case", "");
        self.or(c, LOWER, "");
        self.place("this_case");
        self.branch(c, Cond::Eq, d, "lookup_byte", "");
        self.place("lookup_skip");
        self.next(d, list, "");
        self.unless_zero(d, "lookup_skip", "");
        self.jump("lookup_entry", "");
        self.place("lookup_end");
        self.branch(t, Cond::Ne, tokend, "lookup_entry", "longer than the name");
        self.place("looked_up");
        self.four(q, frame(var::VALUE), "");
        self.ret("lookup");
    }

    /// The next element of the list from `q` to `vend`: its token from `tok` (0: there is none) on, whose next byte stands
    /// before `tokend`; `q` behind it and the blanks that follow, on the byte in `c`, which is a comma at the value's end.
    fn elements(&mut self) {
        let (q, vend, tok, tokend, c) = (self.s.q, self.s.vend, self.s.tok, self.s.tokend, self.s.c);
        self.sub("element");
        self.set(tok, 0i64, "");
        self.place("separators");
        self.branch(q, Cond::AboveOrEqual, vend, "element_end", "no more");
        self.next(c, q, "");
        self.branch(c, Cond::Eq, b',', "separators", "");
        self.byte(self.s.u, sum(self.s.classes, c, 0), "");
        self.if_any(self.s.u, class::BLANK, "separators", "");
        self.take(q, 1i64, "");
        self.set(tok, q, "");
        self.scan(q, class::TOKEN, "element_token");
        self.set(tokend, q, "");
        self.take(q, 1i64, "");
        self.gosub("blanks");
        self.ret("element");
        self.place("element_end");
        self.ret("element");
        // Blanks before the end of the value.
        self.sub("blanks");
        self.place("blank");
        self.set(c, i64::from(b','), "");
        self.branch(q, Cond::AboveOrEqual, vend, "no_blank", "");
        self.next(c, q, "");
        self.byte(self.s.u, sum(self.s.classes, c, 0), "");
        self.if_any(self.s.u, class::BLANK, "blank", "");
        self.take(q, 1i64, "");
        self.place("no_blank");
        self.ret("blanks");
        self.sub("next_comma");
        self.place("comma");
        self.branch(q, Cond::AboveOrEqual, vend, "at_comma", "what is wrong may end behind the value");
        self.next(c, q, "");
        self.branch(c, Cond::Ne, b',', "comma", "");
        self.place("at_comma");
        self.ret("next_comma");
    }
}
