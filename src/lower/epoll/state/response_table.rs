//! Replies in memory: their bytes, their records, and the table of routes.

use asmgen_arch::op::{DatumId, Part, Program};

use crate::lower::epoll::Engine;
use crate::lower::epoll::state::memory_map::LONG_BYTES;
use crate::lower::wire;
use crate::lower::wire::Stored;
use crate::spec::{Coding, Reply, Route, Server};

/// A record of a stored reply.
pub(crate) mod record {
    /// Address of the status line.
    pub(crate) const STATUS_LINE: u32 = 0;
    /// Address and length of the fields behind those that every reply has, with the empty line.
    pub(crate) const START: u32 = 4;
    pub(crate) const HEAD: u32 = 8;
    /// Address and length of the content.
    pub(crate) const BODY: u32 = 12;
    pub(crate) const BODY_LEN: u32 = 16;
    /// Address of the route's path, ended by a NUL.
    pub(crate) const PATH: u32 = 20;
    /// Length of the status line; where the fields of a 206 begin; where those of a 304 do (0: no representation, and what
    /// is 206's is the length of what stands before the fields, in front of the request's path); and
    /// the next variant's coding, 2 bytes each.
    pub(crate) const LINE: u32 = 24;
    pub(crate) const TYPE: u32 = 26;
    pub(crate) const SHARED: u32 = 28;
    pub(crate) const CODING: u32 = 30;
    /// Bytes of a record; a variant stands right behind the one before it.
    pub(crate) const BYTES: u32 = 32;
}

/// How a reply begins that is put together when it is wanted.
pub(crate) mod beginning {
    /// How far behind it the format of its composed fields is.
    pub(crate) const FORMAT: u32 = 0;
    /// Length of its status line without the version, and where that begins; the content of a refusal is the end of it.
    pub(crate) const LINE_LEN: u32 = 1;
    pub(crate) const LINE: u32 = 2;
}

/// From the end of the head: where the entity tag begins, in bytes.
pub(crate) const ETAG_BEFORE_END: i32 = wire::ETAG_TO_END_BYTES as i32;
/// Bytes of the line with the date of a representation.
pub(crate) const LAST_MODIFIED_BYTES: u32 = wire::LAST_MODIFIED_BYTES as u32;
/// Bytes of an entity tag with its quotes; of what stands before a status; of the line with the date; where in it the date
/// begins, and its bytes.
pub(crate) const ETAG_BYTES: u32 = wire::ETAG_BYTES as u32;
pub(crate) const VERSION_BYTES: u32 = wire::VERSION.len() as u32;
pub(crate) const DATE_LINE_BYTES: u32 = wire::DATE_LINE_BYTES as u32;
pub(crate) const DATE_AT: u32 = wire::DATE_AT as u32;
pub(crate) const DATE_BYTES: u32 = wire::DATE_BYTES as u32;

/// Numbers of the codings; those of variants come first.
pub(crate) const BR: u32 = 1;
pub(crate) const ZSTD: u32 = 2;
pub(crate) const GZIP: u32 = 3;

/// What a path's byte adds to the hash: `hash * FACTOR + byte`.
pub(crate) const HASH_FACTOR: u32 = 31;

/// Replies that are put together when they are wanted: 206 and 304 of a stored reply; the others, which no spec describes,
/// have all but their status line and the composed fields in common. Each with what of the format is left out that follows
/// the replies of its kind.
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

/// The end of a 416's fields is what other refusals have; what is behind it, nothing, is what a 304 has.
const LENGTH_AT: usize = wire::UNSATISFIED_RANGE.len() - wire::LENGTH.len();

/// The status of a path that no route has, unless the spec says otherwise.
pub(crate) const NOT_FOUND: u16 = 404;

/// All records.
pub(crate) struct Records {
    /// The routes', in their order.
    routes: Vec<DatumId>,
    /// The fallback's; none if it is the refusal that it is by default.
    pub(crate) fallback: Option<DatumId>,
    /// How those begin that are put together, by their status; and the record of what refusals have in common.
    beginnings: Vec<(u16, DatumId)>,
    pub(crate) refused: DatumId,
    /// Where the end of what refusals have in common begins, which is all of it that a reply without content has.
    pub(crate) no_content_at: u32,
    /// How most replies begin; the line with the date after it, so that both are sent as one; and what comes after the date
    /// of a 408, with its bytes.
    pub(crate) ok: DatumId,
    pub(crate) date_line: DatumId,
    pub(crate) late: DatumId,
    pub(crate) late_bytes: u32,
}

