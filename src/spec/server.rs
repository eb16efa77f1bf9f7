//! The `[server]` section: how a server listens.

use super::SpecError;
use super::description::{Engine, Listen, Server};
use super::document::{Document, Section};
use super::error::Wrong;
use super::listen::ListenText;
use super::reply::Replies;
use super::template;

/// The server of a document, with its replies.
pub(super) fn read(document: &Document<'_>, replies: Replies) -> Result<Server, SpecError> {
    let section = &document.server;
    Ok(Server {
        engine: engine(section),
        listen: listen(section)?,
        start_line: start_line(section)?,
        timeout_ms: section.millis("timeout").expect("the schema has a default"),
        backlog: section.integer("backlog").expect("the schema has a default") as u32,
        routes: replies.routes,
        fallback: replies.fallback,
    })
}

fn engine(section: &Section<'_>) -> Engine {
    let name = section.text("engine").expect("the schema has a default");
    Engine::ALL.into_iter().find(|engine| engine.name() == name).expect("the schema allows engines only")
}

fn listen(section: &Section<'_>) -> Result<Listen, SpecError> {
    let text = section.text("listen").expect("the schema has a default");
    let mut parsed = ListenText::parse(text).map_err(|wrong| section.error("listen", wrong))?;
    if let Some(port) = section.integer("port").map(|port| port as u16) {
        let given = section.entry("listen").and(parsed.port);
        if given.is_some_and(|given| given != port) {
            let what = format!("contradicts listen = \"{text}\" in line {}", section.line("listen"));
            return Err(section.error("port", Wrong::new(what, "give the port once")));
        }
        parsed.port = Some(port);
    }
    Ok(parsed.or(Listen::DEFAULT))
}

fn start_line(section: &Section<'_>) -> Result<Option<String>, SpecError> {
    let Some(text) = section.text("start_line") else { return Ok(None) };
    if text.is_empty() {
        let wrong = Wrong::new("is empty", "write start_line = false to write nothing");
        return Err(section.error("start_line", wrong));
    }
    template::check(text.as_bytes()).map_err(|error| section.error("start_line", error.wrong))?;
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    Ok(Some(format!("{text}{newline}")))
}
