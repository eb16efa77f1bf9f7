//! Files that hold what was right: compared, or rewritten with `BLESS=1 cargo test --test it`.

use super::tool::root;

/// Are snapshots to be rewritten?
pub(crate) fn is_blessing() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// The fault, if the file does not hold exactly this text.
pub(crate) fn differs(file: &str, text: &str) -> Option<String> {
    let path = root().join(file);
    if is_blessing() {
        std::fs::create_dir_all(path.parent().expect("snapshots are in folders")).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if text == expected {
        return None;
    }
    let at = text.lines().zip(expected.lines()).take_while(|(one, other)| one == other).count();
    let [is, was] = [text, &expected].map(|text| text.lines().nth(at).unwrap_or("(end)").to_owned());
    let line = at + 1;
    Some(format!("{file}:{line}:\n  is  {is}\n  was {was}\n  (rewrite: BLESS=1 cargo test --test it)"))
}
