//! asmgen turns the description of a tiny program into a finished Linux executable.

pub mod image;
pub mod spec;
