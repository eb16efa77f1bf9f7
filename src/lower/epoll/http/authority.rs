//! `host [":" port]` (RFC 3986 §3.2.2): the value of `Host`, the authority of an absolute-form target, and that of CONNECT.

use asmgen_arch::op::Cond;

use crate::lower::epoll::Engine;
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
        let (q, c, n) = (self.s.q, self.s.c, self.s.n);
        self.place("host");
        self.set(n, NO_GROUP, "");
        self.next(c, q, "");
        self.unless(b'[', "host_first", "");
        self.next(c, q, "an address in brackets");
        self.or(c, 0x20i64, "lower case");
        self.branch(c, Cond::Eq, b'v', "future", "");
        self.unless(b':', "group_first", "");
        self.next(c, q, "");
        self.groups();
        self.dotted();
        self.place("literal_end");
        self.unless(b']', "400", "no bracket");
        self.place("literal_closed");
        self.branch(n, Cond::Ge, 0i64, "400", "too few groups, or too many");
        self.next(c, q, "");
        self.port();
        self.future();
        self.name();
        self.hexes();
    }

    /// Groups of an IPv6 address, and what stands between them.
    fn groups(&mut self) {
        let (q, c, n, t) = (self.s.q, self.s.c, self.s.n, self.s.t);
        self.place("two_colons");
        self.unless(b':', "400", "one alone, or no group");
        self.branch(n, Cond::Lt, 0i64, "400", "two of them, or behind eight groups");
        self.mul(n, ANY_GROUPS, "");
        self.next(c, q, "");
        self.branch(c, Cond::Eq, b']', "literal_closed", "");
        self.place("group_first");
        self.take(q, 1i64, "");
        self.place("group");
        self.gosub("hexes");
        self.branch(t, Cond::Eq, NO_HEX, "two_colons", "");
        self.branch(t, Cond::Lt, FOUR_HEX, "400", "too many digits");
        self.add(n, n, "one group more");
        self.branch(c, Cond::Eq, b':', "group", "");
        self.unless(b'.', "literal_end", "");
    }

    /// An IPv4 address in place of the last two groups, the first of which is counted already.
    fn dotted(&mut self) {
        let (q, c, n, t, v) = (self.s.q, self.s.c, self.s.n, self.s.t, self.s.v);
        self.add(n, n, "two groups");
        self.branch(n, Cond::Ge, 0i64, "400", "");
        self.set(n, NO_PART, "");
        self.add(q, t, "its first digit");
        self.place("octet");
        self.set(v, NO_DIGIT, "");
        self.place("octet_digit");
        self.next(c, q, "");
        self.take(c, i64::from(b'0'), "");
        self.branch(c, Cond::Above, 9i64, "octet_end", "");
        self.if_zero(v, "400", "a digit behind a 0");
        self.mul(v, 10i64, "");
        self.add(v, c, "");
        self.if_none(v, MORE_THAN_A_BYTE, "octet_digit", "else the digit is what ends it");
        self.place("octet_end");
        self.branch(v, Cond::Lt, 0i64, "400", "no digit");
        self.add(n, n, "one part more");
        self.add(c, i64::from(b'0'), "");
        self.branch(c, Cond::Eq, b'.', "octet", "");
    }

    /// The port; then it is the end. CONNECT, when no field has come yet, needs a port.
    fn port(&mut self) {
        let (q, c, t, vend) = (self.s.q, self.s.c, self.s.t, self.s.vend);
        self.place("host_port");
        self.set(t, q, "");
        self.unless(b':', "host_end", "no port");
        self.place("port_digit");
        self.next(c, q, "");
        self.take(c, i64::from(b'0'), "");
        self.branch(c, Cond::BelowOrEqual, 9i64, "port_digit", "");
        self.place("host_end");
        self.take(q, 1i64, "");
        self.branch(q, Cond::Eq, vend, "host_found", "");
        self.if_zero(vend, "authority_end", "");
        self.jump("400", "more behind it");
        self.place("host_found");
        self.unless_zero(self.s.seen, "field", "");
        self.branch(q, Cond::Above, t, "field", "");
        self.jump("400", "CONNECT without a port");
    }

    /// An address of a version to come: `v`, hexadecimal digits, a dot, then anything that a name has but `%`, and colons.
    fn future(&mut self) {
        let (q, c, n, t) = (self.s.q, self.s.c, self.s.n, self.s.t);
        self.place("future");
        self.gosub("hexes");
        self.branch(t, Cond::Eq, NO_HEX, "400", "no version");
        self.unless(b'.', "400", "no dot");
        self.set(n, q, "");
        self.add(n, 1i64, "");
        self.scan(q, class::HOST, "future_byte");
        self.branch(c, Cond::Eq, b':', "future_byte", "");
        self.take(n, q, "below 0, if anything is there");
        self.jump("literal_end", "");
    }

    fn name(&mut self) {
        let (q, t) = (self.s.q, self.s.t);
        self.scan_from(q, class::HOST, "host_byte", Some("host_first"));
        self.unless(b'%', "host_port", "");
        self.gosub("hexes");
        self.branch(t, Cond::Gt, TWO_HEX, "400", "no two hexadecimal digits");
        self.jump("host_first", "");
    }

    /// Hexadecimal digits from `q` on, which is behind the byte that ends them then, which is in `c`; `t` is how far it has
    /// moved, below 0.
    fn hexes(&mut self) {
        let (q, t) = (self.s.q, self.s.t);
        self.sub("hexes");
        self.set(t, q, "");
        self.scan(q, class::HEX, "hex_byte");
        self.take(t, q, "");
        self.ret("hexes");
    }
}
