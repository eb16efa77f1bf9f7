//! Names as they are written: letters, digits and `_`; any others in backquotes. Names of slots and data are words, and
//! `_` stands for a space in them; in names of labels it is itself. Where several things of a kind have the same name,
//! all but the first have their number after a dot: `n`, `n.2`.

use std::collections::HashMap;
use std::fmt::Write;

use super::words::{KEYWORDS, WIDTHS};

/// A name as it is told apart: the name, and which of those that have it.
pub(super) type Key = (String, u32);

/// What `_` stands for in names of slots and data.
pub(super) const IN_WORDS: char = ' ';
/// The same in names of labels.
pub(super) const IN_LABELS: char = '_';

/// Spells the names of things of a kind, in the order of their numbers.
pub(super) fn spell<'n>(names: impl Iterator<Item = &'n str>, joint: char) -> Vec<String> {
    let mut seen: HashMap<&str, u32> = HashMap::new();
    let mut spelled = Vec::new();
    for name in names {
        let which = seen.entry(name).and_modify(|which| *which += 1).or_insert(1);
        let mut text = one(name, joint);
        if *which > 1 {
            let _ = write!(text, ".{which}");
        }
        spelled.push(text);
    }
    spelled
}

/// A name that nothing else has.
pub(super) fn one(name: &str, joint: char) -> String {
    let word = name.replace(joint, "_");
    let is_reserved = KEYWORDS.contains(&word.as_str()) || WIDTHS.iter().any(|(_, width)| *width == word);
    if is_plain(name, joint) && !is_reserved { word } else { format!("`{}`", escape(name, '`')) }
}

/// Words of letters and digits that begin with a letter, with a joint between each two.
fn is_plain(name: &str, joint: char) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.split(joint).all(is_word)
}

/// A text with escapes for control characters, backslashes and quotation marks; other characters stay.
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

/// What a word, perhaps with a number after a dot, is the name of.
pub(super) fn key_of_word(word: &str, joint: char) -> Key {
    let (name, which) = word.split_once('.').map_or((word, 1), |(name, which)| (name, which.parse().unwrap_or(0)));
    (name.replace('_', joint.encode_utf8(&mut [0; 4])), which)
}
