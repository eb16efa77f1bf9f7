//! The content type of a file: by its extension, or by its content where it has none. Some names have a type by a
//! standard.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::content::Examined;
use super::names::last_segment;
use crate::spec::type_by_extension;

/// Of what nothing is known.
const BYTES: &str = "application/octet-stream";
const TEXT: &str = "text/plain";
const HTML: &str = "text/html";

/// Names without an extension that a standard gives a type.
const BY_NAME: [(&str, &str); 1] = [
    // Apple, "Supporting associated domains".
    ("apple-app-site-association", "application/json"),
];

/// What a page begins with, in lower case.
const HTML_BEGINS: [&[u8]; 2] = [b"<!doctype html", b"<html"];

/// The byte order mark of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The value of `Content-Type`: text in UTF-8 says so.
pub(super) fn of(path: &[u8], content: &Examined) -> String {
    let essence = essence(last_segment(path), content);
    format!("{essence}{}", if essence.starts_with("text/") && content.is_utf8 { "; charset=utf-8" } else { "" })
}

/// Is it a page?
pub(super) fn is_html(content_type: &str) -> bool {
    content_type.split(';').next() == Some(HTML)
}

fn essence(name: &[u8], content: &Examined) -> &'static str {
    if let Some((_, by_name)) = BY_NAME.iter().find(|(known, _)| known.as_bytes() == name) {
        return by_name;
    }
    let path = Path::new(OsStr::from_bytes(name));
    if path.extension().is_some_and(|extension| !extension.is_empty()) {
        return type_by_extension(path).unwrap_or(BYTES);
    }
    let head = content.head.strip_prefix(BOM).unwrap_or(&content.head).trim_ascii_start();
    let begins = |begin: &&[u8]| head.get(..begin.len()).is_some_and(|start| start.eq_ignore_ascii_case(begin));
    match content {
        _ if HTML_BEGINS.iter().any(begins) => HTML,
        Examined { is_utf8: true, has_controls: false, .. } => TEXT,
        _ => BYTES,
    }
}

#[cfg(test)]
mod tests {
    use super::super::content::examine;
    use super::super::files::Memory;
    use super::*;

    fn type_of(name: &str, content: &[u8]) -> String {
        let memory = Memory { files: [(name.into(), content.to_vec())].into() };
        of(name.as_bytes(), &examine(&memory, name.as_bytes()).unwrap())
    }

    #[test]
    fn types_without_an_extension_are_of_the_content() {
        for (name, content, expected) in [
            ("README", &b"text"[..], "text/plain; charset=utf-8"),
            ("empty", b"", "text/plain; charset=utf-8"),
            ("latin", b"\xe9", BYTES),
            ("program", b"\x7fELF\0", BYTES),
            ("page", b"\n<!DOCTYPE html>", "text/html; charset=utf-8"),
            ("page", b"\xef\xbb\xbf<HTML lang=en>", "text/html; charset=utf-8"),
            ("a.d/apple-app-site-association", b"{}", "application/json"),
            ("name.", b"text", "text/plain; charset=utf-8"),
        ] {
            assert_eq!(type_of(name, content), expected, "{name}");
        }
    }

    #[test]
    fn types_that_tables_have_wrong() {
        for (name, expected) in [
            ("a.html", "text/html; charset=utf-8"),
            ("a.xhtml", "application/xhtml+xml"),
            ("a.dot", "text/vnd.graphviz; charset=utf-8"),
            ("a.mjs", "text/javascript; charset=utf-8"),
            ("a.rs", "text/plain; charset=utf-8"),
            ("a.sh", "text/plain; charset=utf-8"),
            ("a.php", "text/plain; charset=utf-8"),
            ("a.stl", "model/stl"),
            ("a.obj", "model/obj"),
            ("a.ts", "video/mp2t"),
            ("a.js.map", "application/json"),
            ("a.js.gz", "application/gzip"),
            ("a.js.br", BYTES),
            ("a.js.zst", "application/zstd"),
            ("a.woff", "font/woff"),
            ("a.unheard-of", BYTES),
        ] {
            assert_eq!(type_of(name, b"x"), expected, "{name}");
        }
    }
}
