//! What a spec could not say is refused of a description that a program makes, and what a spec says is not.

use super::*;
use crate::examples::EXAMPLES;
use crate::spec::{Coding, Listen, Route, Variant, from_toml, limits};
use crate::{BuildError, Options, TARGETS, build};

fn server() -> Server {
    Server::default().with_route("/", Reply::text("Hello\n")).with_route("/a", Reply::text("A\n"))
}

/// What is said of a server that is changed so.
fn said(change: impl FnOnce(&mut Server)) -> String {
    let mut server = server();
    change(&mut server);
    Description::new("test", server).check().map_or_else(|error| error.to_string(), |()| "good".to_owned())
}

/// What is said where one reply is changed so.
fn said_of(change: impl FnOnce(&mut Reply)) -> String {
    said(|server| change(&mut server.routes[1].reply))
}

#[test]
fn what_specs_describe_is_good() {
    for example in EXAMPLES {
        for engine in example.engines() {
            assert_eq!(example.description(engine).check(), Ok(()), "{}", example.name);
        }
    }
    let full = "name = 'x'\n[server]\nmetrics = '/metrics'\nheaders = { X-A = 'a' }\nmodified = 2026-01-31T12:00:00Z\n\
        start_line = 'a {{port}} b'\n\
        [[route]]\npath = '/'\nbody = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa {{name}}'\ntemplate = true\ncompress = true\n\
        cache = 'no-cache'\nheaders = { X-B = 'b', X-A = false }\n\
        [[route]]\npath = '/old/*'\nlocation = '/new{{path}}'\n\
        [[route]]\npath = '/busy'\nbody = 'later'\nstatus = 503\nretry_after = 120\n\
        [[route]]\npath = '/later'\nbody = 'later'\nstatus = 503\nretry_after = 'Sat, 31 Jan 2026 12:00:00 GMT'\n\
        [[route]]\npath = '/in'\nbody = 'who?'\nstatus = 401\nheaders = { WWW-Authenticate = 'Basic' }\n\
        [[route]]\npath = '*'\nbody = 'all'\n";
    let description = from_toml(full, std::path::Path::new("s.toml")).unwrap();
    assert_eq!(description.check(), Ok(()));
}

#[test]
fn a_server_that_is_made_is_the_one_of_an_empty_spec() {
    let spec = "[[route]]\npath = '/'\nbody = 'Hello\\n'\n".replace("'Hello\\n'", "\"Hello\\n\"");
    let read = from_toml(&spec, std::path::Path::new("greeting.toml")).unwrap();
    let made = Description::new("greeting", Server::default().with_route("/", Reply::text("Hello\n")));
    let titled = Description { about: About { title: "greeting".into(), ..About::default() }, ..read };
    assert_eq!(made, titled);
    let redirect = "[[route]]\npath = '/'\nlocation = 'https://example.org{{path}}'\n";
    let read = from_toml(redirect, std::path::Path::new("r.toml")).unwrap();
    let Program::Server(read) = read.program else { panic!("no server") };
    assert_eq!(read, Server::default().with_route("/", Reply::redirect("https://example.org{{path}}")));
}

#[test]
fn the_health_check_follows_the_routes_until_it_is_chosen() {
    let server = Server::default().with_route("/x", Reply::text("x")).with_route("/healthz", Reply::text("ok"));
    assert_eq!(server.epoll.healthcheck, "/healthz");
    let mut chosen = Server::default();
    chosen.epoll.healthcheck = "/b".into();
    let chosen =
        ["/a", "/b", "/healthz"].iter().fold(chosen, |server, path| server.with_route(*path, Reply::text("x")));
    assert_eq!(chosen.epoll.healthcheck, "/b");
}

