//! Judges a file by every loader's rules.

use std::io::{self, Read, Seek};

use super::excerpt::Excerpt;
use super::loader::{LOADERS, Loader, Tier};
use super::rules::{RULES, Rule};
pub use super::view::Place;
use super::view::View;

/// What one loader makes of a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    /// Who judges.
    pub loader: Loader,
    /// What it says.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What a loader says of a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// No rule of the loader is broken.
    Accepted,
    /// The loader runs no programs of this machine, whatever their headers; none of its rules was asked.
    OtherMachine,
    /// It refuses the file, or the program would crash before its first instruction.
    Refused {
        /// The broken rules, at least one.
        refusals: Vec<Refusal>,
    },
}

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Refusal {
    /// Name of the rule.
    pub rule: &'static str,
    /// What would be right.
    pub right: &'static str,
    /// Where the rule is stated: kernel file, page, or measurement.
    pub source: &'static str,
    /// The fields that break it together, at least one, the likeliest culprit first.
    pub places: Vec<Place>,
}

impl Verdict {
    /// Does the loader take the file?
    pub fn accepted(&self) -> bool {
        self.outcome == Outcome::Accepted
    }

    /// The broken rules, none if the file is accepted.
    pub fn refusals(&self) -> &[Refusal] {
        match &self.outcome {
            Outcome::Refused { refusals } => refusals,
            Outcome::Accepted | Outcome::OtherMachine => &[],
        }
    }
}

impl Refusal {
    /// Is the byte at that file offset in one of its fields?
    pub fn names_byte(&self, offset: u64) -> bool {
        self.places.iter().any(|place| (place.offset..place.offset + place.len).contains(&offset))
    }
}

/// Judges any bytes: one verdict for each of [`LOADERS`], in that order.
///
/// ```
/// use asmgen::elf::{Loader, Tier, accepted_by_tier, verify};
///
/// let verdicts = verify(b"#!/bin/sh\n");
/// assert!(!accepted_by_tier(&verdicts, Tier::Portable));
/// let linux = verdicts.iter().find(|verdict| verdict.loader == Loader::Linux).unwrap();
/// assert_eq!(linux.refusals()[0].places[0].offset, 0);
/// ```
pub fn verify(file: &[u8]) -> Vec<Verdict> {
    verdicts(&View::new(file))
}

/// The same of a file of any length, of which the bytes are read that loaders look at.
///
/// # Errors
/// The file cannot be read.
pub fn verify_file(file: &mut (impl Read + Seek)) -> io::Result<Vec<Verdict>> {
    Ok(verdicts(&View::of(&Excerpt::read(file)?)))
}

fn verdicts(view: &View) -> Vec<Verdict> {
    LOADERS.into_iter().map(|loader| Verdict { loader, outcome: judge(view, loader) }).collect()
}

fn judge(view: &View, loader: Loader) -> Outcome {
    if view.target.is_some_and(|target| !loader.runs(target.machine)) {
        return Outcome::OtherMachine;
    }
    let refusals: Vec<_> = RULES
        .iter()
        .filter_map(|rule| {
            let source = rule.source(loader)?;
            let places = rule.broken(view);
            (!places.is_empty()).then_some(Refusal { rule: rule.name, right: rule.right, source, places })
        })
        .collect();
    if refusals.is_empty() { Outcome::Accepted } else { Outcome::Refused { refusals } }
}

/// Do all loaders of the tier take the file, apart from those that do not run its machine?
pub fn accepted_by_tier(verdicts: &[Verdict], tier: Tier) -> bool {
    let of_tier = |loader| verdicts.iter().find(|verdict| verdict.loader == loader);
    tier.loaders().iter().all(|loader| of_tier(*loader).is_some_and(|verdict| verdict.refusals().is_empty()))
}

/// The same without the reasons, for one who asks often: the first rule that is broken is enough.
pub(crate) fn is_accepted(file: &[u8], tier: Tier) -> bool {
    let view = View::new(file);
    let judges: Vec<Loader> = tier
        .loaders()
        .iter()
        .copied()
        .filter(|loader| view.target.is_none_or(|target| loader.runs(target.machine)))
        .collect();
    let concerns = |rule: &&Rule| judges.iter().any(|loader| rule.source(*loader).is_some());
    RULES.iter().filter(concerns).all(|rule| rule.broken(&view).is_empty())
}
