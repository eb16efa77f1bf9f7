//! Some bytes of a file without the rest. Which ones loaders look at is in `verify.rs`.

use std::io::{self, Read, Seek, SeekFrom};

/// Some bytes of a file, in parts, and its length.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// Length of the file in bytes.
    pub(super) len: u64,
    /// Offsets and bytes.
    parts: Vec<(u64, Vec<u8>)>,
}

impl Excerpt {
    /// Nothing of a file but its length.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn of_nothing(file: &mut impl Seek) -> io::Result<Self> {
        Ok(Self { len: file.seek(SeekFrom::End(0))?, parts: Vec::new() })
    }

    /// Reads so many bytes from an offset; fewer where the file ends before.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn add(&mut self, file: &mut (impl Read + Seek), offset: u64, len: u64) -> io::Result<()> {
        let mut bytes = Vec::new();
        if offset < self.len {
            file.seek(SeekFrom::Start(offset))?;
            file.take(len).read_to_end(&mut bytes)?;
            self.parts.push((offset, bytes));
        }
        Ok(())
    }

    /// The byte at an offset; none past the end, and none that was not read.
    pub(super) fn byte(&self, offset: u64) -> Option<u8> {
        let byte = |(start, bytes): &(u64, Vec<u8>)| {
            let at = usize::try_from(offset.checked_sub(*start)?).ok()?;
            bytes.get(at).copied()
        };
        self.parts.iter().find_map(byte)
    }
}
