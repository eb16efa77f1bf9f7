//! A description that a program makes is held to what a spec is held to: [`Description::check`].
//!
//! Not checked is what costs as much as building: whether the variants of a reply are its content, compressed.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::description::{About, Description, Engine, Program, Reply, Server, Workers};
use super::error::Wrong;
use super::headers::{self, RETRY_AFTER};
use super::keys::KEYS;
use super::limits::{BODY_MAX, FIELDS_MAX};
use super::location::{self, Redirects};
use super::path::EVERY;
use super::schema::Key;
use super::{content_type, epoll, name, rules, template, value};
use crate::date::LAST_EPOCH_S;

#[cfg(test)]
mod tests;

/// What is wrong with a description, where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {wrong}")]
pub struct DescriptionError {
    place: String,
    wrong: Wrong,
}

impl DescriptionError {
    /// What is wrong: the key of a spec that says it, after the route for a key of a reply: `route "/a": type`.
    pub fn place(&self) -> &str {
        &self.place
    }
}

type Checked = Result<(), DescriptionError>;

/// A fault with its place.
fn at(place: impl Display, checked: Result<(), Wrong>) -> Checked {
    checked.map_err(|wrong| DescriptionError { place: place.to_string(), wrong })
}

fn key(path: &str) -> &'static Key {
    KEYS.iter().find(|key| key.path == path).expect("checks ask for keys of the schema")
}

/// A text against its key in the schema.
fn text(path: &str, text: &str) -> Checked {
    at(path, value::check_text(key(path), text))
}

/// A number against its key in the schema.
fn number(path: &str, number: u32) -> Checked {
    at(path, value::check_number(key(path), number))
}

fn length(bytes: usize, least: usize) -> Result<(), Wrong> {
    match bytes {
        bytes if bytes < least => Err(Wrong::new("is empty", "give it a value")),
        bytes if bytes > BODY_MAX => {
            Err(Wrong::new(format!("is {bytes} bytes long"), format!("at most {BODY_MAX} bytes are allowed")))
        }
        _ => Ok(()),
    }
}

impl Description {
    /// Can a program be made of it? What `asmgen::build` refuses, it refuses for this reason; what a spec describes
    /// is good.
    ///
    /// ```
    /// use asmgen::spec::{Description, Reply, Server};
    ///
    /// let good = Server::default().with_route("/", Reply::text("Hello\n"));
    /// assert_eq!(Description::new("greeting", good.clone()).check(), Ok(()));
    ///
    /// let bad = good.with_route("/bad", Reply::new(200, "text/plain\r\nX: y", "Hello\n"));
    /// let error = Description::new("greeting", bad).check().unwrap_err();
    /// assert_eq!(error.place(), "route \"/bad\": type");
    /// ```
    pub fn check(&self) -> Checked {
        text("name", &self.name)?;
        at("name", name::check(&self.name))?;
        check_about(&self.about)?;
        match &self.program {
            Program::Hello { text } => at("text", length(text.len(), 1)),
            Program::Pause => Ok(()),
            Program::Ok { listen } => number("server.port", listen.port.into()),
            Program::Server(server) => check_server(server),
        }
    }
}

fn check_about(about: &About) -> Checked {
    let About { title, description, repository, version, licenses, authors } = about;
    let all = [
        ("title", title),
        ("description", description),
        ("repository", repository),
        ("version", version),
        ("licenses", licenses),
        ("authors", authors),
    ];
    all.into_iter().try_for_each(|(path, value)| text(path, value))
}

fn check_server(server: &Server) -> Checked {
    number("server.port", server.listen.port.into())?;
    if let Some(pieces) = &server.start_line {
        check_start_line(pieces)?;
    }
    number("server.backlog", server.backlog)?;
    match server.engine {
        Engine::Blocking => number("server.timeout", server.timeout_ms)?,
        Engine::Epoll => check_epoll(server)?,
    }
    check_routes(server)?;
    for (route, reply) in places(server).zip(server.replies()) {
        check_reply(&route, reply, server.engine)?;
    }
    let redirects = Redirects::of(server);
    let numbers = (0..server.routes.len()).map(Some).chain([None]);
    for (route, number) in places(server).zip(numbers) {
        at(format!("{route}: location"), redirects.check(number))?;
    }
    Ok(())
}

/// The name of each reply, in the order of [`Server::replies`].
fn places(server: &Server) -> impl Iterator<Item = String> {
    server.routes.iter().map(|route| format!("route {:?}", route.path)).chain(["fallback".to_owned()])
}

fn check_start_line(pieces: &[String]) -> Checked {
    let line = pieces.join(template::PORT);
    let Some(line) = line.strip_suffix('\n') else {
        let wrong = Wrong::new("has no line feed at its end", "end the last piece with one");
        return at("server.start_line", Err(wrong));
    };
    text("server.start_line", line)?;
    at("server.start_line", rules::check_start_line(line))
}

