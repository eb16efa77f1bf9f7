//! Routes and replies: from their sections to what is answered.

use std::collections::BTreeMap;
use std::path::Path;

use super::SpecError;
use super::content_type::{self, BARE_TEXT, TEXT};
use super::date;
use super::description::{Coding, Engine, Reply, Route, Variant};
use super::document::{Document, Section};
use super::error::Wrong;
use super::headers::Given;
use super::limits::{BODY_MAX, REDIRECT_STATUS_DEFAULT};
use super::loader::Loader;
use super::made::NOT_FOUND_BODY;
use super::path::{self, EVERY};
use super::schema::Value;
use super::{headers, location, rules, template};
use crate::compress;

/// What a server answers: exact paths, and everything else.
#[derive(Debug)]
pub(super) struct Replies {
    pub(super) routes: Vec<Route>,
    pub(super) fallback: Reply,
}

impl Replies {
    /// Of a spec with routes, or with the one file.
    pub(super) fn read(document: &Document<'_>, engine: Engine, loader: &dyn Loader) -> Result<Self, SpecError> {
        if document.top.text("file").is_none() {
            only_beside_file(&document.top)?;
        }
        match (document.top.text("file"), document.routes.first()) {
            (Some(_), Some(route)) => Err(document.top.error("file", file_and_route(route))),
            (Some(file), None) => {
                let content = load(&document.top, loader, file)?;
                let mut reply = Reply::file(file, content);
                reply.cache = cache(&document.top)?;
                reply.fields = headers::merged(&common(document), &[]);
                reply.modified = modified_at(&document.server)?;
                reply.compress = document.top.flag("compress");
                reply.variants = ready(&document.top, loader, &reply)?;
                Ok(Self { routes: one_file(Path::new(file), &reply), fallback: not_found(document, loader)? })
            }
            (None, None) if document.not_found.is_none() => Err(document.server.error_of_document("route", no_route())),
            (None, _) => routed(document, engine, loader),
        }
    }

    /// Of a server without a spec, for one file.
    pub(super) fn of_file(path: &Path, content: &[u8]) -> Self {
        Self { routes: one_file(path, &Reply::file(path, content)), fallback: Reply::not_found() }
    }
}

/// One file at `/` and, where clients can send it, at its own name.
fn one_file(path: &Path, reply: &Reply) -> Vec<Route> {
    let paths = std::iter::once("/".to_owned()).chain(path::of_file(path));
    paths.map(|path| Route { path, reply: reply.clone() }).collect()
}

