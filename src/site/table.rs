//! The table of a site: everything that an engine looks a request up in, and nothing of its contents.
//!
//! What depends on a file's path alone is computed beforehand. This is which paths lead to it ([`Lookup`]), and which
//! fields each reply has ([`Table::profiles`]). What depends on the request's path is kept as data: rules, blocks of
//! fields, folders with a `404.html`, extensions of assets. The order is fixed, so the same files give the same table.

use std::collections::BTreeMap;

use super::content::Content;
use super::headers::{Block, Field};
use super::lookup::Lookup;
use super::note::Note;
use super::redirects::RuleSet;
use super::sidecars::Variant;
use super::spa::Spa;

/// A file that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path in the folder.
    pub path: Vec<u8>,
    /// The number of its content.
    pub content: usize,
    /// The value of `Content-Type` where no block of `_headers` says otherwise.
    pub content_type: String,
    /// Does its content never change, so that browsers may keep it?
    pub is_immutable: bool,
    /// Compressed contents that lie beside it.
    pub variants: Vec<Variant>,
}

/// What a path of the site leads to, and the fields of its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The file, and how the path is derived from its path.
    pub lookup: Lookup,
    /// The number of the fields; nothing for a redirect.
    pub profile: Option<usize>,
}

/// A site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The path that it is at, decoded, without a slash at its end.
    pub base: Vec<u8>,
    /// Files, by their paths.
    pub entries: Vec<Entry>,
    /// Contents; files with the same bytes share one. In the order of the first file that has each.
    pub contents: Vec<Content>,
    /// What each path without a rule leads to, from the slash on.
    pub keys: BTreeMap<Vec<u8>, Key>,
    /// Fields that replies have, each list once.
    pub profiles: Vec<Vec<Field>>,
    /// Rules that apply whatever files there are.
    pub forced: RuleSet,
    /// Rules for paths that lead to no file.
    pub rules: RuleSet,
    /// Fields by path.
    pub blocks: Vec<Block>,
    /// Folders with a page for what is not found, from slash to slash, and the number of the page.
    pub not_found: BTreeMap<Vec<u8>, usize>,
    /// The application shell.
    pub spa: Option<Spa>,
    /// What the author should know.
    pub notes: Vec<Note>,
}

impl Table {
    /// The number of the file that a canonical path leads to, itself or by one redirect.
    pub(super) fn file_of(&self, path: &[u8]) -> Option<usize> {
        self.keys.get(path).map(|key| key.lookup.entry)
    }

    /// The number of the nearest page for what is not found: of the path's folder, or of one that this is in.
    pub(super) fn nearest_not_found(&self, path: &[u8]) -> Option<usize> {
        let ends = (0..path.len()).rev().filter(|&at| path[at] == b'/');
        ends.map(|slash| &path[..=slash]).find_map(|folder| self.not_found.get(folder)).copied()
    }

    /// Bytes of all contents.
    pub fn bytes(&self) -> u64 {
        self.contents.iter().map(|content| content.bytes).sum()
    }
}
