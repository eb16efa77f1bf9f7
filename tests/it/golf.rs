//! The smallest programs: how small they are, that they hold what they promise, and that every rule of the search has
//! its use.

use std::io::Write;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsFd;
use std::time::Duration;

use asmgen::elf::Tier;
use asmgen::examples::EXAMPLES;
use asmgen::golf::Rule;
use asmgen::golf::report::{self, Row};
use asmgen::spec::{Engine, ProgramKind};
use asmgen::{BuildError, Effort, Options, Target};
use rustix::net::sockopt::set_socket_linger;

use crate::harness::network::in_own_network;
use crate::harness::process::{Process, descriptors};
use crate::harness::snapshot;
use crate::harness::tool::{ASMGEN, Variant, asmgen, example, root, succeed, tool, variants};
use crate::harness::{http, images, none, wait_until};

/// The page that has the table, and where.
const PAGE: &str = "docs/golf.md";
const MARKS: [&str; 2] = ["<!-- golf -->\n", "<!-- /golf -->"];
/// Every reply of `ok`.
const OK: &[u8] = b"HTTP/1.0 200 OK\r\n\r\n";

/// Sizes in bytes that are not to be lost again: example, machine, in the layouts `portable` and `linux`.
#[rustfmt::skip] // One program per line.
const REACHED: [(&str, &str, [u32; 2]); 12] = [
    ("hello", "x86_64",  [112,  86]),
    ("hello", "aarch64", [130, 112]),
    ("hello", "i386",    [ 83,  64]),
    ("pause", "x86_64",  [123,  97]),
    ("pause", "aarch64", [152, 137]),
    ("pause", "i386",    [ 98,  79]),
    ("ok",    "x86_64",  [176, 144]),
    ("ok",    "aarch64", [205, 189]),
    ("ok",    "i386",    [158, 135]),
    ("ok6",   "x86_64",  [177, 150]),
    ("ok6",   "aarch64", [205, 189]),
    ("ok6",   "i386",    [160, 138]),
];

#[test]
fn sizes_that_were_reached_stay_and_the_page_says_them() -> Result<(), BuildError> {
    let rows = report::rows(&images::image, Effort::Default, &mut |_| ())?;
    let bytes = |example: &str, target: &str, elf: &str| {
        let is_it = |row: &&Row| (row.example, row.target, row.elf) == (example, target, elf);
        rows.iter().find(is_it).expect("it is measured").bytes
    };
    let mut faults = Vec::new();
    for (example, target, most) in REACHED {
        for (elf, most) in ["portable", "linux"].into_iter().zip(most) {
            let bytes = bytes(example, target, elf);
            faults.extend((bytes > most).then(|| format!("{example} {target} {elf}: {bytes} bytes, more than {most}")));
        }
    }
    // A search never returns more than the plain layout.
    let larger = rows.iter().filter(|row| row.bytes > row.strict_bytes);
    faults.extend(larger.map(|row| format!("{} {} {}: larger than strict", row.example, row.target, row.elf)));
    let page = std::fs::read_to_string(root().join(PAGE)).unwrap();
    let (before, rest) = page.split_once(MARKS[0]).expect("it has a place for the table");
    let (_, behind) = rest.split_once(MARKS[1]).expect("it ends");
    let text = [before, MARKS[0], &report::markdown(&rows), MARKS[1], behind].concat();
    faults.extend(snapshot::differs(PAGE, &text));
    none(&faults);
    Ok(())
}

