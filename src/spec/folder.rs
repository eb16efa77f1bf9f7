//! A folder as a server: what its table says of each path becomes a route.
//!
//! A table answers any path, but a server has a reply for each of some paths, for each of some prefixes, and for
//! everything else. So [`Table::answer`] is asked for each path with a file or a rule, for each prefix that changes a
//! reply, and for a path that nothing is known of. What no route can say is an error here: a `Location`
//! with a part of the request's path, and a pattern of segments.
//! Not kept: a block of `_headers` with a `*` before its end, for paths without a file.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::content_type::BARE_TEXT;
use super::description::{About, Coding, Description, Engine, Program, Reply, Route, Server, Variant};
use super::engine::Slashes;
use super::{SpecError, health, name};
use crate::site::{self, Answer, Disk, Files, Rule, RuleSet, Segment, Settings, Table, Unread};

const CONTENT_TYPE: &str = "Content-Type";
const CACHE_CONTROL: &str = "Cache-Control";
/// A name that no file has where a reply for everything else is wanted: a control character.
const NO_NAME: &[u8] = b"\x01";
/// Types of text beside `text/…`, which compress well.
const TEXT_TYPES: [&str; 6] =
    ["javascript", "json", "xml", "image/svg", "application/wasm", "application/vnd.ms-fontobject"];

/// The server of a folder, with every default.
///
/// # Errors
/// The first fault of the folder; what routes cannot say.
pub(super) fn read(folder: &Path, engine: Option<Engine>) -> Result<Description, SpecError> {
    if engine.is_some_and(|engine| engine != Engine::Epoll) {
        let what = format!("a folder needs the engine {:?}", Engine::Epoll.name());
        return Err(SpecError::of_file(folder, what, "leave the engine out, or write a spec with a [[route]] each"));
    }
    let disk = Disk { folder: folder.to_path_buf() };
    let table = site::read(&disk, &Settings::default()).map_err(|faults| first(&faults, folder))?;
    let server = Folder { files: &disk, table: &table, contents: RefCell::default() }.server()?;
    let canonical = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let name = name::from_path(&canonical);
    let about = About { title: name.clone(), ..About::default() };
    Ok(Description { name, about, program: Program::Server(server) })
}

/// The first fault; `asmgen check` prints all of them.
fn first(faults: &site::Faults, folder: &Path) -> SpecError {
    let first = faults.iter().next().cloned();
    first.unwrap_or_else(|| SpecError::of_file(folder, "cannot be served", "look at it with asmgen check"))
}

struct Folder<'t> {
    files: &'t dyn Files,
    table: &'t Table,
    /// Contents that were read, by their numbers: the paths of a page share one.
    contents: RefCell<BTreeMap<usize, Arc<[u8]>>>,
}

