//! Replies in memory: their bytes, their records, and the table of routes.
//!
//! A stored reply is complete but for its date. A composed one (206, 304, most errors) has a beginning and fields that
//! the server writes; the rest comes from a stored one. A record says where all of these are.

use asmgen_arch::op::{DatumId, Part, Program};

use crate::lower::epoll::Engine;
use crate::lower::epoll::state::memory_map::LONG_BYTES;
use crate::lower::wire;
use crate::lower::wire::Stored;
use crate::perfect_hash::PerfectHash;
use crate::spec::{Coding, Reply, Route, Server};

/// The record of a stored reply: offsets of its parts.
pub(crate) mod record {
    /// Address of the status line.
    pub(crate) const STATUS_LINE: u32 = 0;
    /// Address of the fields after those that every reply has.
    pub(crate) const START: u32 = 4;
    /// Bytes of these fields, with the empty line.
    pub(crate) const HEAD: u32 = 8;
    /// Address of the content.
    pub(crate) const BODY: u32 = 12;
    /// Bytes of the content.
    pub(crate) const BODY_LEN: u32 = 16;
    /// Address of the route's path, which a NUL ends.
    pub(crate) const PATH: u32 = 20;
    /// Bytes of the status line (2 bytes).
    pub(crate) const LINE: u32 = 24;
    /// Where in the fields those of a 206 begin (2 bytes). Without a representation: bytes of the fields before a
    /// location's path.
    pub(crate) const TYPE: u32 = 26;
    /// Bit of these: only the query of the request follows.
    pub(crate) const QUERY_ALONE: u32 = 0x8000;
    /// Where in the fields those of a 304 begin; 0: the reply has no representation (2 bytes).
    pub(crate) const SHARED: u32 = 28;
    /// Coding of the next variant, or 0 (2 bytes).
    pub(crate) const CODING: u32 = 30;
    /// Bytes of a record. The record of the next variant follows it.
    pub(crate) const BYTES: u32 = 32;
}

/// The beginning of a composed reply: offsets of its parts.
pub(crate) mod beginning {
    /// Distance to the format of the composed fields (1 byte).
    pub(crate) const FORMAT: u32 = 0;
    /// Bytes of the status line without the version (1 byte).
    pub(crate) const LINE_LEN: u32 = 1;
    /// The status line without the version. Its end, the reason phrase, is also the content of an error.
    pub(crate) const LINE: u32 = 2;
}

/// Distance from the end of the head back to the entity tag, in bytes.
pub(crate) const ETAG_BEFORE_END: i32 = wire::ETAG_TO_END_BYTES as i32;
/// Bytes of the line with the date of a representation.
pub(crate) const LAST_MODIFIED_BYTES: u32 = wire::LAST_MODIFIED_BYTES as u32;
/// Bytes of an entity tag with its quotes.
pub(crate) const ETAG_BYTES: u32 = wire::ETAG_BYTES as u32;
/// Bytes of `HTTP/1.1 `.
pub(crate) const VERSION_BYTES: u32 = wire::VERSION.len() as u32;
/// Bytes of the line with the date of the reply.
pub(crate) const DATE_LINE_BYTES: u32 = wire::DATE_LINE_BYTES as u32;
/// Where in that line the date begins.
pub(crate) const DATE_AT: u32 = wire::DATE_AT as u32;
/// Bytes of a date.
pub(crate) const DATE_BYTES: u32 = wire::DATE_BYTES as u32;

/// Numbers of the codings. 0 is none.
pub(crate) const BR: u32 = 1;
pub(crate) const ZSTD: u32 = 2;
pub(crate) const GZIP: u32 = 3;

/// Composed replies, in groups that share a format: their status, and how many bytes at the format's beginning they
/// leave out. 206 and 304 are made from a stored reply. The others are the server's own; they differ only in their
/// beginning and their composed fields.
const COMPOSED: [(&[(u16, usize)], &str); 3] = [
    (
        &[
            (400, LENGTH_AT),
            (505, LENGTH_AT),
            (431, LENGTH_AT),
            (414, LENGTH_AT),
            (501, LENGTH_AT),
            (412, LENGTH_AT),
            (304, wire::UNSATISFIED_RANGE.len()),
            (NOT_FOUND, LENGTH_AT),
            (416, 0),
        ],
        wire::UNSATISFIED_RANGE,
    ),
    (&[(204, wire::LENGTH.len()), (405, 0)], wire::LENGTH_AND_ALLOW),
    (&[(206, 0)], wire::CONTENT_RANGE),
];

