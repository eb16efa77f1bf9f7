//! gzip (RFC 1952) around a deflate stream: for the layers of images, and for replies.

use std::num::NonZeroU64;

use miniz_oxide::inflate::stream::{self, InflateState};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};
use zopfli::Write as _;

/// Level of the compressor. Level and crate version are both pinned: another stream would be another digest.
const LEVEL: u8 = 9;

/// Magic number, method "deflate", no flags, no time, "slowest compression", unknown system (as Go writes).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];

/// Rounds of Zopfli; what more of them save is less than a byte in a thousand.
const ZOPFLI_ROUNDS: u64 = 50;
/// Longest data that Zopfli is asked for, in bytes: it takes about a second for each 100 kB.
const ZOPFLI_BYTES_MAX: usize = 1 << 20;

/// Compresses a file.
pub(crate) fn compress(data: &[u8]) -> Vec<u8> {
    file(&miniz_oxide::deflate::compress_to_vec(data, LEVEL), data)
}

/// Compresses a file into as few bytes as can be found; takes a hundred times as long.
pub(crate) fn compress_smallest(data: &[u8]) -> Vec<u8> {
    let quick = compress(data);
    if data.len() > ZOPFLI_BYTES_MAX {
        return quick;
    }
    let rounds = NonZeroU64::new(ZOPFLI_ROUNDS).expect("there are some");
    let options = zopfli::Options { iteration_count: rounds, ..zopfli::Options::default() };
    let mut encoder = zopfli::DeflateEncoder::new(options, zopfli::BlockType::Dynamic, Vec::new());
    let deflated = encoder.write_all(data).and_then(|()| encoder.finish()).expect("memory takes what is written");
    let slow = file(&deflated, data);
    if slow.len() < quick.len() { slow } else { quick }
}

/// Header and trailer around a deflate stream.
fn file(deflated: &[u8], data: &[u8]) -> Vec<u8> {
    let mut out = HEADER.to_vec();
    out.extend(deflated);
    out.extend(crc32(data).to_le_bytes());
    // Length modulo 2^32, as the RFC has it.
    out.extend((data.len() as u32).to_le_bytes());
    out
}

/// What a file decompresses to; nothing where it is no gzip file of one member, or would give more than `most` bytes.
pub(super) fn decompress(file: &[u8], most: usize) -> Option<Vec<u8>> {
    let (deflated, trailer) = body_of(file)?.split_last_chunk::<TRAILER_BYTES>()?;
    let data = inflate(deflated, most)?;
    let expected = [crc32(&data).to_le_bytes(), (data.len() as u32).to_le_bytes()].concat();
    (trailer.as_slice() == expected).then_some(data)
}

/// What a deflate stream decompresses to, if that is all of it.
fn inflate(deflated: &[u8], most: usize) -> Option<Vec<u8>> {
    // One byte more than needed shows that there is more.
    let mut data = vec![0; most + 1];
    let mut state = InflateState::new_boxed(DataFormat::Raw);
    let done = stream::inflate(&mut state, deflated, &mut data, MZFlush::Finish);
    let is_whole = done.status == Ok(MZStatus::StreamEnd) && done.bytes_consumed == deflated.len();
    data.truncate(done.bytes_written);
    (is_whole && data.len() <= most).then_some(data)
}

/// Checksum and length.
const TRAILER_BYTES: usize = 8;

/// What follows the header. Its optional parts are in the order of their flags (RFC 1952, section 2.3).
fn body_of(file: &[u8]) -> Option<&[u8]> {
    const CHECKSUM: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    const KNOWN: u8 = 0x1f;
    let (header, mut rest) = file.split_at_checked(HEADER.len())?;
    let flags = header[3];
    // Decoders must refuse flags that they do not know.
    if header[..3] != HEADER[..3] || flags & !KNOWN != 0 {
        return None;
    }
    if flags & EXTRA != 0 {
        let (length, behind) = rest.split_first_chunk()?;
        rest = behind.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            rest = &rest[rest.iter().position(|&byte| byte == 0)? + 1..];
        }
    }
    if flags & CHECKSUM == 0 {
        return Some(rest);
    }
    let (expected, behind) = rest.split_first_chunk()?;
    let sum = crc32(&file[..file.len() - rest.len()]) as u16;
    (sum.to_le_bytes() == *expected).then_some(behind)
}

/// CRC-32 of RFC 1952, section 8: the reflected polynomial 0x04c11db7.
fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc: u32, &byte| (crc >> 8) ^ CRC_OF_BYTE[((crc ^ u32::from(byte)) & 0xff) as usize])
}

const CRC_OF_BYTE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ 0xedb8_8320 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_of_the_standard_check_string() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn the_stream_is_pinned_byte_for_byte() {
        // `gzip -d` gives the text back. A change here changes the digest of every image.
        let golden = [
            31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 149, 197, 55, 1, 0, 0, 12, 2, 48, 173, 180, 12, 255, 14, 208, 192, 21,
            220, 83, 14, 86, 10, 235, 179, 12, 47, 56, 0, 0, 0,
        ];
        assert_eq!(compress(&b"abcdefg".repeat(8)), golden);
    }

    #[test]
    fn the_smallest_is_smaller_and_the_same_for_ever() {
        let text: Vec<u8> =
            (0..900_u32).flat_map(|line| format!("line {} of {line}\n", line * 7 % 13).into_bytes()).collect();
        let (quick, smallest) = (compress(&text), compress_smallest(&text));
        assert_eq!(decompress(&smallest, text.len()).unwrap(), text);
        // A change here changes the digests of images.
        assert_eq!((quick.len(), smallest.len()), (2546, 2189));
        assert_eq!(crc32(&smallest), 0x43e1_605b);
        assert_eq!(compress_smallest(b""), compress(b""));
    }

    #[test]
    fn what_goes_in_comes_out() {
        for data in [vec![], vec![0; 100_000], (0..=255).cycle().take(70_000).collect::<Vec<u8>>()] {
            let packed = compress(&data);
            let deflated = &packed[HEADER.len()..packed.len() - 8];
            assert_eq!(miniz_oxide::inflate::decompress_to_vec(deflated).unwrap(), data);
            assert_eq!(decompress(&packed, data.len()).unwrap(), data);
            assert!(data.len().checked_sub(1).is_none_or(|less| decompress(&packed, less).is_none()));
        }
    }

    #[test]
    fn files_of_other_programs_are_read() {
        let packed = compress(b"text");
        let mut other = packed[..HEADER.len()].to_vec();
        other[3] = 2 | 4 | 8 | 16;
        other.extend(b"\x03\x00abcname\0comment\0");
        // The lower half of the header's CRC-32.
        other.extend((crc32(&other) as u16).to_le_bytes());
        other.extend(&packed[HEADER.len()..]);
        assert_eq!(decompress(&other, 99).unwrap(), b"text");
        for end in 0..other.len() {
            assert_eq!(decompress(&other[..end], 99), None, "{end}");
        }
    }
}
