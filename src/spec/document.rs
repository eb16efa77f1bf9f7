//! TOML to sections: every key is known, every value has the type and keeps the limits of its key.
//!
//! Each value keeps its place in the text, so that later checks can point at it. What keys mean together is checked by
//! those that read sections.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::SpecError;
use super::engine::Engine;
use super::error::{SpecText, Wrong};
use super::headers;
use super::schema::{Default, Key, Kind, Table, Value};
use super::suggest::closest;
use super::value::{Pair, check, wrong_type};

/// A spec, its keys and values checked one by one.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) top: Section<'a>,
    /// `[server]`; empty where the spec has none.
    pub(super) server: Section<'a>,
    /// `[[route]]`, in the order of the spec.
    pub(super) routes: Vec<Section<'a>>,
    pub(super) not_found: Option<Section<'a>>,
    /// The engine that is asked for whatever the spec says.
    pub(super) engine: Option<Engine>,
}

/// One table of a spec.
#[derive(Debug)]
pub(super) struct Section<'a> {
    source: &'a SpecText<'a>,
    table: Table,
    /// Bytes of its header.
    pub(super) at: Range<usize>,
    /// Keys other than tables, in the order of the spec.
    pub(super) entries: Vec<Entry>,
}

/// One key with its value, and their place in bytes.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: &'static Key,
    pub(super) key_at: Range<usize>,
    /// Nothing for the tables at top level.
    value: Option<Value>,
    value_at: Range<usize>,
}

impl<'a> Document<'a> {
    /// Parses and checks; the first fault in the order of the text is the one returned.
    pub(super) fn parse(source: &'a SpecText<'a>) -> Result<Self, SpecError> {
        let root = DeTable::parse(source.text).map_err(|error| syntax_error(source, &error))?;
        let mut document = Self::empty(source);
        for (key, value) in in_order(root.get_ref()) {
            let entry = Entry::read(source, Table::Top, key, value)?;
            match (entry.key.name(), value.get_ref()) {
                ("server", DeValue::Table(table)) => {
                    document.server = Section::read(source, Table::Server, value.span(), table)?;
                }
                ("not_found", DeValue::Table(table)) => {
                    document.not_found = Some(Section::read(source, Table::NotFound, value.span(), table)?);
                }
                ("route", DeValue::Array(tables)) => {
                    for value in tables {
                        let table = value.get_ref().as_table().ok_or_else(|| {
                            let wrong = wrong_type(entry.key, value.get_ref());
                            source.error(&value.span(), entry.key.path, wrong)
                        })?;
                        document.routes.push(Section::read(source, Table::Route, value.span(), table)?);
                    }
                }
                _ => {}
            }
            document.top.entries.push(entry);
        }
        Ok(document)
    }

    /// The same with this engine, whatever the spec says.
    pub(super) fn with_engine(self, engine: Option<Engine>) -> Self {
        Self { engine, ..self }
    }

    /// A document without any key: every default holds.
    pub(super) fn empty(source: &'a SpecText<'a>) -> Self {
        let section = |table| Section { source, table, at: 0..0, entries: Vec::new() };
        let (top, server) = (section(Table::Top), section(Table::Server));
        Self { top, server, routes: Vec::new(), not_found: None, engine: None }
    }
}

impl<'a> Section<'a> {
    fn read(
        source: &'a SpecText<'a>,
        table: Table,
        at: Range<usize>,
        content: &DeTable<'_>,
    ) -> Result<Self, SpecError> {
        let entries = in_order(content).into_iter().map(|(key, value)| Entry::read(source, table, key, value));
        Ok(Self { source, table, at, entries: entries.collect::<Result<_, _>>()? })
    }

    /// The key of that name, if the spec gives it.
    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.name() == name)
    }

    /// What the spec says, else the default, else nothing where the default is a rule.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        if let Some(entry) = self.entry(name) {
            return entry.value.as_ref();
        }
        match &self.table.key(name).expect("readers ask for keys of the schema").default {
            Default::Is(value) => Some(value),
            Default::Rule(_) => None,
        }
    }

    /// [`Section::value`] of a key that takes strings; nothing also where it is `false`.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(|value| if let Value::Text(text) = value { Some(text.as_ref()) } else { None })
    }

    /// [`Section::value`] of a key that takes whole numbers.
    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.value(name).and_then(|value| if let Value::Integer(number) = value { Some(*number) } else { None })
    }

    /// [`Section::value`] of a key that takes seconds, in milliseconds.
    pub(super) fn millis(&self, name: &str) -> Option<u32> {
        self.value(name).and_then(|value| if let Value::Millis(millis) = value { Some(*millis) } else { None })
    }

    /// [`Section::value`] of a key that takes field lines.
    pub(super) fn fields(&self, name: &str) -> &[(String, Option<String>)] {
        if let Some(Value::Fields(fields)) = self.value(name) { fields } else { &[] }
    }

    /// Is the key `true`?
    pub(super) fn flag(&self, name: &str) -> bool {
        self.value(name) == Some(&Value::Bool(true))
    }

    /// The line of the key of that name, or of the section where the spec does not give it.
    pub(super) fn line(&self, name: &str) -> usize {
        self.source.line(self.entry(name).map_or(&self.at, |entry| &entry.key_at))
    }

    /// A fault of the value of a key, or of the section where the spec does not give it.
    pub(super) fn error(&self, name: &str, wrong: Wrong) -> SpecError {
        let at = self.entry(name).map_or(&self.at, |entry| &entry.value_at);
        self.source.error(at, format!("{}{name}", self.table.prefix()), wrong)
    }

    /// A fault of the whole spec, shown at the section if the spec has it and at the first line otherwise.
    pub(super) fn error_of_document(&self, key: &str, wrong: Wrong) -> SpecError {
        self.source.error(&self.at, key, wrong)
    }

    /// A fault of a key, whatever its value.
    pub(super) fn key_error(&self, entry: &Entry, wrong: Wrong) -> SpecError {
        self.source.error(&entry.key_at, entry.key.path, wrong)
    }
}