/// In the format of a 416, where the part begins that other errors share. A 304 leaves out all of it.
const LENGTH_AT: usize = wire::UNSATISFIED_RANGE.len() - wire::LENGTH.len();

/// The status of a path without a route, unless the spec has a reply for it.
pub(crate) const NOT_FOUND: u16 = 404;

/// All records.
pub(crate) struct Records {
    /// The routes', in their order.
    routes: Vec<DatumId>,
    /// The fallback's. None: it is the server's own 404.
    pub(crate) fallback: Option<DatumId>,
    /// Beginnings of composed replies, by their status.
    beginnings: Vec<(u16, DatumId)>,
    /// The record of what all errors of the server have in common.
    pub(crate) refused: DatumId,
    /// Where in its fields the end begins that a reply without content has.
    pub(crate) no_content_at: u32,
    /// The status line of a 200.
    pub(crate) ok: DatumId,
    /// The line with the date. It follows the status line of a 200, so one vector sends both.
    pub(crate) date_line: DatumId,
    /// What follows the date of a 408.
    pub(crate) late: DatumId,
    /// Bytes of that.
    pub(crate) late_bytes: u32,
}

impl Records {
    /// Writes all replies of a server, and their records.
    pub(crate) fn of(program: &mut Program, server: &Server) -> Self {
        let ok = program.writable_datum("begin of a 200", vec![Part::Bytes(wire::ok_line().into())]);
        let wire::Late { bytes, refusal_at, refusal_bytes } = wire::Late::new();
        let date_line = program.writable_datum("the date", vec![Part::Bytes(wire::DATE.into())]);
        let late_bytes = bytes.len() as u32;
        let late = program.datum("the end of a 408", vec![Part::Bytes(bytes)], 0);
        let mut writer = Writer { program: &mut *program, ok, beside_date: BesideDate::Free };
        let route = |route: &Route| writer.reply(&route.reply, Some([route.key(), vec![0]].concat()));
        let routes = server.routes.iter().map(route).collect();
        let is_refusal = server.fallback == Reply::not_found();
        let fallback = (!is_refusal).then(|| writer.reply(&server.fallback, None));
        let start = Part::DatumAddress { datum: late, offset: refusal_at as u32 };
        let no_line = Part::Bytes(vec![0; record::START as usize]);
        let refused = vec![no_line, start, Part::Bytes((refusal_bytes as u32).to_le_bytes().into())];
        let refused = program.datum("record of refusals", refused, 0);
        let beginnings = beginnings(program, is_refusal);
        let no_content_at = (refusal_bytes - "\r\n".len()) as u32;
        Self { routes, fallback, beginnings, refused, no_content_at, ok, date_line, late, late_bytes }
    }
}

/// The beginnings of composed replies, by their status. They are one datum with the formats of the fields, because a
/// beginning says how far its format is from it. A NUL ends each format. [`NOT_FOUND`] is among them if the spec has no
/// reply for it.
fn beginnings(program: &mut Program, refuses_unknown_paths: bool) -> Vec<(u16, DatumId)> {
    let mut bytes = Vec::new();
    let mut places = Vec::new();
    for (replies, format) in COMPOSED {
        let replies = replies.iter().filter(|(status, _)| refuses_unknown_paths || *status != NOT_FOUND);
        let lines: Vec<_> = replies.map(|(status, skipped)| (*status, *skipped, wire::status(*status))).collect();
        let mut left: usize = lines.iter().map(|(.., line)| beginning::LINE as usize + line.len()).sum();
        for (status, skipped, line) in lines {
            places.push((status, bytes.len() as u32));
            let to_format = u8::try_from(left + skipped).expect("formats are near");
            left -= beginning::LINE as usize + line.len();
            bytes.extend([&[to_format, line.len() as u8], line.as_bytes()].concat());
        }
        bytes.extend([format.as_bytes(), &[0]].concat());
    }
    let datum = program.datum("beginnings of composed replies, and their fields", vec![Part::Bytes(bytes)], 0);
    places.into_iter().map(|(status, at)| (status, program.datum_within(datum, at))).collect()
}

