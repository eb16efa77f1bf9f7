//! No files of `src` or of `arch` import each other in a circle, so each can be read before those that use it.
//!
//! An import is a `use` declaration, or a path that begins with `crate` or `super`; those of tests do not count. A name
//! that a module re-exports is imported from the file that declares it. A `mod.rs` may use the files of its folder and
//! be used by them: together they are one module.

use std::collections::{BTreeMap, BTreeSet};

use super::sources;
use crate::harness::none;

type Path = Vec<String>;

/// What a module imports, and the name that it has there.
struct Import {
    path: Path,
    name: String,
    is_reexport: bool,
}

#[derive(Default)]
struct Module {
    imports: Vec<Import>,
    children: Vec<String>,
}

/// The modules of the crate, by their paths.
struct Modules(BTreeMap<Path, Module>);

fn words(path: &str, separator: &str) -> Path {
    path.split(separator).map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

/// The parts of a list that commas separate, outside of braces.
fn parts(list: &str) -> Vec<&str> {
    let mut depth = 0;
    let is_end = |character| {
        depth += i32::from(character == '{') - i32::from(character == '}');
        character == ',' && depth == 0
    };
    list.split(is_end).filter(|part| !part.trim().is_empty()).collect()
}

impl Module {
    fn of(text: &str) -> Self {
        let mut module = Self::default();
        let mut lines = text.lines().map(|line| line.split("//").next().unwrap_or_default().trim());
        let mut is_test = false;
        while let Some(line) = lines.next() {
            let visibility =
                line.split_once(' ').map_or("", |(word, _)| if word.starts_with("pub") { word } else { "" });
            let declaration = line[visibility.len()..].trim_start();
            if let Some(name) = declaration.strip_prefix("mod ") {
                match name.strip_suffix(';') {
                    Some(name) if !is_test => module.children.push(name.to_owned()),
                    None if is_test => break,
                    _ => {}
                }
            } else if let Some(tree) = declaration.strip_prefix("use ") {
                let mut tree = tree.to_owned();
                while !tree.ends_with(';') {
                    tree += lines.next().expect("a declaration has an end");
                }
                module.add(&[], tree.trim_end_matches(';'), !visibility.is_empty());
            } else {
                module.add_paths(line);
            }
            is_test = line == "#[cfg(test)]" || is_test && line.starts_with("#[");
        }
        module
    }

    /// The imports of a tree of names.
    fn add(&mut self, before: &[String], tree: &str, is_reexport: bool) {
        if let Some((path, list)) = tree.trim().split_once('{') {
            let path = [before, &words(path, "::")].concat();
            let list = list.strip_suffix('}').expect("a list has an end");
            for part in parts(list) {
                self.add(&path, part, is_reexport);
            }
            return;
        }
        let (path, name) = tree.split_once(" as ").map_or((tree, None), |(path, name)| (path, Some(name)));
        let mut path = [before, &words(path, "::")].concat();
        if path.len() > 1 && path.last().is_some_and(|word| word == "self") {
            path.pop();
        }
        let name = name.or(path.last().map(String::as_str)).unwrap_or_default().trim().to_owned();
        self.imports.push(Import { path, name, is_reexport });
    }

    /// The paths in a line of code.
    fn add_paths(&mut self, line: &str) {
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        for path in
            line.split(|c| !is_part(c)).filter(|path| path.starts_with("crate::") || path.starts_with("super::"))
        {
            self.imports.push(Import { path: words(path, "::"), name: String::new(), is_reexport: false });
        }
    }
}

impl Modules {
    /// Those of these files, by their paths from the root on.
    fn of(files: impl Iterator<Item = (String, String)>) -> Self {
        let path = |file: &str| {
            let mut path = words(file.strip_suffix(".rs").unwrap_or(file), "/");
            if path.last().is_some_and(|name| ["mod", "lib", "main"].contains(&name.as_str())) {
                path.pop();
            }
            path
        };
        let mut modules = Self(BTreeMap::new());
        for (file, text) in files {
            // Library and executable share the root.
            let Module { imports, children } = Module::of(&text);
            let module = modules.0.entry(path(&file)).or_default();
            module.imports.extend(imports);
            module.children.extend(children);
        }
        // What only tests have is in no list of children.
        let is_there = |path: &Path, all: &BTreeMap<Path, Module>| match path.split_last() {
            Some((name, parent)) => all.get(parent).is_none_or(|module| module.children.contains(name)),
            None => true,
        };
        let known: Vec<Path> = modules.0.keys().filter(|path| is_there(path, &modules.0)).cloned().collect();
        modules.0.retain(|path, _| known.contains(path));
        modules
    }

    /// A path as it is written from the crate's root on; nothing for another crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Path> {
        let up = path.iter().take_while(|word| *word == "super").count();
        match path.first()?.as_str() {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([module, &path[1..]].concat()),
            "super" => Some([&module[..module.len() - up], &path[up..]].concat()),
            child => self.0[module].children.iter().any(|known| known == child).then(|| [module, path].concat()),
        }
    }

    /// The module that declares what a path from the root names.
    fn owner(&self, path: &[String], depth: usize) -> Option<Path> {
        let module = (0..=path.len()).rev().map(|end| &path[..end]).find(|start| self.0.contains_key(*start))?;
        let Some(name) = path.get(module.len()) else { return Some(module.to_vec()) };
        let import = self.0[module].imports.iter().find(|import| import.name == *name);
        let Some(import) = import.filter(|_| depth > 0) else { return Some(module.to_vec()) };
        let path = [self.absolute(module, &import.path)?, path[module.len() + 1..].to_vec()].concat();
        self.owner(&path, depth - 1)
    }

    /// The other modules that a module uses, but its folder's head, and its own files.
    fn used(&self, module: &Path) -> BTreeSet<Path> {
        let is_own_file = |import: &Import| import.is_reexport && !self.0[module].children.is_empty();
        let imports = self.0[module].imports.iter().filter(|import| !is_own_file(import));
        let owners = imports.filter_map(|import| self.owner(&self.absolute(module, &import.path)?, 8));
        owners.filter(|owner| !owner.starts_with(module) && !module.starts_with(owner)).collect()
    }

    /// Every set of modules each of which is reached from each, as their names in order.
    fn circles(&self) -> Vec<String> {
        let used: BTreeMap<&Path, BTreeSet<Path>> = self.0.keys().map(|module| (module, self.used(module))).collect();
        let reached = |from: &Path| {
            let (mut found, mut open) = (BTreeSet::new(), vec![from.clone()]);
            while let Some(module) = open.pop() {
                open.extend(used[&module].iter().filter(|next| found.insert((*next).clone())).cloned());
            }
            found
        };
        let reached: BTreeMap<&Path, BTreeSet<Path>> = self.0.keys().map(|module| (module, reached(module))).collect();
        let circle = |module: &&Path| {
            let back = reached[*module].iter().filter(|other| reached[other].contains(*module));
            back.map(|path| path.join("/")).collect::<Vec<_>>().join(" ")
        };
        let circles: BTreeSet<String> =
            self.0.keys().filter(|path| reached[*path].contains(*path)).map(|path| circle(&path)).collect();
        circles.into_iter().collect()
    }
}

