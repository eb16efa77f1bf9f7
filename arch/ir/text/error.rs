//! Why a text is no program.

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ParseError {
    /// The line's number, from 1 up.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}
