//! How the engine writes its program.
//!
//! ```text
//! builder    a method for each operation
//! labels     names of places and routines
//! slots      slots that routines share
//! ```

pub(super) mod builder;
pub(super) mod labels;
pub(super) mod slots;