/// For each rule a program that is larger without it: example, machine, layout. What must stop a rule is in
/// arch/golf/tests.
#[rustfmt::skip] // One rule per line.
const RULES: [(Rule, &str, &str, Tier); 20] = [
    (Rule::AbsorbAsImmediate,   "hello", "i386",    Tier::Linux),
    (Rule::Sum,       "ok",    "x86_64",  Tier::Linux),
    (Rule::Prefix,    "hello", "x86_64",  Tier::Linux),
    (Rule::JumpToHole,       "hello", "x86_64",  Tier::Linux),
    (Rule::Back,      "hello", "aarch64", Tier::Portable),
    (Rule::Order,     "hello", "i386",    Tier::Linux),
    (Rule::Encoding,  "hello", "i386",    Tier::Linux),
    (Rule::Share,     "pause", "aarch64", Tier::Linux),
    (Rule::Address,   "hello", "i386",    Tier::Linux),
    (Rule::Bits,      "ok",    "x86_64",  Tier::Linux),
    (Rule::Exchange,  "hello", "i386",    Tier::Linux),
    (Rule::Not,       "ok",    "x86_64",  Tier::Linux),
    (Rule::Zero,      "hello", "i386",    Tier::Linux),
    (Rule::Half,      "ok",    "x86_64",  Tier::Linux),
    (Rule::Hold,      "ok",    "i386",    Tier::Linux),
    (Rule::Stack,     "pause", "i386",    Tier::Linux),
    (Rule::Needless,  "ok",    "x86_64",  Tier::Linux),
    (Rule::Words,     "hello", "aarch64", Tier::Portable),
    (Rule::Registers,     "pause", "i386",    Tier::Linux),
    (Rule::Constants, "hello", "i386",    Tier::Linux),
];
/// No example has a header word that branches to a place that a jump of ours would not reach. No example has a loop
/// that is longer without its first constants.
const SAVE_NOWHERE: [Rule; 2] = [Rule::Branch, Rule::Again];

#[test]
fn rules_save_bytes() {
    let mut known: Vec<Rule> = RULES.into_iter().map(|(rule, ..)| rule).chain(SAVE_NOWHERE).collect();
    known.sort_unstable();
    let mut all = Rule::ALL;
    all.sort_unstable();
    assert_eq!(known, all);
    let fault = |(rule, name, machine, tier): (Rule, &str, &str, Tier)| {
        let saved = saved(rule, name, machine, tier);
        (saved < 1).then(|| format!("{name} {machine} {tier}: {saved} bytes more without `{}`", rule.name()))
    };
    none(&RULES.into_iter().filter_map(fault).collect::<Vec<_>>());
}

/// So long, and so often, a server may take to close what its client has seen the end of.
const MOMENT: Duration = Duration::from_millis(10);
const MOMENTS: usize = 100;

/// Bytes that an example has more without a rule.
fn saved(rule: Rule, name: &str, target: &str, tier: Tier) -> i64 {
    let example = EXAMPLES.iter().find(|example| example.name == name).expect("it is an example");
    let target = Target::by_name(target).expect("it is a target");
    let server = example.description(None).program.kind() == ProgramKind::Server;
    let description = example.description(server.then_some(Engine::Blocking));
    let bytes = |without| {
        let options = Options::new(target).tier(tier).without(without);
        images::image(&description, options).expect("it can be built").bytes.len() as i64
    };
    bytes(Some(rule)) - bytes(None)
}

#[test]
fn a_load_address_is_made_of_data_that_begin_with_the_place_in_a_page() {
    assert_eq!(saved(Rule::Address, "hello", "i386", Tier::Linux), 4);
    // No page is so large that a text lies in its address.
    assert_eq!(saved(Rule::Address, "hello", "aarch64", Tier::Portable), 0);
}

#[test]
fn code_goes_back_into_the_header_where_words_of_it_are_left() {
    assert_eq!(saved(Rule::Back, "hello", "aarch64", Tier::Portable), 4);
    // Where instructions have many lengths, no program goes back.
    assert_eq!(saved(Rule::Back, "hello", "x86_64", Tier::Linux), 0);
}

#[test]
fn a_search_that_comes_to_its_end_says_that_nothing_is_smaller() {
    let output = succeed(asmgen().args(["examples/hello.toml", "--target", "aarch64", "--golf"]));
    assert_eq!(output.stdout.len(), 112);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "hello, aarch64: 112 bytes, optimal within 22 rules\n");
}

#[test]
fn a_long_search_draws_a_bar_on_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hello");
    let command = format!("{ASMGEN} examples/hello.toml --target aarch64 --golf -o {}", file.display());
    let output = tool("script").args(["-qec", &command, "/dev/null"]).current_dir(root()).output().unwrap();
    let drawn = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && drawn.contains(" %  ") && drawn.contains("112 bytes"), "{drawn}");
    assert_eq!(std::fs::read(&file).unwrap().len(), 112);
}

