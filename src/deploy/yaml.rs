//! Strings in YAML.

use std::fmt::Write as _;

/// A string as a double-quoted YAML scalar (YAML 1.2.2, section 7.3.1). Names are quoted as well: `no`, `1e3` and
/// `null` are fine names, but not strings without quotes.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // Line breaks of YAML 1.1, the byte order mark and all that is not printable in section 5.1.
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => escape(&mut out, c),
            c if c.is_control() => escape(&mut out, c),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn escape(out: &mut String, c: char) {
    write!(out, "\\u{:04X}", u32::from(c)).expect("strings grow");
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn strings_stay_strings() {
        let table = [
            ("", r#""""#),
            ("no", r#""no""#),
            (r#"say "hi": C:\dir # not a comment"#, r#""say \"hi\": C:\\dir # not a comment""#),
            ("one\ntwo\ttabs\r", r#""one\ntwo\ttabs\u000D""#),
            ("\u{0}\u{7f}\u{85}\u{2028}\u{feff}", r#""\u0000\u007F\u0085\u2028\uFEFF""#),
            ("Привет, 世界 🎉", "\"Привет, 世界 🎉\""),
            ("{{x}} %TAG & *a !b | > ' @ `", "\"{{x}} %TAG & *a !b | > ' @ `\""),
        ];
        for (text, quoted) in table {
            assert_eq!(quote(text), quoted);
        }
    }
}
