//! gzip (RFC 1952) around a deflate stream. Of all layer encodings only gzip keeps its digest on every way to a
//! registry: Skopeo compresses a plain layer, and old Dockers do not read zstd.

/// Level of the compressor. Level and crate version are both pinned: another stream would be another digest.
const LEVEL: u8 = 9;

/// Magic number, method "deflate", no flags, no time, "slowest compression", unknown system (as Go writes).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];

/// Compresses a file.
pub(super) fn compress(data: &[u8]) -> Vec<u8> {
    let mut out = HEADER.to_vec();
    out.extend(miniz_oxide::deflate::compress_to_vec(data, LEVEL));
    out.extend(crc32(data).to_le_bytes());
    // Length modulo 2^32, as the RFC has it.
    out.extend((data.len() as u32).to_le_bytes());
    out
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
    fn what_goes_in_comes_out() {
        for data in [vec![], vec![0; 100_000], (0..=255).cycle().take(70_000).collect::<Vec<u8>>()] {
            let packed = compress(&data);
            let deflated = &packed[HEADER.len()..packed.len() - 8];
            assert_eq!(miniz_oxide::inflate::decompress_to_vec(deflated).unwrap(), data);
        }
    }
}
