//! The keys of a table of a spec, by their names.

use super::keys::KEYS;
use super::schema::{Key, Table};

impl Table {
    /// Its keys, in the order of [`KEYS`].
    pub fn keys(self) -> impl Iterator<Item = &'static Key> {
        KEYS.iter().filter(move |key| key.table() == self)
    }

    /// Its key of that name, if it has one.
    pub fn key(self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::schema::{Default, Kind, Value};

    #[test]
    fn paths_are_distinct_and_documented() {
        for (index, key) in KEYS.iter().enumerate() {
            assert!(KEYS[..index].iter().all(|other| other.path != key.path), "{} twice", key.path);
            assert!(key.doc.ends_with(['.', '?']), "{}: its sentence has no end", key.path);
            assert!(!key.programs.is_empty(), "{} belongs to no program", key.path);
            assert!(!key.engines.is_empty(), "{} belongs to no engine", key.path);
            assert_eq!(key.table().key(key.name()).map(|found| found.path), Some(key.path));
        }
    }

    #[test]
    fn defaults_keep_their_own_limits() {
        for key in KEYS {
            match (&key.kind, &key.default) {
                (_, Default::Rule(_))
                | (Kind::Bool, Default::Is(Value::Bool(_)))
                | (Kind::TextOrFalse { .. }, Default::Is(Value::Bool(false))) => {}
                (Kind::Choice(choices), Default::Is(Value::Text(text))) => assert!(choices.contains(&text.as_ref())),
                (Kind::Text { min, max, .. }, Default::Is(Value::Text(text))) => {
                    assert!((*min..=*max).contains(&text.len()));
                }
                (Kind::Line { max, .. } | Kind::TextOrFalse { max, .. }, Default::Is(Value::Text(text))) => {
                    assert!(text.len() <= *max);
                }
                (
                    Kind::Integer { min, max, .. } | Kind::IntegerOr { min, max, .. },
                    Default::Is(Value::Integer(number)),
                ) => {
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
