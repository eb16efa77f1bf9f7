//! The intermediate representation: ISA-neutral operations on slots (virtual registers), the data they read and write,
//! the system calls they make, and the text form of all that. It knows the targets' facts and nothing else of the crate.

pub(crate) mod data;
pub(crate) mod data_table;
pub mod op;
mod program;
mod reference;
pub mod syscall;
pub mod text;
mod visit;

pub use reference::{Place, Ref};
pub(crate) use visit::{in_frame, rename};
