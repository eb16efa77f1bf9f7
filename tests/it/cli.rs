//! The command line: what it writes where, what it refuses and in which words, what belongs to the tool itself.

use std::fs;
use std::io::{BufRead, Read};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::http::{self, Expected};
use crate::harness::network::in_own_network;
use crate::harness::process::Process;
use crate::harness::tool::{ASMGEN, asmgen, root, succeed, tool};
use crate::harness::{none, snapshot, wait_until};

/// Exit code for wrong usage and wrong input.
const WRONG_INPUT: i32 = 2;

fn stdout_of(args: &[&str]) -> String {
    String::from_utf8(succeed(asmgen().args(args)).stdout).unwrap()
}

#[test]
fn help_shows_examples() {
    let help = stdout_of(&["--help"]);
    for text in ["Examples:", "asmgen run", "asmgen image", "asmgen list", "--target", "--elf", "Exit code"] {
        assert!(help.contains(text), "{text:?} is not in\n{help}");
    }
    for command in [
        "image",
        "list",
        "dump",
        "check",
        "init",
        "map",
        "run",
        "verify",
        "sizes",
        "k8s",
        "compose",
        "completions",
        "man",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in\n{help}");
        assert!(stdout_of(&[command, "--help"]).contains("Usage: asmgen"), "{command} has no help");
    }
}

#[test]
fn the_file_is_executable_and_replaces_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    fs::write(&file, "something longer than the executable will be".repeat(100)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    for (command, mode) in [("--target x86_64", 0o755), ("image", 0o644)] {
        succeed(asmgen().args(command.split(' ')).arg("-o").arg(&file));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, mode, "{command}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{command}: something was left behind");
    }
}

/// What is in the redirected standard output already stays.
#[test]
fn standard_output_by_its_name_is_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    fs::write(&file, "before").unwrap();
    let redirected = fs::OpenOptions::new().append(true).open(&file).unwrap();
    let args = ["examples/hello.toml", "--target", "x86_64", "-o", "/dev/stdout"];
    let status = asmgen().args(args).stdout(redirected).status().unwrap();
    assert!(status.success());
    assert!(fs::read(&file).unwrap().starts_with(b"before\x7fELF"));
}

/// Behind a link the file it leads to is meant, also where there is none yet.
#[test]
fn a_link_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (link, file) = (folder.path().join("link"), folder.path().join("file"));
    std::os::unix::fs::symlink("file", &link).unwrap();
    for _ in ["nowhere yet", "to the file"] {
        succeed(asmgen().args(["examples/hello.toml", "--target", "x86_64", "-o"]).arg(&link));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::symlink_metadata(&file).unwrap().is_file());
    }
    let lost = folder.path().join("lost");
    std::os::unix::fs::symlink("lost", &lost).unwrap();
    let output = asmgen().args(["examples/hello.toml", "--target", "x86_64", "-o"]).arg(&lost).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_spec_is_not_replaced_by_its_result() {
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("notes.txt");
    fs::write(&spec, "notes").unwrap();
    for command in [&["--target", "x86_64"][..], &["image"], &["map"]] {
        let output = asmgen().args(command).arg(&spec).arg("-o").arg(&spec).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(WRONG_INPUT), "{message}");
        assert!(message.ends_with("notes.txt: is the spec itself; name another file with -o\n"), "{message}");
        assert_eq!(fs::read(&spec).unwrap(), b"notes");
    }
}

#[test]
fn what_is_no_file_is_not_verified() {
    let output = asmgen().args(["verify", "/dev/zero"]).output().unwrap();
    assert_eq!(output.status.code(), Some(WRONG_INPUT));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/dev/zero: is not a regular file"));
}

/// A program that is running can be replaced: the old file is not written to.
#[test]
fn a_running_executable_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pause");
    let build = || succeed(asmgen().args(["examples/pause.toml", "--target", "x86_64", "-o"]).arg(&file));
    build();
    let _running = Process::spawn(&mut Command::new(&file));
    build();
}

#[test]
fn a_terminal_gets_no_binary() {
    for command in ["--target x86_64", "image", "examples/hello.toml --target i386"] {
        let on_terminal = format!("{ASMGEN} {command}");
        let output = tool("script").args(["-qec", &on_terminal, "/dev/null"]).current_dir(root()).output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(WRONG_INPUT), "{command}: {shown}");
        assert!(shown.contains("standard output is a terminal; name a file with -o FILE"), "{command}: {shown}");
        assert!(!shown.contains("ELF"), "{command}: {shown}");
    }
}

