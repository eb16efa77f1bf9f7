//! Values of options that are one of a few: their names, what they mean, and the names that other tools give them.
//!
//! `--help`, completions, suggestions for a mistyped name and the error for an unknown one come from these tables.

use asmgen::elf::Tier;
use asmgen::listing::map::Format;
use asmgen::spec::Engine;
use asmgen::{Effort, Pass, Target};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// One value of an option.
struct Value<T: 'static> {
    name: &'static str,
    /// What it means, for `--help`; empty if the name says it.
    meaning: &'static str,
    /// Names that are taken as well, and not shown.
    others: &'static [&'static str],
    means: T,
}

impl<T> Value<T> {
    const fn new(name: &'static str, meaning: &'static str, value: T) -> Self {
        Self { name, meaning, others: &[], means: value }
    }

    fn is_named(&self, name: &str) -> bool {
        self.name == name || self.others.contains(&name)
    }

    fn shown(&self) -> PossibleValue {
        let shown = PossibleValue::new(self.name).aliases(self.others);
        if self.meaning.is_empty() { shown } else { shown.help(self.meaning) }
    }
}

/// Takes the names of these values.
fn one_of<T: Copy + Send + Sync + 'static>(values: Vec<Value<T>>) -> impl TypedValueParser<Value = T> {
    let values: &'static [Value<T>] = values.leak();
    PossibleValuesParser::new(values.iter().map(Value::shown)).map(move |name| {
        values.iter().find(|value| value.is_named(&name)).expect("clap takes the names of these values alone").means
    })
}

/// A machine: its name here, its platform in images, and its other names.
type Machine = (&'static str, &'static str, &'static [&'static str]);

const MACHINES: [Machine; 3] = [
    ("x86_64", "linux/amd64", &["amd64", "x86-64", "x64"]),
    ("aarch64", "linux/arm64", &["arm64", "armv8", "linux/arm64/v8"]),
    ("i386", "linux/386", &["386", "i486", "i586", "i686", "x86"]),
];

/// The machines under the names that are shown, in the order of `TARGETS`; the others are taken, too.
fn machines(shown: fn(&Machine) -> &'static str) -> Vec<Value<&'static Target>> {
    let value = |machine: &'static Machine| {
        let names = [&[machine.0, machine.1][..], machine.2].concat();
        let name = shown(machine);
        Value {
            name,
            meaning: "",
            others: names.into_iter().filter(|other| *other != name).collect::<Vec<_>>().leak(),
            means: Target::by_name(machine.0).expect("a row names a target"),
        }
    };
    MACHINES.iter().map(value).collect()
}

/// `x86_64`, and every other name of the machine.
pub(crate) fn target() -> impl TypedValueParser<Value = &'static Target> {
    one_of(machines(|machine| machine.0))
}

/// `linux/amd64`, and every other name of the machine.
pub(crate) fn platform() -> impl TypedValueParser<Value = &'static Target> {
    one_of(machines(|machine| machine.1))
}

pub(crate) fn engine() -> impl TypedValueParser<Value = Engine> {
    one_of(vec![
        Value::new(Engine::Epoll.name(), "many connections at once", Engine::Epoll),
        Value::new(Engine::Blocking.name(), "one connection at a time, in the fewest bytes", Engine::Blocking),
    ])
}

pub(crate) fn tier() -> impl TypedValueParser<Value = Tier> {
    let meaning = |tier| match tier {
        Tier::Strict => "every loader and tool",
        Tier::Portable => "every container runtime",
        Tier::Linux => "the Linux kernel alone",
    };
    one_of(Tier::all().map(|tier| Value::new(tier.name(), meaning(tier), tier)).collect())
}

pub(crate) fn effort() -> impl TypedValueParser<Value = Effort> {
    let meaning = |effort| match effort {
        Effort::Quick => "no search",
        Effort::Default => "a few seconds",
        Effort::Max => "up to 10 minutes",
    };
    one_of(Effort::ALL.into_iter().map(|effort| Value::new(effort.name(), meaning(effort), effort)).collect())
}

pub(crate) fn pass() -> impl TypedValueParser<Value = Pass> {
    one_of(Pass::ALL.into_iter().map(|pass| Value::new(pass.name(), pass.about(), pass)).collect())
}

pub(crate) fn format() -> impl TypedValueParser<Value = Format> {
    let meaning = |format| match format {
        Format::Text => "for terminals",
        Format::Svg => "a drawing",
        Format::Html => "a page with a search and a panel for each byte",
    };
    one_of(Format::ALL.into_iter().map(|format| Value::new(format.name(), meaning(format), format)).collect())
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