fn check_epoll(server: &Server) -> Checked {
    let epoll = &server.epoll;
    if let Workers::Count(workers) = epoll.workers {
        number("server.workers", workers)?;
    }
    number("server.connections", epoll.connections)?;
    number("server.partial_requests", epoll.partial_requests)?;
    number("server.head_bytes", epoll.head_bytes)?;
    number("server.header_timeout", epoll.header_timeout_s)?;
    number("server.idle_timeout", epoll.idle_timeout_s)?;
    number("server.write_timeout", epoll.write_timeout_s)?;
    number("server.drain", epoll.drain_s)?;
    number("server.stop_timeout", epoll.stop_timeout_s)?;
    text("server.healthcheck", &epoll.healthcheck)?;
    at("server.healthcheck", epoll::check_healthcheck(&epoll.healthcheck))?;
    text("server.metrics", epoll.metrics.as_deref().unwrap_or_default())?;
    at("server.metrics", epoll::check_metrics(server))
}

fn check_routes(server: &Server) -> Checked {
    let mut earlier = BTreeMap::new();
    for (number, (route, place)) in server.routes.iter().zip(places(server)).enumerate() {
        let path = route.path.as_str();
        at(&place, value::check_text(key("route[].path"), path))?;
        if path == EVERY {
            let wrong = Wrong::new("is every path", "make its reply the fallback of the server");
            return at(&place, Err(wrong));
        }
        at(&place, rules::check_route(path, server.engine))?;
        if let Some(same) = earlier.insert(rules::key(path, server.engine), path) {
            let wrong = Wrong::new(format!("is the same path as {same:?}, which has a route"), "remove one of them");
            return at(&place, Err(wrong));
        }
        if number == rules::routes_max(server.engine) {
            return at(&place, Err(rules::too_many_routes(server.engine)));
        }
    }
    Ok(())
}

fn check_reply(route: &str, reply: &Reply, engine: Engine) -> Checked {
    let place = |name: &str| format!("{route}: {name}");
    let text = |name: &str, value: &str| {
        let path = format!("route[].{name}");
        at(place(name), value::check_text(key(&path), value))
    };
    at(place("status"), value::check_number(key("route[].status"), reply.status.into()))?;
    at(place("status"), rules::check_status(reply.status, reply.location.is_some(), &reply.fields))?;
    text("type", &reply.content_type)?;
    at(place("type"), content_type::check(&reply.content_type))?;
    at(place("body"), length(reply.body.len(), 0))?;
    if reply.template {
        at(place("body"), template::check(&reply.body).map_err(|error| error.wrong))?;
    }
    at(place("headers"), check_fields(&reply.fields, reply.status))?;
    if engine == Engine::Blocking {
        return at(place("engine"), check_plain(reply));
    }
    if let Some(cache) = &reply.cache {
        text("cache", cache)?;
        at(place("cache"), rules::check_cache(cache))?;
    }
    if let Some(modified) = reply.modified {
        at(place("modified"), rules::check_modified(reply.status))?;
        at(place("modified"), check_date(modified))?;
    }
    if let Some(location) = &reply.location {
        text("location", location)?;
        at(place("location"), location::check(location))?;
    }
    if reply.compress || !reply.variants.is_empty() {
        at(place("compress"), rules::check_compress(reply.status))?;
        at(place("compress"), check_variants(reply))?;
    }
    Ok(())
}

/// Nothing that the blocking engine does not have?
fn check_plain(reply: &Reply) -> Result<(), Wrong> {
    let has = [
        ("cache", reply.cache.is_some()),
        ("modified", reply.modified.is_some()),
        ("location", reply.location.is_some()),
        ("compress", reply.compress || !reply.variants.is_empty()),
    ];
    let Some((name, _)) = has.into_iter().find(|(_, has)| *has) else { return Ok(()) };
    let what = format!("the engine `blocking` has no `{name}`");
    Err(Wrong::new(what, "leave it out, or take the engine `epoll`"))
}

fn check_date(seconds: u64) -> Result<(), Wrong> {
    let wrong = || Wrong::new(format!("{seconds} is out of range"), "allowed: the years 1970 to 9999");
    if seconds <= LAST_EPOCH_S { Ok(()) } else { Err(wrong()) }
}

fn check_variants(reply: &Reply) -> Result<(), Wrong> {
    if reply.template && !reply.variants.is_empty() {
        let what = "has variants, and placeholders that are not filled in yet";
        return Err(Wrong::new(what, "leave the variants to the build"));
    }
    let in_order = reply.variants.is_sorted_by(|one, next| one.coding < next.coding);
    let wrong = || Wrong::new("has variants out of order, or two of a coding", "give them in the order of Coding::ALL");
    if in_order { Ok(()) } else { Err(wrong()) }
}

/// The field lines of a reply: at most those of `[server]`, its own, and `Retry-After`.
fn check_fields(fields: &[(String, String)], status: u16) -> Result<(), Wrong> {
    const MOST: usize = 2 * FIELDS_MAX + 1;
    if fields.len() > MOST {
        return Err(Wrong::new(format!("has {} fields", fields.len()), format!("at most {MOST} are allowed")));
    }
    for (index, (name, value)) in fields.iter().enumerate() {
        if name.eq_ignore_ascii_case(RETRY_AFTER) {
            rules::check_retry_after(status)?;
            value::check_retry_after(value)?;
        } else {
            headers::check_name(name)?;
        }
        if headers::check_value(value)? != *value {
            return Err(Wrong::new(format!("{value:?} has spaces around it"), "write it without"));
        }
        if fields[..index].iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            return Err(Wrong::new(format!("has the field {name:?} twice"), "give it once; its case does not matter"));
        }
    }
    Ok(())
}
