//! A folder as a site: what is served for which path, without a byte of any program and without a network.
//!
//! ```text
//! folder ──► Files: paths, contents ──► entries, contents by digest ──┐
//!            walk                       content, types, sidecars      ├──► Table ──► Answer
//! _redirects ─► rules        redirects                                │    table     answer
//! _headers ───► blocks       headers                                  │    lookup
//! Settings ───► html, spa, base, immutable                            ┘    check
//! ```
//!
//! [`read`] is a pure function from files and [`Settings`] to a [`Table`]. [`Table::answer`] states the rules of
//! docs/site.md for one request. Contents stay where they are: a table knows their paths, lengths and digests.
//!
//! ```
//! use asmgen::site::{Memory, Settings, read};
//!
//! let files = [("about.html", "<p>We"), ("_redirects", "/us /about")];
//! let files = files.map(|(path, content)| (path.into(), content.into()));
//! let table = read(&Memory { files: files.into() }, &Settings::default())?;
//! assert_eq!(table.answer(b"/about").status, 200);
//! assert_eq!(table.answer(b"/us?x").location.unwrap(), b"/about?x");
//! # Ok::<(), asmgen::site::Faults>(())
//! ```

mod answer;
mod check;
mod content;
mod faults;
mod files;
mod headers;
mod hosts;
mod immutable;
pub mod limits;
mod links;
mod lookup;
mod names;
mod note;
mod read;
mod redirects;
mod rules_text;
mod settings;
mod sidecars;
mod spa;
mod table;
mod target;
mod types;
mod walk;

pub use answer::Answer;
pub use content::Content;
pub use faults::Faults;
pub(crate) use faults::unread;
pub use files::{Files, Listing, Memory, Unread};
pub use headers::{Block, Change, Field, Paths, kept_in_304};
pub use hosts::Hosts;
pub use lookup::{Derivation, Lookup};
pub use names::{ENCODED_SLASH, encoded_path, shown};
pub use note::Note;
pub use read::read;
pub use redirects::{Match, Pattern, Piece, Rule, RuleSet, Segment, To};
pub use settings::{Html, Settings};
pub use sidecars::Variant;
pub use spa::Spa;
pub use table::{Entry, Key, Table};
pub use target::BadTarget;
pub use walk::Disk;
