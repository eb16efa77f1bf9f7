//! What to build a description for: the machine, the loaders, and how long to search.

use std::fmt;

use asmgen_arch::Target;
use asmgen_arch::golf::Rule;

use crate::elf::Tier;
use crate::error::BuildError;
use crate::image::Image;
use crate::spec::Description;

/// What to build a description for.
///
/// ```
/// use asmgen::elf::Tier;
/// use asmgen::{AARCH64, Effort, Options};
///
/// let options = Options::new(&AARCH64).tier(Tier::Linux).effort(Effort::Quick);
/// assert_eq!((options.target.name, options.without), ("aarch64", None));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The machine.
    pub target: &'static Target,
    /// The loaders that must accept the executable.
    pub tier: Tier,
    /// How long to search for a smaller one.
    pub effort: Effort,
    /// A rule that the search must not use, to measure what it saves.
    pub without: Option<Rule>,
}

impl Options {
    /// An executable for this machine that every loader accepts, with the default search and all its rules.
    pub fn new(target: &'static Target) -> Self {
        Self { target, tier: Tier::default(), effort: Effort::default(), without: None }
    }

    /// The same, for these loaders.
    #[must_use]
    pub fn tier(self, tier: Tier) -> Self {
        Self { tier, ..self }
    }

    /// The same, with this search.
    #[must_use]
    pub fn effort(self, effort: Effort) -> Self {
        Self { effort, ..self }
    }

    /// The same, with a search that does not use this rule.
    #[must_use]
    pub fn without(self, rule: impl Into<Option<Rule>>) -> Self {
        Self { without: rule.into(), ..self }
    }
}

/// What builds the executables of a table: [`build`](crate::build), or a function that keeps what it has built.
pub type Builder<'a> = &'a dyn Fn(&Description, Options) -> Result<Image, BuildError>;

/// How long to look for a smaller file (`--effort`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effort {
    /// Not at all: the plain layout.
    Quick,
    /// A few seconds.
    #[default]
    Default,
    /// Up to ten minutes.
    Max,
}

impl Effort {
    /// Every effort, the least first.
    pub const ALL: [Self; 3] = [Self::Quick, Self::Default, Self::Max];

    /// Name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Default => "default",
            Self::Max => "max",
        }
    }

    /// What it means, for `--help`.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Quick => "no search",
            Self::Default => "a few seconds",
            Self::Max => "up to 10 minutes",
        }
    }
}

impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
