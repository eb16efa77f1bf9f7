//! What holds for every server and reply, whether a spec describes it or a program: statuses, paths, the values of
//! fields. Where a spec says it, and in which order faults are reported, is the readers' business.

use super::content_type::check_characters;
use super::description::Engine;
use super::error::Wrong;
use super::limits::{
    BLOCKING_ROUTES_MAX, REDIRECT_STATUS_DEFAULT, ROUTES_MAX, STATUS_WITH_FIELD, STATUS_WITH_LOCATION,
    STATUS_WITHOUT_CONTENT,
};
use super::{headers, path, template};

/// What colours of a terminal begin with.
const ESCAPE: char = '\u{1b}';

/// Can a request have that path, and does the engine find it?
pub(super) fn check_path(path: &str, engine: Engine) -> Result<(), Wrong> {
    path::check(path)?;
    if engine == Engine::Epoll { path::check_decoded(path) } else { Ok(()) }
}

/// Is it a path or a pattern that a route of the engine can have?
pub(super) fn check_route(path: &str, engine: Engine) -> Result<(), Wrong> {
    check_path(path, engine)?;
    match engine {
        Engine::Epoll => path::check_asterisk(path),
        Engine::Blocking if path::prefix(path).is_some() => {
            let what = "is a prefix, which the engine `blocking` does not have";
            Err(Wrong::new(what, "write engine = \"epoll\" in [server], or a [[route]] for each path"))
        }
        Engine::Blocking => Ok(()),
    }
}

/// What tells a route of the engine from others.
pub(super) fn key(path: &str, engine: Engine) -> Vec<u8> {
    match engine {
        Engine::Epoll => path::key(path),
        Engine::Blocking => path.as_bytes().to_vec(),
    }
}

/// Most routes of a server.
pub(super) fn routes_max(engine: Engine) -> usize {
    match engine {
        Engine::Epoll => ROUTES_MAX,
        Engine::Blocking => BLOCKING_ROUTES_MAX,
    }
}

/// There are more than [`routes_max`].
pub(super) fn too_many_routes(engine: Engine) -> Wrong {
    let (name, most) = (engine.name(), routes_max(engine));
    let what = format!("is one route more than the engine `{name}` has room for, {most}");
    Wrong::new(what, "answer some of them by the route \"*\" or another server")
}

/// Can a reply with these fields have that status? The schema has checked the range.
pub(super) fn check_status(status: u16, has_location: bool, fields: &[(String, String)]) -> Result<(), Wrong> {
    if has_location && !STATUS_WITH_LOCATION.contains(&status) {
        let what = format!("a reply with status {status} has no `location`");
        let others = STATUS_WITH_LOCATION.iter().filter(|&&other| other != REDIRECT_STATUS_DEFAULT);
        let others: Vec<String> = others.map(u16::to_string).collect();
        let fix = format!("leave it out for {REDIRECT_STATUS_DEFAULT}, or write one of {}", others.join(", "));
        return Err(Wrong::new(what, fix));
    }
    let has = |field: &str| fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(field));
    if let Some((_, field)) = STATUS_WITH_FIELD.iter().find(|(known, field)| *known == status && !has(field)) {
        return Err(without_field(status, field));
    }
    if STATUS_WITHOUT_CONTENT.contains(&status) {
        let what = format!("a reply with status {status} must not have content");
        return Err(Wrong::new(what, "write 200, or the status that fits the content"));
    }
    Ok(())
}

fn without_field(status: u16, field: &str) -> Wrong {
    if headers::check_name(field).is_ok() {
        let what = format!("a reply with status {status} must have a field `{field}`");
        return Wrong::new(what, format!("write headers = {{ {field} = \"…\" }}, or another status"));
    }
    let what = format!("a reply with status {status} must have a field `{field}`, which no key gives");
    Wrong::new(what, "write another status, such as 403")
}

/// Has a reply with that status compressed variants?
pub(super) fn check_compress(status: u16) -> Result<(), Wrong> {
    let wrong = || Wrong::new(format!("a reply with status {status} is never compressed"), "remove it");
    if status == 200 { Ok(()) } else { Err(wrong()) }
}

/// Has a reply with that status a `Last-Modified`?
pub(super) fn check_modified(status: u16) -> Result<(), Wrong> {
    let wrong = || Wrong::new(format!("a reply with status {status} has no date of its own"), "remove it");
    if status == 200 { Ok(()) } else { Err(wrong()) }
}

/// Has a reply with that status a `Retry-After`?
pub(super) fn check_retry_after(status: u16) -> Result<(), Wrong> {
    let what = "a reply with status 200 is what was asked for, so clients do not ask again";
    if status == 200 { Err(Wrong::new(what, "write status = 503, or remove it")) } else { Ok(()) }
}

/// Is it a value of `Cache-Control`?
pub(super) fn check_cache(value: &str) -> Result<(), Wrong> {
    check_characters(value)?;
    let wrong = || Wrong::new("is empty", "write cache = \"no-cache\", or leave it out");
    if value.trim().is_empty() { Err(wrong()) } else { Ok(()) }
}

/// Can it be written once the server listens?
pub(super) fn check_start_line(text: &str) -> Result<(), Wrong> {
    if text.is_empty() {
        return Err(Wrong::new("is empty", "write start_line = false to write nothing"));
    }
    template::check(text.as_bytes()).map_err(|error| error.wrong)?;
    // In the epoll engine's formats those are numbers.
    if let Some(control) = text.chars().find(|c| c.is_control() && !c.is_whitespace() && *c != ESCAPE) {
        let what = format!("has the control character U+{:04X}", u32::from(control));
        return Err(Wrong::new(what, "write it without"));
    }
    Ok(())
}

/// A start line with its newline, in the pieces between which the port is.
pub(super) fn start_line_pieces(text: &str) -> Vec<String> {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{newline}").split(template::PORT).map(str::to_owned).collect()
}
