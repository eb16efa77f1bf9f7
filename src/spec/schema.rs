//! The schema of a spec, as one data table: [`KEYS`]. The reader takes types, limits and defaults from it, the error
//! messages take their suggestions from it, and `docs/spec.md` is rendered from it.

use std::borrow::Cow;

use super::description::{Engine, ProgramKind};
use super::limits;

/// One key of a spec.
#[derive(Debug)]
pub struct Key {
    /// Where it stands: `name`, `server.listen`, `route[].path`.
    pub path: &'static str,
    /// Which values it takes.
    pub kind: Kind,
    /// What holds where the spec does not give it.
    pub default: Default,
    /// The programs it belongs to.
    pub programs: &'static [ProgramKind],
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
    /// A whole number.
    Integer(i64),
    /// A time, in milliseconds.
    Millis(u32),
    /// `true` or `false`.
    Bool(bool),
}

/// A table of a spec, with the keys in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// What stands above the first header.
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

    /// Its keys, in the order of [`KEYS`].
    pub fn keys(self) -> impl Iterator<Item = &'static Key> {
        KEYS.iter().filter(move |key| key.table() == self)
    }

    /// Its key of that name, if it has one.
    pub fn key(self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name() == name)
    }
}

impl Key {
    /// The last part of the path: `listen`.
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// How a spec writes it: `[server]`, `[[route]]`, or the name alone for what is no table.
    pub fn written(&self) -> String {
        match self.kind {
            Kind::Table => format!("[{}]", self.name()),
            Kind::Tables => format!("[[{}]]", self.name()),
            _ => self.name().to_owned(),
        }
    }

    /// The table it stands in.
    pub fn table(&self) -> Table {
        let prefix = &self.path[..self.path.len() - self.name().len()];
        TABLES.iter().find(|facts| facts.prefix == prefix).expect("every path of the schema is in a table").table
    }
}

const ANY: &[ProgramKind] = &ProgramKind::ALL;
const SERVER: &[ProgramKind] = &[ProgramKind::Server];
const HELLO: &[ProgramKind] = &[ProgramKind::Hello];

/// One line about the program, for labels and placeholders.
const ABOUT: Kind = Kind::Line { max: limits::ABOUT_MAX, rule: "" };
const FILE: Kind = Kind::Line { max: limits::FILE_PATH_MAX, rule: "names a regular file of at most 1 GiB" };
const BODY: Kind = Kind::Text { min: 0, max: limits::BODY_MAX, rule: "" };
const CONTENT_TYPE: Kind =
    Kind::Line { max: limits::CONTENT_TYPE_MAX, rule: "visible ASCII and spaces, of the form `type/subtype`" };
const STATUS: Kind = Kind::Integer {
    min: limits::STATUS_MIN as i64,
    max: limits::STATUS_MAX as i64,
    unit: "",
    rule: "not 204, 205 or 304, which have no content",
};
const TYPE_BY_EXTENSION: Default = Default::Rule(
    "by the file's extension, with `; charset=utf-8` for text in UTF-8; `text/plain; charset=utf-8` for a `body`",
);

const fn text(value: &'static str) -> Default {
    Default::Is(Value::Text(Cow::Borrowed(value)))
}

