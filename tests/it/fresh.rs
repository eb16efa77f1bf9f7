//! What is generated and committed is what would be generated now, and what the pages and `--help` tell people to type
//! works. `make bless` renews the files.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Signal, kill_process_group};
use tempfile::TempDir;

use crate::harness::http;
use crate::harness::network::in_own_network;
use crate::harness::process::{Process, pid_of};
use crate::harness::tool::{ASMGEN, asmgen, measured, root, succeed, tool};
use crate::harness::{none, snapshot, wait_until};

/// The example that the committed files are for.
const DEPLOYED: &str = "examples/page.toml";
/// Pages that name commands.
const PAGES: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];

fn output_of(args: &[&str]) -> String {
    String::from_utf8(succeed(asmgen().args(args)).stdout).unwrap()
}

/// The fault, if a generated file is not up to date.
fn stale(file: &str, text: &str) -> Option<String> {
    snapshot::differs(file, text).map(|fault| format!("{fault}\n  or: make bless"))
}

#[test]
fn deploy_files_are_those_of_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made/k8s");
    output_of(&["k8s", DEPLOYED, "-o", made.to_str().unwrap()]);
    let mut files: Vec<(String, String)> = fs::read_dir(&made)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .collect();
    files.sort();
    assert!(files.len() >= 3, "{files:?}");
    let mut faults = Vec::new();
    faults.extend(stale("docker-compose.yml", &output_of(&["compose", DEPLOYED])));
    faults.extend(stale("Dockerfile.scratch", &output_of(&["dockerfile", DEPLOYED])));
    faults.extend(files.iter().filter_map(|(name, text)| stale(&format!("k8s/{name}"), text)));
    let entries = fs::read_dir(root().join("k8s")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_left_over = |name: &String| !files.iter().any(|(file, _)| file == name);
    faults.extend(names.filter(is_left_over).map(|name| format!("k8s/{name} is made by nobody; remove it")));
    none(&faults);
}

/// What stands around the table that is written by `asmgen sizes --markdown`.
const TABLE_MARKS: [&str; 2] = ["<!-- sizes -->\n", "<!-- /sizes -->"];
/// The same of the table of images.
const IMAGE_MARKS: [&str; 2] = ["<!-- images -->\n", "<!-- /images -->"];

/// A page with this table in the place that it has for it.
fn with_table(page: &str, [begin, end]: [&str; 2], table: &str) -> Option<String> {
    let (before, rest) = page.split_once(begin)?;
    let (_, behind) = rest.split_once(end)?;
    Some([before, begin, table, end, behind].concat())
}

#[test]
fn size_tables_hold_the_sizes() {
    let table = asmgen::sizes::markdown(measured());
    let fault = |file: &str| {
        let page = fs::read_to_string(root().join(file)).unwrap();
        match with_table(&page, TABLE_MARKS, &table) {
            Some(text) => stale(file, &text),
            None => Some(format!("{file}: there is no table between {TABLE_MARKS:?}")),
        }
    };
    none(&["README.md", "CHANGELOG.md"].into_iter().filter_map(fault).collect::<Vec<_>>());
}

/// Bytes of content and of tar, as `asmgen image` says them.
fn image_sizes(example: &str, platforms: &str, options: &[&str]) -> [String; 2] {
    let (folder, spec) = (tempfile::tempdir().unwrap(), format!("examples/{example}.toml"));
    let mut command = asmgen();
    command.args(["image", &spec, "--platform", platforms, "-o"]).arg(folder.path().join("image.tar")).args(options);
    let said = String::from_utf8(succeed(&mut command).stdout).unwrap();
    let words: Vec<&str> = said.lines().last().expect("a summary").split_whitespace().collect();
    let [.., content, "bytes", "of", "content", "in", tar, "bytes", "of", "tar"] = words.as_slice() else {
        panic!("{said}")
    };
    [content, tar].map(|number| (*number).to_owned())
}

