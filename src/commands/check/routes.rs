//! What a spec, or a single file, would serve.

use asmgen::spec::{Description, Program, Reply, Server};
use serde_json::{Map, Value, json};

use super::columns::{columns, grouped};

/// Stands for all paths without a route.
const ANY_OTHER: &str = "any other";

/// Each path with its reply.
fn replies(server: &Server) -> impl Iterator<Item = (&str, &Reply)> {
    let routes = server.routes.iter().map(|route| (route.path.as_str(), &route.reply));
    routes.chain([(ANY_OTHER, &server.fallback)])
}

pub(super) fn text(description: &Description) -> String {
    let name = &description.name;
    let Program::Server(server) = &description.program else {
        return format!("{name}: the program `{}` serves no paths\n", description.program.kind().name());
    };
    let row = |(path, reply): (&str, &Reply)| {
        let leads_to = reply.location.as_ref().map(|location| format!("→ {location}"));
        let bytes = grouped(reply.body.len() as u64);
        let cache = reply.cache.clone().unwrap_or_default();
        let content_type = leads_to.unwrap_or_else(|| reply.content_type.clone());
        vec![reply.status.to_string(), path.to_owned(), content_type, bytes, cache]
    };
    let rows: Vec<Vec<String>> = replies(server).map(row).collect();
    let engine = server.engine.name();
    let heading = format!("{name}: {} routes at {} (engine `{engine}`)\n", server.routes.len(), server.listen);
    format!("{heading}\n{}", columns(&["status", "path", "type", "bytes", "cache"], &rows))
}

pub(super) fn json(description: &Description) -> Value {
    let kind = description.program.kind().name();
    let Program::Server(server) = &description.program else {
        return json!({ "name": description.name, "program": kind, "paths": [] });
    };
    let reply = |(path, reply): (&str, &Reply)| {
        let fields = reply.fields.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        let path = if path == ANY_OTHER { "*" } else { path };
        json!({
            "path": path, "status": reply.status, "type": reply.content_type, "bytes": reply.body.len(),
            "cache": reply.cache, "location": reply.location, "fields": fields.collect::<Map<_, _>>(),
        })
    };
    json!({
        "name": description.name, "program": kind, "engine": server.engine.name(), "listen": server.listen.to_string(),
        "paths": replies(server).map(reply).collect::<Vec<_>>(),
    })
}
