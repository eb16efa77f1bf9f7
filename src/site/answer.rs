//! What a site replies to a request, looked up in its table. docs/site.md has the order as prose.

use super::headers::{Field, NO_CACHE, Reply, fields};
use super::immutable::IMMUTABLE;
use super::lookup::short_path;
use super::names::encoded;
use super::redirects::{Match, query_as_sent};
use super::table::Table;
use super::target::{BadTarget, Target, canonical};

/// Of the built-in reply to paths that lead nowhere.
const BARE_TEXT: &str = "text/plain";

const OK: u16 = 200;
/// Where a path leads to the short path of its file: permanent, and with the same method.
const PERMANENT: u16 = 308;
const BAD_REQUEST: u16 = 400;
const NOT_FOUND: u16 = 404;
const URI_TOO_LONG: u16 = 414;

/// A reply, but for what depends on the method, conditions, ranges and codings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The number of the file that is its content.
    pub entry: Option<usize>,
    /// The value of `Location`.
    pub location: Option<Vec<u8>>,
    /// Its fields, without those that the server writes itself.
    pub fields: Vec<Field>,
}

impl Answer {
    fn bare(status: u16) -> Self {
        Self { status, entry: None, location: None, fields: Vec::new() }
    }

    fn redirect(status: u16, location: Vec<u8>) -> Self {
        Self { location: Some(location), ..Self::bare(status) }
    }

    /// A redirect that follows from the files: caches ask again, since files come and go.
    fn structural(location: Vec<u8>) -> Self {
        let fields = vec![("Cache-Control".to_owned(), NO_CACHE.to_owned())];
        Self { fields, ..Self::redirect(PERMANENT, location) }
    }

    /// Has it an `ETag`, conditions and ranges? Only a 200 with a file has.
    pub fn has_validators(&self) -> bool {
        self.status == OK && self.entry.is_some()
    }

    /// The value of one of its fields.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl Table {
    /// The reply to a request with this target.
    pub fn answer(&self, target: &[u8]) -> Answer {
        let target = match Target::of(target) {
            Ok(target) => target,
            Err(BadTarget::Malformed) => return Answer::bare(BAD_REQUEST),
            Err(BadTarget::TooLong) => return Answer::bare(URI_TOO_LONG),
        };
        match target.path.strip_prefix(self.base.as_slice()) {
            Some(path) if path.starts_with(b"/") => self.reply(path, target.query),
            Some([]) => Answer::structural(self.located(b"/", target.query)),
            _ => Answer { fields: plain_fields(), ..Answer::bare(NOT_FOUND) },
        }
    }

    /// The reply to a canonical path of the site.
    fn reply(&self, path: &[u8], query: &[u8]) -> Answer {
        if let Some(found) = self.forced.find(path) {
            return self.by_rule(&found, path, query);
        }
        if let Some(key) = self.keys.get(path) {
            let entry = key.lookup.entry;
            return if let Some(profile) = key.profile {
                Answer { entry: Some(entry), fields: self.profiles[profile].clone(), ..Answer::bare(OK) }
            } else {
                let short = short_path(&self.entries[entry].path).expect("only pages have redirects");
                Answer::structural(self.located(&short, query))
            };
        }
        if let Some(found) = self.rules.find(path) {
            return self.by_rule(&found, path, query);
        }
        match &self.spa {
            Some(spa) if spa.is_page(path) => self.with_file(OK, spa.entry, path),
            _ => self.not_found(path),
        }
    }

    /// A path of the site as a `Location`, with the request's query.
    fn located(&self, path: &[u8], query: &[u8]) -> Vec<u8> {
        [encoded(&self.base), encoded(path), query_as_sent(query)].concat()
    }

    fn by_rule(&self, found: &Match<'_, '_>, path: &[u8], query: &[u8]) -> Answer {
        let rule = found.rule;
        if rule.is_redirect() {
            return Answer::redirect(rule.status, rule.location(&found.captures, &self.base, query));
        }
        let file = path_of(&rule.to.with(&found.captures)).and_then(|to| self.file_of(&to));
        file.map_or_else(|| self.not_found(path), |entry| self.with_file(rule.status, entry, path))
    }

    /// A file in the place of what the path names.
    fn with_file(&self, status: u16, entry: usize, path: &[u8]) -> Answer {
        let content_type = &self.entries[entry].content_type;
        let reply = Reply { path, content_type, cache: NO_CACHE, is_own: false };
        Answer { entry: Some(entry), fields: fields(reply, self.blocks.iter()), ..Answer::bare(status) }
    }

    fn not_found(&self, path: &[u8]) -> Answer {
        if let Some(entry) = self.nearest_not_found(path) {
            return self.with_file(NOT_FOUND, entry, path);
        }
        let reply = Reply { path, content_type: BARE_TEXT, cache: NO_CACHE, is_own: false };
        Answer { fields: fields(reply, self.blocks.iter()), ..Answer::bare(NOT_FOUND) }
    }

    /// The fields of a file at one of its own paths.
    pub(super) fn own_fields(&self, entry: usize, path: &[u8]) -> Vec<Field> {
        let entry = &self.entries[entry];
        let cache = if entry.is_immutable { IMMUTABLE } else { NO_CACHE };
        let reply = Reply { path, content_type: &entry.content_type, cache, is_own: true };
        fields(reply, self.blocks.iter())
    }
}

/// The fields of a reply outside of the base, where the site's own blocks do not count.
fn plain_fields() -> Vec<Field> {
    let reply = Reply { path: b"", content_type: BARE_TEXT, cache: NO_CACHE, is_own: false };
    fields(reply, std::iter::empty())
}

/// The canonical path of where a rule leads, without query and fragment.
pub(super) fn path_of(to: &[u8]) -> Option<Vec<u8>> {
    let end = to.iter().position(|byte| b"?#".contains(byte)).unwrap_or(to.len());
    canonical(&to[..end]).ok()
}