/// The first line of the help, letter by letter.
#[test]
fn as_written_in_the_help() {
    let line = "asmgen --target x86_64 > server && chmod +x server && ./server";
    assert!(stdout_of(&["--help"]).contains(line));
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}:/usr/bin:/bin", Path::new(ASMGEN).parent().expect("it is in a folder").display());
    let reply = in_own_network(|| {
        let mut shell = tool("bash");
        // The last command takes the shell's place, so that it ends with the test.
        shell.args(["-c", &line.replace("./server", "exec ./server")]).current_dir(folder.path());
        let _server = Process::spawn(shell.env("PATH", path).stdout(Stdio::null()));
        wait_until("the server listens", || std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, 8080)).is_ok());
        http::get(8080, "/health")
    });
    assert_eq!(Expected::ok("text/plain", "OK").fault("/health", &reply), None);
}

/// Variables and their values.
type Environment = &'static [(&'static str, &'static str)];

/// Wrong usage: the snapshot's name, the arguments, and the environment. `OUT` is an empty folder.
#[rustfmt::skip] // One case per line.
const WRONG: [(&str, &str, Environment); 41] = [
    ("target_unknown",       "--target sparc -o OUT/x",                                             &[]),
    ("target_wrong_case",    "--target X86_64 -o OUT/x",                                            &[]),
    ("target_missing",       "--target",                                                            &[]),
    ("layout_unknown",       "--elf tiny --target x86_64 -o OUT/x",                                 &[]),
    ("port_zero",            "--port 0 -o OUT/x",                                                   &[]),
    ("port_too_high",        "--port 65536 -o OUT/x",                                               &[]),
    ("port_no_number",       "--port http -o OUT/x",                                                &[]),
    ("port_of_pause",        "examples/pause.toml --port 8080 --target x86_64 -o OUT/x",            &[]),
    ("engine_unknown",       "--engine io_uring --target x86_64 -o OUT/x",                          &[]),
    ("engine_of_pause",      "examples/pause.toml --engine epoll --target x86_64 -o OUT/x",         &[]),
    ("listen_of_hello",      "examples/hello.toml --listen 127.0.0.1:80 --target x86_64 -o OUT/x",  &[]),
    ("listen_name",          "--listen localhost:80 --target x86_64 -o OUT/x",                      &[]),
    ("listen_bare_ipv6",     "--listen ::1 --target x86_64 -o OUT/x",                               &[]),
    ("flag_unknown",         "--prot 8080 -o OUT/x",                                                &[]),
    ("command_unknown",      "images --target x86_64 -o OUT/x",                                     &[]),
    ("word_build",           "build examples/page.toml -o OUT/x",                                   &[]),
    ("word_serve",           "serve examples",                                                      &[]),
    ("word_validate",        "validate examples/page.toml",                                         &[]),
    ("check_settings",       "check examples/page.toml --spa",                                      &[]),
    ("check_html",           "check examples --html both,exact",                                    &[]),
    ("check_missing",        "check examples/nothing",                                              &[]),
    ("init_exists",          "init examples/page.toml",                                             &[]),
    ("word_new",             "new site",                                                            &[]),
    ("word_size",            "size",                                                                &[]),
    ("two_specs",            "examples/page.toml examples/hello.toml -o OUT/x",                     &[]),
    ("spec_missing",         "examples/missing.toml --target x86_64 -o OUT/x",                      &[]),
    ("folder_blocking",      "examples --engine blocking --target x86_64 -o OUT/x",                 &[]),
    ("output_no_folder",     "--target x86_64 -o /nonexistent/server",                              &[]),
    ("output_is_folder",     "--target x86_64 -o /tmp",                                             &[]),
    ("image_no_folder",      "image -o /nonexistent/image.tar",                                     &[]),
    ("platform_unknown",     "image --platform linux/riscv64 -o OUT/x",                             &[]),
    ("platform_windows",     "image --platform windows/amd64 -o OUT/x",                             &[]),
    ("tag_bad",              "image --tag Not_A:Good:Tag -o OUT/x",                                 &[]),
    ("epoch_bad",            "image -o OUT/x",                        &[("SOURCE_DATE_EPOCH", "yesterday")]),
    ("verify_missing",       "verify /nonexistent/file",                                            &[]),
    ("verify_layout",        "verify examples/page.toml --elf tiny",                                &[]),
    ("k8s_output_is_file",   "k8s -o Cargo.toml",                                                   &[]),
    ("pass_unknown",         "dump --after selection",                                             &[]),
    ("map_format",           "map --format png -o OUT/x",                                           &[]),
    ("sizes_two_formats",    "sizes --json --tsv",                                                  &[]),
    ("completions_unknown",  "completions tcsh",                                                    &[]),
];

