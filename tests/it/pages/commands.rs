//! Commands on the pages are commands that exist, with flags that exist, and every command is on a page.

use std::collections::BTreeMap;
use std::fs;

use super::{output_of, pages, text_of};
use crate::harness::none;
use crate::harness::tool::root;

/// Everything that a page sets as code: lines of blocks, and what stands between backticks.
fn code_of(page: &str) -> Vec<String> {
    let mut code = Vec::new();
    let mut text = String::new();
    for (index, part) in page.split("```").enumerate() {
        if index % 2 == 1 {
            code.extend(part.lines().skip(1).map(str::to_owned));
        } else {
            text += part;
        }
    }
    code.extend(text.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")));
    code
}

/// The simple commands of a line: what stands between `&&`, `|` and `;`, without a comment and a prompt.
fn simple_commands(line: &str) -> impl Iterator<Item = Vec<&str>> {
    let code = line.split(" #").next().unwrap_or_default().trim().trim_start_matches("$ ");
    let parts = code.split(['|', ';']).flat_map(|part| part.split("&&"));
    parts.map(|part| part.split_whitespace().collect::<Vec<_>>()).filter(|words| !words.is_empty())
}

/// The word after each `program` that begins a command.
fn first_words<'c>(code: &'c [String], program: &'c str) -> impl Iterator<Item = &'c str> {
    let commands = code.iter().flat_map(|line| simple_commands(line));
    commands.filter(move |words| words[0] == program).filter_map(|words| words.get(1).copied())
}

/// Commands in the list of `asmgen --help`.
fn subcommands(help: &str) -> Vec<&str> {
    let (_, list) = help.split_once("\nCommands:\n").expect("there are commands");
    list.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next()).collect()
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
}

/// What exists: the goals of the Makefile, and what `--help` says of asmgen and of each of its commands.
struct Known {
    makefile: String,
    general: String,
    of_commands: BTreeMap<String, String>,
}

impl Known {
    fn read() -> Self {
        let general = output_of(&["--help"]);
        let help = |command: &str| (command.to_owned(), output_of(&["help", command]));
        let of_commands = subcommands(&general).into_iter().filter(|command| *command != "help").map(help).collect();
        Self { makefile: fs::read_to_string(root().join("Makefile")).unwrap(), general, of_commands }
    }

    /// The fault of one simple command, if it is one of ours and has a fault.
    fn fault(&self, words: &[&str]) -> Option<String> {
        match words {
            ["asmgen" | "target/release/asmgen", rest @ ..] => self.asmgen_fault(rest),
            ["make", rest @ ..] => self.make_fault(rest),
            _ => None,
        }
    }

    fn asmgen_fault(&self, words: &[&str]) -> Option<String> {
        let first = words.first().copied().unwrap_or_default();
        let help = match self.of_commands.get(first) {
            Some(help) => help,
            None if is_word(first) && first != "help" && !root().join(first).is_dir() => {
                return Some(format!("there is no `asmgen {first}`"));
            }
            None => &self.general,
        };
        let flag = |word: &&str| word.split('=').next().is_some_and(|flag| !help.contains(flag));
        let unknown = words.iter().find(|word| word.starts_with("--") && flag(word))?;
        Some(format!("`asmgen {}`: there is no {unknown}", words.join(" ")))
    }

    fn make_fault(&self, words: &[&str]) -> Option<String> {
        let mut goals = words.iter().filter(|word| is_word(word));
        let is_goal = |goal: &str| self.makefile.lines().any(|line| line.starts_with(&format!("{goal}:")));
        goals.find(|goal| !is_goal(goal)).map(|goal| format!("there is no `make {goal}`"))
    }
}

#[test]
fn commands_that_the_pages_name_exist() {
    let known = Known::read();
    let mut faults = Vec::new();
    for page in pages() {
        for line in code_of(&text_of(&page)) {
            faults.extend(
                simple_commands(&line).filter_map(|words| known.fault(&words)).map(|fault| format!("{page}: {fault}")),
            );
        }
    }
    none(&faults);
}

#[test]
fn the_readme_has_every_command_and_every_goal() {
    let help = output_of(&["--help"]);
    let readme = code_of(&text_of("README.md"));
    let is_named = |command: &str| first_words(&readme, "asmgen").any(|named| named == command);
    let commands = subcommands(&help).into_iter().filter(|command| *command != "help" && !is_named(command));
    // What is for those who change asmgen has its place in CONTRIBUTING.md, and `make bench` beside its figures.
    let pages = ["README.md", "CONTRIBUTING.md", "docs/figures.md"].map(|page| code_of(&text_of(page)));
    let is_explained = |goal: &str| pages.iter().any(|page| first_words(page, "make").any(|named| named == goal));
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let goals = makefile.lines().filter(|line| line.contains(": ") && line.contains("## "));
    let goals = goals.filter_map(|line| line.split(':').next()).filter(|goal| is_word(goal) && !is_explained(goal));
    let missing = commands.map(|command| format!("asmgen {command}")).chain(goals.map(|goal| format!("make {goal}")));
    none(&missing.map(|command| format!("no page explains `{command}`")).collect::<Vec<_>>());
}

#[test]
fn what_does_not_exist_is_found() {
    let known = Known::read();
    let fault = |line: &str| simple_commands(line).find_map(|words| known.fault(&words));
    for bad in ["asmgen image --nonsense", "asmgen nonsense", "make nonsense", "$ make image && asmgen list --to x"] {
        assert!(fault(bad).is_some(), "{bad}");
    }
    for good in [
        "asmgen image --platform linux/amd64 -o x",
        "asmgen examples/page.toml --target=i386",
        "asmgen help # nonsense",
        "make image SPEC=x | nonsense --nonsense",
    ] {
        assert_eq!(fault(good), None, "{good}");
    }
    assert_eq!(simple_commands("asmgen x.toml > y && chmod +x y | cat # comment").count(), 3);
}

#[test]
fn code_is_found_in_pages() {
    let code =
        code_of("a `make test` b `asmgen\nrun x`\n```sh\nasmgen list y | head\ncd z && make clean # make no\n```\n");
    assert_eq!(first_words(&code, "asmgen").collect::<Vec<_>>(), ["list", "run"]);
    assert_eq!(first_words(&code, "make").collect::<Vec<_>>(), ["clean", "test"]);
}