fn routed(document: &Document<'_>, engine: Engine, loader: &dyn Loader) -> Result<Replies, SpecError> {
    let common = &common(document);
    let mut routes: Vec<(Route, &Section<'_>)> = Vec::new();
    let mut lines: BTreeMap<Vec<u8>, (&str, &Section<'_>)> = BTreeMap::new();
    let mut every: Option<(Reply, &Section<'_>)> = None;
    let modified = modified_at(&document.server)?;
    let most = rules::routes_max(engine);
    for section in &document.routes {
        let path = required_path(section, engine)?;
        if routes.len() == most {
            return Err(section.error("path", rules::too_many_routes(engine)));
        }
        let earlier = lines.insert(rules::key(path, engine), (path, section));
        if let Some((same, earlier)) = earlier {
            return Err(section.error("path", twice(path, same, earlier)));
        }
        let mut reply = reply(section, common, loader)?;
        if reply.status == 200 && section.entry("modified").is_none() {
            reply.modified = modified;
        }
        if path == EVERY {
            every = Some((reply, section));
        } else {
            routes.push((Route { path: path.to_owned(), reply }, section));
        }
    }
    let fallback = match (every, &document.not_found) {
        (Some((_, section)), Some(not_found)) => return Err(section.error("path", never_not_found(not_found))),
        (Some((reply, _)), None) => reply,
        (None, _) => not_found(document, loader)?,
    };
    Ok(Replies { routes: routes.into_iter().map(|(route, _)| route).collect(), fallback })
}

fn required_path<'s>(section: &'s Section<'_>, engine: Engine) -> Result<&'s str, SpecError> {
    let path = section.text("path");
    let path = path.ok_or_else(|| section.error("path", Wrong::new("is missing", "write path = \"/\"")))?;
    if path != EVERY {
        rules::check_route(path, engine).map_err(|wrong| section.error("path", wrong))?;
    }
    Ok(path)
}

fn not_found(document: &Document<'_>, loader: &dyn Loader) -> Result<Reply, SpecError> {
    let common = &common(document);
    let Some(section) = &document.not_found else {
        return Ok(Reply { fields: headers::merged(common, &[]), ..Reply::not_found() });
    };
    let has_content = section.entry("body").or(section.entry("file")).is_some();
    if has_content || section.entry("location").is_some() {
        return reply(section, common, loader);
    }
    complete(section, common, NOT_FOUND_BODY.into(), BARE_TEXT.to_owned())
}

/// The field lines of every reply.
fn common(document: &Document<'_>) -> Vec<Given> {
    document.server.fields("headers").to_vec()
}

/// The reply of a section that gives its own content.
fn reply(section: &Section<'_>, common: &[Given], loader: &dyn Loader) -> Result<Reply, SpecError> {
    match (section.text("body"), section.text("file")) {
        (Some(_), Some(_)) => {
            let what = format!("is given beside `file` in line {}", section.line("file"));
            Err(section.error("body", Wrong::new(what, "give one of them")))
        }
        (None, None) if section.entry("location").is_some() => {
            let location = section.text("location").unwrap_or_default();
            let line = format!("{}\n", location::before_request(location).unwrap_or(location));
            complete(section, common, line.into(), BARE_TEXT.to_owned())
        }
        (None, None) => {
            let fix = "write body = \"…\", file = \"…\" with a path relative to the spec, \
                       or location = \"…\" of another page";
            Err(section.error("body", Wrong::new("the route has no content", fix)))
        }
        (Some(body), None) => complete(section, common, body.into(), TEXT.to_owned()),
        (None, Some(file)) => {
            let content = load(section, loader, file)?;
            let content_type = content_type::of_file(Path::new(file), &content);
            let reply = complete(section, common, content, content_type)?;
            Ok(Reply { variants: ready(section, loader, &reply)?, ..reply })
        }
    }
}

/// Adds what the section says about its content, and checks it.
fn complete(section: &Section<'_>, common: &[Given], body: Vec<u8>, default_type: String) -> Result<Reply, SpecError> {
    let content_type = section.text("type").map_or(default_type, str::to_owned);
    content_type::check(&content_type).map_err(|wrong| section.error("type", wrong))?;
    let template = section.flag("template");
    if template {
        let source = if section.entry("file").is_some() { "file" } else { "body" };
        template::check(&body).map_err(|error| {
            let what = format!("line {} of the content: {}", error.line, error.wrong.what);
            section.error(source, Wrong::new(what, error.wrong.fix))
        })?;
    }
    let (status, cache, location) = (status(section, common)?, cache(section)?, location(section)?);
    let fields = fields(section, common, status)?;
    let compress = section.flag("compress");
    if compress {
        rules::check_compress(status).map_err(|wrong| section.error("compress", wrong))?;
    }
    let modified = modified(section, status)?;
    Ok(Reply { template, cache, modified, location, fields, compress, ..Reply::new(status, content_type, body) })
}

/// The ready-made variants beside the file of a reply. Those of a template would hold its placeholders.
fn ready(section: &Section<'_>, loader: &dyn Loader, reply: &Reply) -> Result<Vec<Variant>, SpecError> {
    let Some(file) = section.text("file").filter(|_| reply.compress && !reply.template) else { return Ok(Vec::new()) };
    let mut variants = Vec::new();
    for coding in Coding::ALL {
        let name = format!("{file}.{}", coding.extension());
        if !loader.has(Path::new(&name)) {
            continue;
        }
        let variant = Variant { coding, body: load(section, loader, &name)? };
        if !compress::is_of(&variant, &reply.body) {
            let what = format!("{name} is beside it, but does not decompress to {file}");
            return Err(section.error("file", Wrong::new(what, format!("compress {file} again, or remove {name}"))));
        }
        variants.push(variant);
    }
    Ok(variants)
}

/// The value of `Cache-Control`.
fn cache(section: &Section<'_>) -> Result<Option<String>, SpecError> {
    let Some(value) = section.text("cache") else { return Ok(None) };
    rules::check_cache(value).map_err(|wrong| section.error("cache", wrong))?;
    Ok(Some(value.trim().to_owned()))
}

/// The date of `Last-Modified`; `[not_found]` has no key for it.
fn modified(section: &Section<'_>, status: u16) -> Result<Option<u64>, SpecError> {
    if section.entry("modified").is_none() {
        return Ok(None);
    }
    rules::check_modified(status).map_err(|wrong| section.error("modified", wrong))?;
    modified_at(section)
}

/// When the section says that its content was modified, in seconds since 1970.
fn modified_at(section: &Section<'_>) -> Result<Option<u64>, SpecError> {
    match section.value("modified") {
        None => Ok(None),
        Some(Value::Integer(seconds)) => Ok(Some(*seconds as u64)),
        Some(_) => date::of_environment().map_err(|wrong| section.error("modified", wrong)),
    }
}

/// The value of `Location`.
fn location(section: &Section<'_>) -> Result<Option<String>, SpecError> {
    let Some(value) = section.text("location") else { return Ok(None) };
    location::check(value).map_err(|wrong| section.error("location", wrong))?;
    Ok(Some(value.to_owned()))
}

/// The field lines of a reply, with those of its server.
fn fields(section: &Section<'_>, common: &[Given], status: u16) -> Result<Vec<(String, String)>, SpecError> {
    let mut fields = headers::merged(common, section.fields("headers"));
    let retry_after = match section.value("retry_after") {
        Some(Value::Integer(seconds)) => Some(seconds.to_string()),
        Some(Value::Text(date)) => Some(date.clone().into_owned()),
        _ => None,
    };
    if let Some(value) = retry_after {
        rules::check_retry_after(status).map_err(|wrong| section.error("retry_after", wrong))?;
        fields.push((headers::RETRY_AFTER.to_owned(), value));
    }
    Ok(fields)
}

/// Keys of the top level that say something of `file`.
fn only_beside_file(top: &Section<'_>) -> Result<(), SpecError> {
    let Some(entry) = ["cache", "compress"].into_iter().find_map(|name| top.entry(name)) else { return Ok(()) };
    let fix = format!("write {} in each [[route]] that it holds for", entry.key.name());
    Err(top.key_error(entry, Wrong::new("belongs to `file`, and there is none", fix)))
}

fn status(section: &Section<'_>, common: &[Given]) -> Result<u16, SpecError> {
    let status = section.integer("status").expect("the schema has a default") as u16;
    let has_location = section.entry("location").is_some();
    if has_location && section.entry("status").is_none() {
        return Ok(REDIRECT_STATUS_DEFAULT);
    }
    let fields = headers::merged(common, section.fields("headers"));
    rules::check_status(status, has_location, &fields).map_err(|wrong| section.error("status", wrong))?;
    Ok(status)
}

fn load(section: &Section<'_>, loader: &dyn Loader, file: &str) -> Result<Vec<u8>, SpecError> {
    if file.is_empty() {
        let wrong = Wrong::new("is empty", "write the path of a file, relative to the spec");
        return Err(section.error("file", wrong));
    }
    loader.load(Path::new(file), BODY_MAX).map_err(|wrong| section.error("file", wrong))
}

fn file_and_route(route: &Section<'_>) -> Wrong {
    let what = format!("the whole server is one file, but line {} has a route", route.line("path"));
    Wrong::new(what, "give the file its own [[route]], or remove the routes")
}

fn twice(path: &str, same: &str, earlier: &Section<'_>) -> Wrong {
    let line = earlier.line("path");
    let what = if same == path {
        format!("{path:?} already has a route in line {line}")
    } else {
        format!("{path:?} is the same path as {same:?}, which has a route in line {line}")
    };
    Wrong::new(what, "remove one of them")
}

fn never_not_found(not_found: &Section<'_>) -> Wrong {
    let what = format!("\"{EVERY}\" is every path, so [not_found] in line {} is never reached", not_found.line(""));
    Wrong::new(what, "remove one of them")
}

fn no_route() -> Wrong {
    let fix = "add a [[route]] with path = \"/\" and body = \"…\", or file = \"…\" at the top level";
    Wrong::new("the server has nothing to serve", fix)
}
