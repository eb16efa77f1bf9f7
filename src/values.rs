//! Values of options that are one of a few. What they are called and mean is said where they are declared; here are the
//! names that other tools give to machines.
//!
//! `--help`, completions, suggestions for a mistyped name and the error for an unknown one come from these parsers.

use asmgen::elf::Tier;
use asmgen::listing::map::Format;
use asmgen::site::Html;
use asmgen::spec::Engine;
use asmgen::{Effort, Pass, Target};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// A text of a value.
type TextOf<T> = fn(T) -> &'static str;

/// Takes the names of these values.
fn one_of<T: Copy + Send + Sync + 'static>(
    all: impl IntoIterator<Item = T>,
    name: TextOf<T>,
    about: TextOf<T>,
) -> impl TypedValueParser<Value = T> {
    let all: Vec<T> = all.into_iter().collect();
    let values = all.iter().map(|value| PossibleValue::new(name(*value)).help(about(*value)));
    PossibleValuesParser::new(values.collect::<Vec<_>>()).map(move |given| {
        *all.iter().find(|value| name(**value) == given).expect("clap takes the names of these values alone")
    })
}

pub(crate) fn engine() -> impl TypedValueParser<Value = Engine> {
    one_of(Engine::ALL, Engine::name, Engine::about)
}

pub(crate) fn tier() -> impl TypedValueParser<Value = Tier> {
    one_of(Tier::all(), Tier::name, Tier::about)
}

pub(crate) fn effort() -> impl TypedValueParser<Value = Effort> {
    one_of(Effort::ALL, Effort::name, Effort::about)
}

pub(crate) fn pass() -> impl TypedValueParser<Value = Pass> {
    one_of(Pass::ALL, Pass::name, Pass::about)
}

pub(crate) fn format() -> impl TypedValueParser<Value = Format> {
    one_of(Format::ALL, Format::name, Format::about)
}

pub(crate) fn html() -> impl TypedValueParser<Value = Html> {
    one_of(Html::ALL, Html::name, Html::about)
}

/// A machine: its name here, its platform in images, and its other names.
type Machine = (&'static str, &'static str, &'static [&'static str]);

const MACHINES: [Machine; 3] = [
    ("x86_64", "linux/amd64", &["amd64", "x86-64", "x64"]),
    ("aarch64", "linux/arm64", &["arm64", "armv8", "linux/arm64/v8"]),
    ("i386", "linux/386", &["386", "i486", "i586", "i686", "x86"]),
];

fn names((name, platform, others): &Machine) -> Vec<&'static str> {
    [&[*name, *platform][..], others].concat()
}

/// The machines under the names that are shown, in the order of `TARGETS`; the others are taken, too.
fn machine(shown: TextOf<&'static Machine>) -> impl TypedValueParser<Value = &'static Target> {
    let value = |machine| {
        let others = names(machine).into_iter().filter(|name| *name != shown(machine)).collect::<Vec<_>>();
        PossibleValue::new(shown(machine)).aliases(others)
    };
    PossibleValuesParser::new(MACHINES.iter().map(value).collect::<Vec<_>>()).map(|given| {
        let row = MACHINES.iter().find(|machine| names(machine).contains(&given.as_str()));
        row.and_then(|machine| Target::by_name(machine.0)).expect("clap takes the names of these machines alone")
    })
}

/// `x86_64`, and every other name of the machine.
pub(crate) fn target() -> impl TypedValueParser<Value = &'static Target> {
    machine(|machine| machine.0)
}

/// `linux/amd64`, and every other name of the machine.
pub(crate) fn platform() -> impl TypedValueParser<Value = &'static Target> {
    machine(|machine| machine.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(parser: &impl TypedValueParser<Value = &'static Target>, name: &str) -> Option<&'static str> {
        let command = clap::Command::new("test");
        parser.parse_ref(&command, None, name.as_ref()).ok().map(|target| target.name)
    }

    #[test]
    fn every_target_has_a_row() {
        assert_eq!(MACHINES.map(|machine| machine.0), asmgen::TARGETS.map(|target| target.name));
        for (name, platform, _) in MACHINES {
            let architecture = Target::by_name(name).expect("a target").oci_architecture;
            assert_eq!(platform, format!("linux/{architecture}"));
        }
    }

    /// Each name of a machine is taken wherever a machine is asked for.
    #[test]
    fn machines_have_the_names_that_others_give_them() {
        for (name, shown, others) in MACHINES {
            for other in [&[name, shown][..], others].concat() {
                assert_eq!(parsed(&target(), other), Some(name), "--target {other}");
                assert_eq!(parsed(&platform(), other), Some(name), "--platform {other}");
            }
        }
        for wrong in ["", "sparc", "linux/", "linux/riscv64", "windows/amd64", "linux/amd64/v8", "linux/arm64/v7"] {
            assert_eq!((parsed(&target(), wrong), parsed(&platform(), wrong)), (None, None), "{wrong}");
        }
    }
}
