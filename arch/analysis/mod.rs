//! Data-flow analyses: what is known of a program without running it.
//!
//! `cfg` has the control flow across routine calls, and `liveness` the slots that are read later. `value_state` has the
//! contents of registers; `assertions` states them as claims that a test checks on real runs.
//! Invariant: every analysis is safe. Liveness may say too much, and a value state too little, but never the reverse.

pub(crate) mod assertions;
pub(crate) mod cfg;
pub(crate) mod liveness;
pub(crate) mod value_state;
