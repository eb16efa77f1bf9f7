//! Machine code: selected instructions on their way to bytes. Which instruction set it is, is not known here.

pub(crate) mod block_order;
pub(crate) mod blocks;
pub(crate) mod branch_chains;
pub(crate) mod code;
pub(crate) mod inst;
mod jumps;
mod size_model;
pub(crate) mod tail_merge;
pub(crate) mod text;