/// Where files of `arch` still import each other.
const MAY_BE_A_CIRCLE: &str = "mach/";

#[test]
fn no_files_import_each_other() {
    let circles = ["src", "arch"].into_iter().flat_map(|root| {
        let files = sources(root, &["rs"]).into_iter().filter(|file| !file.path.contains("tests"));
        let inner = |path: &str| path.split_once('/').map(|(_, inner)| inner.to_owned());
        let files = files.filter_map(|file| Some((inner(&file.path)?, file.text)));
        let name = move |circle| format!("these files of {root} import each other: {circle}");
        let circles = Modules::of(files).circles().into_iter().filter(|circle| !circle.contains(MAY_BE_A_CIRCLE));
        circles.map(name).collect::<Vec<_>>()
    });
    none(&circles.collect::<Vec<_>>());
}

#[test]
fn circles_are_found_through_lists_and_reexports() {
    let of = |files: &[(&str, &str)]| {
        let files = files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
        Modules::of(files).circles()
    };
    let lib = ("lib.rs", "mod a;\npub mod b;\npub use b::{C as D, self as e};\n#[cfg(test)]\nmod t;\n");
    assert_eq!(
        of(&[lib, ("a.rs", "use crate::{\n    b::C,\n    x::Y,\n};\n"), ("b.rs", "fn f() { super::a::g() }\n")]),
        ["a b"]
    );
    assert_eq!(of(&[lib, ("a.rs", "use crate::D;\n"), ("b.rs", "use super::a;\n")]), ["a b"]);
    let fine = ("b.rs", "// use crate::a;\n#[cfg(test)]\nmod tests {\n    use crate::a;\n}\n");
    assert_eq!(of(&[lib, ("a.rs", "use crate::D;\n"), fine, ("t.rs", "use crate::a;\n")]), [""; 0]);
}
