//! Headers of the executable: their fields, who checks which of them, and the bytes to put there.
//!
//! [`rules`] is the only statement of what a loader wants. [`overlay`] finds from it where the program headers may
//! lie, [`layout`](mod@layout) writes the bytes, and [`verify`](mod@verify) judges any file by the same rules.

mod checks;
pub mod excerpt;
pub mod fields;
pub mod layout;
pub mod loader;
pub mod overlay;
pub mod rules;
pub(crate) mod template;
pub mod verify;
pub mod view;

#[cfg(test)]
mod tests;

pub(crate) use layout::Fields;
pub use layout::{Contents, FieldBytes, Layout, Segment, Writable, header, layout};
pub use loader::{LOADERS, Loader, Tier};
pub use verify::{Outcome, Place, Refusal, Verdict, accepted_by_tier, verify, verify_file};
