//! The variant of a representation, by `Accept-Encoding` (RFC 9110 §12.5.3).

use asmgen_arch::op::{Cond, Operand, Slot};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::http::field_names::{ACCEPT_ENCODING, LOWER, names};
use crate::lower::epoll::state::response_table::{BR, GZIP, ZSTD, record};
use crate::lower::epoll::state::vars::{Spot, var};

const IDENTITY: u32 = 4;
const ANY: u32 = 5;

/// A quality is kept as twice its thousandths, so that there is room for one between 0 and the lowest.
const ZERO: u32 = 0;
const BELOW_ALL: u32 = 1;
/// The quality 1.
const BEST: i64 = 2000;
/// The field does not name the coding.
const UNSAID: u32 = 0xffff_ffff;

impl Engine<'_> {
    /// A line of `Accept-Encoding`: its elements follow those of the lines before it. What is kept of an element:
    ///
    /// | element | quality of its coding |
    /// |---|---|
    /// | `coding` | 1 |
    /// | `coding;q=WEIGHT` (RFC 9110 §12.4.2) | the weight, of which three decimals count |
    /// | one with a weight above 1, or of another form | as if it were not there |
    /// | one of an unknown coding | none is kept |
    pub(crate) fn accept_encoding(&mut self) {
        let (value, id, quality) = (self.s.value, self.s.id, self.local("quality"));
        self.place(At::AcceptEncoding);
        self.if_any(self.s.fields_seen, ACCEPT_ENCODING, At::Coding, "not the first line");
        self.or(self.s.fields_seen, ACCEPT_ENCODING, "the request has it");
        for coding in BR..=ANY {
            self.put_four(frame(quality_of(coding)), i64::from(UNSAID as i32), "nothing said");
        }
        self.place(At::Coding);
        self.gosub(Routine::Element);
        self.if_zero(self.s.token, At::Field, "no more");
        self.set(quality, BEST, "as good as can be");
        self.branch(self.s.byte, Cond::Eq, b',', At::CodingKnown, "no weight");
        self.weight(quality);
        self.place(At::CodingKnown);
        let codings =
            [(BR, "br"), (ZSTD, "zstd"), (GZIP, "gzip"), (GZIP, "x-gzip"), (IDENTITY, "identity"), (ANY, "*")];
        let list = self.bytes("codings", &names(&codings));
        self.set(self.s.names, Operand::Data(list), "the codings of variants, and others that count");
        self.put_four(frame(var::QUALITY), quality, "its register is needed");
        self.gosub(Routine::Lookup);
        self.if_zero(id, At::Coding, "another one");
        self.four(quality, frame(var::QUALITY), "the quality again");
        let qualities = self.local("qualities");
        self.set_address(qualities, quality_of(0), "where qualities are");
        self.shl(id, 2, "4 bytes each");
        self.put_four(sum(qualities, id, 0), quality, "its quality");
        self.jump(At::Coding, "the next element");
        self.place(At::WeightMalformed);
        self.take(value, 1i64, "that may have been the comma");
        self.place(At::CodingIgnored);
        self.gosub(Routine::NextComma);
        self.jump(At::Coding, "the next element");
    }

    /// `OWS ";" OWS "q=" qvalue`: a digit and up to three decimals. `Fraction` always goes round three times, so that
    /// the digits read count as thousandths.
    fn weight(&mut self, quality: Slot) {
        let (value, value_end, byte, point) = (self.s.value, self.s.value_end, self.s.byte, self.s.v);
        let decimals = self.local("decimals left");
        self.unless_byte(b';', At::CodingIgnored, "something else after it");
        self.add(value, 1i64, "after the semicolon");
        self.gosub(Routine::Blanks);
        self.next(byte, value, "the parameter's name");
        self.or(byte, LOWER, "lower case");
        self.unless_byte(b'q', At::WeightMalformed, "another parameter");
        self.next(byte, value, "after the name");
        self.unless_byte(b'=', At::WeightMalformed, "a longer name");
        self.next(quality, value, "the digit before the point");
        self.take(quality, i64::from(b'0'), "its value");
        self.branch(quality, Cond::Above, 1i64, At::WeightMalformed, "more than 1, or no digit");
        self.set(decimals, 3i64, "digits after the point");
        self.branch(value, Cond::Eq, value_end, At::Fraction, "no point");
        self.byte(point, at(value, 0), "the byte after the digit");
        self.branch(point, Cond::Ne, b'.', At::Fraction, "no point");
        self.add(value, 1i64, "after the point");
        self.place(At::Fraction);
        self.mul(quality, 10i64, "the digits before count ten times");
        self.branch(value, Cond::Eq, value_end, At::FractionNext, "the value's end: as if a 0 were there");
        self.branch(point, Cond::Ne, b'.', At::FractionNext, "no point: as if a 0 were there");
        self.byte(byte, at(value, 0), "the next digit");
        self.take(byte, i64::from(b'0'), "its value");
        self.branch(byte, Cond::Above, 9i64, At::FractionNext, "no more digits");
        self.add(quality, byte, "this one counts once");
        self.add(value, 1i64, "after the digit");
        self.place(At::FractionNext);
        self.take(decimals, 1i64, "one digit less");
        self.unless_zero(decimals, At::Fraction, "always three");
        self.branch(quality, Cond::Above, 1000i64, At::CodingIgnored, "more than 1");
        self.shl(quality, 1, "twice its thousandths");
        self.gosub(Routine::Blanks);
        self.unless_byte(b',', At::CodingIgnored, "something else after it");
    }

    /// Picks the variant with the highest quality; of equals the first, which is the shortest. What is not named counts
    /// so (RFC 9110 §12.5.3):
    ///
    /// | not named | quality |
    /// |---|---|
    /// | a coding, but `*` is | that of `*` |
    /// | a coding, nor `*` | not acceptable |
    /// | identity, but `*` is | that of `*` |
    /// | identity, nor `*` | acceptable, but below all others |
    ///
    /// If nothing is acceptable, the identity is sent: better than a 406.
    pub(crate) fn pick_variant(&mut self) {
        let (id, response, identity) = (self.s.id, self.s.response, self.s.v);
        let [variant, quality, best, qualities] =
            ["variant", "quality", "best quality", "qualities"].map(|name| self.local(name));
        self.if_none(self.s.fields_seen, ACCEPT_ENCODING, At::Negotiated, "any coding will do: the identity");
        self.set(variant, response, "the first record is the identity's");
        self.set(identity, response, "the identity");
        self.set(best, ZERO, "none is acceptable yet");
        self.set_address(qualities, quality_of(0), "where qualities are");
        self.place(At::Variant);
        self.two(id, at(variant, record::CODING), "the next variant's coding");
        self.if_zero(id, At::VariantLast, "there is none");
        self.add(variant, record::BYTES, "its record");
        self.shl(id, 2, "4 bytes each");
        self.four(quality, sum(qualities, id, 0), "its quality");
        self.branch(quality, Cond::Ge, 0i64, At::VariantWeighed, "it is named");
        self.four(quality, frame(quality_of(ANY)), "that of all others");
        self.place(At::VariantWeighed);
        self.branch(quality, Cond::Le, best, At::Variant, "no better");
        self.set(best, quality, "the best so far");
        self.set(response, variant, "and its record");
        self.jump(At::Variant, "the next variant");
        self.place(At::VariantLast);
        self.four(quality, frame(quality_of(IDENTITY)), "the identity's quality");
        self.branch(quality, Cond::Ge, 0i64, At::IdentityWeighed, "it is named");
        self.four(quality, frame(quality_of(ANY)), "that of all others");
        self.branch(quality, Cond::Ge, 0i64, At::IdentityWeighed, "* is named");
        self.set(quality, BELOW_ALL, "acceptable, unless something else is");
        self.place(At::IdentityWeighed);
        self.branch(quality, Cond::Le, best, At::Negotiated, "no better");
        self.set(response, identity, "the identity");
        self.place(At::Negotiated);
    }
}

/// Where a coding's quality is.
fn quality_of(coding: u32) -> Spot {
    // Codings are numbered from 1.
    var::QUALITIES.byte(4 * coding).before(4)
}
