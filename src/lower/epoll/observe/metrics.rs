//! Metrics for Prometheus: a stored reply like any other, but the server writes its digits when a client asks for it.
//! Every number always has the same width, so the reply's head never changes.
//!
//! A reply counts when it joins a batch. If the client does not take it, and it has to be made again, the count is
//! undone. For that each vector has what was counted for its reply.

use asmgen_arch::op::{Cond, DatumId, Operand, Part, Program, Slot};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, frame, sum};
use crate::lower::epoll::asm::labels::At;
use crate::lower::epoll::http::method::HEAD;
use crate::lower::epoll::state::response_table::{VERSION_BYTES, of_stored};
use crate::lower::epoll::state::vars::{counter, var};
use crate::lower::wire;
use crate::spec::{Reply, Server};

/// Digits of a number.
const DIGITS: u32 = 10;
/// Digits of the lower part of the count of bytes, which does not fit 32 bits: see [`BILLION`].
const LOWER_DIGITS: u32 = 9;
/// The lower part of the count of bytes is below this; the upper part counts billions.
const BILLION: u32 = 1_000_000_000;

/// Lines of the metrics: text, then the number of a counter. Names have a prefix of their own, as Prometheus asks for
/// (<https://prometheus.io/docs/practices/naming/>), because other programs count `http_…`, too. No gauge is named like
/// a counter without its `_total`: a client that reads OpenMetrics would take both for one family of two types.
const LINES: [(&str, u32); 12] = [
    (
        "# HELP asmgen_http_replies_total Replies sent.\n\
         # TYPE asmgen_http_replies_total counter\n\
         asmgen_http_replies_total{code=\"2xx\"} ",
        counter::REPLIES,
    ),
    ("\nasmgen_http_replies_total{code=\"3xx\"} ", counter::REPLIES + 4),
    ("\nasmgen_http_replies_total{code=\"4xx\"} ", counter::REPLIES + 8),
    ("\nasmgen_http_replies_total{code=\"5xx\"} ", counter::REPLIES + 12),
    (
        "\n# HELP asmgen_http_content_bytes_total Bytes of content in replies.\n\
         # TYPE asmgen_http_content_bytes_total counter\n\
         asmgen_http_content_bytes_total ",
        counter::BILLIONS,
    ),
    ("", counter::BYTES),
    (
        "\n# HELP asmgen_http_connections_total Connections taken.\n\
         # TYPE asmgen_http_connections_total counter\n\
         asmgen_http_connections_total ",
        counter::ACCEPTED,
    ),
    (
        "\n# HELP asmgen_http_open_connections Connections that are open.\n\
         # TYPE asmgen_http_open_connections gauge\n\
         asmgen_http_open_connections ",
        counter::OPEN,
    ),
    (
        "\n# HELP asmgen_http_limits_total Limits hit.\n\
         # TYPE asmgen_http_limits_total counter\n\
         asmgen_http_limits_total{limit=\"connections\"} ",
        counter::CROWDED,
    ),
    ("\nasmgen_http_limits_total{limit=\"partial_requests\"} ", counter::GIVEN_UP),
    ("\nasmgen_http_limits_total{limit=\"header_timeout\"} ", counter::LATE),
    ("\nasmgen_http_limits_total{limit=\"memory\"} ", counter::HEAVY),
];

/// Digits of a counter's number.
fn digits(counter: u32) -> u32 {
    if counter == counter::BYTES { LOWER_DIGITS } else { DIGITS }
}

/// The reply, with all numbers 0.
pub(crate) struct Metrics {
    /// The path that it is the reply to, decoded.
    pub(crate) path: Vec<u8>,
    /// The record of the reply.
    pub(crate) record: DatumId,
    /// The reply's content.
    text: DatumId,
    /// For each number: offset of its counter, count of its digits, where they end in the content, 2 bytes each. Two
    /// zeros follow.
    table: DatumId,
}

