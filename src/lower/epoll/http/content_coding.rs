//! The variant of a representation, by `Accept-Encoding` (RFC 9110 §12.5.3).

use asmgen_arch::op::{Arg, Cond};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::http::field_names::{ACCEPT_ENCODING, names};
use crate::lower::epoll::state::response_table::{BR, GZIP, ZSTD, record};
use crate::lower::epoll::state::vars::var;

const IDENTITY: u32 = 4;
const ANY: u32 = 5;

/// A quality is kept as twice its thousandths, so that there is room for one between 0 and the lowest.
const ZERO: u32 = 0;
const BELOW_ALL: u32 = 1;
/// Nothing was said of a coding.
const UNSAID: u32 = 0xffff_ffff;

impl Engine<'_> {
    /// A line of `Accept-Encoding`: its elements are as if they stood behind those of the lines before it.
    pub(crate) fn accept_encoding(&mut self) {
        let (q, vend, c, n, d, v, tok, id) =
            (self.s.q, self.s.vend, self.s.c, self.s.n, self.s.d, self.s.v, self.s.tok, self.s.id);
        self.place(At::AcceptEncoding);
        self.if_any(self.s.seen, ACCEPT_ENCODING, At::Coding, "not the first line");
        self.or(self.s.seen, ACCEPT_ENCODING, "");
        for coding in BR..=ANY {
            self.put_four(frame(quality(coding)), i64::from(UNSAID as i32), "nothing said");
        }
        self.place(At::Coding);
        self.gosub(Routine::Element);
        self.if_zero(tok, At::Field, "no more");
        self.set(n, 2000i64, "as good as can be");
        self.branch(c, Cond::Eq, b',', At::CodingKnown, "");
        self.unless(b';', At::CodingBad, "something else behind it");
        self.add(q, 1i64, "");
        self.gosub(Routine::Blanks);
        self.next(c, q, "");
        self.or(c, 0x20i64, "lower case");
        self.unless(b'q', At::WeightBad, "");
        self.next(c, q, "");
        self.unless(b'=', At::WeightBad, "");
        self.next(n, q, "");
        self.take(n, i64::from(b'0'), "");
        self.branch(n, Cond::Above, 1i64, At::WeightBad, "");
        self.set(d, 3i64, "digits behind the point");
        self.branch(q, Cond::Eq, vend, At::Fraction, "");
        self.byte(v, at(q, 0), "");
        self.branch(v, Cond::Ne, b'.', At::Fraction, "no point");
        self.add(q, 1i64, "");
        self.place(At::Fraction);
        self.mul(n, 10i64, "");
        self.branch(q, Cond::Eq, vend, At::FractionNext, "");
        self.branch(v, Cond::Ne, b'.', At::FractionNext, "");
        self.byte(c, at(q, 0), "");
        self.take(c, i64::from(b'0'), "");
        self.branch(c, Cond::Above, 9i64, At::FractionNext, "no more digits");
        self.add(n, c, "");
        self.add(q, 1i64, "");
        self.place(At::FractionNext);
        self.take(d, 1i64, "");
        self.unless_zero(d, At::Fraction, "");
        self.branch(n, Cond::Above, 1000i64, At::CodingBad, "more than 1");
        self.shl(n, 1, "");
        self.gosub(Routine::Blanks);
        self.unless(b',', At::CodingBad, "something else behind it");
        self.place(At::CodingKnown);
        let codings =
            [(BR, "br"), (ZSTD, "zstd"), (GZIP, "gzip"), (GZIP, "x-gzip"), (IDENTITY, "identity"), (ANY, "*")];
        let list = self.bytes("codings", &names(&codings));
        self.set(self.s.list, Arg::Data(list), "");
        self.put_four(frame(var::QUALITY), n, "");
        self.gosub(Routine::Lookup);
        self.if_zero(id, At::Coding, "another one");
        self.four(n, frame(var::QUALITY), "");
        self.set(self.s.wide, Arg::Frame(quality(0)), "");
        self.shl(id, 2, "");
        self.put_four(sum(self.s.wide, id, 0), n, "its quality");
        self.jump(At::Coding, "");
        self.place(At::WeightBad);
        self.take(q, 1i64, "that may have been the comma");
        self.place(At::CodingBad);
        self.gosub(Routine::NextComma);
        self.jump(At::Coding, "");
    }

    /// The best of the variants.
    pub(crate) fn weigh(&mut self) {
        let (t, u, v, n, id, rep) = (self.s.t, self.s.u, self.s.v, self.s.n, self.s.id, self.s.rep);
        self.if_none(self.s.seen, ACCEPT_ENCODING, At::Negotiated, "");
        self.set(t, rep, "");
        self.set(v, rep, "the identity");
        self.set(n, ZERO, "");
        self.set(self.s.wide, Arg::Frame(quality(0)), "");
        self.place(At::Variant);
        self.two(id, at(t, record::CODING), "the next variant's coding");
        self.if_zero(id, At::VariantLast, "");
        self.add(t, record::BYTES, "its record");
        self.shl(id, 2, "");
        self.four(u, sum(self.s.wide, id, 0), "its quality");
        self.branch(u, Cond::Ge, 0i64, At::VariantWeighed, "");
        self.four(u, frame(quality(ANY)), "that of all others");
        self.place(At::VariantWeighed);
        self.branch(u, Cond::Le, n, At::Variant, "no better");
        self.set(n, u, "");
        self.set(rep, t, "better");
        self.jump(At::Variant, "");
        self.place(At::VariantLast);
        self.four(u, frame(quality(IDENTITY)), "");
        self.branch(u, Cond::Ge, 0i64, At::IdentityWeighed, "");
        self.four(u, frame(quality(ANY)), "");
        self.branch(u, Cond::Ge, 0i64, At::IdentityWeighed, "");
        self.set(u, BELOW_ALL, "acceptable, unless something else is");
        self.place(At::IdentityWeighed);
        self.branch(u, Cond::Le, n, At::Negotiated, "no better");
        self.set(rep, v, "the identity");
        self.place(At::Negotiated);
    }
}

/// Where a coding's quality is.
fn quality(coding: u32) -> u32 {
    var::QUALITY.at + 4 * coding
}