impl Folder<'_> {
    fn server(&self) -> Result<Server, SpecError> {
        for (rule, line) in self.rules() {
            self.can_be_routes(rule, line)?;
        }
        let elsewhere = [b"/", NO_NAME].concat();
        let fallback_answer = self.table.answer(&target(&elsewhere));
        let mut server = Server { fallback: self.reply(&elsewhere, &fallback_answer)?, ..Server::default() };
        server.epoll.slashes = Slashes::Merged;
        for path in self.paths() {
            let answer = self.table.answer(&target(&path));
            server.routes.push(Route { path: text(&path), reply: self.reply(&path, &answer)? });
        }
        // From short to long: a prefix is needed where its reply differs from that of the longest one around it.
        let mut kept: Vec<(Vec<u8>, Answer)> = Vec::new();
        for prefix in self.prefixes() {
            let path = [&prefix, NO_NAME].concat();
            let answer = self.table.answer(&target(&path));
            let around = kept.iter().rev().find(|(other, _)| prefix.starts_with(other));
            if *around.map_or(&fallback_answer, |(_, answer)| answer) == answer {
                continue;
            }
            server.routes.push(Route { path: text(&prefix) + "*", reply: self.reply(&path, &answer)? });
            kept.push((prefix, answer));
        }
        let healthcheck = health::default(&server).unwrap_or(health::ROOT).to_owned();
        server.epoll.healthcheck = healthcheck;
        Ok(server)
    }

    /// All rules with their lines.
    fn rules(&self) -> impl Iterator<Item = (&Rule, usize)> {
        let sets: [&RuleSet; 2] = [&self.table.forced, &self.table.rules];
        sets.into_iter().flat_map(|set| set.rules.iter().zip(set.lines.iter().copied()))
    }

    /// Can routes say what this rule says?
    fn can_be_routes(&self, rule: &Rule, line: usize) -> Result<(), SpecError> {
        let has_names = rule.from.segments.iter().any(|segment| matches!(segment, Segment::Named(_)));
        if !has_names && rule.to.is_constant() {
            return Ok(());
        }
        let what = format!("line {line}, `{rule}`: servers of folders do not match parts of a path yet");
        let fix = "write a line for each path, or end the rule's first path with /* and its second without :splat";
        Err(SpecError::of_file(&self.files.name().join("_redirects"), what, fix))
    }

    /// Paths with a reply of their own.
    fn paths(&self) -> BTreeSet<Vec<u8>> {
        let mut paths: BTreeSet<Vec<u8>> = self.table.keys.keys().cloned().collect();
        for (rule, _) in self.rules() {
            let path = fixed(rule);
            // A slash at the end makes no difference to a rule; the root is a slash alone.
            if !path.is_empty() && !rule.from.has_splat {
                paths.insert([&path, &b"/"[..]].concat());
            }
            paths.insert(if path.is_empty() { b"/".to_vec() } else { path });
        }
        paths
    }

    /// Prefixes, each with its slash, under which a path without a file may have another reply than elsewhere; short
    /// ones first.
    fn prefixes(&self) -> Vec<Vec<u8>> {
        let rules = self.rules().map(|(rule, _)| rule).filter(|rule| rule.from.has_splat);
        let rules = rules.map(|rule| [&fixed(rule), &b"/"[..]].concat());
        let blocks = self.table.blocks.iter().filter(|block| block.paths.after.as_ref().is_some_and(Vec::is_empty));
        let blocks = blocks.map(|block| block.paths.before.clone()).filter(|before| before.ends_with(b"/"));
        let all: BTreeSet<Vec<u8>> = self.table.not_found.keys().cloned().chain(rules).chain(blocks).collect();
        let mut all: Vec<Vec<u8>> = all.into_iter().filter(|prefix| prefix != b"/").collect();
        all.sort_by_key(Vec::len);
        all
    }

    /// The reply to a path for which the table has this answer.
    fn reply(&self, path: &[u8], answer: &Answer) -> Result<Reply, SpecError> {
        let mut reply = match (answer.entry, &answer.location) {
            (_, Some(location)) => self.redirect(path, answer.status, location)?,
            (Some(entry), None) => self.file(answer.status, entry)?,
            (None, None) => Reply::not_found(),
        };
        for (name, value) in answer.fields.iter().cloned() {
            if name.eq_ignore_ascii_case(CONTENT_TYPE) {
                reply.content_type = value;
            } else if name.eq_ignore_ascii_case(CACHE_CONTROL) {
                reply.cache = Some(value);
            } else {
                reply.fields.push((name, value));
            }
        }
        reply.compress = reply.status == 200 && is_text(&reply.content_type);
        Ok(reply)
    }

    /// A redirect, with the request's query if that makes a difference.
    fn redirect(&self, path: &[u8], status: u16, location: &[u8]) -> Result<Reply, SpecError> {
        const QUERY: &[u8] = b"?q";
        let asked = self.table.answer(&[&target(path), QUERY].concat()).location.unwrap_or_default();
        let location = String::from_utf8_lossy(location).into_owned();
        let body = format!("{location}\n");
        let keeps = if asked == location.as_bytes() {
            ""
        } else if asked == [location.as_bytes(), QUERY].concat() {
            "{{query}}"
        } else {
            let what = format!("{} leads to {location}, with the query before the fragment", text(path));
            let fix = "give the rule a query of its own, or leave the fragment out";
            return Err(SpecError::of_file(&self.files.name().join("_redirects"), what, fix));
        };
        Ok(Reply { location: Some(location + keeps), ..Reply::new(status, BARE_TEXT, body) })
    }

    /// A file with the variants beside it.
    fn file(&self, status: u16, entry: usize) -> Result<Reply, SpecError> {
        let entry = &self.table.entries[entry];
        let content = self.content(entry.content)?;
        let mut reply = Reply { body: content, ..Reply::new(status, &entry.content_type, Vec::new()) };
        if status == 200 {
            for variant in &entry.variants {
                let body = self.content(variant.content)?.to_vec();
                reply.variants.push(Variant { coding: variant.coding, body });
            }
            reply
                .variants
                .sort_by_key(|variant: &Variant| Coding::ALL.iter().position(|&coding| coding == variant.coding));
        }
        Ok(reply)
    }

    fn content(&self, number: usize) -> Result<Arc<[u8]>, SpecError> {
        if let Some(known) = self.contents.borrow().get(&number) {
            return Ok(Arc::clone(known));
        }
        let content = &self.table.contents[number];
        let bytes = self
            .files
            .content(&content.path)
            .and_then(|bytes| if bytes.len() as u64 == content.bytes { Ok(bytes) } else { Err(Unread::Changed) });
        let bytes: Arc<[u8]> = bytes.map_err(|why| site::unread(self.files, &content.path, &why))?.into();
        self.contents.borrow_mut().insert(number, Arc::clone(&bytes));
        Ok(bytes)
    }
}

/// The first path of a rule without names of segments, up to a last `*`.
fn fixed(rule: &Rule) -> Vec<u8> {
    let segments = rule.from.segments.iter().map(|segment| match segment {
        Segment::Literal(bytes) => [b"/", bytes.as_slice()].concat(),
        Segment::Named(_) => unreachable!("rules with names are refused"),
    });
    segments.flatten().collect()
}

/// A path as a request has it.
fn target(path: &[u8]) -> Vec<u8> {
    site::encoded_path(path).into_bytes()
}

/// A path as a route has it: an asterisk would be a pattern.
fn text(path: &[u8]) -> String {
    site::encoded_path(path).replace('*', "%2A")
}

/// Does content of this type get smaller when it is compressed?
fn is_text(content_type: &str) -> bool {
    content_type.starts_with("text/") || TEXT_TYPES.iter().any(|text| content_type.contains(text))
}
