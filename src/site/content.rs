//! What is kept of a file's content: its length, its digest, and what its type depends on. The content itself stays
//! where it is, whatever its size.

use sha2::{Digest, Sha256};

use super::files::{Files, Unread};
use super::links::Links;

/// Bytes at the start of a file that say what it is.
const HEAD_BYTES: usize = 512;
/// What the names of pages end with.
const PAGE: &[u8] = b".html";
/// Most bytes of one character in UTF-8, less one.
const CHARACTER_REST_MAX: usize = 3;

/// A content, apart from any path: files with the same bytes share it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Content {
    /// The first file that has it, by which it can be read again.
    pub path: Vec<u8>,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: [u8; 32],
}

/// What reading a file once has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Examined {
    pub(super) bytes: u64,
    pub(super) sha256: [u8; 32],
    /// Is it text in UTF-8?
    pub(super) is_utf8: bool,
    /// Has it a byte that no text has: a control that neither moves nor colours?
    pub(super) has_controls: bool,
    /// Its first bytes.
    pub(super) head: Vec<u8>,
    /// Of a page: the first link that no client can follow.
    pub(super) bad_link: Option<Vec<u8>>,
}

/// Reads a file.
pub(super) fn examine(files: &dyn Files, path: &[u8]) -> Result<Examined, Unread> {
    let (mut digest, mut text) = (Sha256::new(), Text::default());
    let (mut bytes, mut head) = (0, Vec::new());
    let mut links = path.ends_with(PAGE).then(Links::default);
    files.read(path, &mut |piece| {
        bytes += piece.len() as u64;
        head.extend(piece.iter().take(HEAD_BYTES - head.len().min(HEAD_BYTES)));
        digest.update(piece);
        text.add(piece);
        if let Some(links) = &mut links {
            links.add(piece);
        }
    })?;
    let is_utf8 = !text.is_wrong && text.rest.is_empty();
    let bad_link = links.and_then(|links| links.bad);
    Ok(Examined { bytes, sha256: digest.finalize().into(), is_utf8, has_controls: text.has_controls, head, bad_link })
}

/// Is a stream of bytes text?
#[derive(Default)]
struct Text {
    is_wrong: bool,
    has_controls: bool,
    /// The start of a character that ends in the next piece.
    rest: Vec<u8>,
}

impl Text {
    fn add(&mut self, piece: &[u8]) {
        let is_control = |byte: &u8| matches!(byte, 0..=8 | 11 | 14..=26 | 28..=31 | 127);
        self.has_controls |= piece.iter().any(is_control);
        if self.is_wrong {
            return;
        }
        let joined;
        let text = if self.rest.is_empty() {
            piece
        } else {
            joined = [self.rest.as_slice(), piece].concat();
            &joined
        };
        let Err(error) = std::str::from_utf8(text) else { return self.rest.clear() };
        let rest = &text[error.valid_up_to()..];
        self.is_wrong = error.error_len().is_some() || rest.len() > CHARACTER_REST_MAX;
        self.rest = rest[..rest.len().min(CHARACTER_REST_MAX)].to_vec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One byte at a time.
    struct Slow(&'static [u8]);

    impl Files for Slow {
        fn name(&self) -> &std::path::Path {
            std::path::Path::new("")
        }

        fn list(&self) -> super::super::files::Listing {
            super::super::files::Listing::default()
        }

        fn read(&self, _: &[u8], sink: &mut dyn FnMut(&[u8])) -> Result<(), Unread> {
            self.0.chunks(1).for_each(sink);
            Ok(())
        }
    }

    #[test]
    fn text_is_known_across_pieces() {
        for (content, is_utf8, has_controls) in [
            (&b""[..], true, false),
            (b"a\t\r\n\x1b[0m", true, false),
            ("é日本𝄞".as_bytes(), true, false),
            (b"\xc3", false, false),
            (b"\xff", false, false),
            (b"\xf0\x9d\x84a", false, false),
            (b"\0", true, true),
        ] {
            let examined = examine(&Slow(content), b"").unwrap();
            assert_eq!((examined.is_utf8, examined.has_controls), (is_utf8, has_controls), "{content:?}");
            assert_eq!(examined.bytes, content.len() as u64);
            assert_eq!(examined.head, content);
            assert_eq!(examined.sha256, <[u8; 32]>::from(Sha256::digest(content)));
        }
    }
}
