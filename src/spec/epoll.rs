//! The keys of `[server]` that only the epoll engine has.

use super::SpecError;
use super::description::{Engine, Server};
use super::document::Section;
use super::engine::{EpollSettings, Slashes, Workers};
use super::error::Wrong;
use super::rules::check_path;
use super::schema::Value;
use super::{health, path};

/// What can be read without knowing the replies; paths are checked by [`complete`].
pub(super) fn read(section: &Section<'_>) -> EpollSettings {
    let number = |name| section.integer(name).expect("the schema has a default") as u32;
    let workers = match section.value("workers") {
        Some(Value::Text(_)) => Workers::Cores,
        _ => Workers::Count(number("workers")),
    };
    EpollSettings {
        workers,
        connections: number("connections"),
        partial_requests: number("partial_requests"),
        head_bytes: number("head_bytes"),
        header_timeout_s: number("header_timeout"),
        idle_timeout_s: number("idle_timeout"),
        write_timeout_s: number("write_timeout"),
        drain_s: number("drain"),
        stop_timeout_s: number("stop_timeout"),
        port_env: section.flag("port_env"),
        healthcheck: section.text("healthcheck").unwrap_or(health::ROOT).to_owned(),
        sandbox: section.flag("sandbox"),
        access_log: section.flag("access_log"),
        metrics: section.text("metrics").map(str::to_owned),
        slashes: Slashes::Each,
    }
}

/// Checks the paths, and finds the one of the health check where the spec gives none.
pub(super) fn complete(section: &Section<'_>, server: &mut Server) -> Result<(), SpecError> {
    check_metrics(server).map_err(|wrong| section.error("metrics", wrong))?;
    if section.entry("healthcheck").is_some() {
        given_healthcheck(&server.epoll.healthcheck, server).map_err(|wrong| section.error("healthcheck", wrong))?;
    } else {
        server.epoll.healthcheck = health::default(server).unwrap_or(health::ROOT).to_owned();
    }
    Ok(())
}

/// Can it have metrics at that path, if it has metrics?
pub(super) fn check_metrics(server: &Server) -> Result<(), Wrong> {
    let Some(path) = &server.epoll.metrics else { return Ok(()) };
    check_path(path, Engine::Epoll)?;
    if path.contains('*') {
        return Err(Wrong::new("has a `*`, but is one path", "write %2A for the character itself"));
    }
    if server.routes.iter().any(|route| route.key() == path::decoded(path)) {
        return Err(Wrong::new(format!("{path:?} already has a route"), "write a path that has none"));
    }
    if server.epoll.workers != Workers::Count(1) {
        let what = "each worker counts for itself, so metrics would be per worker";
        return Err(Wrong::new(what, "remove one of `metrics` and `workers`"));
    }
    Ok(())
}

/// Can the command `healthcheck` ask for it?
pub(super) fn check_healthcheck(path: &str) -> Result<(), Wrong> {
    check_path(path, Engine::Epoll)?;
    if path::is_sendable(path) {
        return Ok(());
    }
    Err(Wrong::new("has a character that no request may have", "write \" as %22, < as %3C, > as %3E"))
}

fn given_healthcheck(path: &str, server: &Server) -> Result<(), Wrong> {
    check_healthcheck(path)?;
    if server.passes_healthcheck() {
        return Ok(());
    }
    let status = server.reply_to(path).status;
    let what = format!("{path:?} is answered with status {status}, so every health check would fail");
    Err(Wrong::new(what, "write a path that is answered with a status of 200 to 299"))
}
