//! `asmgen man`: the manual page, with one part for each command.

use std::io;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::cli::{Cli, EXAMPLES};
use crate::output::{self, Failure};

/// Something that has a name, and what it means.
type Entry = (&'static str, &'static str);

const EXIT_STATUS: [Entry; 3] = [
    ("0", "Done."),
    ("1", "Failed; for verify: a loader refuses a file."),
    ("2", "Wrong usage or wrong input, with a message that names the place and what would be right."),
];
const ENVIRONMENT: [Entry; 4] = [
    ("SOURCE_DATE_EPOCH", "Seconds since 1970: the date of an image, which is otherwise 1970-01-01."),
    ("PORT", "The port of epoll servers, so also of run, unless port_env is false."),
    ("NO_COLOR, CLICOLOR_FORCE", "Switch the colours of text maps off, and on if the output is not a terminal."),
    ("LISTEN_FDS, LISTEN_PID", "The socket that systemd or Podman passes to an epoll server."),
];
const FILES: [Entry; 2] = [
    ("SPEC", "The description in TOML. docs/spec.md lists every key; the folder examples has specs to copy."),
    ("-o FILE", "asmgen writes beside the file and renames: the file is complete, or as it was."),
];

pub(super) fn run() -> Result<ExitCode, Failure> {
    let page = page().map_err(Failure::failed)?;
    output::text(&page)?;
    Ok(ExitCode::SUCCESS)
}

fn page() -> io::Result<String> {
    let mut command = Cli::command();
    command.build();
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut text = String::from_utf8_lossy(&page).into_owned();
    text += ".SH COMMANDS\n";
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        text += &of_command(sub)?;
    }
    let mut rest = Roff::new();
    section(&mut rest, "EXIT STATUS", bold, &EXIT_STATUS);
    section(&mut rest, "ENVIRONMENT", bold, &ENVIRONMENT);
    section(&mut rest, "FILES", italic, &FILES);
    rest.control("SH", ["EXAMPLES"]).control("nf", []);
    for line in EXAMPLES.lines().skip(1).take_while(|line| !line.is_empty()) {
        rest.text([roman(line)]);
    }
    rest.control("fi", []);
    // The document before it has the preamble already.
    Ok(text + &rest.to_roff())
}

/// A command as a part of the section: its name, what it does, its synopsis and its options.
fn of_command(command: &clap::Command) -> io::Result<String> {
    let man = Man::new(command.clone());
    let mut parts = Vec::new();
    man.render_synopsis_section(&mut parts)?;
    man.render_options_section(&mut parts)?;
    let parts = String::from_utf8_lossy(&parts).into_owned();
    // Sections of a page of its own, which there is not.
    let parts: Vec<&str> = parts.lines().filter(|line| !line.starts_with(".SH ") && !is_preamble(line)).collect();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut head = Roff::new();
    head.control("SS", [format!("asmgen {}", command.get_name()).as_str()]);
    head.text([roman(about + ".")]).control("PP", []);
    Ok(head.to_roff() + &parts.join("\n") + "\n")
}

/// What each part defines for quotes.
fn is_preamble(line: &str) -> bool {
    line.starts_with(".ie ") || line.starts_with(".el ")
}

fn section(page: &mut Roff, name: &str, style: fn(&'static str) -> Inline, entries: &[Entry]) {
    page.control("SH", [name]);
    for (name, meaning) in entries {
        page.control("TP", []).text([style(name)]).text([roman(*meaning)]);
    }
}