/// The record of a reply with writable content, and that content.
pub(crate) fn of_stored(
    program: &mut Program,
    ok: DatumId,
    name: &str,
    stored: &Stored,
    path: &[u8],
) -> (DatumId, DatumId) {
    let path = program.datum(format!("path {name}"), vec![Part::Bytes([path, &[0]].concat())], 0);
    let content = program.writable_datum(format!("content: {name}"), vec![Part::Bytes(stored.content.clone())]);
    let mut writer = Writer { program, ok, beside_date: BesideDate::Closed };
    let parts = writer.one(name, stored.clone(), Some(content), Some(path), 0);
    (datum(program, &format!("record of {name}"), parts), content)
}

/// The first reply follows the date in memory, so one vector sends all of it, if it has at most so many bytes. It is
/// writable there, and writable data must be shorter than a content that is sent from the file.
const BESIDE_DATE_BYTES: usize = 32 * 1024;

/// A datum of addresses and numbers.
fn datum(program: &mut Program, name: &str, parts: Vec<Part>) -> DatumId {
    let datum = program.datum(name, parts, 0);
    program.align(datum, 4);
    datum
}

/// What follows the line with the date in memory.
enum BesideDate {
    /// Nothing yet. The first reply will, if it is short enough.
    Free,
    /// These bytes, which are this datum.
    Taken(Vec<u8>, DatumId),
    /// Nothing will.
    Closed,
}

/// Writes replies and their records.
struct Writer<'p> {
    program: &'p mut Program,
    ok: DatumId,
    beside_date: BesideDate,
}

impl Writer<'_> {
    /// The records of a reply and its variants, one after the other, the variant with the fewest bytes first.
    fn reply(&mut self, reply: &Reply, path: Option<Vec<u8>>) -> DatumId {
        let name = path
            .as_ref()
            .map_or("everything else".into(), |path| String::from_utf8_lossy(&path[..path.len() - 1]).into_owned());
        let path = path.map(|path| self.program.datum(format!("path {name}"), vec![Part::Bytes(path)], 0));
        let mut variants: Vec<_> = reply.variants.iter().collect();
        variants.sort_by_key(|variant| variant.body.len());
        let codings: Vec<u32> = variants.iter().map(|variant| coding(variant.coding)).chain([0]).collect();
        let mut parts = self.one(&name, whole(reply), None, path, codings[0]);
        for (variant, next) in variants.iter().zip(&codings[1..]) {
            let stored = wire::representation(reply, Some(variant));
            let name = format!("{name}, {}", variant.coding.name());
            parts.extend(self.one(&name, stored, None, None, *next));
        }
        datum(self.program, &format!("record of {name}"), parts)
    }

    /// The parts of a record. Content that has no place yet follows its fields, so that one vector sends both; a long
    /// one is a datum of its own.
    fn one(
        &mut self,
        name: &str,
        stored: Stored,
        content: Option<DatumId>,
        path: Option<DatumId>,
        next: u32,
    ) -> Vec<Part> {
        let Stored { status_line, before_path, fields, content: body, type_offset, shared_offset, etag, .. } = stored;
        let query_alone = if stored.keeps_query_alone { record::QUERY_ALONE as usize } else { 0 };
        let address = |datum: DatumId, offset: usize| Part::DatumAddress { datum, offset: offset as u32 };
        let (line_bytes, body_bytes) = (status_line.len(), body.len());
        let line = if status_line == wire::ok_line().as_bytes() {
            self.ok
        } else {
            self.program.datum(format!("status line: {name}"), vec![Part::Bytes(status_line)], 0)
        };
        let is_together = content.is_none() && body_bytes < LONG_BYTES as usize;
        let content_here = if is_together { &body[..] } else { &[] };
        let bytes = [&before_path[..], &fields, content_here].concat();
        let start = self.start(name, bytes);
        let content = match content {
            Some(content) => address(content, 0),
            None if is_together => address(start, before_path.len() + fields.len()),
            None => address(self.program.datum(format!("content: {name}"), vec![Part::Bytes(body)], 0), 0),
        };
        let four = |value: usize| Part::Bytes((value as u32).to_le_bytes().into());
        let two = |value: usize| Part::Bytes((value as u16).to_le_bytes().into());
        let shared = if etag.is_some() { shared_offset } else { 0 };
        let parts = vec![
            address(line, 0),
            address(start, before_path.len()),
            four(fields.len()),
            content,
            four(body_bytes),
            path.map_or_else(|| four(0), |path| address(path, 0)),
            two(line_bytes),
            two(if etag.is_some() { type_offset } else { before_path.len() | query_alone }),
            two(shared),
            two(next as usize),
        ];
        debug_assert_eq!(parts.iter().map(|part| part.len_bytes(8)).sum::<u64>(), u64::from(record::BYTES));
        parts
    }

    /// The fields and the content of a reply; they follow the date, if there is room.
    pub(crate) fn start(&mut self, name: &str, bytes: Vec<u8>) -> DatumId {
        let name = format!("reply: {name}");
        match &self.beside_date {
            BesideDate::Taken(same, datum) if *same == bytes => return *datum,
            BesideDate::Free if bytes.len() <= BESIDE_DATE_BYTES => {
                let datum = self.program.writable_datum(name, vec![Part::Bytes(bytes.clone())]);
                self.beside_date = BesideDate::Taken(bytes, datum);
                return datum;
            }
            BesideDate::Free => self.beside_date = BesideDate::Closed,
            BesideDate::Taken(..) | BesideDate::Closed => {}
        }
        self.program.datum(name, vec![Part::Bytes(bytes)], 0)
    }
}

