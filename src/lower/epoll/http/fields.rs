//! Field lines (RFC 9112 §5): names and values byte by byte, then those that mean something here.

use asmgen_arch::op::{Cond, Operand};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, before, frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
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
        let (p, c, tok, tokend, q, vend) =
            (self.s.cursor, self.s.byte, self.s.token, self.s.token_end, self.s.value, self.s.value_end);
        self.place(At::Field);
        self.four(p, frame(var::CURSOR), NO_WHY);
        self.next(c, p, NO_WHY);
        self.branch(c, Cond::Eq, b'\r', At::LastLine, "the empty line");
        self.unless_token("no name");
        self.set(tok, p, NO_WHY);
        self.take(tok, 1i64, "its name");
        self.scan(p, class::TOKEN, At::Name);
        self.unless_byte(b':', At::Malformed, "no colon");
        self.set(tokend, p, NO_WHY);
        self.scan(p, class::BLANK, At::ValueBlank);
        self.take(p, 1i64, NO_WHY);
        self.set(q, p, "the value");
        self.scan(p, class::VALUE, At::Value);
        self.set(vend, p, NO_WHY);
        self.take(p, 1i64, NO_WHY);
        self.line_end();
        self.place(At::Trim);
        self.take(vend, 1i64, "its end");
        self.branch(vend, Cond::Eq, q, At::Trimmed, "an empty value");
        self.byte(c, before(vend, 1), NO_WHY);
        self.byte(c, sum(self.s.classes, c, 0), NO_WHY);
        self.if_any(c, class::BLANK, At::Trim, "without blanks");
        self.place(At::Trimmed);
        self.leave_cursor();
        self.known();
        self.place(At::LastLine);
        self.next(c, p, NO_WHY);
        self.unless_byte(b'\n', At::Malformed, "a CR alone");
        self.leave_cursor();
        self.jump(At::Head, NO_WHY);
        self.lookup();
        self.elements();
    }

    /// Looks a field up.
    fn known(&mut self) {
        let (tok, c, id, list, seen, q, vend) =
            (self.s.token, self.s.byte, self.s.id, self.s.names, self.s.fields_seen, self.s.value, self.s.value_end);
        self.byte(c, at(tok, 0), NO_WHY);
        self.or(c, LOWER, NO_WHY);
        self.byte(c, sum(self.s.classes, c, 0), NO_WHY);
        self.if_none(c, class::FIRST, At::Field, "no name that matters begins so");
        let mut known: Vec<(u32, &str)> = vec![(seen::HOST, "host"), (CONNECTION, "connection")];
        known.extend(CONDITIONS);
        known.extend(self.has_variants.then_some((ACCEPT_ENCODING, "accept-encoding")));
        if self.has_dates {
            known.extend([(MODIFIED_SINCE, "if-modified-since"), (UNMODIFIED_SINCE, "if-unmodified-since")]);
        }
        known.extend([(seen::LENGTH, "content-length"), (seen::CODING, "transfer-encoding")]);
        let names = self.bytes("names of fields", &names(&known));
        self.set(list, Operand::Data(names), NO_WHY);
        self.gosub(Routine::Lookup);
        self.if_zero(id, At::Field, "none that matters");
        self.if_any(self.s.flags, flag::AGAIN, At::Again, NO_WHY);
        self.branch(id, Cond::Eq, CONNECTION, At::Connection, NO_WHY);
        if self.has_variants {
            self.branch(id, Cond::Eq, ACCEPT_ENCODING, At::AcceptEncoding, NO_WHY);
        }
        if self.has_dates {
            self.if_any(id, DATED, At::SeeDate, NO_WHY);
        }
        self.set(c, id, NO_WHY);
        self.and(c, seen, "is it there already?");
        self.or(seen, id, NO_WHY);
        self.branch(id, Cond::Above, ACCEPT_ENCODING, At::Once, NO_WHY);
        self.if_none(c, IF_RANGE | RANGE, At::Field, NO_WHY);
        self.or(self.s.flags, flag::NO_RANGE, "two lines of it make no range, and no entity tag");
        self.jump(At::Field, NO_WHY);
        self.place(At::Once);
        self.branch(id, Cond::Eq, seen::CODING, At::TransferCoding, NO_WHY);
        self.unless_zero(c, At::Status400, "a second one");
        self.branch(id, Cond::Eq, seen::HOST, At::HostField, NO_WHY);
        self.length();
        self.place(At::TransferCoding);
        self.coding();
        self.connection();
        if self.has_variants {
            self.accept_encoding();
        }
        self.second_reading();
        if self.has_dates {
            self.see_dates();
            self.dates();
        }
        self.place(At::HostField);
        self.branch(q, Cond::Eq, vend, At::Field, "an empty one");
        self.check_authority();
    }

    /// A line of codings; `c` is 0 if it is the first. `chunked` is the last one of all lines (RFC 9112 §6.3), which is seen
    /// at the end of the head.
    fn coding(&mut self) {
        let (c, flags) = (self.s.byte, self.s.flags);
        self.if_any(flags, flag::OLD, At::Status400, "not in HTTP/1.0");
        self.if_any(self.s.fields_seen, seen::LENGTH, At::Status400, "not beside a length");
        self.unless_zero(c, At::Codings, NO_WHY);
        self.or(flags, flag::NOT_CHUNKED | flag::CLOSING, NO_WHY);
        self.place(At::Codings);
        self.gosub(Routine::Element);
        self.if_zero(self.s.token, At::Field, "no more");
        self.if_none(flags, flag::NOT_CHUNKED, At::Status400, "something behind it");
        self.unless_byte(b',', At::Status400, "no coding, or one with parameters");
        let chunked = self.bytes("codings of a request", &names(&[(flag::NOT_CHUNKED, "chunked")]));
        self.set(self.s.names, Operand::Data(chunked), NO_WHY);
        self.gosub(Routine::Lookup);
        self.take(flags, self.s.id, NO_WHY);
        self.unless_zero(self.s.id, At::Codings, NO_WHY);
        self.or(flags, flag::UNKNOWN, "no other coding is known");
        self.jump(At::Codings, NO_WHY);
    }

    fn length(&mut self) {
        let (q, vend, flags, t, c) = (self.s.value, self.s.value_end, self.s.flags, self.s.t, self.s.byte);
        self.if_any(self.s.fields_seen, seen::CODING, At::Status400, "beside a coding");
        self.set(t, vend, NO_WHY);
        self.take(t, q, NO_WHY);
        self.take(t, 1i64, NO_WHY);
        self.branch(t, Cond::AboveOrEqual, LENGTH_DIGITS, At::Status400, "none, or too many digits");
        self.place(At::Digit);
        self.next(c, q, NO_WHY);
        self.take(c, i64::from(b'0'), NO_WHY);
        self.branch(c, Cond::Above, 9i64, At::Status400, "no digit");
        self.if_zero(c, At::Digit0, NO_WHY);
        self.or(flags, flag::CLOSING, "more than nothing");
        self.place(At::Digit0);
        self.branch(q, Cond::Ne, vend, At::Digit, NO_WHY);
        self.jump(At::Field, NO_WHY);
    }

    fn connection(&mut self) {
        let (flags, id) = (self.s.flags, self.s.id);
        self.place(At::Connection);
        self.gosub(Routine::Element);
        self.if_zero(self.s.token, At::Field, "no more");
        let options = self.bytes("connection options", &names(&[(flag::CLOSE, "close"), (flag::KEEP, "keep-alive")]));
        self.unless_byte(b',', At::NoOption, "something else behind it");
        self.set(self.s.names, Operand::Data(options), NO_WHY);
        self.gosub(Routine::Lookup);
        self.if_zero(id, At::Connection, "none that matters");
        self.or(flags, id, "close or keep-alive");
        self.jump(At::Connection, NO_WHY);
        self.place(At::NoOption);
        self.gosub(Routine::NextComma);
        self.jump(At::Connection, NO_WHY);
    }

    /// Looks the token from `tok` on, whose next byte stands before `tokend`, up in a list: its number in `id`, or 0. The
    /// frame keeps `q` meanwhile: registers are scarce here.
    fn lookup(&mut self) {
        let (tok, tokend, list, id, c, d, t, q) =
            (self.s.token, self.s.token_end, self.s.names, self.s.id, self.s.byte, self.s.d, self.s.t, self.s.value);
        self.sub(Routine::Lookup);
        self.put_four(frame(var::VALUE), q, NO_WHY);
        self.place(At::LookupEntry);
        self.next(id, list, NO_WHY);
        self.if_zero(id, At::LookedUp, "the list's end");
        self.set(t, tok, NO_WHY);
        self.place(At::LookupByte);
        self.next(c, t, NO_WHY);
        self.next(d, list, NO_WHY);
        self.if_zero(d, At::LookupEnd, "the name's end");
        if self.has_dates {
            self.if_none(d, u32::from(EXACT), At::AnyCase, NO_WHY);
            self.or(c, EXACT, NO_WHY);
            self.jump(At::ThisCase, NO_WHY);
            self.place(At::AnyCase);
        }
        self.if_none(d, u32::from(LOWER), At::ThisCase, NO_WHY);
        self.or(c, LOWER, NO_WHY);
        self.place(At::ThisCase);
        self.branch(c, Cond::Eq, d, At::LookupByte, NO_WHY);
        self.place(At::LookupSkip);
        self.next(d, list, NO_WHY);
        self.unless_zero(d, At::LookupSkip, NO_WHY);
        self.jump(At::LookupEntry, NO_WHY);
        self.place(At::LookupEnd);
        self.branch(t, Cond::Ne, tokend, At::LookupEntry, "longer than the name");
        self.place(At::LookedUp);
        self.four(q, frame(var::VALUE), NO_WHY);
        self.ret(Routine::Lookup);
    }

    /// The next element of the list from `q` to `vend`: its token from `tok` (0: there is none) on, whose next byte stands
    /// before `tokend`; `q` behind it and the blanks that follow, on the byte in `c`, which is a comma at the value's end.
    fn elements(&mut self) {
        let (q, vend, tok, tokend, c) = (self.s.value, self.s.value_end, self.s.token, self.s.token_end, self.s.byte);
        self.sub(Routine::Element);
        self.set(tok, 0i64, NO_WHY);
        self.place(At::Separators);
        self.branch(q, Cond::AboveOrEqual, vend, At::ElementEnd, "no more");
        self.next(c, q, NO_WHY);
        self.branch(c, Cond::Eq, b',', At::Separators, NO_WHY);
        self.byte(self.s.u, sum(self.s.classes, c, 0), NO_WHY);
        self.if_any(self.s.u, class::BLANK, At::Separators, NO_WHY);
        self.take(q, 1i64, NO_WHY);
        self.set(tok, q, NO_WHY);
        self.scan(q, class::TOKEN, At::ElementToken);
        self.set(tokend, q, NO_WHY);
        self.take(q, 1i64, NO_WHY);
        self.gosub(Routine::Blanks);
        self.ret(Routine::Element);
        self.place(At::ElementEnd);
        self.ret(Routine::Element);
        // Blanks before the end of the value.
        self.sub(Routine::Blanks);
        self.place(At::Blank);
        self.set(c, i64::from(b','), NO_WHY);
        self.branch(q, Cond::AboveOrEqual, vend, At::NoBlank, NO_WHY);
        self.next(c, q, NO_WHY);
        self.byte(self.s.u, sum(self.s.classes, c, 0), NO_WHY);
        self.if_any(self.s.u, class::BLANK, At::Blank, NO_WHY);
        self.take(q, 1i64, NO_WHY);
        self.place(At::NoBlank);
        self.ret(Routine::Blanks);
        self.sub(Routine::NextComma);
        self.place(At::Comma);
        self.branch(q, Cond::AboveOrEqual, vend, At::OnComma, "what is wrong may end behind the value");
        self.next(c, q, NO_WHY);
        self.branch(c, Cond::Ne, b',', At::Comma, NO_WHY);
        self.place(At::OnComma);
        self.ret(Routine::NextComma);
    }
}
