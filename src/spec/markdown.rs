//! `docs/spec.md`, rendered from the schema.

use std::fmt::Write as _;

use super::schema::{Default, Key, Kind, Table, Value};
use super::template::PLACEHOLDERS;
use super::{headers, limits};

const INTRODUCTION: &str = "\
# The spec

<!-- Rendered from src/spec/keys.rs; `make bless` rewrites it. -->

A spec is a TOML file that describes one program. `asmgen run SPEC.toml` builds and runs it. The folder `examples` has
specs to start from. This is the shortest server:

```toml
[[route]]
path = \"/\"
body = \"Hello, world!\\n\"
```

A key that is not listed here is an error, and so is a key of another `program` or `server.engine`. The message names
the file, the line, the column and the key, and says what would be right. Paths of files are relative to the spec.
Lengths are in bytes of UTF-8.
";

const PLACEHOLDERS_INTRODUCTION: &str = "\
## Placeholders

Placeholders work in `server.start_line`, and in the content of replies with `template = true`. `{{name}}` stands for a
fact that is known at compile time. Whitespace inside the braces is allowed. A `{{` that does not open a placeholder is
an error; `\\{{` stands for two braces, in a TOML string with double quotes `\\\\{{`. In HTML, XML and JSON, values are
escaped.

| placeholder | value |
|---|---|
";

const RECIPES: &str = "\
## Recipes

A maintenance page answers every path and every method, so that no form is lost to a 405. It tells clients and search
engines when to come back:

```toml
name = \"maintenance\"

[server]
headers = { \"X-Frame-Options\" = \"DENY\" }

[not_found]
status = 503
retry_after = 3600
cache = \"no-store\"
type = \"text/html; charset=utf-8\"
body = \"<!doctype html>\\n<title>Back soon</title>\\n<p>We are back within the hour.\\n\"
```

A host that has moved redirects every path, with its query, to the new one. Clients remember the status, 308. Use
`status = 302` for a temporary move:

```toml
name = \"moved\"

[not_found]
location = \"https://example.org{{path}}\"
```

A single-page application: one page for every path below `/app/`, and a file beside it:

```toml
name = \"app\"

[[route]]
path = \"/\"
location = \"/app/\"

[[route]]
path = \"/app/*\"
type = \"text/html; charset=utf-8\"
body = \"<!doctype html>\\n<title>App</title>\\n<script src=/app.js></script>\\n\"

[[route]]
path = \"/app.js\"
type = \"text/javascript; charset=utf-8\"
cache = \"max-age=3600\"
body = \"document.write(location.pathname)\\n\"
```
";

/// The documentation of the spec, in Markdown.
pub fn schema_markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    for table in Table::ALL {
        let title = if table == Table::Top { "Top level" } else { table.header() };
        let _ = write!(page, "\n## {title}\n\n{}", keys(table));
    }
    let _ = write!(page, "\n{PLACEHOLDERS_INTRODUCTION}");
    for placeholder in PLACEHOLDERS {
        let _ = writeln!(page, "| `{{{{{}}}}}` | {} |", placeholder.name, placeholder.doc);
    }
    page + "\n" + RECIPES
}

fn keys(table: Table) -> String {
    let mut rows = "| key | type | default | unit | allowed | meaning |\n|---|---|---|---|---|---|\n".to_owned();
    for key in table.keys() {
        let cells = [format!("`{}`", key.path), kind(&key.kind), default(key), unit(&key.kind), allowed(key)];
        let _ = writeln!(rows, "| {} | {} |", cells.join(" | "), key.doc);
    }
    rows
}

/// The type without its article.
fn kind(kind: &Kind) -> String {
    let words = kind.to_string();
    words.split(' ').filter(|word| !matches!(*word, "a" | "an")).collect::<Vec<_>>().join(" ")
}

