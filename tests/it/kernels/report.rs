//! What the machines told: judged, counted, and written down.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

use super::SELF;
use super::headers::{Byte, Find, Headers};
use super::machine::{Talk, version};
use super::tasks::Plan;
use crate::harness::tool::root;

/// Before each fact, then the name of the task.
const MARK: &str = "@ ";
/// The last of them.
const END: &str = "@ end";
/// Lines of the console that are shown when a machine has not come to its end.
const LAST_WORDS: usize = 15;

/// A kernel that was booted, and what came of it.
pub(super) struct Run {
    kernel: &'static str,
    /// What it says of itself.
    says: String,
    took: Duration,
    tasks: usize,
    changes: usize,
    finds: BTreeMap<String, Vec<Find>>,
    pub(super) faults: Vec<String>,
}

impl Run {
    /// `set_up` is what it must say of itself, beside its name.
    pub(super) fn new(kernel: &'static str, set_up: &[&str], plan: &Plan, talk: &Talk) -> Self {
        let facts = facts(&talk.console);
        let told = |name: &str| facts.get(name).cloned().unwrap_or_default();
        let mut faults = faults_of_machine(talk, &told(SELF), set_up);
        faults.extend(plan.tasks.iter().flat_map(|task| task.faults(&told(&task.name))));
        let mut finds = BTreeMap::new();
        for map in &plan.maps {
            let results = told(&map.name).concat();
            if map.is_whole(&results) {
                finds.insert(map.name.clone(), map.finds(&results));
            }
            faults.extend(map.faults(&results));
        }
        Self {
            kernel,
            says: told(SELF).first().cloned().unwrap_or_default(),
            took: talk.took,
            tasks: plan.tasks.len(),
            changes: plan.maps.iter().map(Headers::changes).sum(),
            finds,
            faults: faults.into_iter().map(|fault| format!("{kernel}: {fault}")).collect(),
        }
    }

    pub(super) fn summary(&self) -> String {
        let Self { kernel, says, tasks, changes, .. } = self;
        let (seconds, faults) = (self.took.as_secs_f64(), self.faults.len());
        format!("{kernel} ({says}): {tasks} tasks, {changes} changed headers, {faults} faults in {seconds:.1} s")
    }
}

/// The facts of each task, in their order.
fn facts(console: &str) -> BTreeMap<String, Vec<String>> {
    let mut facts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in console.lines().filter_map(|line| line.strip_prefix(MARK)) {
        let (name, fact) = line.split_once(' ').unwrap_or((line, ""));
        facts.entry(name.to_owned()).or_default().push(fact.to_owned());
    }
    facts
}

/// The faults of the machine itself: it must come to its end, and be set up as it should.
fn faults_of_machine(talk: &Talk, told: &[String], set_up: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    if !talk.console.lines().any(|line| line == END) {
        let lines: Vec<&str> = talk.console.lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n");
        faults.push(format!("it has not come to its end after {:?}; its last words:\n{last}", talk.took));
    }
    let rest = told.get(1..).unwrap_or_default();
    if rest != set_up {
        faults.push(format!("it says {rest:?} of itself in place of {set_up:?}"));
    }
    faults
}

/// Writes out/kernels/report.md.
pub(super) fn write(runs: &[Run], plans: &[&Plan]) {
    let mut text = "# Programs on real kernels\n\nqemu, software emulation, one processor per machine. Every example \
                    with every engine in every layout, as root\nand as user 65534 with vm.mmap_min_addr = 65536.\n\n"
        .to_owned();
    text += &kernels(runs);
    text += &header_bytes(runs, plans);
    text += &finds(runs);
    let folder = root().join("out/kernels");
    std::fs::create_dir_all(&folder).unwrap();
    let file = tempfile::NamedTempFile::new_in(&folder).unwrap();
    std::fs::write(file.path(), text).unwrap();
    file.persist(folder.join("report.md")).unwrap();
}

