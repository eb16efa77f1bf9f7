//! The end of the head, and the reply: its status line, its fields, stored or composed, and its content.

use asmgen_arch::op::{Cond, Operand};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::http::field_names::{ACCEPT_ENCODING, IF_NONE_MATCH, RANGE, seen};
use crate::lower::epoll::http::method::{HEAD, REFUSED};
use crate::lower::epoll::state::conn_entry::flag;
use crate::lower::epoll::state::memory_map::LONG_BYTES;
use crate::lower::epoll::state::response_table::{DATE_LINE_BYTES, NOT_FOUND, VERSION_BYTES, beginning, record};
use crate::lower::epoll::state::vars::var;
use crate::lower::wire;

/// The highest byte of a format that stands for a number.
const LAST_NUMBER: u8 = 6;

impl Engine<'_> {
    /// The end of the head, and what follows it.
    pub(crate) fn respond(&mut self) {
        self.end_of_head();
        self.conditions();
        self.send_stored();
        self.begin_reply();
        self.other_methods();
        self.compose();
        self.format_numbers();
        self.log_colon();
    }

    /// What a request gets:
    ///
    /// | first that holds | reply |
    /// |---|---|
    /// | the fields are read a second time | as the conditions say |
    /// | HTTP/1.1 without `Host` | 400 (RFC 9112 §3.2) |
    /// | the last coding of the body is not `chunked` | 400 (§6.3) |
    /// | the body has an unknown coding, or the method is unknown | 501 |
    /// | CONNECT, or OPTIONS for the server | 405, or 204 |
    /// | no route has the path, and the spec describes no reply for that | 404 |
    /// | the stored reply is no representation | the same for every method |
    /// | the method is neither GET nor HEAD | 405, or 204 |
    /// | no condition, no range and no `Accept-Encoding` | the representation |
    /// | no condition and no range | the variant |
    /// | else | the fields are read again, for the variant |
    fn end_of_head(&mut self) {
        let (flags, fields_seen, response, method) = (self.s.flags, self.s.fields_seen, self.s.response, self.s.id);
        self.place(At::EndOfHead);
        self.four(response, frame(var::ROUTE), "the route's record");
        self.if_any(flags, flag::AGAIN, At::Conditions, "the second reading is done");
        self.if_any(fields_seen, seen::HOST, At::HasHost, "it has a Host");
        self.if_none(flags, flag::OLD, At::Status400, "no host");
        self.place(At::HasHost);
        self.four(method, frame(var::METHOD), "its method");
        self.if_any(flags, flag::NOT_CHUNKED, At::Status400, "where the body ends is not known");
        self.if_none(flags, flag::UNKNOWN, At::CodingsKnown, "no unknown coding");
        self.set(method, 0i64, "as an unknown method");
        self.place(At::CodingsKnown);
        self.branch(method, Cond::Below, REFUSED, At::MethodOther, "not known, or no route is asked for");
        if self.records.fallback.is_none() {
            let refused = self.beginning(NOT_FOUND);
            self.set(self.s.beginning, refused, "404");
            self.if_zero(response, At::SendError, "no route has the path");
        }
        self.write_metrics();
        let conditions = seen::CONDITIONS | if self.has_dates { seen::DATES } else { 0 };
        let shared = self.local("shared fields");
        self.two(shared, at(response, record::SHARED), "where it shares with a 304");
        self.if_zero(shared, At::SendStored, "no representation: the same for every method");
        self.branch(method, Cond::Below, HEAD, At::MethodOther, "neither GET nor HEAD");
        self.if_none(fields_seen, conditions | ACCEPT_ENCODING, At::SendStored, "no choices");
        if self.has_variants {
            self.pick_variant();
            self.if_none(fields_seen, conditions, At::SendStored, "no conditions");
            self.put_four(frame(var::ROUTE), response, "the variant");
        }
        // What the conditions say is about the variant, so they are read now; a list may be in several lines.
        if self.has_dates {
            self.prefer_etags();
        }
        self.or(fields_seen, IF_NONE_MATCH | RANGE, "until an entity tag, a range is found");
        self.or(flags, flag::AGAIN, "the second reading");
        self.four(self.s.cursor, frame(var::FIELD_LINES), "from the first field line");
        self.leave_cursor();
        self.jump(At::Field, "read the fields again");
    }

    /// A stored reply as it is (`send_stored`), or an error that ends the connection (`refuse_and_close`).
    fn send_stored(&mut self) {
        let (flags, response, method) = (self.s.flags, self.s.response, self.local("method"));
        self.place(At::RefuseAndClose);
        self.or(flags, flag::CLOSING, "nothing more is read");
        self.put_four(frame(var::CURSOR), 0i64, "no request follows");
        self.send_error();
        self.place(At::SendStored);
        self.four(self.s.ptr, at(response, record::STATUS_LINE), "the record's own status line");
        self.two(self.s.len, at(response, record::LINE), "its length");
        self.gosub(Routine::BeginReply);
        if self.has_paths() {
            self.location_with_path();
        }
        self.set(self.s.composed_len, 0i64, "no composed fields");
        self.four(self.s.content, at(response, record::BODY), "the stored content");
        self.four(self.s.content_len, at(response, record::BODY_LEN), "its length");
        self.set(self.s.fields_from, 0i64, "all fields");
        self.place(At::WithContent);
        self.four(method, frame(var::METHOD), "its method");
        self.branch(method, Cond::Ne, HEAD, At::AppendHeaders, "only HEAD gets no content (RFC 9110 §9.3.2)");
        self.place(At::NoContent);
        self.set(self.s.content_len, 0i64, "no content");
        self.append_headers();
    }

    /// A `Location` that ends with the path and the query of the request, or with its query. They stay as they came:
    /// bytes of a target end no line.
    fn location_with_path(&mut self) {
        let (response, ptr, len, byte) = (self.s.response, self.s.ptr, self.s.len, self.s.byte);
        let end = self.s.value;
        self.two(byte, at(response, record::SHARED), "where it shares with a 304");
        self.unless_zero(byte, At::NoPathWanted, "a representation has no Location");
        self.two(len, at(response, record::TYPE), "bytes before its fields:");
        self.if_zero(len, At::NoPathWanted, "none: its location is complete");
        let ending = self.has_queries().then(|| self.local("how the location ends"));
        if let Some(ending) = ending {
            self.set(ending, len, "with the path, or with the query alone");
            self.and(len, !i64::from(record::QUERY_ALONE) & 0xffff, "without the bit that tells");
        }
        self.four(ptr, at(response, record::START), "its fields");
        self.take(ptr, len, "the location's beginning is before them");
        self.gosub(Routine::Vector);
        self.four(ptr, frame(var::TARGET), "the path of the request");
        if let Some(ending) = ending {
            self.if_none(ending, record::QUERY_ALONE, At::PathOrQuery, "with the path");
            self.place(At::FindQuery);
            self.byte(byte, at(ptr, 0), "the next byte of the path");
            self.branch(byte, Cond::Eq, b'?', At::PathOrQuery, "the query begins");
            self.branch(byte, Cond::Eq, b' ', At::LocationEnd, "the request has no query");
            self.add(ptr, 1i64, "not the query yet");
            self.jump(At::FindQuery, "read on");
            self.place(At::PathOrQuery);
        }
        self.set(end, ptr, "from its first byte");
        self.place(At::PathWanted);
        self.next(byte, end, "the next byte");
        self.branch(byte, Cond::Ne, b' ', At::PathWanted, "up to the space");
        self.take(end, 1i64, "its end");
        self.set(len, end, "from its first byte to the end:");
        self.take(len, ptr, "its length");
        self.gosub(Routine::Vector);
        self.place(At::LocationEnd);
        let line_end = self.text("\r\n");
        self.set(ptr, Operand::Data(line_end), "the end of the line");
        self.set(len, 2i64, "CR and LF");
        self.gosub(Routine::Vector);
        self.place(At::NoPathWanted);
    }

    /// Routines that begin a reply with its status line and the line with the date.
    ///
    /// `BeginComposed` composes the fields and takes the status line of `beginning`; `BeginReply` takes the one at
    /// `ptr`, of `len` bytes.
    fn begin_reply(&mut self) {
        let (ptr, len, beginning) = (self.s.ptr, self.s.len, self.s.beginning);
        let format = self.s.value;
        self.sub(Routine::BeginComposed);
        self.byte(format, at(beginning, beginning::FORMAT), "how far the format is");
        self.add(format, beginning, "the format of its fields");
        self.gosub(Routine::Compose);
        self.put_four(frame(var::FIRST), self.s.next_vector, "the reply's first vector");
        self.set(ptr, Operand::Data(self.records.ok), "the version, as in a 200");
        self.set(len, VERSION_BYTES, "its length");
        self.gosub(Routine::Vector);
        self.set(ptr, beginning, "where it begins:");
        self.add(ptr, beginning::LINE, "the rest of the line");
        self.byte(len, at(beginning, beginning::LINE_LEN), "its length");
        self.gosub(Routine::BeginLine);
        self.ret(Routine::BeginComposed);
        self.sub(Routine::BeginReply);
        self.put_four(frame(var::FIRST), self.s.next_vector, "the reply's first vector");
        self.gosub(Routine::BeginLine);
        self.ret(Routine::BeginReply);
        self.sub(Routine::BeginLine);
        self.gosub(Routine::Vector);
        self.date_line(ptr, 0);
        self.set(len, DATE_LINE_BYTES, "the line with the date");
        self.gosub(Routine::Vector);
        self.ret(Routine::BeginLine);
    }

    /// An error, by its `beginning`: what is its own, and what all of them have in common. Its content is the reason of
    /// its status line.
    fn send_error(&mut self) {
        let (beginning, reason_bytes, fields_from) =
            (self.s.beginning, self.local("bytes of the reason"), self.s.fields_from);
        self.place(At::SendError);
        self.set(fields_from, 0i64, "all fields that errors have");
        self.place(At::SendErrorFrom);
        self.byte(reason_bytes, at(beginning, beginning::LINE_LEN), "bytes of the status line");
        self.take(reason_bytes, wire::AROUND_REASON as i64, "without what is around the reason");
        self.put_four(frame(var::NUMBERS), reason_bytes, "length of the content");
        self.gosub(Routine::BeginComposed);
        self.set(self.s.content, beginning, "where it begins:");
        self.add(self.s.content, beginning::LINE + wire::REASON_AT as u32, "the reason");
        let refused = self.records.refused;
        self.set(self.s.response, refused, "the fields that errors have");
        self.four(self.s.content_len, frame(var::NUMBERS), "length of the content");
        self.if_zero(fields_from, At::WithContent, "an error with its content");
        self.jump(At::NoContent, "a 204");
    }

    /// After the status line: `Connection`, the composed fields (`composed_len` bytes), the stored ones from
    /// `fields_from` on, and the content (`content_len` bytes at `content`). Long content is sent after the batch, from
    /// the file.
    fn append_headers(&mut self) {
        let (ptr, len) = (self.s.ptr, self.s.len);
        self.place(At::AppendHeaders);
        self.say_connection();
        self.set(ptr, self.s.composed, "the composed fields");
        self.set(len, self.s.composed_len, "their length");
        self.gosub(Routine::Vector);
        self.four(ptr, at(self.s.response, record::START), "the stored fields");
        self.four(len, at(self.s.response, record::HEAD), "their length");
        self.add(ptr, self.s.fields_from, "without those that this reply does not have");
        self.take(len, self.s.fields_from, "so many fewer bytes");
        self.gosub(Routine::Vector);
        self.count_reply();
        self.log_reply();
        self.set(ptr, self.s.content, "the content");
        self.set(len, self.s.content_len, "its length");
        if self.has_long {
            self.branch(len, Cond::Below, LONG_BYTES, At::Content, "sent with the batch");
            self.put_four(frame(var::REST), ptr, "sent after the batch");
            self.put_four(frame(var::REST_LEN), len, "all of it");
            self.four(self.s.cursor, frame(var::CURSOR), "the next request");
            self.jump(At::Flush, "it is the batch's last reply");
            self.place(At::Content);
        }
        self.gosub(Routine::Vector);
        self.jump(At::ReplyComplete, "the reply is complete");
    }

    /// What the reply says of its connection (RFC 9112 §9.3):
    ///
    /// | first that holds | `Connection` |
    /// |---|---|
    /// | the request closes, or an error ends it | `close` |
    /// | a part of the reply is with the client, and said that it closes | `close` |
    /// | the server stops, and no part of the reply is with the client | `close` |
    /// | HTTP/1.1 | none: it is kept |
    /// | HTTP/1.0 with `keep-alive` | `keep-alive` |
    /// | HTTP/1.0 | `close` |
    ///
    /// Where the server closes unasked, it closes slowly: the client may be sending the next request.
    fn say_connection(&mut self) {
        let (flags, ptr, len) = (self.s.flags, self.s.ptr, self.s.len);
        let [known, vectors] = ["state", "vectors"].map(|name| self.local(name));
        self.if_any(flags, flag::CLOSE, At::SayClose, "it closes anyway");
        self.four(known, frame(var::SKIP), "bytes that are with the client");
        self.branch(known, Cond::Lt, 0i64, At::SayStopping, "a part of it is with the client, and has said so");
        self.if_zero(known, At::NothingSentBefore, "nothing of it is");
        self.set(vectors, Operand::State(self.state.vectors), "the batch's first vector");
        self.four(known, frame(var::FIRST), "the reply's first vector");
        self.branch(known, Cond::Eq, vectors, At::KeepOrNot, "a part of it is, and said nothing of closing");
        self.place(At::NothingSentBefore);
        self.four(known, frame(var::STOPPING), "does the server stop?");
        self.unless_zero(known, At::SayStopping, "no connection is kept now");
        self.place(At::KeepOrNot);
        self.if_none(flags, flag::OLD, At::AfterConnection, "kept, as in HTTP/1.1");
        self.if_none(flags, flag::KEEP, At::SayClose, "not kept, as in HTTP/1.0");
        let keep = wire::KEEP_ALIVE;
        let text = self.text(keep);
        self.set(ptr, Operand::Data(text), "Connection: keep-alive");
        self.set(len, keep.len() as i64, "its length");
        self.jump(At::AppendConnection, "kept, for the client asked for it");
        self.place(At::SayStopping);
        self.or(flags, flag::SLOW, "the client does not know yet");
        self.place(At::SayClose);
        self.or(flags, flag::CLOSE, "it closes after this reply");
        let close = wire::CLOSE;
        self.set(ptr, self.records.late, "a 408 says it, too: it begins so after its date");
        self.set(len, close.len() as i64, "Connection: close");
        self.place(At::AppendConnection);
        self.gosub(Routine::Vector);
        self.place(At::AfterConnection);
    }

    /// `Compose`: composes fields by the format at `value`, at `composed`, `composed_len` bytes.
    fn compose(&mut self) {
        let (composed, composed_len, output) = (self.s.composed, self.s.composed_len, self.s.output);
        self.sub(Routine::Compose);
        self.four(composed, frame(var::COMPOSED), "after what is composed already");
        self.set(output, composed, "write there");
        self.gosub(Routine::Format);
        self.put_four(frame(var::COMPOSED), output, "the next is composed after it");
        self.set(composed_len, output, "from its beginning to there:");
        self.take(composed_len, composed, "its length");
        self.ret(Routine::Compose);
    }

    /// `Format`: writes at `output` what the format at `value` says:
    ///
    /// | byte of the format | written |
    /// |---|---|
    /// | 0 | nothing: the end |
    /// | 1 to [`LAST_NUMBER`] | that one of the numbers in the frame, in decimal |
    /// | any other | itself |
    pub(crate) fn format_numbers(&mut self) {
        let (output, byte) = (self.s.output, self.s.byte);
        let [number, digit, digits, place] =
            ["number", "digit", "digits", "place in the frame"].map(|name| self.local(name));
        self.sub(Routine::Format);
        self.place(At::ComposeByte);
        self.next(byte, self.s.value, "the next byte of the format");
        self.branch(byte, Cond::BelowOrEqual, LAST_NUMBER, At::ComposeNumber, "a number, or the end");
        self.put_byte(at(output, 0), byte, "itself");
        self.add(output, 1i64, "after it");
        self.jump(At::ComposeByte, "go on");
        self.place(At::ComposeNumber);
        self.if_zero(byte, At::Composed, "the format's end");
        self.set_address(place, var::NUMBERS.byte(0).before(4), "numbers count from 1");
        self.shl(byte, 2, "4 bytes each");
        self.four(number, sum(place, byte, 0), "the number");
        // Digits from the last to the first, towards the beginning of the frame's place for them; then they are copied.
        self.set(place, Operand::Frame(var::DIGITS_END), "after the last digit");
        self.set(digits, 0i64, "none yet");
        self.place(At::ComposeDigit);
        self.divide(number, 10, digit, "the rest is the last digit");
        self.add(digit, i64::from(b'0'), "as a character");
        self.take(place, 1i64, "before the digits so far");
        self.put_byte(at(place, 0), digit, "the digit");
        self.add(digits, 1i64, "one more");
        self.unless_zero(number, At::ComposeDigit, "more digits");
        self.place(At::ComposeCopy);
        self.byte(byte, at(place, 0), "the first digit");
        self.add(place, 1i64, "then the next");
        self.put_byte(at(output, 0), byte, "to the output");
        self.add(output, 1i64, "after it");
        self.take(digits, 1i64, "one less");
        self.unless_zero(digits, At::ComposeCopy, "more digits");
        self.jump(At::ComposeByte, "go on");
        self.place(At::Composed);
        self.ret(Routine::Format);
    }
}
