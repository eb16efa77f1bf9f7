//! [`KEYS`]: the keys of a spec, in the order of the documentation.

use std::borrow::Cow;

use super::description::{Engine, ProgramKind, Workers};
use super::limits;
use super::schema::{Default, Key, Kind, Value};

const ANY: &[ProgramKind] = &ProgramKind::ALL;
const SERVER: &[ProgramKind] = &[ProgramKind::Server];
const HELLO: &[ProgramKind] = &[ProgramKind::Hello];
const LISTENS: &[ProgramKind] = &[ProgramKind::Server, ProgramKind::Ok];

const EACH: &[Engine] = &Engine::ALL;
const EPOLL: &[Engine] = &[Engine::Epoll];
const BLOCKING: &[Engine] = &[Engine::Blocking];

/// One line about the program, for labels and placeholders.
const ABOUT: Kind = Kind::Line { max: limits::ABOUT_MAX, rule: "" };
const FILE: Kind = Kind::Line { max: limits::FILE_PATH_MAX, rule: "names a regular file of at most 1 GiB" };
const BODY: Kind = Kind::Text { min: 0, max: limits::BODY_MAX, rule: "" };
const CONTENT_TYPE: Kind =
    Kind::Line { max: limits::CONTENT_TYPE_MAX, rule: "visible ASCII and spaces, of the form `type/subtype`" };
const STATUS: Kind = Kind::Integer {
    min: limits::STATUS_MIN as i64,
    max: limits::STATUS_MAX as i64,
    unit: "",
    rule: "not 204, 205 or 304, which have no content",
};
const TYPE_BY_EXTENSION: Default = Default::Rule(
    "by the file's extension, with `; charset=utf-8` for text in UTF-8; `text/plain; charset=utf-8` for a `body`",
);

const CACHE: Kind = Kind::Line { max: limits::CACHE_MAX, rule: "visible ASCII and spaces; not empty" };
const CACHE_DOC: &str = "Value of `Cache-Control`, such as `no-cache` or `max-age=31536000, immutable`.";
const HEADERS_DOC: &str = "Field lines of this reply, besides those of `[server]`: one of the same name takes its place, and \
    `false` leaves it out.";
const RETRY_AFTER: Kind = Kind::SecondsOrDate { max: limits::RETRY_AFTER_S_MAX };
const RETRY_AFTER_DOC: &str =
    "Value of `Retry-After`: after so many seconds, or from that time on, the client may ask again.";
const LOCATION: Kind = Kind::Line {
    max: limits::LOCATION_MAX,
    rule: "a path from its slash, or an address with its scheme, as RFC 3986 has them; does not lead back to itself",
};
const LOCATION_DOC: &str = "Value of `Location`: where the client finds it, a path or a whole address. `{{path}}` at its end \
    is the path and the query of the request. The status is 308 then, unless one of 201, 300, 301, 302, 303, 307 is given, \
    and the content, if none is given, the same line without that.";
const COMPRESS_DOC: &str = "Sends precompressed variants to clients that accept `br`, `zstd` or `gzip`. They are \
    made when the program is compiled, and kept where they are smaller. Where `FILE.br`, `FILE.zst` or `FILE.gz` stands \
    beside the file and `template` is not set, it is the variant.";
const COMPRESS_200_DOC: &str = "As `compress` at the top level, for this content; with status 200 alone.";

const MODIFIED: Kind = Kind::DateOr { word: super::date::FROM_ENVIRONMENT };
const MODIFIED_DOC: &str = "When the content was last modified: the value of `Last-Modified`, which `If-Modified-Since` is \
    compared with. `\"SOURCE_DATE_EPOCH\"` is what that environment variable says when the program is compiled; none, if it \
    is not set. It must not lie in the future when the program runs.";

/// A limit on waiting, in whole seconds.
const WAIT: Kind = range(limits::WAIT_S_MIN, limits::WAIT_S_MAX, "seconds");

