//! The word somebody most likely meant.

/// The candidate nearest to `word`, the first of equals; nothing where none is near enough to be meant.
pub(super) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .filter_map(|candidate| Some((distance(&word, candidate)?, candidate)))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// How far apart two words are, if one can be meant by the other: a slip in every third letter, or the longer word
/// being the shorter one with something around it (`content_type` for `type`).
fn distance(word: &str, candidate: &str) -> Option<usize> {
    const SHORTEST_PART: usize = 4;
    let slips = strsim::damerau_levenshtein(word, candidate);
    let near = slips <= word.len().max(candidate.len()).div_ceil(3).min(4) && slips < candidate.len();
    let part = candidate.len() >= SHORTEST_PART && word.contains(candidate);
    (near || part).then_some(slips)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn nearest_word_or_none() {
        let words = ["listen", "port", "timeout", "type"];
        for (word, meant) in [
            ("listn", Some("listen")),
            ("LISTEN", Some("listen")),
            ("prot", Some("port")),
            ("content_type", Some("type")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(closest(word, words), meant, "{word}");
        }
    }
}
