//! Headers of the executable: their fields, the loaders' checks of them, and their bytes.
//!
//! [`rules`] is the only statement of what a loader demands. [`claims`](mod@claims) derives from it which bits of a
//! field count. [`overlay`] finds where the program headers may lie. [`header`](mod@header) writes the bytes, and
//! [`verify`](mod@verify) judges any file by the same rules.

mod checks;
pub mod claims;
pub mod excerpt;
pub mod fields;
pub mod header;
pub mod layout;
pub mod loader;
pub mod overlay;
pub mod rules;
pub(crate) mod template;
pub mod verify;
pub mod view;

#[cfg(test)]
mod tests;

pub(crate) use header::Fields;
pub use header::{FieldBytes, header};
pub use layout::{Contents, Layout, Segment, Writable};
pub use loader::{LOADERS, Loader, Tier};
pub use overlay::layout;
pub use verify::{Outcome, Place, Refusal, Verdict, accepted_by_tier, verify, verify_file};
