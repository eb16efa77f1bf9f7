//! The text form of a program: [`Display`](std::fmt::Display) prints it, and [`FromStr`](std::str::FromStr) reads it
//! back. The program is the same then: slots, labels and data have the same numbers. docs/ir.md describes it.
//!
//! ```
//! use asmgen_arch::op::Program;
//! let text = r#"data message = "Hello, world!\n"
//!
//!     write(fd: 1, buf: &message, count: 14)          # greet
//!     exit(status: 0)                                 # done
//! "#;
//! let program: Program = text.parse()?;
//! assert_eq!(program.insts.len(), 2);
//! assert_eq!(program.to_string(), text);
//! # Ok::<(), asmgen_arch::text::ParseError>(())
//! ```
//!
//! What it does not know: whether a program makes sense. A jump to a label that is never placed is read as it is.

mod data;
mod error;
mod header;
mod lex;
mod names;
mod parse;
mod print;
mod statement;
mod words;

#[cfg(test)]
mod tests;

pub use error::ParseError;
pub(crate) use print::Names;
