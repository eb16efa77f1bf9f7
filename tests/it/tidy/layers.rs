//! The parts of `arch` form layers: each knows only those below it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Source, sources};
use crate::harness::none;

/// A folder or a file of `arch`, and the others that it may name.
type Part = (&'static str, &'static [&'static str]);

#[rustfmt::skip] // In columns.
const PARTS: [Part; 19] = [
    ("bitset",   &[]),
    ("error",    &[]),
    ("pass",     &[]),
    ("prng",     &[]),
    ("reg",      &[]),
    ("target",   &[]),
    ("disasm",   &["target"]),
    ("ir",       &["target"]),
    ("analysis", &["bitset", "ir", "reg", "target"]),
    ("choice",   &[]),
    ("opt",      &["analysis", "bitset", "ir"]),
    ("regalloc", &["analysis", "bitset", "choice", "error", "ir", "prng", "reg", "target"]),
    ("mach",     &["analysis", "disasm", "error", "ir", "pass", "prng", "target"]),
    ("isel",     &["analysis", "error", "ir", "mach", "reg", "target"]),
    ("pipeline", &["choice", "error", "ir", "mach", "opt", "pass", "regalloc", "target"]),
    ("isa",      &["analysis", "bitset", "choice", "error", "ir", "isel", "mach", "pipeline", "reg", "regalloc",
                   "target"]),
    ("compile",  &["choice", "error", "ir", "isa", "mach", "pass", "pipeline", "target"]),
    ("golf",     &["choice", "compile", "error", "ir", "isa", "mach", "target"]),
    // The crate's root: it names all of them, and none names it but for what it passes on.
    ("lib",      &["analysis", "compile", "error", "ir", "mach", "target"]),
];

/// A file's part; none if it is a test.
fn part(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("arch/")?;
    let is_test = inner.split('/').any(|name| name == "tests" || name == "tests.rs" || name == "selected.rs");
    (!is_test).then(|| inner.split('/').next().map_or(inner, |name| name.trim_end_matches(".rs")))
}

/// The code of a file, without comments and without its tests.
fn code(source: &Source) -> String {
    let lines = source.text.lines().take_while(|line| !(line.ends_with("mod tests {")));
    lines.map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The first names of what stands behind `crate::`.
fn named(code: &str) -> BTreeSet<String> {
    let name = |text: &str| text.chars().take_while(|one| one.is_alphanumeric() || *one == '_').collect::<String>();
    let mut names = BTreeSet::new();
    for behind in code.split("crate::").skip(1) {
        let list = behind.strip_prefix('{').and_then(|list| list.split('}').next());
        let first: Vec<&str> = list.map_or_else(|| vec![behind], |list| list.split(',').collect());
        names.extend(first.into_iter().map(|one| name(one.trim())));
    }
    names
}

/// What the root passes on from which part: `pub use mach::code::{Code, Placed};`.
fn passed_on(root: &str) -> BTreeMap<String, String> {
    let mut from = BTreeMap::new();
    for line in root.split(';').filter_map(|line| line.split_once("use ").map(|(_, used)| used)) {
        let part = line.split("::").next().unwrap_or_default();
        let names = line.rsplit("::").next().unwrap_or_default().trim_matches(['{', '}', ' ', '\n']);
        names.split(',').for_each(|name| drop(from.insert(name.trim().to_owned(), part.to_owned())));
    }
    from
}

/// Each part with the others that it names.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let files = sources("arch", &["rs"]);
    let root = files.iter().find(|file| file.path == "arch/lib.rs").expect("a crate has a root");
    let passed_on = passed_on(&code(root));
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    imports.insert("lib".into(), passed_on.values().cloned().collect());
    for file in files.iter().filter(|file| file.path != "arch/lib.rs") {
        let Some(part) = part(&file.path) else { continue };
        let names = named(&code(file)).into_iter().map(|name| passed_on.get(&name).cloned().unwrap_or(name));
        imports.entry(part.to_owned()).or_default().extend(names.filter(|name| name != part));
    }
    imports
}

/// The parts in layers, the lowest first: each names only those below it. Those that name each other are left.
fn layers(parts: &BTreeMap<String, BTreeSet<String>>) -> (Vec<Vec<String>>, Vec<String>) {
    let mut left = parts.clone();
    let mut layers = Vec::new();
    while !left.is_empty() {
        let is_low = |(_, named): &(&String, &BTreeSet<String>)| !named.iter().any(|name| left.contains_key(name));
        let layer: Vec<String> = left.iter().filter(is_low).map(|(part, _)| part.clone()).collect();
        if layer.is_empty() {
            break;
        }
        left.retain(|part, _| !layer.contains(part));
        layers.push(layer);
    }
    (layers, left.into_keys().collect())
}

/// Prints the layers, the highest first (`cargo test --test it layers -- --nocapture`).
#[test]
fn parts_of_arch_are_layers() {
    let imports = imports();
    let mut faults = Vec::new();
    for (part, named) in &imports {
        let Some((_, may)) = PARTS.iter().find(|(name, _)| name == part) else {
            faults.push(format!("arch/{part} is not in the table"));
            continue;
        };
        faults.extend(
            named.iter().filter(|name| !may.contains(&name.as_str())).map(|name| format!("{part} names {name}")),
        );
        faults.extend(
            may.iter().filter(|name| !named.contains(**name)).map(|name| format!("{part} need not name {name}")),
        );
    }
    let (layers, circle) = layers(&imports);
    for (number, layer) in layers.iter().enumerate().rev() {
        println!("{number:2}  {}", layer.join("  "));
    }
    faults.extend((!circle.is_empty()).then(|| format!("these name each other: {}", circle.join(", "))));
    assert_eq!(imports.len(), PARTS.len(), "the table has parts that are not there");
    none(&faults);
}

/// What the search for small files knows of an instruction set it asks of `GolfIsa`.
#[test]
fn golf_names_no_machine() {
    let files = sources("arch/golf", &["rs"]);
    let names_one = |file: &&Source| part(&file.path).is_some() && code(file).contains("Machine::");
    none(&files.iter().filter(names_one).map(|file| file.path.clone()).collect::<Vec<_>>());
}

#[test]
fn imports_are_found() {
    let names = named("use crate::op::Op;\nuse crate::{CompileError, isel};\nfn f() -> crate::reg::Reg {}");
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["CompileError", "isel", "op", "reg"]);
    let from = passed_on("mod ir;\npub use ir::{Place, op};\npub(crate) use compile::compile_tuned;");
    assert_eq!((from["op"].as_str(), from["compile_tuned"].as_str()), ("ir", "compile"));
    let parts = |list: &[(&str, &[&str])]| {
        list.iter().map(|(part, named)| ((*part).into(), named.iter().map(|name| (*name).into()).collect())).collect()
    };
    assert_eq!(layers(&parts(&[("a", &["b"]), ("b", &[])])), (vec![vec!["b".into()], vec!["a".into()]], Vec::new()));
    assert_eq!(layers(&parts(&[("a", &["b"]), ("b", &["a"])])).1, ["a", "b"]);
}