fn kernels(runs: &[Run]) -> String {
    let mut text = "| kernel | package | says of itself | programs run | changed headers | faults | seconds |\n\
                    |---|---|---|--:|--:|--:|--:|\n"
        .to_owned();
    for run in runs {
        let (kernel, seconds) = (run.kernel, run.took.as_secs());
        let (package, faults) = (version(kernel), run.faults.len());
        let Run { says, tasks, changes, .. } = run;
        let _ = writeln!(text, "| {kernel} | {package} | {says} | {tasks} | {changes} | {faults} | {seconds} |");
    }
    text
}

fn header_bytes(runs: &[Run], plans: &[&Plan]) -> String {
    let mut text = "\n## Header bytes of `hello`\n\nFree: by the rules of src/elf Linux looks at no bit of the byte; \
                    with all values tried, one by one and all at\nonce, the program ran as before. Fixed: some values \
                    are refused; the byte matters if the program did not run with\none of those on one of the kernels. \
                    Used: code, data, or the entry point.\n\n| header | bytes | free | fixed | matter | used |\n\
                    |---|--:|--:|--:|--:|--:|\n"
        .to_owned();
    for map in plans.iter().flat_map(|plan| &plan.maps) {
        let count = |kind| map.bytes.iter().filter(|byte| **byte == kind).count();
        let [free, fixed, used] = [Byte::Free, Byte::Fixed, Byte::Used].map(count);
        let matter = fixed - idle(runs, &map.name);
        let _ = writeln!(text, "| {} | {} | {free} | {fixed} | {matter} | {used} |", map.name, map.bytes.len());
    }
    text
}

/// How many fixed bytes of a header no kernel has shown to matter.
fn idle(runs: &[Run], name: &str) -> usize {
    let whole = |finds: &Vec<Find>| {
        finds.iter().filter(|find| find.ran.len() == find.tried).map(|find| find.offset).collect::<BTreeSet<_>>()
    };
    let of_runs = runs.iter().filter_map(|run| run.finds.get(name)).map(whole);
    of_runs.reduce(|one, other| &one & &other).map_or(0, |offsets| offsets.len())
}

/// The same find on several kernels is one.
fn finds(runs: &[Run]) -> String {
    let mut by_find: BTreeMap<(&String, &Find), BTreeSet<&str>> = BTreeMap::new();
    for run in runs {
        for (name, finds) in &run.finds {
            for find in finds {
                by_find.entry((name, find)).or_default().insert(run.kernel);
            }
        }
    }
    let mut text =
        "\n## Finds\n\nThe rules refuse these values for Linux, and the program ran as before. Rules are also \
                    about other kernels, other\npage sizes and other values.\n\n\
                    | header | byte | field | ran with | of | on |\n|---|--:|---|---|--:|---|\n"
            .to_owned();
    for ((name, find), kernels) in &by_find {
        let values = find.ran.iter().map(|value| format!("{value:02x}")).collect::<Vec<_>>().join(" ");
        let kernels = kernels.iter().copied().collect::<Vec<_>>().join(", ");
        let Find { offset, field, tried, .. } = find;
        let _ = writeln!(text, "| {name} | {offset:#04x} | {field} | {values} | {tried} | {kernels} |");
    }
    text
}

#[test]
fn a_machine_that_does_not_come_to_its_end_is_a_fault() {
    let talk = |console: &str| Talk { console: console.to_owned(), took: Duration::ZERO };
    let says = ["name".to_owned(), "set up".to_owned()];
    assert!(faults_of_machine(&talk("@ machine name\n@ end\n"), &says, &["set up"]).is_empty());
    assert_eq!(faults_of_machine(&talk("@ end\n"), &says[..1], &["set up"]).len(), 1);
    let faults = faults_of_machine(&talk("@ machine name\nKernel panic\n"), &says, &["set up"]);
    assert!(faults[0].ends_with("Kernel panic"), "{faults:?}");
    let facts = facts("noise\n@ one first\n@ two\n@ one second\n");
    assert_eq!(facts["one"], ["first", "second"]);
}
