//! Replies cut into pieces, so that what several replies have in common is kept once.
//!
//! Each reply is a list of pieces: status line, middle, type, length, empty line, content. A piece is a byte of offset
//! into one text and a byte of length. The content is always last, so the reply to a HEAD has one piece less.

use super::http::{self, Wire};
use crate::spec::Reply;

/// Pieces of a head.
pub(super) const HEAD_PIECES: usize = 5;
/// Bytes of a piece in a table: offset, length.
pub(super) const PIECE_BYTES: usize = 2;

/// No text this long can be pointed into with a byte, whatever its pieces share.
const MOST_BYTES: usize = 1024;

/// The replies of a server, cut up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pieces {
    /// Everything that is sent, each piece once.
    pub(super) text: Vec<u8>,
    /// For each reply its pieces, in the order they are sent.
    pub(super) tables: Vec<Vec<u8>>,
}

/// Cuts the replies up; `None` if a piece is too long or too far for a byte.
pub(super) fn cut<'r>(replies: impl Iterator<Item = &'r Reply>) -> Option<Pieces> {
    let replies: Vec<&Reply> = replies.collect();
    if replies.iter().any(|reply| reply.body.len() > usize::from(u8::MAX)) {
        return None;
    }
    let cut: Vec<[Vec<u8>; HEAD_PIECES + 1]> = replies.into_iter().map(of_reply).collect();
    let text = superstring(cut.iter().flatten())?;
    let place = |piece: &Vec<u8>| {
        let offset = find(&text, piece).expect("every piece is in the text");
        Some([u8::try_from(offset).ok()?, u8::try_from(piece.len()).ok()?])
    };
    let table =
        |pieces: &[Vec<u8>; HEAD_PIECES + 1]| Some(pieces.iter().map(place).collect::<Option<Vec<_>>>()?.concat());
    let tables = cut.iter().map(table).collect::<Option<Vec<_>>>()?;
    Some(Pieces { text, tables })
}

/// A reply's pieces. Together they are the very bytes of the whole reply.
fn of_reply(reply: &Reply) -> [Vec<u8>; HEAD_PIECES + 1] {
    let Wire { bytes, head_len } = http::closing(reply);
    let mut rest = &bytes[..head_len];
    let mut until = |end: usize| {
        let (piece, behind) = rest.split_at(end);
        rest = behind;
        piece.to_vec()
    };
    let status_line = until(find(&bytes, b"\r\n").expect("a head has lines"));
    let middle = until(http::MIDDLE.len());
    let content_type = until(http::described(reply).len());
    let length = until(http::LENGTH.len());
    let end = until(head_len - status_line.len() - middle.len() - content_type.len() - length.len());
    [status_line, middle, content_type, length, end, bytes[head_len..].to_vec()]
}

/// A short text that holds every piece: pieces within others are left out, then the two that share most are joined,
/// again and again. `None` if there is far more than a byte can point into.
fn superstring<'p>(pieces: impl Iterator<Item = &'p Vec<u8>>) -> Option<Vec<u8>> {
    let mut parts: Vec<Vec<u8>> = pieces.cloned().collect();
    parts.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    parts.dedup();
    if parts.iter().map(Vec::len).sum::<usize>() > MOST_BYTES {
        return None;
    }
    let all = parts.clone();
    parts.retain(|part| all.iter().all(|other| other == part || find(other, part).is_none()));
    while parts.len() > 1 {
        let pairs = (0..parts.len()).flat_map(|left| (0..parts.len()).map(move |right| (left, right)));
        let apart = pairs.filter(|(left, right)| left != right);
        let best = apart.min_by_key(|&(left, right)| std::cmp::Reverse(shared(&parts[left], &parts[right])));
        let (left, right) = best.expect("there are two");
        let joined = [&parts[left], &parts[right][shared(&parts[left], &parts[right])..]].concat();
        parts[left] = joined;
        parts.remove(right);
    }
    parts.pop()
}

/// Bytes at the end of one that are the beginning of the other.
fn shared(left: &[u8], right: &[u8]) -> usize {
    (0..right.len()).rev().find(|&len| left.ends_with(&right[..len])).unwrap_or(0)
}

fn find(text: &[u8], piece: &[u8]) -> Option<usize> {
    if piece.is_empty() {
        return Some(0);
    }
    text.windows(piece.len()).position(|window| window == piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply::new(status, "text/plain", body)
    }

    #[test]
    fn pieces_are_the_whole_reply() {
        let replies = [reply(200, "one"), reply(200, ""), reply(404, "Not Found")];
        let pieces = cut(replies.iter()).unwrap();
        for (reply, table) in replies.iter().zip(&pieces.tables) {
            let sent: Vec<u8> = table
                .chunks(PIECE_BYTES)
                .flat_map(|piece| &pieces.text[usize::from(piece[0])..][..usize::from(piece[1])])
                .copied()
                .collect();
            assert_eq!(sent, http::closing(reply).bytes);
            assert_eq!(table.len(), (HEAD_PIECES + 1) * PIECE_BYTES);
        }
    }

    #[test]
    fn what_is_common_is_kept_once() {
        let pieces = cut([reply(200, "one"), reply(404, "Not Found")].iter()).unwrap();
        let count = |piece: &[u8]| pieces.text.windows(piece.len()).filter(|window| *window == piece).count();
        assert_eq!(count(b"Not Found"), 1);
        assert_eq!(count(b"Content-Type"), 1);
    }

    #[test]
    fn long_pieces_are_not_for_bytes() {
        assert_eq!(cut([reply(200, &"x".repeat(256))].iter()), None);
    }
}
