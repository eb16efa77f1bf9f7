//! The word that was most likely meant.

/// The candidate nearest to `word`, the first of equals; nothing where none is near enough to be meant.
pub(super) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .filter_map(|candidate| Some((distance(&word, candidate)?, candidate)))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// How far apart two words are, if one can be meant by the other. There may be a slip in every fourth letter, or four
/// letters after an equal beginning (`binary_bytes` for `binary_size`). Or the longer word is the shorter one with
/// something around it (`content_type` for `type`).
fn distance(word: &str, candidate: &str) -> Option<usize> {
    const SHORTEST_PART: usize = 4;
    const LETTERS_PER_SLIP: usize = 4;
    const LONG_BEGINNING: usize = 6;
    let slips = strsim::damerau_levenshtein(word, candidate);
    let near = slips <= (word.len().min(candidate.len()) / LETTERS_PER_SLIP).clamp(1, 3) && slips < candidate.len();
    let begins = word.bytes().zip(candidate.bytes()).take_while(|(one, other)| one == other).count();
    let near = near || begins >= LONG_BEGINNING && slips <= LETTERS_PER_SLIP;
    let part = candidate.len() >= SHORTEST_PART && word.contains(candidate);
    (near || part).then_some(slips)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn nearest_word_or_none() {
        let words = ["listen", "port", "timeout", "type", "authors", "path"];
        for (word, meant) in [
            ("listn", Some("listen")),
            ("LISTEN", Some("listen")),
            ("prot", Some("port")),
            ("content_type", Some("type")),
            ("colour", None),
            ("x", None),
            ("host", None),
            ("methods", None),
            ("hash", None),
            ("auth", None),
            ("tiemout", Some("timeout")),
            ("timeouts", Some("timeout")),
        ] {
            assert_eq!(closest(word, words), meant, "{word}");
        }
    }
}