#[test]
fn build_refuses_what_is_wrong() {
    let bad = server().with_route("/bad", Reply::new(200, "text/plain\r\nX-Injected: y", "bad"));
    let refused = build(&Description::new("test", bad), Options::new(TARGETS[0]));
    let Err(BuildError::Description(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(error.place(), "route \"/bad\": type");
    assert!(error.to_string().contains("has the control character U+000D"), "{error}");
}

#[test]
fn no_field_line_is_injected() {
    for bad in ["text/plain\r\nX: y", "text/plain\n", "text", ""] {
        assert!(said_of(|reply| reply.content_type = bad.into()).starts_with("route \"/a\": type: "), "{bad:?}");
    }
    assert!(said_of(|reply| reply.cache = Some("a\r\nX: y".into())).starts_with("route \"/a\": cache: "));
    assert!(said_of(|reply| reply.cache = Some(" ".into())).starts_with("route \"/a\": cache: is empty"));
    for bad in ["/b\r\nX: y", "b", "", "/{{host}}"] {
        let said = said_of(|reply| *reply = Reply::redirect(bad));
        assert!(said.starts_with("route \"/a\": location: "), "{bad:?}: {said}");
    }
    for (name, value) in [
        ("X-A", "b\r\nX: y"),
        ("X-A\r\nX-B", "b"),
        ("X-A: b\r\nX", "y"),
        ("", "b"),
        ("X-A", ""),
        ("X-A", " b"),
        ("Content-Length", "1"),
        ("Transfer-Encoding", "chunked"),
        ("Retry-After", "120"),
    ] {
        let said = said_of(|reply| reply.fields.push((name.into(), value.into())));
        assert!(said.starts_with("route \"/a\": headers: "), "{name:?} {value:?}: {said}");
    }
    let twice = said_of(|reply| reply.fields = vec![("X-A".into(), "1".into()), ("x-a".into(), "2".into())]);
    assert_eq!(twice, "route \"/a\": headers: has the field \"x-a\" twice; give it once; its case does not matter");
    assert!(said_of(|reply| reply.fields = vec![("X".into(), "y".into()); 66]).contains("has 66 fields"));
    let retry =
        |value: &str| said_of(|reply| (reply.status, reply.fields) = (503, vec![("retry-after".into(), value.into())]));
    assert_eq!(retry("120"), "good");
    for bad in ["", "-1", "soon", "99999999999"] {
        assert!(retry(bad).starts_with("route \"/a\": headers: "), "{bad:?}");
    }
}

#[test]
fn statuses_are_those_of_replies_with_content() {
    for status in [0, 100, 199, 204, 205, 304, 600, 999] {
        assert!(said_of(|reply| reply.status = status).starts_with("route \"/a\": status: "), "{status}");
        assert!(said(|server| server.fallback.status = status).starts_with("fallback: status: "), "{status}");
    }
    for status in [206, 401, 405, 407, 426] {
        assert!(said_of(|reply| reply.status = status).contains("must have a field"), "{status}");
    }
    assert!(said_of(|reply| (reply.status, reply.location) = (200, Some("/".into()))).contains("has no `location`"));
    assert!(said_of(|reply| (reply.status, reply.modified) = (404, Some(0))).starts_with("route \"/a\": modified: "));
    assert!(said_of(|reply| reply.modified = Some(u64::MAX)).contains("the years 1970 to 9999"));
    assert!(said_of(|reply| (reply.status, reply.compress) = (404, true)).starts_with("route \"/a\": compress: "));
    assert_eq!(said_of(|reply| reply.status = 404), "good");
}

#[test]
fn routes_are_paths_each_once() {
    let with = |path: &str| said(|server| *server = server.clone().with_route(path, Reply::text("x")));
    assert_eq!(with("/a"), "route \"/a\": is the same path as \"/a\", which has a route; remove one of them");
    assert!(with("/%61").starts_with("route \"/%61\": is the same path as \"/a\""));
    for bad in ["", "a", "/a b", "/a\r\nX: y", "/a?b", "/../a", "/%00", "/%", "/a*", "/*", "*"] {
        assert!(with(bad).starts_with(&format!("route {bad:?}: ")), "{bad:?}: {}", with(bad));
    }
    assert_eq!(with("/b/*"), "good");
    let many = |server: &mut Server, count: usize| {
        let route = |number| Route { path: format!("/{number}"), reply: Reply::text("x") };
        server.routes = (0..count).map(route).collect();
    };
    assert_eq!(said(|server| many(server, limits::ROUTES_MAX)), "good");
    assert!(said(|server| many(server, limits::ROUTES_MAX + 1)).contains("one route more"));
    assert!(said(|server| (many(server, 513), server.engine = Engine::Blocking).1).contains("one route more"));
}

#[test]
fn redirects_lead_somewhere() {
    let circle = said(|server| {
        server.routes[0].reply = Reply::redirect("/a");
        server.routes[1].reply = Reply::redirect("/");
        server.epoll.healthcheck = "/b".into();
    });
    assert!(circle.starts_with("route \"/\": location: leads back to /"), "{circle}");
    assert!(said(|server| server.fallback = Reply::redirect("/gone")).contains("fallback: location: leads back to"));
}

#[test]
fn numbers_and_texts_are_within_their_limits() {
    let listen = |port| Listen { port, ..Listen::DEFAULT };
    assert_eq!(said(|server| server.listen = listen(0)), "server.port: 0 is out of range; allowed: 1 to 65535");
    let ok = Description::new("ok", Program::Ok { listen: listen(0) }).check().unwrap_err();
    assert_eq!(ok.place(), "server.port");
    for (place, change) in [
        ("server.backlog", (|server| server.backlog = 0) as fn(&mut Server)),
        ("server.workers", |server| server.epoll.workers = Workers::Count(65)),
        ("server.connections", |server| server.epoll.connections = 15),
        ("server.partial_requests", |server| server.epoll.partial_requests = 0),
        ("server.head_bytes", |server| server.epoll.head_bytes = 1 << 20),
        ("server.header_timeout", |server| server.epoll.header_timeout_s = 0),
        ("server.idle_timeout", |server| server.epoll.idle_timeout_s = 0),
        ("server.write_timeout", |server| server.epoll.write_timeout_s = 3601),
        ("server.drain", |server| server.epoll.drain_s = 301),
        ("server.stop_timeout", |server| server.epoll.stop_timeout_s = 0),
        ("server.healthcheck", |server| server.epoll.healthcheck = "/ HTTP/1.1\r\n".into()),
        ("server.metrics", |server| server.epoll.metrics = Some("/a".into())),
        ("server.metrics", |server| server.epoll.metrics = Some("metrics".into())),
        ("server.start_line", |server| server.start_line = Some(vec!["no line feed".into()])),
        ("server.start_line", |server| server.start_line = Some(vec!["\n".into()])),
        ("server.start_line", |server| server.start_line = Some(vec!["{{nothing}}\n".into()])),
        ("server.start_line", |server| server.start_line = Some(vec!["\u{1}\n".into()])),
        ("server.timeout", |server| (server.engine, server.timeout_ms) = (Engine::Blocking, 99)),
    ] {
        let said = said(change);
        assert!(said.starts_with(&format!("{place}: ")), "{place}: {said}");
    }
    assert_eq!(Description::new("Test", server()).check().unwrap_err().place(), "name");
    assert_eq!(Description::new("", server()).check().unwrap_err().place(), "name");
    let mut titled = Description::new("test", server());
    titled.about.title = "two\nlines".into();
    assert_eq!(titled.check().unwrap_err().place(), "title");
    assert_eq!(Description::new("hello", Program::Hello { text: Vec::new() }).check().unwrap_err().place(), "text");
}

#[test]
fn an_engine_has_what_it_has() {
    for (name, change) in [
        ("cache", (|reply| reply.cache = Some("no-cache".into())) as fn(&mut Reply)),
        ("modified", |reply| reply.modified = Some(0)),
        ("location", |reply| *reply = Reply::redirect("https://example.org/")),
        ("compress", |reply| reply.compress = true),
    ] {
        let said = said(|server| (change(&mut server.routes[1].reply), server.engine = Engine::Blocking).1);
        assert_eq!(
            said,
            format!(
                "route \"/a\": engine: the engine `blocking` has no `{name}`; leave it out, or take the engine `epoll`"
            )
        );
    }
    let variant = |coding| Variant { coding, body: vec![0] };
    let twice = said_of(|reply| reply.variants = vec![variant(Coding::Gzip), variant(Coding::Br)]);
    assert!(twice.starts_with("route \"/a\": compress: has variants out of order"), "{twice}");
    assert!(said_of(|reply| reply.body = vec![b'{'; 2].into()).contains("good"));
    let unknown = said_of(|reply| (reply.template, reply.body) = (true, b"{{nothing}}"[..].into()));
    assert!(unknown.starts_with("route \"/a\": body: "), "{unknown}");
}
