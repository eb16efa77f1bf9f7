//! Figures for Prometheus: a stored reply like any other, whose digits are written anew when it is asked for. Every number
//! has the same width always, so its head never changes.

use asmgen_arch::op::{Cond, DatumId, Operand, Part, Program, Slot};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, frame, sum};
use crate::lower::epoll::asm::labels::At;
use crate::lower::epoll::http::method::HEAD;
use crate::lower::epoll::state::response_table::{VERSION_BYTES, of_stored};
use crate::lower::epoll::state::vars::{counter, var};
use crate::lower::wire;
use crate::spec::{Reply, Server};

/// Digits of a number.
const DIGITS: u32 = 10;

/// The lower digits of the count of bytes, which are counted in two parts.
const LOWER_DIGITS: u32 = 9;

const BILLION: u32 = 1_000_000_000;

/// A line of the figures: text, then the number of a counter. Names have a prefix of their own, as Prometheus asks for
/// (<https://prometheus.io/docs/practices/naming/>): others count `http_…`, too. A gauge has another name than a counter
/// without its `_total`: to clients that read OpenMetrics' way both would be one family of two types.
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

fn digits(counter: u32) -> u32 {
    if counter == counter::BYTES { LOWER_DIGITS } else { DIGITS }
}

/// The reply, all figures 0, and behind which bytes of its content the last digits of its numbers stand.
pub(crate) struct Metrics {
    pub(crate) path: Vec<u8>,
    pub(crate) record: DatumId,
    /// The reply's content.
    text: DatumId,
    /// For every number: which counter, how many digits, where the last of them ends, 2 bytes each; then two zeros.
    table: DatumId,
}