#[test]
fn wrong_usage_is_refused_with_a_message() {
    let mut faults = Vec::new();
    for (name, arguments, environment) in WRONG {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().to_str().unwrap();
        let words = arguments.split_whitespace().map(|word| word.replace("OUT", out));
        let output = asmgen().args(words).envs(environment.iter().copied()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).replace(out, "OUT");
        faults.extend(snapshot::differs(&format!("tests/cli/{name}.stderr"), &stderr));
        let checks = [
            (output.status.code() == Some(WRONG_INPUT), format!("ended with {}", output.status)),
            (output.stdout.is_empty(), "wrote to standard output".to_owned()),
            (fs::read_dir(out).unwrap().next().is_none(), "left something behind".to_owned()),
            (stderr.lines().count() >= 1, "said nothing".to_owned()),
        ];
        faults.extend(checks.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| format!("{name}: {fault}")));
    }
    none(&faults);
}

#[test]
fn no_snapshot_is_left_over() {
    // None is there before the first `make bless`.
    let entries = fs::read_dir(root().join("tests/cli")).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_used = |file: &String| WRONG.iter().any(|(name, ..)| *file == format!("{name}.stderr"));
    none(&names.filter(|file| !is_used(file)).collect::<Vec<_>>());
}

/// A reader that stops after the beginning gets no complaint.
#[test]
fn a_reader_that_leaves() {
    let head = format!("{ASMGEN} --target x86_64 | head -c 4 > /dev/null; echo ${{PIPESTATUS[0]}}");
    let output = succeed(tool("bash").args(["-c", &head]));
    assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (b"0\n".as_slice(), b"".as_slice()));
}

/// It is what troff takes without a complaint, has the sections that manual pages have, and names no page that is none.
#[test]
fn manual_page() {
    let page = stdout_of(&["man"]);
    for section in ["NAME", "SYNOPSIS", "OPTIONS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"] {
        let heads = [format!(".SH {section}\n"), format!(".SH \"{section}\"\n")];
        assert!(heads.iter().any(|head| page.contains(head)), "{section} is not in\n{page}");
    }
    assert!(!page.contains("(1)"), "other pages: there are none");
    for command in ["image", "verify", "completions"] {
        assert!(page.contains(&format!(".SS \"asmgen {command}\"")), "{command} is not in\n{page}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &page).unwrap();
    let output = succeed(tool("groff").args(["-man", "-Kutf8", "-Tutf8", "-ww"]).arg(file.path()));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("asmgen run examples/greeting.toml"), "{shown}");
}

/// The command in a file can be pasted, whatever the spec's name is.
#[test]
fn the_command_that_made_a_file_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("a b; touch EVIL.toml");
    fs::copy(root().join("examples/greeting.toml"), &spec).unwrap();
    for command in ["k8s", "compose", "dockerfile"] {
        let text = String::from_utf8(succeed(asmgen().arg(command).arg(&spec)).stdout).unwrap();
        let line = text.lines().next().unwrap();
        let made_by = line.strip_prefix("# Made by `").and_then(|rest| rest.split_once('`')).expect("a command").0;
        let script = format!("asmgen() {{ printf '%s\\n' \"$@\"; }}; {made_by}");
        let words = succeed(tool("bash").args(["-c", &script]).current_dir(folder.path())).stdout;
        assert_eq!(String::from_utf8(words).unwrap(), format!("{command}\n{}\n", spec.display()));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something else was run");
}

/// A result that cannot be written names the file that was asked for, and no other.
#[test]
fn a_file_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let sealed = folder.path().join("sealed");
    fs::create_dir(&sealed).unwrap();
    // Not even root writes there.
    let line = format!(
        "mount -t tmpfs -o ro none {0} && exec {ASMGEN} {1}/examples/hello.toml --target x86_64 -o {0}/out",
        sealed.display(),
        root().display()
    );
    let output = tool("unshare").args(["--map-root-user", "--mount", "bash", "-c", &line]).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    let expected = format!("asmgen: {}/out: read-only filesystem or storage medium\n", sealed.display());
    assert_eq!(message, expected);
}