#[test]
fn the_table_of_images_holds_their_sizes() {
    let mut table = "| example | platforms | tar | tar, `--golf` | content | content, `--golf` |\n\
                     |---|---|--:|--:|--:|--:|\n"
        .to_owned();
    for example in ["hello", "pause", "page"] {
        for platforms in ["linux/amd64", "linux/amd64,linux/arm64"] {
            let [content, tar] = image_sizes(example, platforms, &[]);
            let [golf_content, golf_tar] = image_sizes(example, platforms, &["--golf"]);
            let platforms = platforms.replace("linux/", "").replace(',', ", ");
            let cells = [format!("`{example}`"), platforms, tar, golf_tar, content, golf_content];
            table += &["| ", &cells.join(" | "), " |\n"].concat();
        }
    }
    let page = fs::read_to_string(root().join("README.md")).unwrap();
    let text = with_table(&page, IMAGE_MARKS, &table).expect("README.md has a place for it");
    none(&stale("README.md", &text).into_iter().collect::<Vec<_>>());
}

/// The map that README.md shows.
#[test]
fn the_map_of_the_readme_is_that_of_the_example() {
    let (file, spec) = ("docs/hello.svg", "examples/hello.toml");
    let map = output_of(&["map", spec, "--target", "x86_64", "--elf", "portable", "--format", "svg"]);
    let page = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(page.contains(&format!("]({file})")), "README.md does not show {file}");
    none(&stale(file, &map).into_iter().collect::<Vec<_>>());
}

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

/// The word behind each `program` that begins a command.
fn first_arguments<'c>(code: &'c [String], program: &'c str) -> impl Iterator<Item = &'c str> {
    let commands = code.iter().flat_map(|line| line.split(['|', ';', '&', '#']));
    commands.filter_map(move |command| {
        let mut words = command.split_whitespace();
        (words.next() == Some(program)).then(|| words.next()).flatten()
    })
}

/// Commands in the list of `asmgen --help`.
fn subcommands(help: &str) -> Vec<&str> {
    let (_, list) = help.split_once("\nCommands:\n").expect("there are commands");
    list.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next()).collect()
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
}

#[test]
fn commands_that_the_pages_name_exist() {
    let help = output_of(&["--help"]);
    let known = subcommands(&help);
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let is_goal = |goal: &str| makefile.lines().any(|line| line.starts_with(&format!("{goal}:")));
    let mut faults = Vec::new();
    for page in PAGES {
        let code = code_of(&fs::read_to_string(root().join(page)).unwrap());
        let commands = first_arguments(&code, "asmgen").filter(|word| is_word(word));
        faults.extend(
            commands.filter(|word| !known.contains(word)).map(|word| format!("{page}: there is no `asmgen {word}`")),
        );
        let goals = first_arguments(&code, "make").filter(|word| is_word(word));
        faults.extend(goals.filter(|goal| !is_goal(goal)).map(|goal| format!("{page}: there is no `make {goal}`")));
    }
    none(&faults);
}

#[test]
fn the_readme_has_every_command_and_every_goal() {
    let help = output_of(&["--help"]);
    let code = code_of(&fs::read_to_string(root().join("README.md")).unwrap());
    let named = |program: &str, word: &str| first_arguments(&code, program).any(|named| named == word);
    let commands = subcommands(&help).into_iter().filter(|command| *command != "help" && !named("asmgen", command));
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let goals = makefile.lines().filter(|line| line.contains(": ") && line.contains("## "));
    let goals = goals.filter_map(|line| line.split(':').next()).filter(|goal| is_word(goal) && !named("make", goal));
    let missing = commands.map(|command| format!("asmgen {command}")).chain(goals.map(|goal| format!("make {goal}")));
    none(&missing.map(|command| format!("README.md does not name `{command}`")).collect::<Vec<_>>());
}

/// Local files that a page links to are there.
#[test]
fn links_lead_somewhere() {
    let mut faults = Vec::new();
    for page in PAGES {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let local = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
        let broken = local.filter(|target| !root().join(target.split('#').next().unwrap_or_default()).exists());
        faults.extend(broken.map(|target| format!("{page}: {target} is not there")));
    }
    none(&faults);
}

