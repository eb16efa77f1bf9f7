//! asmgen turns the description of a tiny program into a finished Linux executable, and the OCI image around it.
//!
//! ```text
//! spec ──► Description ──► ops (lowered once) ──► instructions ──► Canvas ──► Image { bytes, byte map }
//!          spec            lower                  asmgen_arch      compile      │
//!                                                                               ├──► listing, sizes
//!                                                 elf: header fields, loaders ──┤
//!                                                                               └──► oci, deploy
//! ```
//!
//! This crate knows what is served and where bytes go; the crate `asmgen_arch` knows how a machine does it.
//!
//! A spec in TOML, or a description that a program makes ([`spec::Server`]), becomes an executable ([`build`]) or an
//! image for several machines ([`image`](fn@image)):
//!
//! ```
//! let description = asmgen::spec::from_toml("program = 'pause'", std::path::Path::new("pause.toml"))?;
//! let image = asmgen::build(&description, asmgen::Options::new(&asmgen::X86_64))?;
//! assert!(image.bytes.len() < 200);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The feature `cli`, on by default, is the command line; the library needs nothing of it.

pub mod canvas;
mod compile;
mod compress;
mod data;
mod date;
pub mod deploy;
mod dump;
pub mod elf;
mod error;
pub mod examples;
mod fill;
pub mod golf;
pub mod image;
pub mod listing;
pub mod lower;
pub mod oci;
mod options;
mod pack;
mod parallel;
mod perfect_hash;
pub mod site;
pub mod sizes;
pub mod spec;

pub use asmgen_arch::pass::Pass;
pub use asmgen_arch::target::{AARCH64, I386, X86_64};
pub use asmgen_arch::{Content, Known, TARGETS, Target, op, syscall};
pub use compile::{assemble, assemble_with_assertions, build, build_all, build_watched};
pub use dump::dump;
pub use error::BuildError;
pub use image::{Claim, Image, Load, Owner};
pub use options::{Builder, Effort, Options};
pub use pack::{ImageError, image};
