//! Names: of the executable, the image and the Kubernetes objects.

use std::path::Path;

use super::error::Wrong;
use super::limits::NAME_MAX;

/// Where not one character of a file name can be used.
const FALLBACK: &str = "program";

/// A valid name from the file's name without its extension: lower case, and `-` for whatever is not allowed.
pub(super) fn from_path(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let dashed: String = stem.chars().map(|c| if is_allowed(c) { c } else { '-' }).collect();
    let mut name = String::new();
    for part in dashed.split('-').filter(|part| !part.is_empty()) {
        if !name.is_empty() {
            name.push('-');
        }
        name.push_str(part);
    }
    name.truncate(NAME_MAX);
    let name = name.trim_end_matches('-');
    if name.is_empty() { FALLBACK.to_owned() } else { name.to_owned() }
}

/// Is it `[a-z0-9]([-a-z0-9]*[a-z0-9])?`? The schema has checked the length.
pub(super) fn check(name: &str) -> Result<(), Wrong> {
    let good = name.chars().all(|c| is_allowed(c) || c == '-') && !name.starts_with('-') && !name.ends_with('-');
    if good {
        return Ok(());
    }
    let what = format!("{name:?} is not a valid name of a Kubernetes object");
    // The dot makes sure that the whole name is the stem.
    Err(Wrong::new(what, format!("write name = \"{}\"", from_path(Path::new(&format!("{name}."))))))
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_files() {
        for (path, name) in [
            ("examples/page.toml", "page"),
            ("My Notes_2.txt", "my-notes-2"),
            ("-a-.toml", "a"),
            ("日本.toml", "program"),
            ("/", "program"),
            (".env", "env"),
        ] {
            assert_eq!(from_path(Path::new(path)), name, "{path}");
        }
        let long = from_path(Path::new(&format!("{}-{}", "a".repeat(NAME_MAX - 1), "b")));
        assert_eq!(long, "a".repeat(NAME_MAX - 1));
    }

    #[test]
    fn given_names() {
        for good in ["a", "0", "a-b", "a--b"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["A", "-a", "a-", "a_b", "a b", "ä", "a/b"] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert_eq!(check("My.App").unwrap_err().fix, "write name = \"my-app\"");
    }
}
