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
const FILE: Kind = Kind::Line { max: limits::FILE_PATH_MAX, rule: "a regular file of at most 1 GiB" };
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
    "from the file's extension, with `; charset=utf-8` for text in UTF-8; `text/plain; charset=utf-8` for a `body`",
);

const CACHE: Kind = Kind::Line { max: limits::CACHE_MAX, rule: "visible ASCII and spaces; not empty" };
const CACHE_DOC: &str = "Value of `Cache-Control`, such as `no-cache` or `max-age=31536000, immutable`.";
const HEADERS_DOC: &str = "Header fields of this reply, in addition to those of `[server]`. A field of the same \
    name replaces that one, and `false` removes it.";
const RETRY_AFTER: Kind = Kind::SecondsOrDate { max: limits::RETRY_AFTER_S_MAX };
const RETRY_AFTER_DOC: &str =
    "Value of `Retry-After`: the client may ask again after this many seconds, or from this time on.";
const LOCATION: Kind = Kind::Line {
    max: limits::LOCATION_MAX,
    rule: "an absolute path (`/new`) or URL (`https://…`) by RFC 3986; not a redirect back to itself",
};
const LOCATION_DOC: &str = "Value of `Location`: a path or a URL to redirect to. `{{path}}` at its end stands for \
    the path and the query of the request, and `{{query}}` for the query alone, with its `?`. \
    A reply with `location` has the status 308, unless the spec gives 201, \
    300, 301, 302, 303 or 307. Its default content is the value without these.";
const COMPRESS_DOC: &str = "Sends precompressed variants to clients that accept `br`, `zstd` or `gzip`. asmgen \
    makes them at compile time and keeps those that are smaller. A `FILE.br`, `FILE.zst` or `FILE.gz` beside the \
    file is used instead, unless `template` is set.";
const COMPRESS_200_DOC: &str = "As `compress` at the top level, for this content; only with status 200.";

