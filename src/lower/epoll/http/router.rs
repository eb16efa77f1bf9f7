//! The route of a path: by comparison with each where routes are few, else by a perfect hash.

use asmgen_arch::op::{BinOp, Cond, DatumId, Operand};

use crate::lower::epoll::Engine;
use crate::lower::epoll::asm::builder::{at, before, frame, sum};
use crate::lower::epoll::asm::labels::At;
use crate::lower::epoll::state::response_table::{Routes, Table, record};
use crate::lower::epoll::state::vars::var;
use crate::perfect_hash::FNV_PRIME;

/// A prefix has this byte in the table of routes, in place of its first slash.
const PREFIX: u8 = crate::spec::PREFIX;

impl Engine<'_> {
    /// Keeps the record of the path's route in the frame; else the fallback's, or 0 if there is none.
    pub(crate) fn route(&mut self) {
        let table = match self.routes {
            Some(Routes::List(list)) => return self.find_in_list(list),
            Some(Routes::Table(table)) => Some(table),
            None => None,
        };
        let fallback = self.records.fallback.map_or(Operand::Const(0), Operand::Data);
        self.set(self.s.response, fallback, "the fallback");
        self.put_four(frame(var::ROUTE), self.s.response, "unless a route has the path");
        if let Some(table) = table {
            self.find_in_table(&table);
        }
    }

    /// Compares the path with that of each record in a list. The last is the fallback's, which has no path, or 0.
    fn find_in_list(&mut self, list: DatumId) {
        let (path, byte, route_byte) = (self.s.value, self.s.byte, self.s.v);
        let [next, record, route_path] = ["next route", "record", "path of the route"].map(|name| self.local(name));
        self.set(next, list, "the routes");
        self.place(At::NextRoute);
        self.four(record, at(next, 0), "its record");
        self.add(next, 4i64, "then the next one's");
        self.put_four(frame(var::ROUTE), record, "perhaps it is this one");
        if self.records.fallback.is_none() {
            self.if_zero(record, At::RouteKnown, "no route has the path");
        }
        self.four(route_path, at(record, record::PATH), "the route's path");
        if self.records.fallback.is_some() {
            self.if_zero(route_path, At::RouteKnown, "the fallback");
        }
        self.set(path, Operand::State(self.state.path), "the request's path");
        self.place(At::ComparePath);
        self.next(byte, path, "a byte of the request's path");
        self.next(route_byte, route_path, "and of the route's");
        self.branch(byte, Cond::Ne, route_byte, At::NextRoute, "another path");
        self.unless_zero(byte, At::ComparePath, "equal so far");
        self.place(At::RouteKnown);
    }

    /// Looks the path up in the table; where no route has it, each prefix of it that ends with a slash, the longest
    /// first.
    fn find_in_table(&mut self, routes: &Table) {
        let (path, byte, route_byte) = (self.s.value, self.s.byte, self.s.v);
        let [hash, bucket, table, record, route_path] =
            ["hash", "bucket", "table of routes", "record", "path of the route"].map(|name| self.local(name));
        if routes.longest_prefix.is_some() {
            self.add(self.s.path_end, 1i64, "after its end");
            self.place(At::FindRoute);
        }
        self.set(hash, routes.seed, "FNV-1a of the path and its NUL (RFC 9923 §2)");
        self.set(path, Operand::State(self.state.path), "from its first byte");
        self.place(At::Hash);
        self.next(byte, path, "the next byte");
        self.alu(BinOp::Xor, hash, byte, "into the lowest bits");
        self.mul(hash, FNV_PRIME, "which spreads it over all bits above");
        self.unless_zero(byte, At::Hash, "up to the NUL");
        self.set(bucket, hash, "its upper bits name the bucket");
        self.shr(bucket, routes.bucket_shift, "about four paths are in it");
        self.shl(bucket, 1, "2 bytes each");
        self.set(table, Operand::Data(routes.hash), "displacements, then places");
        self.two(bucket, sum(table, bucket, 0), "the bucket's displacement");
        self.mul(hash, bucket, "parts the paths of the bucket");
        self.shr(hash, 16, "a number of 16 bits");
        self.mul(hash, routes.places, "scaled to the table");
        self.shr(hash, 16, "the place");
        self.shl(hash, 2, "4 bytes each");
        self.four(record, sum(table, hash, routes.places_at), "of the only route that may have this path");
        self.if_zero(record, At::NoRoute, "there is none");
        self.four(route_path, at(record, record::PATH), "the route's path");
        self.set(path, Operand::State(self.state.path), "the request's path");
        self.place(At::ComparePath);
        self.next(byte, path, "a byte of the request's path");
        self.next(route_byte, route_path, "and of the route's");
        self.branch(byte, Cond::Ne, route_byte, At::NoRoute, "another path");
        self.unless_zero(byte, At::ComparePath, "equal so far");
        self.put_four(frame(var::ROUTE), record, "it is this one");
        self.jump(At::RouteKnown, "found");
        self.place(At::NoRoute);
        if let Some(longest) = routes.longest_prefix {
            self.shorten_path(longest);
        }
        self.place(At::RouteKnown);
    }

    /// Cuts the path after the slash before the last one that was tried, and looks it up again. Prefixes begin with a
    /// byte that no path begins with. None is longer than `longest` bytes, which bounds the work for a long path.
    fn shorten_path(&mut self, longest: u32) {
        let (path_end, byte) = (self.s.path_end, self.s.byte);
        let [limit, first] = ["limit", "end of the first byte"].map(|name| self.local(name));
        self.set(limit, Operand::State(self.state.path), "the path");
        self.put_byte(at(limit, 0), PREFIX, "a prefix is meant");
        self.add(limit, longest + 1, "one after the longest");
        self.set(first, Operand::State(self.state.path + 1), "after the path's first byte");
        self.branch(path_end, Cond::BelowOrEqual, limit, At::ShortenPath, "it is not longer");
        self.set(path_end, limit, "no longer prefix has a route");
        self.place(At::ShortenPath);
        self.take(path_end, 1i64, "a byte less");
        self.branch(path_end, Cond::BelowOrEqual, first, At::RouteKnown, "none: the fallback");
        self.byte(byte, before(path_end, 1), "its last byte");
        self.branch(byte, Cond::Ne, b'/', At::ShortenPath, "prefixes end with a slash");
        self.put_byte(at(path_end, 0), 0i64, "its end");
        self.jump(At::FindRoute, "look it up");
    }
}
