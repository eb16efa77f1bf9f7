//! The bytes of a file that loaders look at, read without the rest: a file of some GB is judged at once.

use std::io::{self, Read, Seek, SeekFrom};

use super::fields::PT_INTERP;
use super::view::View;

/// The beginning of a file, in which most files have their program headers too.
const HEAD_BYTES: u64 = 4096;

/// Some bytes of a file, in parts, and its length.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// Length of the file in bytes.
    pub(super) len: u64,
    /// Offsets and bytes.
    parts: Vec<(u64, Vec<u8>)>,
}

impl Excerpt {
    /// Reads the ELF header, the program headers and the end of an interpreter's name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(file: &mut (impl Read + Seek)) -> io::Result<Self> {
        let mut excerpt = Self { len: file.seek(SeekFrom::End(0))?, parts: Vec::new() };
        excerpt.add(file, 0, HEAD_BYTES)?;
        let head = View::of(&excerpt);
        let (table, end) = (head.get("e_phoff"), head.table_end().unwrap_or(0));
        if end > HEAD_BYTES {
            excerpt.add(file, table, end - table)?;
        }
        let whole = View::of(&excerpt);
        let last = |segment| {
            let [offset, size] = ["p_offset", "p_filesz"].map(|name| whole.segment_get(segment, name));
            offset.checked_add(size)?.checked_sub(1)
        };
        for last in whole.of_type(PT_INTERP).filter_map(last).collect::<Vec<_>>() {
            excerpt.add(file, last, 1)?;
        }
        Ok(excerpt)
    }

    fn add(&mut self, file: &mut (impl Read + Seek), offset: u64, len: u64) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use crate::elf::{verify, verify_file};

    /// Every byte of a header changed: the excerpt of a file is judged as the file is.
    #[test]
    fn an_excerpt_is_judged_as_the_whole() {
        let own = std::fs::read("/proc/self/exe").unwrap();
        let far = {
            // Program headers behind the first page, and an interpreter's name behind those.
            let (table, bytes) = (0x40, 13 * 56);
            let mut file = own[..0x3000].to_vec();
            let headers = file[table..table + bytes].to_vec();
            file.extend(headers);
            file[0x20..0x28].copy_from_slice(&0x3000_u64.to_le_bytes());
            file
        };
        for file in [own[..0x2000].to_vec(), far, b"#!/bin/sh\n".to_vec(), Vec::new()] {
            for at in 0..0x120.min(file.len()) {
                let mut changed = file.clone();
                changed[at] ^= 0x15;
                assert_eq!(verify_file(&mut Cursor::new(&changed)).unwrap(), verify(&changed), "byte {at:#x}");
            }
            assert_eq!(verify_file(&mut Cursor::new(&file)).unwrap(), verify(&file));
        }
    }
}