#[test]
fn json() {
    let sizes: serde_json::Value = serde_json::from_str(&stdout_of(&["sizes", "--json", "--effort", "quick"])).unwrap();
    assert!(sizes.as_array().is_some_and(|rows| !rows.is_empty()), "{sizes}");
    let verdict: serde_json::Value = serde_json::from_str(&stdout_of(&["verify", ASMGEN, "--json"])).unwrap();
    assert!(verdict["loaders"].is_array() && verdict["layouts"]["strict"].is_boolean(), "{verdict}");
}

/// What is not an ELF file is wrong input: one line, whatever layout is asked for.
#[test]
fn verify_of_another_file() {
    for layout in [None, Some("strict"), Some("portable")] {
        let mut command = asmgen();
        command.args(["verify", "examples/page.toml"]).args(layout.iter().flat_map(|layout| ["--elf", layout]));
        let output = command.output().unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(WRONG_INPUT), 0), "{layout:?}: {output:?}");
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            message,
            "asmgen: examples/page.toml: is not an ELF file: it begins with 23 20 54 68, not with 7f 45 4c 46; \
             name an ELF file\n"
        );
    }
}

/// Each file has its verdict; one that is none does not keep the others from theirs, and is the exit code.
#[test]
fn verify_of_several_files() {
    let folder = tempfile::tempdir().unwrap();
    let hello = folder.path().join("hello");
    succeed(asmgen().args(["examples/hello.toml", "--target", "x86_64", "--elf", "linux", "-o"]).arg(&hello));
    let ask = |args: &[&str], files: &[&Path]| asmgen().arg("verify").args(args).args(files).output().unwrap();
    let own = Path::new(ASMGEN);
    let both = ask(&[], &[own, &hello]);
    assert_eq!(both.status.code(), Some(0), "{both:?}");
    let shown = String::from_utf8_lossy(&both.stdout).into_owned();
    for file in [own, &hello] {
        assert!(shown.contains(&format!("{}:\nLinux                    accepts\n", file.display())), "{shown}");
    }
    assert_eq!(ask(&["--elf", "strict"], &[own, &hello]).status.code(), Some(1));
    let with_another = ask(&["--json"], &[own, Path::new("Cargo.toml"), &hello]);
    assert_eq!(with_another.status.code(), Some(WRONG_INPUT));
    let json: serde_json::Value = serde_json::from_slice(&with_another.stdout).unwrap();
    let names: Vec<&str> = json.as_array().unwrap().iter().map(|one| one["file"].as_str().unwrap()).collect();
    assert_eq!(names, [ASMGEN, hello.to_str().unwrap()]);
}

#[test]
fn verify_of_standard_input() {
    let input = fs::File::open(ASMGEN).unwrap();
    let output = asmgen().args(["verify", "-"]).stdin(input).output().unwrap();
    assert!(output.status.success() && output.stdout.starts_with(b"Linux                    accepts\n"), "{output:?}");
}

/// A file of 3 GB is judged by what loaders look at: within a second, and in little memory.
#[test]
fn verify_reads_what_it_needs() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::copy(ASMGEN, file.path()).unwrap();
    fs::OpenOptions::new().write(true).open(file.path()).unwrap().set_len(3 << 30).unwrap();
    let mut limited = tool("prlimit");
    limited.args(["--as=268435456", ASMGEN, "verify"]).arg(file.path());
    assert!(succeed(&mut limited).stdout.starts_with(b"Linux                    accepts\n"));
}

/// Fields that a file does not have hold nothing.
#[test]
fn verify_names_no_bytes_past_the_end() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &fs::read(ASMGEN).unwrap()[..40]).unwrap();
    let output = asmgen().arg("verify").arg(file.path()).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("e_phnum is past the end: the file has 40 bytes"), "{shown}");
    let offset = |line: &str| u64::from_str_radix(line.trim().split_once("0x")?.1.split(['–', ' ']).next()?, 16).ok();
    let places = shown.lines().filter(|line| line.trim_start().starts_with("byte"));
    let past: Vec<&str> = places.filter(|line| offset(line).is_none_or(|offset| offset >= 40)).collect();
    assert!(past.is_empty(), "{past:?}");
}

