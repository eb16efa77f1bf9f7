//! Content codings: bodies compressed as far as it goes, with the same bytes for the same body everywhere. Crates and
//! levels are pinned: another stream would be another ETag and another image.

pub(crate) mod gzip;

use std::collections::HashMap;
use std::io::Read;
use std::sync::Mutex;

use sha2::{Digest, Sha256};

use crate::spec::{Coding, Variant};

/// Best quality of Brotli.
const BROTLI_QUALITY: i32 = 11;
/// Largest window of Brotli as browsers read it, as a power of two (RFC 7932, section 9.1).
const BROTLI_WINDOW_LOG: i32 = 24;
/// Buffer of Brotli's decoder, in bytes.
const BROTLI_BUFFER_BYTES: usize = 4096;
/// Best level of Zstandard.
const ZSTD_LEVEL: i32 = 22;
/// Largest window of Zstandard that a client must read, as a power of two: 8 MiB (RFC 9659, section 3).
const ZSTD_WINDOW_LOG: u32 = 23;

/// What has been made: one body is built for several machines, and again and again where a page states its size.
static MADE: Mutex<Option<HashMap<[u8; 32], Vec<Variant>>>> = Mutex::new(None);

/// The variants of a body: the ready-made ones, and the others compressed here; only those smaller than the body.
pub(crate) fn variants(body: &[u8], ready: &[Variant]) -> Vec<Variant> {
    let made = if ready.len() < Coding::ALL.len() { made(body) } else { Vec::new() };
    let of_coding = |coding| ready.iter().chain(&made).find(|variant| variant.coding == coding).cloned();
    Coding::ALL.into_iter().filter_map(of_coding).filter(|variant| variant.body.len() < body.len()).collect()
}

fn made(body: &[u8]) -> Vec<Variant> {
    let key: [u8; 32] = Sha256::digest(body).into();
    let known = MADE.lock().ok().and_then(|made| made.as_ref()?.get(&key).cloned());
    known.unwrap_or_else(|| {
        let variants: Vec<_> =
            Coding::ALL.into_iter().map(|coding| Variant { coding, body: compress(coding, body) }).collect();
        if let Ok(mut made) = MADE.lock() {
            made.get_or_insert_default().insert(key, variants.clone());
        }
        variants
    })
}

fn compress(coding: Coding, body: &[u8]) -> Vec<u8> {
    match coding {
        Coding::Br => brotli(body),
        Coding::Zstd => zstd(body).expect("a buffer of the size that zstd asks for is large enough"),
        Coding::Gzip => gzip::compress(body),
    }
}

fn brotli(body: &[u8]) -> Vec<u8> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW_LOG,
        size_hint: body.len(),
        ..Default::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*body, &mut compressed, &params).expect("memory takes what is written");
    compressed
}

fn zstd(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
    compressor.window_log(ZSTD_WINDOW_LOG)?;
    compressor.compress(body)
}

/// Does a variant decompress to that body, as every client can do it?
pub(crate) fn is_of(variant: &Variant, body: &[u8]) -> bool {
    let compressed = variant.body.as_slice();
    let decompressed = match variant.coding {
        Coding::Br => brotli_decompressed(compressed, body.len()),
        Coding::Zstd => zstd_decoder(compressed).ok().and_then(|decoder| read(decoder, body.len())),
        Coding::Gzip => gzip::decompress(compressed, body.len()),
    };
    decompressed.is_some_and(|decompressed| decompressed == body)
}

/// The decoder does not say what it leaves; so a stream that is whole without its last byte has something after it.
fn brotli_decompressed(compressed: &[u8], most: usize) -> Option<Vec<u8>> {
    let decompressed = |bytes| read(brotli::Decompressor::new(bytes, BROTLI_BUFFER_BYTES), most);
    let (_, all_but_last) = compressed.split_last()?;
    decompressed(all_but_last).is_none().then(|| decompressed(compressed))?
}

fn zstd_decoder(compressed: &[u8]) -> std::io::Result<impl Read> {
    let mut decoder = zstd::Decoder::with_buffer(compressed)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(decoder)
}

