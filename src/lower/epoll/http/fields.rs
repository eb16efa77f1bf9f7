//! Field lines (RFC 9112 §5): names and values byte by byte, then the fields that mean something here.

use asmgen_arch::op::{Cond, Operand};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, before, frame, sum};
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

/// Fields that are read again when the variant is known; their order does not matter. Their numbers in the list of
/// names are their bits, as with fields that may come once.
const CONDITIONS: [(u32, &str); 4] =
    [(IF_MATCH, "if-match"), (IF_NONE_MATCH, "if-none-match"), (IF_RANGE, "if-range"), (RANGE, "range")];

/// The number of a field that has no bit.
const CONNECTION: u32 = 0x1f;

impl Engine<'_> {
    /// `field-name ":" OWS field-value OWS CRLF` (RFC 9112 §5), and the empty line that ends the head.
    pub(crate) fn parse_fields(&mut self) {
        let (cursor, byte, token, value, value_end) =
            (self.s.cursor, self.s.byte, self.s.token, self.s.value, self.s.value_end);
        self.place(At::Field);
        self.four(cursor, frame(var::CURSOR), "the next line");
        self.next(byte, cursor, "its first byte");
        self.branch(byte, Cond::Eq, b'\r', At::LastLine, "the empty line");
        self.unless_token("no name");
        self.set(token, cursor, "after its first byte:");
        self.take(token, 1i64, "its name");
        self.scan(cursor, class::TOKEN, At::Name);
        self.unless_byte(b':', At::Malformed, "no colon right after the name (RFC 9112 §5.1)");
        self.set(self.s.token_end, cursor, "after the colon");
        self.scan(cursor, class::BLANK, At::ValueBlank);
        self.take(cursor, 1i64, "back to the first byte that is not blank");
        self.set(value, cursor, "the value");
        self.scan(cursor, class::VALUE, At::Value);
        self.set(value_end, cursor, "after the byte that ends it");
        self.take(cursor, 1i64, "back to that byte");
        self.line_end();
        self.place(At::Trim);
        self.take(value_end, 1i64, "its end");
        self.branch(value_end, Cond::Eq, value, At::Trimmed, "an empty value");
        self.byte(byte, before(value_end, 1), "its last byte");
        self.byte(byte, sum(self.s.classes, byte, 0), "which classes it is of");
        self.if_any(byte, class::BLANK, At::Trim, "blanks are no part of the value (RFC 9110 §5.5)");
        self.place(At::Trimmed);
        self.leave_cursor();
        self.dispatch_field();
        self.place(At::LastLine);
        self.next(byte, cursor, "after the CR");
        self.unless_byte(b'\n', At::Malformed, "a CR alone");
        self.leave_cursor();
        self.jump(At::EndOfHead, "all fields are read");
        self.lookup();
        self.elements();
    }

    /// Looks a field up, and reads its value:
    ///
    /// | field | what happens |
    /// |---|---|
    /// | none of these | ignored |
    /// | any of these, at the second reading | a condition on the variant |
    /// | `Connection` | its options are noted |
    /// | `Accept-Encoding`, where there are variants | its weights are noted |
    /// | `If-(Un)modified-Since`, where there are dates | noted: read when the variant is known |
    /// | `If-Match`, `If-None-Match` | noted: read when the variant is known |
    /// | `If-Range`, `Range` | the same; with a second line of it no range counts |
    /// | `Transfer-Encoding` | its codings |
    /// | `Content-Length`, `Host` | the length, the authority; 400 for a second line |
    fn dispatch_field(&mut self) {
        let (byte, id, fields_seen) = (self.s.byte, self.s.id, self.s.fields_seen);
        self.byte(byte, at(self.s.token, 0), "the name's first byte");
        self.or(byte, LOWER, "lower case");
        self.byte(byte, sum(self.s.classes, byte, 0), "which classes it is of");
        self.if_none(byte, class::FIRST, At::Field, "no name that matters begins so");
        let list = self.bytes("names of fields", &names(&self.known_fields()));
        self.set(self.s.names, Operand::Data(list), "the fields that matter");
        self.gosub(Routine::Lookup);
        self.if_zero(id, At::Field, "none that matters");
        self.if_any(self.s.flags, flag::AGAIN, At::SecondReading, "the second reading");
        self.branch(id, Cond::Eq, CONNECTION, At::Connection, "its options");
        if self.has_variants {
            self.branch(id, Cond::Eq, ACCEPT_ENCODING, At::AcceptEncoding, "its weights");
        }
        if self.has_dates {
            self.if_any(id, DATED, At::NoteDate, "a date");
        }
        let is_second = byte;
        self.set(is_second, id, "the field's bit:");
        self.and(is_second, fields_seen, "is it there already?");
        self.or(fields_seen, id, "the request has it");
        self.branch(id, Cond::Above, ACCEPT_ENCODING, At::SingleField, "no condition");
        self.if_none(is_second, IF_RANGE | RANGE, At::Field, "read when the variant is known");
        self.or(self.s.flags, flag::NO_RANGE, "two lines of it make no range, and no entity tag");
        self.jump(At::Field, "the next field");
        self.place(At::SingleField);
        self.branch(id, Cond::Eq, seen::CODING, At::TransferCoding, "its lines are one list");
        self.unless_zero(is_second, At::Status400, "a second Host or Content-Length (RFC 9112 §3.2, §6.3)");
        self.branch(id, Cond::Eq, seen::HOST, At::HostField, "the authority");
        self.content_length();
        self.place(At::TransferCoding);
        self.transfer_encoding();
        self.connection_options();
        if self.has_variants {
            self.accept_encoding();
        }
        self.second_reading();
        if self.has_dates {
            self.see_dates();
            self.dates();
        }
        self.place(At::HostField);
        self.branch(self.s.value, Cond::Eq, self.s.value_end, At::Field, "an empty Host is allowed (RFC 9112 §3.2)");
        self.check_authority();
    }

    /// The fields that mean something to this server.
    fn known_fields(&self) -> Vec<(u32, &'static str)> {
        let mut known: Vec<(u32, &str)> = vec![(seen::HOST, "host"), (CONNECTION, "connection")];
        known.extend(CONDITIONS);
        known.extend(self.has_variants.then_some((ACCEPT_ENCODING, "accept-encoding")));
        if self.has_dates {
            known.extend([(MODIFIED_SINCE, "if-modified-since"), (UNMODIFIED_SINCE, "if-unmodified-since")]);
        }
        known.extend([(seen::LENGTH, "content-length"), (seen::CODING, "transfer-encoding")]);
        known
    }

    /// A line of `Transfer-Encoding` (RFC 9112 §6.1); `byte` is 0 if it is the first. `chunked` must be the last coding
    /// of all lines (§6.3), which is checked at the end of the head.
    ///
    /// | request | what happens |
    /// |---|---|
    /// | HTTP/1.0, or with a length | 400: it may be smuggled past a proxy |
    /// | a coding after `chunked`, or one with parameters | 400 |
    /// | `chunked` | the body ends where its last chunk does |
    /// | another coding | 501 |
    fn transfer_encoding(&mut self) {
        let (is_second, flags, id) = (self.s.byte, self.s.flags, self.s.id);
        self.if_any(flags, flag::OLD, At::Status400, "HTTP/1.0 has no such field (RFC 9112 §6.1)");
        self.if_any(self.s.fields_seen, seen::LENGTH, At::Status400, "not beside a length (RFC 9112 §6.3)");
        self.unless_zero(is_second, At::Codings, "not the first line");
        self.or(flags, flag::NOT_CHUNKED | flag::CLOSING, "a body, which is not read; its end is not known yet");
        self.place(At::Codings);
        self.gosub(Routine::Element);
        self.if_zero(self.s.token, At::Field, "no more");
        self.if_none(flags, flag::NOT_CHUNKED, At::Status400, "a coding after chunked");
        self.unless_byte(b',', At::Status400, "no coding, or one with parameters");
        let chunked = self.bytes("codings of a request", &names(&[(flag::NOT_CHUNKED, "chunked")]));
        self.set(self.s.names, Operand::Data(chunked), "the only coding that is known");
        self.gosub(Routine::Lookup);
        self.take(flags, id, "chunked clears the bit, which was set");
        self.unless_zero(id, At::Codings, "the next coding");
        self.or(flags, flag::UNKNOWN, "no other coding is known");
        self.jump(At::Codings, "the next coding");
    }

    /// `Content-Length` (RFC 9112 §6.2). A body is not read: after it the connection closes.
    fn content_length(&mut self) {
        let (value, value_end, byte, digits) =
            (self.s.value, self.s.value_end, self.s.byte, self.local("digits, less one"));
        self.if_any(self.s.fields_seen, seen::CODING, At::Status400, "beside a coding (RFC 9112 §6.3)");
        self.set(digits, value_end, "the value's end,");
        self.take(digits, value, "less its beginning: its digits");
        self.take(digits, 1i64, "so that none is as too many");
        self.branch(digits, Cond::AboveOrEqual, LENGTH_DIGITS, At::Status400, "none, or too many digits");
        self.place(At::Digit);
        self.next(byte, value, "the next digit");
        self.take(byte, i64::from(b'0'), "its value");
        self.branch(byte, Cond::Above, 9i64, At::Status400, "no digit");
        self.if_zero(byte, At::Digit0, "a 0 adds nothing");
        self.or(self.s.flags, flag::CLOSING, "a body, which is not read");
        self.place(At::Digit0);
        self.branch(value, Cond::Ne, value_end, At::Digit, "more digits");
        self.jump(At::Field, "the next field");
    }

    /// `Connection` (RFC 9110 §7.6.1): `close` and `keep-alive` are noted.
    fn connection_options(&mut self) {
        let (flags, id) = (self.s.flags, self.s.id);
        self.place(At::Connection);
        self.gosub(Routine::Element);
        self.if_zero(self.s.token, At::Field, "no more");
        let options = self.bytes("connection options", &names(&[(flag::CLOSE, "close"), (flag::KEEP, "keep-alive")]));
        self.unless_byte(b',', At::NoOption, "something else after it");
        self.set(self.s.names, Operand::Data(options), "the options that matter");
        self.gosub(Routine::Lookup);
        self.if_zero(id, At::Connection, "none that matters");
        self.or(flags, id, "close or keep-alive");
        self.jump(At::Connection, "the next option");
        self.place(At::NoOption);
        self.gosub(Routine::NextComma);
        self.jump(At::Connection, "the next option");
    }

    /// Looks the token up in the list `names`: its number is in `id`, or 0. The token ends before the byte before
    /// `token_end`. The frame keeps `value` meanwhile, for registers are scarce here.
    fn lookup(&mut self) {
        let (list, id, byte, value) = (self.s.names, self.s.id, self.s.byte, self.s.value);
        let [name_byte, cursor] = ["byte of the name", "cursor in the token"].map(|name| self.local(name));
        self.sub(Routine::Lookup);
        self.put_four(frame(var::VALUE), value, "its register is needed");
        self.place(At::LookupEntry);
        self.next(id, list, "the number of the next name");
        self.if_zero(id, At::LookedUp, "the list's end");
        self.set(cursor, self.s.token, "from the token's first byte");
        self.place(At::LookupByte);
        self.next(byte, cursor, "a byte of the token");
        self.next(name_byte, list, "and of the name");
        self.if_zero(name_byte, At::LookupEnd, "the name's end");
        if self.has_dates {
            self.if_none(name_byte, u32::from(EXACT), At::AnyCase, "in any case");
            self.or(byte, EXACT, "in this case alone");
            self.jump(At::ThisCase, "compare them");
            self.place(At::AnyCase);
        }
        self.if_none(name_byte, u32::from(LOWER), At::ThisCase, "no letter");
        self.or(byte, LOWER, "lower case");
        self.place(At::ThisCase);
        self.branch(byte, Cond::Eq, name_byte, At::LookupByte, "equal so far");
        self.place(At::LookupSkip);
        self.next(name_byte, list, "the rest of the name");
        self.unless_zero(name_byte, At::LookupSkip, "up to its NUL");
        self.jump(At::LookupEntry, "the next name");
        self.place(At::LookupEnd);
        self.branch(cursor, Cond::Ne, self.s.token_end, At::LookupEntry, "longer than the name");
        self.place(At::LookedUp);
        self.four(value, frame(var::VALUE), "the value again");
        self.ret(Routine::Lookup);
    }

    /// Routines for lists (RFC 9110 §5.6.1) from `value` to `value_end`.
    ///
    /// `Element` reads the next element: `token` is where its token begins, 0 if there is none, and `token_end` is
    /// after the byte that ends it. `value` is after the blanks that follow, at the byte in `byte`: a comma at the
    /// value's end, too.
    fn elements(&mut self) {
        let (value, value_end, token, byte) = (self.s.value, self.s.value_end, self.s.token, self.s.byte);
        let classes = self.local("classes of the byte");
        self.sub(Routine::Element);
        self.set(token, 0i64, "none yet");
        self.place(At::Separators);
        self.branch(value, Cond::AboveOrEqual, value_end, At::ElementEnd, "no more");
        self.next(byte, value, "the next byte");
        self.branch(byte, Cond::Eq, b',', At::Separators, "empty elements are ignored (RFC 9110 §5.6.1.2)");
        self.byte(classes, sum(self.s.classes, byte, 0), "which classes it is of");
        self.if_any(classes, class::BLANK, At::Separators, "blanks before an element");
        self.take(value, 1i64, "back to the element's first byte");
        self.set(token, value, "its token");
        self.scan(value, class::TOKEN, At::ElementToken);
        self.set(self.s.token_end, value, "after the byte that ends it");
        self.take(value, 1i64, "back to that byte");
        self.gosub(Routine::Blanks);
        self.ret(Routine::Element);
        self.place(At::ElementEnd);
        self.ret(Routine::Element);
        self.blanks();
        self.next_comma();
    }

    /// `Blanks` skips blanks: `value` is then at the byte in `byte`, which is a comma at the value's end.
    fn blanks(&mut self) {
        let (value, value_end, byte, classes) =
            (self.s.value, self.s.value_end, self.s.byte, self.local("classes of the byte"));
        self.sub(Routine::Blanks);
        self.place(At::Blank);
        self.set(byte, i64::from(b','), "the value's end counts as a comma");
        self.branch(value, Cond::AboveOrEqual, value_end, At::NoBlank, "the value's end");
        self.next(byte, value, "the next byte");
        self.byte(classes, sum(self.s.classes, byte, 0), "which classes it is of");
        self.if_any(classes, class::BLANK, At::Blank, "skip it");
        self.take(value, 1i64, "back to that byte");
        self.place(At::NoBlank);
        self.ret(Routine::Blanks);
    }

    /// `NextComma` skips what is wrong, up to a comma and with it.
    fn next_comma(&mut self) {
        let (value, byte) = (self.s.value, self.s.byte);
        self.sub(Routine::NextComma);
        self.place(At::Comma);
        self.branch(value, Cond::AboveOrEqual, self.s.value_end, At::OnComma, "what is wrong may end after the value");
        self.next(byte, value, "the next byte");
        self.branch(byte, Cond::Ne, b',', At::Comma, "skip it");
        self.place(At::OnComma);
        self.ret(Routine::NextComma);
    }
}
