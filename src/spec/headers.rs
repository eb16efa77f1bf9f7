//! Header fields of a spec: which names and values it may give (RFC 9110 §5), and how those of a server and a reply
//! merge.

use toml::de::DeValue;

use super::SpecError;
use super::content_type::check_characters;
use super::error::{SpecText, Wrong};
use super::limits::{FIELD_NAME_MAX, FIELD_VALUE_MAX, FIELDS_MAX};
use super::schema::{Fields, Key};
use super::value::Pair;

/// Why a spec may not give a field.
enum Reason {
    /// It has a key of its own.
    Key(&'static str),
    /// The server writes it, from what it knows of the request and of the content.
    Server,
    /// It is about the connection, which is the server's (RFC 9110 §7.6.1).
    Connection,
    /// It is about the very bytes that are sent, which differ by range and coding.
    Bytes,
}

/// The names that a spec may not give, in lower case.
#[rustfmt::skip] // One reason per paragraph.
const REFUSED: [(&str, Reason); 25] = [
    ("content-type", Reason::Key("type")), ("cache-control", Reason::Key("cache")),
    ("location", Reason::Key("location")), ("retry-after", Reason::Key("retry_after")),
    ("last-modified", Reason::Key("modified")),

    ("accept-ranges", Reason::Server), ("age", Reason::Server), ("allow", Reason::Server),
    ("content-encoding", Reason::Server), ("content-length", Reason::Server), ("content-range", Reason::Server),
    ("date", Reason::Server), ("etag", Reason::Server), ("vary", Reason::Server),

    ("connection", Reason::Connection), ("keep-alive", Reason::Connection), ("proxy-connection", Reason::Connection),
    ("te", Reason::Connection), ("trailer", Reason::Connection), ("transfer-encoding", Reason::Connection),
    ("upgrade", Reason::Connection),

    ("content-digest", Reason::Bytes), ("content-md5", Reason::Bytes), ("digest", Reason::Bytes),
    ("repr-digest", Reason::Bytes),
];

/// Fields that describe the content, so that a 304 leaves them out (RFC 9110 §15.4.5).
const DESCRIPTIVE: [&str; 2] = ["content-disposition", "content-language"];

/// Does a field describe the content?
pub(crate) fn is_descriptive(name: &str) -> bool {
    DESCRIPTIVE.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// What docs/spec.md says is allowed.
pub(super) fn rule() -> String {
    let of = |is_one: fn(&Reason) -> bool| {
        let names = REFUSED.iter().filter(move |(_, reason)| is_one(reason)).map(|(name, _)| format!("`{name}`"));
        names.collect::<Vec<_>>().join(", ")
    };
    format!(
        "at most {FIELDS_MAX} names, each once in any case and of at most {FIELD_NAME_MAX} token characters, with \
         values of at most {FIELD_VALUE_MAX} bytes of visible ASCII and spaces, or `false`; not fields with a key of \
         their own ({}), fields that the server writes ({}), fields about the connection ({}) or about the \
         bytes sent ({})",
        of(|reason| matches!(reason, Reason::Key(_))),
        of(|reason| matches!(reason, Reason::Server)),
        of(|reason| matches!(reason, Reason::Connection)),
        of(|reason| matches!(reason, Reason::Bytes)),
    )
}

/// The field lines of a table.
pub(super) fn read(source: &SpecText<'_>, key: &Key, pairs: &[Pair<'_, '_>]) -> Result<Fields, SpecError> {
    let mut fields = Fields::new();
    for (index, (name, value)) in pairs.iter().enumerate() {
        let path = format!("{}.{}", key.path, name.get_ref().escape_debug());
        check_name(name.get_ref()).map_err(|wrong| source.error(&name.span(), &path, wrong))?;
        let is_same = |(other, _): &&Pair<'_, '_>| other.get_ref().eq_ignore_ascii_case(name.get_ref());
        if let Some((other, _)) = pairs[..index].iter().find(is_same) {
            let what = format!("is the same field as {:?} in line {}", other.get_ref(), source.line(&other.span()));
            let wrong = Wrong::new(what, "give it once; its case does not matter");
            return Err(source.error(&name.span(), &path, wrong));
        }
        if index == FIELDS_MAX {
            let wrong = Wrong::new(format!("is one field more than {FIELDS_MAX}"), "leave some out");
            return Err(source.error(&name.span(), &path, wrong));
        }
        let value =
            given(name.get_ref(), value.get_ref()).map_err(|wrong| source.error(&value.span(), &path, wrong))?;
        fields.push((name.get_ref().clone().into_owned(), value));
    }
    Ok(fields)
}

/// Can a spec give a field of that name (RFC 9110 §5.1)?
pub(super) fn check_name(name: &str) -> Result<(), Wrong> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() {
        return Err(Wrong::new("a field without a name", "write one, such as \"X-Frame-Options\""));
    }
    if let Some(bad) = name.chars().find(|&c| !is_token(c)) {
        let fix = "names of fields are letters, digits and !#$%&'*+-.^_`|~";
        return Err(Wrong::new(format!("has the character {bad:?}"), fix));
    }
    if name.len() > FIELD_NAME_MAX {
        let fix = format!("at most {FIELD_NAME_MAX} bytes are allowed");
        return Err(Wrong::new(format!("is {} bytes long", name.len()), fix));
    }
    let Some((_, reason)) = REFUSED.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)) else { return Ok(()) };
    Err(match reason {
        Reason::Key(key) => {
            Wrong::new("has a key of its own", format!("write {key} = … in the route or in [not_found]"))
        }
        Reason::Server => Wrong::new("is written by the server itself", "remove it"),
        Reason::Connection => Wrong::new("is about the connection, which only the server controls", "remove it"),
        Reason::Bytes => Wrong::new(
            "is about the bytes that are sent, which differ by range and coding",
            "remove \
        it",
        ),
    })
}

