//! Listings and sizes as they were when they were last looked at: any change of any byte shows in the diff.

use crate::harness::snapshot;
use crate::harness::tool::{asmgen, example, root, succeed};
use crate::harness::{EXAMPLES, LAYOUTS, TARGETS, none};

/// What a command writes to standard output.
fn output_of(args: &[&str]) -> Vec<u8> {
    succeed(asmgen().args(args)).stdout
}

fn text_of(args: &[&str]) -> String {
    String::from_utf8(output_of(args)).unwrap()
}

fn list(name: &str, target: &str, elf: &str) -> String {
    text_of(&["list", &format!("examples/{name}.toml"), "--target", target, "--elf", elf])
}

/// A check of every example on every target.
fn check(fault: impl Fn(&str, &str) -> Vec<String>) {
    none(&EXAMPLES.iter().flat_map(|name| TARGETS.iter().flat_map(|target| fault(name, target))).collect::<Vec<_>>());
}

#[test]
fn the_examples_are_all_there_are() {
    let entries = std::fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let mut specs: Vec<_> = entries.filter(|path| path.extension().is_some_and(|toml| toml == "toml")).collect();
    specs.sort();
    let mut expected = EXAMPLES.map(example);
    expected.sort();
    assert_eq!(specs, expected);
}

#[test]
fn listings() {
    check(|name, target| {
        let file = format!("tests/golden/{name}.{target}.lst");
        snapshot::differs(&file, &list(name, target, "strict")).into_iter().collect()
    });
}

#[test]
fn no_listing_is_left_over() {
    // None is there before the first `BLESS=1`.
    let entries = std::fs::read_dir(root().join("tests/golden")).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let is_expected = |file: &String| {
        file.strip_suffix(".lst")
            .and_then(|stem| stem.split_once('.'))
            .is_some_and(|(name, target)| EXAMPLES.contains(&name) && TARGETS.contains(&target))
    };
    let left_over: Vec<String> = names.filter(|file| !is_expected(file)).collect();
    none(&left_over);
}

#[test]
fn sizes() {
    none(&snapshot::differs("tests/sizes.tsv", &text_of(&["sizes", "--tsv"])).into_iter().collect::<Vec<_>>());
}

/// The bytes' column of a listing, with the offsets checked on the way.
fn bytes_of(listing: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for line in listing.lines().filter(|line| !line.starts_with(';')) {
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
    check(|name, target| {
        let fault = |elf: &&str| {
            let built = output_of(&[&format!("examples/{name}.toml"), "--target", target, "--elf", elf]);
            match bytes_of(&list(name, target, elf)) {
                Ok(listed) if listed == built => None,
                Ok(listed) => Some(format!("{name} {target} {elf}: {} of {} bytes", listed.len(), built.len())),
                Err(error) => Some(format!("{name} {target} {elf}: {error}")),
            }
        };
        LAYOUTS.iter().filter_map(fault).collect()
    });
}

/// What the decoder does not know would be shown as such.
#[test]
fn every_instruction_is_one() {
    check(|name, target| {
        let fault = |elf: &&str| list(name, target, elf).contains("(bad)").then(|| format!("{name} {target} {elf}"));
        LAYOUTS.iter().filter_map(fault).collect()
    });
}

/// Sizes are those of the files, and their parts make up the whole.
#[test]
fn sizes_add_up() {
    let rows: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_slice(&output_of(&["sizes", "--json"])).unwrap();
    assert_eq!(rows.len(), EXAMPLES.len() * TARGETS.len() * LAYOUTS.len());
    let mut faults = Vec::new();
    for row in rows {
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        let number = |key: &str| row[key].as_u64().unwrap();
        let spec = format!("examples/{}.toml", text("example"));
        let built = output_of(&[&spec, "--target", &text("target"), "--elf", &text("elf")]).len() as u64;
        let parts: u64 = ["header", "code", "data", "padding"].into_iter().map(number).sum();
        let fine = [built, parts] == [number("total"); 2];
        faults.extend((!fine).then(|| format!("{row:?}: the file has {built} bytes, the parts {parts}")));
    }
    none(&faults);
}
