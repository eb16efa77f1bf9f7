//! Listings and sizes as they were when they were last looked at: any change of any byte shows in the diff.

use asmgen::elf::Tier;
use asmgen::examples::EXAMPLES;
use asmgen::sizes::Row;
use asmgen::spec::Engine;
use asmgen::{Image, Options, Target};

use crate::harness::snapshot;
use crate::harness::tool::{asmgen, example, measured, root, succeed};
use crate::harness::{self, ENGINES, LAYOUTS, TARGETS, images, none};

/// An example with one of its engines.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Built {
    name: &'static str,
    /// Nothing where it is no server.
    engine: Option<&'static str>,
}

impl Built {
    /// What the command line says of it.
    fn arguments(self) -> Vec<String> {
        let engine = self.engine.iter().flat_map(|engine| ["--engine", engine]);
        std::iter::once(format!("examples/{}.toml", self.name)).chain(engine.map(str::to_owned)).collect()
    }

    fn list(self, target: &str, elf: &str) -> String {
        String::from_utf8(self.output(&["list"], target, elf)).unwrap()
    }

    /// The same without the command line.
    fn image(self, target: &str, elf: &str) -> Image {
        let engine = self.engine.map(|name| Engine::ALL.into_iter().find(|one| one.name() == name).unwrap());
        let description = EXAMPLES.iter().find(|one| one.name == self.name).unwrap().description(engine);
        let (target, tier) = (Target::by_name(target).unwrap(), Tier::by_name(elf).unwrap());
        let options = Options::new(target).tier(tier);
        images::image(&description, options).unwrap()
    }

    fn output(self, command: &[&str], target: &str, elf: &str) -> Vec<u8> {
        let arguments = self.arguments();
        succeed(asmgen().args(command).args(arguments).args(["--target", target, "--elf", elf])).stdout
    }
}

impl std::fmt::Display for Built {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)?;
        self.engine.map_or(Ok(()), |engine| write!(f, ".{engine}"))
    }
}

/// Every example with every engine it can have.
fn all() -> impl Iterator<Item = Built> {
    harness::EXAMPLES.into_iter().flat_map(|name| {
        let is_server = !["hello", "pause", "ok", "ok6"].contains(&name);
        let engines = if is_server { ENGINES.map(Some).to_vec() } else { vec![None] };
        engines.into_iter().map(move |engine| Built { name, engine })
    })
}

/// The examples with kept listings: one of the epoll engine, because its listings are alike.
fn listed() -> impl Iterator<Item = Built> {
    all().filter(|built| built.engine != Some("epoll") || built.name == "greeting")
}

/// A check on every target.
fn check(all: impl Iterator<Item = Built>, fault: impl Fn(Built, &str) -> Vec<String>) {
    none(
        &all.flat_map(|built| TARGETS.iter().flat_map(|target| fault(built, target)).collect::<Vec<_>>())
            .collect::<Vec<_>>(),
    );
}

#[test]
fn the_examples_are_all_there_are() {
    let entries = std::fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let mut specs: Vec<_> = entries.filter(|path| path.extension().is_some_and(|toml| toml == "toml")).collect();
    specs.sort();
    let mut expected = harness::EXAMPLES.map(example);
    expected.sort();
    assert_eq!(specs, expected);
}

#[test]
fn listings() {
    check(listed(), |built, target| {
        let file = format!("tests/golden/{built}.{target}.lst");
        snapshot::differs(&file, &built.list(target, "strict")).into_iter().collect()
    });
}

#[test]
fn no_listing_is_left_over() {
    // None is there before the first `make bless`.
    let entries = std::fs::read_dir(root().join("tests/golden")).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let expected: Vec<String> =
        listed().flat_map(|built| TARGETS.map(|target| format!("{built}.{target}.lst"))).collect();
    let is_expected = |file: &String| expected.contains(file);
    let left_over: Vec<String> = names.filter(|file| !is_expected(file)).collect();
    none(&left_over);
}

#[test]
fn sizes() {
    assert_eq!(measured().len(), all().count() * TARGETS.len() * LAYOUTS.len());
    none(&snapshot::differs("tests/sizes.tsv", &asmgen::sizes::tsv(measured())).into_iter().collect::<Vec<_>>());
}

/// The fault, if a row of the sizes is not that of the file, or its parts do not make up the whole.
fn wrong_size(built: Built, target: &str, elf: &str, file_bytes: usize) -> Option<String> {
    let is_it = |row: &&Row| (row.example, row.engine, row.target, row.elf) == (built.name, built.engine, target, elf);
    let row = measured().iter().find(is_it).expect("it is measured");
    let parts = row.header + row.code + row.data + row.padding;
    let fine = [row.total, parts] == [file_bytes as u32; 2];
    (!fine).then(|| format!("{row:?}: the file has {file_bytes} bytes, the parts {parts}"))
}

/// A line with the name of a place, before the instruction there.
fn is_label(line: &str) -> bool {
    line.ends_with(':') && !line.contains("  ")
}

/// The bytes' column of a listing, with the offsets checked on the way.
fn bytes_of(listing: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for line in listing.lines().filter(|line| !line.starts_with(';') && !is_label(line)) {
        let (offset, rest) = line.split_once("  ").ok_or_else(|| format!("no columns: {line}"))?;
        let offset = usize::from_str_radix(offset, 16).map_err(|error| format!("{error}: {line}"))?;
        if offset != bytes.len() {
            return Err(format!("row at {offset:#x}, but the rows before end at {:#x}", bytes.len()));
        }
        let column = rest.split("  ").next().unwrap_or_default();
        for byte in column.split(' ') {
            bytes.push(u8::from_str_radix(byte, 16).map_err(|error| format!("{error}: {line}"))?);
        }
    }
    Ok(bytes)
}

#[test]
fn a_listing_has_every_byte_once() {
    check(all(), |built, target| {
        let fault = |elf: &&str| {
            let image = built.image(target, elf);
            let (file, listing) = (&image.bytes, asmgen::listing::text(&image));
            // What the decoder does not know would be shown as such.
            if listing.contains("(bad)") {
                return Some(format!("{built} {target} {elf}: an instruction that is none"));
            }
            match bytes_of(&listing) {
                Ok(listed) if listed == *file => wrong_size(built, target, elf, file.len()),
                Ok(listed) => Some(format!("{built} {target} {elf}: {} of {} bytes", listed.len(), file.len())),
                Err(error) => Some(format!("{built} {target} {elf}: {error}")),
            }
        };
        LAYOUTS.iter().filter_map(fault).collect()
    });
}
