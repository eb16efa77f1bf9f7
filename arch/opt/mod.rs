//! Passes over operations before register allocation: each makes a new program from a program. `pipeline.rs` has their
//! order.

pub(crate) mod inline;
pub(crate) mod jump_threading;
pub(crate) mod narrow;
pub(crate) mod promote;
pub(crate) mod stack_slots;
pub(crate) mod webs;