impl Metrics {
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
        self.add_four(var::COUNTERS.at + counter, 1, "count it");
    }

    /// Counts the reply whose first vector is known, with `blen` bytes of content.
    pub(crate) fn count_reply(&mut self) {
        if self.metrics.is_none() {
            return;
        }
        let (t, u, c) = (self.s.t, self.s.u, self.s.c);
        self.four(t, frame(var::FIRST), NO_WHY);
        self.put_four(at(t, self.counted()), self.s.content_len, "what is counted for it");
        self.status_of(t, c, u, At::CountedStatus);
        self.byte(c, at(c, 0), "the first digit of its status");
        self.put_four(at(t, self.counted() + 4), c, NO_WHY);
        self.take(c, i64::from(b'2'), NO_WHY);
        self.shl(c, 2, NO_WHY);
        self.set(u, Operand::Frame(var::COUNTERS.at), NO_WHY);
        self.four(t, sum(u, c, counter::REPLIES), NO_WHY);
        self.add(t, 1i64, "one more");
        self.put_four(sum(u, c, counter::REPLIES), t, NO_WHY);
        self.four(t, at(u, counter::BYTES), NO_WHY);
        self.add(t, self.s.content_len, NO_WHY);
        self.place(At::Billion);
        self.branch(t, Cond::Below, BILLION, At::BytesCounted, NO_WHY);
        self.take(t, i64::from(BILLION), NO_WHY);
        self.four(c, at(u, counter::BILLIONS), NO_WHY);
        self.add(c, 1i64, NO_WHY);
        self.put_four(at(u, counter::BILLIONS), c, NO_WHY);
        self.jump(At::Billion, NO_WHY);
        self.place(At::BytesCounted);
        self.put_four(at(u, counter::BYTES), t, NO_WHY);
    }

    /// In `status`, where the status of a reply stands whose first vector is at `first`: behind the version, or in the
    /// next vector.
    pub(crate) fn status_of(&mut self, first: Slot, status: Slot, t: Slot, whole: At) {
        self.four(status, at(first, 0), NO_WHY);
        self.add(status, VERSION_BYTES, NO_WHY);
        self.four(t, at(first, self.word), NO_WHY);
        self.branch(t, Cond::Ne, VERSION_BYTES, whole, "not the version alone");
        self.four(status, at(first, 2 * self.word), NO_WHY);
        self.place(whole);
    }

    /// Takes the replies from vector `q` on out of the counts again. `t` and `u` stay as they are.
    pub(crate) fn uncount(&mut self) {
        if self.metrics.is_none() {
            return;
        }
        let (q, c, d, v, n) = (self.s.q, self.s.c, self.s.d, self.s.v, self.s.n);
        self.place(At::Uncount);
        self.branch(q, Cond::AboveOrEqual, self.s.next_vector, At::Uncounted, NO_WHY);
        self.four(c, at(q, self.counted() + 4), NO_WHY);
        self.if_zero(c, At::UncountNext, "not a reply's first");
        self.set(v, Operand::Frame(var::COUNTERS.at), NO_WHY);
        self.take(c, i64::from(b'2'), NO_WHY);
        self.shl(c, 2, NO_WHY);
        self.four(d, sum(v, c, counter::REPLIES), NO_WHY);
        self.take(d, 1i64, "one less");
        self.put_four(sum(v, c, counter::REPLIES), d, NO_WHY);
        self.four(n, at(v, counter::BYTES), NO_WHY);
        self.four(c, at(q, self.counted()), NO_WHY);
        self.place(At::Unbillion);
        self.branch(n, Cond::AboveOrEqual, c, At::BytesUncounted, NO_WHY);
        self.add(n, BILLION, NO_WHY);
        self.four(d, at(v, counter::BILLIONS), NO_WHY);
        self.take(d, 1i64, NO_WHY);
        self.put_four(at(v, counter::BILLIONS), d, NO_WHY);
        self.jump(At::Unbillion, NO_WHY);
        self.place(At::BytesUncounted);
        self.take(n, c, NO_WHY);
        self.put_four(at(v, counter::BYTES), n, NO_WHY);
        self.place(At::UncountNext);
        self.add(q, 2 * self.word, NO_WHY);
        self.jump(At::Uncount, NO_WHY);
        self.place(At::Uncounted);
    }

    /// If `rep` is the reply with the figures, writes them.
    pub(crate) fn write_metrics(&mut self) {
        let Some((record, text, table)) = self.metrics.as_ref().map(|it| (it.record, it.text, it.table)) else {
            return;
        };
        let (t, u, n, d, c, q) = (self.s.t, self.s.u, self.s.n, self.s.d, self.s.c, self.s.q);
        self.set(t, Operand::Data(record), NO_WHY);
        self.branch(self.s.response, Cond::Ne, t, At::NoFigures, NO_WHY);
        self.branch(self.s.id, Cond::Below, HEAD, At::MethodOther, "neither GET nor HEAD");
        self.set(u, Operand::Frame(var::COUNTERS.at), NO_WHY);
        self.four(t, frame(var::CONNECTIONS), NO_WHY);
        self.put_four(at(u, counter::OPEN), t, NO_WHY);
        self.set(q, Operand::Data(table), NO_WHY);
        self.place(At::Figure);
        self.two(c, at(q, 2), "its digits");
        self.if_zero(c, At::Plain, "all are written");
        self.two(d, at(q, 0), "its counter");
        self.set(u, Operand::Frame(var::COUNTERS.at), NO_WHY);
        self.four(n, sum(u, d, 0), NO_WHY);
        self.two(t, at(q, 4), NO_WHY);
        self.set(u, Operand::Data(text), NO_WHY);
        self.add(t, u, "behind its last digit");
        self.add(q, 6i64, NO_WHY);
        self.place(At::FigureDigit);
        self.divide(n, 10, d, NO_WHY);
        self.add(d, i64::from(b'0'), NO_WHY);
        self.take(t, 1i64, NO_WHY);
        self.put_byte(at(t, 0), d, NO_WHY);
        self.take(c, 1i64, NO_WHY);
        self.unless_zero(c, At::FigureDigit, NO_WHY);
        self.jump(At::Figure, NO_WHY);
        self.place(At::NoFigures);
    }
}
