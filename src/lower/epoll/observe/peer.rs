//! A client's address in the access log: IPv4, or IPv6 in the form of RFC 5952.

use asmgen_arch::op::Cond;

use crate::lower::abi;
use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::state::vars::var;

/// Bytes of an IPv6 address.
const ADDRESS_BYTES: u32 = 16;

impl Engine<'_> {
    /// Appends the address in the `struct sockaddr` at `u`. Its family is the socket's, which may have been passed.
    ///
    /// ```text
    /// IPv4                     a.b.c.d
    /// IPv6, ::ffff:a.b.c.d     a.b.c.d: an IPv4 client of a socket for both families (RFC 4291 §2.5.5.2)
    /// IPv6                     groups of hexadecimal digits
    /// ```
    pub(crate) fn log_peer(&mut self) {
        let (part, address) = (self.s.t, self.s.u);
        self.byte(part, at(address, 0), "its family");
        self.branch(part, Cond::Ne, abi::AF_INET6, At::LogV4, "IPv4");
        self.add(address, 8i64, "sin6_addr");
        for (offset, value) in [(0, 0i64), (4, 0), (8, i64::from(0xffff_0000_u32 as i32))] {
            self.four(part, at(address, offset), "a part of ::ffff:a.b.c.d, if it is one");
            self.branch(part, Cond::Ne, value, At::LogV6, "an IPv6 client");
        }
        self.add(address, 8i64, "an IPv4 client: its address is the last 4 bytes");
        self.place(At::LogV4);
        self.add(address, 4i64, "sin_addr");
        for index in 0..4 {
            self.byte(part, at(address, index), "a number of a.b.c.d");
            self.put_four(frame(var::NUMBERS.byte(4 * index)), part, "where the format takes it from");
        }
        self.format(b"\x01.\x02.\x03.\x04\0", "log: an address");
        self.jump(At::LoggedPeer, "the address is complete");
        self.place(At::LogV6);
        self.longest_zeros();
        self.log_groups();
        self.place(At::LoggedPeer);
    }

    /// Finds the zeros that `::` replaces in the address at `u` (RFC 5952 §4.2). It is the longest run of groups that
    /// are 0. Of equally long ones it is the first. A single group is no run. Then `q` is where the run begins (16:
    /// there is none), and `d` its length, both in bytes.
    fn longest_zeros(&mut self) {
        let (group, address, run) = (self.s.t, self.s.u, self.s.c);
        let (longest, offset, begin) = (self.s.d, self.s.n, self.s.q);
        self.set(offset, 0i64, "the first group");
        self.set(run, 0i64, "no zeros yet");
        self.set(longest, 2i64, "a single group is not replaced");
        self.set(begin, ADDRESS_BYTES, "no run found");
        self.place(At::LogZeros);
        self.two(group, sum(address, offset, 0), "a group");
        self.add(offset, 2i64, "after it");
        self.add(run, 2i64, "the run with it, if it is 0");
        self.if_zero(group, At::LogZero, "the run goes on");
        self.set(run, 0i64, "the run has ended before it");
        self.place(At::LogZero);
        self.branch(run, Cond::BelowOrEqual, longest, At::LogNotLonger, "the first of equals counts");
        self.set(longest, run, "the longest so far");
        self.set(begin, offset, "its end");
        self.take(begin, run, "its beginning");
        self.place(At::LogNotLonger);
        self.branch(offset, Cond::Ne, ADDRESS_BYTES, At::LogZeros, "groups are left");
    }

    /// Appends the groups of the address, with `::` for the run of `d` bytes at `q`.
    fn log_groups(&mut self) {
        let (run, offset, begin) = (self.s.d, self.s.n, self.s.q);
        self.set(offset, 0i64, "the first group");
        self.place(At::LogGroup);
        self.branch(offset, Cond::Ne, begin, At::LogNoZeros, "a group that is written");
        self.add(offset, run, "after the zeros");
        self.gosub(Routine::LogColon);
        self.branch(offset, Cond::Eq, ADDRESS_BYTES, At::LogLastZeros, "the address ends with zeros");
        self.place(At::LogNoZeros);
        self.if_zero(offset, At::LogDigits, "no colon before the first group");
        self.gosub(Routine::LogColon);
        self.place(At::LogDigits);
        self.log_group();
        self.add(offset, 2i64, "the next group");
        self.branch(offset, Cond::Ne, ADDRESS_BYTES, At::LogGroup, "groups are left");
        self.jump(At::LoggedPeer, "the address is complete");
        self.place(At::LogLastZeros);
        self.gosub(Routine::LogColon);
    }

    /// Appends the group at `n`, in lower case and without zeros in front, but with one digit at least (RFC 5952 §4.1,
    /// §4.3).
    fn log_group(&mut self) {
        let (group, address, seen, left) = (self.s.t, self.s.u, self.s.v, self.s.c);
        let (offset, out, digit) = (self.s.n, self.s.output, self.s.op);
        self.byte(group, sum(address, offset, 0), "upper byte of the group");
        self.shl(group, 8, "the network's byte order");
        self.byte(left, sum(address, offset, 1), "lower byte");
        self.or(group, left, "the group");
        self.set(left, 4i64, "digits of a group");
        self.set(seen, 0i64, "0 as long as all digits were 0");
        self.place(At::LogDigit);
        self.set(digit, group, "from the first digit");
        self.shr(digit, 12, "the uppermost of four");
        self.shl(group, 4, "the next digit moves up");
        self.and(group, 0xffffi64, "without the one that is written");
        self.or(seen, digit, "has there been another digit than 0?");
        self.take(left, 1i64, "one digit less");
        self.if_zero(left, At::LogThisDigit, "the last is written even if it is 0");
        self.if_zero(seen, At::LogDigit, "a zero in front");
        self.place(At::LogThisDigit);
        self.add(digit, i64::from(b'0'), "as a digit");
        self.branch(digit, Cond::BelowOrEqual, i64::from(b'9'), At::LogDecimal, "0 to 9");
        self.add(digit, i64::from(b'a' - b'9' - 1), "a to f, in lower case (RFC 5952 §4.3)");
        self.place(At::LogDecimal);
        self.put_byte(at(out, 0), digit, "a digit of the group");
        self.add(out, 1i64, "after it");
        self.unless_zero(left, At::LogDigit, "digits are left");
    }

    /// Emits the routine that appends a colon of a client's address.
    pub(crate) fn log_colon(&mut self) {
        if self.logs() {
            let out = self.s.output;
            self.sub(Routine::LogColon);
            self.put_byte(at(out, 0), b':', "between groups, and twice for a run of zeros");
            self.add(out, 1i64, "after it");
            self.ret(Routine::LogColon);
        }
    }
}
