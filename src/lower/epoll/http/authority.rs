//! `host [":" port]` (RFC 3986 §3.2.2): the value of `Host`, the authority of an absolute-form target, and that of
//! CONNECT.

use asmgen_arch::op::{Cond, Slot};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::http::field_names::LOWER;
use crate::lower::epoll::startup::byte_classes::class;

/// The groups of an IPv6 address, counted in one bit: it moves up with each group, and makes the number negative when
/// eight are there. `::` sets all bits above it. The number is then negative until eight groups are there, and never
/// again.
const NO_GROUP: i64 = 1 << (31 - 8);

/// The factor by which `::` sets the bits above.
const ANY_GROUPS: i64 = -2;

/// The same for the four parts of an IPv4 address.
const NO_PART: i64 = 1 << (31 - 4);

/// A number without a digit: times ten it is 0.
const NO_DIGIT: i64 = 1 << 31;

/// A part above 255 has one of these bits as soon as it has three or four digits.
const MORE_THAN_A_BYTE: u32 = 0xf00;

/// What `hexes` says of no digit, of two and of four.
const NO_HEX: i64 = -1;

const TWO_HEX: i64 = -3;

const FOUR_HEX: i64 = -5;

impl Engine<'_> {
    /// Checks an authority at `value`, up to `value_end`. Where that is 0, it ends where an absolute-form target's path
    /// does begin. What follows the first byte:
    ///
    /// | first bytes | host |
    /// |---|---|
    /// | `[v` | an address of a version to come |
    /// | `[` | an IPv6 address; its last two groups may be an IPv4 address |
    /// | anything else | a name, or an IPv4 address, which has the form of a name |
    pub(crate) fn check_authority(&mut self) {
        let (value, byte, count) = (self.s.value, self.s.byte, self.local("groups or parts"));
        self.place(At::Host);
        self.set(count, NO_GROUP, "no group of an address yet");
        self.next(byte, value, "the first byte");
        self.unless_byte(b'[', At::HostFirst, "a name");
        self.next(byte, value, "an address in brackets");
        self.or(byte, LOWER, "lower case");
        self.branch(byte, Cond::Eq, b'v', At::Future, "an address of a version to come");
        self.unless_byte(b':', At::GroupFirst, "an IPv6 address that begins with a group");
        self.next(byte, value, "the second colon");
        let moved = self.local("minus the bytes read");
        self.ipv6_groups(count, moved);
        self.dotted_ipv4(count, moved);
        self.place(At::LiteralEnd);
        self.unless_byte(b']', At::Status400, "no bracket");
        self.place(At::LiteralClosed);
        self.branch(count, Cond::Ge, 0i64, At::Status400, "too few groups, or too many");
        self.next(byte, value, "after the bracket");
        self.authority_port();
        self.future_address(count, moved);
        self.host_name(moved);
        self.hexadecimal_digits(moved);
    }

    /// Groups of an IPv6 address, and the colons between them.
    fn ipv6_groups(&mut self, count: Slot, moved: Slot) {
        let (value, byte) = (self.s.value, self.s.byte);
        self.place(At::TwoColons);
        self.unless_byte(b':', At::Status400, "one alone, or no group");
        self.branch(count, Cond::Lt, 0i64, At::Status400, "a second ::, or one after eight groups");
        self.mul(count, ANY_GROUPS, ":: stands for the groups that are missing");
        self.next(byte, value, "after the colons");
        self.branch(byte, Cond::Eq, b']', At::LiteralClosed, "they may be the last");
        self.place(At::GroupFirst);
        self.take(value, 1i64, "back to the group's first digit");
        self.place(At::Group);
        self.gosub(Routine::Hexes);
        self.branch(moved, Cond::Eq, NO_HEX, At::TwoColons, "no group: ::, or an error");
        self.branch(moved, Cond::Lt, FOUR_HEX, At::Status400, "too many digits");
        self.add(count, count, "one group more");
        self.branch(byte, Cond::Eq, b':', At::Group, "the next group");
        self.unless_byte(b'.', At::LiteralEnd, "the address ends");
    }

    /// An IPv4 address in place of the last two groups, the first of which is counted already.
    fn dotted_ipv4(&mut self, count: Slot, moved: Slot) {
        let (value, byte, part) = (self.s.value, self.s.byte, self.s.v);
        self.add(count, count, "two groups");
        self.branch(count, Cond::Ge, 0i64, At::Status400, "too few groups, or too many");
        self.set(count, NO_PART, "four parts are wanted");
        self.add(value, moved, "its first digit");
        self.place(At::Octet);
        self.set(part, NO_DIGIT, "no digit yet");
        self.place(At::OctetDigit);
        self.next(byte, value, "the next digit");
        self.take(byte, i64::from(b'0'), "its value");
        self.branch(byte, Cond::Above, 9i64, At::OctetEnd, "no digit");
        self.if_zero(part, At::Status400, "a digit after a 0");
        self.mul(part, 10i64, "the digits before count ten times");
        self.add(part, byte, "and this one once");
        self.if_none(part, MORE_THAN_A_BYTE, At::OctetDigit, "the next digit; above 255 this one ends the part");
        self.place(At::OctetEnd);
        self.branch(part, Cond::Lt, 0i64, At::Status400, "no digit");
        self.add(count, count, "one part more");
        self.add(byte, i64::from(b'0'), "the byte itself");
        self.branch(byte, Cond::Eq, b'.', At::Octet, "the next part");
    }

    /// The port, and the end of the authority:
    ///
    /// | where it ends | next |
    /// |---|---|
    /// | at `value_end`, some field is seen | it was the value of `Host`: the next field |
    /// | at `value_end`, no field is seen | it was CONNECT's target: the fields, or 400 if no port was there |
    /// | elsewhere, `value_end` is 0 | the path of an absolute-form target |
    /// | elsewhere | 400 |
    fn authority_port(&mut self) {
        let (value, byte, host_end, value_end) = (self.s.value, self.s.byte, self.s.host_end, self.s.value_end);
        self.place(At::HostPort);
        self.set(host_end, value, "after the byte that ends the host");
        self.unless_byte(b':', At::HostEnd, "no port");
        self.place(At::PortDigit);
        self.next(byte, value, "the next digit");
        self.take(byte, i64::from(b'0'), "its value");
        self.branch(byte, Cond::BelowOrEqual, 9i64, At::PortDigit, "any number of digits (RFC 3986 §3.2.3)");
        self.place(At::HostEnd);
        self.take(value, 1i64, "back to the byte that ends it");
        self.branch(value, Cond::Eq, value_end, At::HostFound, "the value's end");
        self.if_zero(value_end, At::AuthorityEnd, "an absolute-form target goes on");
        self.jump(At::Status400, "more after the authority");
        self.place(At::HostFound);
        self.unless_zero(self.s.fields_seen, At::Field, "the value of Host");
        self.branch(value, Cond::Above, host_end, At::Field, "CONNECT with a port");
        self.jump(At::Status400, "CONNECT without a port (RFC 9110 §9.3.6)");
    }

    /// An address of a version to come: `v`, hexadecimal digits, a dot, then colons and anything that a name has but
    /// `%`.
    fn future_address(&mut self, count: Slot, moved: Slot) {
        let (value, byte) = (self.s.value, self.s.byte);
        self.place(At::Future);
        self.gosub(Routine::Hexes);
        self.branch(moved, Cond::Eq, NO_HEX, At::Status400, "no version");
        self.unless_byte(b'.', At::Status400, "no dot");
        self.set(count, value, "after the dot:");
        self.add(count, 1i64, "where an empty address would end");
        self.scan(value, class::HOST, At::FutureByte);
        self.branch(byte, Cond::Eq, b':', At::FutureByte, "colons are allowed, too");
        self.take(count, value, "negative if anything is there, as after eight groups");
        self.jump(At::LiteralEnd, "the bracket");
    }

    /// A name: unreserved bytes, sub-delimiters, and `%XX`.
    fn host_name(&mut self, moved: Slot) {
        let value = self.s.value;
        self.scan_from(value, class::HOST, At::HostByte, Some(At::HostFirst));
        self.unless_byte(b'%', At::HostPort, "the name ends");
        self.gosub(Routine::Hexes);
        self.branch(moved, Cond::Gt, TWO_HEX, At::Status400, "no two hexadecimal digits");
        self.jump(At::HostFirst, "the name goes on");
    }

    /// Reads hexadecimal digits at `value`, which is then after the byte that ends them. That byte is in `byte`, and
    /// `moved` is minus the bytes read.
    fn hexadecimal_digits(&mut self, moved: Slot) {
        let value = self.s.value;
        self.sub(Routine::Hexes);
        self.set(moved, value, "where they begin");
        self.scan(value, class::HEX, At::HexByte);
        self.take(moved, value, "minus the digits and the byte after them");
        self.ret(Routine::Hexes);
    }
}
