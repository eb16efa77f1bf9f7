//! What is known of a program without running it: which slots are wanted where, and what registers hold.

pub(crate) mod assertions;
pub(crate) mod cfg;
pub(crate) mod liveness;
pub(crate) mod value_state;