/// A value as a spec gives it; nothing for `false`.
fn given(name: &str, value: &DeValue<'_>) -> Result<Option<String>, Wrong> {
    match value {
        DeValue::String(text) => check_value(text).map(Some),
        DeValue::Boolean(false) => Ok(None),
        DeValue::Integer(number) => {
            Err(Wrong::new("expected a string or false", format!("write {name} = \"{number}\"")))
        }
        _ => Err(Wrong::new("expected a string or false", "write the value in quotes, several of them with commas")),
    }
}

/// RFC 9110 §5.5, without the bytes from 0x80 on, which are not reliable.
pub(super) fn check_value(text: &str) -> Result<String, Wrong> {
    check_characters(text)?;
    let value = text.trim();
    if value.is_empty() {
        return Err(Wrong::new("is empty", "write a value, or false for no such field"));
    }
    if value.len() > FIELD_VALUE_MAX {
        let fix = format!("at most {FIELD_VALUE_MAX} bytes are allowed");
        return Err(Wrong::new(format!("is {} bytes long", value.len()), fix));
    }
    Ok(value.to_owned())
}

/// A field that has a key of its own, and is among the others afterwards.
pub(super) const RETRY_AFTER: &str = "Retry-After";

/// A name with its value, or with nothing.
pub(super) type Given = (String, Option<String>);

/// What a reply has of the field lines of its server and of its own.
pub(super) fn merged(server: &[Given], own: &[Given]) -> Vec<(String, String)> {
    let of_own = |name: &str| own.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    let kept = server.iter().filter(|(name, _)| of_own(name).is_none());
    let all = kept.chain(own).filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_fields_take_the_place_of_the_servers() {
        let of = |fields: &[(&str, Option<&str>)]| -> Fields {
            fields.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
        };
        let server = of(&[("A", Some("1")), ("B", Some("2")), ("C", Some("3")), ("D", None)]);
        let merged = merged(&server, &of(&[("b", Some("4")), ("c", None), ("E", Some("5")), ("F", None)]));
        let merged: Vec<(&str, &str)> = merged.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(merged, [("A", "1"), ("b", "4"), ("E", "5")]);
    }

    #[test]
    fn refused_names_are_in_lower_case_and_once() {
        for (index, (name, _)) in REFUSED.iter().enumerate() {
            assert_eq!(*name, name.to_lowercase());
            assert!(REFUSED[..index].iter().all(|(other, _)| other != name), "{name} twice");
            for written in [(*name).to_owned(), name.to_uppercase()] {
                assert!(check_name(&written).is_err(), "{written}");
            }
        }
        for name in ["X-Frame-Options", "content-security-policy", "Link", "Set-Cookie", "a!#$%&'*+.^_`|~9"] {
            assert_eq!(check_name(name), Ok(()));
        }
    }

    #[test]
    fn values_end_no_line() {
        for bad in ["a\r\nB: c", "a\nb", "a\rb", "a\0b", "a\tb", "\u{7f}", "ä", "", "  "] {
            assert!(check_value(bad).is_err(), "{bad:?}");
        }
        assert_eq!(check_value(" a b ").unwrap(), "a b");
    }
}
