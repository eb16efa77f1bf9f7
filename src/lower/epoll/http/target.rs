//! The target of a request: its form, and its path decoded and without dot segments (RFC 3986 §5.2.4).

use asmgen_arch::op::{Arg, Cond};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, before, frame, sum};
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
        let (q, c) = (self.s.q, self.s.c);
        self.set(q, self.s.path, "the target");
        self.four(self.s.id, frame(var::METHOD), "");
        self.branch(self.s.id, Cond::Eq, CONNECT, "host", "to the target's end");
        self.byte(c, at(q, 0), "");
        self.branch(c, Cond::Eq, b'/', "origin", "");
        self.branch(c, Cond::Eq, b'*', "asterisk", "");
        self.begins_with("https");
        self.if_zero(self.s.d, "http_scheme", "");
        self.branch(self.s.d, Cond::Ne, b's', "400", "another scheme, or none");
        self.take(q, 1i64, "http");
        self.place("http_scheme");
        self.begins_with("://");
        self.unless_zero(self.s.d, "400", "no authority");
        self.set(self.s.vend, 0i64, "");
        self.jump("host", "");
        self.place("authority_end");
        self.byte(c, before(self.s.t, 2), "");
        self.branch(c, Cond::Eq, b'/', "400", "no host");
        self.byte(c, at(q, 0), "");
        self.branch(c, Cond::Eq, b'/', "origin", "");
        let root = self.text("/ ");
        self.branch(c, Cond::Eq, b' ', "no_path", "");
        self.unless(b'?', "400", "something else behind the authority");
        self.place("no_path");
        self.set(q, Arg::Data(root), "the path is /");
        self.jump("origin", "");
        self.place("asterisk");
        self.byte(c, at(q, 1), "");
        self.unless(b' ', "400", "more than an asterisk");
        self.branch(self.s.id, Cond::Ne, OPTIONS, "400", "for OPTIONS alone");
        self.put_byte(frame(var::METHOD), SERVER, "it is about the server");
        self.set(q, Arg::Data(root), "any path will do");
        self.place("origin");
        if self.has_paths() {
            self.put_four(frame(var::TARGET), q, "its path");
        }
    }

    /// Writes the path, decoded, with a NUL behind it.
    fn decode(&mut self) {
        let (q, c, out, t) = (self.s.q, self.s.c, self.s.out, self.s.t);
        self.set(out, Arg::State(self.state.path), "the decoded path");
        self.place("path_byte");
        self.next(c, q, "");
        self.branch(c, Cond::Eq, b'/', "slash", "");
        self.branch(c, Cond::Eq, b' ', "slash", "the path's end");
        self.branch(c, Cond::Eq, b'?', "slash", "the path's end");
        self.branch(c, Cond::Ne, b'%', "plain_byte", "");
        self.set(t, 0i64, "");
        self.set(self.s.n, 2i64, "digits");
        self.place("hex");
        self.shl(t, 4, "");
        self.next(c, q, "");
        self.byte(self.s.u, sum(self.s.classes, c, 0), "");
        self.if_none(self.s.u, class::HEX, "400", "no hexadecimal digit");
        self.if_none(c, LETTER, "hex_digit", "");
        self.add(c, 9i64, "a letter's last four bits count from 1");
        self.place("hex_digit");
        self.and(c, 15i64, "");
        self.or(t, c, "");
        self.take(self.s.n, 1i64, "");
        self.unless_zero(self.s.n, "hex", "");
        self.set(c, t, "the byte it stands for");
        self.if_zero(c, "400", "NUL");
        self.branch(c, Cond::Ne, b'/', "plain_byte", "");
        self.set(c, NO_SLASH, "no slash");
        self.place("plain_byte");
        self.put_byte(at(out, 0), c, "");
        self.add(out, 1i64, "");
        self.jump("path_byte", "");

        // The end of a segment: `.` and `..` leave no segment of their own.
        self.place("slash");
        self.byte(t, before(out, 1), "");
        self.branch(t, Cond::Ne, b'.', "segment_kept", "");
        self.byte(t, before(out, 2), "");
        self.branch(t, Cond::Eq, b'/', "one_dot", "");
        self.branch(t, Cond::Ne, b'.', "segment_kept", "");
        self.byte(t, before(out, 3), "");
        self.branch(t, Cond::Ne, b'/', "segment_kept", "");
        self.take(out, 2i64, "two dots");
        self.place("parent");
        self.set(self.s.d, Arg::State(self.state.path + 1), "behind the first slash");
        self.branch(out, Cond::BelowOrEqual, self.s.d, "segment_gone", "the root has no parent");
        self.place("one_dot");
        self.take(out, 1i64, "");
        self.byte(t, before(out, 1), "");
        self.branch(t, Cond::Ne, b'/', "parent", "not behind a slash");
        self.jump("segment_gone", "");
        self.place("segment_kept");
        self.branch(c, Cond::Eq, b'/', "plain_byte", "");
        self.place("segment_gone");
        self.branch(c, Cond::Eq, b'/', "path_byte", "");
        self.place("path_end");
        self.put_byte(at(out, 0), 0i64, "the path's end");
    }

    /// Does this text, in any case, stand at `q`? `d` is 0 then and `q` behind it, else `d` is the first of its characters
    /// that is not there, and `q` behind that place. They are such that only visible ones become equal to them by a bit, and
    /// other ones do not come here.
    pub(crate) fn begins_with(&mut self, text: &str) {
        let text = self.bytes(&format!("text {text:?}"), &[text.as_bytes(), &[0]].concat());
        self.set(self.s.t, Arg::Data(text), "");
        self.gosub("begins");
    }

    /// Goes on in the texts at `t` and `q` while they are the same; `d` is 0 if that is so to the end of the first.
    pub(crate) fn begins(&mut self) {
        let (q, c, d, t) = (self.s.q, self.s.c, self.s.d, self.s.t);
        self.sub("begins");
        self.place("begins_byte");
        self.next(d, t, "");
        self.if_zero(d, "begins_end", "");
        self.next(c, q, "");
        self.or(c, 0x20i64, "lower case");
        self.branch(c, Cond::Eq, d, "begins_byte", "");
        self.place("begins_end");
        self.ret("begins");
    }
}
