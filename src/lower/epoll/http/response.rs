//! The end of the head, and the reply: its status line, its fields, stored or composed, and its content.

use asmgen_arch::op::{Cond, Operand};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::http::field_names::{ACCEPT_ENCODING, IF_NONE_MATCH, RANGE, seen};
use crate::lower::epoll::http::method::{HEAD, REFUSED};
use crate::lower::epoll::state::conn_entry::flag;
use crate::lower::epoll::state::memory_map::LONG_BYTES;
use crate::lower::epoll::state::response_table::{DATE_LINE_BYTES, NOT_FOUND, VERSION_BYTES, beginning, record};
use crate::lower::epoll::state::vars::var;
use crate::lower::wire;

/// The last of the numbers.
const LAST_NUMBER: u8 = 6;

impl Engine<'_> {
    pub(crate) fn head(&mut self) {
        let flags = self.s.flags;
        self.place(At::Head);
        self.four(self.s.response, frame(var::ROUTE), NO_WHY);
        self.if_any(flags, flag::AGAIN, At::Conditions, NO_WHY);
        self.if_any(self.s.fields_seen, seen::HOST, At::HasHost, NO_WHY);
        self.if_none(flags, flag::OLD, At::Status400, "no host");
        self.place(At::HasHost);
        self.four(self.s.id, frame(var::METHOD), NO_WHY);
        self.if_any(flags, flag::NOT_CHUNKED, At::Status400, "where the body ends is not known");
        self.if_none(flags, flag::UNKNOWN, At::CodingsKnown, NO_WHY);
        self.set(self.s.id, 0i64, "as an unknown method");
        self.place(At::CodingsKnown);
        self.branch(self.s.id, Cond::Below, REFUSED, At::MethodOther, "not known, or no route is asked for");
        if self.records.fallback.is_none() {
            let refused = self.beginning(NOT_FOUND);
            self.set(self.s.beginning, refused, "404");
            self.if_zero(self.s.response, At::SendError, "no route has the path");
        }
        self.write_metrics();
        let conditions = seen::CONDITIONS | if self.has_dates { seen::DATES } else { 0 };
        self.two(self.s.t, at(self.s.response, record::SHARED), NO_WHY);
        self.if_zero(self.s.t, At::Plain, "no representation: the same for every method");
        self.branch(self.s.id, Cond::Below, HEAD, At::MethodOther, "neither GET nor HEAD");
        self.if_none(self.s.fields_seen, conditions | ACCEPT_ENCODING, At::Plain, "no choices");
        if self.has_variants {
            self.pick_variant();
            self.if_none(self.s.fields_seen, conditions, At::Plain, "no conditions");
            self.put_four(frame(var::ROUTE), self.s.response, "the variant");
        }
        // What the conditions say is about the variant, so they are looked at now; a list may be in several lines.
        if self.has_dates {
            self.prefer_etags();
        }
        self.or(self.s.fields_seen, IF_NONE_MATCH | RANGE, "until an entity tag, a range is found");
        self.or(flags, flag::AGAIN, NO_WHY);
        self.four(self.s.cursor, frame(var::FIELD_LINES), NO_WHY);
        self.leave_cursor();
        self.jump(At::Field, NO_WHY);
        self.conditions();
        self.whole();
        self.other_methods();
        self.compose();
        self.format_numbers();
        self.log_colon();
    }

    /// A stored reply as it is.
    fn whole(&mut self) {
        let (flags, rep) = (self.s.flags, self.s.response);
        self.place(At::Fatal);
        self.or(flags, flag::CLOSING, "nothing more is looked at");
        self.put_four(frame(var::CURSOR), 0i64, NO_WHY);
        self.refuse();
        // Begins with the record's own status line.
        self.place(At::Plain);
        self.four(self.s.ptr, at(rep, record::STATUS_LINE), NO_WHY);
        self.two(self.s.len, at(rep, record::LINE), NO_WHY);
        self.gosub(Routine::BeginReply);
        if self.has_paths() {
            self.location_with_path();
        }
        self.set(self.s.composed_len, 0i64, NO_WHY);
        self.four(self.s.content, at(rep, record::BODY), NO_WHY);
        self.four(self.s.content_len, at(rep, record::BODY_LEN), NO_WHY);
        self.set(self.s.fields_from, 0i64, "all fields");
        self.place(At::WithContent);
        self.four(self.s.t, frame(var::METHOD), NO_WHY);
        self.branch(self.s.t, Cond::Ne, HEAD, At::AppendHeaders, NO_WHY);
        self.place(At::NoContent);
        self.set(self.s.content_len, 0i64, "no content");
        self.finish();
        self.begin();
    }

    /// A location that ends with the path and the query of the request, as they came: bytes of a target end no line.
    fn location_with_path(&mut self) {
        let (rep, ptr, len, q, c) = (self.s.response, self.s.ptr, self.s.len, self.s.q, self.s.byte);
        self.two(c, at(rep, record::SHARED), NO_WHY);
        self.unless_zero(c, At::NoPathWanted, "a representation");
        self.two(len, at(rep, record::TYPE), NO_WHY);
        self.if_zero(len, At::NoPathWanted, NO_WHY);
        self.four(ptr, at(rep, record::START), NO_WHY);
        self.take(ptr, len, "what stands in front of it");
        self.gosub(Routine::Vector);
        self.four(ptr, frame(var::TARGET), NO_WHY);
        self.set(q, ptr, NO_WHY);
        self.place(At::PathWanted);
        self.next(c, q, NO_WHY);
        self.branch(c, Cond::Ne, b' ', At::PathWanted, NO_WHY);
        self.take(q, 1i64, "its end");
        self.set(len, q, NO_WHY);
        self.take(len, ptr, NO_WHY);
        self.gosub(Routine::Vector);
        let end = self.text("\r\n");
        self.set(ptr, Operand::Data(end), NO_WHY);
        self.set(len, 2i64, NO_WHY);
        self.gosub(Routine::Vector);
        self.place(At::NoPathWanted);
    }

    /// How replies begin: status line and date.
    fn begin(&mut self) {
        let (ptr, len, begin) = (self.s.ptr, self.s.len, self.s.beginning);
        // As it is said at `begin`: composes its fields, and has its status line.
        self.sub(Routine::BeginComposed);
        self.byte(self.s.q, at(begin, beginning::FORMAT), NO_WHY);
        self.add(self.s.q, begin, NO_WHY);
        self.gosub(Routine::Compose);
        self.put_four(frame(var::FIRST), self.s.next_vector, "the reply's first vector");
        self.set(ptr, Operand::Data(self.records.ok), "the version, as in a 200");
        self.set(len, VERSION_BYTES, NO_WHY);
        self.gosub(Routine::Vector);
        self.set(ptr, begin, NO_WHY);
        self.add(ptr, beginning::LINE, "the rest of the line");
        self.byte(len, at(begin, beginning::LINE_LEN), NO_WHY);
        self.gosub(Routine::BeginLine);
        self.ret(Routine::BeginComposed);
        // With the status line that `ptr` and `len` say.
        self.sub(Routine::BeginReply);
        self.put_four(frame(var::FIRST), self.s.next_vector, "the reply's first vector");
        self.gosub(Routine::BeginLine);
        self.ret(Routine::BeginReply);
        self.sub(Routine::BeginLine);
        self.gosub(Routine::Vector);
        self.date_line(self.s.ptr, 0);
        self.set(self.s.len, DATE_LINE_BYTES, NO_WHY);
        self.gosub(Routine::Vector);
        self.ret(Routine::BeginLine);
    }

    /// The refusal that begins with `tok`: what is its own, and what all of them have in common.
    fn refuse(&mut self) {
        let (begin, t, v) = (self.s.beginning, self.s.t, self.s.fields_from);
        self.place(At::SendError);
        self.set(v, 0i64, "all of what refusals have");
        self.place(At::SendErrorFrom);
        self.byte(t, at(begin, beginning::LINE_LEN), NO_WHY);
        self.take(t, wire::AROUND_REASON as i64, NO_WHY);
        self.put_four(frame(var::NUMBERS), t, "length of the content");
        self.gosub(Routine::BeginComposed);
        self.set(self.s.content, begin, NO_WHY);
        self.add(self.s.content, beginning::LINE + wire::REASON_AT as u32, "the reason");
        let refused = self.records.refused;
        self.set(self.s.response, refused, NO_WHY);
        self.four(self.s.content_len, frame(var::NUMBERS), NO_WHY);
        self.if_zero(v, At::WithContent, NO_WHY);
        self.jump(At::NoContent, "a 204");
    }

    /// Behind the status line: `Connection`, the composed fields (`xlen` bytes), the stored ones from `v` on, and the
    /// content (`blen` bytes at `body`).
    fn finish(&mut self) {
        let (flags, ptr, len, t) = (self.s.flags, self.s.ptr, self.s.len, self.s.t);
        self.place(At::AppendHeaders);
        self.if_any(flags, flag::CLOSE, At::SayClose, NO_WHY);
        self.four(t, frame(var::SKIP), NO_WHY);
        self.branch(t, Cond::Lt, 0i64, At::SayStopping, "a part of it is with the client, and has said so");
        self.if_zero(t, At::NotBefore, NO_WHY);
        self.set(self.s.u, Operand::State(self.state.vectors), NO_WHY);
        self.four(t, frame(var::FIRST), NO_WHY);
        self.branch(t, Cond::Eq, self.s.u, At::AsBefore, "a part of it is, and said nothing of closing");
        self.place(At::NotBefore);
        self.four(t, frame(var::STOPPING), NO_WHY);
        self.unless_zero(t, At::SayStopping, "no connection is kept now");
        self.place(At::AsBefore);
        self.if_none(flags, flag::OLD, At::SayNothing, "kept, as in HTTP/1.1");
        self.if_none(flags, flag::KEEP, At::SayClose, "not kept, as in HTTP/1.0");
        let keep = wire::KEEP_ALIVE;
        let text = self.text(keep);
        self.set(ptr, Operand::Data(text), NO_WHY);
        self.set(len, keep.len() as i64, NO_WHY);
        self.jump(At::Say, NO_WHY);
        self.place(At::SayStopping);
        self.or(flags, flag::SLOW, "the client does not know yet");
        self.place(At::SayClose);
        self.or(flags, flag::CLOSE, NO_WHY);
        let close = wire::CLOSE;
        self.set(ptr, self.records.late, "a 408 says it, too: it begins so after its date");
        self.set(len, close.len() as i64, NO_WHY);
        self.place(At::Say);
        self.gosub(Routine::Vector);
        self.place(At::SayNothing);
        self.set(ptr, self.s.composed, NO_WHY);
        self.set(len, self.s.composed_len, NO_WHY);
        self.gosub(Routine::Vector);
        self.four(ptr, at(self.s.response, record::START), NO_WHY);
        self.four(len, at(self.s.response, record::HEAD), NO_WHY);
        self.add(ptr, self.s.fields_from, NO_WHY);
        self.take(len, self.s.fields_from, "the stored fields");
        self.gosub(Routine::Vector);
        self.count_reply();
        self.log_reply();
        self.set(ptr, self.s.content, NO_WHY);
        self.set(len, self.s.content_len, NO_WHY);
        if self.has_long {
            self.branch(len, Cond::Below, LONG_BYTES, At::Content, NO_WHY);
            self.put_four(frame(var::REST), ptr, "sent behind the batch");
            self.put_four(frame(var::REST_LEN), len, NO_WHY);
            self.four(self.s.cursor, frame(var::CURSOR), NO_WHY);
            self.jump(At::Flush, NO_WHY);
            self.place(At::Content);
        }
        self.gosub(Routine::Vector);
        self.jump(At::Answered, NO_WHY);
    }

    /// Composes fields by the format at `q`, where a number stands for one of the numbers, at `x`, `xlen` bytes.
    fn compose(&mut self) {
        let (x, xlen) = (self.s.composed, self.s.composed_len);
        self.sub(Routine::Compose);
        self.four(x, frame(var::COMPOSED), NO_WHY);
        self.set(self.s.output, x, NO_WHY);
        self.gosub(Routine::Format);
        self.put_four(frame(var::COMPOSED), self.s.output, NO_WHY);
        self.set(xlen, self.s.output, NO_WHY);
        self.take(xlen, x, NO_WHY);
        self.ret(Routine::Compose);
    }

    /// Writes at `o` what the format at `q` says.
    pub(crate) fn format_numbers(&mut self) {
        let (q, c, d, x, n, u) = (self.s.q, self.s.byte, self.s.d, self.s.output, self.s.n, self.s.u);
        self.sub(Routine::Format);
        self.place(At::ComposeByte);
        self.next(c, q, NO_WHY);
        self.branch(c, Cond::BelowOrEqual, LAST_NUMBER, At::ComposeNumber, NO_WHY);
        self.put_byte(at(x, 0), c, NO_WHY);
        self.add(x, 1i64, NO_WHY);
        self.jump(At::ComposeByte, NO_WHY);
        self.place(At::ComposeNumber);
        self.if_zero(c, At::Composed, "the format's end");
        self.set(self.s.wide, Operand::Frame(var::NUMBERS.at - 4), NO_WHY);
        self.shl(c, 2, NO_WHY);
        self.four(n, sum(self.s.wide, c, 0), "the number");
        // Digits from the last, at the end of the frame's scratch place, then copied.
        self.set(self.s.wide, Operand::Frame(var::DIGITS_END), NO_WHY);
        self.set(u, 0i64, "digits");
        self.place(At::ComposeDigit);
        self.divide(n, 10, d, NO_WHY);
        self.add(d, i64::from(b'0'), NO_WHY);
        self.take(self.s.wide, 1i64, NO_WHY);
        self.put_byte(at(self.s.wide, 0), d, NO_WHY);
        self.add(u, 1i64, NO_WHY);
        self.unless_zero(n, At::ComposeDigit, NO_WHY);
        self.place(At::ComposeCopy);
        self.byte(c, at(self.s.wide, 0), NO_WHY);
        self.add(self.s.wide, 1i64, NO_WHY);
        self.put_byte(at(x, 0), c, NO_WHY);
        self.add(x, 1i64, NO_WHY);
        self.take(u, 1i64, NO_WHY);
        self.unless_zero(u, At::ComposeCopy, NO_WHY);
        self.jump(At::ComposeByte, NO_WHY);
        self.place(At::Composed);
        self.ret(Routine::Format);
    }
}