/// All that is read, but not much more than `most` bytes.
fn read(reader: impl Read, most: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(most as u64 + 1).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> Vec<u8> {
        (0..2000_u32).flat_map(|line| format!("line {} of {line}\n", line * 7 % 13).into_bytes()).collect()
    }

    #[test]
    fn what_is_made_decompresses_to_its_body() {
        let body = text();
        let made = variants(&body, &[]);
        assert_eq!(made.iter().map(|variant| variant.coding).collect::<Vec<_>>(), Coding::ALL);
        for variant in &made {
            assert!(variant.body.len() < body.len() / 4);
            assert!(is_of(variant, &body), "{:?}", variant.coding);
            assert!(!is_of(variant, &body[1..]) && !is_of(variant, &body[..body.len() - 1]), "{:?}", variant.coding);
            let cut = Variant { body: variant.body[..variant.body.len() - 1].to_vec(), ..variant.clone() };
            assert!(!is_of(&cut, &body), "{:?}", variant.coding);
        }
        assert_eq!(variants(&body, &[]), made);
    }

    /// Files with every check that their formats have, as `gzip -n` and `zstd --check` write them.
    fn checked(coding: Coding, body: &[u8]) -> Vec<u8> {
        if coding != Coding::Zstd {
            return compress(coding, body);
        }
        let mut compressor = zstd::bulk::Compressor::new(3).unwrap();
        compressor.include_checksum(true).unwrap();
        compressor.compress(body).unwrap()
    }

    /// Every bit is turned round, in all parts of a file: what is before the data, the data, the checksum, the length.
    /// A bit that is not noticed changes nothing of what clients read.
    #[test]
    fn a_changed_bit_is_noticed_wherever_it_lies() {
        let body = text()[..3000].to_vec();
        // "Probably text", time, compressor and system say nothing of the data (RFC 1952, section 2.3.1).
        let facts = [(3, 0)].into_iter().chain((4..10).flat_map(|at| (0..8).map(move |bit| (at, bit))));
        for coding in Coding::ALL {
            let file = checked(coding, &body);
            let changed = |(at, bit): (usize, u8)| {
                let mut changed = file.clone();
                changed[at] ^= 1 << bit;
                changed
            };
            let bits = (0..file.len()).flat_map(|at| (0..8).map(move |bit| (at, bit)));
            let is_taken = |&bit: &(usize, u8)| is_of(&Variant { coding, body: changed(bit) }, &body);
            let taken: Vec<(usize, u8)> = bits.filter(is_taken).collect();
            match coding {
                Coding::Gzip => {
                    // Of the byte with which the data end they take three bits.
                    let rest = (3..8).map(|bit| (file.len() - 9, bit));
                    assert_eq!(taken, facts.clone().chain(rest).collect::<Vec<_>>());
                }
                // A longer window, a symbol that the data do not have.
                Coding::Br => {
                    let mut read = Vec::new();
                    assert!(taken.len() < file.len() / 20, "{taken:?}");
                    for bit in taken {
                        read.clear();
                        brotli::BrotliDecompress(&mut changed(bit).as_slice(), &mut read).unwrap();
                        assert!(read == body, "{bit:?}");
                    }
                }
                Coding::Zstd => {
                    assert!(taken.len() < file.len() / 20, "{taken:?}");
                    let sum_at = file.len() - 4;
                    for bit in taken {
                        assert!(
                            bit.0 < sum_at && zstd::decode_all(changed(bit).as_slice()).unwrap() == body,
                            "{bit:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn what_follows_a_file_is_noticed() {
        let body = text();
        for coding in Coding::ALL {
            let file = checked(coding, &body);
            for more in [b"\0".as_slice(), b"x", b"more than a trailer", &file] {
                let longer = Variant { coding, body: [&file, more].concat() };
                assert!(!is_of(&longer, &body), "{coding:?}: {more:?}");
            }
        }
        // Between the data and the checksum, too.
        let mut file = checked(Coding::Gzip, &body);
        file.splice(file.len() - 8..file.len() - 8, *b"junk");
        assert!(!is_of(&Variant { coding: Coding::Gzip, body: file }, &body));
    }

    #[test]
    fn streams_are_pinned_byte_for_byte() {
        // A change here changes ETags and images.
        let digests = variants(&text(), &[]).into_iter().map(|variant| {
            let digest = Sha256::digest(&variant.body);
            format!("{} {} {:02x}{:02x}", variant.coding.name(), variant.body.len(), digest[0], digest[1])
        });
        assert_eq!(digests.collect::<Vec<_>>(), ["br 2581 4c78", "zstd 3097 b84a", "gzip 6198 6dc2"]);
    }

    #[test]
    fn what_is_not_smaller_is_left_out() {
        assert_eq!(variants(b"", &[]), []);
        assert_eq!(variants(b"short", &[]), []);
        let large = Variant { coding: Coding::Br, body: vec![0; 99] };
        assert_eq!(variants(b"short", &[large]), []);
    }

    #[test]
    fn what_stands_ready_is_taken() {
        let ready = Variant { coding: Coding::Zstd, body: vec![1] };
        let all = variants(&text(), std::slice::from_ref(&ready));
        assert_eq!((all.len(), &all[1]), (3, &ready));
    }

    #[test]
    fn windows_that_browsers_refuse_are_refused() {
        let mut compressor = zstd::bulk::Compressor::new(1).unwrap();
        compressor.window_log(ZSTD_WINDOW_LOG + 1).unwrap();
        let body = vec![b'x'; 1 << 25];
        let variant = Variant { coding: Coding::Zstd, body: compressor.compress(&body).unwrap() };
        assert!(!is_of(&variant, &body));
        assert!(is_of(&Variant { coding: Coding::Zstd, body: zstd(&body).unwrap() }, &body));
    }
}
