//! The request line (RFC 9112 §3). Every scan ends at the NUL behind the input at the latest, so no byte is counted; what
//! is wrong goes to `malformed`, which tells the end of the input from a wrong byte.

use asmgen_arch::op::{Cond, Operand, Slot};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, frame, sum};
use crate::lower::epoll::asm::labels::At;
use crate::lower::epoll::startup::byte_classes::class;
use crate::lower::epoll::state::conn_entry::flag;
use crate::lower::epoll::state::vars::var;

impl Engine<'_> {
    /// Goes on while bytes are of a class; the first that is not is in `c`, the cursor behind it.
    pub(crate) fn scan(&mut self, cursor: Slot, class: u32, name: At) {
        self.scan_from(cursor, class, name, None);
    }

    /// The same, where the first byte is in `c` already and the label is where who has it comes in.
    pub(crate) fn scan_from(&mut self, cursor: Slot, class: u32, name: At, first: Option<At>) {
        let (c, u) = (self.s.c, self.s.u);
        self.place(name);
        self.next(c, cursor, NO_WHY);
        if let Some(first) = first {
            self.place(first);
        }
        self.byte(u, sum(self.s.classes, c, 0), NO_WHY);
        self.if_any(u, class, name, NO_WHY);
    }

    /// Goes to `malformed` if the byte in `c` is none of a token.
    pub(crate) fn unless_token(&mut self, why: &str) {
        self.byte(self.s.u, sum(self.s.classes, self.s.c, 0), NO_WHY);
        self.if_none(self.s.u, class::TOKEN, At::Malformed, why);
    }

    /// Goes to `to` if the byte in `c` is not this one.
    pub(crate) fn unless(&mut self, byte: u8, to: At, why: &str) {
        self.branch(self.s.c, Cond::Ne, byte, to, why);
    }

    pub(crate) fn line(&mut self) {
        let (p, c, req, flags) = (self.s.cursor, self.s.c, self.s.request_start, self.s.flags);
        self.place(At::Request);
        self.set(req, p, "a request begins");
        self.set(flags, 0i64, "nothing is known of it");
        self.set(self.s.fields_seen, 0i64, NO_WHY);
        self.put_four(frame(var::METHOD), 0i64, NO_WHY);
        self.too_long(501);
        self.next(c, p, NO_WHY);
        self.branch(c, Cond::Ne, b'\r', At::MethodFirst, NO_WHY);
        self.next(c, p, NO_WHY);
        self.unless(b'\n', At::Malformed, "a CR alone");
        self.jump(At::Request, "an empty line before it");
        self.place(At::MethodFirst);
        self.unless_token("no method");
        self.scan(p, class::TOKEN, At::Method);
        self.unless(b' ', At::Malformed, "no space");
        self.set(self.s.target, p, "the target");
        self.which_method();
        self.too_long(414);
        self.set(p, self.s.target, NO_WHY);
        self.scan(p, class::TARGET, At::Target);
        self.unless(b' ', At::Malformed, "no space");
        self.set(self.s.value_end, p, NO_WHY);
        self.take(self.s.value_end, 1i64, "its end");
        self.branch(self.s.value_end, Cond::Eq, self.s.target, At::Malformed, "no target");
        self.version();
        self.leave_cursor();
        self.put_four(frame(var::FIELD_LINES), p, NO_WHY);
        self.too_long(431);
        self.find_path();
    }

    fn version(&mut self) {
        let (p, c, d, q) = (self.s.cursor, self.s.c, self.s.d, self.s.q);
        self.set(q, Operand::Data(self.records.ok), "how a reply begins: HTTP/");
        self.place(At::Http);
        self.next(c, p, NO_WHY);
        self.next(d, q, NO_WHY);
        self.branch(c, Cond::Ne, d, At::Malformed, "no HTTP");
        self.branch(d, Cond::Ne, b'/', At::Http, NO_WHY);
        self.next(d, p, "major version");
        self.take(d, i64::from(b'0'), NO_WHY);
        self.branch(d, Cond::Above, 9i64, At::Malformed, "no digit");
        self.next(c, p, NO_WHY);
        self.unless(b'.', At::Malformed, "no point");
        self.next(c, p, "minor version");
        self.take(c, i64::from(b'0'), NO_WHY);
        self.branch(c, Cond::Above, 9i64, At::Malformed, "no digit");
        self.branch(d, Cond::Ne, 1i64, At::Status505, "not HTTP/1");
        self.unless_zero(c, At::Newer, NO_WHY);
        self.or(self.s.flags, flag::OLD, "HTTP/1.0");
        self.place(At::Newer);
        self.line_end();
    }

    /// Keeps the cursor in the frame while something else is read: the register that reads best is free then.
    pub(crate) fn leave_cursor(&mut self) {
        self.put_four(frame(var::CURSOR), self.s.cursor, NO_WHY);
    }

    /// CR and LF, or it is bad.
    pub(crate) fn line_end(&mut self) {
        self.next(self.s.c, self.s.cursor, NO_WHY);
        self.unless(b'\r', At::Malformed, "no CR");
        self.next(self.s.c, self.s.cursor, NO_WHY);
        self.unless(b'\n', At::Malformed, "no LF");
    }

    /// The byte before the cursor is wrong, or there is none any more.
    pub(crate) fn bad(&mut self) {
        let (p, end, t) = (self.s.cursor, self.s.end, self.s.t);
        self.place(At::Malformed);
        self.input_end();
        self.branch(p, Cond::BelowOrEqual, end, At::Status400, "a wrong byte");
        self.four(t, frame(var::INPUT_END), NO_WHY);
        self.set(p, self.s.request_start, "the request begins here");
        self.take(t, p, "bytes of it");
        self.set(self.s.flags, 0i64, "what it says counts when all of it is there");
        self.branch(t, Cond::Below, self.server.epoll.head_bytes, At::Flush, "it is not complete");
        self.four(self.s.token, frame(var::PHASE), "it does not end");
        self.jump(At::Fatal, NO_WHY);
        for (place, status) in [(At::Status505, 505), (At::Status400, 400)] {
            self.place(place);
            let record = self.beginning(status);
            self.set(self.s.token, record, NO_WHY);
            self.jump(At::Fatal, NO_WHY);
        }
    }

    /// From here on a request that does not end gets this error.
    fn too_long(&mut self, status: u16) {
        let record = self.beginning(status);
        self.set(self.s.error_if_truncated, record, NO_WHY);
        self.put_four(frame(var::PHASE), self.s.error_if_truncated, NO_WHY);
    }
}
