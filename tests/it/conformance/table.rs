//! The tables in `tests/conformance`: one case per line, in columns separated by tabs.
//!
//! | column | what it holds |
//! |---|---|
//! | name | that of the suite it comes from |
//! | section | of RFC 9110 or 9112, where there is one |
//! | expected | the statuses of the replies, or `-`, and what becomes of the connection: `open`, `waits`, `closed` |
//! | accepted | first statuses that the suite it comes from accepts: `400`, `2xx`, `none`, `any`, or `-` |
//! | checks | of the last reply: `Name: value`, `!Name` if it must not be there, `=N` bytes of content; `-` |
//! | payload | in the notation of [`notation`] |
//!
//! Where ours is none of those accepted, a `!` stands before them, and the reason in brackets behind.

use super::notation;
use crate::model::site::Site;
use crate::model::{Outcome, Reply, State};

/// The tables and their files.
#[rustfmt::skip] // One per line.
const TABLES: [(&str, &str); 6] = [
    ("http11probe",   include_str!("../../conformance/http11probe.tsv")),
    ("smuggling",     include_str!("../../conformance/smuggling.tsv")),
    ("h1spec",        include_str!("../../conformance/h1spec.tsv")),
    ("peers",         include_str!("../../conformance/peers.tsv")),
    ("duties",        include_str!("../../conformance/duties.tsv")),
    ("contract",      include_str!("../../conformance/contract.tsv")),
];

const COLUMNS: usize = 6;

pub(crate) struct Case {
    /// With its table.
    pub(crate) name: String,
    section: &'static str,
    statuses: Vec<u16>,
    state: State,
    accepted: &'static str,
    checks: Vec<&'static str>,
    pub(crate) payload: Vec<u8>,
}

/// Every case of every table.
pub(crate) fn cases(site: &Site) -> Vec<Case> {
    let of = |(table, text): (&'static str, &'static str)| {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(move |line| Case::read(table, line, site))
    };
    TABLES.into_iter().flat_map(of).collect()
}

impl Case {
    fn read(table: &str, line: &'static str, site: &Site) -> Self {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, section, expected, accepted, checks, payload] = columns[..] else {
            panic!("{table}: not {COLUMNS} columns: {line}");
        };
        let (statuses, state) = expected.rsplit_once(' ').unwrap_or_else(|| panic!("{table}: {name}: {expected}"));
        let state = match state {
            "open" => State::Between,
            "waits" => State::Within,
            "closed" => State::Closed,
            _ => panic!("{table}: {name}: {state}"),
        };
        let statuses = statuses.split(' ').filter(|status| *status != "-").map(|status| status.parse().expect(name));
        Self {
            name: format!("{table}/{name}"),
            section,
            statuses: statuses.collect(),
            state,
            accepted,
            checks: checks.split(" | ").filter(|check| *check != "-").collect(),
            payload: notation::bytes(payload, site),
        }
    }

    pub(crate) fn table(&self) -> &str {
        self.name.split_once('/').map_or("", |(table, _)| table)
    }

    /// What is wrong with replies to it.
    pub(crate) fn faults(&self, outcome: &Outcome) -> Vec<String> {
        let mut faults = Vec::new();
        let Self { name, section, statuses, state, .. } = self;
        if outcome.statuses() != *statuses || outcome.state != *state {
            let (is, became) = (outcome.statuses(), outcome.state);
            faults.push(format!("{name} [{section}]: {is:?} {became:?} in place of {statuses:?} {state:?}"));
        }
        for check in &self.checks {
            if !outcome.replies.last().is_some_and(|reply| holds(reply, check)) {
                faults.push(format!("{name} [{section}]: not {check}: {:?}", outcome.replies.last()));
            }
        }
        faults
    }

    /// The fault, if the suite it comes from says otherwise and the table does not say why, or the other way round.
    pub(crate) fn deviation(&self) -> Option<String> {
        let first = self.statuses.first();
        let accepts = |word: &str| match (word, first) {
            ("any", _) | ("none", None) => true,
            ("2xx", Some(status)) => (200..300).contains(status),
            (word, Some(status)) => *word == status.to_string(),
            (_, None) => false,
        };
        let is_wrong = match self.accepted.strip_prefix('!') {
            None => self.accepted != "-" && !self.accepted.split(' ').any(accepts),
            Some(reasoned) => {
                let (accepted, reason) = reasoned.split_once(" (").unwrap_or((reasoned, ""));
                reason.is_empty() || accepted.split(' ').any(accepts)
            }
        };
        is_wrong.then(|| format!("{}: {first:?}, where {} is accepted", self.name, self.accepted))
    }
}

fn holds(reply: &Reply, check: &str) -> bool {
    if let Some(name) = check.strip_prefix('!') {
        return reply.field(name).is_none();
    }
    if let Some(length) = check.strip_prefix('=') {
        return length.parse() == Ok(reply.content.len());
    }
    // `Date` is in every reply, and its value is looked at elsewhere.
    check.split_once(": ").is_some_and(|(name, value)| reply.field(name) == Some(value))
}
