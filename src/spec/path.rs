//! Paths of routes: what a client can send in a request line.

use std::path::Path;

use super::error::Wrong;
use super::limits::PATH_MAX;

/// Stands for every path.
pub(super) const EVERY: &str = "*";

/// Can a request have that path? The schema has looked at the length.
pub(super) fn check(path: &str) -> Result<(), Wrong> {
    if !path.starts_with('/') {
        let fix = format!("write \"/{}\"; \"{EVERY}\" alone is every path", path.trim_start_matches('*'));
        return Err(Wrong::new(format!("{path:?} does not start with a slash"), fix));
    }
    if let Some((bad, remedy)) = path.chars().find_map(|c| Some((c, remedy(c)?))) {
        return Err(Wrong::new(format!("has the character {bad:?}"), remedy));
    }
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(Wrong::new(
            "has a `.` or `..` segment, which clients resolve before they send",
            "write the path that is left",
        ));
    }
    Ok(())
}

/// The path under which a file can be asked for by its name, unless clients would change the name on the way.
pub(super) fn of_file(path: &Path) -> Option<String> {
    let route = format!("/{}", path.file_name()?.to_str()?);
    let as_sent = !route.contains(['%', '"', '<', '>', '\\', '^', '`', '{', '|', '}']);
    (as_sent && route.len() <= PATH_MAX && check(&route).is_ok()).then_some(route)
}

/// What to write in place of a character that no request path has; nothing for the others.
fn remedy(c: char) -> Option<String> {
    match c {
        '?' => Some("leave out the query: a path is found whatever its query is".to_owned()),
        '#' => Some("leave out the fragment: clients do not send it".to_owned()),
        '!'..='~' => None,
        other => {
            let mut bytes = [0; 4];
            let encoded = other.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}"));
            Some(format!("write it as clients send it: {}", encoded.collect::<Vec<_>>().concat()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_requests() {
        for good in ["/", "/a", "/a/b.html", "/%20", "/.well-known/x", "//", "/a/"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "a", "*a", "/a b", "/a?b", "/a#b", "/ä", "/\n", "/\u{7f}", "/../a", "/a/."] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert!(check("/ä").unwrap_err().fix.ends_with(": %C3%A4"));
    }

    #[test]
    fn paths_of_files() {
        for (path, route) in [
            ("a/notes.txt", Some("/notes.txt")),
            ("my notes.txt", None),
            ("50%.txt", None),
            ("日本.txt", None),
            ("a?b", None),
            ("..", None),
        ] {
            assert_eq!(of_file(Path::new(path)).as_deref(), route, "{path}");
        }
        assert_eq!(of_file(Path::new(&"a".repeat(PATH_MAX))), None);
    }
}
