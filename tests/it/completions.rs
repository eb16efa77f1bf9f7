//! Completions, asked for in the shells themselves: commands, values of options, files, also behind SPEC and behind a
//! command.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::harness::none;
use crate::harness::tool::{ASMGEN, asmgen, succeed, tool};

/// A command line with an incomplete last word, and what is offered. In the folder are `site.toml`, `sites/`, `other`.
const CASES: [(&str, &[&str]); 10] = [
    ("asmgen ima", &["image"]),
    ("asmgen sit", &["site.toml", "sites/"]),
    ("asmgen --target aar", &["aarch64"]),
    ("asmgen site.toml --elf po", &["portable"]),
    ("asmgen site.toml -o oth", &["other"]),
    ("asmgen run site.", &["site.toml"]),
    ("asmgen verify oth", &["other"]),
    ("asmgen image --platform linux/a", &["linux/amd64", "linux/arm64"]),
    ("asmgen dump site.toml --after sel", &["select"]),
    ("asmgen map site.toml --format ht", &["html"]),
];

/// A folder with those files and the script that completes in this shell.
fn folder(shell: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).unwrap();
    put("site.toml", b"");
    put("other", b"");
    fs::create_dir(folder.path().join("sites")).unwrap();
    put("completions", &succeed(asmgen().args(["completions", shell])).stdout);
    folder
}

/// Runs a script of a shell in the folder, with asmgen in its PATH; what it prints.
fn printed(shell: &mut Command, script: &str, folder: &Path) -> String {
    let bin = Path::new(ASMGEN).parent().expect("it is in a folder").display();
    shell.arg(script).current_dir(folder).env("HOME", folder).env("PATH", format!("{bin}:/usr/bin:/bin"));
    let output = succeed(shell.stdin(Stdio::null()));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The fault, if a shell does not offer exactly this. Some end a word with a space, some add what it means.
fn fault(line: &str, expected: &[&str], offered: &str) -> Option<String> {
    let mut words: Vec<&str> = offered.lines().filter_map(|line| line.split('\t').next()).map(str::trim).collect();
    words.retain(|word| !word.is_empty());
    words.sort_unstable();
    (words != expected).then(|| format!("{line}: offers {words:?}, not {expected:?}"))
}

#[test]
fn in_bash() {
    let folder = folder("bash");
    // What the shell does when Tab is pressed: the function that is registered fills COMPREPLY.
    let ask = |line: &str| {
        format!(
            "source ./completions; set -- {line}; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMP_TYPE=9; \
             name=$(complete -p asmgen | sed 's/.*-F \\([^ ]*\\).*/\\1/'); \
             \"$name\" asmgen \"${{@: -1}}\" \"${{@: -2:1}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        )
    };
    let offered = |line: &str| printed(tool("bash").args(["--norc", "-c"]), &ask(line), folder.path());
    none(&CASES.iter().filter_map(|(line, expected)| fault(line, expected, &offered(line))).collect::<Vec<_>>());
}

#[test]
fn in_fish() {
    let folder = folder("fish");
    let ask = |line: &str| format!("source ./completions; complete -C '{line}'");
    let offered = |line: &str| printed(tool("fish").args(["--no-config", "-c"]), &ask(line), folder.path());
    none(&CASES.iter().filter_map(|(line, expected)| fault(line, expected, &offered(line))).collect::<Vec<_>>());
}

/// zsh completes only in its line editor: a second zsh on a pseudo-terminal gets the line and Tab, and says what its
/// line is then. Of several offers that is what they have in common.
#[test]
fn in_zsh() {
    let folder = folder("zsh");
    let ask = |line: &str| {
        format!(
            "zmodload zsh/zpty; zpty z zsh -f -i\n\
             zpty -w z 'PS1=; unsetopt beep; autoload -Uz compinit; compinit -u -D'\n\
             zpty -w z 'source ./completions; print REA\"\"DY'\n\
             while zpty -r z out; do [[ $out == *READY* ]] && break; done\n\
             zpty -w z 'show() {{ print -r -- \"LINE=$BUFFER=\"; BUFFER= }}; zle -N show'\n\
             zpty -w z 'bindkey \"^T\" show; print BO\"\"UND'\n\
             while zpty -r z out; do [[ $out == *BOUND* ]] && break; done\n\
             zpty -n -w z '{line}'$'\\t\\C-T'\n\
             while zpty -r z out; do\n\
             [[ $out == *LINE=*=* ]] && {{ print -r -- ${{${{out#*LINE=}}%%=*}}; break }}\n\
             done\n\
             zpty -d z"
        )
    };
    let mut faults = Vec::new();
    for (line, expected) in CASES {
        let mut zsh = tool("timeout");
        zsh.arg("20").arg(tool("zsh").get_program()).args(["-f", "-c"]);
        let shown = printed(&mut zsh, &ask(line), folder.path());
        let common = common_beginning(expected);
        let kept = &line[..=line.rfind(' ').expect("several words")];
        let right = format!("{kept}{common}");
        if shown.trim() != right {
            faults.push(format!("{line}: becomes {:?}, not {right:?}", shown.trim()));
        }
    }
    none(&faults);
}

fn common_beginning(words: &[&str]) -> String {
    let first = words[0];
    let len = (0..=first.len()).rev().find(|len| words.iter().all(|word| word.starts_with(&first[..*len])));
    first[..len.unwrap_or(0)].to_owned()
}
