//! What runs in a virtual machine or a container, and its expected results: every program as root and as a user without
//! privileges.

use asmgen::elf::Tier;
use asmgen::examples::{EXAMPLES, Example};
use asmgen::spec::{Engine, Program as Described, ProgramKind};
use asmgen::{Image, Options, Target};

use super::headers::Headers;
use super::replies::{Answers, Known, REQUESTS, without_date};

/// root, and the user without privileges.
const USERS: [u32; 2] = [0, 65534];
/// Where the requests lie in the machine.
const REQUEST_FILES: &str = "request";

/// A finished executable of an example.
pub(super) struct Program {
    pub(super) example: &'static str,
    pub(super) engine: Option<Engine>,
    pub(super) tier: Tier,
    pub(super) image: Image,
    described: Described,
}

impl Program {
    fn build(example: &'static Example, engine: Option<Engine>, target: &'static Target, tier: Tier) -> Self {
        let description = example.description(engine);
        let image = asmgen::build(&description, Options::new(target).tier(tier)).unwrap_or_else(|error| {
            panic!("{} {engine:?} {} {tier}: {error}", example.name, target.name);
        });
        Self { example: example.name, engine, tier, image, described: description.program }
    }

    /// Its name: no spaces, because it is a word of the plan.
    pub(super) fn name(&self) -> String {
        let engine = self.engine.map(|engine| format!(".{}", engine.name()));
        format!("{}{}.{}.{}", self.example, engine.unwrap_or_default(), self.image.target.name, self.tier)
    }

    /// Where it listens.
    pub(super) fn port(&self) -> u16 {
        self.described.listen().expect("it is a server").port
    }

    pub(super) fn kind(&self) -> ProgramKind {
        self.described.kind()
    }
}

/// Examples of the short form: one of each kind, because emulation takes its time.
pub(super) const SHORT: [&str; 4] = ["hello", "pause", "ok", "greeting"];

/// These examples for a target in every layout with every engine.
pub(super) fn programs(target: &str, wanted: impl Fn(&str) -> bool) -> Vec<Program> {
    let target = Target::by_name(target).expect("it is a target");
    let tiers = |example: &'static Example, engine| Tier::all().map(move |tier| (example, engine, tier));
    let engines = |example: &'static Example| example.engines().into_iter().map(move |engine| (example, engine));
    let all = EXAMPLES
        .iter()
        .filter(|example| wanted(example.name))
        .flat_map(engines)
        .flat_map(|(example, engine)| tiers(example, engine));
    all.map(|(example, engine, tier)| Program::build(example, engine, target, tier)).collect()
}

/// A line of the plan, and the facts that must come of it.
pub(super) struct Task {
    pub(super) name: String,
    line: String,
    facts: Vec<String>,
}

/// Everything that one machine or container does.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) tasks: Vec<Task>,
    pub(super) maps: Vec<Headers>,
    files: Vec<(String, Vec<u8>)>,
}

impl Plan {
    /// These programs, and what becomes of those that are changed.
    pub(super) fn new(programs: &[Program], maps: Vec<Headers>, known: &mut Known) -> Self {
        let mut plan = Self::default();
        for (number, request) in REQUESTS.iter().enumerate() {
            plan.files.push((format!("{REQUEST_FILES}.{number}"), request.as_bytes().to_vec()));
        }
        for program in programs {
            plan.files.push((program.name(), program.image.bytes.clone()));
            let (kind, rest, facts) = expected(program, known);
            for user in USERS {
                let name = format!("{}.{user}", program.name());
                let line = format!("{name} {kind} {user} /{}{rest}", program.name());
                plan.tasks.push(Task { name, line, facts: facts.clone() });
            }
        }
        for map in &maps {
            plan.files.push((map.name.clone(), map.file.clone()));
            plan.files.push((format!("{}.patches", map.name), map.patches_text().into_bytes()));
        }
        plan.maps = maps;
        plan
    }

