//! The template: header bytes around the code, and what is known of them. A byte may be fixed, free, equal to other
//! bytes, or known later.
//!
//! What it does not know: which field a byte belongs to. `src/golf` makes templates from the loaders' rules.

/// A byte of the template, as the class that it belongs to: all bytes of a class have one value.
pub type ClassId = u16;

/// A byte's value as far as it is known before anything is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its value in the bits that are decided.
    pub value: u8,
    /// The bits that are decided.
    pub decided: u8,
    /// The byte stays as it is, although its value becomes known later.
    pub late: bool,
}

impl Class {
    /// The first that uses the byte decides.
    pub const FREE: Self = Self { value: 0, decided: 0, late: false };

    /// All bits are decided.
    pub const fn fixed(value: u8) -> Self {
        Self { value, decided: 0xff, late: false }
    }

    /// Known when everything is placed.
    pub const LATE: Self = Self { value: 0, decided: 0, late: true };
}

/// What a program is placed into: the file's first bytes, with holes. After them everything is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Address of the file's first byte, without the bytes that classes decide.
    pub base: u64,
    /// Bytes of that address that are classes: which byte, 0 the lowest, and its class.
    pub base_bytes: Vec<(u32, ClassId)>,
    /// The class of each byte.
    pub cells: Vec<ClassId>,
    /// The classes.
    pub classes: Vec<Class>,
    /// File offset at which execution starts.
    pub entry: u32,
    /// The file has at least so many bytes.
    pub least_bytes: u32,
}