fn default(key: &Key) -> String {
    match &key.default {
        Default::Is(Value::Text(text)) if text.is_empty() => "empty".to_owned(),
        Default::Is(Value::Text(text)) => format!("`{text:?}`"),
        Default::Is(Value::Integer(number)) => format!("`{number}`"),
        Default::Is(Value::Millis(millis)) => format!("`{}`", f64::from(*millis) / 1000.0),
        Default::Is(Value::Bool(flag)) => format!("`{flag}`"),
        Default::Is(Value::Fields(_)) => "none".to_owned(),
        Default::Rule(rule) => (*rule).to_owned(),
    }
}

fn unit(kind: &Kind) -> String {
    match kind {
        Kind::Integer { unit, .. } | Kind::IntegerOr { unit, .. } => (*unit).to_owned(),
        Kind::Seconds { .. } | Kind::SecondsOrDate { .. } => "seconds".to_owned(),
        _ => String::new(),
    }
}

fn allowed(key: &Key) -> String {
    let mut parts = match &key.kind {
        Kind::Table | Kind::Tables | Kind::Bool => Vec::new(),
        Kind::Fields if key.table() == Table::Server => vec![headers::rule()],
        Kind::Fields => vec!["as `server.headers`".to_owned()],
        Kind::SecondsOrDate { max } => {
            vec![format!("0 to {max}, or a date such as `\"Sat, 31 Jan 2026 12:00:00 GMT\"`; not with status 200")]
        }
        Kind::Text { min, max, rule } => vec![(*rule).to_owned(), at_least(*min), at_most(*max)],
        Kind::Line { max, rule } => vec!["no control characters".to_owned(), at_most(*max), (*rule).to_owned()],
        Kind::TextOrFalse { max, rule } => vec![at_most(*max), (*rule).to_owned()],
        Kind::Choice(choices) => vec![quoted(choices.iter().copied(), ", ")],
        Kind::Integer { min, max, rule, .. } => vec![format!("{min} to {max}"), (*rule).to_owned()],
        Kind::IntegerOr { min, max, word, .. } => vec![format!("{min} to {max}, or `\"{word}\"`")],
        Kind::DateOr { word } => vec![format!("with an offset from UTC, 1970 to 9999; or `\"{word}\"`")],
        Kind::Seconds { min_ms, max_ms } => {
            vec![format!("{} to {}", f64::from(*min_ms) / 1000.0, f64::from(*max_ms) / 1000.0)]
        }
    };
    parts.retain(|part| !part.is_empty());
    if key.table() == Table::Top && key.programs.len() < super::ProgramKind::ALL.len() {
        let names = quoted(key.programs.iter().map(|program| program.name()), " or ");
        parts.insert(0, format!("with program {names}"));
    }
    if key.engines.len() < super::Engine::ALL.len() {
        let names = quoted(key.engines.iter().map(|engine| engine.name()), " or ");
        parts.insert(0, format!("with engine {names}"));
    }
    parts.join("; ")
}

fn at_least(min: usize) -> String {
    match min {
        0 => String::new(),
        1 => "not empty".to_owned(),
        more => format!("at least {}", bytes(more)),
    }
}

fn at_most(max: usize) -> String {
    format!("at most {}", bytes(max))
}

fn bytes(count: usize) -> String {
    if count == limits::BODY_MAX { "1 GiB".to_owned() } else { format!("{count} bytes") }
}

/// Strings as TOML has them, in a list.
fn quoted<'a>(texts: impl IntoIterator<Item = &'a str>, between: &str) -> String {
    texts.into_iter().map(|text| format!("`\"{text}\"`")).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_do_not_break_the_tables() {
        for line in schema_markdown().lines().filter(|line| line.starts_with("| `") && !line.starts_with("| `{{")) {
            assert_eq!(line.matches('|').count(), 7, "{line}");
        }
    }

    #[test]
    fn largest_body_is_one_gibibyte() {
        assert_eq!(limits::BODY_MAX, 1024 * 1024 * 1024);
    }
}
