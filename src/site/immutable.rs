//! Files that get another name when their content changes, so that browsers may keep them for a year. Build tools have
//! conventions for them, and the site's author has patterns.
//!
//! A name that only looks hashed is dangerous: a visitor would keep the old file for a year. Documentation tools hash
//! the name of a thing and not its content (Doxygen, Sphinx). So only these folders count, and pages never.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::names::last_segment;
use crate::spec::Wrong;

/// Seconds of a year, and no question meanwhile (RFC 8246).
pub(super) const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Folders in which build tools put nothing else: Next.js, SvelteKit, Astro, Nuxt.
const FOLDERS: [&str; 4] = ["_next/static/", "_app/immutable/", "_astro/", "_nuxt/"];
/// What is in them and yet changes: Nuxt's list of builds.
const BUT: &str = "_nuxt/builds/";
/// Folders of names with `.HASH.` before the extension: Create React App, Vue CLI.
const WITH_HEX: [&str; 3] = ["static/js/", "static/css/", "static/media/"];
/// The folder of names with `-HASH` before the extension: Vite and what is built on it.
const WITH_BASE64: &str = "assets/";

/// Fewest hexadecimal digits of a hash.
const HEX_MIN: usize = 8;
/// Length of a hash in letters of base64url.
const BASE64_LENGTH: usize = 8;

/// Does a file's path say that its content never changes?
pub(super) fn by_convention(path: &[u8]) -> bool {
    let begins = |folder: &str| path.starts_with(folder.as_bytes());
    let name = last_segment(path);
    FOLDERS.iter().any(|folder| begins(folder)) && !begins(BUT)
        || WITH_HEX.iter().any(|folder| begins(folder)) && has_hex_hash(name)
        || begins(WITH_BASE64) && has_base64_hash(name)
}

/// `main.8a7d3c1e.js`: a date has no letter, and a word no digit.
fn has_hex_hash(name: &[u8]) -> bool {
    let parts: Vec<&[u8]> = name.split(|&byte| byte == b'.').collect();
    let is_hash = |part: &&[u8]| {
        let is_hex = part.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        part.len() >= HEX_MIN
            && is_hex
            && part.iter().any(u8::is_ascii_digit)
            && part.iter().any(|b| !b.is_ascii_digit())
    };
    parts.len() > 2 && parts[1..parts.len() - 1].iter().any(is_hash)
}

/// `app-DRXdy1V7.js`: a hash of eight letters is told from a word by having a capital, a small letter and a digit.
fn has_base64_hash(name: &[u8]) -> bool {
    let is_hash = |hash: &[u8]| {
        let has = |is_one: fn(&u8) -> bool| hash.iter().any(is_one);
        let is_base64 = hash.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        is_base64 && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
    };
    let ends_with_hash = |dot: usize| {
        let parts = name[..dot].split_last_chunk::<BASE64_LENGTH>();
        parts.is_some_and(|(stem, hash)| stem.len() > 1 && stem.ends_with(b"-") && is_hash(hash))
    };
    (0..name.len()).filter(|&at| name[at] == b'.').any(ends_with_hash)
}

/// Patterns of the author as one.
pub(super) fn patterns(globs: &[String]) -> Result<GlobSet, Wrong> {
    let wrong = |error: globset::Error| {
        let what = format!("the pattern {:?} of `immutable` is wrong: {}", error.glob().unwrap_or(""), error.kind());
        Wrong::new(what, "write one as in \"fonts/**\" or \"*.woff2\"")
    };
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(GlobBuilder::new(glob.trim_start_matches('/')).literal_separator(true).build().map_err(wrong)?);
    }
    set.build().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conventions() {
        for path in [
            "_next/static/chunks/main.js",
            "_app/immutable/x",
            "_astro/hoisted.js",
            "_nuxt/entry.js",
            "static/js/main.8a7d3c1e.js",
            "static/js/2.8a7d3c1e.chunk.js.map",
            "static/media/logo.6ce24c58023cc2f8fd88fe9d219db6c6.svg",
            "assets/app-DRXdy1V7.js",
            "assets/chunks/app-a_-3xY0Z.css.map",
        ] {
            assert!(by_convention(path.as_bytes()), "{path}");
        }
        for path in [
            "main.8a7d3c1e.js",
            "_nuxt/builds/latest.json",
            "static/js/main.js",
            "static/js/report.20240101.js",
            "static/js/8a7d3c1e.js",
            "static/js/main.8a7d3c1e",
            "assets/my-document.pdf",
            "assets/photo-20240101.jpg",
            "assets/logo-Original.png",
            "assets/-DRXdy1V7.js",
            "assets/app-DRXdy1V7",
            "x/assets/app-DRXdy1V7.js",
            "dir_69a4c0aa1f1f3b0a1d5e2f9f6e4c6a3b.js",
            "graphviz-06934fab36ed45716e2be32cffa6a667e3c81348.svg",
        ] {
            assert!(!by_convention(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn patterns_of_the_author() {
        let set = patterns(&["fonts/**".into(), "/*.woff2".into()]).unwrap();
        assert!(set.is_match("fonts/a/b.ttf") && set.is_match("a.woff2"));
        assert!(!set.is_match("x/a.woff2") && !set.is_match("font"));
        let message = patterns(&["a[".into()]).unwrap_err().to_string();
        assert!(message.starts_with("the pattern \"a[\" of `immutable` is wrong: "), "{message}");
    }
}
