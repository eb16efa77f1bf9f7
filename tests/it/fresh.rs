//! What is generated and committed is what would be generated now, and what the pages and `--help` tell people to type
//! works. `make bless` renews the files.

use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use asmgen::sizes::Row;
use rustix::process::{Signal, kill_process_group};
use tempfile::TempDir;

use crate::harness::http;
use crate::harness::network::in_own_network;
use crate::harness::process::{Process, pid_of};
use crate::harness::tool::{ASMGEN, asmgen, measured, root, succeed, tool};
use crate::harness::{none, snapshot, wait_until};

/// The example that the committed files are for.
const DEPLOYED: &str = "examples/page.toml";
/// Pages beside those in `docs`.
const PAGES: [&str; 5] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];

/// Every page that people read.
fn pages() -> Vec<String> {
    let docs =
        fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let docs = docs.filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "md"));
    let mut pages: Vec<String> =
        PAGES.map(str::to_owned).into_iter().chain(docs.map(|name| format!("docs/{name}"))).collect();
    pages.sort();
    pages
}

fn text_of(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

fn output_of(args: &[&str]) -> String {
    String::from_utf8(succeed(asmgen().args(args)).stdout).unwrap()
}

#[test]
fn the_page_of_the_keys_is_the_schema() {
    none(&snapshot::differs("docs/spec.md", &asmgen::spec::schema_markdown()).into_iter().collect::<Vec<_>>());
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
    faults.extend(snapshot::differs("docker-compose.yml", &output_of(&["compose", DEPLOYED])));
    faults.extend(snapshot::differs("Dockerfile.scratch", &output_of(&["dockerfile", DEPLOYED])));
    faults.extend(files.iter().filter_map(|(name, text)| snapshot::differs(&format!("k8s/{name}"), text)));
    let entries = fs::read_dir(root().join("k8s")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_left_over = |name: &String| !files.iter().any(|(file, _)| file == name);
    faults.extend(names.filter(is_left_over).map(|name| format!("k8s/{name} is made by nobody; remove it")));
    none(&faults);
}

/// What stands around the table that is written by `asmgen sizes --markdown`.
const TABLE_MARKS: [&str; 2] = ["<!-- sizes -->\n", "<!-- /sizes -->"];
/// The same of the short table of README.md.
const BRIEF_MARKS: [&str; 2] = ["<!-- brief -->\n", "<!-- /brief -->"];
/// The same of the table of images.
const IMAGE_MARKS: [&str; 2] = ["<!-- images -->\n", "<!-- /images -->"];

/// A page with this table in the place that it has for it.
fn with_table(page: &str, [begin, end]: [&str; 2], table: &str) -> Option<String> {
    let (before, rest) = page.split_once(begin)?;
    let (_, behind) = rest.split_once(end)?;
    Some([before, begin, table, end, behind].concat())
}

/// What README.md says of some examples: the layout `strict`, one column per target.
fn brief(rows: &[Row]) -> String {
    let is_shown = |row: &&Row| row.elf == "strict" && ["hello", "pause", "greeting", "page"].contains(&row.example);
    let rows: Vec<&Row> = rows.iter().filter(is_shown).collect();
    let mut table = "| example | engine | x86_64 | aarch64 | i386 |\n|---|---|--:|--:|--:|\n".to_owned();
    for line in rows.chunk_by(|one, other| (one.example, one.engine) == (other.example, other.engine)) {
        let bytes = |target: &str| line.iter().find(|row| row.target == target).expect("it is measured").total;
        let [x86_64, aarch64, i386] = ["x86_64", "aarch64", "i386"].map(bytes);
        let engine = line[0].engine.unwrap_or("-");
        let _ = writeln!(table, "| `{}` | {engine} | {x86_64} | {aarch64} | {i386} |", line[0].example);
    }
    table
}

#[test]
fn size_tables_hold_the_sizes() {
    let (all, brief) = (asmgen::sizes::markdown(measured()), brief(measured()));
    let tables = [
        ("docs/figures.md", TABLE_MARKS, &all),
        ("CHANGELOG.md", TABLE_MARKS, &all),
        ("README.md", BRIEF_MARKS, &brief),
    ];
    let fault = |(file, marks, table): (&str, [&str; 2], &String)| match with_table(&text_of(file), marks, table) {
        Some(text) => snapshot::differs(file, &text),
        None => Some(format!("{file}: there is no table between {marks:?}")),
    };
    none(&tables.into_iter().filter_map(fault).collect::<Vec<_>>());
}

/// Whether a row of the goals says of itself that it is met, and whether its figure and its limit say so.
fn verdicts(row: &str) -> Option<(bool, bool)> {
    let number = |text: &str| text.split_whitespace().next()?.replace(',', "").parse::<f64>().ok();
    let [what, limit, figure, met] = row.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect::<Vec<_>>()[..]
    else {
        return None;
    };
    let says_met = match met {
        "yes" => true,
        "no" => false,
        _ => return None,
    };
    let figure = number(figure).unwrap_or_else(|| panic!("{what}: a verdict without a figure"));
    let is_met = match limit.strip_prefix("≤ ").and_then(number) {
        Some(limit) => figure <= limit,
        None => limit == "ahead of each peer" && figure > 1.0,
    };
    Some((says_met, is_met))
}

/// The goals of `make bench`, as docs/figures.md has them.
#[test]
fn the_table_of_goals_is_true_to_its_figures() {
    let page = text_of("docs/figures.md");
    let (_, table) = page.split_once("\n| goal, one worker | limit | measured | met |\n").expect("a table of goals");
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let judged: Vec<_> = rows.iter().copied().filter_map(|row| verdicts(row).map(|verdicts| (row, verdicts))).collect();
    assert!(judged.len() >= 10, "only {judged:?}");
    let mut faults: Vec<String> = judged
        .into_iter()
        .filter(|(_, (says_met, is_met))| says_met != is_met)
        .map(|(row, (_, is_met))| format!("docs/figures.md: {row}: is it met? {is_met}"))
        .collect();
    // These goals are withdrawn.
    let of_code = rows.iter().filter(|row| row.starts_with("| code"));
    faults.extend(of_code.map(|row| format!("docs/figures.md: {row}: bytes of code have no goal")));
    none(&faults);
}

#[test]
fn a_verdict_is_read() {
    assert_eq!(verdicts("| CPU | ≤ 1.05 | 1.04 | yes |"), Some((true, true)));
    assert_eq!(verdicts("| start | ≤ 1.00 ms | 1.12 ms | yes |"), Some((true, false)));
    assert_eq!(verdicts("| memory | ≤ 1,040 kB | 40 kB | no |"), Some((false, true)));
    assert_eq!(verdicts("| requests/s | ahead of each peer | 0.90 of the fastest peer | yes |"), Some((true, false)));
    assert_eq!(verdicts("| workers | report | 2.11, the load generator left out | – |"), None);
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
    let page = "docs/golf.md";
    let text = with_table(&text_of(page), IMAGE_MARKS, &table).expect("it has a place for the table");
    none(&snapshot::differs(page, &text).into_iter().collect::<Vec<_>>());
}

/// The map that README.md shows.
#[test]
fn the_map_of_the_readme_is_that_of_the_example() {
    let (file, spec) = ("docs/hello.svg", "examples/hello.toml");
    let map = output_of(&["map", spec, "--target", "x86_64", "--elf", "portable", "--format", "svg"]);
    assert!(text_of("README.md").contains(&format!("]({file})")), "README.md does not show {file}");
    none(&snapshot::differs(file, &map).into_iter().collect::<Vec<_>>());
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
    for page in pages() {
        let code = code_of(&text_of(&page));
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
    let readme = code_of(&text_of("README.md"));
    let is_named = |command: &str| first_arguments(&readme, "asmgen").any(|named| named == command);
    let commands = subcommands(&help).into_iter().filter(|command| *command != "help" && !is_named(command));
    // What is for those who change asmgen has its place in CONTRIBUTING.md, and `make bench` beside its figures.
    let pages = ["README.md", "CONTRIBUTING.md", "docs/figures.md"].map(|page| code_of(&text_of(page)));
    let is_explained = |goal: &str| pages.iter().any(|page| first_arguments(page, "make").any(|named| named == goal));
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let goals = makefile.lines().filter(|line| line.contains(": ") && line.contains("## "));
    let goals = goals.filter_map(|line| line.split(':').next()).filter(|goal| is_word(goal) && !is_explained(goal));
    let missing = commands.map(|command| format!("asmgen {command}")).chain(goals.map(|goal| format!("make {goal}")));
    none(&missing.map(|command| format!("no page explains `{command}`")).collect::<Vec<_>>());
}

/// What leads to a heading of a page: its words in lower case, without punctuation, with hyphens between them.
fn anchors(page: &str) -> Vec<String> {
    let headings = page
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | ' ');
    headings.map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

/// The fault of a link from a page to a file, a heading, or a heading of a file.
fn fault_of_link(page: &str, target: &str) -> Option<String> {
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let from = root().join(page);
    let file = if file.is_empty() { from } else { from.parent().expect("it lies in a folder").join(file) };
    if !file.exists() {
        return Some(format!("{page}: {target} is not there"));
    }
    let anchor = anchor?;
    let is_there = anchors(&fs::read_to_string(file).unwrap()).iter().any(|known| known == anchor);
    (!is_there).then(|| format!("{page}: {target}: there is no such heading"))
}

/// Local files that a page links to are there, and so are their headings.
#[test]
fn links_lead_somewhere() {
    let mut faults = Vec::new();
    for page in pages() {
        let text = text_of(&page);
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let local = targets.filter(|target| !target.contains("://"));
        faults.extend(local.filter_map(|target| fault_of_link(&page, target)));
    }
    none(&faults);
}

#[test]
fn broken_links_are_found() {
    assert_eq!(fault_of_link("docs/golf.md", "../src/lib.rs"), None);
    assert_eq!(fault_of_link("docs/golf.md", "#images"), None);
    assert_eq!(fault_of_link("README.md", "docs/layouts.md#what-scanners-say"), None);
    assert!(fault_of_link("docs/golf.md", "docs/layouts.md").is_some());
    assert!(fault_of_link("README.md", "docs/layouts.md#nothing").is_some());
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