#[test]
fn code_is_found_in_pages() {
    let code =
        code_of("a `make test` b `asmgen\nrun x`\n```sh\nasmgen list y | head\ncd z && make clean # make no\n```\n");
    assert_eq!(first_arguments(&code, "asmgen").collect::<Vec<_>>(), ["list", "run"]);
    assert_eq!(first_arguments(&code, "make").collect::<Vec<_>>(), ["clean", "no", "test"]);
    assert_eq!(
        with_table("a <!-- sizes -->\nold<!-- /sizes --> b", TABLE_MARKS, "new\n").unwrap(),
        "a <!-- sizes -->\nnew\n<!-- /sizes --> b"
    );
}

/// The commands under `Examples:`, without the words beside them.
fn examples(help: &str) -> Vec<&str> {
    let (_, section) = help.split_once("\nExamples:\n").expect("there are examples");
    let lines = section.lines().take_while(|line| !line.is_empty());
    let commands = lines.filter_map(|line| line.strip_prefix("  ").filter(|line| line.starts_with("asmgen")));
    commands.map(|line| line.split("  ").next().unwrap_or(line)).collect()
}

/// A folder in which the examples can be typed. Where they go on with Docker or a cluster, a stand-in takes what comes.
fn desk() -> TempDir {
    let desk = tempfile::tempdir().unwrap();
    for folder in ["bin", "examples", "out"] {
        fs::create_dir(desk.path().join(folder)).unwrap();
    }
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let file = entry.unwrap().path();
        fs::copy(&file, desk.path().join("examples").join(file.file_name().expect("it has a name"))).unwrap();
    }
    fs::copy(root().join("examples/notes.txt"), desk.path().join("notes.txt")).unwrap();
    std::os::unix::fs::symlink(ASMGEN, desk.path().join("bin/asmgen")).unwrap();
    for program in ["docker", "kubectl"] {
        let file = desk.path().join("bin").join(program);
        // `docker load -i FILE` has to find its file, `kubectl apply -f -` has to be sent something.
        let stand_in = "#!/bin/sh\nif [ \"$1\" = load ]; then test -s \"$3\"; else grep -q .; fi\n";
        fs::write(&file, stand_in).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    desk
}

/// Types a command. It ends well by itself, or it becomes a server that answers and then ends when it is told to.
fn fault_of_typing(command: &str, desk: &Path, port: u16) -> Option<String> {
    let path = format!("{}:{}", desk.join("bin").display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = tool("bash");
    shell.args(["-o", "pipefail", "-c", command]).current_dir(desk).env("PATH", path);
    let complaints = desk.join("stderr");
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&complaints).unwrap());
    let mut typed = Process::spawn(shell.process_group(0));
    let answers = || std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
    wait_until(command, || !typed.is_running() || answers());
    if !typed.is_running() {
        let (status, _) = typed.wait();
        let said = || fs::read_to_string(&complaints).unwrap();
        return (!status.success()).then(|| format!("`{command}`: {status}\n{}", said()));
    }
    let reply = http::get(port, "/");
    kill_process_group(pid_of(typed.pid()), Signal::TERM).unwrap();
    typed.wait();
    (!reply.starts_with(b"HTTP/1.1 200 OK\r\n")).then(|| format!("`{command}` says {}", http::shown(&reply)))
}

#[test]
fn examples_of_the_help_work() {
    const DEFAULT_PORT: u16 = 8080;
    let help = output_of(&["--help"]);
    let examples = examples(&help);
    assert!(examples.len() >= 5, "only {examples:?}");
    let desk = desk();
    let type_all = || {
        let faults = examples.iter().filter_map(|command| fault_of_typing(command, desk.path(), DEFAULT_PORT));
        faults.collect::<Vec<_>>()
    };
    none(&in_own_network(type_all));
}

/// `make` alone lists every goal that has a description.
#[test]
fn make_lists_its_goals() {
    let output = succeed(Command::new("make").current_dir(root()).env_remove("MAKEFLAGS"));
    let list = String::from_utf8(output.stdout).unwrap();
    let goals = ["image", "test", "run", "sizes", "bless", "bench", "k8s", "install", "clean"];
    let missing = goals.into_iter().filter(|goal| !list.contains(&format!("make {goal} ")));
    none(&missing.map(|goal| format!("`make {goal}` is not in\n{list}")).collect::<Vec<_>>());
}
