//! The target of a request: its form, its path decoded and without dot segments (RFC 3986 §5.2.4), and the route of that
//! path, by a table of hashes.

use asmgen_arch::op::{Arg, Cond, DatumId};

use super::build::{at, before, frame, sum};
use super::choose::{CONNECT, OPTIONS, SERVER};
use super::layout::{record, var};
use super::records::{Routes, Table};
use super::{Engine, class};

/// What a path's byte adds to the hash: `hash * FACTOR + byte`.
pub(super) const HASH_FACTOR: u32 = 31;
/// What a prefix begins with in the table of routes, in place of its slash.
const PREFIX: u8 = crate::spec::PREFIX;
/// An encoded slash, which is none: no route has such a byte, for specs with it are refused.
const NO_SLASH: i64 = crate::spec::NO_SLASH as i64;

/// A bit that letters have, and digits have not.
const LETTER: u32 = 0x40;

impl Engine<'_> {
    pub(super) fn find_path(&mut self) {
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
    pub(super) fn begins_with(&mut self, text: &str) {
        let text = self.bytes(&format!("text {text:?}"), &[text.as_bytes(), &[0]].concat());
        self.set(self.s.t, Arg::Data(text), "");
        self.gosub("begins");
    }

    /// Goes on in the texts at `t` and `q` while they are the same; `d` is 0 if that is so to the end of the first.
    pub(super) fn begins(&mut self) {
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

    /// The record of the route of this path, or the fallback's, in the frame; 0 if that has none.
    fn route(&mut self) {
        let table = match self.routes {
            Some(Routes::List(list)) => return self.find_in_list(list),
            Some(Routes::Table(table)) => Some(table),
            None => None,
        };
        let fallback = self.records.fallback.map_or(Arg::Const(0), Arg::Data);
        self.set(self.s.rep, fallback, "the fallback");
        self.put_four(frame(var::ROUTE), self.s.rep, "");
        if let Some(table) = table {
            self.find_route(&table);
        }
    }

    /// Compares the path with those of the records of a list, of which the last is the fallback's and has none, or is 0.
    fn find_in_list(&mut self, list: DatumId) {
        let (next, t, u, q, c, v) = (self.s.list, self.s.t, self.s.u, self.s.q, self.s.c, self.s.v);
        self.set(next, list, "the routes");
        self.place("next_route");
        self.four(t, at(next, 0), "its record");
        self.add(next, 4i64, "");
        self.put_four(frame(var::ROUTE), t, "perhaps it is this one");
        if self.records.fallback.is_none() {
            self.if_zero(t, "route_known", "no route has the path");
        }
        self.four(u, at(t, record::PATH), "");
        if self.records.fallback.is_some() {
            self.if_zero(u, "route_known", "the fallback");
        }
        self.set(q, Arg::State(self.state.path), "");
        self.place("same");
        self.next(c, q, "");
        self.next(v, u, "");
        self.branch(c, Cond::Ne, v, "next_route", "another path");
        self.unless_zero(c, "same", "");
        self.place("route_known");
    }

    fn find_route(&mut self, routes: &Table) {
        let (h, q, c, d, t) = (self.s.n, self.s.q, self.s.c, self.s.d, self.s.t);
        if routes.longest_prefix.is_some() {
            self.add(self.s.out, 1i64, "behind its end");
            self.place("find_route");
        }
        self.set(h, routes.seed, "hash of the path");
        self.set(q, Arg::State(self.state.path), "");
        self.place("hash");
        self.next(c, q, "");
        self.mul(h, HASH_FACTOR, "");
        self.add(h, c, "");
        self.unless_zero(c, "hash", "");
        self.shr(h, routes.shift, "");
        self.set(d, Arg::Data(routes.places), "");
        self.place("probe");
        self.and(h, routes.mask, "");
        self.set(t, h, "");
        self.shl(t, 2, "");
        self.four(t, sum(d, t, 0), "the record of a route");
        self.if_zero(t, "no_route", "there is none");
        self.four(self.s.u, at(t, record::PATH), "");
        self.set(q, Arg::State(self.state.path), "");
        self.place("same");
        self.next(c, q, "");
        self.next(self.s.v, self.s.u, "");
        self.branch(c, Cond::Ne, self.s.v, "another", "another path");
        self.unless_zero(c, "same", "");
        self.put_four(frame(var::ROUTE), t, "it is this one");
        self.jump("route_known", "");
        self.place("another");
        self.add(h, 1i64, "the next place in the table");
        self.jump("probe", "");
        self.place("no_route");
        if let Some(longest) = routes.longest_prefix {
            self.shorten(longest);
        }
        self.place("route_known");
    }

    /// Looks again for the path up to the slash before the last one that was tried. Prefixes begin with a byte that no
    /// path begins with; none is longer than `longest` bytes, which bounds the work that a path makes.
    fn shorten(&mut self, longest: u32) {
        let (out, c, d, t) = (self.s.out, self.s.c, self.s.d, self.s.t);
        self.set(t, Arg::State(self.state.path), "");
        self.put_byte(at(t, 0), PREFIX, "a prefix is meant");
        self.add(t, longest + 1, "one behind the longest");
        self.set(d, Arg::State(self.state.path + 1), "");
        self.branch(out, Cond::BelowOrEqual, t, "shorten", "");
        self.set(out, t, "");
        self.place("shorten");
        self.take(out, 1i64, "");
        self.branch(out, Cond::BelowOrEqual, d, "route_known", "none: the fallback");
        self.byte(c, before(out, 1), "");
        self.branch(c, Cond::Ne, b'/', "shorten", "");
        self.put_byte(at(out, 0), 0i64, "its end");
        self.jump("find_route", "");
    }
}