impl Records {
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

/// How the composed replies begin, by their status, and the formats of their fields, each ended by a NUL: all of it is one
/// datum, for a beginning tells how far behind it its format is. [`NOT_FOUND`] is among them if the fallback is a refusal.
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

/// The record of a reply that no spec describes, and whose content is written to; and that content.
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

/// The first reply stands right after the date in memory, so one vector sends all of it, if it has at most so many bytes:
/// what is writable must be shorter than what is sent from the file.
const BESIDE_DATE_BYTES: usize = 32 * 1024;

fn datum(program: &mut Program, name: &str, parts: Vec<Part>) -> DatumId {
    let datum = program.datum(name, parts, 0);
    program.align(datum, 4);
    datum
}

/// What stands beside the date.
enum BesideDate {
    /// Nothing yet: the first reply will, if it is short enough.
    Free,
    /// These bytes, in this datum.
    Taken(Vec<u8>, DatumId),
    /// Nothing.
    Closed,
}

/// Writes replies and their records.
struct Writer<'p> {
    program: &'p mut Program,
    ok: DatumId,
    beside_date: BesideDate,
}

impl Writer<'_> {
    /// A reply with its variants: one record after the other, the variant of the fewest bytes first.
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

    /// The parts of a record. Content that nobody else has placed stands behind its fields, so that both are sent as one; a
    /// long one lies by itself.
    fn one(
        &mut self,
        name: &str,
        stored: Stored,
        content: Option<DatumId>,
        path: Option<DatumId>,
        next: u32,
    ) -> Vec<Part> {
        let Stored { status_line, before_path, fields, content: body, type_offset, shared_offset, etag } = stored;
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
            two(if etag.is_some() { type_offset } else { before_path.len() }),
            two(shared),
            two(next as usize),
        ];
        debug_assert_eq!(parts.iter().map(|part| part.len_bytes(8)).sum::<u64>(), u64::from(record::BYTES));
        parts
    }

    /// The fields and the content of a reply: beside the date, if there is room.
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

/// A route's or the fallback's own reply.
fn whole(reply: &Reply) -> Stored {
    if reply.status == 200 { wire::representation(reply, None) } else { wire::plain(reply) }
}

fn coding(coding: Coding) -> u32 {
    match coding {
        Coding::Br => BR,
        Coding::Zstd => ZSTD,
        Coding::Gzip => GZIP,
    }
}

/// The records of routes, and how one is found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Routes {
    /// One address behind the other, in the order of the routes, then the fallback's or 0.
    List(DatumId),
    /// By the hash of the path.
    Table(Table),
}

/// The table of routes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    /// The address of each place's record.
    pub(crate) places: DatumId,
    /// The hash's beginning, what of its lower bits is left out, and which bits are the place.
    pub(crate) seed: u32,
    pub(crate) shift: u8,
    pub(crate) mask: u32,
    /// Bytes of the longest prefix, if there is any.
    pub(crate) longest_prefix: Option<u32>,
}

/// So many routes are compared one after the other, which takes fewer bytes than a hash: most paths differ from another
/// one in their first bytes.
const LISTED: usize = 8;

/// Seeds that are tried for a table without collisions; with one, the next place is taken.
const SEEDS: u32 = 4096;

/// Lower bits of a hash that are left out: they are the last byte's.
const SHIFT: u8 = 3;

fn hash(seed: u32, path: &[u8]) -> u32 {
    let bytes = path.iter().chain([&0]);
    bytes.fold(seed, |hash, &byte| hash.wrapping_mul(HASH_FACTOR).wrapping_add(u32::from(byte))) >> SHIFT
}

/// The places of these paths, one after the other, with a given seed; and how many had to go on to the next one.
fn places(seed: u32, mask: u32, paths: &[Vec<u8>]) -> (Vec<usize>, usize) {
    let mut taken = vec![false; mask as usize + 1];
    let mut moved = 0;
    let place = |path: &Vec<u8>| {
        let mut at = hash(seed, path) & mask;
        while taken[at as usize] {
            at = (at + 1) & mask;
            moved += 1;
        }
        taken[at as usize] = true;
        at as usize
    };
    (paths.iter().map(place).collect(), moved)
}

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
    let mask = (2 * paths.len() as u32).next_power_of_two() - 1;
    let seed = (0..SEEDS).min_by_key(|&seed| places(seed, mask, &paths).1).expect("there are seeds");
    let (places, _) = places(seed, mask, &paths);
    let mut parts = vec![Part::Bytes(vec![0; 4]); mask as usize + 1];
    for (place, target) in places.into_iter().zip(&targets) {
        parts[place] = address(*target);
    }
    let table = datum(program, "routes", parts);
    Some(Routes::Table(Table { places: table, seed, shift: SHIFT, mask, longest_prefix }))
}

impl Engine<'_> {
    /// How a reply begins that is put together.
    pub(crate) fn beginning(&self, status: u16) -> DatumId {
        let known = self.records.beginnings.iter().find(|(known, _)| *known == status);
        known.expect("each of them has a status line").1
    }
}