impl Metrics {
    /// The metrics of a server, if its spec asks for them. `ok` is how a reply with status 200 begins.
    pub(crate) fn of(program: &mut Program, ok: DatumId, server: &Server) -> Option<Self> {
        let path = server.epoll.metrics.clone()?;
        let mut body = Vec::new();
        let mut ends = Vec::new();
        for (text, counter) in LINES {
            body.extend(text.bytes());
            body.extend(vec![b'0'; digits(counter) as usize]);
            ends.push(body.len());
        }
        body.push(b'\n');
        let reply =
            Reply { cache: Some("no-store".into()), ..Reply::new(200, "text/plain; version=0.0.4".to_owned(), body) };
        let stored = wire::plain(&reply);
        let decoded = crate::spec::decoded_path(&path);
        let (record, text) = of_stored(program, ok, &path, &stored, &decoded);
        let two = |value: u32| (value as u16).to_le_bytes();
        let entry = |((_, counter), end): (&(&str, u32), usize)| {
            [two(*counter), two(digits(*counter)), two(end as u32)].concat()
        };
        let table: Vec<u8> = LINES.iter().zip(ends).flat_map(entry).chain([0; 4]).collect();
        let table = program.datum("numbers of the figures", vec![Part::Bytes(table)], 0);
        Some(Self { path: decoded, record, text, table })
    }
}

