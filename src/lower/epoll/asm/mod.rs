//! How the engine writes its program: short names for the operations, and the slots that routines share.

pub(super) mod builder;
pub(super) mod labels;
pub(super) mod slots;
