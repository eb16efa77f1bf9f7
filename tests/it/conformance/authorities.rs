//! Thousands of authorities, in `Host`, in the absolute-form and in the authority-form: They have every count of groups
//! with `::` at every place, every part of an IPv4 address, and random combinations. The model knows which are good by
//! a parser of another make.

use super::exchange::{Peer, Plan};
use super::many::{self, Job};
use super::server;
use crate::harness::none;
use crate::harness::random::Random;
use crate::model::answer;

const BY_CHANCE: usize = 2000;
/// Most groups that are tried: two more than there may be.
const MOST_GROUPS: usize = 10;
/// Parts of an IPv4 address that are tried, from 0 on, and the same with zeros before them.
const PARTS: u16 = 300;

#[rustfmt::skip] // By kind.
const GROUPS: &[&str] = &[
    "0", "1", "a", "F", "10", "fF", "123", "abcd", "FFFF", "0000", "12345", "00001", "", "g", "-1", ":",
];
const DECIMALS: &[&str] = &["0", "1", "9", "10", "99", "100", "199", "249", "255", "256", "00", "01", "001", "1a", ""];
const VERSIONS: &[&str] = &["v1", "V1", "vF", "v0a9", "v", "", "x1", "vg", "v1 "];
#[rustfmt::skip] // By kind.
const PIECES: &[&str] = &[
    "a", "Z", "0", "-", "_", "~", "!", "$&'", "(*)", "+,;=", ".", "%41", "%fF", "%4", "%", "%zz", "@", "\"", "\\", "h",
];
const INSERTED: &[&str] = &[":", "::", ".", "[", "]", "%", "0", "g", "v", "/", "?", "@", "#"];

#[test]
fn x86_64_reads_authorities() {
    reads("x86_64");
}

#[test]
fn aarch64_reads_authorities() {
    reads("aarch64");
}

fn reads(target: &str) {
    let (mut server, site) = server(target);
    let requests = authorities().into_iter().flat_map(|authority| requests(&authority));
    let plans: Vec<(String, Plan)> = requests.map(|text| (text.clone(), Plan::new(&site, text.into_bytes()))).collect();
    let good = plans.iter().filter(|(_, plan)| answer(&site, &plan.payload).statuses() != [400]).count();
    assert!(good > plans.len() / 4 && good < plans.len() * 3 / 4, "{good} of {} are good", plans.len());
    let jobs: Vec<Job> = (0..plans.len()).map(|index| (index, Vec::new())).collect();
    none(&many::faults(Peer::new(server.port, &site), &plans, &jobs));
    assert!(server.is_running(), "it has ended: {}", server.stderr());
}

fn requests(authority: &str) -> [String; 3] {
    [
        format!("GET / HTTP/1.1\r\nHost: {authority}\r\n\r\n"),
        format!("GET http://{authority}/a/b HTTP/1.1\r\nHost: h\r\n\r\n"),
        format!("CONNECT {authority} HTTP/1.1\r\nHost: h\r\n\r\n"),
    ]
}

fn authorities() -> Vec<String> {
    let mut all = Vec::new();
    for groups in 1..=MOST_GROUPS {
        for gap in 0..=groups + 1 {
            for tail in ["8", "1.2.3.4"] {
                all.push(format!("[{}]:80", address(groups, gap, tail)));
            }
        }
    }
    let numbers = (0..PARTS).flat_map(|number| [format!("{number}"), format!("0{number}"), format!("00{number}")]);
    all.extend(numbers.enumerate().map(|(index, number)| {
        let mut parts = ["1", "20", "255", "0"].map(str::to_owned);
        parts[index % 4] = number;
        format!("[::{}]:1", parts.join("."))
    }));
    let mut random = Random::new(3986);
    all.extend((0..BY_CHANCE).map(|_| by_chance(&mut random)));
    all
}

/// So many groups, of which the last is this one, and `::` before one of them, behind them, or nowhere.
fn address(groups: usize, gap: usize, last: &str) -> String {
    let mut text = String::new();
    for index in 0..groups {
        text += if index == gap {
            "::"
        } else if index > 0 {
            ":"
        } else {
            ""
        };
        text += if index + 1 == groups { last } else { "1f" };
    }
    if gap == groups { text + "::" } else { text }
}

fn by_chance(random: &mut Random) -> String {
    let mut host = match random.below(4) {
        0 => (0..random.below(6)).map(|_| random.one_of(PIECES)).collect(),
        1 => {
            let address: String = (0..random.below(4)).map(|_| random.one_of(&PIECES[..13])).collect();
            format!("[{}.{address}{}]", random.one_of(VERSIONS), random.one_of(&["", ":", "a:b"]))
        }
        _ => format!("[{}]", numbers(random)),
    };
    if random.below(4) == 0 {
        let at = random.below(host.len() + 1);
        host.insert_str(at, random.one_of(INSERTED));
    }
    host + random.one_of(&["", ":", ":80", ":80", ":80", ":443", ":8a", ":-1", "80", ":80:80"])
}

/// Mostly good groups, mostly as many as there have to be.
fn numbers(random: &mut Random) -> String {
    let is_good = random.below(3) > 0;
    let group = |random: &mut Random| random.one_of(if is_good { &GROUPS[..10] } else { GROUPS });
    let is_dotted = random.below(3) == 0;
    let whole = if is_dotted { 6 } else { 8 };
    let has_gap = random.below(2) == 0;
    let count = if has_gap { random.below(whole) } else { whole - usize::from(random.below(8) == 0) };
    let mut groups: Vec<String> = (0..count).map(|_| group(random).to_owned()).collect();
    if is_dotted {
        let parts = if random.below(6) == 0 { 3 + random.below(3) } else { 4 };
        let known = if is_good { &DECIMALS[..9] } else { DECIMALS };
        let part = |_| random.one_of(known);
        groups.push((0..parts).map(part).collect::<Vec<_>>().join("."));
    }
    let gap = has_gap.then(|| random.below(groups.len() + 1));
    let Some(gap) = gap else { return groups.join(":") };
    format!("{}::{}", groups[..gap].join(":"), groups[gap..].join(":"))
}
