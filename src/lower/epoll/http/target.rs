//! The target of a request: its form, and its path decoded and without dot segments (RFC 3986 §5.2.4).

use asmgen_arch::op::{Cond, Operand};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, before, frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::http::method::{CONNECT, OPTIONS, SERVER};
use crate::lower::epoll::startup::byte_classes::class;
use crate::lower::epoll::state::vars::var;

/// An encoded slash, which is none: no route has such a byte, for specs with it are refused.
const NO_SLASH: i64 = crate::spec::NO_SLASH as i64;

/// A bit that letters have, and digits have not.
const LETTER: u32 = 0x40;

impl Engine<'_> {
    pub(crate) fn find_path(&mut self) {
        self.form();
        self.decode();
        self.route();
    }

    /// Origin-form, absolute-form; for CONNECT authority-form, and for OPTIONS also `*` (RFC 9112 §3.2).
    fn form(&mut self) {
        let (q, c) = (self.s.value, self.s.byte);
        self.set(q, self.s.target, "the target");
        self.four(self.s.id, frame(var::METHOD), NO_WHY);
        self.branch(self.s.id, Cond::Eq, CONNECT, At::Host, "to the target's end");
        self.byte(c, at(q, 0), NO_WHY);
        self.branch(c, Cond::Eq, b'/', At::Origin, NO_WHY);
        self.branch(c, Cond::Eq, b'*', At::Asterisk, NO_WHY);
        self.begins_with("https");
        self.if_zero(self.s.mismatch, At::HttpScheme, NO_WHY);
        self.branch(self.s.mismatch, Cond::Ne, b's', At::Status400, "another scheme, or none");
        self.take(q, 1i64, "http");
        self.place(At::HttpScheme);
        self.begins_with("://");
        self.unless_zero(self.s.mismatch, At::Status400, "no authority");
        self.set(self.s.value_end, 0i64, NO_WHY);
        self.jump(At::Host, NO_WHY);
        self.place(At::AuthorityEnd);
        self.byte(c, before(self.s.host_end, 2), NO_WHY);
        self.branch(c, Cond::Eq, b'/', At::Status400, "no host");
        self.byte(c, at(q, 0), NO_WHY);
        self.branch(c, Cond::Eq, b'/', At::Origin, NO_WHY);
        let root = self.text("/ ");
        self.branch(c, Cond::Eq, b' ', At::NoPath, NO_WHY);
        self.unless_byte(b'?', At::Status400, "something else behind the authority");
        self.place(At::NoPath);
        self.set(q, Operand::Data(root), "the path is /");
        self.jump(At::Origin, NO_WHY);
        self.place(At::Asterisk);
        self.byte(c, at(q, 1), NO_WHY);
        self.unless_byte(b' ', At::Status400, "more than an asterisk");
        self.branch(self.s.id, Cond::Ne, OPTIONS, At::Status400, "for OPTIONS alone");
        self.put_byte(frame(var::METHOD), SERVER, "it is about the server");
        self.set(q, Operand::Data(root), "any path will do");
        self.place(At::Origin);
        if self.has_paths() {
            self.put_four(frame(var::TARGET), q, "its path");
        }
    }

    /// Writes the path, decoded, with a NUL behind it.
    fn decode(&mut self) {
        let (q, c, out, t) = (self.s.value, self.s.byte, self.s.path_end, self.s.t);
        self.set(out, Operand::State(self.state.path), "the decoded path");
        self.place(At::PathByte);
        self.next(c, q, NO_WHY);
        self.branch(c, Cond::Eq, b'/', At::Slash, NO_WHY);
        self.branch(c, Cond::Eq, b' ', At::Slash, "the path's end");
        self.branch(c, Cond::Eq, b'?', At::Slash, "the path's end");
        self.branch(c, Cond::Ne, b'%', At::PlainByte, NO_WHY);
        self.set(t, 0i64, NO_WHY);
        self.set(self.s.n, 2i64, "digits");
        self.place(At::Hex);
        self.shl(t, 4, NO_WHY);
        self.next(c, q, NO_WHY);
        self.byte(self.s.u, sum(self.s.classes, c, 0), NO_WHY);
        self.if_none(self.s.u, class::HEX, At::Status400, "no hexadecimal digit");
        self.if_none(c, LETTER, At::HexDigit, NO_WHY);
        self.add(c, 9i64, "a letter's last four bits count from 1");
        self.place(At::HexDigit);
        self.and(c, 15i64, NO_WHY);
        self.or(t, c, NO_WHY);
        self.take(self.s.n, 1i64, NO_WHY);
        self.unless_zero(self.s.n, At::Hex, NO_WHY);
        self.set(c, t, "the byte it stands for");
        self.if_zero(c, At::Status400, "NUL");
        self.branch(c, Cond::Ne, b'/', At::PlainByte, NO_WHY);
        self.set(c, NO_SLASH, "no slash");
        self.place(At::PlainByte);
        self.put_byte(at(out, 0), c, NO_WHY);
        self.add(out, 1i64, NO_WHY);
        self.jump(At::PathByte, NO_WHY);

        // The end of a segment: `.` and `..` leave no segment of their own.
        self.place(At::Slash);
        self.byte(t, before(out, 1), NO_WHY);
        self.branch(t, Cond::Ne, b'.', At::SegmentKept, NO_WHY);
        self.byte(t, before(out, 2), NO_WHY);
        self.branch(t, Cond::Eq, b'/', At::OneDot, NO_WHY);
        self.branch(t, Cond::Ne, b'.', At::SegmentKept, NO_WHY);
        self.byte(t, before(out, 3), NO_WHY);
        self.branch(t, Cond::Ne, b'/', At::SegmentKept, NO_WHY);
        self.take(out, 2i64, "two dots");
        self.place(At::Parent);
        self.set(self.s.d, Operand::State(self.state.path + 1), "behind the first slash");
        self.branch(out, Cond::BelowOrEqual, self.s.d, At::SegmentGone, "the root has no parent");
        self.place(At::OneDot);
        self.take(out, 1i64, NO_WHY);
        self.byte(t, before(out, 1), NO_WHY);
        self.branch(t, Cond::Ne, b'/', At::Parent, "not behind a slash");
        self.jump(At::SegmentGone, NO_WHY);
        self.place(At::SegmentKept);
        self.branch(c, Cond::Eq, b'/', At::PlainByte, NO_WHY);
        self.place(At::SegmentGone);
        self.branch(c, Cond::Eq, b'/', At::PathByte, NO_WHY);
        self.place(At::PathEnd);
        self.put_byte(at(out, 0), 0i64, "the path's end");
    }

    /// Does this text, in any case, stand at `q`? `d` is 0 then and `q` behind it, else `d` is the first of its characters
    /// that is not there, and `q` behind that place. They are such that only visible ones become equal to them by a bit, and
    /// other ones do not come here.
    pub(crate) fn begins_with(&mut self, text: &str) {
        let text = self.bytes(&format!("text {text:?}"), &[text.as_bytes(), &[0]].concat());
        self.set(self.s.expected, Operand::Data(text), NO_WHY);
        self.gosub(Routine::Begins);
    }

    /// Goes on in the texts at `t` and `q` while they are the same; `d` is 0 if that is so to the end of the first.
    pub(crate) fn begins(&mut self) {
        let (q, c, d, t) = (self.s.value, self.s.byte, self.s.mismatch, self.s.expected);
        self.sub(Routine::Begins);
        self.place(At::BeginsByte);
        self.next(d, t, NO_WHY);
        self.if_zero(d, At::BeginsEnd, NO_WHY);
        self.next(c, q, NO_WHY);
        self.or(c, 0x20i64, "lower case");
        self.branch(c, Cond::Eq, d, At::BeginsByte, NO_WHY);
        self.place(At::BeginsEnd);
        self.ret(Routine::Begins);
    }
}
