//! `_headers`: header fields by path.
//!
//! A line with a path, then indented lines `Name: value`, or `! Name` to remove a field. All blocks that match a path
//! apply, in order. `parse` reads them, `apply` says which fields a reply has. The printed form of a block is read as
//! the same block.

mod apply;
mod parse;

use std::fmt;

use super::rules_text::write_decoded;

pub use apply::{Field, kept_in_304};
pub(super) use apply::{NO_CACHE, Reply, fields};
pub(super) use parse::parse;

/// Paths that a block applies to: one, or all with this beginning and this end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Bytes before the `*`, or the whole path, decoded.
    pub before: Vec<u8>,
    /// Bytes after the `*`, if there is one.
    pub after: Option<Vec<u8>>,
}

/// What a block does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Adds a value.
    Set {
        /// The field's name, as written.
        name: String,
        /// Its value: visible ASCII and spaces.
        value: String,
    },
    /// Takes a field away.
    Remove {
        /// The field's name, as written.
        name: String,
    },
}

/// A path with its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The paths.
    pub paths: Paths,
    /// What happens, in order.
    pub changes: Vec<Change>,
}

impl Paths {
    /// Does it apply to a canonical path?
    pub fn matches(&self, path: &[u8]) -> bool {
        match &self.after {
            None => self.before == path,
            Some(after) => path.strip_prefix(self.before.as_slice()).is_some_and(|rest| rest.ends_with(after)),
        }
    }
}

impl fmt::Display for Paths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        // A colon at the start of a segment would be a name, which there are none of here.
        let written = |bytes: &[u8], out: &mut String| write_decoded(bytes, &['*', ':'], out);
        written(&self.before, &mut out);
        if let Some(after) = &self.after {
            out.push('*');
            written(after, &mut out);
        }
        f.write_str(&out)
    }
}

/// As lines of `_headers`.
impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.paths)?;
        self.changes.iter().try_for_each(|change| match change {
            Change::Set { name, value } => writeln!(f, "  {name}: {value}"),
            Change::Remove { name } => writeln!(f, "  ! {name}"),
        })
    }
}
