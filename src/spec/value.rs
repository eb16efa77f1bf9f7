//! One value against the type and the limits of its key.

use std::borrow::Cow;
use std::fmt::Display;

use toml::Spanned;
use toml::de::DeValue;

use super::date;
use super::error::Wrong;
use super::limits::RETRY_AFTER_S_MAX;
use super::schema::{Key, Kind, Value};
use super::suggest::closest;

/// A key of a table with its value.
pub(super) type Pair<'t, 'i> = (&'t Spanned<Cow<'i, str>>, &'t Spanned<DeValue<'i>>);

/// A value against its key: the checked value, or nothing for tables.
pub(super) fn check(key: &Key, value: &DeValue<'_>) -> Result<Option<Value>, Wrong> {
    Ok(Some(match (&key.kind, value) {
        (Kind::Table, DeValue::Table(_)) | (Kind::Tables, DeValue::Array(_)) => return Ok(None),
        (Kind::Text { min, max, .. }, DeValue::String(text)) => text_value(text, *min, *max)?,
        (Kind::Line { max, .. }, DeValue::String(text)) => line_value(text, *max)?,
        (Kind::TextOrFalse { max, .. }, DeValue::String(text)) => text_value(text, 0, *max)?,
        (Kind::TextOrFalse { .. }, DeValue::Boolean(false)) => Value::Bool(false),
        (Kind::Choice(choices), DeValue::String(text)) => choice_value(text, choices)?,
        (Kind::Bool, DeValue::Boolean(flag)) => Value::Bool(*flag),
        (Kind::IntegerOr { word, .. }, DeValue::String(text)) if text == word => Value::Text(Cow::Borrowed(word)),
        (Kind::DateOr { word }, DeValue::String(text)) if text == word => Value::Text(Cow::Borrowed(word)),
        (Kind::DateOr { .. }, DeValue::String(text)) => Value::Integer(date::of_text(text)?),
        (Kind::DateOr { .. }, DeValue::Datetime(given)) => Value::Integer(date::of_date(given)?),
        (Kind::Integer { min, max, .. } | Kind::IntegerOr { min, max, .. }, DeValue::Integer(number)) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix()).ok();
            let in_range = parsed.filter(|parsed| (min..=max).contains(&parsed));
            Value::Integer(in_range.ok_or_else(|| out_of_range(number, min, max, ""))?)
        }
        (Kind::SecondsOrDate { max }, DeValue::Integer(number)) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix()).ok();
            let in_range = parsed.filter(|parsed| (0..=*max).contains(parsed));
            Value::Integer(in_range.ok_or_else(|| out_of_range(number, 0, max, " seconds"))?)
        }
        (Kind::SecondsOrDate { .. }, DeValue::String(text)) => retry_after_value(text)?,
        (Kind::Seconds { min_ms, max_ms }, DeValue::Integer(number)) => {
            let seconds = u32::from_str_radix(number.as_str(), number.radix()).map_or(f64::INFINITY, f64::from);
            millis_value(number, seconds, *min_ms, *max_ms)?
        }
        (Kind::Seconds { min_ms, max_ms }, DeValue::Float(number)) => {
            millis_value(number, number.as_str().parse().unwrap_or(f64::INFINITY), *min_ms, *max_ms)?
        }
        _ => return Err(wrong_type(key, value)),
    }))
}

/// A text against its key.
pub(super) fn check_text(key: &Key, text: &str) -> Result<(), Wrong> {
    check(key, &DeValue::String(Cow::Borrowed(text))).map(|_| ())
}

/// A number against its key; of a key that takes seconds and parts of them, milliseconds.
pub(super) fn check_number(key: &Key, number: u32) -> Result<(), Wrong> {
    match key.kind {
        Kind::Integer { min, max, .. } | Kind::IntegerOr { min, max, .. } => {
            let is_in_range = (min..=max).contains(&i64::from(number));
            if is_in_range { Ok(()) } else { Err(out_of_range(number, min, max, "")) }
        }
        Kind::Seconds { min_ms, max_ms } => {
            let seconds = f64::from(number) / 1000.0;
            millis_value(seconds, seconds, min_ms, max_ms).map(|_| ())
        }
        _ => Err(Wrong::new("takes no number", format!("write {} there", key.kind))),
    }
}

