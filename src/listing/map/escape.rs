//! Text as XML, HTML and scripts take it.

/// Text between tags and in attributes, for XML and HTML. Characters that XML 1.0 (section 2.2) does not know at all
/// become U+FFFD.
pub(super) fn markup(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            '\t' | '\n' => escaped.push(character),
            '\0'..' ' | '\u{7f}'..'\u{a0}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// JSON that can stand within a `script` element: nothing in it ends the element or begins a comment. No line of a
/// script ends where JSON's would not.
pub(super) fn script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// The beginning of a text, of at most so many characters, with an ellipsis where there is more.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).collect::<String>().trim_end().to_owned() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_has_no_meaning_left() {
        assert_eq!(
            markup("<b a='\"'>&amp;\u{1}\u{ffff}ä\n"),
            "&lt;b a=&#39;&quot;&#39;&gt;&amp;amp;\u{fffd}\u{fffd}ä\n"
        );
    }

    #[test]
    fn scripts_do_not_end() {
        assert_eq!(script("[\"</script><!--\u{2028}\"]"), "[\"\\u003c/script>\\u003c!--\\u2028\"]");
    }

    #[test]
    fn long_texts_are_cut_by_characters() {
        assert_eq!(shortened("é", 1), "é");
        assert_eq!(shortened("ab cd", 4), "ab…");
        assert_eq!(shortened("abc", 0), "…");
    }
}
