//! Placeholders: `{{name}}` in a start line or a template body stands for a fact that is known when the program is
//! compiled. `\{{` is a literal `{{`; any other `{{` opens a placeholder, so that no misspelling goes unseen.

use super::error::Wrong;
use super::suggest::closest;

/// A name that can be between `{{` and `}}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// The name, `[a-z_]+`.
    pub name: &'static str,
    /// What it is replaced by.
    pub doc: &'static str,
}

/// Every placeholder.
pub const PLACEHOLDERS: [Placeholder; 12] = [
    Placeholder { name: "name", doc: "`name` of the spec" },
    Placeholder { name: "title", doc: "`title` of the spec" },
    Placeholder { name: "description", doc: "`description` of the spec" },
    Placeholder { name: "repository", doc: "`repository` of the spec" },
    Placeholder { name: "version", doc: "`version` of the spec" },
    Placeholder {
        name: "port",
        doc: "TCP port: in the start line the actual one; in content the spec's, although `PORT` may override it later",
    },
    Placeholder { name: "target", doc: "`x86_64`, `aarch64` or `i386`" },
    Placeholder { name: "binary_size", doc: "size of the executable in bytes" },
    Placeholder { name: "binary_kib", doc: "size of the executable in KiB, with one decimal" },
    Placeholder { name: "image_size", doc: "size of the image in bytes" },
    Placeholder { name: "image_kib", doc: "size of the image in KiB, with one decimal" },
    Placeholder { name: "generator_version", doc: "version of asmgen" },
];

/// The placeholder of the port.
pub(super) const PORT: &str = "{{port}}";
const OPEN: &[u8] = b"{{";
const ESCAPE: &[u8] = b"\\";
const CLOSE: &[u8] = b"}}";

/// A placeholder that cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {wrong}")]
pub struct TemplateError {
    /// Line of the text, from 1.
    pub line: usize,
    /// What is wrong with the placeholder, and what would be right.
    pub wrong: Wrong,
}

/// Replaces every placeholder by what `lookup` says of its name. Whatever `lookup` knows nothing of is an error, and so
/// is a `{{` that does not open a placeholder. `\{{` becomes `{{`. The values are not escaped: see [`html_escape`].
pub fn fill(text: &[u8], lookup: impl Fn(&str) -> Option<String>) -> Result<Vec<u8>, TemplateError> {
    let mut filled = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = find(rest, OPEN) {
        let here = text.len() - rest.len() + open;
        let error = |wrong| TemplateError { line: line_of(text, here), wrong };
        if let Some(before) = rest[..open].strip_suffix(ESCAPE) {
            filled.extend_from_slice(&[before, OPEN].concat());
            rest = &rest[open + OPEN.len()..];
            continue;
        }
        filled.extend_from_slice(&rest[..open]);
        let inside = &rest[open + OPEN.len()..];
        let close = find(inside, CLOSE).ok_or_else(|| error(malformed(inside)))?;
        let name = name(&inside[..close]).ok_or_else(|| error(malformed(inside)))?;
        filled.extend_from_slice(lookup(name).ok_or_else(|| error(unknown(name)))?.as_bytes());
        rest = &inside[close + CLOSE.len()..];
    }
    filled.extend_from_slice(rest);
    Ok(filled)
}

/// Are all placeholders of a text known?
pub fn check(text: &[u8]) -> Result<(), TemplateError> {
    fill(text, |name| PLACEHOLDERS.iter().any(|known| known.name == name).then(String::new)).map(|_| ())
}

/// A value as text inside of an HTML or XML element or quoted attribute.
pub fn html_escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A value as it may be inside a JSON string.
pub fn json_escape(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// A value as it may be in content of that type: [`html_escape`] for HTML and XML, [`json_escape`] for JSON, and as it
/// is elsewhere.
pub fn escape_for(content_type: &str, value: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match essence.rsplit(['/', '+']).next().unwrap_or("") {
        "html" | "xhtml" | "xml" => html_escape(value),
        "json" => json_escape(value),
        _ => value.to_owned(),
    }
}

/// The name between the braces, if that is all there is.
fn name(inside: &[u8]) -> Option<&str> {
    let name = inside.trim_ascii();
    let good = !name.is_empty() && name.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'_'));
    good.then(|| std::str::from_utf8(name).expect("ASCII is UTF-8"))
}

