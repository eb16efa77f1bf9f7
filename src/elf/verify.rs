//! Judges a file by every loader's rules.

use std::io::{self, Read, Seek};

use super::excerpt::Excerpt;
use super::fields::PT_INTERP;
use super::loader::{LOADERS, Loader, Tier};
use super::rules::{RULES, Rule};
pub use super::view::Place;
use super::view::View;

/// The beginning of a file, in which most files have their program headers too.
const HEAD_BYTES: u64 = 4096;

/// What one loader makes of a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    /// The loader that judges.
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
    Ok(verdicts(&View::of(&excerpt(file)?)))
}

/// What loaders look at: the ELF header, the program headers and the end of an interpreter's name.
fn excerpt(file: &mut (impl Read + Seek)) -> io::Result<Excerpt> {
    let mut excerpt = Excerpt::of_nothing(file)?;
    excerpt.add(file, 0, HEAD_BYTES)?;
    let head = View::of(&excerpt);
    let (table, end) = (head.get("e_phoff"), head.table_end().unwrap_or(0));
    if end > HEAD_BYTES {
        excerpt.add(file, table, end - table)?;
    }
    let whole = View::of(&excerpt);
    let last = |segment| {
        let [offset, size] = ["p_offset", "p_filesz"].map(|name| whole.segment_get(segment, name));
        offset.checked_add(size)?.checked_sub(1)
    };
    for last in whole.of_type(PT_INTERP).filter_map(last).collect::<Vec<_>>() {
        excerpt.add(file, last, 1)?;
    }
    Ok(excerpt)
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

/// The same without the reasons, for a caller that asks often: it stops at the first broken rule.
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

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{verify, verify_file};

    /// Every byte of a header changed: the excerpt of a file is judged as the file is.
    #[test]
    fn an_excerpt_is_judged_as_the_whole() {
        let own = std::fs::read("/proc/self/exe").unwrap();
        let far = {
            // Program headers after the first page, and an interpreter's name after those.
            let (table, bytes) = (0x40, 13 * 56);
            let mut file = own[..0x3000].to_vec();
            let headers = file[table..table + bytes].to_vec();
            file.extend(headers);
            file[0x20..0x28].copy_from_slice(&0x3000_u64.to_le_bytes());
            file
        };
        for file in [own[..0x2000].to_vec(), far, b"#!/bin/sh\n".to_vec(), Vec::new()] {
            for at in 0..0x120.min(file.len()) {
                let mut changed = file.clone();
                changed[at] ^= 0x15;
                assert_eq!(verify_file(&mut Cursor::new(&changed)).unwrap(), verify(&changed), "byte {at:#x}");
            }
            assert_eq!(verify_file(&mut Cursor::new(&file)).unwrap(), verify(&file));
        }
    }
}