/// Ctrl-C in a search keeps what was found: a file that is whole, and states its size where the page does.
#[test]
fn an_interrupted_search_writes_its_best() {
    let folder = tempfile::tempdir().unwrap();
    for spec in ["pause", "page"] {
        let file = folder.path().join(spec);
        let path = format!("examples/{spec}.toml");
        let mut command = asmgen();
        command.args([&path, "--golf", "--target", "x86_64", "-o"]).arg(&file).stderr(Stdio::piped());
        let mut search = command.spawn().unwrap();
        let caught = format!("/proc/{}/status", search.id());
        // SIGINT is bit 1 of those that are caught (proc_pid_status(5)).
        wait_until("the search listens", || {
            let status = fs::read_to_string(&caught).unwrap();
            let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t")).expect("a mask");
            u64::from_str_radix(mask, 16).unwrap() & 2 != 0
        });
        std::thread::sleep(std::time::Duration::from_millis(500));
        kill_process(Pid::from_child(&search), Signal::INT).unwrap();
        let mut message = String::new();
        search.stderr.take().unwrap().read_to_string(&mut message).unwrap();
        let status = search.wait().unwrap();
        let built = fs::read(&file).unwrap();
        let said = format!("{spec}, x86_64: stopped; the smallest file found so far has {} bytes\n", built.len());
        assert_eq!((status.code(), message), (Some(0), said));
        succeed(asmgen().args(["verify", "--elf", "linux"]).arg(&file));
        if spec == "page" {
            let stated = format!("{} bytes", built.len());
            assert!(built.windows(stated.len()).any(|window| window == stated.as_bytes()), "it does not say {stated}");
        }
    }
    // What is to run is not run then.
    let mut run = asmgen().args(["run", "examples/pause.toml", "--golf"]).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    kill_process(Pid::from_child(&run), Signal::INT).unwrap();
    assert_eq!(run.wait().unwrap().signal(), Some(2));
}

/// The clock goes on before there is anything to tell.
#[test]
fn the_bar_of_a_search_ticks() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let line = format!("timeout -s INT 3 {ASMGEN} examples/pause.toml --golf --target aarch64 -o {}", out.display());
    let output = tool("script").args(["-qec", &line, "/dev/null"]).current_dir(root()).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    for text in [" 0s  ", " 1s  ", " 2s  ", "choosing instructions", "stopped; the smallest file"] {
        assert!(shown.contains(text), "{text:?} is not in {shown:?}");
    }
}

/// Rows appear as they come: a reader of the first need not wait for the last.
#[test]
fn rows_of_golf_appear_one_by_one() {
    for args in [&["golf", "--effort", "quick"][..], &["golf", "--rules", "--effort", "quick"]] {
        let mut command = asmgen();
        let mut golf = command.args(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = std::io::BufReader::new(golf.stdout.take().unwrap()).lines();
        let first: Vec<String> = lines.by_ref().take(2).map(Result::unwrap).collect();
        assert!(golf.try_wait().unwrap().is_none(), "{args:?}: it was done before {first:?} could be read");
        assert!(first[0].starts_with("example") || first[0].starts_with("rule"), "{first:?}");
        golf.kill().unwrap();
        golf.wait().unwrap();
    }
}

/// A device that is full is no reason to abort, and nothing that was asked for is lost without a word.
#[test]
fn what_cannot_be_written_is_said() {
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let with_full_stderr = |args: &[&str]| asmgen().args(args).stderr(full()).output().unwrap().status.code();
    assert_eq!(with_full_stderr(&["no-such-file"]), Some(WRONG_INPUT));
    assert_eq!(with_full_stderr(&["--no-such-option"]), Some(WRONG_INPUT));
    assert_eq!(with_full_stderr(&["examples/hello.toml", "--target", "x86_64"]), Some(0));
    let asked: [&[&str]; 6] = [
        &["--help"],
        &["--version"],
        &["image", "--help"],
        &["examples/hello.toml", "--target", "x86_64"],
        &["completions", "bash"],
        &["man"],
    ];
    for args in asked {
        let output = asmgen().args(args).stdout(full()).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {message}");
        assert_eq!(message, "asmgen: standard output: No space left on device (os error 28)\n", "{args:?}");
    }
}