impl Engine<'_> {
    /// Adds one to a counter, if there are any.
    pub(crate) fn count(&mut self, counter: u32) {
        if self.metrics.is_none() {
            return;
        }
        self.add_four(var::COUNTERS.byte(counter), 1, "a counter of the metrics");
    }

    /// Counts the reply with `content_len` bytes of content. [`var::FIRST`] is its first vector.
    pub(crate) fn count_reply(&mut self) {
        if self.metrics.is_none() {
            return;
        }
        let (first, counters, status) = (self.s.t, self.s.u, self.s.c);
        self.four(first, frame(var::FIRST), "the reply's first vector");
        self.put_four(at(first, self.counted()), self.s.content_len, "bytes to take back if it is made again");
        self.status_of(first, status, counters, At::CountedStatus);
        self.byte(status, at(status, 0), "first digit of its status");
        self.put_four(at(first, self.counted() + 4), status, "the counter to take back; 0 in the other vectors");
        let replies = self.s.t;
        self.take(status, i64::from(b'2'), "no status is below 200");
        self.shl(status, 2, "a counter has 4 bytes");
        self.set_address(counters, var::COUNTERS, "counters of replies come first");
        self.four(replies, sum(counters, status, counter::REPLIES), "replies of this class");
        self.add(replies, 1i64, "one more");
        self.put_four(sum(counters, status, counter::REPLIES), replies, "one more");
        self.count_bytes();
    }

    /// Adds `content_len` to the count of bytes.
    fn count_bytes(&mut self) {
        let (bytes, counters, billions) = (self.s.t, self.s.u, self.s.c);
        self.four(bytes, at(counters, counter::BYTES), "lower part of the count of bytes");
        self.add(bytes, self.s.content_len, "no carry: a content is below 2 GiB");
        self.place(At::Billion);
        self.branch(bytes, Cond::Below, BILLION, At::BytesCounted, "9 digits are enough for it");
        self.take(bytes, i64::from(BILLION), "into the upper part");
        self.four(billions, at(counters, counter::BILLIONS), "upper part");
        self.add(billions, 1i64, "a billion");
        self.put_four(at(counters, counter::BILLIONS), billions, "upper part");
        self.jump(At::Billion, "it may be more than one");
        self.place(At::BytesCounted);
        self.put_four(at(counters, counter::BYTES), bytes, "lower part");
    }

    /// Loads the address of a reply's status. The reply's first vector is at `first`.
    ///
    /// ```text
    /// its first vector is the version alone    the status begins the second vector
    /// else                                     it follows the version
    /// ```
    pub(crate) fn status_of(&mut self, first: Slot, status: Slot, t: Slot, whole: At) {
        self.four(status, at(first, 0), "address of the first vector");
        self.add(status, VERSION_BYTES, "after `HTTP/1.1 `");
        self.four(t, at(first, self.word), "length of the first vector");
        self.branch(t, Cond::Ne, VERSION_BYTES, whole, "not the version alone");
        self.four(status, at(first, 2 * self.word), "address of the second vector");
        self.place(whole);
    }

    /// Takes back what was counted for the replies from vector `q` on, which are made again. `t` and `u` stay as they
    /// are.
    pub(crate) fn undo_count(&mut self) {
        if self.metrics.is_none() {
            return;
        }
        let (vector, status, replies, counters) = (self.s.q, self.s.c, self.s.d, self.s.v);
        self.place(At::Uncount);
        self.branch(vector, Cond::AboveOrEqual, self.s.next_vector, At::Uncounted, "the batch's end");
        self.four(status, at(vector, self.counted() + 4), "first digit of the reply's status");
        self.if_zero(status, At::UncountNext, "not a reply's first vector");
        self.set_address(counters, var::COUNTERS, "counters of replies come first");
        self.take(status, i64::from(b'2'), "no status is below 200");
        self.shl(status, 2, "a counter has 4 bytes");
        self.four(replies, sum(counters, status, counter::REPLIES), "replies of this class");
        self.take(replies, 1i64, "one less");
        self.put_four(sum(counters, status, counter::REPLIES), replies, "one less");
        self.undo_count_of_bytes();
        self.place(At::UncountNext);
        self.add(vector, 2 * self.word, "the next vector");
        self.jump(At::Uncount, "up to the batch's end");
        self.place(At::Uncounted);
    }

    /// Takes the bytes that were counted at vector `q` back.
    fn undo_count_of_bytes(&mut self) {
        let (vector, counters, bytes) = (self.s.q, self.s.v, self.s.n);
        let (counted, billions) = (self.s.c, self.s.d);
        self.four(bytes, at(counters, counter::BYTES), "lower part of the count of bytes");
        self.four(counted, at(vector, self.counted()), "what was counted for the reply");
        self.place(At::Unbillion);
        self.branch(bytes, Cond::AboveOrEqual, counted, At::BytesUncounted, "the lower part has as many");
        self.add(bytes, BILLION, "from the upper part");
        self.four(billions, at(counters, counter::BILLIONS), "upper part");
        self.take(billions, 1i64, "a billion");
        self.put_four(at(counters, counter::BILLIONS), billions, "upper part");
        self.jump(At::Unbillion, "it may take more than one");
        self.place(At::BytesUncounted);
        self.take(bytes, counted, "without the reply's");
        self.put_four(at(counters, counter::BYTES), bytes, "lower part");
    }

    /// If `response` is the reply with the metrics, writes their digits. Like every route with content it has GET and
    /// HEAD only.
    pub(crate) fn write_metrics(&mut self) {
        let Some((record, text, table)) = self.metrics.as_ref().map(|it| (it.record, it.text, it.table)) else {
            return;
        };
        let (t, counters, row) = (self.s.t, self.s.u, self.s.q);
        self.set(t, Operand::Data(record), "the record of the metrics");
        self.branch(self.s.response, Cond::Ne, t, At::NoFigures, "another reply");
        self.branch(self.s.id, Cond::Below, HEAD, At::MethodOther, "neither GET nor HEAD");
        self.set_address(counters, var::COUNTERS, "all counters");
        self.four(t, frame(var::CONNECTIONS), "the server keeps this one whether there are metrics or not");
        self.put_four(at(counters, counter::OPEN), t, "open connections");
        self.set(row, Operand::Data(table), "a row for each number");
        self.write_numbers(text);
        self.place(At::NoFigures);
    }

    /// Writes the numbers of the rows from `q` on into the content.
    fn write_numbers(&mut self, text: DatumId) {
        let (row, left, digit, number) = (self.s.q, self.s.c, self.s.d, self.s.n);
        let (end, base) = (self.s.t, self.s.u);
        self.place(At::Figure);
        self.two(left, at(row, 2), "count of its digits");
        self.if_zero(left, At::SendStored, "all numbers are written: it is a reply like any other");
        self.two(digit, at(row, 0), "offset of its counter");
        self.set_address(base, var::COUNTERS, "all counters");
        self.four(number, sum(base, digit, 0), "the number");
        self.two(end, at(row, 4), "where its digits end");
        self.set(base, Operand::Data(text), "in the content");
        self.add(end, base, "after its last digit");
        self.add(row, 6i64, "the next row");
        self.place(At::FigureDigit);
        self.divide(number, 10, digit, "from the last digit");
        self.add(digit, i64::from(b'0'), "as a digit");
        self.take(end, 1i64, "before the digits that are written");
        self.put_byte(at(end, 0), digit, "zeros in front keep the width");
        self.take(left, 1i64, "one digit less");
        self.unless_zero(left, At::FigureDigit, "digits are left");
        self.jump(At::Figure, "the next number");
    }
}
