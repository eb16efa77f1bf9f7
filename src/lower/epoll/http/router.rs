//! The route of a path: by comparison with each where routes are few, else by a table of hashes.

use asmgen_arch::op::{Cond, DatumId, Operand};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{NO_WHY, at, before, frame, sum};
use crate::lower::epoll::asm::labels::At;
use crate::lower::epoll::state::response_table::{HASH_FACTOR, Routes, Table, record};
use crate::lower::epoll::state::vars::var;

/// What a prefix begins with in the table of routes, in place of its slash.
const PREFIX: u8 = crate::spec::PREFIX;

impl Engine<'_> {
    /// The record of the route of this path, or the fallback's, in the frame; 0 if that has none.
    pub(crate) fn route(&mut self) {
        let table = match self.routes {
            Some(Routes::List(list)) => return self.find_in_list(list),
            Some(Routes::Table(table)) => Some(table),
            None => None,
        };
        let fallback = self.records.fallback.map_or(Operand::Const(0), Operand::Data);
        self.set(self.s.response, fallback, "the fallback");
        self.put_four(frame(var::ROUTE), self.s.response, NO_WHY);
        if let Some(table) = table {
            self.find_route(&table);
        }
    }

    /// Compares the path with those of the records of a list, of which the last is the fallback's and has none, or is 0.
    fn find_in_list(&mut self, list: DatumId) {
        let (next, t, u, q, c, v) = (self.s.names, self.s.t, self.s.u, self.s.value, self.s.byte, self.s.v);
        self.set(next, list, "the routes");
        self.place(At::NextRoute);
        self.four(t, at(next, 0), "its record");
        self.add(next, 4i64, NO_WHY);
        self.put_four(frame(var::ROUTE), t, "perhaps it is this one");
        if self.records.fallback.is_none() {
            self.if_zero(t, At::RouteKnown, "no route has the path");
        }
        self.four(u, at(t, record::PATH), NO_WHY);
        if self.records.fallback.is_some() {
            self.if_zero(u, At::RouteKnown, "the fallback");
        }
        self.set(q, Operand::State(self.state.path), NO_WHY);
        self.place(At::Same);
        self.next(c, q, NO_WHY);
        self.next(v, u, NO_WHY);
        self.branch(c, Cond::Ne, v, At::NextRoute, "another path");
        self.unless_zero(c, At::Same, NO_WHY);
        self.place(At::RouteKnown);
    }

    fn find_route(&mut self, routes: &Table) {
        let (h, q, c, d, t) = (self.s.n, self.s.value, self.s.byte, self.s.d, self.s.t);
        if routes.longest_prefix.is_some() {
            self.add(self.s.path_end, 1i64, "behind its end");
            self.place(At::FindRoute);
        }
        self.set(h, routes.seed, "hash of the path");
        self.set(q, Operand::State(self.state.path), NO_WHY);
        self.place(At::Hash);
        self.next(c, q, NO_WHY);
        self.mul(h, HASH_FACTOR, NO_WHY);
        self.add(h, c, NO_WHY);
        self.unless_zero(c, At::Hash, NO_WHY);
        self.shr(h, routes.shift, NO_WHY);
        self.set(d, Operand::Data(routes.places), NO_WHY);
        self.place(At::Probe);
        self.and(h, routes.mask, NO_WHY);
        self.set(t, h, NO_WHY);
        self.shl(t, 2, NO_WHY);
        self.four(t, sum(d, t, 0), "the record of a route");
        self.if_zero(t, At::NoRoute, "there is none");
        self.four(self.s.u, at(t, record::PATH), NO_WHY);
        self.set(q, Operand::State(self.state.path), NO_WHY);
        self.place(At::Same);
        self.next(c, q, NO_WHY);
        self.next(self.s.v, self.s.u, NO_WHY);
        self.branch(c, Cond::Ne, self.s.v, At::Another, "another path");
        self.unless_zero(c, At::Same, NO_WHY);
        self.put_four(frame(var::ROUTE), t, "it is this one");
        self.jump(At::RouteKnown, NO_WHY);
        self.place(At::Another);
        self.add(h, 1i64, "the next place in the table");
        self.jump(At::Probe, NO_WHY);
        self.place(At::NoRoute);
        if let Some(longest) = routes.longest_prefix {
            self.shorten(longest);
        }
        self.place(At::RouteKnown);
    }

    /// Looks again for the path up to the slash before the last one that was tried. Prefixes begin with a byte that no
    /// path begins with; none is longer than `longest` bytes, which bounds the work that a path makes.
    fn shorten(&mut self, longest: u32) {
        let (out, c, d, t) = (self.s.path_end, self.s.byte, self.s.d, self.s.t);
        self.set(t, Operand::State(self.state.path), NO_WHY);
        self.put_byte(at(t, 0), PREFIX, "a prefix is meant");
        self.add(t, longest + 1, "one behind the longest");
        self.set(d, Operand::State(self.state.path + 1), NO_WHY);
        self.branch(out, Cond::BelowOrEqual, t, At::Shorten, NO_WHY);
        self.set(out, t, NO_WHY);
        self.place(At::Shorten);
        self.take(out, 1i64, NO_WHY);
        self.branch(out, Cond::BelowOrEqual, d, At::RouteKnown, "none: the fallback");
        self.byte(c, before(out, 1), NO_WHY);
        self.branch(c, Cond::Ne, b'/', At::Shorten, NO_WHY);
        self.put_byte(at(out, 0), 0i64, "its end");
        self.jump(At::FindRoute, NO_WHY);
    }
}