const MODIFIED: Kind = Kind::DateOr { word: super::date::FROM_ENVIRONMENT };
const MODIFIED_DOC: &str = "When the content was last modified. This is the value of `Last-Modified`, and \
    `If-Modified-Since` is compared with it. `\"SOURCE_DATE_EPOCH\"` takes the value of that environment variable \
    at compile time; there is no date if it is not set. The date must not be in the future when the program runs.";

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
        default: Default::Rule(
            "the spec's file name without its extension, in lower case, with `-` for invalid \
        characters",
        ),
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
        doc: "Description in one sentence.",
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
        doc: "Version of the content.",
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
        doc: "What the executable does: `server` answers HTTP, `hello` writes a text and exits, `pause` waits until \
             it is told to stop. `ok` is a server for benchmarks: it checks no errors.",
    },
    Key {
        path: "text",
        kind: Kind::Text { min: 1, max: limits::BODY_MAX, rule: "" },
        default: text("Hello, world!\n"),
        programs: HELLO,
        engines: EACH,
        doc: "Text to write to standard output.",
    },
    Key {
        path: "file",
        kind: FILE,
        default: Default::Rule("none"),
        programs: SERVER,
        engines: EACH,
        doc: "The only file to serve, at `/` and, if its name can be sent as it is, at `/NAME`. The path is \
             relative to the spec. There may be no `[[route]]` beside it.",
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
        doc: "A path and its reply. At least one is required, unless `file` or `[not_found]` is given.",
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
        doc: "How the server handles connections. `epoll` serves many at once, with everything in HTTP/1.1 that a \
             static server needs. `blocking` serves one at a time and is the smallest.",
    },
    Key {
        path: "server.listen",
        kind: Kind::Line {
            max: limits::LISTEN_MAX,
            rule: "`PORT`, `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]` or `[ADDRESS]:PORT`",
        },
        default: Default::Rule(
            "`[::]:8080` with engine `\"epoll\"`, else `0.0.0.0:8080`; an address alone keeps the default port, a \
            port alone the default address",
        ),
        programs: LISTENS,
        engines: EACH,
        doc: "Address and port to listen on. `0.0.0.0` is every IPv4 address, `[::]` every address of both \
             families. On a machine without IPv6, the epoll engine treats `[::]` as `0.0.0.0`.",
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
        default: text(limits::START_LINE_DEFAULT),
        programs: SERVER,
        engines: EACH,
        doc: "Line to write to standard output once the server listens. Placeholders are filled in, and a missing \
             newline is added. `false` writes nothing.",
    },
    Key {
        path: "server.timeout",
        kind: Kind::Seconds { min_ms: limits::TIMEOUT_MS_MIN, max_ms: limits::TIMEOUT_MS_MAX },
        default: Default::Is(Value::Millis(limits::TIMEOUT_MS_DEFAULT)),
        programs: SERVER,
        engines: BLOCKING,
        doc: "Longest time that one client can keep the others waiting, to the millisecond. A reply of more than 4 \
             KiB may take longer, by the time that it needs at 64 KiB/s, while the client keeps reading.",
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
        doc: "How many connections the kernel queues before the server accepts them.",
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
        "How many processes serve. `\"cores\"` is one for each core in the affinity mask. It ignores limits on \
        processor time (`cpu.max`, Docker's `--cpus`, Kubernetes' `limits.cpu`); give a number there.",
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
        "How many incomplete requests one worker holds at once.",
    ),
    epoll(
        "server.head_bytes",
        range(limits::HEAD_BYTES_MIN, limits::HEAD_BYTES_MAX, "bytes"),
        integer(limits::HEAD_BYTES_DEFAULT),
        "Greatest length of a request's head, from its method to its empty line.",
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
        "How long a connection may be idle between requests. A load balancer in front must give up first. AWS's \
        does so after 60 s; Google Cloud's does so after 600 s and needs 620 here.",
    ),
    epoll(
        "server.write_timeout",
        WAIT,
        integer(limits::WRITE_TIMEOUT_S_DEFAULT),
        "How long the server waits for a client that reads nothing of its reply.",
    ),
    epoll(
        "server.drain",
        range(limits::DRAIN_S_MIN, limits::DRAIN_S_MAX, "seconds"),
        integer(limits::DRAIN_S_DEFAULT),
        "How long the server still accepts connections after SIGTERM. Kubernetes needs about 5.",
    ),
    epoll(
        "server.stop_timeout",
        range(limits::STOP_TIMEOUT_S_MIN, limits::STOP_TIMEOUT_S_MAX, "seconds"),
        integer(limits::STOP_TIMEOUT_S_DEFAULT),
        "How long requests under way may take to finish after `drain`. Then the program exits.",
    ),
    epoll(
        "server.port_env",
        Kind::Bool,
        Default::Is(Value::Bool(true)),
        "Lets the environment variable `PORT` override the port.",
    ),
    epoll(
        "server.healthcheck",
        Kind::Line {
            max: limits::PATH_MAX,
            rule: "a path as in `route[].path`, answered with a status of 200 to \
        299",
        },
        Default::Rule(
            "the first of `/health`, `/healthz`, `/livez` and `/readyz` that has a route with a status of 200 to \
            299; else `/` if its status is one of these; else the first such route",
        ),
        "The path that the program's command `healthcheck` requests. The image's health check runs that command.",
    ),
    epoll(
        "server.sandbox",
        Kind::Bool,
        Default::Is(Value::Bool(true)),
        "Kills the program on any system call that it does not need, once it listens.",
    ),
    epoll(
        "server.access_log",
        Kind::Bool,
        Default::Is(Value::Bool(false)),
        "Writes a line in the Common Log Format to standard output for each request. Lines are dropped when \
        standard output blocks.",
    ),
    epoll("server.modified", MODIFIED, Default::Rule("none"), "Default of `modified` for routes with status 200."),
    epoll(
        "server.metrics",
        Kind::TextOrFalse { max: limits::PATH_MAX, rule: "a path as in `route[].path` that no route has" },
        Default::Is(Value::Bool(false)),
        "The path of the metrics, in the text format of Prometheus; `false` for none. Not allowed with several \
        `workers`, because metrics would be per worker.",
    ),
    any(
        "server.headers",
        Kind::Fields,
        Default::Rule("none"),
        "Header fields of every reply that the spec describes. Replies that it does not describe (400, 405, 416 and \
        the like) do not have them.",
    ),
    Key {
        path: "route[].path",
        kind: Kind::Text {
            min: 1,
            max: limits::PATH_MAX,
            rule: "starts with `/`; visible ASCII without `?` and `#`; no `.` or `..` segment; `*` only as the last \
                  segment, with engine `epoll`; no `%00`, `%2F` or `%FF`; or `*` alone; at most 16000 routes with \
                  engine `epoll`, 512 with `blocking`",
        },
        default: Default::Rule("none; required"),
        programs: SERVER,
        engines: EACH,
        doc: "The path of the request, without the query. Engine `epoll` decodes each `%XX` before it compares; \
             engine `blocking` compares bytes. `/api/*` is every path that begins with `/api/`, so also `/api/`, \
             but not `/api`. An exact route comes first, then the longest prefix, then `*`, which is every other \
             path. `%2A` is the character `*`.",
    },
    Key {
        path: "route[].body",
        kind: BODY,
        default: Default::Rule("none; one of `body`, `file` and `location` is required"),
        programs: SERVER,
        engines: EACH,
        doc: "The content itself.",
    },
    Key {
        path: "route[].file",
        kind: FILE,
        default: Default::Rule("none"),
        programs: SERVER,
        engines: EACH,
        doc: "A file with the content. The path is relative to the spec.",
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
        doc: "Fills in placeholders in the content.",
    },
    epoll("route[].cache", CACHE, Default::Rule("none"), CACHE_DOC),
    any("route[].headers", Kind::Fields, Default::Rule("those of `[server]`"), HEADERS_DOC),
    any("route[].retry_after", RETRY_AFTER, Default::Rule("none"), RETRY_AFTER_DOC),
    epoll(
        "route[].modified",
        MODIFIED,
        Default::Rule("`server.modified` if the status is 200, else none"),
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
        doc: "The content itself.",
    },
    Key {
        path: "not_found.file",
        kind: FILE,
        default: Default::Rule("none"),
        programs: SERVER,
        engines: EACH,
        doc: "A file with the content. The path is relative to the spec.",
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
        doc: "Fills in placeholders in the content.",
    },
    epoll("not_found.cache", CACHE, Default::Rule("none"), CACHE_DOC),
    any("not_found.headers", Kind::Fields, Default::Rule("those of `[server]`"), HEADERS_DOC),
    any("not_found.retry_after", RETRY_AFTER, Default::Rule("none"), RETRY_AFTER_DOC),
    epoll("not_found.location", LOCATION, Default::Rule("none"), LOCATION_DOC),
    epoll("not_found.compress", Kind::Bool, Default::Is(Value::Bool(false)), COMPRESS_200_DOC),
];