/// The value of `Retry-After` as a reply has it.
pub(super) fn check_retry_after(text: &str) -> Result<(), Wrong> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && text.parse::<i64>().is_ok_and(|seconds| seconds <= RETRY_AFTER_S_MAX) {
        return Ok(());
    }
    retry_after_value(text).map(|_| ())
}

fn text_value(text: &str, min: usize, max: usize) -> Result<Value, Wrong> {
    if text.len() < min {
        return Err(Wrong::new("is empty", "give it a value or leave it out"));
    }
    if text.len() > max {
        return Err(Wrong::new(format!("is {} bytes long", text.len()), format!("at most {max} bytes are allowed")));
    }
    Ok(Value::Text(Cow::Owned(text.to_owned())))
}

fn line_value(text: &str, max: usize) -> Result<Value, Wrong> {
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        let what = format!("has the control character U+{:04X}", u32::from(control));
        return Err(Wrong::new(what, "write it on one line, without control characters"));
    }
    text_value(text, 0, max)
}

fn choice_value(text: &str, choices: &[&'static str]) -> Result<Value, Wrong> {
    if let Some(choice) = choices.iter().find(|choice| **choice == text) {
        return Ok(Value::Text(Cow::Borrowed(choice)));
    }
    let quoted: Vec<String> = choices.iter().map(|choice| format!("\"{choice}\"")).collect();
    let allowed = format!("allowed: {}", quoted.join(", "));
    let fix = match closest(text, choices.iter().copied()) {
        Some(meant) => format!("did you mean \"{meant}\"? {allowed}"),
        None => allowed,
    };
    Err(Wrong::new(format!("\"{}\" is not an allowed value", text.escape_debug()), fix))
}

fn millis_value(written: impl Display, seconds: f64, min_ms: u32, max_ms: u32) -> Result<Value, Wrong> {
    let in_seconds = |millis: u32| f64::from(millis) / 1000.0;
    let millis = (seconds * 1000.0).round();
    if !(f64::from(min_ms)..=f64::from(max_ms)).contains(&millis) {
        return Err(out_of_range(written, in_seconds(min_ms), in_seconds(max_ms), " seconds"));
    }
    Ok(Value::Millis(millis as u32))
}

fn out_of_range(written: impl Display, min: impl Display, max: impl Display, unit: &str) -> Wrong {
    Wrong::new(format!("{written} is out of range"), format!("allowed: {min} to {max}{unit}"))
}

/// The value of `Retry-After` where it is a date.
fn retry_after_value(text: &str) -> Result<Value, Wrong> {
    if is_date(text) {
        return Ok(Value::Text(text.to_owned().into()));
    }
    let fix = "write the seconds as a number, or a date such as \"Sat, 31 Jan 2026 12:00:00 GMT\"";
    let seconds = text.parse::<u32>().ok().map(|seconds| seconds.to_string());
    Err(match seconds.or_else(|| in_unit(text, "seconds")).ok_or(()) {
        Ok(seconds) => Wrong::new(format!("{text:?} is not a date"), format!("write retry_after = {seconds}")),
        Err(()) => Wrong::new(format!("{text:?} is not a date"), fix),
    })
}

/// Is it an IMF-fixdate (RFC 9110 §5.6.7) of a second that there is, from 1970 on?
fn is_date(text: &str) -> bool {
    crate::date::epoch_of_imf_fixdate(text).is_some()
}

/// A value of the wrong type, with the remedy spelled out where it is a matter of quotes or brackets.
pub(super) fn wrong_type(key: &Key, value: &DeValue<'_>) -> Wrong {
    let name = key.name();
    let fix = match (&key.kind, value) {
        (Kind::Table, _) => format!("open it with [{name}]"),
        (Kind::Tables, _) => format!("open each one with [[{name}]]"),
        (Kind::Text { .. } | Kind::Line { .. } | Kind::TextOrFalse { .. }, DeValue::Integer(number)) => {
            format!("write {name} = \"{number}\"")
        }
        (Kind::Integer { .. } | Kind::Seconds { .. }, DeValue::String(text)) if text.parse::<f64>().is_ok() => {
            format!("write {name} = {text}")
        }
        (Kind::Integer { unit, .. } | Kind::IntegerOr { unit, .. }, DeValue::String(text))
            if in_unit(text, unit).is_some() =>
        {
            format!("write {name} = {}, in {unit}", in_unit(text, unit).unwrap_or_default())
        }
        (Kind::Seconds { .. }, DeValue::String(text)) if in_unit(text, "seconds").is_some() => {
            format!("write {name} = {}, in seconds", in_unit(text, "seconds").unwrap_or_default())
        }
        (Kind::Integer { unit, .. }, DeValue::String(_)) if !unit.is_empty() => {
            format!("write the number of {unit}, without quotes")
        }
        (Kind::IntegerOr { min, word, .. }, DeValue::String(text)) => match text.parse::<i64>() {
            Ok(number) => format!("write {name} = {number}"),
            Err(_) => format!("write {name} = {min} or {name} = \"{word}\""),
        },
        (Kind::DateOr { word }, _) => format!("write {name} = 2026-01-31T12:00:00Z or {name} = \"{word}\""),
        (Kind::Bool, _) => format!("write {name} = true or {name} = false"),
        _ => format!("write {} there", key.kind),
    };
    Wrong::new(format!("expected {}, found {}", key.kind, found(value)), fix)
}

/// A number with a unit, as others write it (`5s`, `500ms`, `16KiB`), in another unit; the shortest text of it.
fn in_unit(text: &str, unit: &str) -> Option<String> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (digits, written) = text.split_at(split);
    let factor = match (unit, written.trim().to_ascii_lowercase().as_str()) {
        ("seconds", "ms") => 0.001,
        ("seconds", "s" | "sec" | "second" | "seconds") => 1.0,
        ("seconds", "m" | "min" | "minute" | "minutes") => 60.0,
        ("seconds", "h" | "hour" | "hours") => 3600.0,
        ("bytes", "b" | "byte" | "bytes") => 1.0,
        ("bytes", "k" | "kb" | "kib") => 1024.0,
        ("bytes", "m" | "mb" | "mib") => 1_048_576.0,
        _ => return None,
    };
    Some((digits.parse::<f64>().ok()? * factor).to_string())
}

/// The type of a value, in the words of [`Kind`]'s display.
fn found(value: &DeValue<'_>) -> String {
    let name = value.type_str();
    let article = if name.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_of_days_that_exist() {
        for good in ["Sat, 31 Jan 2026 12:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "Tue, 29 Feb 2028 23:59:59 GMT"]
        {
            assert!(is_date(good), "{good}");
        }
        for bad in [
            "",
            "Sun, 31 Jan 2026 12:00:00 GMT",
            "Sat, 31 Jan 2026 12:00:00 UTC",
            "Sat, 31 jan 2026 12:00:00 GMT",
            "Sat, 31 Jan 2026 24:00:00 GMT",
            "Sat, 31 Jan 2026 12:60:00 GMT",
            "Sat, 31 Jan 2026 12:00:60 GMT",
            "Sat, 31 Jan 2026 12:00:00 GMT ",
            "Thu, 29 Feb 2029 12:00:00 GMT",
            "Thu, 00 Jan 1970 00:00:00 GMT",
            "Saturday, 31-Jan-26 12:00:00 GMT",
            "Sat Jan 31 12:00:00 2026",
            "2026-01-31T12:00:00Z",
        ] {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
