//! asmgen turns the description of a tiny program into a finished Linux executable, and the OCI image around it.

pub mod canvas;
mod compile;
pub mod deploy;
pub mod elf;
pub mod examples;
mod fill;
pub mod image;
pub mod listing;
pub mod lower;
pub mod oci;
pub mod sizes;
pub mod spec;

pub use asmgen_arch::{TARGETS, Target};
pub use compile::{BuildError, Options, build};
pub use image::{Claim, Image, Owner};
