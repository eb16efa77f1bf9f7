//! The `[server]` section: how a server listens.

use super::SpecError;
use super::description::{Engine, Listen, Server};
use super::document::{Document, Section};
use super::epoll;
use super::error::Wrong;
use super::listen::ListenText;
use super::loader::Loader;
use super::reply::Replies;
use super::schema::Key;
use super::{location, rules};

/// The server of a document.
pub(super) fn read(document: &Document<'_>, loader: &dyn Loader) -> Result<Server, SpecError> {
    let engine = engine(document)?;
    complete(document, engine, Replies::read(document, engine, loader)?)
}

/// The server with those replies, everything else being as a document has it.
pub(super) fn of_replies(document: &Document<'_>, replies: Replies) -> Result<Server, SpecError> {
    complete(document, engine(document)?, replies)
}

fn complete(document: &Document<'_>, engine: Engine, replies: Replies) -> Result<Server, SpecError> {
    let section = &document.server;
    let mut server = Server {
        engine,
        listen: listen(section, Listen::of(engine))?,
        start_line: start_line(section)?,
        timeout_ms: section.millis("timeout").expect("the schema has a default"),
        backlog: section.integer("backlog").expect("the schema has a default") as u32,
        epoll: epoll::read(section),
        routes: replies.routes,
        fallback: replies.fallback,
    };
    location::check_ends(document, &server)?;
    if engine == Engine::Epoll {
        epoll::complete(section, &mut server)?;
    }
    Ok(server)
}

/// The engine, once every key is found to belong to it.
fn engine(document: &Document<'_>) -> Result<Engine, SpecError> {
    let section = &document.server;
    let name = section.text("engine").expect("the schema has a default");
    let engine = document.engine.or(Engine::by_name(name)).expect("the schema allows engines only");
    let sections = [&document.top, section].into_iter().chain(&document.routes).chain(&document.not_found);
    for section in sections {
        if let Some(entry) = section.entries.iter().find(|entry| !entry.key.engines.contains(&engine)) {
            return Err(section.key_error(entry, foreign(entry.key, engine, document)));
        }
    }
    Ok(engine)
}

/// A key that belongs to another engine than the one at hand.
fn foreign(key: &Key, engine: Engine, document: &Document<'_>) -> Wrong {
    let names: Vec<String> = key.engines.iter().map(|engine| format!("engine = \"{}\"", engine.name())).collect();
    let names = names.join(" or ");
    let because = match (document.engine, document.server.entry("engine")) {
        (Some(_), _) => "the one asked for is",
        (None, Some(_)) => "here it is",
        (None, None) => "without that key it is",
    };
    let fix = match key.path {
        "server.timeout" => "write header_timeout, idle_timeout or write_timeout".to_owned(),
        _ if document.engine.is_some() => format!("remove it, or ask for {names}"),
        _ => format!("remove it, or write {names} in [server]"),
    };
    Wrong::new(format!("belongs to {names}, and {because} \"{}\"", engine.name()), fix)
}

/// Where it listens; what is not said is as in `default`.
pub(super) fn listen(section: &Section<'_>, default: Listen) -> Result<Listen, SpecError> {
    let text = section.text("listen");
    let parsed = text.map(ListenText::parse).transpose().map_err(|wrong| section.error("listen", wrong))?;
    let mut parsed = parsed.unwrap_or_default();
    if let Some(port) = section.integer("port").map(|port| port as u16) {
        if let Some(text) = text.filter(|_| parsed.port.is_some_and(|given| given != port)) {
            let what = format!("contradicts listen = \"{text}\" in line {}", section.line("listen"));
            return Err(section.error("port", Wrong::new(what, "give the port once")));
        }
        parsed.port = Some(port);
    }
    Ok(parsed.or(default))
}

fn start_line(section: &Section<'_>) -> Result<Option<Vec<String>>, SpecError> {
    let Some(text) = section.text("start_line") else { return Ok(None) };
    rules::check_start_line(text).map_err(|wrong| section.error("start_line", wrong))?;
    Ok(Some(rules::start_line_pieces(text)))
}
