//! The licences and the sources of everything that is compiled in. deny.toml says what may be used, and this test
//! checks the dependencies as cargo-deny would. And the oldest Rust that is claimed to compile them.

use std::process::Command;

use serde_json::Value;

use crate::harness::none;
use crate::harness::tool::{root, succeed};

/// Licences that would reach into what uses them. No list may ever allow one.
const NEVER: [&str; 7] = ["GPL", "LGPL", "AGPL", "SSPL", "BUSL", "CC-BY-NC", "EUPL"];

/// What deny.toml allows.
struct Policy {
    allowed: Vec<String>,
    /// Allowed to one crate only: its name, the licence.
    exceptions: Vec<(String, String)>,
    /// Machines with dependencies that count.
    targets: Vec<String>,
}

fn strings(value: &toml::Value) -> Vec<String> {
    let items = value.as_array().expect("an array").iter();
    items.map(|item| item.as_str().expect("a string").to_owned()).collect()
}

impl Policy {
    fn read() -> Self {
        let file: toml::Table = std::fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap();
        let exceptions = file["licenses"]["exceptions"].as_array().expect("an array").iter();
        let of_crate = |exception: &toml::Value| {
            let name = exception["crate"].as_str().expect("a name").to_owned();
            strings(&exception["allow"]).into_iter().map(move |licence| (name.clone(), licence)).collect::<Vec<_>>()
        };
        Self {
            allowed: strings(&file["licenses"]["allow"]),
            exceptions: exceptions.flat_map(of_crate).collect(),
            targets: strings(&file["graph"]["targets"]),
        }
    }

    fn allows(&self, name: &str, licence: &str) -> bool {
        let excepted = |(crate_name, allowed): &(String, String)| crate_name == name && allowed == licence;
        self.allowed.iter().any(|allowed| allowed == licence) || self.exceptions.iter().any(excepted)
    }
}

/// Is an SPDX expression met if these licences may be used? AND binds closer than OR; the old `/` is an OR.
fn is_met(expression: &str, may: &impl Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (met, rest) = any(&words, may);
    met && rest.is_empty()
}

