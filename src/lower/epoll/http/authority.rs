//! `host [":" port]` (RFC 3986 §3.2.2): the value of `Host`, the authority of an absolute-form target, and that of CONNECT.

use asmgen_arch::op::Cond;

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::NO_WHY;
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::startup::byte_classes::class;

/// The groups of an IPv6 address in one number: it is doubled for each group, and is below 0 when eight are there. `::`
/// makes it all the bits above, so it is below 0 for as long as fewer than eight are there, and never again.
const NO_GROUP: i64 = 1 << (31 - 8);

/// What a `::` makes of it.
const ANY_GROUPS: i64 = -2;

/// The same for the four parts of an IPv4 address.
const NO_PART: i64 = 1 << (31 - 4);

/// A number without a digit: times ten it is 0.
const NO_DIGIT: i64 = 1 << 31;

/// Bits that a part of three digits has above 255, and one of four, too.
const MORE_THAN_A_BYTE: u32 = 0xf00;

/// What `hexes` says of no digit, of two and of four.
const NO_HEX: i64 = -1;

const TWO_HEX: i64 = -3;

const FOUR_HEX: i64 = -5;

impl Engine<'_> {
    /// Reads from `q` on: to `vend`, or, where that is 0, to what ends the authority of an absolute-form target.
    pub(crate) fn host(&mut self) {
        let (q, c, n) = (self.s.value, self.s.byte, self.s.n);
        self.place(At::Host);
        self.set(n, NO_GROUP, NO_WHY);
        self.next(c, q, NO_WHY);
        self.unless_byte(b'[', At::HostFirst, NO_WHY);
        self.next(c, q, "an address in brackets");
        self.or(c, 0x20i64, "lower case");
        self.branch(c, Cond::Eq, b'v', At::Future, NO_WHY);
        self.unless_byte(b':', At::GroupFirst, NO_WHY);
        self.next(c, q, NO_WHY);
        self.groups();
        self.dotted();
        self.place(At::LiteralEnd);
        self.unless_byte(b']', At::Status400, "no bracket");
        self.place(At::LiteralClosed);
        self.branch(n, Cond::Ge, 0i64, At::Status400, "too few groups, or too many");
        self.next(c, q, NO_WHY);
        self.port();
        self.future();
        self.name();
        self.hexes();
    }

    /// Groups of an IPv6 address, and what stands between them.
    fn groups(&mut self) {
        let (q, c, n, t) = (self.s.value, self.s.byte, self.s.n, self.s.t);
        self.place(At::TwoColons);
        self.unless_byte(b':', At::Status400, "one alone, or no group");
        self.branch(n, Cond::Lt, 0i64, At::Status400, "two of them, or behind eight groups");
        self.mul(n, ANY_GROUPS, NO_WHY);
        self.next(c, q, NO_WHY);
        self.branch(c, Cond::Eq, b']', At::LiteralClosed, NO_WHY);
        self.place(At::GroupFirst);
        self.take(q, 1i64, NO_WHY);
        self.place(At::Group);
        self.gosub(Routine::Hexes);
        self.branch(t, Cond::Eq, NO_HEX, At::TwoColons, NO_WHY);
        self.branch(t, Cond::Lt, FOUR_HEX, At::Status400, "too many digits");
        self.add(n, n, "one group more");
        self.branch(c, Cond::Eq, b':', At::Group, NO_WHY);
        self.unless_byte(b'.', At::LiteralEnd, NO_WHY);
    }

    /// An IPv4 address in place of the last two groups, the first of which is counted already.
    fn dotted(&mut self) {
        let (q, c, n, t, v) = (self.s.value, self.s.byte, self.s.n, self.s.t, self.s.v);
        self.add(n, n, "two groups");
        self.branch(n, Cond::Ge, 0i64, At::Status400, NO_WHY);
        self.set(n, NO_PART, NO_WHY);
        self.add(q, t, "its first digit");
        self.place(At::Octet);
        self.set(v, NO_DIGIT, NO_WHY);
        self.place(At::OctetDigit);
        self.next(c, q, NO_WHY);
        self.take(c, i64::from(b'0'), NO_WHY);
        self.branch(c, Cond::Above, 9i64, At::OctetEnd, NO_WHY);
        self.if_zero(v, At::Status400, "a digit behind a 0");
        self.mul(v, 10i64, NO_WHY);
        self.add(v, c, NO_WHY);
        self.if_none(v, MORE_THAN_A_BYTE, At::OctetDigit, "else the digit is what ends it");
        self.place(At::OctetEnd);
        self.branch(v, Cond::Lt, 0i64, At::Status400, "no digit");
        self.add(n, n, "one part more");
        self.add(c, i64::from(b'0'), NO_WHY);
        self.branch(c, Cond::Eq, b'.', At::Octet, NO_WHY);
    }

    /// The port; then it is the end. CONNECT, when no field has come yet, needs a port.
    fn port(&mut self) {
        let (q, c, t, vend) = (self.s.value, self.s.byte, self.s.host_end, self.s.value_end);
        self.place(At::HostPort);
        self.set(t, q, NO_WHY);
        self.unless_byte(b':', At::HostEnd, "no port");
        self.place(At::PortDigit);
        self.next(c, q, NO_WHY);
        self.take(c, i64::from(b'0'), NO_WHY);
        self.branch(c, Cond::BelowOrEqual, 9i64, At::PortDigit, NO_WHY);
        self.place(At::HostEnd);
        self.take(q, 1i64, NO_WHY);
        self.branch(q, Cond::Eq, vend, At::HostFound, NO_WHY);
        self.if_zero(vend, At::AuthorityEnd, NO_WHY);
        self.jump(At::Status400, "more behind it");
        self.place(At::HostFound);
        self.unless_zero(self.s.fields_seen, At::Field, NO_WHY);
        self.branch(q, Cond::Above, t, At::Field, NO_WHY);
        self.jump(At::Status400, "CONNECT without a port");
    }

    /// An address of a version to come: `v`, hexadecimal digits, a dot, then anything that a name has but `%`, and colons.
    fn future(&mut self) {
        let (q, c, n, t) = (self.s.value, self.s.byte, self.s.n, self.s.t);
        self.place(At::Future);
        self.gosub(Routine::Hexes);
        self.branch(t, Cond::Eq, NO_HEX, At::Status400, "no version");
        self.unless_byte(b'.', At::Status400, "no dot");
        self.set(n, q, NO_WHY);
        self.add(n, 1i64, NO_WHY);
        self.scan(q, class::HOST, At::FutureByte);
        self.branch(c, Cond::Eq, b':', At::FutureByte, NO_WHY);
        self.take(n, q, "below 0, if anything is there");
        self.jump(At::LiteralEnd, NO_WHY);
    }

    fn name(&mut self) {
        let (q, t) = (self.s.value, self.s.t);
        self.scan_from(q, class::HOST, At::HostByte, Some(At::HostFirst));
        self.unless_byte(b'%', At::HostPort, NO_WHY);
        self.gosub(Routine::Hexes);
        self.branch(t, Cond::Gt, TWO_HEX, At::Status400, "no two hexadecimal digits");
        self.jump(At::HostFirst, NO_WHY);
    }

    /// Hexadecimal digits from `q` on, which is behind the byte that ends them then, which is in `c`; `t` is how far it has
    /// moved, below 0.
    fn hexes(&mut self) {
        let (q, t) = (self.s.value, self.s.t);
        self.sub(Routine::Hexes);
        self.set(t, q, NO_WHY);
        self.scan(q, class::HEX, At::HexByte);
        self.take(t, q, NO_WHY);
        self.ret(Routine::Hexes);
    }
}
