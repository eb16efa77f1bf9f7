//! Whole specs: the examples, the wrong specs of `tests/bad`, and how the sections work together.

use std::path::{Path, PathBuf};

use super::*;

fn server(text: &str) -> Server {
    let description = from_toml(text, Path::new("tests/bad/spec.toml")).unwrap_or_else(|error| panic!("{error}"));
    let Program::Server(server) = description.program else { panic!("no server") };
    server
}

fn example(name: &str) -> Description {
    from_path(&Path::new("examples").join(name)).unwrap_or_else(|error| panic!("{error}"))
}

/// The files with that extension in a folder, in order.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort();
    files
}

#[test]
fn examples_say_what_they_show_and_how_to_run_them() {
    for path in files("examples", "toml") {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# "), "{} starts without a comment", path.display());
        assert!(text.contains(&format!("asmgen run {}", path.display())), "{} cannot be run", path.display());
        from_path(&path).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn example_hello_and_pause() {
    assert_eq!(example("hello.toml").program, Program::Hello { text: b"Hello, world!\n".to_vec() });
    assert_eq!(example("pause.toml").program, Program::Pause);
}

#[test]
fn example_greeting_is_one_fallback() {
    let Program::Server(server) = example("greeting.toml").program else { panic!("no server") };
    assert!(server.routes.is_empty());
    assert_eq!((server.fallback.status, &*server.fallback.body), (200, &b"Hello, world!\n"[..]));
}

#[test]
fn example_routes() {
    let Program::Server(server) = example("routes.toml").program else { panic!("no server") };
    let seen: Vec<(&str, &str)> =
        server.routes.iter().map(|route| (route.path.as_str(), route.reply.content_type.as_str())).collect();
    assert_eq!(seen, [("/", "text/plain"), ("/health", "application/json")]);
    assert_eq!(server.fallback.content_type, "text/plain");
}

#[test]
fn example_file_is_served_under_its_name() {
    let Program::Server(server) = example("file.toml").program else { panic!("no server") };
    assert_eq!(server.routes[1].path, "/notes.txt");
    assert_eq!(server.listen.port, 8081);
}

#[test]
fn example_page_is_small_and_complete() {
    let page = include_str!("../../examples/page.html");
    assert!(page.len() < 1500, "{} bytes", page.len());
    for part in
        ["<!doctype html>", "lang=", "charset=", "viewport", "color-scheme", "{{repository}}", "{{binary_size}}"]
    {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn defaults_of_a_server() {
    let description = from_toml("[[route]]\npath = \"/\"\nbody = \"x\"\n", Path::new("my app.toml")).unwrap();
    assert_eq!((description.name.as_str(), description.about.title.as_str()), ("my-app", "my-app"));
    let Program::Server(server) = description.program else { panic!("no server") };
    assert_eq!(server.engine, Engine::DEFAULT);
    assert_eq!(server.listen, Listen::EVERYWHERE);
    assert_eq!(server.start_line, Some(vec!["{{name}} listening on port ".to_owned(), "\n".to_owned()]));
    assert_eq!((server.timeout_ms, server.backlog), (5000, 4096));
    assert_eq!(server.routes[0].reply.content_type, "text/plain; charset=utf-8");
    assert_eq!((server.routes[0].reply.status, server.routes[0].reply.template), (200, false));
    assert_eq!(server.fallback, Reply::new(404, "text/plain", "Not Found"));
    assert_eq!(server.epoll, EpollSettings::default());
}

fn epoll(server_keys: &str, routes: &str) -> Server {
    server(&format!("[server]\nengine = \"epoll\"\n{server_keys}\n{routes}"))
}

#[test]
fn settings_of_epoll() {
    let given = "workers = 1\nconnections = 16\npartial_requests = 1\nhead_bytes = 1024\nheader_timeout = 1\n\
                 idle_timeout = 2\nwrite_timeout = 3\ndrain = 4\nstop_timeout = 5\nport_env = false\n\
                 healthcheck = \"/m\"\nsandbox = false\naccess_log = true\nmetrics = \"/m\"\n";
    let read = epoll(given, "[[route]]\npath = \"/\"\nbody = \"\"\n");
    let expected = EpollSettings {
        workers: Workers::Count(1),
        connections: 16,
        partial_requests: 1,
        head_bytes: 1024,
        header_timeout_s: 1,
        idle_timeout_s: 2,
        write_timeout_s: 3,
        drain_s: 4,
        stop_timeout_s: 5,
        port_env: false,
        healthcheck: "/m".into(),
        sandbox: false,
        access_log: true,
        metrics: Some("/m".into()),
        slashes: Slashes::Each,
    };
    assert_eq!((read.engine, read.epoll), (Engine::Epoll, expected));
    for (given, workers) in [("2", Workers::Count(2)), ("\"cores\"", Workers::Cores)] {
        let bare = epoll(&format!("workers = {given}"), "[[route]]\npath = \"/\"\nbody = \"\"\n");
        assert_eq!(bare.epoll, EpollSettings { workers, ..EpollSettings::default() });
    }
}

#[test]
fn healthcheck_asks_what_is_well() {
    let route = |path: &str, status: u16| format!("[[route]]\npath = {path:?}\nbody = \"\"\nstatus = {status}\n");
    for (routes, path) in [
        (route("/health", 200) + &route("/", 200), "/health"),
        (route("/health", 503) + &route("/", 200), "/"),
        (route("/a", 404) + &route("/b<", 200) + &route("/b", 200), "/b"),
        (route("/a", 200) + &route("*", 200), "/"),
        (route("/a", 404), "/"),
    ] {
        assert_eq!(epoll("", &routes).epoll.healthcheck, path, "{routes}");
    }
}

#[test]
fn cache_and_compress() {
    let keys = "cache = \"no-cache\"\ncompress = true\n";
    let of_file = server(&format!("file = \"body.html\"\n{keys}[server]\nengine = \"epoll\"\n"));
    let of_route = epoll("", &format!("[[route]]\npath = \"/\"\nbody = \"\"\n{keys}"));
    for reply in [&of_file.routes[0].reply, &of_file.routes[1].reply, &of_route.routes[0].reply] {
        assert_eq!((reply.cache.as_deref(), reply.compress), (Some("no-cache"), true));
    }
    assert_eq!((&of_file.fallback.cache, of_file.fallback.compress), (&None, false));
}

#[test]
fn the_date_of_the_server_is_that_of_its_routes() {
    let server = server(
        "[server]\nmodified = 1970-01-01T00:00:10Z\n\
         [[route]]\npath = '/a'\nbody = 'a'\n\
         [[route]]\npath = '/b'\nbody = 'b'\nmodified = '1970-01-01T00:00:20Z'\n\
         [[route]]\npath = '/c'\nbody = 'c'\nstatus = 503\n\
         [not_found]\nbody = 'd'\nstatus = 200\n",
    );
    let dates: Vec<_> = server.replies().map(|reply| reply.modified).collect();
    assert_eq!(dates, [Some(10), Some(20), None, None]);
    let of_rest = |keys: &str| self::server(keys).fallback.modified;
    assert_eq!(of_rest("[server]\nmodified = 1970-01-01T00:00:10Z\n[[route]]\npath = '*'\nbody = 'x'\n"), Some(10));
    assert_eq!(of_rest("[[route]]\npath = '*'\nbody = 'x'\n"), None);
    let one = self::server("file = 'body.html'\n[server]\nmodified = 1970-01-01T00:00:10Z\n");
    assert!(one.routes.iter().all(|route| route.reply.modified == Some(10)) && one.fallback.modified.is_none());
}

#[test]
fn variants_beside_the_file_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "text").unwrap();
    let packed = crate::compress::gzip::compress(b"text");
    std::fs::write(folder.path().join("a.txt.gz"), &packed).unwrap();
    let with = |keys: &str| {
        let text = format!("[server]\nengine = \"epoll\"\n[[route]]\npath = \"/\"\nfile = \"a.txt\"\n{keys}");
        let description = from_toml(&text, &folder.path().join("s.toml")).unwrap();
        let Program::Server(server) = description.program else { panic!("no server") };
        server.routes[0].reply.variants.clone()
    };
    assert_eq!(with("compress = true"), [Variant { coding: Coding::Gzip, body: packed }]);
    assert_eq!(with("compress = true\ntemplate = true"), []);
    assert_eq!(with(""), []);
}

#[test]
fn encoded_paths_are_other_paths_to_the_blocking_engine() {
    let routes = "[[route]]\npath = \"/a\"\nbody = \"\"\n[[route]]\npath = \"/%61\"\nbody = \"\"\n";
    assert_eq!(server(&format!("server.engine = \"blocking\"\n{routes}")).routes.len(), 2);
}

#[test]
fn port_beside_listen() {
    let with = |server_keys: &str| server(&format!("[server]\n{server_keys}\n[[route]]\npath = \"*\"\nbody = \"\"\n"));
    assert_eq!(with("port = 80").listen.to_string(), "[::]:80");
    assert_eq!(with("port = 80\nengine = \"blocking\"").listen.to_string(), "0.0.0.0:80");
    assert_eq!(with("port = 80\nlisten = \"[::]\"").listen.to_string(), "[::]:80");
    assert_eq!(with("port = 80\nlisten = \"127.0.0.1:80\"").listen.to_string(), "127.0.0.1:80");
    assert_eq!(with("listen = \"81\"").listen.to_string(), "[::]:81");
    assert_eq!(with("listen = \"81\"\nengine = \"blocking\"").listen.to_string(), "0.0.0.0:81");
}

#[test]
fn start_line_gets_its_newline_once() {
    let with = |value: &str| {
        server(&format!("[server]\nstart_line = {value}\n[[route]]\npath = \"*\"\nbody = \"\"\n")).start_line
    };
    assert_eq!(with("\"up\""), Some(vec!["up\n".to_owned()]));
    assert_eq!(with("\"up\\n\""), Some(vec!["up\n".to_owned()]));
    assert_eq!(with("\"{{port}}: \\u001b[1mup\""), Some(vec![String::new(), ": \u{1b}[1mup\n".to_owned()]));
    assert_eq!(with("false"), None);
}

#[test]
fn not_found_with_and_without_content() {
    let with = |keys: &str| server(&format!("[[route]]\npath = \"/\"\nbody = \"\"\n[not_found]\n{keys}\n")).fallback;
    let bare = with("status = 410");
    assert_eq!((bare.status, bare.content_type.as_str(), &*bare.body), (410, "text/plain", &b"Not Found"[..]));
    let own = with("body = \"häh?\"");
    assert_eq!((own.status, own.content_type.as_str()), (404, "text/plain; charset=utf-8"));
    let file = with("file = \"body.html\"");
    assert_eq!((file.status, file.content_type.as_str()), (404, "text/html; charset=utf-8"));
}

#[test]
fn file_with_server_and_not_found() {
    let server = server("file = \"body.html\"\n[server]\nport = 80\n[not_found]\nstatus = 410\n");
    assert_eq!((server.listen.port, server.fallback.status), (80, 410));
    assert_eq!(server.routes.iter().map(|route| route.path.as_str()).collect::<Vec<_>>(), ["/", "/body.html"]);
}

#[test]
fn bodies_keep_their_placeholders() {
    let server = server("[[route]]\npath = \"/\"\nbody = \"{{ port }}\"\ntemplate = true\n");
    assert_eq!(*server.routes[0].reply.body, *b"{{ port }}");
    assert!(server.routes[0].reply.template);
}

#[test]
fn braces_without_template_are_only_braces() {
    assert_eq!(*server("[[route]]\npath = \"/\"\nbody = \"{{x}}\"\n").routes[0].reply.body, *b"{{x}}");
}

#[test]
fn no_beginning_of_a_spec_panics() {
    for path in files("examples", "toml").into_iter().chain(files("tests/bad", "toml")) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (end, _) in text.char_indices() {
            if let Err(error) = from_toml(&text[..end], &path) {
                assert!(error.to_string().starts_with(&format!("{}:", path.display())));
            }
        }
    }
}

/// As many routes as there may be, and one more.
#[test]
fn routes_have_a_limit() {
    for (engine, most) in [("epoll", limits::ROUTES_MAX), ("blocking", limits::BLOCKING_ROUTES_MAX)] {
        let route = |number: usize| format!("[[route]]\npath = \"/{number}\"\nbody = \"\"\n");
        let spec = |count| format!("[server]\nengine = \"{engine}\"\n{}", (0..count).map(route).collect::<String>());
        assert!(from_toml(&spec(most), Path::new("s.toml")).is_ok(), "{engine}");
        let error = from_toml(&spec(most + 1), Path::new("s.toml")).unwrap_err().to_string();
        assert!(error.contains(&format!("the engine `{engine}` has room for, {most}; ")), "{error}");
    }
}

#[test]
fn line_ends_and_byte_order_mark_of_windows() {
    let text = "\u{feff}[[route]]\r\npath = \"/\"\r\nbody = \"x\"\r\ncolour = 1\r\n";
    let error = from_toml(text, Path::new("s.toml")).unwrap_err();
    assert_eq!(error.position(), Some((4, 1)));
    assert!(error.to_string().ends_with("\n4 | colour = 1\n  | ^^^^^^"), "{error}");
}

#[test]
fn the_engine_that_is_asked_for_is_the_one() {
    let read = |text: &str, engine| from_toml_with(text, Path::new("s.toml"), &Embedded(&[]), Some(engine));
    let route = "[[route]]\npath = \"/\"\nbody = \"\"\n";
    for (given, engine) in [("", Engine::Blocking), ("engine = \"blocking\"", Engine::Epoll), ("", Engine::Epoll)] {
        let Program::Server(server) = read(&format!("[server]\n{given}\n{route}"), engine).unwrap().program else {
            panic!("no server")
        };
        assert_eq!(server.engine, engine);
    }
    let message = |text: &str, engine| read(text, engine).unwrap_err().to_string();
    let error = message(&format!("[server]\ndrain = 5\n{route}"), Engine::Blocking);
    let expected = "s.toml:2:1: server.drain: belongs to engine = \"epoll\", and the one asked for is \"blocking\"; \
                    remove it, or ask for engine = \"epoll\"\n";
    assert!(error.starts_with(expected), "{error}");
    let error = message("program = \"hello\"", Engine::Epoll);
    assert!(error.contains("\"hello\" takes no connections, so it has no engine"), "{error}");
}