/// A reply without a content coding.
fn whole(reply: &Reply) -> Stored {
    if reply.status == 200 { wire::representation(reply, None) } else { wire::plain(reply) }
}

/// A coding's number.
fn coding(coding: Coding) -> u32 {
    match coding {
        Coding::Br => BR,
        Coding::Zstd => ZSTD,
        Coding::Gzip => GZIP,
    }
}

/// How the server finds a route's record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Routes {
    /// In a list of addresses, in the order of the routes. It ends with the fallback's, or 0.
    List(DatumId),
    /// In a table, by the hash of the path.
    Table(Table),
}

/// The table of routes: [`PerfectHash`]'s displacements, then the places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    /// The displacements, 2 bytes each.
    pub(crate) hash: DatumId,
    /// How many bytes after their beginning the places are: the address of a record, or 0.
    pub(crate) places_at: u32,
    /// What the hash begins with.
    pub(crate) seed: u32,
    /// The bucket is what is left of a hash after a shift by so many bits.
    pub(crate) bucket_shift: u8,
    /// How many places there are.
    pub(crate) places: u32,
    /// Bytes of the longest prefix, if a route is one.
    pub(crate) longest_prefix: Option<u32>,
}

/// At most so many routes are a list. Its program is shorter than one with a hash, and hardly slower: most paths differ
/// in their first bytes.
const LISTED: usize = 8;

/// Writes the list or the table of routes; none if the server has no route. `metrics` is the path of the metrics and
/// its record.
pub(crate) fn routes(
    program: &mut Program,
    server: &Server,
    records: &Records,
    metrics: Option<(&[u8], DatumId)>,
) -> Option<Routes> {
    let mut paths: Vec<Vec<u8>> = server.routes.iter().map(crate::spec::Route::key).collect();
    let mut targets: Vec<DatumId> = records.routes.clone();
    if let Some((path, record)) = metrics {
        paths.push(path.to_vec());
        targets.push(record);
    }
    if paths.is_empty() {
        return None;
    }
    let longest_prefix = server.routes.iter().filter_map(|route| Some(route.prefix()?.len() as u32)).max();
    let address = |datum: DatumId| Part::DatumAddress { datum, offset: 0 };
    if paths.len() <= LISTED && longest_prefix.is_none() {
        let end = records.fallback.map_or(Part::Bytes(vec![0; 4]), address);
        let list = targets.into_iter().map(address).chain([end]).collect();
        return Some(Routes::List(datum(program, "routes", list)));
    }
    let hash = PerfectHash::of(&paths);
    let displacements: Vec<u8> =
        hash.displacements.iter().flat_map(|displacement| displacement.to_le_bytes()).collect();
    let places_at = displacements.len() as u32;
    let mut places = vec![Part::Bytes(vec![0; 4]); hash.places as usize];
    for (path, target) in paths.iter().zip(&targets) {
        places[hash.place(path)] = address(*target);
    }
    let parts = std::iter::once(Part::Bytes(displacements)).chain(places).collect();
    let PerfectHash { seed, bucket_shift, places, .. } = hash;
    let hash = datum(program, "routes", parts);
    Some(Routes::Table(Table { hash, places_at, seed, bucket_shift, places, longest_prefix }))
}

impl Engine<'_> {
    /// The beginning of the composed reply with this status.
    pub(crate) fn beginning(&self, status: u16) -> DatumId {
        let known = self.records.beginnings.iter().find(|(known, _)| *known == status);
        known.expect("every composed status is in `COMPOSED`").1
    }
}
