//! Names as they are written: letters, digits and `_`, which stands for a space; any others in backquotes. Where
//! several things of a kind have the same name, all but the first have their number behind a dot: `n`, `n.2`.

use std::collections::HashMap;
use std::fmt::Write;

use super::words::{KEYWORDS, WIDTHS};

/// A name as it is told apart: the name, and which of those that have it.
pub(super) type Key = (String, u32);

/// Spells the names of things of a kind, in the order of their numbers.
pub(super) fn spell<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut seen: HashMap<&str, u32> = HashMap::new();
    let mut spelled = Vec::new();
    for name in names {
        let which = seen.entry(name).and_modify(|which| *which += 1).or_insert(1);
        let mut text = one(name);
        if *which > 1 {
            let _ = write!(text, ".{which}");
        }
        spelled.push(text);
    }
    spelled
}

fn one(name: &str) -> String {
    let word = name.replace(' ', "_");
    let is_reserved = KEYWORDS.contains(&word.as_str()) || WIDTHS.iter().any(|(_, width)| *width == word);
    if is_plain(name) && !is_reserved { word } else { format!("`{}`", escape(name, '`')) }
}

/// Words of letters and digits that begin with a letter, with a space between each two.
fn is_plain(name: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.split(' ').all(is_word)
}

/// A text whose control characters, backslashes and quotation marks are escaped; it is Unicode otherwise.
pub(super) fn escape(text: &str, quote: char) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => escaped.push_str("\\n"),
            '\\' => escaped.push_str("\\\\"),
            _ if character == quote => escaped.extend(['\\', quote]),
            _ if character.is_control() => {
                for byte in character.to_string().bytes() {
                    let _ = write!(escaped, "\\x{byte:02x}");
                }
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// What a word, perhaps with a number behind a dot, is the name of.
pub(super) fn key_of_word(word: &str) -> Key {
    let (name, which) = word.split_once('.').map_or((word, 1), |(name, which)| (name, which.parse().unwrap_or(0)));
    (name.replace('_', " "), which)
}
