//! How a machine does an operation. Knows no protocol, no file format: it turns ISA-neutral ops into
//! instructions with their bytes, and bytes back into text through a decoder of another make.

pub mod aarch64;
pub mod i386;
pub mod target;
pub mod x86_64;

pub use target::{Class, Machine, TARGETS, Target};
