//! Passes over operations, before registers are assigned: each makes another program of a program. Their order is in
//! `pipeline.rs`.

pub(crate) mod inline;
pub(crate) mod jump_threading;
pub(crate) mod narrow;
pub(crate) mod promote;
pub(crate) mod stack_slots;
pub(crate) mod webs;