const fn range(min: u32, max: u32, unit: &'static str) -> Kind {
    Kind::Integer { min: min as i64, max: max as i64, unit, rule: "" }
}

const fn integer(value: u32) -> Default {
    Default::Is(Value::Integer(value as i64))
}

const fn text(value: &'static str) -> Default {
    Default::Is(Value::Text(Cow::Borrowed(value)))
}

/// A key of the epoll engine.
const fn epoll(path: &'static str, kind: Kind, default: Default, doc: &'static str) -> Key {
    Key { path, kind, default, programs: SERVER, engines: EPOLL, doc }
}

/// A key of a server with any engine.
const fn any(path: &'static str, kind: Kind, default: Default, doc: &'static str) -> Key {
    Key { path, kind, default, programs: SERVER, engines: EACH, doc }
}

/// Every key of a spec.
pub static KEYS: &[Key] = &[
    Key {
        path: "name",
        kind: Kind::Text {
            min: 1,
            max: limits::NAME_MAX,
            rule: "`a`–`z`, `0`–`9` and `-`, with a letter or digit at both ends",
        },
        default: Default::Rule("the spec's file name without its extension, made valid"),
        programs: ANY,
        engines: EACH,
        doc: "Name of the executable, the image and the Kubernetes objects.",
    },
    Key {
        path: "title",
        kind: ABOUT,
        default: Default::Rule("the name"),
        programs: ANY,
        engines: EACH,
        doc: "Title for people.",
    },
    Key {
        path: "description",
        kind: ABOUT,
        default: text(""),
        programs: ANY,
        engines: EACH,
        doc: "What it is, in one sentence.",
    },
    Key {
        path: "repository",
        kind: ABOUT,
        default: text(""),
        programs: ANY,
        engines: EACH,
        doc: "Address of the source repository.",
    },
    Key {
        path: "version",
        kind: ABOUT,
        default: text(""),
        programs: ANY,
        engines: EACH,
        doc: "Version of what is served.",
    },
    Key {
        path: "licenses",
        kind: ABOUT,
        default: text(""),
        programs: ANY,
        engines: EACH,
        doc: "SPDX licence expression.",
    },
    Key {
        path: "authors",
        kind: ABOUT,
        default: text(""),
        programs: ANY,
        engines: EACH,
        doc: "Contact of the authors.",
    },
    Key {
        path: "program",
        kind: Kind::Choice(&ProgramKind::NAMES),
        default: text(ProgramKind::Server.name()),
        programs: ANY,
        engines: EACH,
        doc: "What the executable does: answer HTTP, write a text and exit, or wait until it is told to stop.",
    },
    Key {
        path: "text",
        kind: Kind::Text { min: 1, max: limits::BODY_MAX, rule: "" },
        default: text("Hello, world!\n"),
        programs: HELLO,
        engines: EACH,
        doc: "What is written to standard output.",
    },
    Key {
        path: "file",
        kind: FILE,
        default: Default::Rule("none"),
        programs: SERVER,
        engines: EACH,
        doc: "The one file to serve, at `/` and at its own name, if clients send that as it is; the path is relative to the spec, \
              and no `[[route]]` may stand beside it.",
    },
    epoll(
        "cache",
        Kind::Line { max: limits::CACHE_MAX, rule: "beside `file`; visible ASCII and spaces; not empty" },
        Default::Rule("none"),
        CACHE_DOC,
    ),
    epoll("compress", Kind::Bool, Default::Is(Value::Bool(false)), COMPRESS_DOC),
    Key {
        path: "server",
        kind: Kind::Table,
        default: Default::Rule("every default below"),
        programs: LISTENS,
        engines: EACH,
        doc: "How the server listens.",
    },
    Key {
        path: "route",
        kind: Kind::Tables,
        default: Default::Rule("none"),
        programs: SERVER,
        engines: EACH,
        doc: "A path and its reply; at least one, unless `file` or `[not_found]` is given.",
    },
    Key {
        path: "not_found",
        kind: Kind::Table,
        default: Default::Rule("every default below"),
        programs: SERVER,
        engines: EACH,
        doc: "The reply to every path without a route.",
    },
    Key {
        path: "server.engine",
        kind: Kind::Choice(&Engine::NAMES),
        default: text(Engine::DEFAULT.name()),
        programs: SERVER,
        engines: EACH,
        doc: "How connections are handled: `epoll` serves many at once and speaks all of HTTP/1.1 that files need; \
              `blocking` serves one at a time and is the smallest.",
    },
    Key {
        path: "server.listen",
        kind: Kind::Line {
            max: limits::LISTEN_MAX,
            rule: "`PORT`, `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]` or `[ADDRESS]:PORT`",
        },
        default: Default::Rule(
            "`[::]:8080` with engine `\"epoll\"`, else `0.0.0.0:8080`; an address or a port alone leaves the other",
        ),
        programs: LISTENS,
        engines: EACH,
        doc: "Address and port; `0.0.0.0` is every IPv4 address, `[::]` every address of both families. Where the machine \
              has no IPv6, the epoll engine takes `[::]` for `0.0.0.0`.",
    },
    Key {
        path: "server.port",
        kind: Kind::Integer {
            min: limits::PORT_MIN as i64,
            max: limits::PORT_MAX as i64,
            unit: "",
            rule: "may not contradict `listen`",
        },
        default: Default::Rule("the port in `listen`, else 8080"),
        programs: LISTENS,
        engines: EACH,
        doc: "TCP port.",
    },
    Key {
        path: "server.start_line",
        kind: Kind::TextOrFalse { max: limits::START_LINE_MAX, rule: "not empty" },
        default: text("{{name}} listening on port {{port}}"),
        programs: SERVER,
        engines: EACH,
        doc: "What is written to standard output once the server listens; placeholders are filled in, a newline is \
              added if it is missing, and `false` writes nothing.",
    },
    Key {
        path: "server.timeout",
        kind: Kind::Seconds { min_ms: limits::TIMEOUT_MS_MIN, max_ms: limits::TIMEOUT_MS_MAX },
        default: Default::Is(Value::Millis(limits::TIMEOUT_MS_DEFAULT)),
        programs: SERVER,
        engines: BLOCKING,
        doc: "The longest time one client can keep the others waiting, to the millisecond. A reply of more than 4 KiB may \
              take as much longer as it needs at 64 KiB a second, while the client goes on taking it.",
    },
    Key {
        path: "server.backlog",
        kind: Kind::Integer {
            min: limits::BACKLOG_MIN as i64,
            max: limits::BACKLOG_MAX as i64,
            unit: "connections",
            rule: "",
        },
        default: Default::Is(Value::Integer(limits::BACKLOG_DEFAULT as i64)),
        programs: SERVER,
        engines: EACH,
        doc: "How many connections the kernel may hold before they are accepted.",
    },
    epoll(
        "server.workers",
        Kind::IntegerOr {
            min: limits::WORKERS_MIN as i64,
            max: limits::WORKERS_MAX as i64,
            unit: "",
            word: Workers::CORES,
        },
        integer(limits::WORKERS_DEFAULT),
        "How many processes serve; `\"cores\"` is one for each core that the program may use by its affinity \
         mask. A limit on processor time (`cpu.max`, Docker's `--cpus`, Kubernetes' `limits.cpu`) is not looked at: give a \
         number there.",
    ),
    epoll(
        "server.connections",
        range(limits::CONNECTIONS_MIN, limits::CONNECTIONS_MAX, "connections"),
        integer(limits::CONNECTIONS_DEFAULT),
        "How many connections one worker holds at once.",
    ),
    epoll(
        "server.partial_requests",
        range(limits::PARTIAL_REQUESTS_MIN, limits::PARTIAL_REQUESTS_MAX, "requests"),
        integer(limits::PARTIAL_REQUESTS_DEFAULT),
        "How many requests one worker holds of which only a part has come.",
    ),
    epoll(
        "server.head_bytes",
        range(limits::HEAD_BYTES_MIN, limits::HEAD_BYTES_MAX, "bytes"),
        integer(limits::HEAD_BYTES_DEFAULT),
        "Longest head of a request, from its method to its empty line.",
    ),
    epoll(
        "server.header_timeout",
        WAIT,
        integer(limits::HEADER_TIMEOUT_S_DEFAULT),
        "How long a request may take from its first byte to the end of its head.",
    ),
    epoll(
        "server.idle_timeout",
        WAIT,
        integer(limits::IDLE_TIMEOUT_S_DEFAULT),
        "How long a connection may wait for its next request. A load balancer in front must give up first: AWS's does after \
         60 s, Google Cloud's after 600 s, for which this has to be 620.",
    ),
    epoll(
        "server.write_timeout",
        WAIT,
        integer(limits::WRITE_TIMEOUT_S_DEFAULT),
        "How long a client may take nothing of a reply that waits for it.",
    ),
    epoll(
        "server.drain",
        range(limits::DRAIN_S_MIN, limits::DRAIN_S_MAX, "seconds"),
        integer(limits::DRAIN_S_DEFAULT),
        "How long new connections are still accepted after SIGTERM; Kubernetes needs about 5.",
    ),
    epoll(
        "server.stop_timeout",
        range(limits::STOP_TIMEOUT_S_MIN, limits::STOP_TIMEOUT_S_MAX, "seconds"),
        integer(limits::STOP_TIMEOUT_S_DEFAULT),
        "How long requests under way may take to finish, after `drain`; then the program ends.",
    ),
    epoll(
        "server.port_env",
        Kind::Bool,
        Default::Is(Value::Bool(true)),
        "Lets the environment variable `PORT` override the port.",
    ),
    epoll(
        "server.healthcheck",
        Kind::Line { max: limits::PATH_MAX, rule: "a path as in `route[].path`, answered with a status of 200 to 299" },
        Default::Rule(
            "the first of `/health`, `/healthz`, `/livez` and `/readyz` that has a route with a status of 200 to 299, else \
             `/` if it is answered so, else the first route of which that is true",
        ),
        "The path that the command `healthcheck` of the program asks for, and with it the health check of the image.",
    ),
    epoll(
        "server.sandbox",
        Kind::Bool,
        Default::Is(Value::Bool(true)),
        "Once the program listens, a filter kills it on any system call that it does not need.",
    ),
    epoll(
        "server.access_log",
        Kind::Bool,
        Default::Is(Value::Bool(false)),
        "Writes a line for each request to standard output, in the Common Log Format; lines are dropped when standard \
         output blocks.",
    ),
    epoll(
        "server.modified",
        MODIFIED,
        Default::Rule("none"),
        "`modified` of each route with status 200 that does not say it itself.",
    ),
    epoll(
        "server.metrics",
        Kind::TextOrFalse { max: limits::PATH_MAX, rule: "a path as in `route[].path` that no route has" },
        Default::Is(Value::Bool(false)),
        "The path that answers with figures of the program, in the text format of Prometheus; `false` for none. Not with \
         several `workers`: each counts for itself.",
    ),
    any(
        "server.headers",
        Kind::Fields,
        Default::Rule("none"),
        "Field lines of every reply that the spec describes, but not of those that it does not (400, 405, 416 and the like).",
    ),
    Key {
        path: "route[].path",
        kind: Kind::Text {
            min: 1,
            max: limits::PATH_MAX,
            rule: "starts with `/`; visible ASCII without `?` and `#`; no `.` or `..` segment; no `*` but as the last \
                   segment, with engine `epoll`; no `%00`, `%2F` or `%FF`; or `*`; at most 4096 routes with engine \
                   `epoll`, 512 with `blocking`",
        },
        default: Default::Rule("none, it must be given"),
        programs: SERVER,
        engines: EACH,
        doc: "The path as it stands in the request, without the query; engine `epoll` compares it once each `%XX` is \
              decoded, engine `blocking` byte for byte. `/api/*` is every path that begins with `/api/`, so `/api/` too, but \
              not `/api`. A route of exactly the path comes first, then the longest such prefix, then `*`, which is every \
              path that no other route has. `%2A` is the character `*`.",
    },
    Key {
        path: "route[].body",
        kind: BODY,
        default: Default::Rule("none; this, `file` or `location` must be given"),
        programs: SERVER,
        engines: EACH,
        doc: "The content, in the spec itself.",
    },
    Key {
        path: "route[].file",
        kind: FILE,
        default: Default::Rule("none"),
        programs: SERVER,
        engines: EACH,
        doc: "The file with the content; the path is relative to the spec.",
    },
    Key {
        path: "route[].type",
        kind: CONTENT_TYPE,
        default: TYPE_BY_EXTENSION,
        programs: SERVER,
        engines: EACH,
        doc: "Value of `Content-Type`.",
    },
    Key {
        path: "route[].status",
        kind: STATUS,
        default: Default::Is(Value::Integer(200)),
        programs: SERVER,
        engines: EACH,
        doc: "Status code.",
    },
    Key {
        path: "route[].template",
        kind: Kind::Bool,
        default: Default::Is(Value::Bool(false)),
        programs: SERVER,
        engines: EACH,
        doc: "Fills in the placeholders in the content.",
    },
    epoll("route[].cache", CACHE, Default::Rule("none"), CACHE_DOC),
    any("route[].headers", Kind::Fields, Default::Rule("those of `[server]`"), HEADERS_DOC),
    any("route[].retry_after", RETRY_AFTER, Default::Rule("none"), RETRY_AFTER_DOC),
    epoll(
        "route[].modified",
        MODIFIED,
        Default::Rule("`server.modified`, where the status is 200; a reply with another has none"),
        MODIFIED_DOC,
    ),
    epoll("route[].location", LOCATION, Default::Rule("none"), LOCATION_DOC),
    epoll("route[].compress", Kind::Bool, Default::Is(Value::Bool(false)), COMPRESS_200_DOC),
    Key {
        path: "not_found.body",
        kind: BODY,
        default: Default::Rule("`Not Found`, as bare `text/plain`"),
        programs: SERVER,
        engines: EACH,
        doc: "The content, in the spec itself.",
    },
    Key {
        path: "not_found.file",
        kind: FILE,
        default: Default::Rule("none"),
        programs: SERVER,
        engines: EACH,
        doc: "The file with the content; the path is relative to the spec.",
    },
    Key {
        path: "not_found.type",
        kind: CONTENT_TYPE,
        default: TYPE_BY_EXTENSION,
        programs: SERVER,
        engines: EACH,
        doc: "Value of `Content-Type`.",
    },
    Key {
        path: "not_found.status",
        kind: STATUS,
        default: Default::Is(Value::Integer(404)),
        programs: SERVER,
        engines: EACH,
        doc: "Status code.",
    },
    Key {
        path: "not_found.template",
        kind: Kind::Bool,
        default: Default::Is(Value::Bool(false)),
        programs: SERVER,
        engines: EACH,
        doc: "Fills in the placeholders in the content.",
    },
    epoll("not_found.cache", CACHE, Default::Rule("none"), CACHE_DOC),
    any("not_found.headers", Kind::Fields, Default::Rule("those of `[server]`"), HEADERS_DOC),
    any("not_found.retry_after", RETRY_AFTER, Default::Rule("none"), RETRY_AFTER_DOC),
    epoll("not_found.location", LOCATION, Default::Rule("none"), LOCATION_DOC),
    epoll("not_found.compress", Kind::Bool, Default::Is(Value::Bool(false)), COMPRESS_200_DOC),
];