fn find(text: &[u8], pattern: &[u8]) -> Option<usize> {
    text.windows(pattern.len()).position(|window| window == pattern)
}

fn line_of(text: &[u8], offset: usize) -> usize {
    text[..offset].split(|&byte| byte == b'\n').count()
}

fn unknown(name: &str) -> Wrong {
    let names = PLACEHOLDERS.map(|known| known.name);
    let meant = closest(name, names).map(|meant| format!("did you mean {{{{{meant}}}}}? ")).unwrap_or_default();
    Wrong::new(format!("unknown placeholder {{{{{name}}}}}"), format!("{meant}known: {}", names.join(", ")))
}

fn malformed(inside: &[u8]) -> Wrong {
    const SHOWN: usize = 20;
    let line = inside.split(|&byte| byte == b'\n').next().unwrap_or(inside);
    let shown: String = String::from_utf8_lossy(line).chars().take(SHOWN).collect();
    Wrong::new(
        format!("`{{{{{}` does not open a placeholder", shown.escape_debug()),
        "write {{name}} with a name of a-z and _, or \\{{ for the two braces themselves",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(name: &str) -> Option<String> {
        (name == "port").then(|| "80".to_owned())
    }

    #[test]
    fn placeholders_are_replaced() {
        for (text, filled) in [
            ("", ""),
            ("{port}", "{port}"),
            ("{{port}}", "80"),
            ("a {{ port }}{{\tport\n}} b", "a 8080 b"),
            ("}} { {{port}}}", "}} { 80}"),
            ("\\{{port}} {{port}}", "{{port}} 80"),
            ("\\{{", "{{"),
            ("{{port}}\\{{{port}", "80{{{port}"),
            ("\\\\{{ \\ {\\{", "\\{{ \\ {\\{"),
        ] {
            assert_eq!(fill(text.as_bytes(), port).unwrap(), filled.as_bytes(), "{text}");
        }
        assert_eq!(fill(b"\xff{{port}}\xfe", port).unwrap(), b"\xff80\xfe");
    }

    #[test]
    fn values_are_not_filled_again() {
        assert_eq!(fill(b"{{port}}", |_| Some("{{x}}".to_owned())).unwrap(), b"{{x}}");
    }

    #[test]
    fn unknown_names_suggest_a_known_one() {
        let error = fill(b"one\n{{prot}}", port).unwrap_err();
        assert_eq!(error.line, 2);
        assert!(error.to_string().starts_with("line 2: unknown placeholder {{prot}}; did you mean {{port}}? known: "));
    }

    #[test]
    fn open_braces_without_a_placeholder_are_refused() {
        for text in ["{{", "{{port", "{{Port}}", "{{}}", "{{ a b }}", "{{{port}}}", "{{port}"] {
            let error = fill(text.as_bytes(), port).unwrap_err();
            assert!(error.wrong.what.ends_with("does not open a placeholder"), "{text}: {error}");
        }
    }

    #[test]
    fn check_knows_every_placeholder() {
        for placeholder in PLACEHOLDERS {
            assert_eq!(check(format!("{{{{{}}}}}", placeholder.name).as_bytes()), Ok(()));
        }
        assert!(check(b"{{nothing_like_it}}").is_err());
    }

    #[test]
    fn escapes_by_content_type() {
        let value = "<a href=\"x\">'&";
        let html = "&lt;a href=&quot;x&quot;&gt;&#39;&amp;";
        for (content_type, escaped) in [
            ("text/html; charset=utf-8", html),
            ("Text/HTML", html),
            ("image/svg+xml", html),
            ("application/json", "<a href=\\\"x\\\">'&"),
            ("text/plain", value),
        ] {
            assert_eq!(escape_for(content_type, value), escaped, "{content_type}");
        }
    }
}