/// Bytes of address space that a small program is allowed.
const SOME_ADDRESS_SPACE: &str = "--as=16777216";

/// In the layout `linux` the size of the segment is code, too; the others reserve what they have.
#[test]
fn only_the_layout_linux_wants_much_address_space() {
    let folder = tempfile::tempdir().unwrap();
    let spec = example("hello");
    let own = |variant: &Variant| variant.target != "aarch64";
    for variant in variants(&spec).filter(own) {
        let file = folder.path().join(format!("{}-{}", variant.target, variant.elf));
        variant.build(None, &file);
        let output = variant.run_under(&["prlimit", SOME_ADDRESS_SPACE], &file).output().unwrap();
        assert_eq!(output.status.success(), variant.elf != "linux", "{variant}: {output:?}");
    }
}

/// What is sent: 3 KB in three pieces.
fn long_request() -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "y".repeat(3000)).into_bytes()
}

/// The fault, if this many requests in three pieces with pauses are not all answered so.
fn answers(address: SocketAddr, requests: usize, expected: impl Fn(&[u8]) -> bool) -> Option<String> {
    let request = long_request();
    for number in 0..requests {
        let mut stream = http::connect_to(address);
        let pieces = request.chunks(request.len().div_ceil(3));
        match http::in_pieces(&mut stream, pieces, Duration::from_millis(1)) {
            Ok(reply) if expected(&reply) => {}
            Ok(reply) => return Some(format!("request {number}: {}", http::shown(&reply))),
            Err(error) => return Some(format!("request {number}: {error}")),
        }
    }
    None
}

/// Clients that reset the connection, before and after they end their direction.
fn rude_clients(address: SocketAddr) {
    for number in 0..50 {
        let mut stream = http::connect_to(address);
        if number % 2 == 0 {
            stream.write_all(b"GET /").unwrap();
        }
        if number % 3 == 0 {
            stream.shutdown(Shutdown::Write).unwrap();
        }
        set_socket_linger(stream.as_fd(), Some(Duration::ZERO)).unwrap();
    }
}

/// Starts a server in a network of its own, and asks.
fn check_server(
    variant: &Variant,
    address: &str,
    requests: usize,
    expected: impl Fn(&[u8]) -> bool + Sync,
) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server");
    variant.build(None, &file);
    let address: SocketAddr = address.parse().unwrap();
    in_own_network(|| {
        let mut server = Process::spawn(&mut variant.run(&file));
        wait_until("it listens", || std::net::TcpStream::connect(address).is_ok());
        let mut faults = Vec::new();
        faults.extend(answers(address, 3, &expected));
        let before = descriptors(server.pid());
        faults.extend(answers(address, requests, &expected));
        rude_clients(address);
        faults.extend(answers(address, 3, &expected));
        // The last connection is closed a moment after its client has seen the end.
        for _ in (0..MOMENTS).take_while(|_| descriptors(server.pid()) > before) {
            std::thread::sleep(MOMENT);
        }
        let after = descriptors(server.pid());
        faults.extend((after > before).then(|| format!("{before} descriptors before, {after} after")));
        faults.extend((!server.is_running()).then(|| "it has ended".to_owned()));
        faults.into_iter().map(|fault| format!("{variant}: {fault}")).collect()
    })
}

#[test]
fn ok_answers_everyone_and_nobody_ends_it() {
    for (name, address) in [("ok", "127.0.0.1:8080"), ("ok6", "[::1]:8080")] {
        let spec = example(name);
        let of = |variant: Variant| {
            let requests = if (variant.target, variant.elf, name) == ("x86_64", "linux", "ok") { 1000 } else { 50 };
            check_server(&variant, address, requests, |reply| reply == OK)
        };
        none(&variants(&spec).flat_map(of).collect::<Vec<_>>());
    }
}

#[test]
fn greeting_answers_a_thousand() {
    let spec = example("greeting");
    let variant = Variant { elf: "linux", ..Variant::blocking(&spec) };
    let well = |reply: &[u8]| reply.starts_with(b"HTTP/1.1 200 OK\r\n") && reply.ends_with(b"\r\n\r\nHello, world!\n");
    none(&check_server(&variant, "127.0.0.1:8080", 1000, well));
}