impl Entry {
    fn read(
        source: &SpecText<'_>,
        table: Table,
        key: &Spanned<Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Self, SpecError> {
        let name = key.get_ref();
        let known = table.key(name).ok_or_else(|| {
            let path = format!("{}{}", table.prefix(), name.escape_debug());
            source.error(&key.span(), path, unknown_key(table, name))
        })?;
        if let (Kind::Fields, DeValue::Table(table)) = (&known.kind, value.get_ref()) {
            let fields = Some(Value::Fields(headers::read(source, known, &in_order(table))?));
            return Ok(Self { key: known, key_at: key.span(), value: fields, value_at: key.span() });
        }
        let checked = check(known, value.get_ref()).map_err(|wrong| {
            // The span of a table is its header, which the key names better.
            let at = if value.get_ref().is_table() { key.span() } else { value.span() };
            source.error(&at, known.path, wrong)
        })?;
        Ok(Self { key: known, key_at: key.span(), value: checked, value_at: value.span() })
    }
}

/// The keys of a table in the order of the text; the parser hands them over in alphabetical order.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<Pair<'t, 'i>> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn syntax_error(source: &SpecText<'_>, error: &toml::de::Error) -> SpecError {
    let message: Vec<&str> = error.message().lines().collect();
    let wrong = Wrong::new(format!("not TOML: {}", message.join(", ")), "see https://toml.io for the syntax");
    source.error(&error.span().unwrap_or(0..0), "", wrong)
}

/// Keys of other servers, and what is meant by them here.
const MEANT: [(&str, &str); 16] = [
    ("address", "listen"),
    ("bind", "listen"),
    ("host", "listen"),
    ("hostname", "listen"),
    ("url", "path"),
    ("pattern", "path"),
    ("content", "body"),
    ("text", "body"),
    ("mime", "type"),
    ("code", "status"),
    ("status_code", "status"),
    ("redirect", "location"),
    ("to", "location"),
    ("target", "location"),
    ("gzip", "compress"),
    ("fields", "headers"),
];

/// An unknown key: where it belongs, or what was meant, or else what there is.
fn unknown_key(table: Table, name: &str) -> Wrong {
    let others = || Table::ALL.into_iter().filter(move |&other| other != table);
    let similar = |table: Table| closest(name, table.keys().map(Key::name)).and_then(|meant| table.key(meant));
    let elsewhere = || {
        let other = others().find(|other| other.key(name).is_some())?;
        let hint = if other == Table::Top { ", above the first header" } else { "" };
        Some(format!("it belongs {} {}{hint}", if other == Table::Top { "at" } else { "in" }, other.header()))
    };
    let meant = || {
        let (_, meant) = MEANT.iter().find(|(known, _)| name.eq_ignore_ascii_case(known))?;
        table.key(meant)
    };
    let similar_here = || Some(format!("did you mean {}?", meant().or_else(|| similar(table))?.written()));
    let all = || {
        let names: Vec<String> = table.keys().map(Key::written).collect();
        format!("the keys of {} are {}", table.header(), names.join(", "))
    };
    Wrong::new("unknown key", elsewhere().or_else(similar_here).unwrap_or_else(all))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn source(text: &str) -> SpecText<'_> {
        SpecText { file: Path::new("s.toml"), text }
    }

    #[test]
    fn given_values_and_defaults() {
        let source = source("name = \"x\"\n[server]\ntimeout = 0.25\nstart_line = false\n[[route]]\ntemplate = true\n");
        let document = Document::parse(&source).unwrap();
        assert_eq!(document.top.text("name"), Some("x"));
        assert_eq!(document.top.text("title"), None);
        assert_eq!(document.top.text("program"), Some("server"));
        assert_eq!(document.server.millis("timeout"), Some(250));
        assert_eq!(document.server.integer("backlog"), Some(4096));
        assert_eq!(document.server.text("start_line"), None);
        assert!(document.routes[0].flag("template"));
        assert_eq!(document.routes[0].line("template"), 6);
        assert_eq!(document.routes[0].line("path"), 5);
        assert!(document.not_found.is_none());
    }

    #[test]
    fn inline_and_dotted_tables_are_the_same() {
        let source = source("server.port = 1\nroute = [{ path = \"/\" }, { path = \"/a\" }]\nnot_found = {}\n");
        let document = Document::parse(&source).unwrap();
        assert_eq!(document.server.integer("port"), Some(1));
        assert_eq!(document.routes.len(), 2);
        assert!(document.not_found.is_some());
    }

    #[test]
    fn first_fault_of_the_text_wins() {
        let source = source("zzz = 1\naaa = 2\n");
        assert_eq!(Document::parse(&source).unwrap_err().position(), Some((1, 1)));
    }

    #[test]
    fn numbers_of_any_base_and_size() {
        for (text, good) in [
            ("backlog = 0x10", true),
            ("backlog = 1_000", true),
            ("backlog = 0", false),
            ("backlog = 99999999999999999999999999", false),
            ("timeout = 0.1", true),
            ("timeout = 3600", true),
            ("timeout = 3600.1", false),
            ("timeout = nan", false),
            ("timeout = inf", false),
            ("timeout = -1", false),
        ] {
            let text = format!("[server]\n{text}\n");
            assert_eq!(Document::parse(&source(&text)).is_ok(), good, "{text}");
        }
    }
}