    /// The files of the machine, the plan among them; all but its first process.
    pub(super) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let plan = ("plan".to_owned(), self.text().into_bytes());
        self.files.iter().cloned().chain([plan]).collect()
    }

    fn text(&self) -> String {
        // Only users without privileges: the kernel asks more of them.
        let map = |map: &Headers| format!("{0} map {1} /{0} /{0}.patches\n", map.name, USERS[1]);
        let tasks = self.tasks.iter().map(|task| format!("{}\n", task.line));
        tasks.chain(self.maps.iter().map(map)).collect()
    }
}

/// Kind of the task, what follows the file in its line, and the facts.
fn expected(program: &Program, known: &mut Known) -> (&'static str, String, Vec<String>) {
    match &program.described {
        Described::Hello { text } => ("hello", String::new(), vec![format!("exit 0, output {}", escaped(text))]),
        Described::Pause => ("pause", String::new(), facts_of_pause()),
        Described::Server(_) | Described::Ok { .. } => {
            let facts = facts_of_server(&known.answers(program));
            ("server", format!(" {} /{REQUEST_FILES}", program.port()), facts)
        }
    }
}

fn facts_of_pause() -> Vec<String> {
    let ended = ["TERM", "INT", "TERM as PID 1", "INT as PID 1"]
        .map(|signal| format!("{signal}: slept 1, stopped 1, slept again 1, exit 0"));
    ended.into_iter().chain(["orphans: slept 1, adopted 1, reaped 1, exit 0".to_owned()]).collect()
}

fn facts_of_server(answers: &Answers) -> Vec<String> {
    let reply = |(number, reply): (usize, &Vec<u8>)| {
        format!("reply {number} to /{REQUEST_FILES}: {}", escaped(&without_date(reply)))
    };
    let end = format!("{}, output {}", answers.end, escaped(&answers.output));
    answers.replies.iter().enumerate().map(reply).chain([end]).collect()
}

impl Task {
    /// What is wrong with the facts that a machine told of it.
    pub(super) fn faults(&self, told: &[String]) -> Vec<String> {
        let told: Vec<String> = told.iter().map(|fact| escaped(&without_date(&unescaped(fact)))).collect();
        let count = self.facts.len().max(told.len());
        let pairs = (0..count).map(|number| (self.facts.get(number), told.get(number)));
        let fault = |(expected, told): (Option<&String>, Option<&String>)| {
            let shown = |fact: Option<&String>| fact.map_or("nothing", |fact| fact.as_str()).to_owned();
            (expected != told).then(|| format!("{}: {} in place of {}", self.name, shown(told), shown(expected)))
        };
        pairs.filter_map(fault).collect()
    }
}

/// Bytes as the machine tells them: in `\xNN` where they are not printable, the backslash itself too.
fn escaped(bytes: &[u8]) -> String {
    let one = |byte: &u8| match byte {
        b'\\' => "\\x5c".to_owned(),
        b' '..=b'~' => char::from(*byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    };
    bytes.iter().map(one).collect()
}

/// The bytes of a text that a machine told.
fn unescaped(text: &str) -> Vec<u8> {
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.extend(digits);
        bytes.extend(part.as_bytes().iter().skip(2));
    }
    bytes
}

#[test]
fn bytes_are_told_and_understood() {
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(escaped(b"a\\b\r\n"), "a\\x5cb\\x0d\\x0a");
    assert_eq!(unescaped(&escaped(&all)), all);
}

#[test]
fn what_is_missing_or_different_is_a_fault() {
    let facts = vec!["reply 0: a\\x0d\\x0aDate: b".to_owned(), "exit 0".to_owned()];
    let task = Task { name: "one".to_owned(), line: String::new(), facts: facts.clone() };
    assert!(task.faults(&facts).is_empty());
    assert_eq!(task.faults(&facts[..1]), ["one: nothing in place of exit 0"]);
    assert_eq!(task.faults(&[]).len(), 2);
    assert_eq!(task.faults(&[facts[0].clone(), "signal 11".to_owned()]), ["one: signal 11 in place of exit 0"]);
    let more = [&facts[..], &["more".to_owned()]].concat();
    assert_eq!(task.faults(&more), ["one: more in place of nothing"]);
}
