//! Checks of rules that need the table: rules that lead nowhere, lead in a circle, or have no effect.

use super::answer::path_of;
use super::faults::{name_of, of_file};
use super::files::{Files, REDIRECTS};
use super::names::shown;
use super::note::Note;
use super::redirects::{Parsed, Rule};
use super::settings::Settings;
use super::table::Table;
use crate::spec::{SpecError, SpecText, Wrong};

/// Redirects after which browsers give up (WHATWG Fetch, "HTTP-redirect fetch").
const REDIRECTS_MAX: usize = 20;

/// Checks the rules and the settings of a table.
pub(super) fn check(
    files: &dyn Files,
    settings: &Settings,
    table: &Table,
    rules: &[Parsed],
    faults: &mut Vec<SpecError>,
    notes: &mut Vec<Note>,
) {
    if settings.spa && table.spa.is_none() {
        let what = "has no index.html, which `spa` replies with";
        faults.push(of_file(files, b"", Wrong::new(what, "remove `spa`, or name the folder with the application")));
    }
    let name = name_of(files, REDIRECTS.as_bytes());
    let bytes = if rules.is_empty() { Vec::new() } else { files.content(REDIRECTS.as_bytes()).unwrap_or_default() };
    let source = SpecText { file: &name, text: &String::from_utf8_lossy(&bytes) };
    for parsed in rules {
        match fault(settings, table, &parsed.rule) {
            Some(wrong) => faults.push(source.error(&parsed.to_at, "", wrong)),
            None => notes.extend(no_effect(table, parsed)),
        }
    }
}

fn fault(settings: &Settings, table: &Table, rule: &Rule) -> Option<Wrong> {
    if settings.spa && rule.from.has_splat && rule.from.segments.is_empty() {
        let what = "is a rule for every path, so `spa` would never reply";
        return Some(Wrong::new(what, "remove the rule or `spa`"));
    }
    if rule.is_redirect() { leads_in_a_circle(table, rule) } else { leads_to_no_file(table, rule) }
}

fn leads_to_no_file(table: &Table, rule: &Rule) -> Option<Wrong> {
    let to = rule.to.with(&[]);
    let is_missing = rule.to.is_constant() && path_of(&to).and_then(|path| table.file_of(&path)).is_none();
    is_missing.then(|| {
        let what = format!("a reply with status {} is a file, and {} leads to none", rule.status, shown(&to));
        Wrong::new(what, "write the path of a file in the folder, such as /404.html")
    })
}

/// Does a client give up before it has arrived? A rule with names is tried with names that no file has.
fn leads_in_a_circle(table: &Table, rule: &Rule) -> Option<Wrong> {
    let never_ends = |start: Vec<u8>| {
        let mut path = start;
        for _ in 0..REDIRECTS_MAX {
            let Some(next) = redirected(table, &path) else { return false };
            path = next;
        }
        true
    };
    let is_found = |path: &Vec<u8>| rule_for(table, path).is_some_and(|found| found == rule);
    let mut starts = rule.from.samples().into_iter().filter(is_found);
    starts.any(never_ends).then(|| {
        let what = format!("leads in a circle: after {REDIRECTS_MAX} redirects a client gives up");
        Wrong::new(what, "lead to a path that no rule leads on from")
    })
}

/// The rule that answers a path.
fn rule_for<'t>(table: &'t Table, path: &[u8]) -> Option<&'t Rule> {
    let forced = table.forced.find(path);
    let found = forced.or_else(|| table.rules.find(path).filter(|_| !table.keys.contains_key(path)));
    found.map(|found| found.rule)
}

/// Where a rule leads from a path; nothing where the reply is no redirect by a rule, or to another host.
fn redirected(table: &Table, path: &[u8]) -> Option<Vec<u8>> {
    let rule = rule_for(table, path).filter(|rule| rule.is_redirect() && !rule.to.is_url)?;
    let set = if rule.is_forced { &table.forced } else { &table.rules };
    path_of(&rule.to.with(&set.find(path)?.captures))
}

/// Does another rule, or a file, always come first?
fn no_effect(table: &Table, Parsed { rule, line, .. }: &Parsed) -> Option<Note> {
    let samples = rule.from.samples();
    let in_set = |path: &[u8]| {
        let before =
            if rule.is_forced { None } else { table.forced.find(path).map(|found| table.forced.lines[found.index]) };
        let set = if rule.is_forced { &table.forced } else { &table.rules };
        before.or_else(|| set.find(path).map(|found| set.lines[found.index]))
    };
    let firsts: Vec<Option<usize>> = samples.iter().map(|path| in_set(path)).collect();
    let note = |text: String| Some(Note::of_line(REDIRECTS.as_bytes(), *line, text));
    if let Some(first) = firsts[0].filter(|_| firsts.iter().all(|first| first.is_some_and(|first| first != *line))) {
        return note(format!("has no effect: the rule in line {first} matches first"));
    }
    let is_file = rule.from.is_literal() && !rule.is_forced && table.keys.contains_key(&samples[0]);
    if is_file {
        return note(format!(
            "has no effect at {}, which is a file; write {}! to force it",
            shown(&samples[0]),
            rule.status
        ));
    }
    None
}