/// Every key of a spec.
pub static KEYS: [Key; 30] = [
    Key {
        path: "name",
        kind: Kind::Text {
            min: 1,
            max: limits::NAME_MAX,
            rule: "`a`–`z`, `0`–`9` and `-`, with a letter or digit at both ends",
        },
        default: Default::Rule("the spec's file name without its extension, made valid"),
        programs: ANY,
        doc: "Name of the executable, the image and the Kubernetes objects.",
    },
    Key { path: "title", kind: ABOUT, default: Default::Rule("the name"), programs: ANY, doc: "Title for people." },
    Key { path: "description", kind: ABOUT, default: text(""), programs: ANY, doc: "What it is, in one sentence." },
    Key { path: "repository", kind: ABOUT, default: text(""), programs: ANY, doc: "Address of the source repository." },
    Key { path: "version", kind: ABOUT, default: text(""), programs: ANY, doc: "Version of what is served." },
    Key { path: "licenses", kind: ABOUT, default: text(""), programs: ANY, doc: "SPDX licence expression." },
    Key { path: "authors", kind: ABOUT, default: text(""), programs: ANY, doc: "Contact of the authors." },
    Key {
        path: "program",
        kind: Kind::Choice(&ProgramKind::NAMES),
        default: text(ProgramKind::Server.name()),
        programs: ANY,
        doc: "What the executable does: answer HTTP, write a text and exit, or wait until it is told to stop.",
    },
    Key {
        path: "text",
        kind: Kind::Text { min: 1, max: limits::BODY_MAX, rule: "" },
        default: text("Hello, world!\n"),
        programs: HELLO,
        doc: "What is written to standard output.",
    },
    Key {
        path: "file",
        kind: FILE,
        default: Default::Rule("none"),
        programs: SERVER,
        doc: "The one file to serve, at `/` and at its own name; the path is relative to the spec, \
              and no `[[route]]` may stand beside it.",
    },
    Key {
        path: "server",
        kind: Kind::Table,
        default: Default::Rule("every default below"),
        programs: SERVER,
        doc: "How the server listens.",
    },
    Key {
        path: "route",
        kind: Kind::Tables,
        default: Default::Rule("none"),
        programs: SERVER,
        doc: "A path and its reply; at least one, unless `file` is given.",
    },
    Key {
        path: "not_found",
        kind: Kind::Table,
        default: Default::Rule("every default below"),
        programs: SERVER,
        doc: "The reply to every path without a route.",
    },
    Key {
        path: "server.engine",
        kind: Kind::Choice(&Engine::NAMES),
        default: text(Engine::Blocking.name()),
        programs: SERVER,
        doc: "How connections are handled: `blocking` serves one at a time and is the smallest.",
    },
    Key {
        path: "server.listen",
        kind: Kind::Line {
            max: limits::LISTEN_MAX,
            rule: "`PORT`, `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]` or `[ADDRESS]:PORT`",
        },
        default: text("0.0.0.0:8080"),
        programs: SERVER,
        doc: "Address and port; `0.0.0.0` is every IPv4 address, `[::]` every address of both families.",
    },
    Key {
        path: "server.port",
        kind: Kind::Integer {
            min: limits::PORT_MIN as i64,
            max: limits::PORT_MAX as i64,
            unit: "",
            rule: "may not contradict `listen`",
        },
        default: Default::Rule("the port in `listen`, else 8080"),
        programs: SERVER,
        doc: "TCP port.",
    },
    Key {
        path: "server.start_line",
        kind: Kind::TextOrFalse { max: limits::START_LINE_MAX },
        default: text("{{name}} listening on port {{port}}"),
        programs: SERVER,
        doc: "What is written to standard output once the server listens; placeholders are filled in, a newline is \
              added if it is missing, and `false` writes nothing.",
    },
    Key {
        path: "server.timeout",
        kind: Kind::Seconds { min_ms: limits::TIMEOUT_MS_MIN, max_ms: limits::TIMEOUT_MS_MAX },
        default: Default::Is(Value::Millis(limits::TIMEOUT_MS_DEFAULT)),
        programs: SERVER,
        doc: "The longest time one client can keep the others waiting, to the millisecond. A reply of more than 4 KiB may \
              take as much longer as it needs at 64 KiB a second, while the client goes on taking it.",
    },
    Key {
        path: "server.backlog",
        kind: Kind::Integer {
            min: limits::BACKLOG_MIN as i64,
            max: limits::BACKLOG_MAX as i64,
            unit: "connections",
            rule: "",
        },
        default: Default::Is(Value::Integer(limits::BACKLOG_DEFAULT as i64)),
        programs: SERVER,
        doc: "How many connections the kernel may hold before they are accepted.",
    },
    Key {
        path: "route[].path",
        kind: Kind::Text {
            min: 1,
            max: limits::PATH_MAX,
            rule: "starts with `/`; visible ASCII without `?` and `#`; no `.` or `..` segment; or `*`",
        },
        default: Default::Rule("none, it must be given"),
        programs: SERVER,
        doc: "The path as it stands in the request, compared byte for byte and without the query; \
              `*` is every path that no other route has.",
    },
    Key {
        path: "route[].body",
        kind: BODY,
        default: Default::Rule("none; either this or `file` must be given"),
        programs: SERVER,
        doc: "The content, in the spec itself.",
    },
    Key {
        path: "route[].file",
        kind: FILE,
        default: Default::Rule("none"),
        programs: SERVER,
        doc: "The file with the content; the path is relative to the spec.",
    },
    Key {
        path: "route[].type",
        kind: CONTENT_TYPE,
        default: TYPE_BY_EXTENSION,
        programs: SERVER,
        doc: "Value of `Content-Type`.",
    },
    Key {
        path: "route[].status",
        kind: STATUS,
        default: Default::Is(Value::Integer(200)),
        programs: SERVER,
        doc: "Status code.",
    },
    Key {
        path: "route[].template",
        kind: Kind::Bool,
        default: Default::Is(Value::Bool(false)),
        programs: SERVER,
        doc: "Are the placeholders in the content filled in?",
    },
    Key {
        path: "not_found.body",
        kind: BODY,
        default: Default::Rule("`Not Found`, as bare `text/plain`"),
        programs: SERVER,
        doc: "The content, in the spec itself.",
    },
    Key {
        path: "not_found.file",
        kind: FILE,
        default: Default::Rule("none"),
        programs: SERVER,
        doc: "The file with the content; the path is relative to the spec.",
    },
    Key {
        path: "not_found.type",
        kind: CONTENT_TYPE,
        default: TYPE_BY_EXTENSION,
        programs: SERVER,
        doc: "Value of `Content-Type`.",
    },
    Key {
        path: "not_found.status",
        kind: STATUS,
        default: Default::Is(Value::Integer(404)),
        programs: SERVER,
        doc: "Status code.",
    },
    Key {
        path: "not_found.template",
        kind: Kind::Bool,
        default: Default::Is(Value::Bool(false)),
        programs: SERVER,
        doc: "Are the placeholders in the content filled in?",
    },
];

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Table => "a table",
            Self::Tables => "an array of tables",
            Self::Text { .. } | Self::Line { .. } | Self::Choice(_) => "a string",
            Self::TextOrFalse { .. } => "a string or false",
            Self::Bool => "a boolean",
            Self::Integer { .. } => "an integer",
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

    #[test]
    fn paths_are_distinct_and_documented() {
        for (index, key) in KEYS.iter().enumerate() {
            assert!(KEYS[..index].iter().all(|other| other.path != key.path), "{} twice", key.path);
            assert!(key.doc.ends_with(['.', '?']), "{}: its sentence has no end", key.path);
            assert!(!key.programs.is_empty(), "{} belongs to no program", key.path);
            assert_eq!(key.table().key(key.name()).map(|found| found.path), Some(key.path));
        }
    }

    #[test]
    fn defaults_keep_their_own_limits() {
        for key in &KEYS {
            match (&key.kind, &key.default) {
                (_, Default::Rule(_)) | (Kind::Bool, Default::Is(Value::Bool(_))) => {}
                (Kind::Choice(choices), Default::Is(Value::Text(text))) => assert!(choices.contains(&text.as_ref())),
                (Kind::Text { min, max, .. }, Default::Is(Value::Text(text))) => {
                    assert!((*min..=*max).contains(&text.len()));
                }
                (Kind::Line { max, .. } | Kind::TextOrFalse { max }, Default::Is(Value::Text(text))) => {
                    assert!(text.len() <= *max);
                }
                (Kind::Integer { min, max, .. }, Default::Is(Value::Integer(number))) => {
                    assert!((min..=max).contains(&number));
                }
                (Kind::Seconds { min_ms, max_ms }, Default::Is(Value::Millis(millis))) => {
                    assert!((min_ms..=max_ms).contains(&millis));
                }
                _ => panic!("{}: the default has another type", key.path),
            }
        }
    }
}
