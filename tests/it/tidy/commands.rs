//! Commands in README.md and in `docs` are commands that exist, with flags that exist.

use std::path::PathBuf;

use crate::harness::none;
use crate::harness::tool::{asmgen, root, succeed};

/// The lines of a page's code blocks, without prompts.
fn code_lines(page: &str) -> Vec<&str> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if in_code {
            lines.push(line.trim().trim_start_matches("$ "));
        }
    }
    lines
}

/// The simple commands of a line: what stands between `&&`, `|` and `;`, without a comment.
fn simple_commands(line: &str) -> Vec<Vec<&str>> {
    let code = line.split(" #").next().unwrap_or_default();
    let parts = code.split(['|', ';']).flat_map(|part| part.split("&&"));
    parts.map(|part| part.split_whitespace().collect::<Vec<_>>()).filter(|words| !words.is_empty()).collect()
}

fn help(command: Option<&str>) -> String {
    let output = succeed(asmgen().args(command).arg("--help"));
    String::from_utf8(output.stdout).unwrap()
}

/// The fault of one `asmgen …`, if it has one.
fn asmgen_fault(words: &[&str]) -> Option<String> {
    let general = help(None);
    let command = words.first().filter(|word| general.contains(&format!("\n  {word} "))).copied();
    let help = help(command);
    let unknown = |word: &&&str| {
        let flag = word.split('=').next().unwrap_or(word);
        word.starts_with("--") && !help.contains(flag)
    };
    let flag = words.iter().find(unknown)?;
    Some(format!("`asmgen {}`: there is no {flag}", words.join(" ")))
}

/// The fault of one `make …`, if it has one.
fn make_fault(words: &[&str]) -> Option<String> {
    let makefile = std::fs::read_to_string(root().join("Makefile")).unwrap_or_default();
    let goals = words.iter().filter(|word| !word.starts_with('-') && !word.contains('='));
    let missing = goals.into_iter().find(|goal| !makefile.lines().any(|line| line.starts_with(&format!("{goal}:"))))?;
    Some(format!("`make {missing}`: the Makefile has no such goal"))
}

/// README.md and the pages in `docs`.
fn pages() -> Vec<PathBuf> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let docs = docs.filter(|file| file.extension().is_some_and(|extension| extension == "md"));
    std::iter::once(root().join("README.md")).chain(docs).collect()
}

#[test]
fn commands_of_the_pages_exist() {
    let mut faults = Vec::new();
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for words in code_lines(&text).into_iter().flat_map(simple_commands) {
            let fault = match words.as_slice() {
                ["asmgen" | "target/release/asmgen", rest @ ..] => asmgen_fault(rest),
                ["make", rest @ ..] => make_fault(rest),
                _ => None,
            };
            faults.extend(fault.map(|fault| format!("{}: {fault}", page.display())));
        }
    }
    none(&faults);
}

#[test]
fn what_does_not_exist_is_found() {
    assert!(asmgen_fault(&["image", "--nonsense"]).is_some());
    assert!(asmgen_fault(&["image", "--platform", "linux/amd64", "-o", "x"]).is_none());
    assert!(asmgen_fault(&["examples/page.toml", "--target=i386"]).is_none());
    assert!(make_fault(&["nonsense"]).is_some());
    let line = "asmgen x.toml > y && chmod +x y | cat # comment";
    assert_eq!(simple_commands(line).len(), 3);
}
