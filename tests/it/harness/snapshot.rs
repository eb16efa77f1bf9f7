//! Files that hold what was right: compared, or rewritten by `make bless`. All tests that compare text with a committed
//! file do it here.

use std::fmt::Write;

use super::tool::root;

/// The variable that tells tests to rewrite the files; `make bless` sets it.
const BLESS: &str = "BLESS";

/// Differing lines that are shown of each side.
const SHOWN_LINES: usize = 12;

/// The fault, if the file does not hold exactly this text.
pub(crate) fn differs(file: &str, text: &str) -> Option<String> {
    let path = root().join(file);
    if std::env::var_os(BLESS).is_some() {
        std::fs::create_dir_all(path.parent().expect("snapshots are in folders")).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    (text != expected).then(|| format!("{file}:{}\n  (if this is right: make bless)", difference(&expected, text)))
}

/// The first line that differs, and from there on what went and what came, without what both end with.
fn difference(was: &str, is: &str) -> String {
    let [old, new] = [was, is].map(|text| text.lines().collect::<Vec<_>>());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = [&old[same..], &new[same..]];
    let end = rest[0].iter().rev().zip(rest[1].iter().rev()).take_while(|(old, new)| old == new).count();
    let mut shown = (same + 1).to_string();
    for (mark, lines) in ["-", "+"].into_iter().zip(rest.map(|lines| &lines[..lines.len() - end])) {
        for line in &lines[..lines.len().min(SHOWN_LINES)] {
            let _ = write!(shown, "\n  {mark} {line}");
        }
        if lines.len() > SHOWN_LINES {
            let _ = write!(shown, "\n  {mark} … {} lines more", lines.len() - SHOWN_LINES);
        }
    }
    shown
}

#[test]
fn a_difference_is_what_went_and_what_came() {
    assert_eq!(difference("a\nb\nc\n", "a\nx\ny\nc\n"), "2\n  - b\n  + x\n  + y");
    assert_eq!(difference("", "a\n"), "1\n  + a");
    let long = "x\n".repeat(SHOWN_LINES + 3);
    assert!(difference("", &long).ends_with("\n  + … 3 lines more"));
}
