//! The variant of a representation, by `Accept-Encoding` (RFC 9110 §12.5.3).

use asmgen_arch::op::{Cond, Operand};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, frame, sum};
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
            (self.s.value, self.s.value_end, self.s.byte, self.s.n, self.s.d, self.s.v, self.s.token, self.s.id);
        self.place(At::AcceptEncoding);
        self.if_any(self.s.fields_seen, ACCEPT_ENCODING, At::Coding, "not the first line");
        self.or(self.s.fields_seen, ACCEPT_ENCODING, NO_WHY);
        for coding in BR..=ANY {
            self.put_four(frame(quality(coding)), i64::from(UNSAID as i32), "nothing said");
        }
        self.place(At::Coding);
        self.gosub(Routine::Element);
        self.if_zero(tok, At::Field, "no more");
        self.set(n, 2000i64, "as good as can be");
        self.branch(c, Cond::Eq, b',', At::CodingKnown, NO_WHY);
        self.unless_byte(b';', At::CodingBad, "something else behind it");
        self.add(q, 1i64, NO_WHY);
        self.gosub(Routine::Blanks);
        self.next(c, q, NO_WHY);
        self.or(c, 0x20i64, "lower case");
        self.unless_byte(b'q', At::WeightBad, NO_WHY);
        self.next(c, q, NO_WHY);
        self.unless_byte(b'=', At::WeightBad, NO_WHY);
        self.next(n, q, NO_WHY);
        self.take(n, i64::from(b'0'), NO_WHY);
        self.branch(n, Cond::Above, 1i64, At::WeightBad, NO_WHY);
        self.set(d, 3i64, "digits behind the point");
        self.branch(q, Cond::Eq, vend, At::Fraction, NO_WHY);
        self.byte(v, at(q, 0), NO_WHY);
        self.branch(v, Cond::Ne, b'.', At::Fraction, "no point");
        self.add(q, 1i64, NO_WHY);
        self.place(At::Fraction);
        self.mul(n, 10i64, NO_WHY);
        self.branch(q, Cond::Eq, vend, At::FractionNext, NO_WHY);
        self.branch(v, Cond::Ne, b'.', At::FractionNext, NO_WHY);
        self.byte(c, at(q, 0), NO_WHY);
        self.take(c, i64::from(b'0'), NO_WHY);
        self.branch(c, Cond::Above, 9i64, At::FractionNext, "no more digits");
        self.add(n, c, NO_WHY);
        self.add(q, 1i64, NO_WHY);
        self.place(At::FractionNext);
        self.take(d, 1i64, NO_WHY);
        self.unless_zero(d, At::Fraction, NO_WHY);
        self.branch(n, Cond::Above, 1000i64, At::CodingBad, "more than 1");
        self.shl(n, 1, NO_WHY);
        self.gosub(Routine::Blanks);
        self.unless_byte(b',', At::CodingBad, "something else behind it");
        self.place(At::CodingKnown);
        let codings =
            [(BR, "br"), (ZSTD, "zstd"), (GZIP, "gzip"), (GZIP, "x-gzip"), (IDENTITY, "identity"), (ANY, "*")];
        let list = self.bytes("codings", &names(&codings));
        self.set(self.s.names, Operand::Data(list), NO_WHY);
        self.put_four(frame(var::QUALITY), n, NO_WHY);
        self.gosub(Routine::Lookup);
        self.if_zero(id, At::Coding, "another one");
        self.four(n, frame(var::QUALITY), NO_WHY);
        self.set(self.s.wide, Operand::Frame(quality(0)), NO_WHY);
        self.shl(id, 2, NO_WHY);
        self.put_four(sum(self.s.wide, id, 0), n, "its quality");
        self.jump(At::Coding, NO_WHY);
        self.place(At::WeightBad);
        self.take(q, 1i64, "that may have been the comma");
        self.place(At::CodingBad);
        self.gosub(Routine::NextComma);
        self.jump(At::Coding, NO_WHY);
    }

    /// The best of the variants.
    pub(crate) fn weigh(&mut self) {
        let (t, u, v, n, id, rep) = (self.s.t, self.s.u, self.s.v, self.s.n, self.s.id, self.s.response);
        self.if_none(self.s.fields_seen, ACCEPT_ENCODING, At::Negotiated, NO_WHY);
        self.set(t, rep, NO_WHY);
        self.set(v, rep, "the identity");
        self.set(n, ZERO, NO_WHY);
        self.set(self.s.wide, Operand::Frame(quality(0)), NO_WHY);
        self.place(At::Variant);
        self.two(id, at(t, record::CODING), "the next variant's coding");
        self.if_zero(id, At::VariantLast, NO_WHY);
        self.add(t, record::BYTES, "its record");
        self.shl(id, 2, NO_WHY);
        self.four(u, sum(self.s.wide, id, 0), "its quality");
        self.branch(u, Cond::Ge, 0i64, At::VariantWeighed, NO_WHY);
        self.four(u, frame(quality(ANY)), "that of all others");
        self.place(At::VariantWeighed);
        self.branch(u, Cond::Le, n, At::Variant, "no better");
        self.set(n, u, NO_WHY);
        self.set(rep, t, "better");
        self.jump(At::Variant, NO_WHY);
        self.place(At::VariantLast);
        self.four(u, frame(quality(IDENTITY)), NO_WHY);
        self.branch(u, Cond::Ge, 0i64, At::IdentityWeighed, NO_WHY);
        self.four(u, frame(quality(ANY)), NO_WHY);
        self.branch(u, Cond::Ge, 0i64, At::IdentityWeighed, NO_WHY);
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
