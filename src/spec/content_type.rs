//! The content type of a file by its extension, and the check of one that a spec gives.

use std::path::Path;

use super::error::Wrong;

/// Of an inline body without a type in the spec.
pub(super) const TEXT: &str = "text/plain; charset=utf-8";

/// Of the built-in reply to unknown paths: its text is ASCII, and the name of a character set would only cost bytes.
pub(super) const BARE_TEXT: &str = "text/plain";

/// Types that are registered today (IANA) where the table of `new_mime_guess` has an older one, or none.
#[rustfmt::skip] // One RFC per line.
const NEWER: [(&str, &str); 23] = [
    ("mjs", "text/javascript"), ("cjs", "text/javascript"),                     // RFC 9239
    ("map", "application/json"),                                                // ECMA-426: source maps are JSON
    ("woff", "font/woff"), ("otf", "font/otf"), ("ttc", "font/collection"),     // RFC 8081
    ("md", "text/markdown"), ("markdown", "text/markdown"),                     // RFC 7763
    ("yaml", "application/yaml"), ("yml", "application/yaml"),                  // RFC 9512
    ("toml", "application/toml"),
    ("zst", "application/zstd"),                                                // RFC 8878
    ("tgz", "application/gzip"),                                                // RFC 6713
    ("m4a", "audio/mp4"),                                                       // RFC 4337
    ("ts", "video/mp2t"),                                                       // RFC 3555; TypeScript has none
    ("m3u8", "application/vnd.apple.mpegurl"),                                  // RFC 8216
    ("dot", "text/vnd.graphviz"),                                               // IANA; Word has .dotx today
    ("rs", "text/plain"), ("sh", "text/plain"), ("php", "text/plain"),          // source: shown, neither run nor saved
    ("br", "application/octet-stream"),                                         // a coding (RFC 7932), no type
    ("jsonl", "application/x-ndjson"), ("ndjson", "application/x-ndjson"),
];

/// The type without parameters that the extension of a file's name says.
pub(crate) fn by_extension(path: &Path) -> Option<&'static str> {
    let extension = path.extension()?.to_str()?;
    let newer = NEWER.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known)).map(|&(_, newer)| newer);
    newer.or_else(|| new_mime_guess::from_ext(extension).first_raw())
}

/// Of a file, by its extension. Text gets its character set, unless it is not in UTF-8 and the set is unknown.
pub(super) fn of_file(path: &Path, content: &[u8]) -> String {
    let essence = by_extension(path).unwrap_or("application/octet-stream");
    let is_utf8_text = essence.starts_with("text/") && std::str::from_utf8(content).is_ok();
    format!("{essence}{}", if is_utf8_text { "; charset=utf-8" } else { "" })
}

/// May it be in a header, and has it the form `type/subtype`?
pub(super) fn check(content_type: &str) -> Result<(), Wrong> {
    check_characters(content_type)?;
    let essence = content_type.split(';').next().unwrap_or("").trim_end();
    let token =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&^_.+-".contains(c));
    if essence.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype)) {
        return Ok(());
    }
    let meant = new_mime_guess::from_ext(content_type).first_raw().unwrap_or(TEXT);
    Err(Wrong::new(format!("{content_type:?} is not a content type"), format!("write one of the form \"{meant}\"")))
}

/// May it be in a header?
pub(super) fn check_characters(value: &str) -> Result<(), Wrong> {
    match value.chars().find(|c| !matches!(c, ' '..='~')) {
        Some(bad) => Err(Wrong::new(format!("has the character {bad:?}"), "a header takes visible ASCII and spaces")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_by_extension() {
        for (path, content, expected) in [
            ("a.html", &b"x"[..], "text/html; charset=utf-8"),
            ("a.HTML", b"x", "text/html; charset=utf-8"),
            ("a.txt", b"\xff", "text/plain"),
            ("a.css", b"", "text/css; charset=utf-8"),
            ("a.js", b"", "text/javascript; charset=utf-8"),
            ("a.json", b"{}", "application/json"),
            ("a.svg", b"", "image/svg+xml"),
            ("a.wasm", b"", "application/wasm"),
            ("a.mjs", b"", "text/javascript; charset=utf-8"),
            ("a.CJS", b"", "text/javascript; charset=utf-8"),
            ("app.js.map", b"{}", "application/json"),
            ("a.webmanifest", b"{}", "application/manifest+json"),
            ("a.jsonld", b"{}", "application/ld+json"),
            ("a.geojson", b"{}", "application/geo+json"),
            ("a.ndjson", b"{}", "application/x-ndjson"),
            ("a.avif", b"", "image/avif"),
            ("a.webp", b"", "image/webp"),
            ("a.jxl", b"", "image/jxl"),
            ("a.ico", b"", "image/vnd.microsoft.icon"),
            ("a.woff", b"", "font/woff"),
            ("a.woff2", b"", "font/woff2"),
            ("a.otf", b"", "font/otf"),
            ("a.ttf", b"", "font/ttf"),
            ("a.md", b"", "text/markdown; charset=utf-8"),
            ("a.xml", b"", "application/xml"),
            ("a.yml", b"", "application/yaml"),
            ("a.toml", b"", "application/toml"),
            ("a.csv", b"", "text/csv; charset=utf-8"),
            ("a.ics", b"", "text/calendar; charset=utf-8"),
            ("a.vtt", b"", "text/vtt; charset=utf-8"),
            ("a.m4a", b"", "audio/mp4"),
            ("a.mp4", b"", "video/mp4"),
            ("a.tar.gz", b"", "application/gzip"),
            ("a.tgz", b"", "application/gzip"),
            ("a.zst", b"", "application/zstd"),
            ("a.unheard-of", b"", "application/octet-stream"),
            ("README", b"", "application/octet-stream"),
        ] {
            assert_eq!(of_file(Path::new(path), content), expected, "{path}");
        }
    }

    #[test]
    fn given_types() {
        for good in ["text/plain", TEXT, BARE_TEXT, "image/svg+xml", "application/vnd.api+json", "a/b ;c=\"d e\""] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "/", "text", "text/", "/plain", "text/a b", "text/plain\r\nX: y", "text/plän", "html"] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert_eq!(check("html").unwrap_err().fix, "write one of the form \"text/html\"");
    }
}
