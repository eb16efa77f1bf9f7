//! The request line (RFC 9112 §3).
//!
//! A NUL follows the input and belongs to no class of bytes, so every scan ends there and counts nothing. A scan that
//! ends early jumps to `malformed`, which tells the end of the input from a wrong byte.

use asmgen_arch::op::{Cond, Operand, Slot};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{frame, sum};
use crate::lower::epoll::asm::labels::At;
use crate::lower::epoll::startup::byte_classes::class;
use crate::lower::epoll::state::conn_entry::flag;
use crate::lower::epoll::state::vars::var;

impl Engine<'_> {
    /// Reads on while bytes are of a class. The first that is not is in `byte`, and the cursor is after it.
    pub(crate) fn scan(&mut self, cursor: Slot, class: u32, name: At) {
        self.scan_from(cursor, class, name, None);
    }

    /// The same. Code that has the first byte in `byte` already jumps to the label `first`.
    pub(crate) fn scan_from(&mut self, cursor: Slot, class: u32, name: At, first: Option<At>) {
        let byte = self.s.byte;
        let classes = self.local("classes of the byte");
        self.place(name);
        self.next(byte, cursor, "the next byte");
        if let Some(first) = first {
            self.place(first);
        }
        self.byte(classes, sum(self.s.classes, byte, 0), "which classes it is of");
        self.if_any(classes, class, name, "of the wanted class: read on");
    }

    /// Goes to `malformed` if `byte` may not be in a token (RFC 9110 §5.6.2).
    pub(crate) fn unless_token(&mut self, why: &str) {
        let classes = self.local("classes of the byte");
        self.byte(classes, sum(self.s.classes, self.s.byte, 0), "which classes it is of");
        self.if_none(classes, class::TOKEN, At::Malformed, why);
    }

    /// Goes to `to` if `byte` is not this one.
    pub(crate) fn unless_byte(&mut self, byte: u8, to: At, why: &str) {
        self.branch(self.s.byte, Cond::Ne, byte, to, why);
    }

    /// `method SP request-target SP HTTP-version CRLF`, after at most some empty lines.
    pub(crate) fn parse_request_line(&mut self) {
        let (cursor, byte, target) = (self.s.cursor, self.s.byte, self.s.target);
        self.place(At::Request);
        self.set(self.s.request_start, cursor, "a request begins");
        self.set(self.s.flags, 0i64, "nothing is known of it");
        self.set(self.s.fields_seen, 0i64, "no field is read yet");
        self.put_four(frame(var::METHOD), 0i64, "no method is known");
        self.error_if_truncated(501, "501 if the method does not end (RFC 9112 §3)");
        self.next(byte, cursor, "the first byte");
        self.branch(byte, Cond::Ne, b'\r', At::MethodFirst, "no empty line: the method begins");
        self.next(byte, cursor, "the byte after the CR");
        self.unless_byte(b'\n', At::Malformed, "a CR alone");
        self.jump(At::Request, "an empty line before a request is ignored (RFC 9112 §2.2)");
        self.place(At::MethodFirst);
        self.unless_token("a method is a token (RFC 9110 §9.1)");
        self.scan(cursor, class::TOKEN, At::Method);
        self.unless_byte(b' ', At::Malformed, "no space after the method");
        self.set(target, cursor, "the target begins");
        self.which_method();
        self.error_if_truncated(414, "414 if the target does not end (RFC 9112 §3)");
        self.set(cursor, target, "read the target");
        self.scan(cursor, class::TARGET, At::Target);
        self.unless_byte(b' ', At::Malformed, "no space after the target");
        let end = self.s.value_end;
        self.set(end, cursor, "after the space:");
        self.take(end, 1i64, "where the target ends");
        self.branch(end, Cond::Eq, target, At::Malformed, "an empty target");
        self.version();
        self.leave_cursor();
        self.put_four(frame(var::FIELD_LINES), cursor, "field lines begin here");
        self.error_if_truncated(431, "431 if the fields do not end (RFC 6585 §5)");
        self.find_path();
    }

    /// `HTTP/x.y` (RFC 9112 §2.3):
    ///
    /// | version | what happens |
    /// |---|---|
    /// | not of this form | 400 |
    /// | 1.0 | the reply closes, unless the client says `keep-alive` |
    /// | 1.1 to 1.9 | as 1.1 |
    /// | 0.y, 2.y and above | 505 |
    fn version(&mut self) {
        let (cursor, byte, known) = (self.s.cursor, self.s.byte, self.s.value);
        let [expected, major] = ["expected byte", "major version"].map(|name| self.local(name));
        self.set(known, Operand::Data(self.records.ok), "a status line begins so, too: HTTP/");
        self.place(At::Http);
        self.next(byte, cursor, "the next byte of the version");
        self.next(expected, known, "what has to be there");
        self.branch(byte, Cond::Ne, expected, At::Malformed, "not HTTP");
        self.branch(expected, Cond::Ne, b'/', At::Http, "up to the slash");
        self.next(major, cursor, "major version");
        self.take(major, i64::from(b'0'), "its value");
        self.branch(major, Cond::Above, 9i64, At::Malformed, "no digit");
        self.next(byte, cursor, "between the digits");
        self.unless_byte(b'.', At::Malformed, "no point");
        self.next(byte, cursor, "minor version");
        self.take(byte, i64::from(b'0'), "its value");
        self.branch(byte, Cond::Above, 9i64, At::Malformed, "no digit");
        self.branch(major, Cond::Ne, 1i64, At::Status505, "not HTTP/1 (RFC 9110 §15.6.6)");
        self.unless_zero(byte, At::VersionKnown, "HTTP/1.1, or above");
        self.or(self.s.flags, flag::OLD, "HTTP/1.0");
        self.place(At::VersionKnown);
        self.line_end();
    }

    /// Keeps the cursor in the frame while something else is read: its register is the best one for reading.
    pub(crate) fn leave_cursor(&mut self) {
        self.put_four(frame(var::CURSOR), self.s.cursor, "the input goes on here");
    }

    /// CR and LF; else the request is malformed.
    pub(crate) fn line_end(&mut self) {
        self.next(self.s.byte, self.s.cursor, "the line's end");
        self.unless_byte(b'\r', At::Malformed, "no CR");
        self.next(self.s.byte, self.s.cursor, "after the CR");
        self.unless_byte(b'\n', At::Malformed, "no LF");
    }

    /// The byte before the cursor is wrong, or the input has ended:
    ///
    /// | cursor | bytes of the request | what happens |
    /// |---|---|---|
    /// | within the input | any | 400: the byte is wrong |
    /// | after the NUL | less than a head may have | the rest is waited for; what this part says counts later |
    /// | after the NUL | as many as a head may have | the error of the part at hand: 501, 414 or 431 |
    pub(crate) fn malformed(&mut self) {
        let (cursor, end, beginning) = (self.s.cursor, self.s.end, self.s.beginning);
        let bytes = self.local("bytes of the request");
        self.place(At::Malformed);
        self.load_input_end();
        self.branch(cursor, Cond::BelowOrEqual, end, At::Status400, "a wrong byte");
        self.four(bytes, frame(var::INPUT_END), "where the input ends");
        self.set(cursor, self.s.request_start, "the request begins here");
        self.take(bytes, cursor, "bytes of it");
        self.set(self.s.flags, 0i64, "what it says counts when all of it is there");
        self.branch(bytes, Cond::Below, self.server.epoll.head_bytes, At::Flush, "it is not complete");
        self.four(beginning, frame(var::PHASE), "the error of a part that does not end");
        self.jump(At::RefuseAndClose, "refuse it, and close");
        for (place, status, why) in
            [(At::Status505, 505, "HTTP Version Not Supported"), (At::Status400, 400, "Bad Request")]
        {
            self.place(place);
            let record = self.beginning(status);
            self.set(beginning, record, why);
            self.jump(At::RefuseAndClose, "refuse it, and close");
        }
    }

    /// From here on, a request that does not end gets this error.
    fn error_if_truncated(&mut self, status: u16, why: &str) {
        let record = self.beginning(status);
        self.set(self.s.error_if_truncated, record, why);
        self.put_four(frame(var::PHASE), self.s.error_if_truncated, "kept until the next part begins");
    }
}
