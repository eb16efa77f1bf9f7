//! The schema of a spec: what a row of its one data table, [`KEYS`](super::KEYS), says of a key. The reader takes
//! types, limits and defaults from it, the error messages take their suggestions from it, and `docs/spec.md` is
//! rendered from it.

use std::borrow::Cow;

use super::description::{Engine, ProgramKind};

/// One key of a spec.
#[derive(Debug)]
pub struct Key {
    /// Its path: `name`, `server.listen`, `route[].path`.
    pub path: &'static str,
    /// Which values it takes.
    pub kind: Kind,
    /// What holds where the spec does not give it.
    pub default: Default,
    /// The programs it belongs to.
    pub programs: &'static [ProgramKind],
    /// The engines it belongs to; each of them where it has nothing to do with the engine.
    pub engines: &'static [Engine],
    /// What it means, in one sentence.
    pub doc: &'static str,
}

/// Which values a key takes. Lengths are in bytes and inclusive.
#[derive(Debug)]
pub enum Kind {
    /// A table of further keys, `[key]`.
    Table,
    /// Any number of tables of further keys, `[[key]]`.
    Tables,
    /// A string; `rule` says in prose what the reader checks beyond the length.
    Text {
        /// Shortest length.
        min: usize,
        /// Longest length.
        max: usize,
        /// Further conditions, or empty.
        rule: &'static str,
    },
    /// A string without control characters.
    Line {
        /// Longest length.
        max: usize,
        /// Further conditions, or empty.
        rule: &'static str,
    },
    /// A string, or `false` for none at all.
    TextOrFalse {
        /// Longest length.
        max: usize,
        /// Further conditions, or empty.
        rule: &'static str,
    },
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// A whole number in an inclusive range.
    Integer {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
        /// What is counted, or empty.
        unit: &'static str,
        /// Further conditions, or empty.
        rule: &'static str,
    },
    /// A whole number in an inclusive range, or one word in its place.
    IntegerOr {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
        /// What is counted, or empty.
        unit: &'static str,
        /// The word.
        word: &'static str,
    },
    /// A whole number of seconds, or a date as HTTP writes it.
    SecondsOrDate {
        /// Most seconds.
        max: i64,
    },
    /// A table of field lines: names with a string each, or `false` for none at all.
    Fields,
    /// A date with its time, also as a string; or one word in its place.
    DateOr {
        /// The word.
        word: &'static str,
    },
    /// A time in seconds, whole or with a fraction; the limits are in milliseconds.
    Seconds {
        /// Shortest time, in milliseconds.
        min_ms: u32,
        /// Longest time, in milliseconds.
        max_ms: u32,
    },
}

/// What holds where a spec does not give a key.
#[derive(Debug)]
pub enum Default {
    /// This value.
    Is(Value),
    /// What this sentence says.
    Rule(&'static str),
}

/// A value that has the type and keeps the limits of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string.
    Text(Cow<'static, str>),
    /// A whole number; of a date, its seconds since 1970.
    Integer(i64),
    /// A time, in milliseconds.
    Millis(u32),
    /// `true` or `false`.
    Bool(bool),
    /// Names and values of field lines.
    Fields(Fields),
}

/// Names and values of field lines; nothing is `false`, which takes back what another table says.
pub type Fields = Vec<(String, Option<String>)>;

/// A table of a spec, with the keys in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// The keys above the first header.
    Top,
    /// `[server]`.
    Server,
    /// `[[route]]`.
    Route,
    /// `[not_found]`.
    NotFound,
}

/// Facts about a [`Table`].
struct TableFacts {
    table: Table,
    /// How a spec opens it.
    header: &'static str,
    /// What the paths of its keys begin with.
    prefix: &'static str,
}

const TABLES: [TableFacts; 4] = [
    TableFacts { table: Table::Top, header: "the top level", prefix: "" },
    TableFacts { table: Table::Server, header: "[server]", prefix: "server." },
    TableFacts { table: Table::Route, header: "[[route]]", prefix: "route[]." },
    TableFacts { table: Table::NotFound, header: "[not_found]", prefix: "not_found." },
];

impl Table {
    /// Every table, in the order of the documentation.
    pub const ALL: [Self; TABLES.len()] = [Self::Top, Self::Server, Self::Route, Self::NotFound];

    fn facts(self) -> &'static TableFacts {
        &TABLES[self as usize]
    }

    /// How a spec opens it: `[server]`, `[[route]]`, or in words for the top level.
    pub fn header(self) -> &'static str {
        self.facts().header
    }

    /// What the paths of its keys begin with: `server.`, `route[].`, or nothing.
    pub fn prefix(self) -> &'static str {
        self.facts().prefix
    }
}

impl Key {
    /// The last part of the path: `listen`.
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// How a spec writes it: `[server]`, `[[route]]`, or only the name if it is not a table.
    pub fn written(&self) -> String {
        match self.kind {
            Kind::Table => format!("[{}]", self.name()),
            Kind::Tables => format!("[[{}]]", self.name()),
            _ => self.name().to_owned(),
        }
    }

    /// The table that it is in.
    pub fn table(&self) -> Table {
        let prefix = &self.path[..self.path.len() - self.name().len()];
        TABLES.iter().find(|facts| facts.prefix == prefix).expect("every path of the schema is in a table").table
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Table => "a table",
            Self::Tables => "an array of tables",
            Self::Text { .. } | Self::Line { .. } | Self::Choice(_) => "a string",
            Self::TextOrFalse { .. } => "a string or false",
            Self::Bool => "a boolean",
            Self::Integer { .. } => "an integer",
            Self::DateOr { .. } => "a date-time or a string",
            Self::IntegerOr { word, .. } => return write!(f, "an integer or \"{word}\""),
            Self::SecondsOrDate { .. } => "an integer or a string",
            Self::Fields => "a table of strings",
            Self::Seconds { .. } => "an integer or a float",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order() {
        for (index, facts) in TABLES.iter().enumerate() {
            assert_eq!(facts.table as usize, index);
            assert_eq!(Table::ALL[index], facts.table);
        }
    }
}
