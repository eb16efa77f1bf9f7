//! What a folder would serve.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use asmgen::site::{Answer, Block, Change, Entry, Note, Rule, RuleSet, Table, encoded_path, shown};
use serde_json::{Map, Value, json};

use super::columns::{columns, grouped};
use super::summary;

/// Sections as tables, each with what it is about in its heading.
pub(super) fn text(folder: &Path, table: &Table) -> String {
    let name = shown(folder.as_os_str().as_bytes());
    let sections = [
        format!("{name}: {}\n", summary(table)),
        columns(&["status", "path", "file", "type", "bytes", "cache"], &paths(table)),
        columns(&["line", "rule of _redirects"], &rules(table)),
        columns(&["path of _headers", "field"], &fields(table)),
        columns(&["folder", "page for what is not found"], &not_found(table)),
        columns(&["left out", "because"], &left_out(table)),
        notes(table),
    ];
    sections.into_iter().filter(|section| !section.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The path as a client sends it, from the base on.
fn url(table: &Table, path: &[u8]) -> String {
    encoded_path(&[table.base.as_slice(), path].concat())
}

/// Paths with a file, and what is replied there. Paths that only lead to these are left to `--json`.
fn paths(table: &Table) -> Vec<Vec<String>> {
    let served = table.keys.iter().filter(|(_, key)| key.profile.is_some());
    let rows = served.map(|(path, _)| row(table, url(table, path), &table.answer(url(table, path).as_bytes())));
    let shell = table.spa.iter().map(|spa| {
        let entry = &table.entries[spa.entry];
        let bytes = grouped(table.contents[entry.content].bytes);
        vec!["200".into(), "any other".into(), shown(&entry.path), entry.content_type.clone(), bytes, "no-cache".into()]
    });
    rows.chain(shell).collect()
}

/// A path with its reply: a file, or, by a rule with `!`, something else.
fn row(table: &Table, path: String, answer: &Answer) -> Vec<String> {
    let entry = answer.entry.map(|entry| &table.entries[entry]);
    let file = entry.map(|entry| shown(&entry.path));
    let location = answer.location.as_ref().map(|location| format!("→ {}", String::from_utf8_lossy(location)));
    let bytes = entry.map(|entry| grouped(table.contents[entry.content].bytes)).unwrap_or_default();
    let [content_type, cache] = ["Content-Type", "Cache-Control"].map(|name| answer.field(name).unwrap_or_default());
    let leads_to = file.or(location).unwrap_or_default();
    vec![answer.status.to_string(), path, leads_to, content_type.to_owned(), bytes, cache.to_owned()]
}

fn rules(table: &Table) -> Vec<Vec<String>> {
    let of = |set: &RuleSet| {
        let numbered = set.lines.iter().zip(&set.rules);
        numbered.map(|(line, rule)| (*line, rule.to_string())).collect::<Vec<_>>()
    };
    let mut all = [of(&table.forced), of(&table.rules)].concat();
    all.sort();
    all.into_iter().map(|(line, rule)| vec![line.to_string(), rule]).collect()
}

fn fields(table: &Table) -> Vec<Vec<String>> {
    let rows = table.blocks.iter().flat_map(|block| block.changes.iter().map(move |change| (block, change)));
    let written = |change: &Change| match change {
        Change::Set { name, value } => format!("{name}: {value}"),
        Change::Remove { name } => format!("! {name}"),
    };
    rows.map(|(block, change)| vec![block.paths.to_string(), written(change)]).collect()
}

fn not_found(table: &Table) -> Vec<Vec<String>> {
    let row = |(folder, entry): (&Vec<u8>, &usize)| vec![url(table, folder), shown(&table.entries[*entry].path)];
    table.not_found.iter().map(row).collect()
}

fn left_out(table: &Table) -> Vec<Vec<String>> {
    let notes = table.notes.iter().filter(|note| note.is_left_out);
    notes.map(|note| vec![shown(&note.path), note.text.clone()]).collect()
}

fn notes(table: &Table) -> String {
    let notes: Vec<&Note> = table.notes.iter().filter(|note| !note.is_left_out).collect();
    let heading = if notes.is_empty() { "" } else { "notes\n" };
    let lines = notes.iter().map(|note| format!("{note}\n"));
    std::iter::once(heading.to_owned()).chain(lines).collect()
}

/// Everything that the text says, and paths that lead to others, digests and all fields.
pub(super) fn json(folder: &Path, table: &Table) -> Value {
    let rules = [&table.forced, &table.rules].into_iter().flat_map(|set| set.lines.iter().zip(&set.rules));
    let mut rules: Vec<_> = rules.collect();
    rules.sort_by_key(|(line, _)| **line);
    let rule = |(line, rule): &(&usize, &Rule)| {
        json!({
            "line": line, "from": rule.from.to_string(), "to": rule.to.to_string(),
            "status": rule.status, "forced": rule.is_forced,
        })
    };
    let page = |(folder, entry): (&Vec<u8>, &usize)| {
        let file = shown(&table.entries[*entry].path);
        json!({ "folder": url(table, folder), "file": file })
    };
    let note = |note: &Note| {
        let file = shown(&note.path);
        json!({ "file": file, "line": note.line, "left_out": note.is_left_out, "text": note.text })
    };
    let block = |block: &Block| json!({ "path": block.paths.to_string(), "text": block.to_string() });
    json!({
        "folder": shown(folder.as_os_str().as_bytes()),
        "base": encoded_path(&table.base),
        "files": table.entries.iter().map(|entry| file(table, entry)).collect::<Vec<_>>(),
        "paths": table.keys.keys().map(|path| path_of(table, path)).collect::<Vec<_>>(),
        "redirects": rules.iter().map(rule).collect::<Vec<_>>(),
        "headers": table.blocks.iter().map(block).collect::<Vec<_>>(),
        "not_found": table.not_found.iter().map(page).collect::<Vec<_>>(),
        "spa": table.spa.is_some(),
        "notes": table.notes.iter().map(note).collect::<Vec<_>>(),
    })
}

fn file(table: &Table, entry: &Entry) -> Value {
    let content = &table.contents[entry.content];
    let digest: Vec<String> = content.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let variants: Vec<&str> = entry.variants.iter().map(|variant| variant.coding.name()).collect();
    json!({
        "path": shown(&entry.path), "type": entry.content_type, "bytes": content.bytes, "sha256": digest.concat(),
        "immutable": entry.is_immutable, "variants": variants,
    })
}

fn path_of(table: &Table, path: &[u8]) -> Value {
    let url = url(table, path);
    let answer = table.answer(url.as_bytes());
    let file = answer.entry.map(|entry| shown(&table.entries[entry].path));
    let location = answer.location.map(|location| String::from_utf8_lossy(&location).into_owned());
    let fields = answer.fields.into_iter().map(|(name, value)| (name, Value::from(value)));
    json!({
        "path": url, "status": answer.status, "file": file, "location": location,
        "fields": fields.collect::<Map<_, _>>(),
    })
}