/// `all OR all …`; whether it is met, and the words behind it.
fn any<'w>(words: &'w [&'w str], may: &impl Fn(&str) -> bool) -> (bool, &'w [&'w str]) {
    let (mut met, mut rest) = all(words, may);
    while let ["OR", behind @ ..] = rest {
        let (other, behind) = all(behind, may);
        (met, rest) = (met || other, behind);
    }
    (met, rest)
}

/// `one AND one …`
fn all<'w>(words: &'w [&'w str], may: &impl Fn(&str) -> bool) -> (bool, &'w [&'w str]) {
    let (mut met, mut rest) = one(words, may);
    while let ["AND", behind @ ..] = rest {
        let (other, behind) = one(behind, may);
        (met, rest) = (met && other, behind);
    }
    (met, rest)
}

/// `LICENCE`, `LICENCE WITH EXCEPTION` or an expression in parentheses.
fn one<'w>(words: &'w [&'w str], may: &impl Fn(&str) -> bool) -> (bool, &'w [&'w str]) {
    match words {
        ["(", inner @ ..] => match any(inner, may) {
            (met, [")", behind @ ..]) => (met, behind),
            (_, behind) => (false, behind),
        },
        [licence, "WITH", exception, behind @ ..] => (may(&format!("{licence} WITH {exception}")), behind),
        [licence, behind @ ..] => (may(licence), behind),
        [] => (false, words),
    }
}

#[test]
fn expressions_mean_what_spdx_says() {
    let may = |licence: &str| ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"].contains(&licence);
    for met in [
        "MIT",
        "GPL-3.0 OR MIT",
        "Apache-2.0/MIT",
        "Apache-2.0 / MIT",
        "MIT AND Zlib",
        "(GPL-3.0 OR MIT) AND Zlib",
        "GPL-3.0 AND Zlib OR MIT",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_met(met, &may), "{met}");
    }
    for unmet in ["", "GPL-3.0", "Apache-2.0", "MIT AND GPL-3.0", "MIT AND (GPL-3.0 OR BSL-1.0)", "(MIT", "MIT MIT"] {
        assert!(!is_met(unmet, &may), "{unmet}");
    }
}

#[test]
fn the_policy_allows_no_licence_that_reaches_into_its_users() {
    let policy = Policy::read();
    let listed = policy.allowed.iter().chain(policy.exceptions.iter().map(|(_, licence)| licence));
    let reaches = |licence: &&String| NEVER.iter().any(|never| licence.starts_with(never));
    none(&listed.filter(reaches).cloned().collect::<Vec<_>>());
}

/// Every crate that is compiled in or compiled with on one machine, as Cargo describes it.
fn packages(target: &str) -> Vec<Value> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", target]).current_dir(root());
    let metadata: Value = serde_json::from_slice(&succeed(&mut cargo).stdout).expect("JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

#[test]
fn every_dependency_has_a_licence_that_is_allowed_and_comes_from_the_registry() {
    let policy = Policy::read();
    let mut faults = Vec::new();
    let mut crates = 0;
    for package in policy.targets.iter().flat_map(|target| packages(target)) {
        let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
        let (name, licence, source) = (text("name"), text("license"), text("source"));
        crates += 1;
        if !is_met(&licence, &|one: &str| policy.allows(&name, one)) {
            faults.push(format!("{name} {}: `{licence}` is not allowed by deny.toml", text("version")));
        }
        // What has no source is in this workspace.
        if !(source.is_empty() || source.starts_with("registry+")) {
            faults.push(format!("{name} {}: comes from {source}", text("version")));
        }
    }
    assert!(crates > 50, "only {crates} packages: the test does not see the dependencies");
    faults.sort();
    faults.dedup();
    none(&faults);
}

/// An exception for a crate that is gone, or that has changed its licence, is no longer one.
#[test]
fn every_exception_is_needed() {
    let policy = Policy::read();
    let packages: Vec<Value> = policy.targets.iter().flat_map(|target| packages(target)).collect();
    let is_needed = |(name, licence): &&(String, String)| {
        packages.iter().any(|package| package["name"] == **name && package["license"] == **licence)
    };
    let unneeded = policy.exceptions.iter().filter(|exception| !is_needed(exception));
    none(&unneeded.map(|(name, licence)| format!("{licence} for {name}")).collect::<Vec<_>>());
}

/// The texts that Cargo.toml promises are there.
#[test]
fn the_licences_of_asmgen_itself_are_in_the_checkout() {
    for (file, text) in [("LICENSE-MIT", "MIT License"), ("LICENSE-APACHE", "Apache License")] {
        assert!(std::fs::read_to_string(root().join(file)).unwrap().contains(text), "{file}");
    }
}

/// `1.88` or `1.88.0`; the third number is no matter of a claim.
fn release(version: &str) -> (u32, u32) {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or_else(|_| panic!("{version}: a number")));
    (numbers.next().expect("a major version"), numbers.next().unwrap_or(0))
}

/// No other toolchain can be had everywhere, so the claim is compared with what the locked dependencies say of
/// themselves. clippy holds our own code to it (`incompatible_msrv`).
#[test]
fn the_rust_that_is_claimed_compiles_every_locked_dependency() {
    let policy = Policy::read();
    let packages: Vec<Value> = policy.targets.iter().flat_map(|target| packages(target)).collect();
    let claimed = packages.iter().find(|package| package["name"] == "asmgen").expect("asmgen itself");
    let claimed = release(claimed["rust_version"].as_str().expect("`rust-version` in Cargo.toml"));
    let versions =
        packages.iter().filter_map(|package| package["rust_version"].as_str().map(|version| (package, version)));
    let newer = versions.filter(|(_, version)| release(version) > claimed);
    let mut faults: Vec<String> =
        newer.map(|(package, version)| format!("{} needs Rust {version}", package["name"])).collect();
    faults.sort();
    faults.dedup();
    for file in ["README.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        let claim = format!("Rust {}.{} or newer", claimed.0, claimed.1);
        faults.extend((!text.contains(&claim)).then(|| format!("{file} does not say `{claim}`")));
    }
    none(&faults);
}
