//! The target of a request: its form (RFC 9112 §3.2), and its path, decoded and without dot segments (RFC 3986 §5.2.4).

use asmgen_arch::op::{Cond, Operand};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, before, frame, sum};
use crate::lower::epoll::asm::labels::{At, Routine};
use crate::lower::epoll::http::field_names::LOWER;
use crate::lower::epoll::http::method::{CONNECT, OPTIONS, SERVER};
use crate::lower::epoll::startup::byte_classes::class;
use crate::lower::epoll::state::vars::var;
use crate::spec::Slashes;

/// An encoded slash separates no segments. No route has this byte, for specs with it are refused.
const NO_SLASH: i64 = crate::spec::NO_SLASH as i64;

/// A bit that letters have, and digits have not.
const LETTER: u32 = 0x40;

impl Engine<'_> {
    /// From the target to the record of its route.
    pub(crate) fn find_path(&mut self) {
        self.target_form();
        self.decode_path();
        self.route();
    }

    /// The form of the target (RFC 9112 §3.2), which leaves `value` where the path begins:
    ///
    /// | target | method | path |
    /// |---|---|---|
    /// | `host:port` (authority-form) | CONNECT | none: only the authority is checked |
    /// | `/…` (origin-form) | any other | the target itself |
    /// | `http://…`, `https://…` (absolute-form) | any other | what follows the authority; `/` if nothing does |
    /// | `*` (asterisk-form) | OPTIONS | `/`, for any path will do: the request is about the server |
    /// | anything else | any other | 400 |
    fn target_form(&mut self) {
        let (value, byte, method, mismatch) = (self.s.value, self.s.byte, self.s.id, self.s.mismatch);
        self.set(value, self.s.target, "the target");
        self.four(method, frame(var::METHOD), "its form depends on the method");
        self.branch(method, Cond::Eq, CONNECT, At::Host, "to the target's end");
        self.byte(byte, at(value, 0), "its first byte");
        self.branch(byte, Cond::Eq, b'/', At::Origin, "origin-form");
        self.branch(byte, Cond::Eq, b'*', At::Asterisk, "asterisk-form");
        self.match_text("https");
        self.if_zero(mismatch, At::HttpScheme, "https");
        self.branch(mismatch, Cond::Ne, b's', At::Status400, "another scheme, or none");
        self.take(value, 1i64, "http");
        self.place(At::HttpScheme);
        self.match_text("://");
        self.unless_zero(mismatch, At::Status400, "no authority");
        self.set(self.s.value_end, 0i64, "the authority ends where the path begins");
        self.jump(At::Host, "check the authority");
        self.place(At::AuthorityEnd);
        self.byte(byte, before(self.s.host_end, 2), "the last byte of the host");
        self.branch(byte, Cond::Eq, b'/', At::Status400, "http needs a host (RFC 9110 §4.2.1)");
        self.byte(byte, at(value, 0), "the byte after the authority");
        self.branch(byte, Cond::Eq, b'/', At::Origin, "the path begins");
        let root = self.text("/ ");
        self.branch(byte, Cond::Eq, b' ', At::NoPath, "the target ends: no path");
        self.unless_byte(b'?', At::Status400, "neither a path nor a query");
        self.place(At::NoPath);
        self.set(value, Operand::Data(root), "an empty path is / (RFC 9110 §4.2.3)");
        self.jump(At::Origin, "as in origin-form");
        self.place(At::Asterisk);
        self.byte(byte, at(value, 1), "the byte after the asterisk");
        self.unless_byte(b' ', At::Status400, "more than an asterisk");
        self.branch(method, Cond::Ne, OPTIONS, At::Status400, "only OPTIONS has this form (RFC 9112 §3.2.4)");
        self.put_byte(frame(var::METHOD), SERVER, "it is about the server");
        self.set(value, Operand::Data(root), "any path will do");
        self.place(At::Origin);
        if self.has_paths() {
            self.put_four(frame(var::TARGET), value, "a Location may repeat it");
        }
    }

    /// Writes the decoded path, with a NUL after it. What a byte of the target becomes:
    ///
    /// | byte | in the path |
    /// |---|---|
    /// | `/`, a space, `?` | a segment ends, and at the last two the path (see [`Self::end_segment`]) |
    /// | `%00`, `%` without two hexadecimal digits | 400 |
    /// | `%2F` | [`NO_SLASH`] |
    /// | another `%XX` | the byte XX |
    /// | any other | itself |
    fn decode_path(&mut self) {
        let (value, byte, path_end) = (self.s.value, self.s.byte, self.s.path_end);
        let [decoded, digits, classes] =
            ["decoded byte", "digits left", "classes of the byte"].map(|name| self.local(name));
        self.set(path_end, Operand::State(self.state.path), "the decoded path");
        self.place(At::PathByte);
        self.next(byte, value, "the next byte of the target");
        self.branch(byte, Cond::Eq, b'/', At::EndSegment, "a segment ends");
        self.branch(byte, Cond::Eq, b' ', At::EndSegment, "the path's end");
        self.branch(byte, Cond::Eq, b'?', At::EndSegment, "the path's end");
        self.branch(byte, Cond::Ne, b'%', At::PlainByte, "it stands for itself");
        self.set(decoded, 0i64, "percent-encoded (RFC 3986 §2.1)");
        self.set(digits, 2i64, "digits");
        self.place(At::Hex);
        self.shl(decoded, 4, "room for a digit");
        self.next(byte, value, "the digit");
        self.byte(classes, sum(self.s.classes, byte, 0), "which classes it is of");
        self.if_none(classes, class::HEX, At::Status400, "no hexadecimal digit");
        self.if_none(byte, LETTER, At::HexDigit, "0 to 9");
        self.add(byte, 9i64, "a letter's last four bits count from 1");
        self.place(At::HexDigit);
        self.and(byte, 15i64, "the digit's value");
        self.or(decoded, byte, "after the one before");
        self.take(digits, 1i64, "one digit less");
        self.unless_zero(digits, At::Hex, "the second digit");
        self.set(byte, decoded, "the byte it stands for");
        self.if_zero(byte, At::Status400, "a NUL would end the path early");
        self.branch(byte, Cond::Ne, b'/', At::PlainByte, "no slash");
        self.set(byte, NO_SLASH, "an encoded slash separates nothing");
        self.place(At::PlainByte);
        self.put_byte(at(path_end, 0), byte, "into the path");
        self.add(path_end, 1i64, "the path grows");
        self.jump(At::PathByte, "read on");
        self.end_segment();
        self.place(At::PathEnd);
        self.put_byte(at(path_end, 0), 0i64, "the path's end");
    }

    /// The end of a segment (RFC 3986 §5.2.4):
    ///
    /// | segment | what remains of the path |
    /// |---|---|
    /// | `.` | what was before it |
    /// | `..` | the same without the segment before it; the root has none |
    /// | empty, where slashes are merged | what was before it |
    /// | any other | all of it, and the slash |
    fn end_segment(&mut self) {
        let (byte, path_end) = (self.s.byte, self.s.path_end);
        let [last, root] = ["byte before", "start of the first segment"].map(|name| self.local(name));
        self.place(At::EndSegment);
        self.byte(last, before(path_end, 1), "the segment's last byte");
        if self.server.epoll.slashes == Slashes::Merged {
            self.branch(last, Cond::Eq, b'/', At::SegmentDropped, "an empty segment: slashes in a row count as one");
        }
        self.branch(last, Cond::Ne, b'.', At::SegmentKept, "no dot segment");
        self.byte(last, before(path_end, 2), "the byte before the dot");
        self.branch(last, Cond::Eq, b'/', At::OneDot, "the segment is one dot");
        self.branch(last, Cond::Ne, b'.', At::SegmentKept, "a name that ends with a dot");
        self.byte(last, before(path_end, 3), "the byte before two dots");
        self.branch(last, Cond::Ne, b'/', At::SegmentKept, "a name that ends with two dots");
        self.take(path_end, 2i64, "two dots");
        self.place(At::Parent);
        self.set(root, Operand::State(self.state.path + 1), "after the first slash");
        self.branch(path_end, Cond::BelowOrEqual, root, At::SegmentDropped, "the root has no parent");
        self.place(At::OneDot);
        self.take(path_end, 1i64, "drop the last byte");
        self.byte(last, before(path_end, 1), "what is the last one now");
        self.branch(last, Cond::Ne, b'/', At::Parent, "not after a slash");
        self.jump(At::SegmentDropped, "the segment is dropped");
        self.place(At::SegmentKept);
        self.branch(byte, Cond::Eq, b'/', At::PlainByte, "its slash belongs to the path");
        self.place(At::SegmentDropped);
        self.branch(byte, Cond::Eq, b'/', At::PathByte, "the path's slash is there already");
    }

    /// Compares a text with the one at `value`, in any case. `mismatch` is 0 if it is there, and `value` after it; else
    /// `mismatch` is the first character that differs, and `value` after its place. The text has only characters that
    /// no other visible byte becomes by the bit of lower case; other bytes do not come here.
    pub(crate) fn match_text(&mut self, text: &str) {
        let text = self.bytes(&format!("text {text:?}"), &[text.as_bytes(), &[0]].concat());
        self.set(self.s.expected, Operand::Data(text), "does it begin so?");
        self.gosub(Routine::Begins);
    }

    /// The routine of [`Self::match_text`]: reads on in `expected` and `value` while they are equal.
    pub(crate) fn match_text_routine(&mut self) {
        let (value, byte, mismatch) = (self.s.value, self.s.byte, self.s.mismatch);
        self.sub(Routine::Begins);
        self.place(At::MatchTextByte);
        self.next(mismatch, self.s.expected, "the text's next character");
        self.if_zero(mismatch, At::MatchTextEnd, "its end: all of it is there");
        self.next(byte, value, "the byte in its place");
        self.or(byte, LOWER, "lower case");
        self.branch(byte, Cond::Eq, mismatch, At::MatchTextByte, "equal so far");
        self.place(At::MatchTextEnd);
        self.ret(Routine::Begins);
    }
}
